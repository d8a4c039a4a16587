import type { MatcherState } from 'vitest';
import { oneOf } from './arguments.js';
import { callText, failureText } from './message.js';
import { subjectOf } from './subject.js';

const SIDES = { fixed: ['fixed'], float: ['float'], both: ['float', 'fixed'] } as const;
/** Of a run: `fixed` is the target, `float` the float64 reference. */
export type RunSide = keyof typeof SIDES;

/** Passes where the verdict of every side asked for is `survives` (src/compare/verdict.ts). */
export function toSurvive(this: MatcherState, received: unknown, side?: RunSide) {
  const subject = subjectOf('toSurvive', received);
  const { verdict } = subject.run;
  const sides = SIDES[oneOf('toSurvive', Object.keys(SIDES) as RunSide[], side ?? 'fixed', 'side')];
  const pass = sides.every((one) => verdict[one] === 'survives');
  return {
    pass,
    message: () => failureText(subject, {
      call: callText('toSurvive', this.isNot, side),
      expected: `${sides.join(' and ')} ${this.isNot ? 'not ' : ''}to survive`,
      received: sides.map((one) => `${one}: ${verdict[one]}`),
      advice: !this.isNot,
    }),
  };
}
