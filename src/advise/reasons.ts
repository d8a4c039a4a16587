/** Why each site has the format it has: what values it saw and could see, what one bit less does, and what it would stall. */
import { finite } from '../compare/figure.js';
import { figure } from '../compare/figure.js';
import { cost as costReport } from '../cost/cost.js';
import { formatName, rawToReal } from '../format/format.js';
import { fullRate, learningPhases } from '../plan/concernsMoves.js';
import type { AdviceSite } from '../schema/advice.js';
import type { Plan } from '../schema/plan.js';
import type { Design, Modes } from './design.js';
import { median, type Evaluate, type Outcome } from './evaluate.js';
import { shorterAt } from './follow.js';
import { cannotOverflow } from './guard.js';
import type { Found } from './search.js';
import { stallFraction } from './stall.js';
import type { Trial } from './trial.js';

export async function reasons({ lab, plan, keys, words, fit, seen, ranges, bounds }: Trial, { design, least }: Found, modes: Modes): Promise<AdviceSite[]> {
  const planned = await lab.plan(design, modes);
  const { sums } = costReport(planned, { name: 'proposal', sites: {} });
  const runs = lab.setup.scenarios.length;
  const shorter = (key: string): Design | undefined => shorterAt(key, design, { words, fit });
  lab.ahead(keys.flatMap((key) => {
    const less = shorter(key);
    return less ? [(evaluate: Evaluate) => evaluate(less, true, modes)] : [];
  }));
  const list: AdviceSite[] = [];
  for (const key of keys) {
    const { whole, unsigned = false } = design[key]!;
    const tried = shorter(key);
    const less = tried && (await lab.evaluate(tried, true, modes));
    const oneBitLess: AdviceSite['oneBitLess'] = {
      lost: less?.lost ?? 0, runs: less?.run ?? 0, overflows: Object.keys(less?.overflows ?? {}).length > 0, stalls: less?.stalls ?? 0,
      medianLoss: less?.complete ? finite(median(less.losses)) : null, refused: !less || less.run === 0,
    };
    const sum = /ccumulator$/.test(key) ? (sums.find(({ site }) => site === key)?.bits ?? null) : null;
    const stalled = stallFraction(planned, key, seen) ?? null;
    const [low, high] = ranges[key]!;
    const { interval = null, affine = null } = bounds[key] ?? {};
    const format = planned.sites[key]!;
    const why = [
      `values from ${figure(low)} to ${figure(high)} over ${runs} ${runs === 1 ? 'run' : 'runs'}: ${whole} integer ${whole === 1 ? 'bit' : 'bits'}${unsigned ? '' : ' with the sign'}`,
      lessText(oneBitLess, less, words === undefined ? 'one fraction bit less' : 'the next shorter word'),
      ...(sum === null ? [] : [cannotOverflow(planned, key) ? 'cannot overflow, whatever is added' : `at worst the exact sum takes ${sum} bits`]),
      ...(sum !== null || !interval ? [] : [`data and parameters as they were reach ${figure((affine ?? interval)[0])} to ${figure((affine ?? interval)[1])} at most`]),
      ...(stalled === null || stalled < 0.01 ? [] : [`at least ${Math.floor(100 * stalled)} % of the gradients change nothing here`]),
      ...(key === 'rate' ? ratesText(planned) : []),
    ].join('; ');
    list.push({
      key, format: formatName(format), given: formatName(plan.sites[key]!), rounding: format.rounding, overflow: format.overflow,
      bounds: { measured: [low, high], interval: interval && [...interval], affine: affine && [...affine], sum }, stallFraction: stalled, leastFraction: least[key]!, oneBitLess, why,
    });
  }
  return list;
}

/** What becomes of learning rates where nothing throttles them. */
const ratesText = (plan: Plan): string[] => [...new Set(learningPhases(plan).flatMap((phase) => {
  const [asked, had] = [figure(plan.phases[phase]!.learningRate.value), figure(rawToReal(fullRate(plan, phase), plan.sites['rate']!.fractionLength))];
  return asked === had ? [] : [`η of ${asked} becomes ${had} here`];
}))];

/** What one bit less does to the whole proposal. */
function lessText({ refused, overflows, lost, runs, stalls, medianLoss }: AdviceSite['oneBitLess'], less: Outcome | undefined, bit: string): string {
  if (refused) return `${bit}: ${less ? 'the target cannot run it' : 'no such word'}`;
  if (less!.ok) return `${bit} would do as well, but costs no less`;
  if (overflows) return `${bit}: rounds up past its rail`;
  if (stalls > 0) return `${bit}: stalls in ${stalls} of ${runs} runs`;
  if (lost > 0) return `${bit}: ${lost} of ${runs} runs are lost`;
  return `${bit}: median loss ${figure(medianLoss)}, which is too much`;
}
