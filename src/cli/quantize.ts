/** `qrails quantize`: exact values into a format, one result a value. */
import { Option } from 'commander';
import { closest } from '../document/closest.js';
import { parseJson, type Json } from '../document/json.js';
import { printable } from '../document/show.js';
import { STDIN_LABEL } from '../document/text.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { DEFAULT_MODES } from '../format/check.js';
import { rawText } from '../format/decimal.js';
import type { QReading } from '../format/notations.js';
import { REAL_LIMITS } from '../format/real.js';
import { caseFormat, quantizeFormat, quantizeOne, realAt } from '../format/run.js';
import type { SiteFormat } from '../schema/plan.js';
import { QuantizeCase, type QuantizeResult } from '../schema/quantize.js';
import { validate } from '../schema/validate.js';
import type { Command } from './command.js';
import type { CommonOptions, Context } from './context.js';
import { qOption } from './format.js';
import { lines, openSink, type Line } from './lines.js';
import { addCommon, integer } from './options.js';

interface QuantizeFlags extends CommonOptions {
  readonly format?: string;
  readonly rounding?: string;
  readonly overflow?: string;
  readonly saturatedBits?: number;
  readonly q?: QReading;
  readonly seed: number;
  readonly cases?: string;
}

/** A value, and the keys around it in a line of --cases. */
const LONGEST_LINE = REAL_LIMITS.length + 1000;
/** Longest error a terminal is shown exactly. */
const LONGEST_SHOWN = 40;

export function addQuantize(program: Command, context: () => Context): void {
  addCommon(program.command('quantize').description('quantise exact values: raw, value, error, and whether it overflowed'))
    .argument('[values...]', 'decimals 0.1, fractions -1/3 or hexadecimal floats 0x1.8p-3 of any length; - reads them from standard input, one a line')
    .addOption(new Option('-f, --format <format>', 'sfix16_En15, ap_fixed<16,1>, arm:Q1.15 … (qrails format explains one)'))
    .addOption(qOption())
    .addOption(new Option('--rounding <mode>', `TRN, RND, RND_CONV …, or a name of HLS, SystemC or MATLAB (default: the format's, else ${DEFAULT_MODES.rounding})`))
    .addOption(new Option('--overflow <mode>', `SAT, WRAP …, likewise (default: the format's, else ${DEFAULT_MODES.overflow})`))
    .addOption(new Option('--saturated-bits <n>', 'n of WRAP and WRAP_SM').argParser(integer(0, 64)))
    .addOption(new Option('--seed <n>', 'of the stochastic modes').argParser(integer(0, 4294967295)).default(0))
    .addOption(new Option('--cases <->', 'read a format and a value in each line of standard input, NDJSON, and print NDJSON'))
    .allowUnknownOption() // -1/3 is a value; the rest is told apart below
    .examples(
      'qrails quantize -f sfix8_En4 0.1 -0.1 1e2',
      "qrails quantize -f 'ap_fixed<8,4,AP_RND_CONV,AP_SAT>' --json -1/3 -0x1.8p-3",
      'seq -f %.3f 0 0.001 1 | qrails quantize -f sfix8_En7 --rounding STOCHASTIC --seed 7 -',
      `echo '{"value":"1/3","wordLength":8,"fractionLength":4,"rounding":"RND","overflow":"SAT"}' | qrails quantize --cases -`,
    )
    .action(async (given: string[], flags: QuantizeFlags, command: Command) => {
      const { signal } = context();
      const values = onlyValues(given, command);
      if (flags.cases !== undefined) return quantizeCases(values, flags, signal);
      const format = valuesFormat(values, flags);
      const row = flags.json ? jsonLine : textRow(format);
      const one = (text: string, where: string, element: number): string =>
        row(quantizeOne(realAt(text, where), format, flags.seed, element, flags.json ? undefined : LONGEST_SHOWN), text);
      const source = values[0] === '-'
        ? standardInput(signal)
        : [values.map((text, index) => ({ number: index + 1, text }))];
      const place = values[0] === '-' ? inputPlace : ({ number }: Line): string => `value ${number}`;
      await put(source, flags, flags.json ? '' : textHead(format), (line) => one(line.text, place(line), line.number - 1));
    });
}

/** Arguments without the `--` between them; an option that does not exist is refused. */
function onlyValues(given: readonly string[], command: Command): string[] {
  const option = given.find((text) => /^-[^\d.]/.test(text) && text !== '--');
  if (option !== undefined) {
    const repair = closest(option, command.options.flatMap(({ long }) => long ?? []));
    throw new QrailsError({
      code: 'usage', where: 'quantize', message: 'an unknown option', found: printable(option), expected: 'an option of qrails quantize --help, or a value',
      ...(repair !== undefined && { try: repair }),
    });
  }
  return given.filter((text) => text !== '--');
}

