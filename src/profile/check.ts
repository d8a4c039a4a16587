/** Rules of a profile that no schema can say and that need no experiment. */
import { QrailsError } from '../errors.js';
import { formatName, rawRange, rawToReal, type Format } from '../format/format.js';
import type { Profile, ProfileSite } from '../schema/profile.js';
import { SITE_NAMES, siteName, SITES, wordLengthRange, type SiteDefinition } from '../site/sites.js';

/** A site with the two numbers a format cannot do without. */
type Formatted = ProfileSite & { wordLength: number; fractionLength: number };

interface Place {
  /** File of the profile. */
  readonly where: string;
  /** `sites.layer0.weight` */
  readonly path: string;
}

/** The format of a site; a profile's sites are signed unless they say otherwise. */
const formatOf = ({ signed = true, wordLength, fractionLength }: Formatted): Format => ({ signed, wordLength, fractionLength });

/** A raw as a real number, to six digits. */
const real = (raw: bigint, fractionLength: number): string => String(Number(rawToReal(raw, fractionLength).toPrecision(6)));

/**
 * Holds a merged profile against the rules its schema cannot say:
 * every site without a fallback is there, with a word length and a fraction length; every format that is stated in full has a word length its kind can have;
 * rails are exact in the format, inside it, around zero, and only with SAT; controller metrics saturate; `throttle` holds 1 exactly;
 * every site and every part of the hardware says where its figures come from, or the profile does;
 * `divide.bits` belongs to a table, `bits` to a counter, and a flag has a name of its own and rises at sites that can overflow on the target;
 * a multiplier keeps no more bits than a product has.
 *
 * @param where what messages call the profile: its file
 * @throws QrailsError `format` for a format or rail that cannot exist, `invalid` for what is missing
 * @example checkProfile(profile, 'hw-profiles/mine.json');
 */
export function checkProfile(profile: Profile, where: string): void {
  const sites = (profile.sites ?? {}) as Record<string, ProfileSite>;
  for (const name of SITE_NAMES) {
    const { fallback, optional } = SITES[name] as SiteDefinition;
    if (fallback === undefined && !optional && sites[name] === undefined) {
      throw new QrailsError({
        code: 'invalid', where, message: `sites.${name} is missing`, expected: `a format for ${name} (${SITES[name].about})`,
        try: `"${name}": { "wordLength": 16, "fractionLength": 8 }`,
      });
    }
  }
  for (const [key, stated] of Object.entries(sites)) {
    const name = siteName(key);
    const place = { where, path: `sites.${key}` };
    const site = { ...(key === name ? undefined : sites[name]), ...stated };
    // A site with a fallback may state only what differs; the plan checks the format that results.
    if ((SITES[name] as SiteDefinition).fallback !== undefined && (site.wordLength === undefined || site.fractionLength === undefined)) continue;
    requireFormat(site, place);
    checkWordLength(site, SITES[name], place);
    const overflow = site.overflow ?? (isMetric(SITES[name]) ? 'SAT' : (profile.defaults?.overflow ?? 'SAT'));
    if (overflow !== 'SAT' && isMetric(SITES[name])) {
      const message = `${place.path}.overflow = ${overflow}: controller metrics saturate`;
      throw new QrailsError({ code: 'format', where, message, found: overflow, expected: 'SAT' });
    }
    if (site.rails !== undefined) checkRails(site, site.rails, overflow, place);
    if (name === 'throttle') checkHoldsOne(site, place);
    if ((site.source ?? profile.source) === undefined) {
      throw new QrailsError({
        code: 'invalid', where, message: `${place.path} has no source`, expected: 'where its figures come from, at the site or for the whole profile',
        try: `"source": "…" in ${place.path}, or at the top`,
      });
    }
  }
  checkDivide(profile, where);
  checkHardware(profile, where);
}

function checkDivide({ divide }: Profile, where: string): void {
  if (divide?.bits === undefined || divide.method === 'table') return;
  throw new QrailsError({
    code: 'invalid', where, message: 'divide.bits belongs to a table of reciprocals', found: `bits ${divide.bits} with ${divide.method}`, expected: 'method "table", or no bits',
    try: '"method": "table"',
  });
}

function checkHardware({ hardware, source, sites = {} }: Profile, where: string): void {
  if (!hardware) return;
  const { flags = [], ...parts } = hardware;
  const figures = [...Object.entries(parts), ...flags.map((flag, index) => [`flags[${index}]`, flag] as const)];
  for (const [path, part] of figures) {
    if ((part.source ?? source) !== undefined) continue;
    throw new QrailsError({
      code: 'invalid', where, message: `hardware.${path} has no source`, expected: 'where its figures come from, there or for the whole profile', try: `"source": "…" in hardware.${path}, or at the top`,
    });
  }
  const { multiplier } = hardware;
  if (multiplier && multiplier.product > multiplier.operands[0] + multiplier.operands[1]) {
    const [a, b] = multiplier.operands;
    throw new QrailsError({
      code: 'invalid', where, message: 'hardware.multiplier.product is longer than the product of its operands', found: `${multiplier.product} bits`, expected: `at most ${a} + ${b} = ${a + b}`,
    });
  }
  flags.forEach(({ name, kind, bits, sites: raisedBy }, index) => {
    const path = `hardware.flags[${index}]`;
    if ((kind === 'counter') !== (bits !== undefined)) {
      throw new QrailsError({
        code: 'invalid', where, message: kind === 'counter' ? `${path} is a counter without bits` : `${path}.bits belong to a counter`, found: `${name}, ${kind}`,
        expected: kind === 'counter' ? 'the bits of the counter' : 'kind "counter", or no bits', ...(kind === 'counter' && { try: '"bits": 6' }),
      });
    }
    if (flags.findIndex((other) => other.name === name) < index) {
      throw new QrailsError({ code: 'invalid', where, message: `${path} has a name that is taken`, found: name, expected: 'each flag once, with all its sites' });
    }
    for (const site of raisedBy) {
      const { kind: siteKind, optional } = SITES[site] as SiteDefinition;
      const absent = optional && !Object.keys(sites).some((key) => key === site || key.endsWith(`.${site}`));
      if (siteKind !== 'constant' && !absent) continue;
      throw new QrailsError({
        code: 'invalid', where, message: `${path} can never rise at ${site}`, found: absent ? `${site} is exact in this profile` : `${site} is a constant that the host quantises`,
        expected: 'a site that is quantised on the target', ...(absent && { try: `a format in sites.${site}` }),
      });
    }
  });
}

