/** What stands between the braces of an array of C. */
import { rawRange } from '../format/format.js';
import type { Rational } from '../format/real.js';
import type { NumberArray, Numbers } from './array.js';
import type { Expander } from './cExpand.js';
import { readExpression, type Value } from './cExpression.js';
import type { CType } from './cTypes.js';
import { IMPORT_LIMITS } from './limits.js';
import { checkCount } from './text.js';

const ZERO: Value = { kind: 'integer', value: 0n, pattern: false, unsigned: false };

/**
 * Reads from the first brace to the last. Elements stand where C places them; what braces leave out is zero. ISO C11 §6.7.9.
 *
 * @param sizes of each dimension; the first may be left to the elements
 * @param before numbers the file had up to here
 * @throws QrailsError `unreadable` for anything a compiler would not take, or would take in more than one way; `data` for too many numbers
 */
export function readInitialiser(stream: Expander, type: CType, sizes: readonly (number | undefined)[], before: number): Pick<NumberArray, 'numbers' | 'shape'> {
  if (sizes.length > IMPORT_LIMITS.dimensions) throw stream.bad('too many dimensions', String(sizes.length), `at most ${IMPORT_LIMITS.dimensions}`);
  const inner = sizes.slice(1).map((size) => size ?? NaN);
  const wrong = [...inner, sizes[0] ?? 1].find((size) => !(size >= 1 && size <= IMPORT_LIMITS.numbers));
  if (wrong !== undefined) throw stream.bad('an array of this size cannot be', String(wrong), `1 to ${IMPORT_LIMITS.numbers}`);
  /** Elements within braces so many levels deep. */
  const extent = (depth: number): number => (depth === 0 ? (sizes[0] ?? Infinity) : 1) * inner.slice(Math.max(0, depth - 1)).reduce((product, size) => product * size, 1);
  if (sizes[0] !== undefined) checkCount(before + extent(0), stream.where());

  const values: Value[] = [];
  const starts: number[] = [];
  let at = 0;
  const put = (value: Value | undefined, end: number): void => {
    checkCount(before + end, stream.where());
    while (values.length < end) values.push(value !== undefined && values.length === end - 1 ? value : ZERO);
  };
  const room = (): number => starts.at(-1)! + extent(starts.length - 1);
  for (let separated = true; ;) {
    if (separated && stream.peek()?.text === '{') {
      const depth = starts.length;
      if (depth > sizes.length) throw stream.bad('braces are nested deeper than the array', `${depth + 1} levels`, `at most ${sizes.length}`);
      if (depth > 0 && (at % extent(depth) !== 0 || at >= room())) throw stream.bad('these braces begin inside a row', '{', 'a whole row before them');
      stream.take();
      starts.push(at);
    } else if (stream.peek()?.text === '}') {
      stream.take();
      const start = starts.pop()!;
      if (starts.length === 0) break;
      at = start + extent(starts.length);
      separated = false;
    } else if (separated) {
      if (at >= room()) throw stream.bad('more elements than the array has', stream.peek()?.text ?? 'the end of the text', `${extent(starts.length - 1)}`);
      if (stream.peek()?.text === '[' || stream.peek()?.text === '.') throw stream.bad('designators are not read', stream.peek()!.text, 'elements in order');
      put(elementOf(readExpression(stream), type, stream), at + 1);
      at++;
      separated = false;
    } else {
      stream.expect(',');
      separated = true;
    }
  }
  const row = extent(1);
  const rows = sizes[0] ?? Math.ceil(at / row);
  if (rows === 0) throw stream.bad('this array is empty', '{}', 'at least one element');
  put(undefined, rows * row);
  return { numbers: numbersOf(values, type), shape: [rows, ...inner] };
}

/** The element a compiler would store, where there is no doubt about it. */
function elementOf(value: Value, { kind, signed, bits }: CType, stream: Expander): Value {
  if (kind === 'real') return value;
  if (value.kind === 'real') throw stream.bad('a real number in an array of integers', 'a real number', 'integers');
  const [low, high] = rawRange({ signed, wordLength: bits, fractionLength: 0 });
  const stored = value.pattern && signed && value.value > high ? BigInt.asIntN(bits, value.value) : value.value;
  const doubtful = value.pattern && stored !== value.value && BigInt.asUintN(bits, value.value) !== value.value;
  if (stored < low || stored > high || doubtful || (value.unsigned && value.value < 0n)) {
    throw stream.bad('an element outside its type', String(value.value), `${low} to ${high}`);
  }
  return { ...value, value: stored };
}

function numbersOf(values: readonly Value[], { kind }: CType): Numbers {
  if (kind === 'integer') return { kind: 'raw', values: values.map(({ value }) => value as bigint) };
  return { kind: 'real', values: values.map((value): Rational => (value.kind === 'real' ? value.value : { numerator: value.value, denominator: 1n })) };
}
