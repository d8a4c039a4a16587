/** The smallest changes that would have saved a run: along every candidate step by step, in order of size, each run. */
import { compareCommand } from '../compare/command.js';
import type { RunOptions } from '../compare/prepare.js';
import { candidates } from '../compare/prescribe.js';
import { percent } from '../compare/figure.js';
import { formatName } from '../format/format.js';
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import { parseReal, toDouble } from '../format/real.js';
import { inUse } from '../plan/concernsExact.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { ratesTimes, SAFE_CHI, type Diagnosis } from './cause.js';
import { saturated, type Case } from './case.js';
import { moreBits, namesOf, type Part } from './formats.js';
import { better, type Change, type Tried } from './lab.js';
import { CHANGE_NAMES, type ChangeKind } from './registry.js';

/** A change of one size. */
interface Rung extends Change {
  readonly what: string;
  /** Bits added to words, each site once. */
  readonly bits: number;
}

/** Changes of one kind at one place, by size. */
interface Ladder {
  readonly kind: ChangeKind;
  /** Why, in the words of `compare`'s prescriptions. */
  readonly why: string;
  readonly rungs: readonly Rung[];
  /** Whether a larger change can only help: then the largest is tried before the others. */
  readonly monotone: boolean;
}

export interface Saving {
  readonly kind: ChangeKind;
  readonly why: string;
  readonly what: string;
  readonly bits: number;
  readonly change: Change;
  readonly after: Tried;
}

/** Told at the most, and of one kind. */
const TOLD = 3;
const OF_A_KIND = 2;
/** So many single changes are enough; with fewer, two are tried together. */
const ENOUGH = 2;
/** Changes that others are put on top of. */
const BASES = 2;
/** A loss that falls to this share is lower: what survives without that survives by a threshold, and comes last. */
const LOWER = 0.8;
/** Bits added to a word at the most. */
const MOST_BITS = 8;
const MOST_HALVINGS = 6;
const DOUBLINGS = 4;
const FLOORS = [256, 128, 64, 32, 16, 8].map((part) => `1/${part}`);
const FRACTIONS: readonly SiteName[] = ['weight', 'update', 'gradient', 'activation', 'error', 'input'];

const plural = (bits: number): string => `${bits} more bit${bits === 1 ? '' : 's'}`;
/** The cause in a prescription's words: what stands before its remedy. */
const causeOf = (why: string): string => why.split(': ')[0]!;

/**
 * Finds the smallest changes after which the run survives, smallest first: those that add no bits to a word before those that do.
 *
 * @returns up to three; `tried`, how many runs it took
 */
export async function smallestSavings(one: Case, { cause }: Diagnosis): Promise<Saving[]> {
  const found: Saving[] = [];
  const partial: Attempt[] = [];
  const search = async (ladders: readonly Ladder[]): Promise<void> => {
    for (const ladder of ladders) {
      const saving = await climb(one, ladder, partial);
      if (saving) found.push(saving);
    }
  };
  await search(laddersOf(one));
  // Where hardly anything alone is enough, two changes: wider and finer words, or bits on top of what helped most without any.
  if (found.length < ENOUGH) {
    await search(cause === 'range' || cause === 'resolution' ? bothParts(one) : []);
    const helped = partial.filter(({ rung, after }) => rung.bits === 0 && better(after, one.before)).sort((a, b) => (better(a.after, b.after) ? -1 : Number(better(b.after, a.after)))).slice(0, BASES);
    for (const base of helped) await search(onTop(one, base));
  }
  const rank = ({ kind }: Saving): number => CHANGE_NAMES.indexOf(kind);
  const lowers = ({ after }: Saving): number => Number(!(after.finalLoss <= LOWER * one.before.finalLoss));
  const sorted = found.filter((saving) => !found.some((other) => other !== saving && contains(saving, other)))
    .sort((a, b) => lowers(a) - lowers(b) || a.bits - b.bits || rank(a) - rank(b) || a.after.finalLoss - b.after.finalLoss);
  return sorted.filter((saving, index) => sorted.slice(0, index).filter(({ kind }) => kind === saving.kind).length < OF_A_KIND).slice(0, TOLD);
}

