/** Results in the lines of a journal: consecutive runs, in as few lines as their length allows. */
import { VERDICTS } from '../compare/thresholds.js';
import { QrailsError } from '../errors.js';
import { showRuns } from './intervals.js';
import { isRecord, MOST_LINE_BYTES, parsed, scan, SEAL_BYTES, sealed, whereIn } from './line.js';
import { SWEEP_MEASURE_NAMES } from './measures.js';
import type { Extent, Interval, RunResult } from './types.js';

/** Consecutive runs as lines of a journal. */
export interface SealedExtent extends Interval {
  readonly lines: Uint8Array;
}

const EXTENT = /^\{"from":(\d{1,16}),"to":(\d{1,16}),"results":\[/;
/** Most bytes of a line beside its results. */
const FRAME_BYTES = 64 + SEAL_BYTES;

/**
 * Lines for an extent.
 *
 * @throws RangeError for a result that is too long for a line; Error for results that are not those of consecutive runs: a bug of the caller
 */
export function sealExtent({ from, results }: Extent): SealedExtent {
  const to = from + results.length;
  const lines: Buffer[] = [];
  let texts: string[] = [];
  let size = FRAME_BYTES;
  let start = from;
  const end = (): void => {
    if (texts.length > 0) lines.push(sealed(`{"from":${start},"to":${start + texts.length},"results":[${texts.join(',')}]}`));
    start += texts.length;
    [texts, size] = [[], FRAME_BYTES];
  };
  for (const [index, result] of results.entries()) {
    if (result.run !== from + index) throw new Error(`${showRuns({ from, to })}: not to be journalled here`);
    const text = JSON.stringify(result);
    const bytes = Buffer.byteLength(text) + 1;
    if (FRAME_BYTES + bytes > MOST_LINE_BYTES) throw new RangeError(`the result of run ${result.run} has ${bytes} bytes`);
    if (size + bytes > MOST_LINE_BYTES) end();
    texts.push(text);
    size += bytes;
  }
  end();
  return { from, to, lines: Buffer.concat(lines) };
}

/** A line that holds runs, whole; not parsed yet. */
export interface JournalLine extends Interval {
  readonly bytes: Buffer;
  /** File and line, for messages. */
  readonly where: string;
}

/**
 * Whole lines of a journal behind its head, in the order they were written. Memory: three chunks of 64 KiB and a line.
 *
 * @param onDamaged called for each line that is torn or damaged
 * @param headless for a file of such lines without a head
 * @throws QrailsError `not-found`, `unreadable`; `invalid` for a line that is whole and makes no sense
 */
export async function* journalLines(path: string, onDamaged: () => void, headless = false): AsyncGenerator<JournalLine, void> {
  for await (const line of scan(path)) {
    if (line.number === 1 && !headless) continue;
    if (line.bytes === undefined) onDamaged();
    else yield parseLine(line.bytes, whereIn(path, line.number));
  }
}

/** The results of a line. @throws QrailsError `invalid` for a line that is whole and makes no sense */
export function parseExtent({ bytes, from, to, where }: JournalLine): Extent {
  const results = parsed(bytes)?.['results'];
  if (!Array.isArray(results) || results.length !== to - from) throw senseless(where, `${to - from} results`);
  results.forEach((result, index) => {
    if (!isResult(result, from + index)) throw senseless(where, `the result of run ${from + index} as this version writes it`);
  });
  return { from, results: results as RunResult[] };
}

/** The runs of a line. @throws as `parseExtent` */
export function parseLine(bytes: Buffer, where: string): JournalLine {
  const [, from, to] = (EXTENT.exec(bytes.toString('latin1', 0, FRAME_BYTES)) ?? []).map(Number);
  if (from === undefined || to === undefined || from >= to || !Number.isSafeInteger(to)) throw senseless(where, 'consecutive runs: "from", "to", "results"');
  return { from, to, bytes, where };
}

export const senseless = (where: string, expected: string): QrailsError =>
  new QrailsError({ code: 'invalid', where, message: 'is whole, but nothing this version writes', expected, try: 'the version of qrails that wrote it, or another folder' });

const isNullOr = (value: unknown, is: (value: unknown) => boolean): boolean => value === null || is(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number';
const KEYS = { result: 5, side: SWEEP_MEASURE_NAMES.length + 1, error: 2 };

const isSide = (side: unknown): boolean =>
  isRecord(side) && Object.keys(side).length === KEYS.side && (VERDICTS as readonly unknown[]).includes(side['verdict']) && SWEEP_MEASURE_NAMES.every((name) => isNullOr(side[name], isNumber));

const isError = (error: unknown): boolean => isRecord(error) && Object.keys(error).length === KEYS.error && isText(error['code']) && isText(error['message']);

const isResult = (result: unknown, run: number): boolean =>
  isRecord(result) && Object.keys(result).length === KEYS.result && result['run'] === run && isNullOr(result['hash'], isText)
  && isNullOr(result['float'], isSide) && isNullOr(result['fixed'], isSide) && isNullOr(result['error'], isError);
