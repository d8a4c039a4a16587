/** What happened, in the order of causes: by step, and within a step in the order in which it makes its values. */
import { figure, finite, percent } from '../compare/figure.js';
import { elementName, siteOf, stepOrder } from '../compare/stepOrder.js';
import { rawToReal } from '../format/format.js';
import type { Operand } from '../run/operands.js';
import { stressStart } from '../run/pair.js';
import { saturated } from '../prescribe/saturated.js';
import type { ExplanationEvent } from '../schema/explanation.js';
import type { Case } from './case.js';
import type { Diagnosis } from './cause.js';
import { readersOf } from './fed.js';
import type { EventKind } from './registry.js';
import { sensorText } from './sensorText.js';
import { firstBeyond, LIMIT } from './watch.js';

/** A value beside its rail: two digits may be the same. */
export const digits = (value: number): string => String(Number(value.toPrecision(6)));

/** α is taken down where it falls below this share of what it was. */
const TAKEN_DOWN = 0.9;
/** A loss so many times that with which the run began is told. */
const WORST = 2;

export interface Reaction {
  readonly at: number;
  readonly before: number;
  readonly after: number;
  /** Where α was smallest. */
  readonly lowestAt: number;
  readonly lowest: number;
}

/** The first step, from the stress on, at which the throttle took α down, and where it was smallest. */
export function reactionOf({ watched: { alpha }, variant: { plan } }: Pick<Case, 'watched' | 'variant'>): Reaction | undefined {
  let before = 1;
  let first: Omit<Reaction, 'lowestAt' | 'lowest'> | undefined;
  let [lowestAt, lowest] = [0, Infinity];
  for (let step = Math.min(stressStart(plan), alpha.length); step < alpha.length; step++) {
    const after = alpha[step]!;
    if (Number.isNaN(after)) continue;
    if (after < TAKEN_DOWN * before) first ??= { at: step, before, after };
    if (after < lowest) [lowestAt, lowest] = [step, after];
    before = after;
  }
  return first && { ...first, lowestAt, lowest };
}

/** Places of what is no site's value, between the sites of a step. */
const PLACES: Record<Exclude<EventKind, 'overflow'>, { readonly site?: string; readonly offset: number }> = {
  stress: { offset: -2 }, limit: { site: 'throttle', offset: -0.5 }, worst: { site: 'loss', offset: 0.2 }, diverged: { site: 'loss', offset: 0.1 }, supervisor: { site: 'loss', offset: 0.5 }, anchor: { site: 'loss', offset: 0.6 },
  throttle: { site: 'throttle', offset: 0 }, lost: { offset: 1000 }, stall: { offset: 1001 },
};

