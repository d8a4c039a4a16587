/** What a sweep came to, on a terminal. */
import { figure, percent } from '../compare/figure.js';
import { VERDICTS } from '../compare/thresholds.js';
import { printable, show } from '../document/show.js';
import { breakLines, colourOf, PLAIN, type Palette } from '../report/terminal.js';
import type { SweepSide } from '../schema/sweep.js';
import type { RankedPoint, SweepResult } from '../schema/sweepResult.js';
import { SWEEP_MEASURES } from './measures.js';

export const SIDE_TITLES = { float: 'float64', fixed: 'fixed' } as const satisfies Record<SweepSide, string>;
const LABEL = 16;
const GAP = 2;
/** Errors shown. */
const ERRORS = 5;
const INDENT = 4;

type Objective = SweepResult['objectives'][number];

/** A number with its thousands apart: `1 000 000`. */
const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
const counted = (value: number, one: string): string => `${grouped(value)} ${one}${value === 1 ? '' : 's'}`;
const same = (text: string): string => text;
/** Words in lines that fit, the first not as far in as the others. */
const paragraph = (parts: Parameters<typeof breakLines>[0], width: number): string[] => breakLines(parts, width - INDENT).map((text, k) => (k === 0 ? '  ' : ' '.repeat(INDENT)) + text);
/** Values of an axis as they were given. */
export const valueText = (value: RankedPoint['values'][number]): string => (typeof value === 'string' ? printable(value, 40) : typeof value === 'number' ? String(value) : show(value));
const measureLabel = ({ measure }: Pick<Objective, 'measure'>): string => (measure === 'survives' ? 'survives' : SWEEP_MEASURES[measure].label);
const sideOf = ({ side }: Pick<Objective, 'side'>): string => SIDE_TITLES[side];
export const figureText = ({ measure }: Objective, value: number | null): string => (measure === 'survives' && value !== null ? percent(value) : figure(value));

/**
 * The whole answer.
 *
 * @param width columns of the terminal; where the best points do not fit side by side with what they are made of, each gets lines of its own
 */
export function renderSweep(result: SweepResult, { width = 110, palette = PLAIN }: { width?: number; palette?: Palette } = {}): string {
  const { sweep, points, runs, failed, objectives, constraints, feasible, best, front, files } = result;
  const part = points === sweep.points ? '' : ` of ${grouped(sweep.points)}`;
  const { first, count } = sweep.seeds;
  const lines = [
    `${palette.bold(printable(sweep.title, 200))} ${palette.dim(`(${printable(sweep.name)})`)}`,
    palette.dim(`${counted(points, 'point')}${part} · ${counted(count, 'seed')}${count > 1 ? `, ${first} to ${first + count - 1}` : ` (${first})`} · ${counted(runs, 'run')} · sweep ${sweep.hash.slice(0, 8)}`),
    '',
    ...verdictLines(result, palette),
  ];
  if (failed > 0) lines.push('', ...errorLines(result, width, palette));
  if (constraints.length > 0) {
    const bounds = constraints.map((bound) => `${targetText(bound)} ${bound.kind === 'atMost' ? '≤' : '≥'} ${bound.limit}`).join(', ');
    lines.push('', ...paragraph([[`${counted(feasible, 'point')} of ${grouped(points)} (${percent(points === 0 ? 0 : feasible / points)}) with ${bounds}`, same]], width));
  }
  if (objectives.length > 0) {
    lines.push('', ...paragraph([['best points:', palette.bold], [objectives.map((objective) => `${objective.goal} ${targetText(objective)}`).join(', then '), same]], width));
    lines.push(...(best.length === 0 ? ['  none: no feasible point has a value for all of them'] : bestLines(result, width, palette)));
    if (front) lines.push('', `  ${front.cut ? `more than ${grouped(front.points.length)} points` : counted(front.points.length, 'point')} on the Pareto front (--json lists ${front.cut ? 'the first' : 'them'})`);
  }
  if (files.length > 0) {
    lines.push('');
    for (const { file, table, bytes } of files) lines.push(palette.dim(`  ${file}: ${table}, ${grouped(bytes)} bytes`));
  }
  return `${lines.join('\n')}\n`;
}

/** `worst fixed final loss`: the median goes without saying. */
export const targetText = (target: Pick<Objective, 'measure' | 'side' | 'statistic'>): string =>
  `${target.statistic === null || target.statistic === 'median' ? '' : `${target.statistic} `}${sideOf(target)} ${measureLabel(target)}`;

/** A row for each verdict that came, a column for each side. */
function verdictLines({ verdicts, runs, failed }: SweepResult, palette: Palette): string[] {
  const sides = (Object.keys(SIDE_TITLES) as SweepSide[]).filter((side) => verdicts[side] !== null);
  const share = (count: number): string => `${grouped(count)} (${percent(runs === 0 ? 0 : count / runs)})`;
  const names = VERDICTS.filter((name) => sides.some((side) => verdicts[side]![name] > 0));
  const column = GAP + Math.max(...sides.map((side) => Math.max(SIDE_TITLES[side].length, ...VERDICTS.map((name) => share(verdicts[side]![name]).length))));
  const head = `  ${' '.repeat(LABEL)}${sides.map((side) => palette.dim(SIDE_TITLES[side].padEnd(column))).join('')}`.trimEnd();
  const rows = names.map((name) => `  ${name.padEnd(LABEL)}${sides.map((side) => {
    const count = verdicts[side]![name];
    const text = share(count).padEnd(column);
    return count === 0 ? text : palette[colourOf[name]](text);
  }).join('')}`.trimEnd());
  return [head, ...rows, ...(failed > 0 ? [`  ${'not run'.padEnd(LABEL)}${palette.red(share(failed))}`] : [])];
}

function errorLines({ errors: { listed, others } }: SweepResult, width: number, palette: Palette): string[] {
  const shown = [...listed].sort((a, b) => b.runs - a.runs).slice(0, ERRORS);
  const left = listed.slice().reduce((sum, { runs }) => sum + runs, others) - shown.reduce((sum, { runs }) => sum + runs, 0);
  return [
    ...shown.flatMap(({ message, runs, first }) => [
      `  ${palette.red(counted(runs, 'run'))}, first ${grouped(first)}:`,
      ...message.split('\n').flatMap((text) => breakLines([[printable(text.trim(), 400), same]], width - INDENT)).map((text) => ' '.repeat(INDENT) + text),
    ]),
    ...(left > 0 ? [`  ${counted(left, 'run')} with other errors`] : []),
  ];
}

/** A table, or a paragraph for each point where that is too wide. */
function bestLines({ axes, objectives, best }: SweepResult, width: number, palette: Palette): string[] {
  const heads = ['point', ...axes.map((path) => printable(path, 60)), ...objectives.map(targetText)];
  const rows = best.map(({ point, values, objectives: figures }) => [String(point), ...values.map(valueText), ...objectives.map((objective, k) => figureText(objective, figures[k]!))]);
  const widths = heads.map((head, k) => GAP + Math.max(...[head, ...rows.map((row) => row[k]!)].map((text) => [...text].length)));
  if (GAP + widths.reduce((sum, column) => sum + column, 0) > width) {
    return rows.flatMap((row) => paragraph(row.map((cell, k) => [`${heads[k]!} ${cell}${k === row.length - 1 ? '' : ','}`, k > axes.length ? palette.green : same]), width));
  }
  const line = (cells: readonly string[]): string => `  ${cells.map((cell, k) => cell + ' '.repeat(widths[k]! - [...cell].length)).join('')}`.trimEnd();
  return [palette.dim(line(heads)), ...rows.map(line)];
}
