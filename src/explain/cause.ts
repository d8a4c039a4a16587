/** What brought a run down, found by taking one thing away at a time and running again. */
import { figure, percent } from '../compare/figure.js';
import { siteOf } from '../compare/stepOrder.js';
import { inUse } from '../plan/concernsExact.js';
import { stressStart } from '../run/pair.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { ratesTimes, SAFE_CHI } from '../prescribe/candidates.js';
import type { Change } from '../prescribe/change.js';
import { better, type Outcome } from '../prescribe/outcome.js';
import { saturated } from '../prescribe/saturated.js';
import { assignments, partText, widthsOf } from '../prescribe/widths.js';
import type { Case } from './case.js';
import type { Cause } from './registry.js';
import { SENSOR_PART_NAMES, SENSOR_PARTS, without, type SensorPart } from './sensorText.js';
import { firstBeyond, LIMIT } from './watch.js';
import { widened } from './widened.js';

/** One thing taken away, and how the run then ended. */
export interface Evidence extends Outcome {
  readonly what: string;
}

export interface Diagnosis {
  readonly cause: Cause;
  /** The site that is too narrow or too coarse; null for another cause. */
  readonly site: string | null;
  /** The part of the sensor without which it does not happen; null where there is none. */
  readonly sensor: SensorPart | null;
  /** Of a throttle: it lets α·η·λmax go too far, or holds α where nothing moves. */
  readonly fault: 'limit' | 'stall' | null;
  readonly text: string;
  /** What else it takes, beside the cause. */
  readonly also: string | null;
  readonly evidence: readonly Evidence[];
  /** How the run ends where one saturated site alone is wide enough. */
  readonly alone: ReadonlyMap<string, Outcome | undefined>;
}

/** Sites of the learning step whose resolution may stop it, in its order. */
const RESOLVED: readonly SiteName[] = ['input', 'accumulator', 'activation', 'error', 'gradientAccumulator', 'gradient', 'rate', 'update', 'weight'];
/** Bits of fraction that tell whether a site is too coarse. */
const FINER = 4;
/** Halvings of η that tell whether it is too large. */
const HALVINGS = 6;
const THROTTLES_TRIED = ['gt0/secant', 'gt0/trace', 'none'];
const saves = (tried: Outcome | undefined): boolean => tried?.verdict === 'survives';

export async function diagnose(one: Case): Promise<Diagnosis> {
  const { variant: { plan, throttle }, before, lab, judged, watched } = one;
  const evidence: Evidence[] = [];
  const alone = new Map<string, Outcome | undefined>();
  const note = (what: string, tried: Outcome | undefined): Outcome | undefined => {
    if (tried) evidence.push({ what, ...tried });
    return tried;
  };
  const attempt = async (what: string, change: Change): Promise<Outcome | undefined> => note(what, await lab.run(change, what));
  const concluded = (cause: Cause, text: string, more: Partial<Diagnosis> = {}): Diagnosis => ({ cause, site: null, sensor: null, fault: null, text, also: null, evidence, alone, ...more });

  const first = saturated(one.pair);
  for (const { key } of first) {
    const plain = widened(plan, [key]);
    alone.set(key, plain && note(`${key} wide enough`, await lab.runPlan(plain, `${key} wide enough`)));
  }
  if (before.verdict === 'survives') return concluded('none', 'nothing failed');

  if (plan.anchor.law !== 'none' && saves(await attempt('no anchor', { anchor: 'none' }))) {
    return concluded('anchor', `the anchor (${plan.anchor.law}) holds parameters the drift has made wrong`);
  }
  if (one.pair.fixed.recorder.rejectedSteps > 0 && saves(await attempt('no supervisor', { supervisor: 'none' }))) {
    return concluded('supervisor', `the supervisor (${plan.supervisor.law}) takes back ${one.pair.fixed.recorder.rejectedSteps} of ${one.pair.fixed.recorder.steps} steps`);
  }
  const product = Number.isFinite(watched.lateMost) ? `α·η·λmax reaches ${figure(watched.lateMost)} over the last quarter, where ${LIMIT} is the limit` : 'α·η·λmax is not finite over the last quarter';
  if (judged.float.verdict !== 'survives') {
    const sensor = await partToBlame(one, note);
    const stated = sensor === null ? '' : SENSOR_PARTS[sensor](one.prepared.sensor);
    if (plan.throttle.law !== 'none') {
      const chi = plan.throttle.chi?.value ?? 0;
      const tamed = chi > SAFE_CHI ? await attempt(`χ of ${SAFE_CHI}`, { set: [`throttle.chi=${SAFE_CHI}`] }) : undefined;
      let other = saves(tamed);
      for (const name of THROTTLES_TRIED) if (!other && name !== throttle) other = saves(await attempt(`throttle ${name}`, { throttle: name }));
      if (other) {
        const aim = saves(tamed) ? `aims at χ = ${figure(chi)}${chi >= LIMIT ? `, beyond the limit of ${LIMIT}` : ''}` : watched.lateMost > LIMIT ? 'bounds something else than the product that matters' : 'keeps α where it does not learn';
        return concluded('throttle', `the throttle ${throttle} ${aim}: ${product}`, { sensor, fault: saves(tamed) || watched.lateMost > LIMIT ? 'limit' : 'stall' });
      }
    }
    for (let halvings = 1; halvings <= HALVINGS; halvings++) {
      const slower = await attempt(`η divided by ${2 ** halvings}`, { set: ratesTimes(one, 2 ** -halvings) });
      if (slower?.float !== 'survives') continue;
      const beyond = firstBeyond(watched);
      const why = stated === '' ? '' : ` for the drifted input (${stated})`;
      return concluded('step too large', `the step is too large${why}: α·η·λmax is ${figure(beyond?.value ?? watched.lateProduct)}${beyond ? ` at step ${beyond.step}` : ''}, where ${LIMIT} is the limit`, { sensor });
    }
    return concluded('learner', `float64 ends ${judged.float.verdict} too, whatever was tried${stated === '' ? '' : `; without ${stated} it survives`}`, { sensor });
  }

  if (plan.throttle.law !== 'none' && one.pair.fixed.recorder.late.stalled > 0) {
    for (const name of THROTTLES_TRIED) {
      if (name === throttle || !saves(await attempt(`throttle ${name}`, { throttle: name }))) continue;
      return concluded('throttle', `${throttle} holds α at ${figure(one.pair.fixed.recorder.alpha()?.last ?? NaN)}, where updates are lost; float64 comes back to ${figure(one.pair.float.recorder.alpha()?.last ?? NaN)}`, { fault: 'stall' });
    }
  }
  return fromFormats(one, attempt, note, concluded, alone);
}

