/** NumPy array files (.npy) of 64-bit integers. */
import { npyHead } from '../../output/npy.js';

/**
 * A table of integers as a `.npy` file of shape (rows, columns), `<i8`, row by row.
 *
 * @example npyTable([[1n, 2n], [3n, 4n]], 2)
 */
export function npyTable(rows: readonly (readonly (bigint | number)[])[], columns: number): Uint8Array {
  const data = Buffer.alloc(8 * rows.length * columns);
  let at = 0;
  for (const row of rows) for (const value of row) at = data.writeBigInt64LE(BigInt(value), at);
  return Buffer.concat([npyHead('<i8', [rows.length, columns]), data]);
}
