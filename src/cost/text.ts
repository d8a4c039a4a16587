/** The costs of a step as text: a row for each part of it, the widths that cost more than one pass, memory, and which controllers a target can afford. */
import { printable } from '../document/show.js';
import { counted } from '../plan/concernsExact.js';
import { breakLines, NONE, PLAIN, type Palette } from '../report/terminal.js';
import { PHASES, type Cost, type CostReport, type Measured, type Operations } from '../schema/cost.js';

/** Heads of the columns of operations. */
const HEADS: Record<keyof Operations, string> = {
  multiplications: 'multiply', additions: 'add', comparisons: 'compare', divisions: 'divide', roots: 'root', quantisations: 'round',
};
const NAMES = Object.keys(HEADS) as (keyof Operations)[];
const GAP = 2;
const INDENT = 4;

interface TextOptions {
  /** Columns at which sentences are broken; default never. */
  readonly wrap?: number;
  readonly palette?: Palette;
}

const number = (value: number | null): string => (value === null ? NONE : value === 0 ? '·' : String(value));

/** Rows in columns, the first to the left and the rest to the right; the first row is the head. */
function table(rows: readonly (readonly string[])[], palette: Palette, left = 1): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  const pad = (text: string, column: number): string => {
    const blanks = ' '.repeat(widths[column]! - [...text].length);
    return column < left ? text + blanks : blanks + text;
  };
  return rows.map((row, index) => {
    const line = `${' '.repeat(GAP)}${row.map(pad).join(' '.repeat(GAP))}`.trimEnd();
    return index === 0 ? palette.dim(line) : line;
  });
}

/**
 * The whole answer.
 *
 * @example renderCost(await costReport({ profiles: ['avr-q7'] }))
 */
export function renderCost(report: CostReport, { wrap = Infinity, palette = PLAIN }: TextOptions = {}): string {
  const lines = [`${palette.bold(printable(report.title, 200))} ${palette.dim(`(${report.experiment}), throttle ${report.throttle}, anchor ${report.anchor}${report.supervisor === 'none' ? '' : `, supervisor ${report.supervisor}`}`)}`];
  for (const { target, refused, cost, controllers, measured, notMeasured } of report.targets) {
    lines.push('');
    if (!cost) {
      lines.push(`${palette.bold(printable(target))}: ${palette.yellow(printable(`refused: ${refused!.where === undefined ? '' : `${refused!.where}: `}${refused!.message}`, Infinity))}`);
      continue;
    }
    lines.push(
      `${palette.bold(printable(target))} ${palette.dim(`plan ${cost.planHash.slice(0, 8)}: a step of ${counted(cost.batch, 'sample')}, ${counted(cost.parameters, 'parameter')}, in the steady state`)}`, '',
      ...phaseTable(cost, palette), '', ...widthTable(cost, palette), '', ...memoryTable(cost, palette), '', ...controllerTable(controllers, palette, wrap),
    );
    if (measured && measured.length > 0) lines.push('', ...measuredTable(measured, palette));
    if (notMeasured) lines.push(...notMeasured.map((text) => `  ${palette.yellow('not measured')} ${printable(text, Infinity)}`));
  }
  return `${lines.join('\n')}\n`;
}

function phaseTable(cost: Cost, palette: Palette): string[] {
  const row = (name: string, operations: Operations): string[] => [name, ...NAMES.map((key) => number(operations[key]))];
  const used = PHASES.filter((phase) => NAMES.some((key) => cost.phases[phase][key] > 0));
  return table([['operations', ...NAMES.map((key) => HEADS[key])], ...used.map((phase) => row(phase, cost.phases[phase])), row('a step', cost.total)], palette);
}

