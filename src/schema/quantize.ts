import { Type, type Static } from '@sinclair/typebox';
import { FORMAT_LIMITS } from '../format/check.js';
import { REAL_LIMITS } from '../format/real.js';
import { Raw } from './plan.js';
import { strict } from './common.js';

/** A line that `qrails quantize --cases -` reads. */
export const QuantizeCase = strict(
  {
    value: Type.String({ minLength: 1, maxLength: REAL_LIMITS.length, description: 'in quotes, so that no reader makes a double of it: a decimal, a fraction a/b or a hexadecimal float' }),
    wordLength: Type.Integer({ ...FORMAT_LIMITS.wordLength, description: 'W, bits in the word, the sign included' }),
    fractionLength: Type.Integer({ ...FORMAT_LIMITS.fractionLength, description: 'F: one last place is 2^-F' }),
    signed: Type.Optional(Type.Boolean({ description: 'default true' })),
    rounding: Type.String({ minLength: 1, maxLength: 40, description: 'rounding mode, or an alias of docs/formats.md' }),
    overflow: Type.String({ minLength: 1, maxLength: 40, description: 'overflow mode, or an alias of docs/formats.md' }),
    saturatedBits: Type.Optional(Type.Integer({ minimum: 0, maximum: FORMAT_LIMITS.wordLength.maximum, description: 'n of WRAP and WRAP_SM; default 0' })),
  },
  { $id: 'https://qrails.invalid/schema/quantizeCase.schema.json', title: 'qrails quantize --cases, one line' },
);
export type QuantizeCase = Static<typeof QuantizeCase>;

/** A line that `qrails quantize --json` and `--cases -` print: one a value, in order. */
export const QuantizeResult = strict(
  {
    raw: Raw,
    value: Type.String({ pattern: '^-?[0-9]+(\\.[0-9]+)?$', description: 'raw·2^-F, exact decimal' }),
    error: Type.String({
      pattern: '^(-?[0-9]+(\\.[0-9]+)?|-?[0-9]+/[0-9]+|≈-?[0-9](\\.[0-9]+)?e[+-][0-9]+)$',
      description: 'value minus the exact input: a decimal, a fraction where it does not end, or ≈ and 17 significant digits where either has more than 400 characters',
    }),
    overflow: Type.Unsafe<'high' | 'low' | null>({ enum: ['high', 'low', null], description: 'side on which the rounded value left the format' }),
    underflow: Type.Boolean({ description: 'a value that is not zero became zero, without overflow' }),
  },
  { $id: 'https://qrails.invalid/schema/quantizeResult.schema.json', title: 'qrails quantize, one line of the result' },
);
export type QuantizeResult = Static<typeof QuantizeResult>;
