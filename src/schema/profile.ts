import { Type, type Static, type TOptional } from '@sinclair/typebox';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { LAYER_SITES, SITES, SITE_NAMES, type SiteName } from '../site/sites.js';
import { Source, StringEnum, header, strict } from './common.js';

export const ACCUMULATE = ['each', 'pair', 'end'] as const;
export const MAC_ORDERS = ['ascending', 'descending'] as const;
export const BATCH_DIVISION = ['exact', 'reciprocal', 'powerOfTwo'] as const;
/** How a controller's quotient is taken (docs/numerics.md §6.4). `none`: the target has no way to divide, and laws that need one are refused. */
export const DIVIDERS = ['exact', 'table', 'powerOfTwo', 'none'] as const;
/** What becomes of a hardware overflow flag between two overflows. */
export const FLAG_KINDS = ['sticky', 'counter', 'oneCycle'] as const;

/** Products summed exactly between two quantisations: 1, 2, all of them, or a number of vector lanes. */
export const Accumulate = Type.Union([StringEnum(ACCUMULATE, 'when the running sum is quantised: after each product, after a pair, or once at the end'), Type.Integer({ minimum: 1, maximum: 4096, description: 'after this many products' })]);
export type Accumulate = Static<typeof Accumulate>;

const rounding = StringEnum(ROUNDINGS, 'rounding mode');
const overflow = StringEnum(OVERFLOWS, 'overflow mode');

/** What a profile says of one site. Every key is optional so that `extends` and `--set` can change one of them. */
export const ProfileSite = strict({
  wordLength: Type.Optional(Type.Integer({ minimum: 2, maximum: 64, description: 'W, bits in the word, the sign included' })),
  fractionLength: Type.Optional(Type.Integer({ minimum: -64, maximum: 128, description: 'F: one last place is 2^-F' })),
  signed: Type.Optional(Type.Boolean({ description: 'default true' })),
  rounding: Type.Optional(rounding),
  overflow: Type.Optional(overflow),
  saturatedBits: Type.Optional(Type.Integer({ minimum: 0, maximum: 64, description: 'n of WRAP and WRAP_SM: the top n bits saturate; default 0' })),
  rails: Type.Optional(
    Type.Tuple([Type.Number(), Type.Number()], { description: 'smallest and largest value let through, in real units, exact in the format' }),
  ),
  source: Type.Optional(Source),
});
export type ProfileSite = Static<typeof ProfileSite>;

const siteProperties = Object.fromEntries(
  SITE_NAMES.map((name) => [name, Type.Optional({ ...ProfileSite, description: SITES[name].about })]),
) as Record<SiteName, TOptional<typeof ProfileSite>>;

/**
 * What the silicon has, beside the formats its code chooses. Formats are held to account by it (src/plan/concerns.ts), pictures show it, and a comparison
 * says which flag would have risen; it changes no bit of a run.
 */
export const Hardware = strict({
  multiplier: Type.Optional(
    strict({
      operands: Type.Tuple([Type.Integer({ minimum: 1, maximum: 64 }), Type.Integer({ minimum: 1, maximum: 64 })], { description: 'bits of the two operands' }),
      product: Type.Integer({ minimum: 1, maximum: 128, description: 'bits of the product that are kept' }),
      source: Type.Optional(Source),
    }),
  ),
  accumulator: Type.Optional(
    strict({ wordLength: Type.Integer({ minimum: 2, maximum: 128, description: 'bits of the widest register that sums are kept in' }), source: Type.Optional(Source) }),
  ),
  shift: Type.Optional(
    strict(
      {
        right: StringEnum(ROUNDINGS, 'rounding mode that a shift right amounts to; an arithmetic shift is TRN'),
        most: Type.Optional(Type.Integer({ minimum: 0, maximum: 128, description: 'largest shift of one instruction' })),
        source: Type.Optional(Source),
      },
      { description: 'what a right shift does with the bits it drops' },
    ),
  ),
  flags: Type.Optional(
    Type.Array(
      strict({
        name: Type.String({ minLength: 1, maxLength: 30, description: 'as the manual calls it: Q, OVC, SA' }),
        kind: StringEnum(FLAG_KINDS, 'sticky until cleared, a counter of overflows, or high for one cycle'),
        bits: Type.Optional(Type.Integer({ minimum: 1, maximum: 32, description: 'of a counter' })),
        sites: Type.Array(StringEnum(SITE_NAMES, 'site whose overflow raises it'), { minItems: 1, maxItems: SITE_NAMES.length, uniqueItems: true }),
        source: Type.Optional(Source),
      }),
      { maxItems: 8 },
    ),
  ),
});
export type Hardware = Static<typeof Hardware>;

/** A hardware target. `layer0.weight` and the like override a site for one layer. */
export const Profile = strict(
  {
    ...header,
    extends: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'a shipped target, or a path relative to this file' })),
    source: Type.Optional(Source),
    leavesOut: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { maxItems: 50, description: 'what the hardware does that this profile does not model' })),
    defaults: Type.Optional(strict({ rounding: Type.Optional(rounding), overflow: Type.Optional(overflow), source: Type.Optional(Source) })),
    sites: Type.Optional(
      Type.Object(siteProperties, {
        additionalProperties: false,
        patternProperties: { [`^layer(0|[1-9][0-9]?)\\.(${LAYER_SITES.join('|')})$`]: ProfileSite },
      }),
    ),
    accumulate: Type.Optional(
      strict({
        accumulator: Type.Optional(Accumulate),
        gradientAccumulator: Type.Optional(Accumulate),
        order: Type.Optional(StringEnum(MAC_ORDERS, 'order of the products in a sum, by index; default ascending')),
        source: Type.Optional(Source),
      }),
    ),
    divide: Type.Optional(
      strict(
        {
          method: StringEnum(DIVIDERS, 'default exact'),
          bits: Type.Optional(Type.Integer({ minimum: 1, maximum: 12, description: 'index bits of the table of reciprocals; `table` only, default 6' })),
          source: Type.Optional(Source),
        },
        { description: 'how controllers take a quotient' },
      ),
    ),
    hardware: Type.Optional(Hardware),
    batch: Type.Optional(
      strict({
        division: Type.Optional(StringEnum(BATCH_DIVISION, 'how a batch mean is taken where B is not a power of two')),
        sizes: Type.Optional(StringEnum(['any', 'powerOfTwo', 'one'] as const, 'batch sizes the target can run')),
        source: Type.Optional(Source),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/profile.schema.json', title: 'qrails target profile' },
);
export type Profile = Static<typeof Profile>;
