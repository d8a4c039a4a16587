/** The data path of a profile as a picture in text. */
import { printable } from '../document/show.js';
import { apName, formatName, type Format } from '../format/format.js';
import type { Overflow } from '../format/modes.js';
import { PLAIN, type Palette } from '../report/terminal.js';
import type { FLAG_KINDS, Hardware } from '../schema/profile.js';
import type { DataPath, PathEdge, PathNode } from '../schema/profileViews.js';
import { whenQuantised } from './explainRules.js';

export interface PictureOptions {
  /** Columns that no line exceeds, at least 40; default 80. */
  readonly width?: number;
  /** Characters of ASCII only. */
  readonly ascii?: boolean;
  readonly palette?: Palette;
}

type Tone = 'plain' | 'shift' | 'warning' | 'faint';
interface Remark {
  readonly text: string;
  readonly tone?: Tone;
}

const NO_BREAK = '\u00a0';
const NARROWEST = 40;
const WIDEST = 100;
/** Biases below this share of a last place are not worth a line. */
const SMALL_BIAS = 0.005;

const SYMBOLS: Record<NonNullable<PathNode['operation']>, string> = { multiply: '×', sum: '+', subtract: '−', mean: '÷', squares: 'Σ', root: '√', divide: '÷', average: '+' };

/** What happens to a value that does not fit. */
export const ON_OVERFLOW: Record<Overflow, string> = { SAT: 'saturate', SAT_SYM: 'saturate', SAT_ZERO: 'become 0', WRAP: 'wrap', WRAP_SM: 'wrap', TRAP: 'end the run' };

/** What ASCII has for the signs of the picture and of our own texts. */
const ASCII: Readonly<Record<string, string>> = {
  '┌': '+', '┐': '+', '└': '+', '┘': '+', '┬': '+', '┤': '+', '─': '-', '│': '|', '►': '>', '▼': 'v', '×': 'x', '÷': '/', '−': '-', 'Σ': 'S', '√': 'r', '≫': '>>', '≪': '<<', '·': '*',
  '\u00a0': '\u00a0', '…': '...', '²': '^2', '→': '->', '±': '+-', 'α': 'alpha', 'η': 'eta', 'χ': 'chi', 'ρ': 'rho', 'λ': 'lambda', 'κ': 'kappa', 'θ': 'theta', '⌈': 'ceil(', '⌉': ')', '–': '-', '—': '-', '’': "'",
};

/** Text in ASCII; signs that have no likeness become question marks. */
export const toAscii = (text: string): string => [...text.replaceAll(' · ', ', ')].map((sign) => (sign <= '~' ? sign : (ASCII[sign] ?? '?'))).join('');

/** A number with six digits; with more where six would make 1 out of what is just below it. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(2).replace(/\.?0+e/, 'e');
  const short = [6, 9, 12].map((digits) => Number(value.toPrecision(digits))).find((text) => text === value || !Number.isInteger(text));
  return String(short ?? value);
}

/** `-1 … 0.999969`. */
export const span = ([low, high]: readonly [number, number]): string => `${number(low)} … ${number(high)}`;

/** Last places, with a sign. */
export const signed = (value: number): string => `${value > 0 ? '+' : ''}${Number(value.toPrecision(3))}`;

/** `≫ 15 · TRN`, `≪ 3 · exact`. */
export function shiftText({ rightShift, leftShift, rounding, exact }: Pick<PathEdge, 'rightShift' | 'leftShift' | 'rounding' | 'exact'>): string {
  if (rightShift === null) return `rounded once · ${rounding!}`;
  return `${rightShift > 0 ? `≫${NO_BREAK}${rightShift}` : leftShift > 0 ? `≪${NO_BREAK}${leftShift}` : 'no shift'} · ${exact ? 'exact' : rounding!}`;
}

/** Bias of a rounding in words; undefined where it is too small to matter. */
export function biasText(bias: readonly [number, number]): string | undefined {
  const [below, above] = bias;
  if (Math.max(Math.abs(below), Math.abs(above)) < SMALL_BIAS) return undefined;
  return below === above ? `${signed(below)} last places` : `${signed(below)} last places below 0, ${signed(above)} above`;
}

