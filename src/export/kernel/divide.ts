/** How controllers divide, as C: exactly, by the next power of two, or by a table of reciprocals. docs/numerics.md §6.4. */
import { QrailsError } from '../../errors.js';
import { takesQuotients } from '../quotients.js';
import { tableLines } from './arrays.js';
import type { Kernel } from './context.js';
import { leaf, multiply, uint32Literal, variable, type Exact } from './exact.js';
import { range } from './range.js';
import { ALONE, type Place } from './sites.js';

const bitLength = (value: bigint): number => value.toString(2).length;

/** Statements before a quotient at a site, and the quotient as a call. d > 0. */
export function divided(kernel: Kernel, key: string, n: Exact, d: Exact, place: Place = ALONE): { lines: string[]; value: Exact } {
  const { sites, plan } = kernel;
  const { method, bits = 0 } = plan.divide;
  if (method === 'none') throw new QrailsError({ code: 'unsupported', where: 'divide', message: `the target cannot divide, but ${key} takes a quotient` });
  if (method === 'exact') return { lines: [], value: sites.quotient(key, n, d, place) };
  const [numerator, wideDivisor] = sites.alignedQuotient(key, n, d);
  const divisor = variable('d', wideDivisor);
  const wide = divisor.value.type === 'wide';
  const longest = bitLength(wideDivisor.range.high);
  if (method !== 'table') {
    const power = `${wide ? 'wide_ceil_log2' : 'ceil_log2'}(${wide ? 'd' : '(uint64_t)d'})`;
    return { lines: [divisor.declare], value: sites.byPower(key, numerator, power, longest, place) };
  }
  const floor = wide ? 'wide_floor_log2(d)' : 'floor_log2((uint64_t)d)';
  const leading = wide ? 'wide_right(d, e - RECIPROCAL_BITS).low' : '(uint64_t)d >> (e - RECIPROCAL_BITS)';
  const short = wide ? 'd.low' : '(uint64_t)d';
  const reciprocal = leaf('reciprocal', 'uint32_t', range(0n, 1n << BigInt(bits + 1)), 0);
  return {
    lines: [
      divisor.declare,
      `const unsigned e = ${floor};`,
      `const uint64_t m = e >= RECIPROCAL_BITS ? ${leading} : ${short} << (RECIPROCAL_BITS - e); /* its leading bits */`,
      `const uint32_t reciprocal = reciprocals[m - ${uint32Literal(1 << bits)}];`,
    ],
    value: sites.byPower(key, multiply(numerator, reciprocal), 'e + RECIPROCAL_BITS + 1U', longest + bits + 1, place),
  };
}

/** The table of reciprocals: of the middle of the divisors that begin with m, 2^bits <= m < 2^(bits + 1), to nearest. */
export function reciprocalTable({ plan }: Kernel): string[] {
  const { method, bits = 0 } = plan.divide;
  if (method !== 'table' || !takesQuotients(plan)) return [];
  const k = BigInt(bits);
  const rows: string[] = [];
  for (let m = 1n << k; m < 1n << (k + 1n); m++) rows.push(`${((1n << (2n * k + 3n)) / (2n * m + 1n) + 1n) >> 1n}U`);
  return [
    [
      `#define RECIPROCAL_BITS ${bits}U`,
      '/* floor(2^(2 * bits + 2) / (2 * m + 1) + 1/2) for the leading bits m = 2^bits ... of a divisor; numerics.md section 6.4 */',
      `static const uint16_t reciprocals[${rows.length}] = {`,
      ...tableLines(rows),
      '};',
    ].join('\n'),
  ];
}

