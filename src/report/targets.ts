/** A learner on several targets as text: a row for each, and where they part. */
import { figure, percent } from '../compare/figure.js';
import { flagsText } from '../compare/flags.js';
import { REFERENCE } from '../compare/targets.js';
import type { VerdictName } from '../compare/thresholds.js';
import { printable } from '../document/show.js';
import type { Part, TargetComparison, TargetParting, TargetRow } from '../schema/targets.js';
import { breakLines, colourOf, NONE, PLAIN, supervisorText, type Palette } from './terminal.js';

const same = (text: string): string => text;
/** Blanks before a sentence, and between columns. */
const INDENT = 4;
const GAP = 2;
/** Operands in a sentence. */
const SHOWN = 4;

const HEAD = ['target', 'weight', 'accumulator', 'final loss', '× float64', 'verdict', 'first overflow', 'stalled'] as const;
const VERDICT = HEAD.indexOf('verdict');

/** `layer0.weight[1][3]` without the layer, where there is only one. */
const short = (name: string): string => name.replace(/^layer0\./, '');

/** A real number with the digits that tell neighbours apart. */
const real = (value: number | null): string => (value === null ? 'not finite' : String(Number(value.toPrecision(9))));
const withRaw = ({ raw, value }: Part['base']): string => `${real(value)}${raw === undefined ? '' : ` (raw ${raw})`}`;

/** Why a target did not run. */
const refusal = ({ refused }: TargetRow): string => printable(`refused: ${refused!.where === undefined ? '' : `${refused!.where}: `}${refused!.message}`, Infinity);

/** Cells of a target that ran, in the columns of HEAD. */
function cells({ target, ran }: TargetRow): string[] {
  const { weight, accumulator, finalLoss, lossRatio, verdict, firstOverflow, stalledSteps, steps } = ran!;
  const overflow = firstOverflow ? `${short(firstOverflow.name)} at ${firstOverflow.step}` : NONE;
  return [printable(target), weight, accumulator, figure(finalLoss), lossRatio === null ? NONE : figure(lossRatio), verdict, overflow, percent(stalledSteps / steps)];
}

/** Where a part is: `step 20, activation[17][1]`. */
export const placeText = ({ step, name }: Part): string => `${step === null ? 'before step 0' : `step ${step}`}, ${short(name)}`;

/** Both values, and the operands of both. */
function partText(part: Part, base: string, target: string): string {
  const { operands, operandCount } = part;
  const shown = operands.slice(0, SHOWN).map(({ name, base: a, target: b }) => `${name} ${sameValue(a, b) ? `${withRaw(b)} in both` : `${withRaw(b)} against ${withRaw(a)}`}`);
  const more = operandCount > shown.length ? `, … ${operandCount} in all` : '';
  return `${placeText(part)}: ${withRaw(part.target)} on ${target}, ${withRaw(part.base)} on ${base}${shown.length === 0 ? '' : `; from ${shown.join(', ')}${more}`}`;
}

const sameValue = (a: Part['base'], b: Part['base']): boolean => a.raw === b.raw && a.value === b.value;

/** A last place: `2^-8`. */
const place = ({ lastPlace }: Part): string => `2^${Math.log2(lastPlace)}`;

/** What is said of a pair: a label and a sentence each. */
export function partingLines({ base, target, first, beyond, steps }: TargetParting): { label: string; text: string }[] {
  const [from, to] = [printable(base), printable(target)];
  const last = steps - 1;
  if (!first) return [{ label: 'never', text: `bit-identical values through step ${last}` }];
  const anywhere = { label: 'first', text: partText(first, from, to) };
  if (!beyond) return [{ ...anywhere, text: `${anywhere.text}. Within a last place, which rounding alone explains; never by more through step ${last}` }];
  if (first.site === beyond.site && first.step === beyond.step && first.name === beyond.name) return [{ label: 'parts', text: `${partText(beyond, from, to)}. By more than a last place, ${place(beyond)}, at once` }];
  return [{ ...anywhere, text: `${anywhere.text}. Within a last place, ${place(first)}: rounding alone explains it` }, { label: 'parts', text: `${partText(beyond, from, to)}. By more than a last place, ${place(beyond)}` }];
}

