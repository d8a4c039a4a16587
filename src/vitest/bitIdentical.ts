import type { MatcherState } from 'vitest';
import { heldSides } from '../check/baseline.js';
import { showPair } from '../check/print.js';
import { holdValue, type Outcome } from '../check/values.js';
import { walk } from '../check/walk.js';
import { showPath } from '../document/show.js';
import type { ComparisonRun } from '../schema/comparison.js';
import { failureText } from './message.js';
import { subjectOf, type Subject } from './subject.js';

/** Differences that are listed. */
const TOLD = 8;
const EXACT = { relative: 0, why: '', recorded: (value: number): number => value };

/**
 * Passes where the fixed sides agree in every bit that was recorded: parameters and final loss as raws, the loss over the steps, steps of events and stalls,
 * and the format and every counter of every site. The float sides and what only the `full` recorder has are not looked at.
 */
export function toBeBitIdenticalTo(this: MatcherState, received: unknown, other: Subject) {
  const subject = subjectOf('toBeBitIdenticalTo', received);
  const { run: expected, name } = subjectOf('toBeBitIdenticalTo', other);
  const { run } = subject;
  const differing = [...walk(bits(expected), bits(run))].flatMap(({ path, before, after }) => {
    const { moved } = holdValue(before, after, EXACT);
    return moved ? [describe(showPath([...path, ...(moved.index === undefined ? [] : [moved.index])]), moved)] : [];
  });
  return {
    pass: differing.length === 0,
    message: () => failureText(subject, {
      call: `expect(run)${this.isNot ? '.not' : ''}.toBeBitIdenticalTo(other)`,
      expected: `${this.isNot ? 'other bits than' : 'the bits of'} ${name}`,
      received: differing.length === 0
        ? ['the same bits']
        : [...differing.slice(0, TOLD), ...(differing.length > TOLD ? [`and ${differing.length - TOLD} more places`] : [])],
      curves: [
        { label: 'other', values: expected.fixed.curve.max, verdict: expected.verdict.fixed },
        { label: 'run', values: run.fixed.curve.max, verdict: run.verdict.fixed },
      ],
      advice: false,
    }),
  };
}

const bits = (run: ComparisonRun): object => ({ ...heldSides(run).fixed, curve: run.fixed.curve });

function describe(place: string, { recorded, now, note }: NonNullable<Outcome['moved']>): string {
  const [was, is] = showPair(recorded, now);
  return `${place}: ${was} → ${is}${note === undefined ? '' : ` (${note})`}`;
}
