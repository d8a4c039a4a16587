/** Which points of a sweep a shard runs: decided by the sizes alone, so that every machine decides the same. docs/sweep.md. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { Interval, SweepSpace } from './types.js';

/** Part `index` of `count`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export const WHOLE: Shard = { index: 1, count: 1 };
export const MOST_SHARDS = 100_000;
/** Blocks of a shard at the most: its journal keeps as many intervals in memory. A shard has at most one block more than another. */
export const MOST_BLOCKS = 4096;

type Sizes = Pick<SweepSpace, 'points' | 'seeds'>;

export const shardName = ({ index, count }: Shard): string => `${index}/${count}`;

/**
 * A shard from its text.
 *
 * @param where option it was written in, for messages
 * @throws QrailsError `usage`
 * @example parseShard('3/16') // { index: 3, count: 16 }
 */
export function parseShard(text: string, where = '--shard'): Shard {
  const [, index, count] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).map(Number);
  if (index !== undefined && count !== undefined) return checkShard({ index, count }, where);
  throw new QrailsError({ code: 'usage', where, message: 'is no part of a sweep', found: printable(text), expected: 'i/n: part i of n, counted from 1', try: `${where} 1/16` });
}

export function checkShard(shard: Shard, where = '--shard'): Shard {
  const { index, count } = shard;
  if (Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 1 && index <= count && count <= MOST_SHARDS) return shard;
  throw new QrailsError({ code: 'usage', where, message: 'there is no such part', found: shardName(shard), expected: `1/n to n/n, n at most ${MOST_SHARDS}` });
}

/** Points in a block: all seeds of a point stay together. */
export const blockPoints = ({ points }: Sizes, count: number): number => (count === 1 ? points : Math.ceil(points / (count * MOST_BLOCKS)));

/** Bits of a number mixed (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * Runs of a shard, in order. Blocks of points are dealt in rounds, one to each shard; each round begins with another shard, since what a run costs often
 * goes with the value of an axis, and a plain deal would give one shard all the dear values of an axis with as many values as there are shards.
 *
 * @throws QrailsError `usage` where there are more shards than points
 * @example [...shardRuns({ points: 4, seeds: 2 }, { index: 1, count: 1 })] // [{ from: 0, to: 8 }]
 */
export function shardRuns(sizes: Sizes, shard: Shard): Iterable<Interval> {
  checkCount(sizes, shard.count);
  return deal(sizes, shard);
}

function* deal(sizes: Sizes, { index, count }: Shard): Generator<Interval> {
  const { points, seeds } = sizes;
  const block = blockPoints(sizes, count);
  let open: { from: number; to: number } | undefined;
  for (let round = 0; round * count * block < points; round++) {
    const from = (round * count + ((index - 1 + mix(round)) % count)) * block;
    if (from >= points) continue;
    const run = { from: from * seeds, to: Math.min(from + block, points) * seeds };
    if (open?.to === run.from) open.to = run.to;
    else {
      if (open) yield open;
      open = run;
    }
  }
  if (open) yield open;
}

/** Points of a shard. */
export function shardPoints(sizes: Sizes, shard: Shard): number {
  let runs = 0;
  for (const { from, to } of shardRuns(sizes, shard)) runs += to - from;
  return runs / sizes.seeds;
}

export function checkCount({ points }: Sizes, count: number, where = '--shard'): void {
  if (count <= points) return;
  throw new QrailsError({ code: 'usage', where, message: 'more parts than points', found: `${count} parts`, expected: `at most ${points}` });
}
