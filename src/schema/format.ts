import { Type, type Static } from '@sinclair/typebox';
import { FORMAT_LIMITS } from '../format/check.js';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { NOTATION_NAMES, NOTATIONS, type NotationName } from '../format/notations.js';
import { StringEnum, described, strict } from './common.js';

const Decimal = Type.String({ pattern: '^-?[0-9]+(\\.[0-9]+)?$', description: 'exact decimal' });

/** What `qrails format --json` prints. */
export const FormatExplanation = strict(
  {
    format: Type.Literal(1, { description: 'version of this document' }),
    text: Type.String({ description: 'as given' }),
    notation: StringEnum(NOTATION_NAMES, 'notation it was given in'),
    signed: Type.Boolean(),
    wordLength: Type.Integer({ ...FORMAT_LIMITS.wordLength, description: 'W, bits in the word, the sign included' }),
    fractionLength: Type.Integer({ ...FORMAT_LIMITS.fractionLength, description: 'F: one last place is 2^-F' }),
    rounding: Type.Optional(StringEnum(ROUNDINGS, 'rounding mode, where the notation states one or its family has a default')),
    overflow: Type.Optional(StringEnum(OVERFLOWS, 'overflow mode, likewise')),
    saturatedBits: Type.Optional(Type.Integer({ minimum: 1, maximum: FORMAT_LIMITS.wordLength.maximum, description: 'n of WRAP and WRAP_SM; 0 where absent' })),
    range: Type.Tuple([Decimal, Decimal], { description: 'smallest and largest value that occurs' }),
    rawRange: Type.Tuple([Type.String(), Type.String()], { description: 'smallest and largest raw that occurs' }),
    resolution: described(Decimal, 'one last place, 2^-F, exact decimal'),
    codes: Type.String({ pattern: '^[0-9]+$', description: 'number of raws that occur' }),
    dynamicRangeDb: Type.Union([Type.Number(), Type.Null()], { description: '20·log10(largest magnitude / resolution); null where only 0 occurs' }),
    cType: Type.String({ description: 'C type that holds the raw' }),
    notations: Type.Unsafe<Record<NotationName, string | null>>(
      strict(
        Object.fromEntries(NOTATION_NAMES.map((name) => [name, Type.Union([Type.String(), Type.Null()], { description: NOTATIONS[name].about })])),
        { description: 'the same format in every notation; null where it cannot be said' },
      ),
    ),
    notes: Type.Array(Type.String(), { description: 'where tools differ' }),
  },
  { $id: 'https://qrails.invalid/schema/format.schema.json', title: 'qrails explanation of a format' },
);
export type FormatExplanation = Static<typeof FormatExplanation>;
