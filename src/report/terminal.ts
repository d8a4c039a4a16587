/** The comparison as a table for a terminal: does it survive, why, what to try. */
import { printConcerns } from './concerns.js';
import { apName } from '../format/format.js';
import { figure, percent } from '../compare/figure.js';
import { flagsText } from '../compare/flags.js';
import type { VerdictName } from '../compare/thresholds.js';
import { printable } from '../document/show.js';
import type { Comparison, ComparisonRun, FixedSide, FloatSide } from '../schema/comparison.js';
import { scaleOf, sparkline } from './sparkline.js';

/** Colours of a terminal; plain text where there are none. */
export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Palette = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

const LABEL = 20;
const COLUMN = 21;
const SPARK = 16;
/** Columns before a sentence: `    why  `. */
const INDENT = 9;

/** The colour of a verdict. */
export const colourOf: Record<VerdictName, keyof Palette> = { survives: 'green', degraded: 'yellow', 'dead zone': 'yellow', 'limit cycle': 'red', diverged: 'red' };

interface Row {
  readonly label: string;
  readonly float: (side: FloatSide, run: ComparisonRun) => string;
  readonly fixed: (side: FixedSide, run: ComparisonRun) => string;
}

const both = (label: string, text: (side: FloatSide, run: ComparisonRun) => string): Row => ({ label, float: text, fixed: text });
/** Where there is nothing to say. */
export const NONE = '–';

/** A loss of zero is below the last place of its format. */
function fixedLoss(side: FixedSide): string {
  if (side.finalLoss !== 0) return figure(side.finalLoss);
  const fraction = /_En(\d+)$/.exec(side.sites['loss']!.format);
  return fraction ? `< ${figure(2 ** -Number(fraction[1]))}` : '0';
}

/** The site with the largest share of a counter. */
function worst(side: FixedSide, counter: (counts: FixedSide['sites'][string]) => number, skip: readonly string[] = []): string {
  let best: [string, number] | undefined;
  for (const [key, counts] of Object.entries(side.sites)) {
    if (counts.count === 0 || skip.includes(key)) continue;
    const share = counter(counts) / counts.count;
    if (share > (best?.[1] ?? 0)) best = [key, share];
  }
  return best ? `${percent(best[1])} ${best[0].replace(/^layer0\./, '')}` : '0 %';
}

const alpha = ({ alpha: values }: FloatSide): string =>
  values === null ? '1 (off)' : [values.first, values.median, values.last].map(figure).filter((text, i, all) => text !== all[i - 1]).join(' → ');

const ROWS: readonly Row[] = [
  { label: 'final loss', float: (side) => figure(side.finalLoss), fixed: fixedLoss },
  both('worst loss', (side) => `${figure(side.maxLoss)} at ${side.maxLossAt}`),
  both('mean loss', (side) => figure(side.meanLoss)),
  both('diverged at step', (side) => (side.divergedAt === null ? NONE : String(side.divergedAt))),
  both('weight error', (side, run) => (side.weightError === null && run.float.finite ? NONE : figure(side.weightError))),
  both('throttle α', alpha),
  { label: 'rail pressure', float: () => NONE, fixed: (side) => worst(side, ({ overflowHigh, overflowLow }) => overflowHigh + overflowLow) },
  { label: 'underflow', float: () => NONE, fixed: (side) => worst(side, ({ underflow }) => underflow, ['loss']) },
  both('steps stalled', (side) => percent(side.stalledSteps / side.steps)),
];

const ENTROPY: Row = both('cross-entropy', ({ crossEntropy }) => figure(crossEntropy ?? null));
const REJECTED: Row = both('steps taken back', (side) => percent(side.rejectedSteps / side.steps));
const EVENTS: Row = both('anchor let go', (side) => (side.events === 0 ? 'never' : `${side.events}×, step ${side.eventSteps.slice(0, 2).join(', ')}${side.events > 2 ? ', …' : ''}`));

/** Cuts text to a width; what is left out shows as an ellipsis. */
const fit = (text: string, width: number): string => ([...text].length <= width ? text.padEnd(width + text.length - [...text].length) : `${[...text].slice(0, width - 1).join('')}…`);

/**
 * The whole first screen.
 *
 * @param comparison what `compare` gave
 * @param options how it is shown
 * @param options.width columns of the terminal; runs that do not fit side by side follow below one another
 * @param options.wrap columns at which sentences are broken; default never. Commands are left whole, so that they can be pasted
 * @param options.program how the user called the tool, for commands that can be pasted
 */
