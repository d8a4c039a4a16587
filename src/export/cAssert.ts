/** What exported C relies on, as conditions a compiler can check. */
import type { Plan } from '../schema/plan.js';
import { orderedTypes, typeName } from './cInteger.js';
import { formatAt, scaleOf } from './cSites.js';
import type { Table } from './cTable.js';

export interface Assertion {
  readonly name: string;
  readonly condition: string;
}

/**
 * Checked as array sizes and not with _Static_assert, which C90 and C99 lack. Only what is used: no 8-bit type on processors without one.
 * Words up to 16 bits are shifted as int.
 */
export function assertions(plan: Plan, tables: readonly Table[], macroPrefix: string): Assertion[] {
  const sized = orderedTypes(tables.map(({ format }) => format));
  const shifted = orderedTypes(Object.values(plan.sites)).filter(({ signed, bits }) => signed && bits > 16);
  return [
    { name: 'twos_complement', condition: '(-1 & 3) == 3' },
    ...['int', ...shifted.map(typeName)].map((type) => ({ name: `${type}_shifts_right_arithmetically`, condition: `((${type})-1 >> 1) == -1` })),
    ...sized.map((type) => ({ name: `${typeName(type)}_size`, condition: `sizeof(${typeName(type)}) * CHAR_BIT == ${type.bits}U` })),
    ...meanAssertion(plan, macroPrefix),
  ];
}

/** The coefficients of the moving mean add to exactly one, in a type that holds one. */
function meanAssertion(plan: Plan, macroPrefix: string): Assertion[] {
  if (plan.throttle.rho === undefined) return [];
  const format = formatAt(plan, 'meanRate');
  if (scaleOf(format) === undefined) return [];
  const as = (name: string): string => `(${format.fractionLength < 32 ? 'uint32_t' : 'uint64_t'})${macroPrefix}_${name}`;
  return [{ name: 'mean_rates_add_to_one', condition: `${as('MEAN_RATE')} + ${as('ONE_MINUS_MEAN_RATE')} == ${as('MEAN_RATE_SCALE')}` }];
}
