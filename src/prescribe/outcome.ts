/** How a run ends, as far as prescriptions go, and what makes one end better than another. */
import { figure, finite } from '../compare/figure.js';
import { weightError } from '../compare/reference.js';
import { VERDICTS, type VerdictName } from '../compare/thresholds.js';
import type { PairVerdict } from '../compare/verdict.js';
import type { Pair } from '../run/pair.js';
import type { Try } from '../schema/comparison.js';
import type { RunResult } from '../sweep/types.js';

export interface Outcome {
  /** Of the target. */
  readonly verdict: VerdictName;
  readonly float: VerdictName;
  /** Infinity where it is not finite, as the largest. */
  readonly finalLoss: number;
  readonly maxLoss: number;
  /** NaN where there is no reference. */
  readonly weightError: number;
}

/** A loss that falls to this share is lower. */
export const LOWER = 0.8;

export const outcomeOf = (pair: Pair, { float, fixed, reference }: PairVerdict): Outcome => ({
  verdict: fixed.verdict, float: float.verdict, finalLoss: pair.fixed.finalLoss, maxLoss: pair.fixed.recorder.maxLoss,
  weightError: reference ? weightError(pair.plan, reference, pair.fixed.parameters[0]!) : NaN,
});

/** The outcome of a run with both sides. */
export const outcomeOfSides = ({ float, fixed }: Pick<RunResult, 'float' | 'fixed'>): Outcome => ({
  verdict: fixed!.verdict, float: float!.verdict, finalLoss: fixed!.finalLoss ?? Infinity, maxLoss: fixed!.maxLoss ?? Infinity, weightError: fixed!.weightError ?? NaN,
});

/** An outcome as JSON has it. */
export const published = ({ verdict, finalLoss, maxLoss, weightError: error }: Outcome): Try['after'] => ({ verdict, finalLoss: finite(finalLoss), maxLoss: finite(maxLoss), weightError: finite(error) });

const lower = (before: number, after: number): boolean => after < before && after <= LOWER * before;

/** Whether one end is better than another: by its verdict, then by its loss where that differs by a fifth. */
export function better(a: Outcome, b: Outcome): boolean {
  const rank = VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict);
  return rank < 0 || (rank === 0 && lower(b.finalLoss, a.finalLoss));
}

/** What a change did, in words; undefined where it did not help: a better verdict, a final loss a fifth lower, half the weight error where the loss is zero, or half the worst loss. */
export function effectOf(before: Outcome, after: Outcome): string | undefined {
  const rank = VERDICTS.indexOf(after.verdict) - VERDICTS.indexOf(before.verdict);
  if (rank > 0) return undefined;
  const parts: string[] = [];
  if (rank < 0) parts.push(`${before.verdict} → ${after.verdict}`);
  if (lower(before.finalLoss, after.finalLoss)) parts.push(`final loss ${figure(before.finalLoss)} → ${figure(after.finalLoss)}`);
  // Where the loss is below its own last place, only the weights can tell.
  if (before.finalLoss === 0 && after.finalLoss === 0 && after.weightError <= 0.5 * before.weightError) parts.push(`weight error ${figure(before.weightError)} → ${figure(after.weightError)}`);
  if (after.maxLoss <= 0.5 * before.maxLoss && after.finalLoss <= 1.25 * before.finalLoss) parts.push(`worst loss ${figure(before.maxLoss)} → ${figure(after.maxLoss)}`);
  return parts.length > 0 ? parts.join(', ') : undefined;
}
