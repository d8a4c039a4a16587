import { Type, type Static } from '@sinclair/typebox';
import { EMA_FORM_NAMES } from '../ema/forms.js';
import { EMA_QUANTITY_NAMES } from '../ema/quantities.js';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { LAST_SEED, strict, StringEnum } from './common.js';
import { Raw } from './plan.js';

const FormatName = Type.String({ pattern: '^[su]fix[0-9]{1,2}(_En?[0-9]{1,3})?$', description: 'sfix16_En15' });
const orNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const rawOrNull = (description: string) => Type.Union([Raw, Type.Null()], { description });
const exact = (description: string) => Type.String({ maxLength: 400, description });

/** What `qrails ema --json` prints. */
export const EmaReport = strict(
  {
    ema: Type.Literal(1, { description: 'version of this document' }),
    form: StringEnum(EMA_FORM_NAMES, 'form of the moving mean'),
    law: Type.String({ description: 'what it does' }),
    rho: strict({
      asked: exact('ρ as asked for: a decimal, a fraction, or ≈'),
      used: exact('ρ as the form uses it'),
      raw: Raw,
      betaRaw: Raw,
      fraction: Type.Integer({ minimum: 1, maximum: 62, description: 'ρ is raw·2^-fraction, β betaRaw·2^-fraction: together exactly 1. The shift, where there is no multiplier' }),
      format: Type.Union([FormatName, Type.Null()], { description: 'format of both; null where there is no multiplier' }),
    }),
    mean: strict({ format: FormatName, rounding: StringEnum(ROUNDINGS, 'rounding of S'), overflow: StringEnum(OVERFLOWS, 'overflow of S') }),
    part: Type.Union([strict({ name: StringEnum(['product', 'step'] as const, 'what is rounded before the sum'), format: FormatName, rounding: StringEnum(ROUNDINGS, 'its rounding') }), Type.Null()]),
    seed: Type.Integer({ minimum: 0, maximum: LAST_SEED, description: 'of the noise and of stochastic modes' }),
    input: strict({ raw: Raw, value: exact('constant input, and what noise and alternation go around') }),
    settles: strict(
      {
        fromBelow: strict({ predicted: rawOrNull('smallest fixed point; null where a random mode has none, or none is inside the rails'), measured: Raw }),
        fromAbove: strict({ predicted: rawOrNull('largest fixed point'), measured: Raw }),
      },
      { description: 'raws of S at which it ends on the constant input' },
    ),
    quantities: Type.Array(
      strict({
        id: StringEnum(EMA_QUANTITY_NAMES, 'what'),
        about: Type.String(),
        unit: Type.String(),
        law: Type.String({ description: 'formula of the prediction' }),
        predicted: orNull('null where nothing can be said'),
        fixed: orNull('measured in fixed point; null where it does not happen'),
        float: orNull('measured in binary64'),
        deviation: orNull('one standard deviation of what is measured on noise'),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/ema.schema.json', title: 'qrails ema' },
);
export type EmaReport = Static<typeof EmaReport>;
