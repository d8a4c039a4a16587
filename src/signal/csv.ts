/** Reads chosen columns of a CSV file as doubles, in one pass, keeping nothing else. */
import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import { closest } from '../document/closest.js';
import { QrailsError } from '../errors.js';
import { fileError, openRegular } from './file.js';
import { emptyCell, type Table, type TableOptions } from './table.js';
import { checkSize, MAX_VALUES } from './values.js';

/** Bytes in one line: guards against a file that is not lines at all. */
const MAX_LINE = 2 ** 20;
const BYTES_LOOKED_AT = 2 ** 16;
const HEADINGS_SHOWN = 30;
/** Characters of a cell or heading in a message. */
const TEXT_SHOWN = 200;
/** Decimal numbers only: what `Number` takes besides (hex, empty text, Infinity) is not a measurement. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const NOT_A_DELIMITER = /["\r\n0-9+\-.eE]/;

const quoted = (text: string): string => JSON.stringify(text.slice(0, TEXT_SHOWN));

export interface CsvOptions extends TableOptions {
  /** Headings to read, each once; undefined for the only one there is. */
  readonly columns: readonly string[] | undefined;
  readonly delimiter: string;
  /** Place of the delimiter in the document that states it. */
  readonly delimiterAt: string;
}

/**
 * @throws QrailsError `not-found` (no such file, no such column), `unreadable` (not a readable text file), `invalid` (the delimiter) or
 *   `data` (its content), naming file, line and column
 */
export async function readCsv(path: string, options: CsvOptions): Promise<Table> {
  const { shown, delimiter, limit } = options;
  if (NOT_A_DELIMITER.test(delimiter)) {
    throw new QrailsError({
      code: 'invalid', where: options.delimiterAt, message: 'this character cannot separate cells', found: JSON.stringify(delimiter),
      try: '"," or ";" or a tab',
    });
  }
  await checkText(path, options);

  const table = new TableBuilder(options);
  const file = createReadStream(path, { highWaterMark: BYTES_LOOKED_AT });
  try {
    await new Promise<void>((resolve, reject) => {
      const parser = parse({
        bom: true,
        delimiter,
        trim: true,
        skip_empty_lines: true,
        record_delimiter: ['\r\n', '\n', '\r'],
        max_record_size: MAX_LINE,
        on_record: (record: string[], { lines }) => {
          if (table.rows < limit) table.add(record, lines);
          // The rest of the file is nobody's business, not even its mistakes.
          if (table.rows === limit) resolve();
          return undefined;
        },
      });
      file.once('error', reject);
      parser.once('error', reject).once('end', resolve).resume();
      file.pipe(parser);
    });
  } catch (error) {
    throw error instanceof CsvError ? describeCsvError(error, options, table) : error instanceof QrailsError ? error : fileError(error, shown, options.advice.path);
  } finally {
    file.destroy();
  }
  return table.finish();
}

/** Refuses what is not a text file before it is parsed: a parser would only say that quotes are wrong. */
async function checkText(path: string, { shown: where, advice }: CsvOptions): Promise<void> {
  const unreadable = (message: string, repair: string) => new QrailsError({ code: 'unreadable', where, message, try: repair });
  const { file, size } = await openRegular(path, where, advice.path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES_LOOKED_AT), 0, BYTES_LOOKED_AT, 0);
    const head = buffer.subarray(0, bytesRead);
    const mark = head.subarray(0, 2).toString('hex');
    if (mark === 'fffe' || mark === 'feff') throw unreadable('this text is UTF-16', 'save it as UTF-8');
    if (head.includes(0)) throw unreadable('this is a binary file, not CSV text', 'export the recording as CSV with headings');
    if (head.toString('utf8').replace(/^\uFEFF/, '').trim() === '' && size <= BYTES_LOOKED_AT) {
      throw new QrailsError({ code: 'data', where, message: 'the file is empty', expected: 'a line of headings, then one row per sample' });
    }
  } finally {
    await file.close();
  }
}

/** Takes records one by one: headings first, then rows. */
class TableBuilder {
  rows = 0;
  headings: readonly string[] | undefined;
  /** Position in a record of each column asked for. */
  private positions: number[] = [];
  private columns: readonly string[] = [];
  private values = new Float64Array(0);
  private used = 0;

  constructor(private readonly options: CsvOptions) {}

  add(record: readonly string[], line: number): void {
    if (this.headings === undefined) this.readHeadings(record, line);
    else this.readRow(record, line);
  }

  finish(): Table {
    const { shown } = this.options;
    if (this.rows === 0) throw new QrailsError({
      code: 'data', where: shown, message: 'there are headings but no rows below them', expected: 'one row per sample',
    });
    return { rows: this.rows, values: this.values.subarray(0, this.used) };
  }

