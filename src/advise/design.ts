/** Word lengths that may be chosen, and the profile that has them. docs/advise.md. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { parseFormat } from '../format/text.js';
import { inUse, ownRails, reformatted } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import type { Profile, ProfileSite } from '../schema/profile.js';
import { siteKey, siteName, SITES, wordLengthRange, type SiteName } from '../site/sites.js';

/** A format: integer bits, the sign among them, and fraction bits. */
export interface Width {
  readonly whole: number;
  readonly fraction: number;
  /** There is no sign. */
  readonly unsigned?: boolean;
}

/** Formats by site key. */
export type Design = Readonly<Record<string, Width>>;

/** Sites of the learning step whose formats are proposed. */
export const STEP_SITES: readonly SiteName[] = ['input', 'product', 'accumulator', 'activation', 'error', 'gradientProduct', 'gradientAccumulator', 'gradient', 'update', 'weight', 'bias'];

/** Modes by site key, where they are other than the target's. */
export type Modes = Readonly<Record<string, Pick<ProfileSite, 'rounding' | 'overflow'>>>;

/** Keys of the sites of the learning step whose formats are proposed: signed, without rails of the user's, rounding something in this plan. */
export function variablesOf(plan: Plan): string[] {
  return STEP_SITES.flatMap((name) => (SITES[name].perLayer ? plan.layers.map((_, layer) => siteKey(name, layer)) : [name])).filter((key) => {
    const format = plan.sites[key];
    return format?.signed === true && inUse(plan, key) && !ownRails(format);
  });
}

/** The keys of a plan that a user chose, by key or by the name of the site in every layer. @throws QrailsError `usage` for what is none of them */
export function chosenKeys(wanted: readonly string[], all: readonly string[]): string[] {
  for (const name of wanted) {
    if (!all.some((key) => key === name || siteName(key) === name)) {
      throw new QrailsError({ code: 'usage', where: '--sites', message: 'no format is proposed for this site here', found: printable(name), expected: `one of ${[...new Set([...all.map(siteName), ...all])].join(', ')}` });
    }
  }
  return all.filter((key) => wanted.includes(key) || wanted.includes(siteName(key)));
}

const MACHINE_WORDS: readonly number[] = [8, 16, 32, 64];

/** The lengths of machine words, where every word of the target has one of them. */
export function machineWords(plan: Plan): readonly number[] | undefined {
  return Object.entries(plan.sites).every(([key, { wordLength }]) => !['signal', 'accumulator'].includes(SITES[siteName(key)].kind) || MACHINE_WORDS.includes(wordLength)) ? MACHINE_WORDS : undefined;
}

/** The design a plan has. */
export const designOf = (plan: Plan, keys: readonly string[]): Design =>
  Object.fromEntries(keys.map((key) => {
    const { signed, wordLength, fractionLength } = plan.sites[key]!;
    return [key, { whole: wordLength - fractionLength, fraction: fractionLength, ...(!signed && { unsigned: true }) }];
  }));

/** Longest word a site may have, of those offered. */
export function longest(key: string, { unsigned = false }: Pick<Width, 'unsigned'>, words?: readonly number[]): number {
  const [, most] = wordLengthRange(SITES[siteName(key)].kind, !unsigned);
  return words?.findLast((offered) => offered <= most) ?? most;
}

/** Bits of the word a format takes: the shortest of `words` that holds it, or its own length where any is offered. Undefined if none does. */
export function wordOf(width: Width, key: string, words: readonly number[] | undefined): number | undefined {
  const bits = Math.max(2, width.whole + width.fraction);
  const word = words === undefined ? bits : words.find((offered) => offered >= bits);
  return word !== undefined && word <= longest(key, width) ? word : undefined;
}

/** The same design with what words of these lengths leave over put into the fractions. Undefined where a format fits no word. */
export function filled(design: Design, words: readonly number[] | undefined): Design | undefined {
  const entries: [string, Width][] = [];
  for (const [key, width] of Object.entries(design)) {
    const word = wordOf(width, key, words);
    if (word === undefined) return undefined;
    entries.push([key, { ...width, fraction: word - width.whole }]);
  }
  return Object.fromEntries(entries);
}

/**
 * The design nearest to what is wanted that words and a guard allow: integer bits only grow.
 *
 * @param guarded gives a design the integer bits it needs, or the same design where it has them
 */
export function fitted(wanted: Design, words: readonly number[] | undefined, guarded: (design: Design) => Design | undefined): Design | undefined {
  for (let at = wanted; ; ) {
    const full = filled(at, words);
    const safe = full && guarded(full);
    if (!safe || safe === full) return safe;
    at = Object.fromEntries(Object.entries(wanted).map(([key, width]) => [key, { ...width, whole: safe[key]!.whole }]));
  }
}

/** The same plan with the formats of a design, without a look at the profile: for what follows from formats alone. */
export const withDesign = (plan: Plan, design: Design): Plan => ({
  ...plan,
  sites: { ...plan.sites, ...Object.fromEntries(Object.entries(design).map(([key, { whole, fraction }]) => [key, reformatted(plan.sites[key]!, { wordLength: whole + fraction, fractionLength: fraction })])) },
});

/** A profile with the formats of a design, and modes where they are given. Several layers have entries of their own. */
export function profileWith(profile: Profile, design: Design, layers: number, modes: Modes = {}): Profile {
  const sites: Record<string, ProfileSite> = { ...profile.sites };
  if ('rate' in design) sites['learningRate'] = learningRateOf(sites);
  for (const [key, { whole, fraction, unsigned = false }] of Object.entries(design)) {
    const place = layers === 1 ? siteName(key) : key;
    sites[place] = { ...sites[place], signed: !unsigned, wordLength: whole + fraction, fractionLength: fraction, ...modes[key] };
  }
  return { ...profile, sites: sites };
}

/** η in the format it has where it is left to follow the rate: a coarser rate is not to make another η. */
function learningRateOf({ rate, learningRate }: Record<string, ProfileSite>): ProfileSite {
  if (learningRate?.wordLength !== undefined && learningRate.fractionLength !== undefined) return learningRate;
  const { signed, wordLength, fractionLength } = { ...parseFormat(SITES.rate.fallback), ...rate };
  return { source: 'the format of rate before qrails advise', signed, wordLength, fractionLength, ...learningRate };
}

/** A name for a design: what is known of it is kept under it. */
export const designKey = (design: Design): string => Object.entries(design).map(([key, { whole, fraction }]) => `${key}:${whole}.${fraction}`).join(' ');
