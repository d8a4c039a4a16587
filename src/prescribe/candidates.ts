/**
 * What might be changed in a run, read off its recording: one list, from which compare tries what it sees at a glance and explain looks for the smallest.
 * Each candidate names a cause and what would remove it, in the sizes it can have.
 */
import { percent } from '../compare/figure.js';
import type { Prepared, Variant } from '../compare/prepare.js';
import { latePressure, pressedSites, type PairVerdict } from '../compare/verdict.js';
import { keepsHistory, type ThrottleLaw } from '../control/registry.js';
import { formatName } from '../format/format.js';
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import { parseReal, toDouble } from '../format/real.js';
import { inUse, longest, options, reformatted } from '../plan/concernsExact.js';
import { stressStart, type Pair } from '../run/pair.js';
import { siteKey, type SiteName } from '../site/sites.js';
import type { Change } from './change.js';
import type { ChangeKind } from './kinds.js';
import { saturated } from './saturated.js';
import { assignments, joined, keysOf, namesOf, partText, totalBits, widthsOf, widthsText, type Bits, type Part, type Widths } from './widths.js';

/** One run that ended. */
export interface Ended {
  readonly prepared: Prepared;
  readonly variant: Variant;
  readonly pair: Pair;
  readonly judged: PairVerdict;
}

/** A change of one size. */
export interface Size {
  readonly what: string;
  readonly change: Change;
  /** Bits added to words, those of every layer. */
  readonly bits: number;
  /** What it is made of: a change without bits and its words, and bits. */
  readonly base: Change;
  readonly text: string;
  readonly widths: Widths;
}

/** Changes of one kind at one place. */
export interface Candidate {
  readonly kind: ChangeKind;
  readonly cause: string;
  /** The smallest first. */
  readonly sizes: readonly Size[];
  /** Sizes seen at a glance. */
  readonly glance: readonly Size[];
  /** Whether a larger change can only help: then the largest is tried before the others. */
  readonly monotone: boolean;
}

const HELD = 'the anchor holds parameters the drift has made wrong';
/** α of a first step without an estimate. */
const SMALL_ALPHA = 1 / 32;
/** Share of the steps from which a supervisor hinders more than it helps, and what it is given. */
const MUCH_TAKEN_BACK = 0.1;
const PATIENCE = 20;
/** Share of its values that a site overflows in before it is prescribed for. */
const PRESSED = 0.01;
/** Fraction bits seen at a glance where learning stands still. */
const GLANCED_FRACTION = [2, 4] as const;
/** Bits added to a word at the most. */
export const MOST_BITS = 8;
const MOST_HALVINGS = 6;
const DOUBLINGS = 4;
const FLOORS = [256, 128, 64, 32, 16, 8].map((part) => `1/${part}`);
/** χ of a throttle that is known to be stable. */
export const SAFE_CHI = 1.5;
/** Sites whose fraction may stop learning. */
const FRACTIONS: readonly SiteName[] = ['weight', 'update', 'gradient', 'activation', 'error', 'input'];
/** Sites named in a cause. */
const NAMED = 4;
/** From an activation to the weight it moves. */
const CHAIN: readonly SiteName[] = ['activation', 'gradient', 'update', 'weight', 'accumulator'];

const UP_TO_MOST = Array.from({ length: MOST_BITS }, (_, k) => k + 1);

/** A size from its parts. */
export function sizeOf({ prepared: { profile }, variant: { plan } }: Pick<Ended, 'prepared' | 'variant'>, { text = '', base = {}, widths = new Map() }: Partial<Pick<Size, 'text' | 'base' | 'widths'>>): Size {
  const set = [...(base.set ?? []), ...assignments(plan, profile, widths)];
  return {
    what: [...(text === '' ? [] : [text]), ...(widths.size > 0 ? [widthsText(plan, widths)] : [])].join(', '),
    change: { ...base, ...(set.length > 0 && { set }) }, bits: totalBits(widths), base, text, widths,
  };
}

/** Assignments of another learning rate in every phase from the stress on. */
export function ratesTimes({ variant: { plan } }: Pick<Ended, 'variant'>, factor: number): string[] {
  const stress = plan.phases.findIndex(({ sensor }) => sensor);
  return plan.phases.flatMap(({ learningRate }, index) => (index >= stress ? [`experiment.phases[${index}].learningRate=${learningRate.value * factor}`] : []));
}

/** Sites whose fraction may have stopped a run. */
const fractionsOf = ({ variant: { plan } }: Ended): SiteName[] => FRACTIONS.filter((name) => inUse(plan, siteKey(name)));