/**
 * Draws a data path: boxes are stored words, signs between them exact operations, arrows roundings.
 *
 * @returns lines, each at most `width` columns, with a line end behind the last
 * @example process.stdout.write(renderDataPath(explainProfile(profile), { width: 100 }))
 */
export function renderDataPath(path: DataPath, options: PictureOptions = {}): string {
  return new Picture(path, options).draw();
}

/** Words in lines of at most so many columns; a word that is longer is cut into pieces, and a no-break space does not part words. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/[ \n]+/).filter((part) => part !== '')) {
    const signs = [...word];
    for (let at = 0; at < signs.length; at += columns) {
      const piece = signs.slice(at, at + columns).join('');
      const last = lines.at(-1);
      if (at === 0 && last !== undefined && [...last].length + 1 + [...piece].length <= columns) lines[lines.length - 1] = `${last} ${piece}`;
      else lines.push(piece);
    }
  }
  return lines.map((line) => line.replaceAll(NO_BREAK, ' '));
}

class Picture {
  private readonly lines: string[] = [];
  private readonly width: number;
  /** Column of the line that values flow down. */
  private readonly spine: number;
  private readonly palette: Palette;
  private readonly sign: (text: string) => string;
  private readonly nodes: ReadonlyMap<string, PathNode>;

  constructor(private readonly path: DataPath, { width = 80, ascii = false, palette = PLAIN }: PictureOptions) {
    this.width = Math.max(NARROWEST, Math.min(WIDEST, width));
    this.spine = Math.floor(this.width * 0.45);
    this.palette = palette;
    this.sign = ascii ? toAscii : (text) => text;
    this.nodes = new Map(path.nodes.map((node) => [node.id, node]));
  }

  draw(): string {
    const { path } = this;
    const { layers, inputs, batch } = path.dimensions;
    this.paragraph(path.title === path.profile ? path.profile : `${path.profile}: ${path.title}`, '', this.palette.bold);
    this.paragraph(`${layers} ${layers === 1 ? 'layer' : 'layers'} of ${inputs} ${inputs === 1 ? 'input' : 'inputs'}, one output, batch ${batch}. Boxes are stored words, signs between them exact, arrows round. Ranges and reaches are those of full-scale operands.`, '', this.palette.dim);
    const { flags: _flags, ...silicon } = path.hardware ?? {};
    for (const line of [...hardwareLines(silicon), `divider: ${path.divider}`]) this.paragraph(line, '  ', this.palette.dim);
    for (const section of path.sections) this.section(section);
    this.closing();
    return `${this.lines.join('\n')}\n`;
  }

  private section({ title, nodes }: DataPath['sections'][number]): void {
    const heading = this.sign(`── ${title} `);
    this.lines.push('', this.palette.bold(heading + this.sign('─').repeat(Math.max(0, this.width - [...heading].length))));
    let current: string | undefined;
    nodes.forEach((id, index) => {
      const node = this.nodes.get(id)!;
      const more = index < nodes.length - 1 && this.path.edges.some(({ from, to }) => from === id && to === nodes[index + 1]);
      if (node.kind === 'operation') {
        const operands = this.path.edges.filter(({ to, kind }) => to === id && kind === 'operand');
        const main = operands.find(({ from }) => from === current) ?? operands[0]!;
        if (main.from !== current) this.box(this.nodes.get(main.from)!, true);
        this.operation(node, operands.filter((operand) => operand !== main), main);
      } else {
        const arrow = this.path.edges.find(({ to, kind }) => to === id && kind === 'rounding')!;
        this.arrow(arrow);
        this.box(node, more);
      }
      current = id;
    });
  }

  private box(node: PathNode, open: boolean): void {
    const { width } = this;
    const inside = width - 4;
    const title = this.sign(`┌─ ${node.title} `);
    const edge = this.sign('─');
    this.lines.push(this.palette.dim(title.slice(0, 3)) + this.palette.bold(this.sign(node.title)) + this.palette.dim(` ${edge.repeat(width - [...title].length - 1)}${this.sign('┐')}`));
    const side = this.palette.dim(this.sign('│'));
    for (const { text, tone } of boxRemarks(node)) {
      for (const line of wrap(this.sign(text), inside)) this.lines.push(`${side} ${this.tone(line, tone)}${' '.repeat(inside - [...line].length)} ${side}`);
    }
    const left = open ? this.spine - 1 : width - 2;
    this.lines.push(this.palette.dim(this.sign('└') + edge.repeat(left) + (open ? this.sign('┬') + edge.repeat(width - this.spine - 2) : '') + this.sign('┘')));
  }

  private operation(node: PathNode, sides: readonly PathEdge[], main: PathEdge): void {
    const symbol = this.sign(SYMBOLS[node.operation!]);
    const operands = sides.flatMap(({ from, leftShift }) => {
      const operand = this.nodes.get(from)!;
      const words = [operand.title, ...(operand.wordLength === undefined ? [] : [formatName(operand as Format)]), ...(leftShift > 0 ? [`≪${NO_BREAK}${leftShift}`] : [])].join(' · ');
      // The arrow takes four columns and what is left over.
      const lines = wrap(this.sign(words), this.spine - 5);
      return lines.map((text, index) => ({ text, arrow: index === lines.length - 1 }));
    });
    const remarks: Remark[] = [{ text: node.title }, ...(main.leftShift > 0 ? [{ text: `≪ ${main.leftShift} to line up`, tone: 'shift' as const }] : [])];
    if (node.wordLength !== undefined) remarks.push({ text: `= ${formatName(node as Format)}, exact` });
    remarks.push(...node.notes.map((text): Remark => ({ text, tone: node.multiplier && (node.multiplier.passes !== 1 || text.includes('keeps')) ? 'warning' : 'faint' })));
    const right = this.broken(remarks);
    const first = operands.findIndex(({ arrow }) => arrow);
    const at = Math.max(0, first);
    const rows = Math.max(operands.length, at + right.length);
    for (let row = 0; row < rows; row++) {
      const operand = operands[row];
      const reach = this.spine - (operand ? [...operand.text].length + 1 : 0);
      const left = operand === undefined ? ' '.repeat(this.spine) : operand.arrow ? `${operand.text} ${this.palette.dim(`${this.sign('─').repeat(reach - 2)}${this.sign('►')}`)} ` : `${operand.text}${' '.repeat(reach + 1)}`;
      this.spineRow(left, row === at ? this.palette.bold(symbol) : this.palette.dim(this.sign('│')), right[row - at]);
    }
  }

  private arrow(edge: PathEdge): void {
    const right = this.broken(arrowRemarks(edge));
    for (const line of right) this.spineRow(' '.repeat(this.spine), this.palette.dim(this.sign('│')), line);
    this.spineRow(' '.repeat(this.spine), this.palette.dim(this.sign('▼')), undefined);
  }

  private spineRow(left: string, middle: string, right: string | undefined): void {
    this.lines.push(`${left}${middle}${right === undefined ? '' : `  ${right}`}`);
  }

  /** Remarks for the right of the spine, broken and coloured. */
  private broken(remarks: readonly Remark[]): string[] {
    return remarks.flatMap(({ text, tone }) => wrap(this.sign(text), this.width - this.spine - 3).map((line) => this.tone(line, tone)));
  }

  private tone(line: string, tone: Tone = 'plain'): string {
    if (tone === 'plain') return line;
    return this.palette[({ shift: 'cyan', warning: 'yellow', faint: 'dim' } as const)[tone]](line);
  }

  private closing(): void {
    const { flags, beside, leavesOut } = this.path;
    if (flags.length > 0) {
      this.heading('flags that can rise');
      for (const { name, kind, sites } of flags) this.item(`${name} (${FLAG_WORDS[kind]}): ${sites.length > 0 ? sites.join(', ') : 'none on this path'}`);
    }
    if (beside.length > 0) {
      this.heading('beside this path');
      for (const { site, format, about } of beside) this.item(`${site} ${format}: ${about}`);
    }
    if (leavesOut.length > 0) {
      this.heading('what the profile leaves out');
      for (const text of leavesOut) this.item(text);
    }
  }

  private heading(text: string): void {
    this.lines.push('', this.palette.bold(this.sign(text)));
  }

  private item(text: string): void {
    wrap(this.sign(printable(text, Infinity)), this.width - 4).forEach((line, index) => this.lines.push(`${index === 0 ? '  - ' : '    '}${line}`));
  }

  private paragraph(text: string, indent: string, paint: (line: string) => string): void {
    for (const line of wrap(this.sign(printable(text, Infinity)), this.width - indent.length)) this.lines.push(indent + paint(line));
  }
}

