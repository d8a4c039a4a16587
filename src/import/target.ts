/** What a hardware target makes of imported values, and the target that holds them as they are. */
import { formatName, type Format } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import { fromDouble } from '../format/real.js';
import { resolveFormats } from '../plan/formats.js';
import { Profile, type ProfileSite } from '../schema/profile.js';
import type { SiteFormat } from '../schema/plan.js';
import { validate } from '../schema/validate.js';
import { siteKey } from '../site/sites.js';
import type { PlacedValues } from './values.js';

export interface SiteFit {
  /** `layer0.weight` */
  readonly site: string;
  /** Format the target has there. */
  readonly format: string;
  /** Values it does not hold exactly. */
  readonly inexact: number;
  /** What the target must be told to have the format of the values. */
  readonly set: readonly string[];
}

/** How a target holds values, site by site. */
export function fitOf(profile: Profile, layers: number, placed: readonly PlacedValues[]): SiteFit[] {
  const sites = resolveFormats(profile, { layers, batch: 1, calibration: 2 }, profile.name);
  return placed.map(({ layer, kind, values, format }) => {
    const site = siteKey(kind, layer);
    const has = sites[site]!;
    const keys = ['signed', 'wordLength', 'fractionLength'] as const;
    return {
      site, format: formatName(has), inexact: values.filter((value) => !holds(has, value)).length,
      set: format === undefined ? [] : keys.filter((key) => has[key] !== format[key]).map((key) => `profile.sites.${site}.${key}=${format[key]}`),
    };
  });
}

const lengths = ({ wordLength, fractionLength }: Format): Pick<Format, 'wordLength' | 'fractionLength'> => ({ wordLength, fractionLength });

function holds(format: SiteFormat, value: number): boolean {
  const real = fromDouble(value);
  const { raw, overflow } = quantise(real, format);
  const f = BigInt(format.fractionLength);
  return overflow === 0 && (f >= 0n ? raw * real.denominator === real.numerator << f : (raw << -f) * real.denominator === real.numerator);
}

/**
 * A profile that is another one with the formats of imported values.
 *
 * @param base what it extends: a shipped name, or a path from where it is written to
 * @throws QrailsError `invalid` for a format no profile can state
 */
export async function profileOf(name: string, base: string, placed: readonly PlacedValues[], source: string): Promise<Profile> {
  const sites = Object.fromEntries(
    placed.flatMap(({ layer, kind, format }): [string, ProfileSite][] =>
      format === undefined ? [] : [[siteKey(kind, layer), { ...(!format.signed && { signed: false }), ...lengths(format), source: `imported from ${source}` }]]),
  );
  return validate(Profile, { name, extends: base, sites }, 'the profile with imported formats');
}
