/** The head of NumPy array files (.npy). Format: numpy.lib.format in NumPy's documentation. */

/** Longest header of version 1.0, bytes. */
const LONGEST_SHORT = 65535;
/** The data begin at a multiple of this. */
const ALIGNMENT = 64;

/** A field of a structured array: its name, and its type as NumPy writes it: `<f8`. */
export type NpyField = readonly [name: string, type: string];

/** Text as a Python literal in ASCII. */
const literal = (text: string): string =>
  `'${text.replace(/['\\]/g, '\\$&').replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;

/**
 * Everything before the data, which follow in C order: version 1.0, or 2.0 where the header is too long for it.
 *
 * @param type of the elements: `<f8`, or the fields of a structured array, packed without gaps
 * @param least bytes it has at the least, a multiple of 64: so that it can be written again when the shape is known
 * @example npyHead('<f8', [1000, 3])
 */
export function npyHead(type: string | readonly NpyField[], shape: readonly number[], least = 0): Buffer {
  const descr = typeof type === 'string' ? literal(type) : `[${type.map(([name, of]) => `(${literal(name)}, ${literal(of)})`).join(', ')}]`;
  const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const startFrom = (prelude: number): number => Math.max(least, Math.ceil((prelude + text.length + 1) / ALIGNMENT) * ALIGNMENT);
  const short = startFrom(10) - 10 <= LONGEST_SHORT;
  const prelude = short ? 10 : 12;
  const start = startFrom(prelude);
  const bytes = Buffer.alloc(start);
  bytes.write(`\x93NUMPY${short ? '\x01' : '\x02'}\x00`, 'latin1');
  bytes.writeUIntLE(start - prelude, 8, prelude - 8);
  bytes.write(`${text.padEnd(start - prelude - 1)}\n`, prelude, 'latin1');
  return bytes;
}
