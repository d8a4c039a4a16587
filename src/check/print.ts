/** A check as text: what moved, from what to what, and what was allowed. */
import { printable } from '../document/show.js';
import type { Check, Moved, Value } from '../schema/check.js';
import { alignColumns } from './columns.js';

export type Paint = (style: 'passed' | 'failed' | 'quiet', text: string) => string;

export interface PrintOptions {
  /** Colours text; default none. */
  readonly paint?: Paint;
  /** Rows shown of each run, failed ones first; default 20. */
  readonly rows?: number;
}

const ROWS = 20;
const HEADINGS = ['metric', 'recorded', 'now', 'allowed', ''] as const;
/** Columns whose numbers are read from the right. */
const RIGHT: readonly number[] = [1, 2];

/**
 * A check as plain text, ending in a line feed.
 *
 * @example process.stdout.write(checkText(await checkBaseline(baseline, { directory })));
 */
export function checkText(check: Check, { paint = (_, text) => text, rows: limit = ROWS }: PrintOptions = {}): string {
  const failed = check.rows.filter(({ passed }) => !passed);
  const moved = check.rows.length - failed.length;
  const lines = [headline(check, failed.length, moved, paint)];
  if (check.changes.length > 0) lines.push('', 'changed', ...check.changes.map((change) => `  ${printable(change, 300)}`));

  const shown: Moved[] = [];
  for (const run of new Set(check.rows.map(runName))) {
    const rows = [...failed, ...check.rows.filter(({ passed }) => passed)].filter((row) => runName(row) === run);
    lines.push('', run, ...table(rows.slice(0, limit), paint));
    if (rows.length > limit) lines.push(paint('quiet', `  and ${count(rows.length - limit, 'row')} more: the JSON output has all of them`));
    shown.push(...rows.slice(0, limit));
  }
  const whys = new Set(shown.filter(({ passed, why }) => !passed && why !== undefined).map(reason));
  if (whys.size > 0) lines.push('', 'what is allowed, and why', ...[...whys].map((why) => `  ${why}`));
  return `${lines.join('\n')}\n`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
/** What a failed row was held to; one reason holds all values of a side. */
const reason = ({ heldBy, metric, why }: Moved): string => `${heldBy === 'bound' ? metric : `${heldBy}.*`}  ${printable(why!, 1000)}`;
const runName = ({ throttle, anchor }: Moved): string => `throttle ${printable(throttle)}, anchor ${printable(anchor)}`;

function headline({ held, comparison }: Check, failed: number, moved: number, paint: Paint): string {
  const values = `${count(held, 'value')} held`;
  const within = moved === 0 ? '' : `, ${moved} moved and allowed to`;
  if (failed > 0) return `${paint('failed', 'failed')}  ${values}, ${failed} moved too far${within}`;
  if (moved > 0) return `${paint('passed', 'passed')}  ${values}${within}`;
  return `${paint('passed', 'passed')}  ${values}, none moved${comparison.recorded === comparison.now ? '; the comparison is the recorded one' : ''}`;
}

function table(rows: readonly Moved[], paint: Paint): string[] {
  const cells = rows.map((row) => {
    const [recorded, now] = showPair(row.recorded, row.now);
    return [printable(row.metric, 100), recorded, now, row.allowed, row.passed ? 'ok' : 'FAILED'];
  });
  const [headings, ...lines] = alignColumns([HEADINGS, ...cells], RIGHT);
  return [
    paint('quiet', `  ${headings!.trimEnd()}`),
    ...rows.map(({ passed, note }, index) => {
      const text = `  ${lines[index]!}${note === undefined ? '' : `  ${printable(note, 200)}`}`.trimEnd();
      return paint(passed ? 'quiet' : 'failed', text);
    }),
  ];
}

/** Two values with as few digits as show that they differ, at least four. */
export function showPair(recorded: Value, now: Value): [string, string] {
  for (let digits = 4; digits < 17; digits++) {
    const texts = [showValue(recorded, digits), showValue(now, digits)] as const;
    if (texts[0] !== texts[1]) return [...texts];
  }
  return [showValue(recorded, 17), showValue(now, 17)];
}

/** A recorded value, a number with so many digits; a hash is cut to eight. */
export function showValue(value: Value, digits: number): string {
  if (value === null) return 'none';
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(digits)));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return /^[0-9a-f]{64}$/.test(value) ? value.slice(0, 8) : printable(value);
}
