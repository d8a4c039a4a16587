/** A map on a terminal: a panel of blocks for each throttle, two rows of cells a line. */
import { figure, percent } from '../compare/figure.js';
import { printable } from '../document/show.js';
import { PLAIN, supervisorText, type Palette } from '../report/terminal.js';
import type { MapThrottle, StabilityMap } from '../schema/map.js';

/** Cells across and up that are shown; of a finer map evenly spread ones. */
const MOST_ACROSS = 48;
const MOST_UP = 48;
const GAP = 4;
/** Characters before a panel: the label of its rows. */
const LABEL = 8;

/** A line in plain text, and as it is shown. */
interface Line {
  readonly plain: string;
  readonly shown: string;
}

/** Evenly spread indices, first and last among them. */
function sampled(length: number, most: number): number[] {
  const count = Math.min(length, most);
  return Array.from({ length: count }, (_, k) => Math.round((k * (length - 1)) / (count - 1)));
}

/** The whole answer. */
export function renderMap(map: StabilityMap, { width = 110, palette = PLAIN }: { width?: number; palette?: Palette } = {}): string {
  const { plan, x, y, theory, throttles } = map;
  const panels = throttles.map((throttle) => panel(map, throttle, palette));
  const widest = Math.max(...panels.flat().map(({ plain }) => plain.length));
  const perRow = Math.max(1, Math.floor((width + GAP) / (widest + GAP)));
  const lines = [
    palette.bold(`${printable(plan.title, 200)} (${printable(plan.experiment)})`),
    `${map.numbers === 'float64' ? 'float64' : `target ${printable(plan.profile)}`} · sensor ${printable(plan.sensor)} · anchor ${plan.anchor}${supervisorText(plan)} · ${plan.steps} steps · seed ${plan.seed} · plans ${plan.hash.slice(0, 8)}`,
    `across ${printable(x.path)}, up ${printable(y.path)}: ${x.values.length} × ${y.values.length} cells`,
    '',
  ];
  for (let first = 0; first < panels.length; first += perRow) {
    const row = panels.slice(first, first + perRow);
    const height = Math.max(...row.map(({ length }) => length));
    for (let line = 0; line < height; line++) {
      lines.push(row.map((one) => {
        const { plain, shown } = one[line] ?? { plain: '', shown: '' };
        return shown + ' '.repeat(widest - plain.length + GAP);
      }).join('').trimEnd());
    }
    lines.push('');
  }
  const has = (state: string): boolean => throttles.some(({ cells }) => cells.some((cell) => cell.state === state));
  lines.push(`  █ diverged: a loss above ${plan.divergedLoss} or not finite`);
  if (has('stalled')) lines.push('  o stalled: nothing moves, though there is loss left to learn');
  if (has('refused')) lines.push('  ? refused by the target');
  lines.push('  · stable');
  if (theory) lines.push(`  / theory without a controller: learning rate × largest eigenvalue reaches ${theory.limit} (${percent(theory.share)} of the cells are above)`);
  for (const { name, refusal } of throttles) if (refusal !== null) lines.push('', `  ${name}: refused, first because`, ...refusal.split('\n').map((text) => `    ${printable(text, 200)}`));
  return `${lines.join('\n')}\n`;
}

function panel({ x, y, theory }: StabilityMap, { name, divergedShare, stalledShare, refusedShare, cells, draws }: MapThrottle, palette: Palette): Line[] {
  const [nx, ny] = [x.values.length, y.values.length];
  const columns = sampled(nx, MOST_ACROSS);
  const rows = sampled(ny, MOST_UP).reverse();
  const line = (plain: string, paint: (text: string) => string = (text) => text): Line => ({ plain, shown: paint(plain) });
  const shares = `${percent(divergedShare)} diverged, ${percent(stalledShare)} stalled${refusedShare > 0 ? `, ${percent(refusedShare)} refused` : ''}`;
  const spread = draws && `${draws.count} draws: ${percent(draws.divergedShare.mean)} diverged (${percent(draws.divergedShare.min)} to ${percent(draws.divergedShare.max)})`;
  const state = (row: number, column: number): string => cells[row * nx + column]!.state;
  /** The last cell below the limit, seen to the right or upwards. */
  const onLine = (row: number, column: number): boolean => {
    if (!theory) return false;
    const { margins, limit } = theory;
    const above = (r: number, c: number): boolean => (margins[r]?.[c] ?? 0) > limit;
    return !above(row, column) && (above(row + 1, column) || above(row, column + 1));
  };
  const lines: Line[] = [line(`${' '.repeat(LABEL)}${name}`, palette.bold), line(`${' '.repeat(LABEL)}${shares}`), ...(spread === null ? [] : [line(`${' '.repeat(LABEL)}${spread}`)])];
  for (let k = 0; k < rows.length; k += 2) {
    const pair = rows.slice(k, k + 2);
    const label = k === 0 ? figure(y.values.at(-1)!) : k + 2 >= rows.length ? figure(y.values[0]!) : '';
    const marks = columns.map((column) => {
      const states = pair.map((row) => state(row, column));
      if (pair.some((row) => onLine(row, column))) return { mark: '/', paint: palette.cyan };
      const [upper, lower = upper] = states.map((one) => one === 'diverged');
      if (upper || lower) return { mark: upper && lower ? '█' : upper ? '▀' : '▄', paint: palette.red };
      if (states.includes('refused')) return { mark: '?', paint: palette.dim };
      return states.includes('stalled') ? { mark: 'o', paint: palette.yellow } : { mark: '·', paint: palette.dim };
    });
    const head = `${label.padStart(LABEL - 1)} `;
    lines.push({ plain: head + marks.map(({ mark }) => mark).join(''), shown: head + marks.map(({ mark, paint }) => paint(mark)).join('') });
  }
  const [from, to] = [figure(x.values[0]!), figure(x.values.at(-1)!)];
  lines.push(line(`${' '.repeat(LABEL)}${from}${to.padStart(Math.max(to.length + 1, columns.length - from.length))}`));
  return lines;
}