/** Candidates for a run, those that are seen at a glance first, the most promising of them first. */
export function candidates(ended: Ended): Candidate[] {
  const list: Candidate[] = [];
  const known = new Set<string>();
  for (const candidate of [...atAGlance(ended), ...further(ended)]) {
    const key = JSON.stringify(candidate.sizes.map(({ change }) => change));
    if (candidate.sizes.length > 0 && !known.has(key)) list.push(candidate);
    known.add(key);
  }
  return list;
}

/** A change without sizes, or of sizes that are tried one after the other. */
function steps(ended: Ended, kind: ChangeKind, cause: string, texts: readonly (readonly [string, Change])[], glanced: number): Candidate {
  const sizes = texts.map(([text, base]) => sizeOf(ended, { text, base }));
  return { kind, cause, sizes, glance: sizes.slice(0, glanced), monotone: false };
}

/** The same bits for some sites, one after the other. */
function ladder(ended: Ended, part: Part, cause: string, names: readonly SiteName[], glance: readonly Widths[] = []): Candidate {
  const { plan } = ended.variant;
  const sizes = UP_TO_MOST.flatMap((bits) => sized(ended, widthsOf(plan, names, { [part]: bits })));
  return { kind: part, cause, sizes, glance: glance.map((widths) => sizeOf(ended, { widths })), monotone: true };
}

const sized = (ended: Ended, widths: Widths | undefined): Size[] => (widths ? [sizeOf(ended, { widths })] : []);

function atAGlance(ended: Ended): Candidate[] {
  const { pair, judged, prepared: { experiment, profile }, variant: { plan } } = ended;
  const { fixed } = pair;
  const list: Candidate[] = [];
  const { law, firstAlpha } = plan.throttle;
  const failed = judged.fixed.verdict !== 'survives';
  if (law === ('none' satisfies ThrottleLaw) && runsAway(ended)) {
    const single = plan.phases.every(({ batch }) => batch === 1);
    // A throttle takes its χ from the experiment, which may have stated it for another.
    const tames = toDouble(parseReal((experiment.throttle?.chi ?? 0) as number | string)) > SAFE_CHI;
    const scaling = (name: string, when = ''): Candidate => steps(ended, 'throttle', 'the step is too large for the drifted input', [
      [`${name} scales it down${when}`, { throttle: name }],
      ...(tames ? [[`${name} with χ ${SAFE_CHI} scales it down${when}`, { throttle: name, set: [`throttle.chi=${SAFE_CHI}`] }] as const] : []),
    ], 1);
    // With single samples the secant sees noise; the trace does not.
    list.push(...(single ? [scaling('gt0/trace')] : [scaling('gt0/secant'), scaling('gt0/trace', ' from its first step')]));
  }
  const freed = steps(ended, 'anchor', HELD, [['no anchor', { anchor: 'none' }]], 1);
  if (plan.anchor.law === 'fixed' && failed) list.push(steps(ended, 'anchor', HELD, [['let it go on evidence', { anchor: 'event' }]], 1), freed);
  // The event anchor lets go by itself.
  if ((plan.anchor.law === 'decay' || plan.anchor.law === 'elastic') && failed) list.push(freed);
  const takenBack = fixed.recorder.rejectedSteps / fixed.recorder.steps;
  if (plan.supervisor.patience === 0 && takenBack >= MUCH_TAKEN_BACK) {
    list.push(steps(ended, 'setting', `the supervisor takes back ${percent(takenBack)} of the steps`, [[`let it take a loss as it is after ${PATIENCE} in a row`, { set: [`supervisor.patience=${PATIENCE}`] }]], 1));
  }
  if (failed) list.push(...widenPressed(ended));
  list.push(...refineStalled(ended));
  if (keepsHistory(plan.throttle) && firstAlpha!.value > SMALL_ALPHA && spikes(pair)) {
    list.push(steps(ended, 'setting', `the throttle has no history at step ${fixed.recorder.maxLossAt - 1} and lets one full step through`, [[`a first α of 1/${1 / SMALL_ALPHA}`, { set: [`throttle.firstAlpha=1/${1 / SMALL_ALPHA}`] }]], 1));
  }
  const clipped = fixed.counters['input'] ? latePressure(fixed, 'input') : 0;
  if (clipped >= PRESSED) {
    const format = plan.sites['input']!;
    const bits = missingBits(pair, ['input']);
    const cause = `input overflows in ${percent(clipped)} of its values`;
    const coarser = reformatted(format, { fractionLength: format.fractionLength - bits });
    list.push(steps(ended, 'whole', cause, [[
      `${partText('whole', bits)} in input, taken from its fraction (${formatName(format)} → ${formatName(coarser)})`, { set: [options(profile, 'input', format, coarser).slice('--set '.length)] },
    ]], 1));
    list.push(ladder(ended, 'whole', cause, ['input'], glanced(pair, ['input'])));
  }
  return list;
}

