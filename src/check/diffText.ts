/** The difference of two baselines as text: what of the plan changed, what moved with it, and how much of what is allowed that takes up. */
import { figure } from '../compare/figure.js';
import { printable } from '../document/show.js';
import type { BaselineDiff, Change, Difference } from '../schema/baselineViews.js';
import { alignColumns } from './columns.js';
import { showOrNone } from './planSummary.js';
import { showPair } from './print.js';

/** Lines shown of each list; another target changes every site of a plan. */
const TOLD = 40;
const HEADINGS = ['metric', 'a', 'b', 'change', 'allowed', 'used'] as const;
/** Columns whose numbers are read from the right. */
const RIGHT: readonly number[] = [1, 2, 3, 5];

/**
 * A difference as plain text, ending in a line feed.
 *
 * @param a what the first baseline is called
 * @param b what the second is called
 * @example process.stdout.write(diffText(diffBaselines(before, after), 'before.json', 'after.json'));
 */
export function diffText(diff: BaselineDiff, a: string, b: string): string {
  const lines = [`${printable(a, 400)} → ${printable(b, 400)}`, headline(diff)];
  const list = (title: string, entries: readonly Difference[]): void => {
    if (entries.length > 0) lines.push('', title, ...cut(differenceLines(entries)));
  };
  list('documents and options', diff.documents);
  list('plan', diff.plan);
  list('requirements', diff.requirements);
  for (const { throttle, anchor, planHash, plan, requirements, changes } of diff.runs) {
    const only = planHash.a === null ? b : planHash.b === null ? a : undefined;
    if (only === undefined && plan.length + requirements.length + changes.length === 0) continue;
    lines.push('', `throttle ${throttle}, anchor ${anchor}`);
    if (only !== undefined) lines.push(`  only in ${printable(only, 400)}`);
    lines.push(...cut(differenceLines([...plan.map(({ at, ...values }) => ({ at: `plan.${at}`, ...values })), ...requirements])));
    if (changes.length > 0) lines.push(...cut(changeLines(changes), TOLD + 1));
  }
  return `${lines.join('\n')}\n`;
}

function headline({ equal, plan, runs }: BaselineDiff): string {
  if (equal) return 'no difference';
  const changes = runs.flatMap((run) => run.changes);
  const fields = plan.length + runs.reduce((sum, run) => sum + run.plan.length, 0);
  const past = changes.filter(({ used }) => used !== null && used > 1).length;
  const moved = `${count(changes.length, 'value')} moved${past > 0 ? `, ${past} past what a allows` : ''}`;
  if (fields > 0) return `${moved}; ${count(fields, 'field')} of the plan changed`;
  return `${moved}; no field of the plan changed${changes.length > 0 ? ', so what moved is the arithmetic, what is recorded, or a file that was edited' : ''}`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

const differenceLines = (entries: readonly Difference[]): string[] =>
  alignColumns(entries.map(({ at, a, b }) => [`  ${printable(at, 100)}`, `${printable(showOrNone(a), 200)} → ${printable(showOrNone(b), 200)}`]))
    .map((line) => line.trimEnd());

function changeLines(changes: readonly Change[]): string[] {
  const cells = changes.map(({ metric, a, b, change, share, allowed, used }) => {
    const by = share !== null ? signed(share * 100, ' %') : change === null ? '' : signed(change, '');
    return [`  ${printable(metric, 100)}`, ...showPair(a, b), by, allowed, used === null ? '' : `${figure(used * 100)} %`];
  });
  return alignColumns([[`  ${HEADINGS[0]}`, ...HEADINGS.slice(1)], ...cells], RIGHT).map((line, index) => {
    const note = changes[index - 1]?.note; // line 0 is the headings
    return `${line}${note === undefined ? '' : `  ${printable(note, 200)}`}`.trimEnd();
  });
}

const signed = (value: number, unit: string): string => `${value > 0 ? '+' : ''}${figure(value)}${unit}`;

function cut(lines: readonly string[], most = TOLD): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `  and ${lines.length - most} more: the JSON output has all of them`];
}
