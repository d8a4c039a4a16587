/** A comparison over many seeds as text: medians with intervals, shares of verdicts, controllers against the first; and its values as CSV. */
import { LEVEL } from '../compare/bootstrap.js';
import { figure, percent } from '../compare/figure.js';
import { SEED_MEASURE_NAMES, SEED_MEASURES, type SeedMeasureName } from '../compare/seedsMeasures.js';
import { VERDICTS } from '../compare/thresholds.js';
import { printable } from '../document/show.js';
import type { PairedSide, SeedComparison, SeedMedian, SeedRun, SeedShare } from '../schema/seeds.js';
import { breakLines, colourOf, NONE, PLAIN, supervisorText, type Palette } from './terminal.js';

const SIDES = { float: 'float64', fixed: 'fixed' } as const;
type Side = keyof typeof SIDES;
const SIDE_NAMES = Object.keys(SIDES) as Side[];

const LABEL = 20;
const GAP = 2;
/** Coverage may be this much below its level unremarked. */
const TOLERATED = 0.02;
/** Columns before a sentence. */
const INDENT = 13;

const interval = ({ median, low, high }: SeedMedian, text = figure): string => `${text(median)} (${text(low)} … ${text(high)})`;
/** Ratios near 1 need more digits than losses. */
const ratioText = (ratio: number | null): string => (ratio !== null && ratio >= 0.1 && ratio < 10 ? String(Number(ratio.toPrecision(4))) : figure(ratio));
const shareText = ({ share, low, high }: Omit<SeedShare, 'count'>): string => `${percent(share)} (${percent(low)} … ${percent(high)})`;
const measureText = (name: SeedMeasureName) => (value: number | null): string => (name === 'stalledShare' && value !== null ? percent(value) : figure(value));

/** A run by its controllers. */
function controllers({ throttle, anchor }: Pick<SeedRun, 'throttle' | 'anchor'>): string {
  return [throttle === 'none' ? 'no throttle' : `throttle ${throttle}`, ...(anchor === 'none' ? [] : [`anchor ${anchor}`])].join(', ');
}

interface Row {
  readonly label: string;
  readonly cell: (run: SeedRun, side: Side) => string;
  readonly colour?: keyof Palette;
}

/** Rows of the table; verdicts that never came are left out. */
function rowsOf(runs: readonly SeedRun[]): Row[] {
  const measures = SEED_MEASURE_NAMES.map((name): Row => ({
    label: SEED_MEASURES[name].label,
    cell: (run, side) => {
      const median = run[side].medians[name];
      return median ? interval(median, measureText(name)) : NONE;
    },
  }));
  const ratio: Row = { label: 'fixed over float', cell: (run, side) => (side === 'fixed' ? interval(run.lossRatio, ratioText) : NONE) };
  const verdicts = VERDICTS.filter((name) => runs.some((run) => SIDE_NAMES.some((side) => run[side].verdicts[name].count > 0)));
  return [...measures, ratio, ...verdicts.map((name): Row => ({ label: name, colour: colourOf[name], cell: (run, side) => shareText(run[side].verdicts[name]) }))];
}

/**
 * The whole answer.
 *
 * @param width columns of the terminal; what does not fit side by side follows below
 * @param wrap columns at which sentences are broken; default never
 */