/** Products by their widths, alike ones of all layers together, then sums. */
function widthTable({ products, sums, divisions, hardware, passes }: Cost, palette: Palette): string[] {
  const merged = new Map<string, { what: string; operands: string; bits: number; count: number; passes: number | null }>();
  for (const { what, operands, bits, count, passes: each, when } of products) {
    if (when !== 'step') continue;
    const key = `${what} ${operands.join()}`;
    const known = merged.get(key);
    merged.set(key, { what, operands: operands.join(' × '), bits, count: count + (known?.count ?? 0), passes: each });
  }
  const multiplier = hardware?.multiplier && `${hardware.multiplier.operands.join(' × ')} → ${hardware.multiplier.product}`;
  const rows = [
    ['product', 'bits', 'exact', 'count', multiplier ? `passes of ${multiplier}` : 'passes'],
    ...[...merged.values()].map((product) => [product.what, product.operands, String(product.bits), String(product.count), number(product.passes)]),
    ...(passes === null ? [] : [['all products', '', '', '', String(passes)]]),
  ];
  const accumulator = hardware?.accumulator && `registers of ${hardware.accumulator.wordLength}`;
  const sumRows = [['sum', 'terms', 'bits', accumulator ?? 'registers'], ...sums.map(({ site, terms, bits, registers }) => [site, String(terms), String(bits), number(registers)])];
  const divisionRows = [['division', 'count', 'numerator', 'divisor'], ...divisions.map(({ site, count, numerator, divisor }) => [site, String(count), `${numerator} bits`, `${divisor} bits`])];
  return [...table(rows, palette), '', ...table(sumRows, palette), ...(divisions.length > 0 ? ['', ...table(divisionRows, palette)] : [])];
}

function memoryTable({ memory }: Cost, palette: Palette): string[] {
  const fields = [...memory.state, ...memory.working].filter(({ values }) => values > 0);
  return [
    ...table([
      ['memory', 'values', 'bits', 'bytes'],
      ...fields.map(({ name, values, bits, bytes }) => [name, String(values), String(bits), String(bytes)]),
      ['RAM', '', String(memory.ram.bits), String(memory.ram.bytes)],
      ...memory.tables.map(({ name, entries, bits, bytes }) => [name, String(entries), String(bits), String(bytes)]),
      ['flash: initial parameters, tables', '', String(memory.flash.bits), String(memory.flash.bytes)],
    ], palette),
  ];
}

function controllerTable(controllers: CostReport['targets'][number]['controllers'], palette: Palette, wrap: number): string[] {
  const head = ['controller', ...NAMES.map((key) => HEADS[key]), 'passes', 'RAM', 'table', ''];
  const rows = controllers.map(({ extra, affordable, ...choice }) => [
    controllerName(choice),
    ...(extra ? [...NAMES.map((key) => number(extra[key])), number(extra.passes), number(extra.ramBytes), number(extra.tableBits)] : Array<string>(NAMES.length + 3).fill(NONE)),
    affordable ? 'yes' : 'no',
  ]);
  const [title, ...lines] = table([head, ...rows], palette);
  const indent = ' '.repeat(INDENT + GAP);
  return [
    palette.dim('  each beside a learner with none, several cost about their sum: operations a step, multiplier passes, bytes of RAM, bits of table; affordable'), title!,
    ...lines.flatMap((line, index) => {
      const { why, affordable } = controllers[index]!;
      const paint = affordable ? palette.dim : palette.yellow;
      return [line, ...why.flatMap((text) => breakLines([[printable(text, Infinity), paint]], wrap - indent.length).map((part) => indent + part))];
    }),
  ];
}

/** `throttle gt0/secant`, `anchor ema`. */
function controllerName(choice: Pick<CostReport['targets'][number]['controllers'][number], 'throttle' | 'anchor' | 'supervisor'>): string {
  const own = (['throttle', 'anchor', 'supervisor'] as const).filter((kind) => choice[kind] !== 'none');
  return own.length === 0 ? 'none' : own.map((kind) => `${kind} ${choice[kind]}`).join(', ');
}

const measuredTable = (measured: readonly Measured[], palette: Palette): string[] => table([
  ['measured', 'on', 'code', 'state', 'a step'],
  ...measured.map(({ cpu, emulator, code, stateBytes, steps, unit }) => [cpu, emulator, `${code.text + code.data} bytes`, `${stateBytes} bytes`, `${[...new Set(steps)].join(', ')} ${unit}`]),
], palette, 2);
