/** Resolves what a profile says, and what it leaves to fallbacks, into the format of every site of a network. */
import { QrailsError } from '../errors.js';
import { formatName, rawRange } from '../format/format.js';
import { DEFAULT_MODES, overflowProblem } from '../format/check.js';
import type { Overflow } from '../format/modes.js';
import { endRails } from '../format/quantise.js';
import { parseFormat } from '../format/text.js';
import type { SiteFormat } from '../schema/plan.js';
import type { Profile, ProfileSite } from '../schema/profile.js';
import { SITE_NAMES, SITES, siteKey, wordLengthRange, type SiteDefinition, type SiteName } from '../site/sites.js';

/** What the formats of some sites depend on besides the profile. */
export interface Dimensions {
  readonly layers: number;
  /** Largest batch a step trains on. */
  readonly batch: number;
  /** Losses the event detector calibrates on. */
  readonly calibration: number;
}

interface Bare {
  readonly signed: boolean;
  readonly wordLength: number;
  readonly fractionLength: number;
}

/** Constants are prepared by the host, to nearest. */
const CONSTANT_ROUNDING = 'RND_CONV';

const ceilLog2 = (n: number): number => Math.ceil(Math.log2(n));

type Formats = Record<string, SiteFormat>;

/** By profile, then by dimensions. A profile is not changed once it has been checked: `--set` makes another. */
const resolved = new WeakMap<Profile, Map<string, Formats>>();
/** Dimensions whose formats are kept for one profile. */
const KEPT = 64;

/**
 * The format of every site, by key (`layer0.weight`, `loss`, …). A site takes each of its properties from `sites.layerN.name`, else `sites.name`,
 * else its fallback (src/site/sites.ts) and the profile's defaults.
 *
 * @param where what messages call the profile
 * @returns frozen, and the same object for the same profile and dimensions
 * @throws QrailsError `format` where a resolved word length or rail cannot exist
 */
export function resolveFormats(profile: Profile, dimensions: Dimensions, where: string): Formats {
  const key = `${dimensions.layers}/${dimensions.batch}/${dimensions.calibration}`;
  let known = resolved.get(profile);
  if (known === undefined || known.size === KEPT) resolved.set(profile, (known = new Map<string, Formats>()));
  let formats = known.get(key);
  if (formats === undefined) known.set(key, (formats = resolve(profile, dimensions, where)));
  return formats;
}

function resolve(profile: Profile, dimensions: Dimensions, where: string): Formats {
  const sites = (profile.sites ?? {}) as Record<string, ProfileSite | undefined>;
  const stated = (name: SiteName, layer: number): ProfileSite => {
    const own = SITES[name].perLayer ? sites[siteKey(name, layer)] : undefined;
    return own ? { ...sites[name], ...own } : (sites[name] ?? {});
  };
  const bare = (name: SiteName, layer: number): Bare => {
    const site = stated(name, layer);
    const fallback = (SITES[name] as SiteDefinition).fallback;
    if (site.wordLength !== undefined && site.fractionLength !== undefined) {
      // A format stated as two numbers is signed unless it says otherwise or its fallback is a format of its own.
      return { signed: site.signed ?? ownFormat(fallback)?.signed ?? true, wordLength: site.wordLength, fractionLength: site.fractionLength };
    }
    if (fallback === undefined) {
      throw new QrailsError({ code: 'invalid', where, message: `sites.${name} has no format`, expected: 'wordLength and fractionLength' });
    }
    const base = fallbackFormat(name, layer);
    return {
      signed: site.signed ?? base.signed,
      wordLength: site.wordLength ?? base.wordLength,
      fractionLength: site.fractionLength ?? base.fractionLength,
    };
  };
  const fallbackFormat = (name: SiteName, layer: number): Bare => {
    switch (name) {
      case 'target':
        return bare('activation', dimensions.layers - 1);
      case 'error':
        return bare('activation', layer);
      case 'bias':
        return bare('weight', layer);
      case 'anchorPull':
        return bare('update', layer);
      case 'learningRate':
        return bare('rate', 0);
      case 'gradientAccumulator': {
        const accumulator = bare('accumulator', layer);
        const most = wordLengthRange('accumulator', accumulator.signed)[1];
        return { ...accumulator, wordLength: Math.min(most, accumulator.wordLength + ceilLog2(dimensions.batch)) };
      }
      case 'average': {
        const weight = bare('weight', layer);
        const more = Math.min(8, wordLengthRange('signal', weight.signed)[1] - weight.wordLength);
        return { ...weight, wordLength: weight.wordLength + more, fractionLength: weight.fractionLength + more };
      }
      case 'measureMean': {
        const loss = bare('loss', 0);
        const more = Math.min(8, wordLengthRange('metric', loss.signed)[1] - loss.wordLength);
        return { ...loss, wordLength: loss.wordLength + more, fractionLength: loss.fractionLength + more };
      }
      case 'cusum':
        return bare('measureMean', 0);
      case 'norm': {
        const square = bare('squaredNorm', 0);
        const whole = Math.ceil((square.wordLength - square.fractionLength) / 2);
        const finest = Math.max(
          ...Array.from({ length: dimensions.layers }, (_, l) => Math.max(bare('weight', l).fractionLength, bare('bias', l).fractionLength)),
        );
        // One bit less than the register, and no radicand past 127 bits.
        const most = Math.min(63 - whole, (127 - square.wordLength + square.fractionLength) >> 1);
        const fractionLength = Math.min(most, finest + 6);
        return { signed: false, wordLength: Math.max(2, whole + fractionLength), fractionLength };
      }
      case 'lossMean': {
        const loss = bare('loss', 0);
        const most = wordLengthRange('metric', loss.signed)[1];
        return { ...loss, wordLength: Math.min(most, loss.wordLength + ceilLog2(dimensions.calibration)) };
      }
      default: {
        const own = ownFormat((SITES[name] as SiteDefinition).fallback);
        if (!own) throw new RangeError(`site ${name} has no fallback rule`);
        return own;
      }
    }
  };

  const formats: Formats = {};
  const settle = (name: SiteName, layer: number): void => {
    const key = siteKey(name, layer);
    const { kind, optional } = SITES[name] as SiteDefinition;
    const site = stated(name, layer);
    if (optional && Object.keys(site).length === 0) return;
    const format = bare(name, layer);
    const [least, most] = wordLengthRange(kind, format.signed);
    if (format.wordLength < least || format.wordLength > most) {
      throw new QrailsError({
        code: 'format', where: `${where}: sites.${key}`, message: 'a word length that cannot be', found: `${format.wordLength} bits`,
        expected: `${least} to ${most} bits for ${format.signed ? 'a signed' : 'an unsigned'} ${kind}`,
      });
    }
    const saturates = kind === 'metric' || kind === 'square' || kind === 'constant';
    const overflow = site.overflow ?? (saturates ? 'SAT' : (profile.defaults?.overflow ?? DEFAULT_MODES.overflow));
    if (overflow !== 'SAT' && (kind === 'metric' || kind === 'square')) {
      throw new QrailsError({ code: 'format', where: `${where}: sites.${key}.overflow`, message: 'controller metrics saturate', found: overflow, expected: 'SAT' });
    }
    const saturatedBits = site.saturatedBits ?? 0;
    const problem = overflowProblem(format, overflow, saturatedBits);
    if (problem) {
      const { key: property, ...parts } = problem;
      throw new QrailsError({ code: 'format', where: `${where}: sites.${key}.${property}`, ...parts });
    }
    const { signed, wordLength, fractionLength } = format;
    const rounding = site.rounding ?? (kind === 'constant' ? CONSTANT_ROUNDING : (profile.defaults?.rounding ?? DEFAULT_MODES.rounding));
    const ends = rails({ signed, wordLength, fractionLength, overflow }, site.rails, () => `${where}: sites.${key}.rails`);
    // Two literals: a plan has dozens of these, and spreading is slow.
    formats[key] = Object.freeze(
      saturatedBits > 0 ? { signed, wordLength, fractionLength, rounding, overflow, saturatedBits, rails: ends } : { signed, wordLength, fractionLength, rounding, overflow, rails: ends },
    );
    Object.freeze(ends);
  };
  for (const name of SITE_NAMES) for (let layer = 0; layer < (SITES[name].perLayer ? dimensions.layers : 1); layer++) settle(name, layer);
  checkHoldsOne(formats['throttle']!, `${where}: sites.throttle`);
  return Object.freeze(formats);
}

