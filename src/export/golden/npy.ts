/** NumPy array files (.npy, version 1.0) of 64-bit integers. Format: numpy.lib.format in NumPy's documentation. */

/** Magic, version and the length of the header. */
const PRELUDE = 10;
/** The data begin at a multiple of this. */
const ALIGNMENT = 64;

/**
 * A table of integers as a `.npy` file of shape (rows, columns), `<i8`, row by row.
 *
 * @example npyTable([[1n, 2n], [3n, 4n]], 2)
 */
export function npyTable(rows: readonly (readonly (bigint | number)[])[], columns: number): Uint8Array {
  const literal = `{'descr': '<i8', 'fortran_order': False, 'shape': (${rows.length}, ${columns}), }`;
  const length = Math.ceil((PRELUDE + literal.length + 1) / ALIGNMENT) * ALIGNMENT - PRELUDE;
  const bytes = Buffer.alloc(PRELUDE + length + 8 * rows.length * columns);
  bytes.write('\x93NUMPY\x01\x00', 'latin1');
  bytes.writeUInt16LE(length, 8);
  bytes.write(`${literal.padEnd(length - 1)}\n`, PRELUDE, 'latin1');
  let at = PRELUDE + length;
  for (const row of rows) for (const value of row) at = bytes.writeBigInt64LE(BigInt(value), at);
  return bytes;
}
