/** Test vectors of one unit: rows of fields, packed into words that `$readmemh` reads, each file with its checksum. */
import { crc32 } from 'node:zlib';

export interface Port {
  readonly name: string;
  readonly bits: number;
  readonly signed: boolean;
  /** A single bit that is no number. */
  readonly flag?: true;
  /** What must come out; all others are given. */
  readonly out?: true;
}

/** Where a port lies in a row. */
export interface Field extends Port {
  readonly high: number;
  readonly low: number;
}

export interface Vectors {
  readonly ports: readonly Port[];
  /** A value for each port. */
  readonly rows: readonly (readonly bigint[])[];
}

export const flag = (name: string, out?: true): Port => ({ name, bits: 1, signed: false, flag: true, ...(out && { out }) });

/** Bits of a row: whole bytes. */
export const rowBits = (ports: readonly Port[]): number => 8 * Math.ceil(ports.reduce((sum, { bits }) => sum + bits, 0) / 8);

/** Fields of a row, the first port in the highest bits; what is left of the lowest byte is zero. */
export function fieldsOf(ports: readonly Port[]): Field[] {
  let next = rowBits(ports);
  return ports.map((port) => {
    const high = next - 1;
    next -= port.bits;
    return { ...port, high, low: next };
  });
}

function words({ ports, rows }: Vectors): bigint[] {
  const fields = fieldsOf(ports);
  return rows.map((row) => fields.reduce((word, { bits, low }, index) => word | (BigInt.asUintN(bits, row[index]!) << BigInt(low)), 0n));
}

/** A row a line in hexadecimal, after comments that say what it holds. */
export function memoryText(vectors: Vectors, origin: readonly string[]): string {
  const digits = rowBits(vectors.ports) / 4;
  const layout = fieldsOf(vectors.ports).map(({ name, high, low, out, signed }) => `// [${high}:${low}] ${name}${signed ? ', signed' : ''}${out ? ', expected' : ''}`);
  return [...origin.map((line) => `//${line}`), '//', ...layout, ...words(vectors).map((word) => word.toString(16).padStart(digits, '0'))].join('\n') + '\n';
}

/** CRC-32 (as in zlib) over the rows in order, each as its bytes, lowest first. */
export function vectorsCrc32(vectors: Vectors): number {
  const bytes = rowBits(vectors.ports) / 8;
  return crc32(Buffer.concat(words(vectors).map((word) => Buffer.from(word.toString(16).padStart(2 * bytes, '0'), 'hex').reverse())));
}