/** Narrow or coarse, and where: all sites that met a rail wide enough, all sites finer, then each alone. */
async function fromFormats(
  one: Case, attempt: (what: string, change: Change) => Promise<Outcome | undefined>, note: (what: string, tried: Outcome | undefined) => Outcome | undefined,
  concluded: (cause: Cause, text: string, more?: Partial<Diagnosis>) => Diagnosis, alone: ReadonlyMap<string, Outcome | undefined>,
): Promise<Diagnosis> {
  const { variant: { plan }, prepared: { profile }, before, lab } = one;
  const first = saturated(one.pair);
  const keys = first.map(({ key }) => key);
  const wide = keys.length > 0 ? widened(plan, keys) : undefined;
  const range = wide && note('all saturated sites wide enough', await lab.runPlan(wide, 'all saturated sites wide enough'));
  const names = RESOLVED.filter((name) => inUse(plan, siteKey(name)));
  const finer = async (what: string, list: readonly SiteName[]): Promise<Outcome | undefined> => {
    const widths = widthsOf(plan, list, { fraction: FINER });
    return widths && attempt(what, { set: assignments(plan, profile, widths) });
  };
  const fine = await finer(`${partText('fraction', FINER)} everywhere`, names.filter((name) => widthsOf(plan, [name], { fraction: FINER }) !== undefined));
  const helps = (tried: Outcome | undefined): tried is Outcome => tried !== undefined && better(tried, before);

  if (helps(range) && !(fine && fine.finalLoss < range.finalLoss && !(range.verdict === 'survives' && fine.verdict !== 'survives'))) {
    let site = keys[0]!;
    let best: Outcome | undefined;
    for (const key of keys) {
      const tried = alone.get(key);
      if (tried && (best === undefined || better(tried, best))) [site, best] = [key, tried];
    }
    const { late, counters } = first.find(({ key }) => key === site)!;
    const often = (counters.overflowHigh + counters.overflowLow) / counters.count;
    const text = `${site} is too narrow: it meets its rails first at step ${counters.firstOverflow!.step}, in ${percent(often)} of its values over the run${late === null ? '' : ` and ${percent(late)} over the last quarter`}`;
    return concluded('range', text, { site, also: saves(best) ? null : saves(range) ? 'other sites are too narrow as well' : `wide enough, the run ends ${range.verdict}: it is too coarse besides` });
  }
  let site: string | null = null;
  let best: Outcome | undefined;
  for (const name of names) {
    const tried = await finer(`${partText('fraction', FINER)} in ${name}`, [name]);
    if (helps(tried) && (best === undefined || better(tried, best))) [site, best] = [siteKey(name), tried];
  }
  if (site === null && !helps(fine)) return concluded('learner', 'float64 learns; neither wider nor finer formats of the sites that were tried do so here');
  const { recorder } = one.pair.fixed;
  const lost = recorder.zeroUpdateSteps >= recorder.stalledSteps / 2 && recorder.stalledSteps > 0 ? 'updates round to zero' : 'updates are smaller than half a last place of weight';
  const stalled = recorder.stalledSteps > 0 ? `: ${lost} in ${recorder.stalledSteps} of ${recorder.steps} steps` : '';
  const where = site === null ? 'several sites together are' : `${site} is`;
  return concluded('resolution', `${where} too coarse${stalled}`, { site, also: saves(best) || site === null ? null : `finer alone, ${siteOf(site).name} leaves the run ${best!.verdict}: other sites are too coarse as well` });
}

/** The part of the sensor without which float64 survives. */
async function partToBlame({ prepared: { sensor }, variant: { plan }, lab }: Case, note: (what: string, tried: Outcome | undefined) => Outcome | undefined): Promise<SensorPart | null> {
  if (stressStart(plan) === 0 && plan.phases.every((phase) => !phase.sensor)) return null;
  for (const part of SENSOR_PART_NAMES) {
    if (SENSOR_PARTS[part](sensor) === '') continue;
    const what = `sensor without ${part}`;
    if (note(what, await lab.runSensor(without(sensor, part), what))?.float === 'survives') return part;
  }
  return null;
}
