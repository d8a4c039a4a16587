/**
 * Says in one word how a run ended, and why. The rules, in order:
 *
 * 1. *diverged*: a site trapped, a loss was not finite, or the mean loss of the last quarter is at least `diverged` times the starting loss.
 * 2. *limit cycle*: it did not get below `survives`, and a site of the loop overflows in at least `pressure` of its values over the last quarter.
 * 3. *dead zone*: at least `stall` of the last quarter is stalled with more than `deadZone` of the excess loss left.
 * 4. *survives*: at most `survives` of the excess loss is left; or, for a fixed run, at most `likeFloat` times the loss of a surviving float run.
 * 5. *degraded* otherwise.
 *
 * The loss that is judged is the final loss or the mean loss of the last quarter, whichever is smaller (a stream is judged by how it
 * predicted, not by where its last samples left it); rule 2 takes the mean. The starting loss is the larger of the loss in the run's first steps and in the first steps of the stress; the excess is what lies
 * above the least-squares loss of the evaluation batch (above zero where that is not known). The last quarter is that of the stress.
 */
import type { Pair, Recording } from '../run/pair.js';
import { siteName, SITES, type SiteName } from '../site/sites.js';
import { figure, percent } from './figure.js';
import { leastSquares, type Reference } from './reference.js';
import type { Thresholds, VerdictName } from './thresholds.js';

export interface Judged {
  readonly verdict: VerdictName;
  readonly why: readonly string[];
}

/** Sites whose saturation turns learning into a cycle: everything behind the front end that is not only watched. */
const LOOP: readonly SiteName[] = ['accumulator', 'activation', 'error', 'gradientAccumulator', 'gradient', 'update', 'weight', 'bias', 'rate'];

/** Share of the values of the last quarter that overflowed at a site. */
export function latePressure({ counters, earlier }: Pick<Recording, 'counters' | 'earlier'>, key: string): number {
  const now = counters[key], before = earlier[key];
  const count = (now?.count ?? 0) - (before?.count ?? 0);
  return now && count > 0 ? (now.overflowHigh + now.overflowLow - (before ? before.overflowHigh + before.overflowLow : 0)) / count : 0;
}

/** Whether a site is one of the learning loop. */
export const isInLoop = (key: string): boolean => LOOP.includes(siteName(key));

/** Sites under pressure over the last quarter, the worst first. */
export function pressedSites(recording: Pick<Recording, 'counters' | 'earlier'>, least: number, among: readonly SiteName[] = LOOP): { key: string; share: number }[] {
  const pressed: { key: string; share: number }[] = [];
  // Looked at first, because few have any: the share.
  for (const key of Object.keys(recording.counters)) {
    const share = latePressure(recording, key);
    if (share >= least && among.includes(siteName(key))) pressed.push({ key, share });
  }
  return pressed.sort((a, b) => b.share - a.share);
}

/** What a verdict is read off. */
export interface Judgeable extends Pick<Recording, 'finalLoss' | 'trapped' | 'counters' | 'earlier' | 'targetCounters'> {
  readonly recorder: Pick<Recording['recorder'], 'finite' | 'nonFiniteAt' | 'startLoss' | 'late' | 'stillFrom'>;
}

/**
 * A fixed run by its outputs: start, final and late losses are of the outputs as they are against the targets as they are, so that no coarse error or
 * loss makes learning look done. The start is float64's; of the last quarter the target knows no such loss, so its end stands for it.
 */
export function byOutputs({ recorder: { finite, nonFiniteAt, late, stillFrom }, outputLoss, finalLoss, ...rest }: Recording, float: { readonly recorder: Pick<Recording['recorder'], 'startLoss'> }): Judgeable {
  const loss = Number.isFinite(finalLoss) ? outputLoss : finalLoss;
  return { ...rest, finalLoss: loss, recorder: { finite, nonFiniteAt, stillFrom, startLoss: float.recorder.startLoss, late: { ...late, meanLoss: loss, minLoss: loss, maxLoss: loss } } };
}