/** Whether a change does all that a smaller one does, and more, and ends no better for it. */
function contains(larger: Saving, smaller: Saving): boolean {
  const [all, some] = [optionsOf(larger.change), optionsOf(smaller.change)];
  return some.length < all.length && some.every((option) => all.includes(option)) && smaller.after.finalLoss <= 2 * larger.after.finalLoss;
}

/** A change that was tried and did not save the run. */
interface Attempt {
  readonly rung: Rung;
  readonly why: string;
  readonly after: Tried;
}

async function climb({ lab }: Case, { kind, why, rungs, monotone }: Ladder, partial: Attempt[]): Promise<Saving | undefined> {
  const last = rungs.at(-1);
  const saves = async (rung: Rung): Promise<Tried | undefined> => {
    const { what, bits: _, ...change } = rung;
    const after = await lab.run(change, what);
    if (after && after.verdict !== 'survives') partial.push({ rung, why, after });
    return after?.verdict === 'survives' ? after : undefined;
  };
  if (!last || (monotone && !(await saves(last)))) return undefined;
  for (const rung of rungs) {
    const after = await saves(rung);
    const { what, bits, ...change } = rung;
    if (after) return { kind, why, what, bits, change, after };
  }
  return undefined;
}

/** All that is tried. */
function laddersOf(one: Case): Ladder[] {
  const { pair, judged, prepared, prepared: { profile }, variant: { plan, throttle } } = one;
  const ladders: Ladder[] = [];
  const known = new Set<string>();
  const add = (ladder: Ladder | undefined): void => {
    if (ladder === undefined) return;
    const key = JSON.stringify(ladder.rungs.map(({ throttle: law, anchor, supervisor, set }) => [law, anchor, supervisor, set]));
    if (ladder.rungs.length > 0 && !known.has(key)) ladders.push(ladder);
    known.add(key);
  };
  const bits = (part: Part, names: readonly SiteName[], why: string): Ladder => ({
    kind: part, why, monotone: true,
    rungs: Array.from({ length: MOST_BITS }, (_, k) => k + 1).flatMap((more): Rung[] => {
      const set = moreBits(plan, profile, names, { [part]: more });
      return set === undefined ? [] : [{ what: `${plural(more)} of ${part === 'whole' ? 'whole numbers' : 'fraction'} in ${names.join(', ')} (${formatsAfter(one, names, part, more)})`, bits: more * names.length, set }];
    }),
  });
  // What compare prescribes, from the smallest size on.
  for (const { why, set, ...controllers } of candidates(pair, judged)) {
    const sized = set === undefined ? undefined : sizedBits(one, set);
    if (sized) {
      add(bits(sized.part, sized.names, causeOf(why)));
      continue;
    }
    const kind: ChangeKind = controllers.throttle !== undefined ? 'throttle' : controllers.anchor !== undefined ? 'anchor' : (set ?? []).some((assignment) => assignment.startsWith('profile.')) ? 'whole' : 'setting';
    const text = [...Object.entries(controllers).map(([name, value]) => `${name} ${value}`), ...(set ?? [])].join(', ');
    const rung: Rung = { what: text, bits: 0, ...controllers, ...(set && { set }) };
    // A throttle takes its χ from the experiment, which may have stated it for another.
    const tamed: Rung[] = kind === 'throttle' && toDouble(parseReal((prepared.experiment.throttle?.chi ?? 0) as number | string)) > SAFE_CHI ? [{ ...rung, what: `${text}, χ ${SAFE_CHI}`, set: [...(set ?? []), `throttle.chi=${SAFE_CHI}`] }] : [];
    add({ kind, why: causeOf(why), monotone: false, rungs: [rung, ...tamed] });
  }
  const first = saturated(one);
  for (const { key, late } of first) {
    const [name] = namesOf([key]);
    add(bits('whole', [name!], late !== null && late > 0 ? `${key} overflows in ${percent(late)} of its values` : `${key} met its rails`));
  }
  if (first.length > 1) add(bits('whole', namesOf(first.map(({ key }) => key)), 'every one of them met its rails'));
  if (pair.fixed.recorder.stalledSteps > 0 || judged.float.verdict === 'survives') {
    for (const name of FRACTIONS.filter((site) => inUse(plan, siteKey(site)))) add(bits('fraction', [name], `${name} is too coarse`));
    for (const name of ['weight', 'update'] as const) {
      if ((ROUNDING[plan.sites[siteKey(name)]!.rounding] as RoundingMode).random !== undefined) continue;
      add({ kind: 'rounding', why: `${name} loses what is smaller than its last place`, monotone: false, rungs: [{ what: `${name} rounds STOCHASTIC`, bits: 0, set: [`profile.sites.${name}.rounding=STOCHASTIC`] }] });
    }
  }
  const runaway = judged.float.verdict !== 'survives' || judged.fixed.verdict === 'limit cycle' || judged.fixed.verdict === 'diverged';
  const rates = (factors: readonly number[], why: string): Ladder => ({
    kind: 'rate', why, monotone: false, rungs: factors.map((factor) => ({ what: `η ${factor < 1 ? `divided by ${1 / factor}` : `times ${factor}`}`, bits: 0, set: ratesTimes(one, factor) })),
  });
  if (runaway) add(rates(Array.from({ length: MOST_HALVINGS }, (_, k) => 2 ** -(k + 1)), 'the step is too large'));
  else if (pair.fixed.recorder.late.stalled > 0) add(rates(Array.from({ length: DOUBLINGS }, (_, k) => 2 ** (k + 1)), 'the step is too small for the words'));
  const setting = (why: string, name: string, values: readonly (string | number)[]): void =>
    add({ kind: 'setting', why, monotone: false, rungs: values.map((value) => ({ what: `${name} ${value}`, bits: 0, set: [`throttle.${name}=${value}`] })) });
  const { chi, floor, tau, law } = plan.throttle;
  if (chi !== undefined && chi.value > SAFE_CHI) setting('the throttle aims too far', 'chi', [1.75, SAFE_CHI, 1.25, 1].filter((value) => value < chi.value));
  if (tau !== undefined) setting('the throttle lets through too much', 'tau', [1, 2, 3, 4].map((k) => tau.value * 2 ** -k));
  if (law !== 'none' && floor !== undefined && pair.fixed.recorder.late.stalled > 0) setting('α is too small to move anything', 'floor', FLOORS);
  if (law !== 'none') for (const name of ['gt0/secant', 'gt0/trace', 'none']) if (name !== throttle) add({ kind: 'throttle', why: `${throttle} does not do here`, monotone: false, rungs: [{ what: `throttle ${name}`, bits: 0, throttle: name }] });
  if (plan.anchor.law !== 'none') add({ kind: 'anchor', why: 'the anchor holds parameters', monotone: false, rungs: [{ what: 'anchor none', bits: 0, anchor: 'none' }] });
  if (plan.supervisor.law !== 'none') add({ kind: 'supervisor', why: 'the supervisor takes steps back', monotone: false, rungs: [{ what: 'supervisor none', bits: 0, supervisor: 'none' }] });
  return ladders;
}

