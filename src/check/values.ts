/** A recorded value against what it is now, under a relative tolerance. */
import { show } from '../document/show.js';
import { isList, isScalar, type Scalar } from './walk.js';
import type { Holding } from './tolerances.js';

export interface Outcome {
  readonly passed: boolean;
  /** Undefined where nothing moved. */
  readonly moved?: {
    /** Entry of a list that lies farthest outside; absent for a value that is none. */
    readonly index?: number;
    readonly recorded: Scalar;
    readonly now: Scalar;
    readonly allowed: string;
    readonly note?: string;
  };
  /** How much of what is allowed the farthest move takes up: 1 is the edge. Absent where nothing moved or nothing is allowed. */
  readonly used?: number;
  /** Values compared. */
  readonly held: number;
}

const RAW = /^-?(0|[1-9][0-9]*)$/;
const isRaw = (value: unknown): value is string => typeof value === 'string' && RAW.test(value);

/** `± 1.2e-9`, or `exact`. */
const allowance = (margin: number): string => (margin === 0 ? 'exact' : `± ${Number(margin.toPrecision(2))}`);

/**
 * Holds a scalar or a list against the recorded one. Numbers and raws may differ by `relative` times the recorded one, in a list times its largest;
 * other text is exact where that is 0 and not held otherwise; the rest is exact.
 */
export function holdValue(recorded: unknown, now: unknown, holding: Holding): Outcome {
  const list = isList(recorded) && isList(now);
  if (!list && !(isScalar(recorded) && isScalar(now))) return different(recorded, now);
  const before = list ? recorded : [recorded as Scalar];
  const after = list ? now : [now as Scalar];
  if (before.length !== after.length) return different(recorded, now);

  const margin = holding.relative * before.reduce<number>((most, value) => Math.max(most, magnitude(value)), 0);
  let worst = -1;
  let farthest = -1;
  let moves = 0;
  for (const [index, value] of before.entries()) {
    if (same(value, after[index]!, holding)) continue;
    moves++;
    const distance = between(value, after[index]!);
    if (distance > farthest) [worst, farthest] = [index, distance];
  }
  const held = before.length;
  if (moves === 0) return { passed: true, held };
  const [was, is] = [before[worst]!, after[worst]!];
  const unheld = typeof was === 'string' && typeof is === 'string' && farthest === Infinity && holding.relative > 0;
  return {
    passed: unheld || farthest <= margin,
    held,
    ...(margin > 0 && farthest < Infinity && { used: farthest / margin }),
    moved: {
      ...(list && { index: worst }),
      recorded: was,
      now: is,
      allowed: unheld ? 'not held' : farthest === Infinity ? 'exact' : allowance(margin),
      ...(moves > 1 && { note: `${moves} of ${held} moved, this one farthest` }),
    },
  };
}

/** One is missing, or they are of different kinds or lengths. */
function different(recorded: unknown, now: unknown): Outcome {
  return { passed: false, held: 1, moved: { recorded: outline(recorded), now: outline(now), allowed: 'exact' } };
}

function outline(value: unknown): Scalar {
  if (value === undefined) return 'not there';
  return isScalar(value) ? value : show(value);
}

const same = (recorded: Scalar, now: Scalar, holding: Holding): boolean =>
  recorded === now || (typeof recorded === 'number' && typeof now === 'number' && recorded === holding.recorded(now));

/** From one value to another: of raws in last places; NaN where there is no distance. */
export function change(from: Scalar, to: Scalar): number {
  if (typeof from === 'number' && typeof to === 'number') return to - from;
  return isRaw(from) && isRaw(to) ? Number(BigInt(to) - BigInt(from)) : NaN;
}

function between(a: Scalar, b: Scalar): number {
  const distance = Math.abs(change(a, b));
  return Number.isNaN(distance) ? Infinity : distance;
}

export const magnitude = (value: Scalar): number => (typeof value === 'number' || isRaw(value) ? Math.abs(Number(value)) : 0);