/** What takes a search to size. */
function further(ended: Ended): Candidate[] {
  const { pair, judged, variant: { plan, throttle } } = ended;
  const { recorder } = pair.fixed;
  const list: Candidate[] = [];
  const first = saturated(pair);
  for (const { key, late } of first) list.push(ladder(ended, 'whole', late !== null && late > 0 ? `${key} overflows in ${percent(late)} of its values` : `${key} met its rails`, namesOf([key])));
  if (first.length > 1) list.push(ladder(ended, 'whole', `${first.slice(0, NAMED).map(({ key }) => key).join(', ')}${first.length > NAMED ? ', …' : ''} met their rails`, namesOf(first.map(({ key }) => key))));
  if (recorder.stalledSteps > 0 || judged.float.verdict === 'survives') {
    for (const name of fractionsOf(ended)) list.push(ladder(ended, 'fraction', `${name} is too coarse`, [name]));
    for (const name of ['weight', 'update'] as const) list.push(steps(ended, 'rounding', `${name} loses what is smaller than its last place`, atRandom(ended, name), 0));
  }
  const rates = (factors: readonly number[], cause: string): Candidate =>
    steps(ended, 'rate', cause, factors.map((factor) => [`η ${factor < 1 ? `divided by ${1 / factor}` : `times ${factor}`}`, { set: ratesTimes(ended, factor) }]), 0);
  if (runsAway(ended) || judged.float.verdict !== 'survives') list.push(rates(Array.from({ length: MOST_HALVINGS }, (_, k) => 2 ** -(k + 1)), 'the step is too large'));
  else if (recorder.late.stalled > 0) list.push(rates(Array.from({ length: DOUBLINGS }, (_, k) => 2 ** (k + 1)), 'the step is too small for the words'));
  const setting = (cause: string, name: string, values: readonly (string | number)[]): number =>
    list.push(steps(ended, 'setting', cause, values.map((value) => [`${name} ${value}`, { set: [`throttle.${name}=${value}`] }]), 0));
  const { chi, floor, tau, law } = plan.throttle;
  if (chi !== undefined && chi.value > SAFE_CHI) setting('the throttle aims too far', 'chi', [1.75, SAFE_CHI, 1.25, 1].filter((value) => value < chi.value));
  if (tau !== undefined) setting('the throttle lets through too much', 'tau', [1, 2, 3, 4].map((k) => tau.value * 2 ** -k));
  if (law !== 'none' && floor !== undefined && recorder.late.stalled > 0) setting('α is too small to move anything', 'floor', FLOORS);
  if (law !== 'none') for (const name of ['gt0/secant', 'gt0/trace', 'none']) if (name !== throttle) list.push(steps(ended, 'throttle', `${throttle} does not do here`, [[name === 'none' ? 'no throttle' : `throttle ${name}`, { throttle: name }]], 0));
  if (plan.anchor.law !== 'none') list.push(steps(ended, 'anchor', 'the anchor holds parameters', [['no anchor', { anchor: 'none' }]], 0));
  if (plan.supervisor.law !== 'none') list.push(steps(ended, 'supervisor', 'the supervisor takes steps back', [['no supervisor', { supervisor: 'none' }]], 0));
  return list;
}

/** Stochastic rounding of a site, where it is not that already. */
function atRandom({ variant: { plan } }: Ended, name: SiteName): [string, Change][] {
  const random = keysOf(plan, name).every((key) => (ROUNDING[plan.sites[key]!.rounding] as RoundingMode).random !== undefined);
  return random ? [] : [[`${name} rounds STOCHASTIC`, { set: [`profile.sites.${name}.rounding=STOCHASTIC`] }]];
}

/** Two changes: the site that meets its rails most with more integer bits, and another with more of fraction or rounding at random; fewest bits in all first. */
export function bothParts(ended: Ended): Candidate[] {
  const { pair, variant: { plan } } = ended;
  const [worst] = [...saturated(pair)].sort((a, b) => (b.late ?? 0) - (a.late ?? 0));
  if (!worst) return [];
  const names = namesOf([worst.key]);
  const several = { kind: 'several', cause: 'it takes wider and finer words', glance: [] } as const;
  return FRACTIONS.slice(0, 2).flatMap((fine) => {
    const both = (whole: number, fraction: number): Size[] => {
      const parts = [widthsOf(plan, names, { whole }), widthsOf(plan, [fine], { fraction })] as const;
      return parts[0] && parts[1] ? [sizeOf(ended, { widths: joined(parts[0], parts[1]) })] : [];
    };
    const random = (whole: number): Size[] => {
      const widths = widthsOf(plan, names, { whole });
      return widths ? atRandom(ended, fine).map(([text, base]) => sizeOf(ended, { text, base, widths })) : [];
    };
    return [
      { ...several, sizes: UP_TO_MOST.flatMap((total) => UP_TO_MOST.slice(0, total - 1).flatMap((whole) => both(whole, total - whole))), monotone: false },
      { ...several, sizes: UP_TO_MOST.flatMap(random), monotone: true },
    ];
  });
}

