import type { MatcherState } from 'vitest';
import { boundDefinition, boundText, holdBound, type BoundMetric } from '../check/bounds.js';
import { showValue } from '../check/print.js';
import { show } from '../document/show.js';
import { known, number } from './arguments.js';
import { callText, failureText } from './message.js';
import { subjectOf, wrong } from './subject.js';

/** How far the fixed side may lie from float64. At least one of them. */
export interface TrackFloatOptions {
  /** Least power of the float weights over that of their difference from the fixed ones, dB. 6 dB are a bit of word length. */
  readonly sqnrDb?: number;
  /** Most the final loss may be, fixed over float. */
  readonly lossRatio?: number;
  /** Most the largest loss of any step may be, fixed over float. */
  readonly maxLossRatio?: number;
}

/** Each option with the metric of a baseline that it bounds, and its least value. */
const OPTIONS = {
  sqnrDb: { metric: 'weightSqnrDb', least: -Infinity },
  lossRatio: { metric: 'lossRatio', least: 0 },
  maxLossRatio: { metric: 'maxLossRatio', least: 0 },
} as const satisfies Record<keyof TrackFloatOptions, { metric: BoundMetric; least: number }>;
const NAMES = Object.keys(OPTIONS) as (keyof TrackFloatOptions)[];

/** Passes where every bound holds. A metric without a finite value breaks its bound; weights that do not differ at all keep theirs. */
export function toTrackFloat(this: MatcherState, received: unknown, options: TrackFloatOptions) {
  const subject = subjectOf('toTrackFloat', received);
  known('toTrackFloat', NAMES, options);
  const held = NAMES.filter((name) => options[name] !== undefined).map((name) => {
    const { metric, least } = OPTIONS[name];
    const edge = number('toTrackFloat', name, options[name], least, Infinity);
    const { limit } = boundDefinition(metric);
    const { passed, value, flawless } = holdBound(metric, edge, subject.run);
    const found = flawless ? 'without a difference' : value === null ? 'without a finite value' : showValue(value, 4);
    return { passed, bound: `${name} ${boundText(metric, { [limit]: edge })}`, value: `${name} ${found}` };
  });
  if (held.length === 0) throw wrong('toTrackFloat', 'nothing is held, so nothing could fail', show(options), `one of ${NAMES.join(', ')}`);
  const { verdict } = subject.run;
  return {
    pass: held.every(({ passed }) => passed),
    message: () => failureText(subject, {
      call: callText('toTrackFloat', this.isNot, options),
      expected: `${this.isNot ? 'not ' : ''}${held.map(({ bound }) => bound).join(', ')}`,
      received: [
        ...held.map(({ value, passed }) => `${value}${passed ? '' : ' FAILED'}`),
        ...(verdict.float === 'survives' ? [] : [`the float64 run itself ends as: ${verdict.float}. The distance from it says little`]),
      ],
      advice: !this.isNot,
    }),
  };
}
