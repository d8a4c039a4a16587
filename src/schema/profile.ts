import { Type, type Static, type TOptional } from '@sinclair/typebox';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { LAYER_SITES, SITES, SITE_NAMES, type SiteName } from '../site/sites.js';
import { Source, StringEnum, header, strict } from './common.js';

export const ACCUMULATE = ['each', 'pair', 'end'] as const;
export const BATCH_DIVISION = ['exact', 'reciprocal', 'powerOfTwo'] as const;

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
        accumulator: Type.Optional(StringEnum(ACCUMULATE, 'when the running sum is quantised')),
        gradientAccumulator: Type.Optional(StringEnum(ACCUMULATE, 'when the running sum is quantised')),
        source: Type.Optional(Source),
      }),
    ),
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