const isMetric = ({ kind }: SiteDefinition): boolean => kind === 'metric' || kind === 'square';

function requireFormat(site: ProfileSite, { where, path }: Place): asserts site is Formatted {
  for (const key of ['wordLength', 'fractionLength'] as const) {
    if (site[key] === undefined) {
      throw new QrailsError({
        code: 'invalid', where, message: `${path}.${key} is missing`, found: `only ${Object.keys(site).join(', ') || 'an empty site'}`,
        expected: 'wordLength and fractionLength',
      });
    }
  }
}

function checkWordLength(site: Formatted, { kind }: SiteDefinition, { where, path }: Place): void {
  const { signed } = formatOf(site);
  const [least, most] = wordLengthRange(kind, signed);
  if (site.wordLength >= least && site.wordLength <= most) return;
  throw new QrailsError({
    code: 'format', where, message: `${path}.wordLength = ${site.wordLength} is out of range`, found: String(site.wordLength),
    expected: `${least} to ${most} bits (${signed ? 'signed' : 'unsigned'} ${kind})`,
  });
}

function checkRails(site: Formatted, rails: readonly [number, number], overflow: string, { where, path }: Place): void {
  const format = formatOf(site);
  const { signed, fractionLength } = format;
  const [lowest, highest] = rawRange(format);
  if (overflow !== 'SAT' && overflow !== 'TRAP') {
    throw new QrailsError({
      code: 'format', where, message: `${path}.rails belong to SAT and TRAP only`, found: overflow, expected: 'SAT or TRAP', try: '"overflow": "SAT", or no rails',
    });
  }
  rails.forEach((rail, end) => {
    const fault = (what: string, expected: string, repair?: string) =>
      new QrailsError({
        code: 'format', where, message: `${path}.rails[${end}] = ${rail} ${what}`, found: String(rail), expected: `${expected} (${formatName(format)})`,
        ...(repair === undefined ? {} : { try: repair }),
      });
    if (beyond(rail, format)) {
      const limit = rail > 0 ? `at most ${real(highest, fractionLength)}` : `at least ${real(lowest, fractionLength)}`;
      const within = signed ? `±${real(-lowest, fractionLength)}` : `0 to ${real(highest, fractionLength)}`;
      const fitting = fittingFractionLength(rail, format);
      throw fault('lies outside the format', limit, `${fitting === undefined ? '' : `"fractionLength": ${fitting}, or `}a rail within ${within}`);
    }
    const scaled = rail * 2 ** fractionLength;
    if (!Number.isInteger(scaled) || (scaled === 0 && rail !== 0)) {
      const [below, above] = [Math.floor(scaled), Math.ceil(scaled)].map((raw) => raw * 2 ** -fractionLength);
      throw fault('is not a multiple of the last place', `a multiple of 2^${-fractionLength}`, below === above ? undefined : `${below} or ${above}`);
    }
    if (end === 0 ? rail > 0 : rail < 0) throw fault('shuts out zero', `${end === 0 ? 'at most' : 'at least'} 0`);
  });
  if (rails[0] === rails[1]) {
    throw new QrailsError({ code: 'format', where, message: `${path}.rails leave no room`, found: `[${rails.join(', ')}]`, expected: 'low below high' });
  }
}

/** Whether a real value lies outside a format. Exact: scaling by a power of two changes no digit, and the comparison is on integers. */
function beyond(value: number, format: Format): boolean {
  const [lowest, highest] = rawRange(format);
  const scaled = value * 2 ** format.fractionLength;
  if (!Number.isFinite(scaled)) return true;
  return value > 0 ? BigInt(Math.ceil(scaled)) > highest : BigInt(Math.floor(scaled)) < lowest;
}

/** The largest fraction length at which a word of the same length holds the rail exactly, if there is one. */
function fittingFractionLength(rail: number, format: Format): number | undefined {
  for (let fractionLength = format.fractionLength - 1; fractionLength >= -64; fractionLength--) {
    if (beyond(rail, { ...format, fractionLength })) continue;
    return Number.isInteger(rail * 2 ** fractionLength) ? fractionLength : undefined;
  }
  return undefined;
}

function checkHoldsOne(site: Formatted, { where, path }: Place): void {
  const format = formatOf(site);
  const { rails } = site;
  if (format.fractionLength >= 0 && !beyond(1, format) && (rails === undefined || rails[1] >= 1)) return;
  throw new QrailsError({
    code: 'format', where, message: `${path} cannot hold 1 exactly`,
    found: formatName(format) + (rails === undefined ? '' : `, rails [${rails.join(', ')}]`),
    expected: 'a format and rails with 1 in them: α = 1 means no throttling',
    try: 'ufix16_En15: "wordLength": 16, "fractionLength": 15, "signed": false',
  });
}
