/** What a profile says beside its formats, with every default filled in. */
import type { Accumulate, BATCH_DIVISION, DIVIDERS, MAC_ORDERS, Profile } from '../schema/profile.js';

export interface ProfileRules {
  readonly accumulator: Accumulate;
  readonly gradientAccumulator: Accumulate;
  readonly order: (typeof MAC_ORDERS)[number];
  readonly divider: (typeof DIVIDERS)[number];
  /** Index bits of the table of reciprocals; of `table` only. */
  readonly dividerBits: number | undefined;
  readonly batchDivision: (typeof BATCH_DIVISION)[number];
  readonly batchSizes: NonNullable<NonNullable<Profile['batch']>['sizes']>;
}

const DEFAULT_TABLE_BITS = 6;

export function rulesOf({ accumulate, divide, batch }: Profile): ProfileRules {
  const divider = divide?.method ?? 'exact';
  return {
    accumulator: accumulate?.accumulator ?? 'each',
    gradientAccumulator: accumulate?.gradientAccumulator ?? 'end',
    order: accumulate?.order ?? 'ascending',
    divider,
    dividerBits: divider === 'table' ? (divide?.bits ?? DEFAULT_TABLE_BITS) : undefined,
    batchDivision: batch?.division ?? 'exact',
    batchSizes: batch?.sizes ?? 'any',
  };
}
