/** The drift a plan stands least: gains 1 + ε·d that go apart channel by channel, d of length 1. */
import type { Sensor } from '../schema/sensor.js';
import { bracket, geometric, type Bracket } from './bracket.js';
import { termOf } from './quantities.js';

/** Channels of which every pattern of signs is tried. */
export const MOST_PATTERNS = 4;
/** Channels that are searched at the most. */
export const MOST_CHANNELS = 64;
/** ε of the scan: from 1/16, doubling. */
const NORMS = Array.from({ length: 10 }, (_, k) => 2 ** (k - 4));

export interface Direction extends Bracket {
  /** One for each channel. */
  readonly direction: readonly number[];
}

const length = (vector: readonly number[]): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
const unit = (vector: readonly number[]): number[] => vector.map((value) => value / length(vector));
const names = (vector: readonly number[]): string => vector.map((value) => (value === 0 ? '0' : value > 0 ? '+' : '−')).join('');

/** Gains at a distance ε. */
export const gainsAt = (direction: readonly number[], norm: number): number[] => direction.map((value) => 1 + norm * value);

/** The assignment of gains that have drifted. */
export const driftSet = (sensor: Sensor, direction: readonly number[], norm: number): string[] =>
  (norm === 0 ? [] : [termOf(sensor, 'gain', { kind: 'perChannel', values: gainsAt(direction, norm) })]);

/**
 * Searches the direction that fails at the smallest ε: every channel alone, up and down; then all patterns of signs (up to 4 channels), or, from the signs that
 * were worse alone, one sign turned at a time for as long as it gets worse. A direction that survives where the worst one so far fails is left at that.
 *
 * @param survives whether the plan survives these gains
 * @returns what was tried, the worst first
 */
export async function searchDirections(channels: number, tolerance: number, survives: (direction: readonly number[], norm: number) => Promise<boolean>): Promise<Direction[]> {
  const tried = new Map<string, Direction>();
  let worst = Infinity;
  const middle = geometric(tolerance);
  const failsAt = async (pattern: readonly number[]): Promise<number> => {
    const known = tried.get(names(pattern));
    if (known) return known.failsAt ?? Infinity;
    const direction = unit(pattern);
    const at = (norm: number): Promise<boolean> => survives(direction, norm);
    // Nothing beyond where another one fails can make this one the worst.
    const reach = NORMS.filter((norm) => norm < worst);
    const found = await bracket({ outward: [0, ...reach, ...(worst < Infinity ? [worst] : [])], inward: [], between: middle }, at);
    tried.set(names(pattern), { direction, ...found });
    worst = Math.min(worst, found.failsAt ?? Infinity);
    return found.failsAt ?? Infinity;
  };
  const alone: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    const only = (sign: number): number[] => Array.from({ length: channels }, (_, k) => (k === channel ? sign : 0));
    const [up, down] = [await failsAt(only(1)), await failsAt(only(-1))];
    alone.push(down < up ? -1 : 1);
  }
  if (channels > 1 && channels <= MOST_PATTERNS) {
    for (let bits = 0; bits < 2 ** channels; bits++) await failsAt(Array.from({ length: channels }, (_, k) => ((bits >> k) & 1 ? -1 : 1)));
  } else if (channels > 1) {
    let best = alone;
    let least = await failsAt(best);
    for (let improved = true; improved;) {
      improved = false;
      for (let channel = 0; channel < channels; channel++) {
        const turned = best.map((sign, k) => (k === channel ? -sign : sign));
        const at = await failsAt(turned);
        if (at >= least) continue;
        [best, least, improved] = [turned, at, true];
      }
    }
  }
  return [...tried.values()].sort((a, b) => ((a.failsAt ?? Infinity) === (b.failsAt ?? Infinity) ? 0 : (a.failsAt ?? Infinity) - (b.failsAt ?? Infinity)));
}
