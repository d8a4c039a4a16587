/** Sweeps that nobody ran: a space with every kind of axis, and results that follow from the number of the run. */
import { VERDICTS } from '../../src/compare/thresholds.js';
import type { Sweep } from '../../src/schema/sweep.js';
import { SWEEP_MEASURE_NAMES } from '../../src/sweep/measures.js';
import type { AxisValue, RunResult, SideResult, SweepSpace } from '../../src/sweep/types.js';

export const HOSTILE = 'experiment.notes["a,b\n\\\'é"]';
const PROFILES = ['enabol-mid', 'a "quoted", one', 'enabol-wide'];
const RATES = [0.1, 1 / 3, 1e-300, 5];

/** Points of `madeSpace`. */
export const MADE_POINTS = PROFILES.length * RATES.length * 2;

export function madeSpace(changes: Partial<Sweep> = {}, { points = MADE_POINTS, seeds = 5 } = {}): SweepSpace {
  const spec: Sweep = {
    name: 'made', title: 'Made up',
    axes: [{ path: 'profile', values: PROFILES }, { path: 'experiment.phases[0].learningRate', values: RATES }, { paths: ['experiment.on', HOSTILE], values: [[true, { deep: [1, 'x'] }], [false, null]] }],
    ...changes,
  };
  return {
    spec, hash: 'ab'.repeat(32), points, seeds, runs: points * seeds, firstSeed: 7, columns: ['profile', 'experiment.phases[0].learningRate', 'experiment.on', HOSTILE],
    valuesAt: (point): AxisValue[] => [PROFILES[Math.floor(point / 8) % 3]!, RATES[Math.floor(point / 2) % 4]!, ...(point % 2 === 0 ? [true, { deep: [1, 'x'] }] : [false, null])],
    optionsAt: () => ({}),
    seedAt: (run) => 7 + (run % seeds),
  };
}

/** A double between 0 and 1 that looks random. */
export const noise = (key: number): number => {
  let hash = Math.imul(key ^ 0x9e3779b9, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
};

export function madeSide(run: number, changes: Partial<SideResult> = {}): SideResult {
  const verdict = VERDICTS[Math.floor(noise(run) * VERDICTS.length)]!;
  const measures = Object.fromEntries(SWEEP_MEASURE_NAMES.map((name, k) => [name, noise(run * 31 + k) < 0.2 ? null : noise(run * 37 + k) * 10 ** Math.round(40 * noise(run * 41 + k) - 20)]));
  return { verdict, ...measures, ...changes } as SideResult;
}

const ERROR = 'a "word", another\n  found     \u0007 é \u{1f600}';

export function madeResult(run: number): RunResult {
  if (noise(run * 3) < 0.1) return { run, hash: run % 2 === 0 ? null : 'cd'.repeat(32), float: null, fixed: null, error: { code: 'format', message: `${ERROR} ${run % 3}` } };
  return { run, hash: String(run).padStart(64, '0'), float: madeSide(2 * run), fixed: madeSide(2 * run + 1), error: null };
}

export function* madeResults(runs: number): Generator<RunResult> {
  for (let run = 0; run < runs; run++) yield madeResult(run);
}