const standardInput = (signal: AbortSignal): AsyncIterable<Line[]> => lines(process.stdin, STDIN_LABEL, LONGEST_LINE, signal);
const inputPlace = ({ number }: Line): string => `${STDIN_LABEL}, line ${number}`;
const usage = (where: string, message: string, expected: string): QrailsError => new QrailsError({ code: 'usage', where, message, expected });

function valuesFormat(values: readonly string[], { format, rounding, overflow, saturatedBits, q }: QuantizeFlags): SiteFormat {
  if (format === undefined) throw usage('--format', 'is missing', 'a format such as sfix16_En15, or --cases - with one in each line');
  if (values.length === 0) throw usage('quantize', 'no value is given', 'values, or - to read them from standard input');
  if (values.length > 1 && values.includes('-')) throw usage('-', 'stands beside values', '- alone, or values');
  return quantizeFormat({ format, rounding, overflow, saturatedBits, q });
}

async function quantizeCases(values: readonly string[], flags: QuantizeFlags, signal: AbortSignal): Promise<void> {
  if (flags.cases !== '-') throw new QrailsError({ code: 'usage', where: '--cases', message: 'cases are read from standard input', found: printable(flags.cases!), expected: '-', try: '--cases - < file' });
  if (values.length > 0) throw usage('--cases', 'takes its values from its lines', 'no values beside it');
  const stated = (['format', 'rounding', 'overflow', 'saturatedBits', 'q'] as const).find((name) => flags[name] !== undefined);
  if (stated !== undefined) throw usage('--cases', 'takes formats and modes from its lines', `no ${stated === 'saturatedBits' ? '--saturated-bits' : `--${stated}`} beside it`);
  await put(standardInput(signal), flags, '', async (line) => {
    const where = inputPlace(line);
    const given = await validate(QuantizeCase, jsonAt(line.text, where), where);
    return jsonLine(quantizeOne(realAt(given.value, `${where}: value`), caseFormat(given, where), flags.seed, line.number - 1));
  });
}

/** `parseJson` of one line: its messages would count lines from this one. */
function jsonAt(text: string, where: string): Json {
  try {
    return parseJson(text, where);
  } catch (error) {
    if (!(error instanceof QrailsError)) throw error;
    throw new QrailsError({ ...error.parts, where: error.parts.where!.replace(/:1:(\d+)$/, ', character $1') });
  }
}

/** Writes what is made of each line, as soon as the piece of input it came in is done; before an error, what was made until then. */
async function put(source: AsyncIterable<Line[]> | Iterable<Line[]>, flags: CommonOptions, head: string, make: (line: Line) => string | Promise<string>): Promise<void> {
  const sink = await openSink(flags);
  let made = head;
  try {
    for await (const piece of source) {
      for (const line of piece) made += await make(line);
      await sink.write(made);
      made = '';
    }
    await sink.close();
  } catch (error) {
    await sink.abandon(made);
    throw error;
  }
}

const jsonLine = (result: QuantizeResult): string => `${JSON.stringify(result)}\n`;

/** Widths that hold every raw and value of the format, within reason: rows are printed before the next value is known. */
function widths({ rails, fractionLength }: SiteFormat): { raw: number; value: number; error: number } {
  const raws = rails.map((rail) => rail.length);
  const texts = rails.map((rail) => rawText(BigInt(rail) | 1n, fractionLength).length);
  return { raw: Math.max(3, ...raws), value: Math.min(LONGEST_SHOWN, Math.max(5, ...texts)), error: 22 };
}

const textHead = (format: SiteFormat): string => {
  const { raw, value, error } = widths(format);
  const modes = [format.rounding, format.overflow + (format.saturatedBits === undefined ? '' : `(${format.saturatedBits})`)];
  return `${[formatName(format), ...modes].join(' · ')}\n\n${'raw'.padStart(raw)}  ${'value'.padEnd(value)}  ${'error'.padEnd(error)}  ${'overflow'.padEnd(9)}  input\n`;
};

function textRow(format: SiteFormat): (result: QuantizeResult, input: string) => string {
  const width = widths(format);
  return ({ raw, value, error, overflow, underflow }, input) =>
    `${raw.padStart(width.raw)}  ${value.padEnd(width.value)}  ${error.padEnd(width.error)}  ${(overflow ?? (underflow ? 'underflow' : '')).padEnd(9)}  ${printable(input)}\n`;
}
