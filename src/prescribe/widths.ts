/** Bits added to the words of sites, or taken away: as assignments that `--set` takes, and in words. Everything that proposes a format says it with these. */
import { formatName } from '../format/format.js';
import { options, refined, reformatted } from '../plan/concernsExact.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import { siteKey, siteName, SITES, wordLengthRange, type SiteName } from '../site/sites.js';

/** Bits added to a word, below zero where they are taken away: before the point, and behind it. */
export interface Bits {
  readonly whole: number;
  readonly fraction: number;
}
export type Part = keyof Bits;
/** Bits added, by site key. */
export type Widths = ReadonlyMap<string, Bits>;

const PARTS: Readonly<Record<Part, string>> = { whole: 'integer', fraction: 'fraction' };
export const PART_NAMES = Object.keys(PARTS) as Part[];
const NONE: Bits = { whole: 0, fraction: 0 };
/** Words whose formats are written out. */
const SPELLED = 2;

/** The sites of a list of keys, each once, in the order given. */
export const namesOf = (keys: Iterable<string>): SiteName[] => [...new Set([...keys].map(siteName))];

/** The keys of a site in a plan, in every layer. */
export const keysOf = ({ sites, layers }: Plan, name: SiteName): string[] => (SITES[name].perLayer ? layers.map((_, layer) => siteKey(name, layer)) : [name]).filter((key) => sites[key] !== undefined);

/** Bits of a change in all, those of every layer. */
export const totalBits = (widths: Widths): number => [...widths.values()].reduce((sum, { whole, fraction }) => sum + whole + fraction, 0);

/** A format with other bits. Rails of its own keep their values where only the fraction grows, else they are at its ends. */
function withBits(format: SiteFormat, { whole, fraction }: Bits): SiteFormat {
  return whole === 0 && fraction > 0 ? refined(format, format.wordLength + fraction, fraction) : reformatted(format, { wordLength: format.wordLength + whole + fraction, fractionLength: format.fractionLength + fraction });
}

/** The same bits for some sites, in every layer; undefined where a word cannot be as long, or as short. */
export function widthsOf(plan: Plan, names: readonly SiteName[], { whole = 0, fraction = 0 }: Partial<Bits>): Widths | undefined {
  const keys = names.flatMap((name) => keysOf(plan, name));
  const fits = keys.length > 0 && keys.every((key) => {
    const { signed, wordLength } = plan.sites[key]!;
    const [least, most] = wordLengthRange(SITES[siteName(key)].kind, signed);
    return wordLength + whole + fraction >= least && wordLength + whole + fraction <= most;
  });
  return fits ? new Map(keys.map((key) => [key, { whole, fraction }])) : undefined;
}

/** Bits of several changes together, added up. */
export function joined(...changes: readonly Widths[]): Widths {
  const sum = new Map<string, Bits>();
  for (const change of changes) {
    for (const [key, { whole, fraction }] of change) {
      const before = sum.get(key) ?? NONE;
      sum.set(key, { whole: before.whole + whole, fraction: before.fraction + fraction });
    }
  }
  return sum;
}

/** What a word is called in a change: its site where all layers get the same format out of the same one, else its key. */
function placeOf(plan: Plan, key: string, widths: Widths): string {
  const name = siteName(key);
  const kinds = keysOf(plan, name).map((own) => `${formatName(plan.sites[own]!)} ${bitsText(widths.get(own) ?? NONE)}`);
  return new Set(kinds).size === 1 ? name : key;
}

/** Assignments that give words their bits: of a site, or of its layers where the profile states layers or they differ. */
export function assignments(plan: Plan, profile: Profile, widths: Widths): string[] {
  const stated = (profile.sites ?? {}) as Record<string, object | undefined>;
  const set = new Set<string>();
  for (const [key, bits] of widths) {
    const byLayer = placeOf(plan, key, widths) === key || keysOf(plan, siteName(key)).some((own) => stated[own] !== undefined);
    const place = byLayer ? { ...profile, sites: { ...profile.sites, [key]: stated[key] ?? {} } } : profile;
    const format = plan.sites[key]!;
    for (const assignment of options(place, key, format, withBits(format, bits)).split('--set ')) if (assignment.trim() !== '') set.add(assignment.trim());
  }
  return [...set];
}

/** `1 more integer bit`, `2 more fraction bits`; `more`: or `fewer`. */
export const partText = (part: Part, bits: number, more: 'more' | 'fewer' = 'more'): string => `${bits} ${more} ${PARTS[part]} bit${bits === 1 ? '' : 's'}`;
const bitsText = (bits: Bits): string => PART_NAMES.filter((part) => bits[part] !== 0).map((part) => partText(part, Math.abs(bits[part]), bits[part] > 0 ? 'more' : 'fewer')).join(' and ');
const listed = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`);

/**
 * Bits in words, sites with the same together; with their formats where they are few.
 *
 * @example widthsText(plan, widthsOf(plan, ['weight'], { whole: 1 })!) // '1 more integer bit in weight (sfix8_En5 → sfix9_En5)'
 */
export function widthsText(plan: Plan, widths: Widths): string {
  const places = new Map([...widths].map(([key, bits]) => [placeOf(plan, key, widths), { key, bits }]));
  const groups = new Map<string, string[]>();
  for (const [place, { key, bits }] of places) {
    const format = plan.sites[key]!;
    const spelled = places.size <= SPELLED ? ` (${formatName(format)} → ${formatName(withBits(format, bits))})` : '';
    const text = bitsText(bits);
    groups.set(text, [...(groups.get(text) ?? []), `${place}${spelled}`]);
  }
  return [...groups].map(([text, names]) => `${text} in ${listed(names)}`).join(', ');
}
