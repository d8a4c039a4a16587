/** Tables of doubles: their size limit and their hash. */
import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import { QrailsError } from '../errors.js';

/** 512 MiB of doubles. */
export const MAX_VALUES = 2 ** 26;

/** @throws QrailsError `data` if rows × columns doubles are more than fit */
export function checkSize(rows: number, columns: number, where: string): void {
  if (rows * columns <= MAX_VALUES) return;
  throw new QrailsError({
    code: 'data', where, message: 'too many values to hold in memory', found: `${rows} rows × ${columns} values`,
    expected: `at most ${MAX_VALUES} values (512 MiB)`, try: 'fewer rows, columns or lags, or a smaller batch',
  });
}

/** SHA-256, as 64 hex digits, over the values as little-endian binary64. */
export function hashValues(values: Float64Array): string {
  let bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (endianness() === 'BE') bytes = Buffer.from(bytes).swap64();
  return createHash('sha256').update(bytes).digest('hex');
}
