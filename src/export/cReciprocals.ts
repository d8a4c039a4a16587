/** Reciprocals that stand for divisions: of the batch sizes a run can meet, and of the divisors of its controllers. */
import { QrailsError } from '../errors.js';
import type { Format } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import { trainedSizes } from '../plan/trainedSizes.js';
import type { Plan } from '../schema/plan.js';
import { formatAt, formatMacros } from './cSites.js';
import { takesQuotients } from './quotients.js';
import type { Part, Table } from './cTable.js';

/** Whether a mean over so many samples multiplies by a reciprocal: by a power of two it is a shift. */
export const needsReciprocal = (size: number): boolean => !Number.isInteger(Math.log2(size));

/** The sizes that need a reciprocal, and the reciprocals; nothing where the rule or the run needs none. */
export function batchReciprocals(plan: Plan): Part[] {
  if (plan.batchDivision !== 'reciprocal') return [];
  const sizes = trainedSizes(plan).filter(needsReciprocal);
  if (sizes.length === 0) return [];
  const length = 'RECIPROCAL_LEN';
  const format = formatAt(plan, 'reciprocal');
  const batches: Table = {
    name: 'reciprocal_batch', length, label: (index) => `[${index}]`, format: { signed: false, wordLength: sizes.at(-1)! < 2 ** 16 ? 16 : 32, fractionLength: 0 },
    about: 'sizes of batch that are no power of two, smaller last ones included', raws: sizes.map(BigInt),
  };
  const reciprocals: Table = {
    name: 'reciprocal', length, label: (index) => `1/${sizes[index]}`, format,
    about: 'the reciprocals of those sizes', raws: sizes.map((size) => quantise({ numerator: 1n, denominator: BigInt(size) }, format).raw),
  };
  return [{ tables: [batches, reciprocals], group: { comment: 'reciprocals for batch means', macros: [{ name: length, value: `${sizes.length}U` }] } }];
}

/** As many as a profile can ask for. */
const MOST_INDEX_BITS = 12;

/**
 * The reciprocals a controller divides by where the profile has a table of them (docs/numerics.md §6.4): R for each of the 2^k leading parts m of a
 * divisor, 2^k ≤ m < 2^(k+1), by m − 2^k. As a number, R · 2^−(k+1) is about 2^k / m.
 */
export function dividerReciprocals(plan: Plan): Part[] {
  const { method, bits = 0 } = plan.divide;
  if (method !== 'table' || !takesQuotients(plan)) return [];
  if (!Number.isInteger(bits) || bits < 1 || bits > MOST_INDEX_BITS) {
    throw new QrailsError({ code: 'invalid', where: 'divide.bits', message: 'is no size of a table of reciprocals', found: String(bits), expected: `1 to ${MOST_INDEX_BITS}` });
  }
  const entries = 2 ** bits;
  const format: Format = { signed: false, wordLength: bits + 1, fractionLength: bits + 1 };
  const table: Table = {
    name: 'divider_reciprocal', length: 'DIVIDER_RECIPROCAL_LEN', format,
    about: `reciprocals of divisors by the ${bits} bits below their leading one`,
    // ⌊2^(2k+2) / (2m + 1) + ½⌋
    raws: Array.from({ length: entries }, (_, index) => {
      const odd = BigInt(2 * (entries + index) + 1);
      return ((1n << BigInt(2 * bits + 3)) + odd) / (2n * odd);
    }),
    label: (index) => `${entries}/${entries + index}.5`,
  };
  return [{ tables: [table], group: { comment: 'division by a table of reciprocals', macros: [{ name: table.length, value: `${entries}U` }, ...formatMacros('DIVIDER_RECIPROCAL', format)] } }];
}