/**
 * The whole answer.
 *
 * @param width columns of the terminal; where the table does not fit, its columns stand below one another
 * @param wrap columns at which sentences are broken; default never
 */
export function renderTargets(comparison: TargetComparison, { width = 110, wrap = Infinity, palette = PLAIN }: { width?: number; wrap?: number; palette?: Palette } = {}): string {
  const { plan, reference, targets, parts } = comparison;
  const controller = `${plan.throttle === 'none' ? 'no throttle' : `throttle ${plan.throttle}`}${plan.anchor === 'none' ? '' : `, anchor ${plan.anchor}`}`;
  const ran = targets.filter((row) => row.ran !== null);
  const rows = [
    [REFERENCE, NONE, NONE, figure(reference.finalLoss), NONE, reference.verdict, NONE, percent(reference.stalledSteps / plan.steps)],
    ...targets.map((row) => (row.ran === null ? [printable(row.target), refusal(row)] : cells(row))),
  ];
  const lines = [
    `${palette.bold(printable(plan.title, 200))} ${palette.dim(`(${plan.experiment})`)}`,
    palette.dim(`${plan.steps} steps, stress from step ${plan.stressFrom} · seed ${plan.seed} · sensor ${plan.sensor} · ${controller}${supervisorText(plan)}`),
    '', ...tabulated(rows, width, palette),
  ];
  const sentence = (label: string, text: string): void => {
    const indent = INDENT + label.length + GAP;
    const [start = '', ...rest] = breakLines([[text, same]], wrap - indent);
    lines.push(`${' '.repeat(INDENT)}${palette.bold(label)}${' '.repeat(GAP)}${start}`, ...rest.map((line) => ' '.repeat(indent) + line));
  };
  for (const row of ran) {
    const { why, flags } = row.ran!;
    if (why.length === 0 && !flags) continue;
    lines.push('', `  ${palette.bold(printable(row.target))}`);
    for (const text of why) sentence('why', text);
    if (flags) sentence('flags', flagsText(flags));
  }
  for (const parting of parts) {
    lines.push('', `  ${palette.bold(`${printable(parting.target)} against ${printable(parting.base)}`)}`);
    for (const { label, text } of partingLines(parting)) sentence(label, text);
  }
  return `${lines.join('\n')}\n`;
}

/** The rows side by side, or where that is too wide one under another. A row of two cells is one that was refused. */
function tabulated(rows: readonly (readonly string[])[], width: number, palette: Palette): string[] {
  const whole = rows.filter(({ length }) => length === HEAD.length);
  const widths = HEAD.map((name, column) => Math.max(name.length, ...(column === 0 ? rows : whole).map((row) => [...row[column]!].length)));
  const gap = ' '.repeat(GAP);
  const pad = (text: string, column: number): string => text + ' '.repeat(widths[column]! - [...text].length);
  const paint = (row: readonly string[], text: string): string => palette[colourOf[row[VERDICT] as VerdictName]](palette.bold(text));
  if (widths.reduce((sum, one) => sum + GAP + one, 0) <= width) {
    const line = (texts: readonly string[]): string => `${gap}${texts.join(gap)}`.trimEnd();
    return [
      palette.dim(line(HEAD.map(pad))),
      ...rows.map((row) => line(row.length < HEAD.length ? [pad(row[0]!, 0), palette.yellow(row[1]!)] : row.map((text, column) => (column === VERDICT ? paint(row, pad(text, column)) : pad(text, column))))),
    ];
  }
  const label = Math.max(...HEAD.map((name) => name.length)) + GAP;
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : ['']), `${gap}${palette.bold(row[0]!)}`,
    ...(row.length < HEAD.length
      ? [`${gap}${gap}${palette.yellow(row[1]!)}`]
      : HEAD.flatMap((name, column) => (column === 0 || row[column] === NONE ? [] : [`${gap}${gap}${palette.dim(name.padEnd(label))}${column === VERDICT ? paint(row, row[column]!) : row[column]!}`]))),
  ]);
}
