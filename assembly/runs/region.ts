/**
 * Four runs of one plan side by side, at the same step. The host lays their memory out alike (src/core/group.ts): records and arrays of each in a region of its
 * own, `stride` bytes behind those of the run before. Two more regions follow, the shadows: the arrays of the first hold word k of all four runs as one vector,
 * its records say how lanes round and what they counted. Where a vector holds two runs, the second shadow counts for the last two.
 */
import { storeColumns } from '../lanes/transpose';

export const RUNS = 4;

let stride: usize = 0;
export function layOut(bytes: usize): void {
  stride = bytes;
}

/** What lies at an address of run 0, in another run; of the first shadow, in the second. */
@inline
export function ofRun(address: usize, run: i32): usize {
  return address + <usize>run * stride;
}

/** What lies at an address of the first shadow, in a run. */
@inline
export function own(address: usize, run: i32): usize {
  return address - <usize>(RUNS - run) * stride;
}

/** Words of four arrays side by side. */
export function gatherFrom(a: usize, b: usize, c: usize, d: usize, length: i32, to: usize): void {
  let i: usize = 0;
  const end = <usize>length << 2;
  for (; i + 16 <= end; i += 16) storeColumns(v128.load(a + i), v128.load(b + i), v128.load(c + i), v128.load(d + i), to + (i << 2));
  for (; i < end; i += 4) {
    const at = to + (i << 2);
    store<i32>(at, load<i32>(a + i));
    store<i32>(at, load<i32>(b + i), 4);
    store<i32>(at, load<i32>(c + i), 8);
    store<i32>(at, load<i32>(d + i), 12);
  }
}

/** Words of an array of all runs side by side. `from`: that of run 0. */
export function gather(from: usize, length: i32, to: usize): void {
  gatherFrom(from, ofRun(from, 1), ofRun(from, 2), ofRun(from, 3), length, to);
}

/** The same of so many runs from `run` on, after they were taken one by one. */
export function gatherOf(run: i32, runs: i32, from: usize, length: i32, to: usize): void {
  for (let k = run; k < run + runs; k++) {
    const array = ofRun(from, k), lane = <usize>k << 2;
    for (let i = 0; i < length; i++) store<i32>(to + (<usize>i << 4) + lane, load<i32>(array + (<usize>i << 2)));
  }
}

/** Gives each run its words. `to`: the array of run 0. */
export function scatter(from: usize, length: i32, to: usize): void {
  let i: usize = 0;
  const end = <usize>length << 2;
  for (; i + 16 <= end; i += 16) {
    const at = from + (i << 2);
    storeColumns(v128.load(at), v128.load(at, 16), v128.load(at, 32), v128.load(at, 48), to + i, stride);
  }
  for (; i < end; i += 4) {
    const at = from + (i << 2);
    for (let k = 0; k < RUNS; k++) store<i32>(ofRun(to, k) + i, load<i32>(at + (<usize>k << 2)));
  }
}
