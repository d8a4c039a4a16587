/** What a matcher says when it fails: which run, what was expected, the losses, why, and what to do. */
import { printable } from '../document/show.js';
import { scaleOf, sparkline } from '../report/sparkline.js';
import type { ComparisonRun } from '../schema/comparison.js';
import type { Named } from './subject.js';

const SPARK = 32;

export interface FailureParts {
  /** `expect(run).not.toSurvive()` */
  readonly call: string;
  readonly expected: string;
  /** One line each; the first is introduced as what was received. */
  readonly received: readonly string[];
  /** Losses that are drawn, by name, on one scale; default those of both sides. */
  readonly curves?: readonly Curve[];
  /** Whether causes and prescriptions are told: not where the run did better than it was expected to. */
  readonly advice?: boolean;
  /** What else to do. */
  readonly last?: readonly string[];
}

export interface Curve {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly verdict: string;
}

/** The whole message, from its first line. */
export function failureText({ run, name }: Named, { call, expected, received, curves = sidesOf(run), advice = true, last = [] }: FailureParts): string {
  const found = received.map((text, index) => `${index === 0 ? '  received  ' : '            '}${text}`);
  const lines = [call, '', name, '', `  expected  ${expected}`, ...found, '', ...draw(curves)];
  if (advice) {
    for (const why of run.verdict.why) lines.push(`  why  ${why}`);
    for (const { why, effect, command } of run.verdict.try) lines.push(`  try  ${why}: ${effect}`, `         npx ${command}`);
  }
  return [...lines, ...last.map((text) => `  ${text}`)].map((line) => printable(line, Infinity).trimEnd()).join('\n');
}

/** `expect(run).not.toSurvive('float')` */
export const callText = (matcher: string, isNot: boolean, ...given: readonly unknown[]): string =>
  `expect(run)${isNot ? '.not' : ''}.${matcher}(${given.filter((value) => value !== undefined).map((value) => JSON.stringify(value)).join(', ')})`;

const sidesOf = ({ float, fixed, verdict }: ComparisonRun): Curve[] => [
  { label: 'float64', values: float.curve.max, verdict: verdict.float },
  { label: 'fixed', values: fixed.curve.max, verdict: verdict.fixed },
];

function draw(curves: readonly Curve[]): string[] {
  const range = scaleOf(curves.slice(0, 1).map(({ values }) => values), curves.slice(1).map(({ values }) => values));
  const width = Math.max(...curves.map(({ label }) => label.length));
  return ['  loss, log scale', ...curves.map(({ label, values, verdict }) => `    ${label.padEnd(width)}  ${sparkline(values, SPARK, range)}  ${verdict}`)];
}
