/**
 * Matchers for learners on a target, for Vitest. Importing this registers them with `expect`.
 *
 * @example
 * import { expect, it } from 'vitest';
 * import { simulate } from 'qrails/vitest';
 *
 * it('learns on the board', async () => {
 *   const run = await simulate({ experiment: 'exp-000c', profile: 'enabol-mid' });
 *   expect(run).toSurvive();
 *   await expect(run).toMatchBaseline('learner.baseline.json');
 * });
 */
import { expect } from 'vitest';
import { toBeBitIdenticalTo } from './bitIdentical.js';
import { toStayInsideRails, type InsideRailsOptions } from './insideRails.js';
import { toMatchBaseline } from './matchBaseline.js';
import type { Subject } from './subject.js';
import { toSurvive, type RunSide } from './survive.js';
import { toTrackFloat, type TrackFloatOptions } from './trackFloat.js';

export { simulate, type Run, type SimulateOptions } from './simulate.js';
export type { InsideRailsOptions, RunSide, Subject, TrackFloatOptions };

/** Matchers that can also stand inside others: `expect({ run }).toEqual({ run: expect.toSurvive() })`. */
interface RunMatchers {
  /** The verdict is `survives`. @param side default `fixed`, the target */
  toSurvive: (side?: RunSide) => void;
  /** The fixed side lies no further from float64 than this. */
  toTrackFloat: (options: TrackFloatOptions) => void;
  /** No value of a site overflowed, or no more than allowed. Default: every site but controller state, both rails, none. */
  toStayInsideRails: (options?: InsideRailsOptions) => void;
  /** The fixed side has every recorded bit of another run's. */
  toBeBitIdenticalTo: (other: Subject) => void;
}

declare module 'vitest' {
  /* eslint-disable @typescript-eslint/no-empty-object-type, @typescript-eslint/no-explicit-any, @typescript-eslint/no-unused-vars --
     they add to interfaces of Vitest, whose parameters they have to repeat */
  interface Matchers<T = any> extends RunMatchers {}
  interface AsymmetricMatchersContaining extends RunMatchers {} // behind expect.not
  interface Assertion<T = any> {
    /**
     * The run is what a baseline file recorded, within its tolerances and bounds. Made where it is missing, recorded again with `-u`. To be awaited.
     *
     * @param file path, from the folder of the test
     */
    toMatchBaseline: (file: string) => Promise<void>;
  }
  /* eslint-enable */
}

expect.extend({ toSurvive, toTrackFloat, toStayInsideRails, toBeBitIdenticalTo, toMatchBaseline });