/** What the silicon has, a line each. */
export function hardwareLines({ multiplier, accumulator, shift, flags }: Hardware = {}): string[] {
  return [
    ...(multiplier ? [`multiplier: ${multiplier.operands.join(' × ')} bits, ${multiplier.product} of the product kept`] : []),
    ...(accumulator ? [`register for sums: ${accumulator.wordLength} bits`] : []),
    ...(shift ? [`right shift: ${shift.right}${shift.most === undefined ? '' : `, at most ${shift.most} at once`}`] : []),
    ...(flags ?? []).map(({ name, kind, bits, sites }) => `flag ${name}: ${FLAG_WORDS[kind]}${bits === undefined ? '' : ` of ${bits} bits`}, raised by ${sites.join(', ')}`),
  ];
}

const FLAG_WORDS = { sticky: 'sticky', counter: 'a counter', oneCycle: 'high for one cycle' } as const satisfies Record<(typeof FLAG_KINDS)[number], string>;

function boxRemarks(node: PathNode): Remark[] {
  const format = node as Format;
  const { accumulator, notes } = node;
  const remarks: Remark[] = [{ text: `${formatName(format)} · ${apName(format)} · ${span(node.range)}` }];
  if (accumulator) {
    const { guardBits, fullScaleProducts, terms, quantised, order } = accumulator;
    const short = fullScaleProducts !== null && BigInt(fullScaleProducts) < BigInt(terms);
    const held = fullScaleProducts === null ? 'products are always 0' : `holds ${fullScaleProducts} full-scale ${fullScaleProducts === '1' ? 'product' : 'products'}, ${terms} ${terms === 1 ? 'comes' : 'come'}`;
    remarks.push({ text: `${guardBits} guard ${Math.abs(guardBits) === 1 ? 'bit' : 'bits'} · ${held}`, ...(short && { tone: 'warning' as const }) });
    remarks.push({ text: `quantised ${whenQuantised(quantised)} · ${order} order` });
  }
  return [...remarks, ...notes.map((text): Remark => ({ text, tone: accumulator ? 'warning' : 'plain' }))];
}

function arrowRemarks(edge: PathEdge): Remark[] {
  const { overflow, reach, overflows, flags = [], bias, times = 1, exact, lost, notes } = edge;
  const raised = flags.length > 0 ? `, raises ${flags.join(' and ')}` : '';
  const remarks: Remark[] = [
    { text: `${shiftText(edge)} · ${overflow!}`, tone: 'shift' },
    overflows ? { text: `reach ${span(reach!)}: can ${ON_OVERFLOW[overflow!]}${raised}`, tone: 'warning' } : { text: 'cannot overflow', tone: 'faint' },
  ];
  const text = exact || !bias ? undefined : biasText(bias);
  if (text !== undefined) remarks.push({ text: `bias ${text}${times > 1 ? `, ${times} times` : ''}` });
  if (lost !== undefined) remarks.push({ text: lost });
  return [...remarks, ...notes.map((note): Remark => ({ text: note, tone: 'faint' }))];
}