  private readHeadings(headings: readonly string[], line: number): void {
    const where = `${this.options.shown}, line ${line}`;
    this.headings = headings;
    this.columns = this.options.columns ?? [onlyColumn(headings, where)];
    this.positions = this.columns.map((column) => {
      const position = headings.indexOf(column);
      if (position < 0) throw unknownColumn(column, headings, where);
      if (headings.indexOf(column, position + 1) >= 0) {
        throw new QrailsError({
          code: 'data', where, message: `the heading "${column}" occurs more than once`, expected: 'one column of that name',
          try: 'rename one of them',
        });
      }
      return position;
    });
  }

  private readRow(record: readonly string[], line: number): void {
    if (this.used + this.positions.length > this.values.length) this.grow();
    for (let slot = 0; slot < this.positions.length; slot++) {
      const text = record[this.positions[slot]!]!;
      this.values[this.used + slot] = text === '' ? emptyCell(this.options, this.above(slot), this.place(slot, line)) : this.number(text, slot, line);
    }
    this.used += this.positions.length;
    this.rows++;
  }

  private number(text: string, slot: number, line: number): number {
    const value = NUMBER.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value)) return value;
    const repair = /^[+-]?\d+,\d+$/.test(text) ? 'a decimal point' : 'leave the cell empty if nothing was measured, and say what to do with "missing"';
    throw new QrailsError({
      code: 'data', where: this.place(slot, line), message: 'this cell is not a finite decimal number', found: quoted(text),
      expected: 'a number such as -12.5 or 1e-3', try: repair,
    });
  }

  private above(slot: number): number | undefined {
    return this.rows === 0 ? undefined : this.values[this.used + slot - this.positions.length];
  }

  private place(slot: number, line: number): string {
    return `${this.options.shown}, line ${line}, column "${this.columns[slot]}"`;
  }

  private grow(): void {
    const { length } = this.positions;
    checkSize(this.rows + 1, length, this.options.shown);
    const larger = new Float64Array(Math.min(Math.max(this.values.length * 2, 1024 * length), MAX_VALUES));
    larger.set(this.values);
    this.values = larger;
  }
}

const listed = (headings: readonly string[]): string =>
  headings.slice(0, HEADINGS_SHOWN).map(quoted).join(', ') + (headings.length > HEADINGS_SHOWN ? ` and ${headings.length - HEADINGS_SHOWN} more` : '');

const ARE_NUMBERS = 'a first line with headings: this one holds numbers';
const areNumbers = (headings: readonly string[]): boolean => headings.every((heading) => NUMBER.test(heading));

function onlyColumn(headings: readonly string[], where: string): string {
  if (headings.length > 1) {
    throw new QrailsError({ code: 'invalid', where, message: 'there is more than one column', found: listed(headings), try: 'say which with "column"' });
  }
  if (areNumbers(headings)) {
    throw new QrailsError({ code: 'data', where, message: 'there is no heading', found: quoted(headings[0]!), try: ARE_NUMBERS });
  }
  return headings[0]!;
}

function unknownColumn(column: string, headings: readonly string[], where: string): QrailsError {
  const near = closest(column, headings.map((heading) => heading.slice(0, TEXT_SHOWN)));
  const repair = areNumbers(headings) ? ARE_NUMBERS
    : headings.length === 1 && /[;\t|]/.test(headings[0]!) ? '"delimiter": this file seems to use another one'
    : near !== undefined ? `did you mean ${quoted(near)}?`
    : undefined;
  return new QrailsError({
    code: 'not-found', where, message: `there is no column ${quoted(column)}`, expected: `one of ${listed(headings)}`,
    ...(repair !== undefined && { try: repair }),
  });
}

/** The parser's errors in our words. It counts lines from 1 and knows the place it stopped at. */
function describeCsvError(error: CsvError, { shown }: CsvOptions, { headings }: TableBuilder): QrailsError {
  const where = `${shown}, line ${String(error['lines'])}`;
  const record: unknown = error['record'];
  switch (error.code as string) {
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      return new QrailsError({
        code: 'data', where, message: 'this row has another number of cells than the headings',
        found: `${Array.isArray(record) ? record.length : 'another number'}`, expected: `${headings?.length}`,
        try: 'quote cells that contain the delimiter',
      });
    case 'CSV_MAX_RECORD_SIZE':
      return new QrailsError({
        code: 'data', where, message: 'this line is too long', expected: `at most ${MAX_LINE} bytes`,
        try: 'look for a quote that is not closed, or a file that is not CSV',
      });
    case 'CSV_QUOTE_NOT_CLOSED':
      return new QrailsError({ code: 'data', where, message: 'the file ends inside a quoted cell', try: 'close the quote' });
    default:
      return new QrailsError({
        code: 'data', where, message: 'the quotes of a cell are wrong', found: error.message.slice(0, TEXT_SHOWN),
        try: 'quote the whole cell and double the quotes inside it',
      });
  }
}