export function renderComparison(
  comparison: Comparison, { width = 110, wrap = Infinity, palette = PLAIN, program = 'qrails' }: { width?: number; wrap?: number; palette?: Palette; program?: string } = {},
): string {
  const { plan, runs } = comparison;
  const first = runs[0]!;
  const format = (key: string): string => {
    const match = /^([us])fix(\d+)(?:_(En|E)(\d+))?$/.exec(first.fixed.sites[key]!.format)!;
    return apName({ signed: match[1] === 's', wordLength: Number(match[2]), fractionLength: match[4] === undefined ? 0 : Number(match[4]) * (match[3] === 'En' ? 1 : -1) });
  };
  const lines = [
    `${palette.bold(printable(plan.title, 200))} ${palette.dim(`(${plan.experiment})`)}`,
    palette.dim(`${plan.steps} steps, stress from step ${plan.stressFrom} · seed ${plan.seed} · plan ${plan.hash.slice(0, 8)}`),
    palette.dim(`target ${plan.profile} · weight ${format('layer0.weight')} · accumulator ${format('layer0.accumulator')} · sensor ${plan.sensor}${supervisorText(plan)}`),
  ];
  const perLine = Math.max(1, Math.floor((width - LABEL) / (2 * COLUMN)));
  const range = scaleOf(runs.map(({ float }) => float.curve.max), runs.map(({ fixed }) => fixed.curve.max));
  const supervised = plan.supervisor !== 'none';
  const [loss, ...others] = ROWS;
  const rows = [loss!, ...(first.float.crossEntropy === undefined ? [] : [ENTROPY]), ...others, ...(runs.some(({ anchor }) => anchor === 'event') ? [EVENTS] : []), ...(supervised ? [REJECTED] : [])];
  for (let at = 0; at < runs.length; at += perLine) {
    const group = runs.slice(at, at + perLine);
    const line = (label: string, cells: (run: ComparisonRun) => [string, string], paint: (text: string, cell: string) => string = (text) => text): void => {
      lines.push(`  ${label.padEnd(LABEL - 2)}${group.flatMap((run) => cells(run).map((cell) => paint(fit(cell, COLUMN - 1), cell) + ' ')).join('')}`.trimEnd());
    };
    lines.push('');
    lines.push(`${' '.repeat(LABEL)}${group.map((run) => palette.bold(fit(heading(run), 2 * COLUMN - 1))).join(' ')}`.trimEnd());
    line('', () => ['float64', 'fixed'], palette.dim);
    for (const row of rows) line(row.label, (run) => [row.float(run.float, run), row.fixed(run.fixed, run)]);
    line('loss, log scale', (run) => [sparkline(run.float.curve.max, SPARK, range), sparkline(run.fixed.curve.max, SPARK, range)]);
    line('verdict', ({ verdict }) => [verdict.float, verdict.fixed], (text, cell) => palette[colourOf[cell as VerdictName]](palette.bold(text)));
  }
  for (const run of runs) {
    const { flags, verdict: { why, try: tries } } = run;
    if (why.length + tries.length === 0 && !flags) continue;
    lines.push('', `  ${palette.bold(heading(run))}`);
    const sentence = (label: string, parts: readonly (readonly [string, (text: string) => string])[]): void => {
      const [start, ...rest] = breakLines(parts, wrap - INDENT);
      lines.push(`    ${label}  ${start!}`, ...rest.map((line) => ' '.repeat(INDENT) + line));
    };
    for (const text of why) sentence(palette.bold('why'), [[text, same]]);
    if (flags) sentence(palette.bold('flags'), [[`fixed: ${flagsText(flags)}`, same]]);
    for (const { why: cause, effect, command } of tries) {
      sentence(palette.cyan('try'), [[`${cause}:`, same], [effect, palette.green]]);
      lines.push(`${' '.repeat(INDENT + 2)}${program}${printable(command.slice('qrails'.length), Infinity)}`);
    }
  }
  const noted = printConcerns(comparison.concerns, wrap - INDENT);
  if (noted.length > 0) lines.push('');
  for (const line of noted) lines.push(line.startsWith('  ') ? `${' '.repeat(INDENT)}${line.trimStart()}` : `    ${palette.yellow('note')} ${line}`);
  return `${lines.join('\n')}\n`;
}

/** Words of texts with a colour each, in lines of at most `width` columns where words allow it. */
export function breakLines(parts: readonly (readonly [string, (text: string) => string])[], width: number): string[] {
  const lines: string[] = [];
  let used = 0;
  for (const [text, paint] of parts) {
    for (const word of text.split(' ')) {
      const length = [...word].length;
      if (lines.length === 0 || used + 1 + length > width) {
        lines.push(paint(word));
        used = length;
      } else {
        lines[lines.length - 1] += ` ${paint(word)}`;
        used += 1 + length;
      }
    }
  }
  return lines;
}

/** What takes steps back, as the end of a line; nothing where nothing does. */
export const supervisorText = ({ supervisor }: Pick<Comparison['plan'], 'supervisor'>): string => (supervisor === 'none' ? '' : ` · supervisor ${supervisor}`);

/** A run by its controllers. */
export function heading({ throttle, anchor }: ComparisonRun): string {
  const controllers = [throttle === 'none' ? 'no throttle' : `throttle ${throttle}`, ...(anchor === 'none' ? [] : [`anchor ${anchor}`])];
  return controllers.join(', ');
}