/** α = 1 means no throttling: neither a rail below it nor a last place above it will do. */
function checkHoldsOne(format: SiteFormat, where: string): void {
  const { fractionLength, rails } = format;
  if (fractionLength >= 0 && BigInt(rails[1]) >= 1n << BigInt(fractionLength)) return;
  throw new QrailsError({
    code: 'format', where, message: 'cannot hold 1 exactly', found: `${formatName(format)}, raws ${rails.join(' to ')}`,
    expected: 'a format and rails with 1 in them: α = 1 means no throttling', try: 'ufix16_En15: "wordLength": 16, "fractionLength": 15, "signed": false',
  });
}

/** Fallbacks that name a format: `ufix16_En15`. */
const OWN_FORMATS: ReadonlyMap<string, Bare> = new Map(
  Object.values<SiteDefinition>(SITES).flatMap(({ fallback = '' }) => (/^[su]fix/.test(fallback) ? [[fallback, parseFormat(fallback)]] : [])),
);
const ownFormat = (fallback = ''): Bare | undefined => OWN_FORMATS.get(fallback);

function rails(format: Bare & { overflow: Overflow }, stated: readonly [number, number] | undefined, place: () => string): [string, string] {
  if (!stated) return endRails(format);
  const where = place();
  const [low, high] = rawRange(format);
  if (format.overflow !== 'SAT' && format.overflow !== 'TRAP') {
    throw new QrailsError({ code: 'format', where, message: 'rails belong to SAT and TRAP only', found: format.overflow, expected: 'SAT or TRAP', try: '"overflow": "SAT", or no rails' });
  }
  if (stated[0] === stated[1]) throw new QrailsError({ code: 'format', where, message: 'rails that leave no room', found: `[${stated.join(', ')}]`, expected: 'low below high' });
  return stated.map((rail, side) => {
    const scaled = rail * 2 ** format.fractionLength;
    const raw = Number.isInteger(scaled) ? BigInt(scaled) : undefined;
    if (raw === undefined || raw < low || raw > high || (side === 0 ? raw > 0n : raw < 0n)) {
      throw new QrailsError({ code: 'format', where: `${where}[${side}]`, message: 'a rail that does not lie in the resolved format', found: String(rail), expected: `a multiple of 2^${-format.fractionLength} within ${formatName(format)}, with 0 between the rails` });
    }
    return String(raw);
  }) as [string, string];
}