/** The site that meets its rails most with more bits of whole numbers, and another with more of fraction, or rounding at random: fewest bits in all first. */
function bothParts(one: Case): Ladder[] {
  const { prepared: { profile }, variant: { plan } } = one;
  const [worst] = [...saturated(one)].sort((a, b) => (b.late ?? 0) - (a.late ?? 0));
  if (!worst) return [];
  const names = namesOf([worst.key]);
  const why = 'it takes wider and finer words';
  const ladders: Ladder[] = [];
  for (const fine of FRACTIONS.slice(0, 2)) {
    const rungs: Rung[] = [];
    const random: Rung[] = [];
    for (let total = 1; total <= MOST_BITS; total++) {
      const alone = moreBits(plan, profile, names, { whole: total });
      if (alone) random.push({ what: `${plural(total)} of whole numbers in ${names.join(', ')}, ${fine} rounds STOCHASTIC`, bits: total, set: [...alone, `profile.sites.${fine}.rounding=STOCHASTIC`] });
      for (let whole = 1; whole < total; whole++) {
        const fraction = total - whole;
        const parts = names[0] === fine ? [moreBits(plan, profile, [fine], { whole, fraction })] : [moreBits(plan, profile, names, { whole }), moreBits(plan, profile, [fine], { fraction })];
        if (!parts.includes(undefined)) rungs.push({ what: `${plural(whole)} of whole numbers in ${names.join(', ')}, ${plural(fraction)} of fraction in ${fine}`, bits: total, set: parts.flatMap((set) => set!) });
      }
    }
    ladders.push({ kind: 'several', why, rungs, monotone: false }, { kind: 'several', why, rungs: random, monotone: true });
  }
  return ladders;
}