/** Two changes: one without bits, and more bits of one site or rounding at random. */
export function onTop(ended: Ended, { text, base }: Size, cause: string): Candidate[] {
  const { plan } = ended.variant;
  return fractionsOf(ended).flatMap((name): Candidate[] => [
    {
      kind: 'several', cause, glance: [], monotone: true,
      sizes: UP_TO_MOST.flatMap((fraction) => {
        const widths = widthsOf(plan, [name], { fraction });
        return widths ? [sizeOf(ended, { text, base, widths })] : [];
      }),
    },
    {
      kind: 'several', cause, glance: [], monotone: false,
      sizes: base.set?.some((assignment) => assignment.includes(`.${name}.rounding`)) === true ? []
        : atRandom(ended, name).map(([more, { set = [] }]) => sizeOf(ended, { text: `${text}, ${more}`, base: { ...base, set: [...(base.set ?? []), ...set] } })),
    },
  ]);
}

const runsAway = ({ judged }: Ended): boolean => judged.float.verdict === 'diverged' || judged.fixed.verdict === 'limit cycle' || judged.fixed.verdict === 'diverged';

/** Integer bits by which the first overflow of any of these sites missed its rail; at least one. */
function missingBits({ fixed }: Pair, keys: readonly string[]): number {
  const size = (value: bigint): number => (value < 0n ? -value : value).toString(2).length;
  return Math.max(...keys.map((key) => {
    const event = fixed.counters[key]?.firstOverflow;
    return event ? Math.min(MOST_BITS, Math.max(1, size(event.wanted) - size(event.raw))) : 1;
  }));
}

/** Integer bits that sites miss, as far as there is room: each its own. */
function glanced(pair: Pair, keys: readonly string[]): Widths[] {
  const { plan } = pair;
  const widths = joined(...namesOf(keys).map((name) => {
    const own = keysOf(plan, name);
    const room = Math.min(...own.map((key) => longest(key, plan.sites[key]!) - plan.sites[key]!.wordLength));
    return widthsOf(plan, [name], { whole: Math.min(room, missingBits(pair, own.filter((key) => keys.includes(key)))) }) ?? new Map<string, Bits>();
  }));
  const added = new Map([...widths].filter(([, { whole }]) => whole > 0));
  return added.size > 0 ? [added] : [];
}

/** More integer bits where the loop meets its rails: the worst site alone, then all. */
function widenPressed(ended: Ended): Candidate[] {
  const { pair } = ended;
  const pressed = pressedSites(pair.fixed, PRESSED);
  const [worst] = pressed;
  if (!worst) return [];
  const cause = `${worst.key} overflows in ${percent(worst.share)} of its values`;
  const widen = (why: string, keys: readonly string[]): Candidate => ladder(ended, 'whole', why, namesOf(keys), glanced(pair, keys));
  const others = pressed.slice(1, NAMED).map(({ key }) => key).join(', ');
  return [widen(cause, [worst.key]), ...(pressed.length > 1 ? [widen(`${cause}, ${others} too`, pressed.map(({ key }) => key))] : [])];
}

/** More fraction bits where learning stands still although there is a gradient, or where the gradient itself is lost. */
function refineStalled(ended: Ended): Candidate[] {
  const { judged, pair: { fixed: { recorder } }, variant: { plan } } = ended;
  if (judged.fixed.verdict !== 'dead zone' && recorder.late.stalled / recorder.late.steps < 0.25) return [];
  const zeroUpdates = recorder.zeroUpdateSteps >= recorder.stalledSteps / 2;
  const refine = (cause: string, names: readonly SiteName[]): Candidate => {
    // A word that is as long as can be stays as it is.
    const growing = names.filter((name) => widthsOf(plan, [name], { fraction: GLANCED_FRACTION.at(-1)! }) !== undefined);
    return ladder(ended, 'fraction', cause, growing, GLANCED_FRACTION.flatMap((fraction) => widthsOf(plan, growing, { fraction }) ?? []));
  };
  return [
    zeroUpdates ? refine('updates round to zero', ['update', 'weight']) : refine('updates are smaller than half a last place of weight', ['weight']),
    refine('activations too coarse to leave a gradient', CHAIN),
  ];
}

/** The worst loss follows the first throttled step: it was taken without an estimate. */
function spikes({ plan, fixed }: Pair): boolean {
  const { recorder } = fixed;
  return recorder.maxLossAt === stressStart(plan) + 1 && recorder.maxLoss > 5 * recorder.startLoss;
}