export function renderSeeds(comparison: SeedComparison, { width = 110, wrap = Infinity, palette = PLAIN }: { width?: number; wrap?: number; palette?: Palette } = {}): string {
  const { plan, runs, against, bootstrap } = comparison;
  const level = percent(LEVEL);
  const lines = [
    `${palette.bold(printable(plan.title, 200))} ${palette.dim(`(${plan.experiment})`)}`,
    palette.dim(`${plan.seeds} seeds, ${plan.first} to ${plan.first + plan.seeds - 1}, each draws ${plan.drawn.join(', ')} · ${plan.steps} steps, stress from step ${plan.stressFrom} · plans ${plan.hash.slice(0, 8)}`),
    palette.dim(`target ${plan.profile} · sensor ${plan.sensor}${supervisorText(plan)}`),
    palette.dim(`median (${level} interval) over the seeds; a run that diverged counts as ∞`),
  ];
  if (bootstrap.coverage < LEVEL - TOLERATED) lines.push(palette.yellow(`so few seeds are not enough for ${level}: these intervals hold the median in ${plan.seeds % 2 === 0 ? 'at least ' : ''}${percent(bootstrap.coverage)} of the cases`));
  lines.push(...tabulated(runs, width, palette));
  for (const { throttle, anchor, ...sides } of against) {
    lines.push('', `  ${palette.bold(controllers({ throttle, anchor }))} against ${controllers(runs[0]!)}, seed by seed`);
    for (const side of SIDE_NAMES) {
      const [start = '', ...rest] = breakLines([[pairedText(sides[side], plan.seeds), (text) => text]], wrap - INDENT);
      lines.push(`    ${palette.dim(SIDES[side].padEnd(INDENT - 4))}${start}`, ...rest.map((line) => ' '.repeat(INDENT) + line));
    }
  }
  return `${lines.join('\n')}\n`;
}

function pairedText({ ratio, better, ties, betterShare, signTest }: PairedSide, seeds: number): string {
  const tied = ties > 0 ? `, equal in ${ties}` : '';
  return `final loss × ${interval(ratio, ratioText)}; lower in ${better} of ${seeds} seeds${tied}: ${shareText(betterShare)}, sign test p ${figure(signTest)}`;
}

/** One column for each side of each run, as many side by side as fit. */
function tabulated(runs: readonly SeedRun[], width: number, palette: Palette): string[] {
  const rows = rowsOf(runs);
  const columns = runs.flatMap((run) => SIDE_NAMES.map((side) => ({ run, side, cells: rows.map(({ cell }) => cell(run, side)) })));
  const column = GAP + Math.max(...columns.flatMap(({ run, cells }) => [Math.ceil(controllers(run).length / SIDE_NAMES.length), ...cells.map((cell) => [...cell].length)]));
  const fitting = Math.max(1, Math.floor((width - LABEL + GAP) / column));
  const perLine = fitting > 1 ? fitting - (fitting % SIDE_NAMES.length) : 1;
  const lines: string[] = [];
  for (let at = 0; at < columns.length; at += perLine) {
    const group = columns.slice(at, at + perLine);
    const pad = (text: string, span = 1): string => text + ' '.repeat(Math.max(0, span * column - [...text].length));
    const heads = perLine === 1 ? group : group.filter((_, index) => index % SIDE_NAMES.length === 0);
    lines.push('', `${' '.repeat(LABEL)}${heads.map(({ run }) => palette.bold(pad(controllers(run), SIDE_NAMES.length))).join('')}`.trimEnd());
    lines.push(`${' '.repeat(LABEL)}${group.map(({ side }) => palette.dim(pad(SIDES[side]))).join('')}`.trimEnd());
    for (const [index, { label, colour }] of rows.entries()) {
      const paint = (text: string, cell: string): string => (colour === undefined || cell.startsWith('0 %') ? text : palette[colour](text));
      lines.push(`  ${label.padEnd(LABEL - 2)}${group.map(({ cells }) => paint(pad(cells[index]!), cells[index]!)).join('')}`.trimEnd());
    }
  }
  return lines;
}

/** The values of every seed, run and side, one row each. Names are ours and need no quotes; what is not finite is empty. */
export function* seedsCsv({ plan, runs }: SeedComparison): Generator<string, void, void> {
  yield `${['seed', 'throttle', 'anchor', 'side', 'verdict', ...SEED_MEASURE_NAMES, 'planHash'].join(',')}\n`;
  for (let index = 0; index < plan.seeds; index++) {
    for (const run of runs) {
      for (const side of SIDE_NAMES) {
        const { values } = run[side];
        yield `${[plan.first + index, run.throttle, run.anchor, side, values.verdict[index], ...SEED_MEASURE_NAMES.map((name) => values[name][index] ?? ''), run.planHashes[index]].join(',')}\n`;
      }
    }
  }
}