/** A change without bits, and more bits of one site, or rounding at random. */
function onTop({ prepared: { profile }, variant: { plan } }: Case, { rung, why }: Attempt): Ladder[] {
  const { what, set: own = [], ...change } = rung;
  const joined = (more: string, bits: number, set: readonly string[]): Rung => ({ ...change, what: `${what}, ${more}`, bits, set: [...own, ...set] });
  return FRACTIONS.filter((name) => inUse(plan, siteKey(name))).flatMap((name): Ladder[] => [
    {
      kind: 'several', why, monotone: true,
      rungs: Array.from({ length: MOST_BITS }, (_, k) => k + 1).flatMap((bits) => {
        const set = moreBits(plan, profile, [name], { fraction: bits });
        return set === undefined ? [] : [joined(`${plural(bits)} of fraction in ${name}`, bits, set)];
      }),
    },
    { kind: 'several', why, monotone: false, rungs: own.some((assignment) => assignment.includes(`.${name}.rounding`)) ? [] : [joined(`${name} rounds STOCHASTIC`, 0, [`profile.sites.${name}.rounding=STOCHASTIC`])] },
  ]);
}

/** Sites and part of a prescription that adds bits; undefined for one that does not. */
function sizedBits({ variant: { plan } }: Case, set: readonly string[]): { readonly names: SiteName[]; readonly part: Part } | undefined {
  const names = new Set<SiteName>();
  let part: Part = 'whole';
  for (const assignment of set) {
    const [, name, property, value] = /^profile\.sites\.(\w+)\.(wordLength|fractionLength)=(\d+)$/.exec(assignment) ?? [];
    if (name === undefined) return undefined;
    const format = plan.sites[siteKey(name as SiteName)]!;
    if (property === 'fractionLength' && Number(value) < format.fractionLength) return undefined;
    if (property === 'fractionLength') part = 'fraction';
    names.add(name as SiteName);
  }
  return names.size > 0 ? { names: [...names], part } : undefined;
}

function formatsAfter({ variant: { plan } }: Case, names: readonly SiteName[], part: Part, bits: number): string {
  return names.map((name) => {
    const format = plan.sites[siteKey(name)]!;
    return `${formatName(format)} → ${formatName({ ...format, wordLength: format.wordLength + bits, fractionLength: format.fractionLength + (part === 'fraction' ? bits : 0) })}`;
  }).join(', ');
}

/** A change as options of `compare`. */
export const optionsOf = ({ throttle, anchor, supervisor, set = [] }: Change): string[] => [
  ...Object.entries({ throttle, anchor, supervisor }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`])), ...set.map((assignment) => `--set ${assignment}`),
];

/** The command that runs the run with a change, from the options it was explained with. */
export const commandOf = (options: RunOptions, { throttle, anchor }: { readonly throttle: string; readonly anchor: string }, change: Change): string => compareCommand({
  ...options, throttle: change.throttle ?? throttle, anchor: change.anchor ?? anchor, supervisor: change.supervisor ?? options.supervisor, set: [...(options.set ?? []), ...(change.set ?? [])],
});
