/** Checksums that a test bench holds its package to. */
import { crc32 } from 'node:zlib';
import type { HdlConstantGroup } from './constants.js';
import { CONSTANT_BITS } from './text.js';

/** CRC-32 (as in zlib) over all constants in order, each as the bytes of its two's complement, lowest first; a mode as its number. */
export function constantsCrc32(groups: readonly HdlConstantGroup[]): number {
  const bytes = groups.flatMap(({ constants }) => constants.flatMap(({ value }) =>
    Array.from({ length: CONSTANT_BITS / 8 }, (_, index) => Number((BigInt.asUintN(CONSTANT_BITS, value) >> BigInt(8 * index)) & 0xffn))));
  return crc32(Uint8Array.from(bytes));
}