/** Judges one side of a run. `float`: what the reference ended with, for the fixed side. */
export function judge(recording: Judgeable, bestLoss: number | undefined, limits: Thresholds, float?: Judged & { loss: number }): Judged {
  const { recorder, finalLoss } = recording;
  const { late } = recorder;
  const start = recorder.startLoss;
  if (recording.trapped !== undefined) {
    const event = (recording.counters[recording.trapped] ?? recording.targetCounters!).firstOverflow!;
    return { verdict: 'diverged', why: [`stopped after step ${event.step}: ${recording.trapped} trapped (wanted raw ${event.wanted})`] };
  }
  if (!recorder.finite || !Number.isFinite(finalLoss)) {
    return { verdict: 'diverged', why: [recorder.nonFiniteAt === null ? 'the final loss is not finite' : `the loss is not finite from step ${recorder.nonFiniteAt} on`] };
  }
  if (late.meanLoss >= limits.diverged * start) {
    const pressed = pressedSites(recording, limits.pressure);
    const bounded = pressed.length > 0 ? `; only its rails hold it: ${describePressed(pressed)}` : '';
    return { verdict: 'diverged', why: [`loss ${figure(late.meanLoss)} over the last quarter, ${figure(late.meanLoss / start)} times where it started${bounded}`] };
  }
  const floor = Math.min(bestLoss ?? 0, start);
  const share = (loss: number): number => (start > floor ? Math.max(0, loss - floor) / (start - floor) : loss > floor ? Infinity : 0);
  const loss = Math.min(finalLoss, late.meanLoss);
  const left = share(loss);
  const pressed = pressedSites(recording, limits.pressure);
  if (share(late.meanLoss) > limits.survives && pressed.length > 0) {
    return { verdict: 'limit cycle', why: [`loss stays at ${figure(late.minLoss)} to ${figure(late.maxLoss)} over the last quarter while ${describePressed(pressed)}`] };
  }
  const stalled = late.stalled / late.steps;
  if (stalled >= limits.stall && left > limits.deadZone) {
    const since = recorder.stillFrom === null || recorder.stillFrom > late.from ? `stalled in ${percent(stalled)} of the last quarter` : `no parameter moved from step ${recorder.stillFrom} on`;
    return { verdict: 'dead zone', why: [`${since}, with ${excess(left)} left`] };
  }
  const notes: string[] = [];
  if (recorder.stillFrom !== null && stalled >= limits.stall) notes.push(`no parameter moved from step ${recorder.stillFrom} on`);
  if (left <= limits.survives) return { verdict: 'survives', why: notes };
  if (float?.verdict === 'survives' && loss <= limits.likeFloat * float.loss) return { verdict: 'survives', why: notes };
  const inputs = pressedSites(recording, limits.pressure, ['input']);
  return {
    verdict: 'degraded',
    why: [`${excess(left)} is left${inputs.length > 0 ? ` while input overflows in ${percent(inputs[0]!.share)} of its values` : ''}`, ...notes],
  };
}

export interface PairVerdict {
  readonly float: Judged;
  readonly fixed: Judged;
  readonly reference: Reference | undefined;
}

/** Both sides' verdicts. */
export function judgePair(pair: Pair, limits: Thresholds): PairVerdict {
  const reference = leastSquares(pair.plan, pair.evaluation);
  const float = judge(pair.float, reference?.loss, limits);
  const fixed = judge(pair.fixed, reference?.loss, limits, { ...float, loss: Math.min(pair.float.finalLoss, pair.float.recorder.late.meanLoss) });
  return { float, fixed, reference };
}

/** The share of the excess loss that is left, in words. */
const excess = (left: number): string => (left <= 1 ? `${percent(left)} of the excess loss` : `${figure(left)} times the excess loss it started with`);

function describePressed(pressed: readonly { key: string; share: number }[]): string {
  const [first, ...others] = pressed.slice(0, 3).map(({ key, share }) => `${key} overflows in ${percent(share)}`);
  return [`${first} of its values`, ...others].join(', ');
}

export interface FirstMeeting {
  readonly key: string;
  readonly step: number;
  readonly element: number;
  readonly wanted: bigint;
  readonly raw: bigint;
}

/** The site that first met a rail, and what it wanted. */
export function firstOverflow(recording: Recording): FirstMeeting | undefined {
  let first: FirstMeeting | undefined;
  for (const [key, { firstOverflow: event }] of Object.entries(recording.counters)) {
    if (event && SITES[siteName(key)].kind !== 'metric' && (first === undefined || event.step < first.step)) first = { key, ...event };
  }
  return first;
}