export function chainOf(one: Case, diagnosis: Diagnosis, operands: Readonly<Record<string, readonly Operand[]>>, reaction: Reaction | undefined): ExplanationEvent[] {
  const { pair: { fixed, float }, variant: { plan, throttle }, prepared: { sensor }, watched } = one;
  const order = stepOrder(plan, (key) => plan.sites[key] !== undefined);
  const events: ExplanationEvent[] = [];
  const add = (kind: Exclude<EventKind, 'overflow'>, step: number | null | undefined, text: string): void => {
    if (step !== null && step !== undefined) events.push({ step, kind, site: null, text });
  };
  const stress = sensorText(sensor);
  if (plan.phases.some((phase) => phase.sensor) && stress !== '') add('stress', stressStart(plan), `the sensor sets in: ${stress}`);
  const beyond = firstBeyond(watched);
  const { recorder } = fixed;
  const wild = recorder.maxLoss > WORST * recorder.startLoss;
  if (beyond && (watched.lateProduct > LIMIT || wild)) add('limit', beyond.step, `α·η·λmax is ${figure(beyond.value)}: above ${LIMIT} every update overshoots`);
  for (const { key, counters, late } of saturated(one.pair)) {
    const { step, element, wanted, raw } = counters.firstOverflow!;
    const { fractionLength } = plan.sites[key]!;
    const real = (value: bigint): number => rawToReal(value, fractionLength);
    const name = elementName(plan, key, element);
    const readers = readersOf(plan, key);
    const tried = diagnosis.alone.get(key);
    const overflows = counters.overflowHigh + counters.overflowLow;
    events.push({
      step, kind: 'overflow', site: key,
      text: `${name} meets its ${wanted > raw ? 'upper' : 'lower'} rail: ${digits(real(wanted))} becomes ${digits(real(raw))}; ${overflows} of ${counters.count} values in all${late === null ? '' : `, ${percent(late)} over the last quarter`}`,
      overflow: {
        name, wanted: String(wanted), raw: String(raw), wantedValue: real(wanted), value: real(raw), overflows, of: counters.count, late,
        operands: (operands[key] ?? []).map((operand) => ({ name: operand.name, value: operand.value })), readers,
        alone: tried ? { verdict: tried.verdict, float: tried.float, finalLoss: finite(tried.finalLoss) } : null,
      },
    });
  }
  if (reaction) {
    add('throttle', reaction.at, `${throttle} takes α from ${figure(reaction.before)} to ${figure(reaction.after)}`);
    if (reaction.lowest < reaction.after / 2) add('throttle', reaction.lowestAt, `α is at its smallest: ${figure(reaction.lowest)}`);
  }
  if (wild) add('worst', recorder.maxLossAt, `the largest loss: ${figure(recorder.maxLoss)}, ${figure(recorder.maxLoss / recorder.startLoss)} times that at the start`);
  add('diverged', float.recorder.divergedAt, `float64: the loss passes ${figure(plan.divergedLoss)}`);
  add('anchor', recorder.eventSteps[0], 'the anchor lets go');
  const lostText = (step: number): string => {
    const lost = watched.lost.find((of) => of.step === step);
    if (!lost) return '';
    const made = `: the largest gradient there is, ${figure(lost.gradient)} of ${lost.site}, makes an update of ${figure(lost.update)}`;
    if (lost.update <= lost.half) return `${made}, no more than half a last place (${figure(lost.half)})`;
    return saturated(one.pair).some(({ key }) => key === lost.site) ? `${made}, which the rail takes` : made;
  };
  const [earliest] = watched.lost;
  if (earliest && recorder.late.stalled > 0 && earliest.step !== recorder.stillFrom) add('lost', earliest.step, `for the first time no parameter moves although there is a gradient${lostText(earliest.step)}`);
  if (recorder.late.stalled > 0) {
    if (recorder.stillFrom !== null) add('stall', recorder.stillFrom, `no parameter moves from here on${lostText(recorder.stillFrom)}${recorder.zeroUpdateSteps > 0 ? `; in ${recorder.zeroUpdateSteps} steps every update rounds to zero` : ''}`);
    else add('stall', recorder.late.from, `${recorder.late.stalled} of the last ${recorder.late.steps} steps move no parameter although there is a gradient`);
  }
  add('supervisor', watched.rejectedAt, `the supervisor takes a step back, ${recorder.rejectedSteps} in all`);
  const place = ({ kind, site }: ExplanationEvent): number => {
    if (kind === 'overflow') return order.indexOf(site!);
    const { site: beside, offset } = PLACES[kind];
    return (beside === undefined ? 0 : order.indexOf(beside)) + offset;
  };
  return events.sort((a, b) => a.step - b.step || (place(a) === place(b) ? 0 : place(a) - place(b)));
}

/** Why what the controllers did was enough, or was not. */
export function reactionText(one: Case, { cause, site, fault }: Diagnosis, reaction: Reaction | undefined): string {
  const { variant: { plan, throttle }, watched, pair: { fixed } } = one;
  const name = site === null ? '' : siteOf(site).name;
  const product = Number.isFinite(watched.lateProduct) ? figure(watched.lateProduct) : 'not finite';
  const most = Number.isFinite(watched.lateMost) ? figure(watched.lateMost) : 'not finite';
  if (plan.throttle.law === 'none') {
    if (cause === 'none') return `there is no throttle; α·η·λmax is ${product} over the last quarter`;
    if (cause === 'range') return `there is no throttle, and none would help: ${name} overflows from what it has to hold, not from the size of the step`;
    if (cause === 'resolution') return 'there is no throttle, and none would help: it can only make updates smaller';
    return 'there is no throttle: nothing scales the step';
  }
  const lowest = fixed.recorder.alpha()?.min;
  const did = reaction ? `${throttle} took α down at step ${reaction.at}` : lowest === undefined ? `${throttle} was never on` : `${throttle} left α as it was`;
  switch (cause) {
    case 'none':
      return `${did}; α·η·λmax is ${product} over the last quarter`;
    case 'range':
      return `${did}; it can only make steps smaller, and ${name} overflows from what it has to hold`;
    case 'resolution':
      return `${did}; it can only make updates smaller, and it is by their smallness that they are lost`;
    case 'throttle':
      return fault === 'stall'
        ? `${did}, to ${figure(lowest ?? NaN)}: too far for anything to move, and where nothing moves nothing is learned of the curvature`
        : `${did}, not far enough: α·η·λmax reaches ${most} over the last quarter, and the limit is ${LIMIT}`;
    default:
      return watched.lateProduct > LIMIT ? `${did}, not far enough: α·η·λmax is ${product} over the last quarter, above ${LIMIT}` : `${did}; α·η·λmax is ${product} over the last quarter, and it is not that`;
  }
}
