/** Which controllers a target can afford: every throttle, anchor and supervisor by itself, what each adds to a learner without, and why one cannot be had. */
import {
  ANCHOR_NAMES, ANCHORS, ESTIMATORS, SUPERVISOR_NAMES, THROTTLE_ALIASES, THROTTLE_NAMES, THROTTLES, type AnchorLaw, type Estimator, type SupervisorLaw, type ThrottleAlias, type ThrottleLaw,
} from '../control/registry.js';
import { counted } from '../plan/concernsExact.js';
import type { ControllerCost, Cost, Operations } from '../schema/cost.js';

/** Names of a throttle, an anchor and a supervisor. */
export interface Choice {
  readonly throttle: string;
  readonly anchor: AnchorLaw;
  readonly supervisor: SupervisorLaw;
}

/** Controllers with their cost, or why the target refuses them. */
export interface Candidate extends Choice {
  readonly cost?: Cost | undefined;
  readonly refused?: string | undefined;
}

export interface Budget {
  /** Bytes for state and working memory. */
  readonly ram?: number | undefined;
}

const BARE: Choice = { throttle: 'none', anchor: 'none', supervisor: 'none' };
const others = <T extends string>(names: readonly T[]): T[] => names.filter((name) => name !== 'none');

/** None, then every throttle, every anchor and every supervisor without the other two: they share next to nothing, so that a combination costs their sum. */
export const CONTROLLER_CHOICES: readonly Choice[] = [
  BARE,
  ...others(THROTTLE_NAMES).map((throttle): Choice => ({ ...BARE, throttle })),
  ...others(ANCHOR_NAMES).map((anchor): Choice => ({ ...BARE, anchor })),
  ...others(SUPERVISOR_NAMES).map((supervisor): Choice => ({ ...BARE, supervisor })),
];

/**
 * The table of controllers of one target.
 *
 * @param candidates those of `CONTROLLER_CHOICES`; without the cost of the first, none at all, there are no extra costs
 */
export function controllerCosts(candidates: readonly Candidate[], { ram }: Budget = {}): ControllerCost[] {
  const bare = candidates.find(({ throttle, anchor, supervisor }) => throttle === BARE.throttle && anchor === BARE.anchor && supervisor === BARE.supervisor)?.cost;
  return candidates.map(({ throttle, anchor, supervisor, cost, refused }) => {
    if (!cost) return { throttle, anchor, supervisor, affordable: false, why: [refused ?? 'refused'], extra: null };
    const { bytes } = cost.memory.ram;
    const fits = ram === undefined || bytes <= ram;
    return {
      throttle, anchor, supervisor, affordable: fits,
      why: fits ? notes(cost, bare, divides(throttle, anchor)) : [`${counted(bytes, 'byte')} of RAM: ${largest(cost)}`],
      extra: bare ? extraOf(cost, bare) : null,
    };
  });
}

function extraOf(cost: Cost, bare: Cost): NonNullable<ControllerCost['extra']> {
  const operations = Object.fromEntries((Object.keys(cost.total) as (keyof Operations)[]).map((name) => [name, cost.total[name] - bare.total[name]])) as Operations;
  const tableBits = ({ memory }: Cost): number => memory.tables.reduce((sum, { bits }) => sum + bits, 0);
  return {
    ...operations,
    passes: cost.passes === null ? null : cost.passes - bare.passes!,
    ramBytes: cost.memory.ram.bytes - bare.memory.ram.bytes,
    tableBits: tableBits(cost) - tableBits(bare),
  };
}

/** Whether controllers take quotients. */
function divides(throttle: string, anchor: AnchorLaw): boolean {
  const { law, estimator } = Object.hasOwn(THROTTLE_ALIASES, throttle) ? THROTTLE_ALIASES[throttle as ThrottleAlias] : named(throttle);
  return THROTTLES[law].divides || (estimator !== undefined && ESTIMATORS[estimator].divides) || ANCHORS[anchor].divides;
}

function named(throttle: string): { law: ThrottleLaw; estimator: Estimator | undefined } {
  const [law, estimator] = throttle.split('/') as [ThrottleLaw, Estimator | undefined];
  return { law, estimator };
}

/** The largest fields of what does not fit: `lastTheta 400, lastGradient 400, …`. */
const largest = ({ memory }: Cost): string =>
  [...memory.state, ...memory.working].sort((a, b) => b.bytes - a.bytes).slice(0, 4).map(({ name, bytes }) => `${name} ${bytes}`).join(', ');

/** What a controller asks of the silicon that the learner itself does not. */
function notes(cost: Cost, bare: Cost | undefined, quotients: boolean): string[] {
  const own = new Set(bare?.operations.map(({ site }) => site));
  const added = <T extends { readonly site: string }>(list: readonly T[]): T[] => list.filter(({ site }) => !own.has(site));
  const result: string[] = [];
  if (quotients && cost.divide === 'powerOfTwo') result.push('no divider: the quotient is a shift, up to half too small');
  if (quotients && cost.divide === 'table') result.push('no divider: a table of reciprocals');
  const divisions = added(cost.divisions);
  if (divisions.length > 0) result.push(`divides up to ${Math.max(...divisions.map(({ numerator }) => numerator))} by ${Math.max(...divisions.map(({ divisor }) => divisor))} bits`);
  const wide = added(cost.products).filter(({ passes }) => (passes ?? 1) > 1);
  const [widest] = wide.sort((a, b) => b.passes! - a.passes!);
  if (widest) result.push(`${widest.operands.join(' × ')} bits (${widest.what}): ${widest.passes} passes of the ${cost.hardware!.multiplier!.operands.join(' × ')} multiplier`);
  const long = added(cost.sums).filter(({ registers }) => (registers ?? 1) > 1);
  const [longest] = long.sort((a, b) => b.bits - a.bits);
  if (longest) result.push(`${longest.bits} bits in ${longest.site}: ${longest.registers} accumulators of ${cost.hardware!.accumulator!.wordLength}`);
  return result;
}
