/**
 * What to change, read off a recording. Each candidate names a cause and the options that would remove it; compare.ts tries every one
 * and keeps those that help.
 */
import type { Pair, Recording } from '../run/pair.js';
import { stressStart } from '../run/pair.js';
import { SITES, type SiteName } from '../site/sites.js';
import { keepsHistory, type ThrottleLaw } from '../control/registry.js';
import { percent } from './figure.js';
import { latePressure, pressedSites, siteName, type Judged } from './verdict.js';

export interface Candidate {
  readonly why: string;
  readonly throttle?: string;
  readonly anchor?: string;
  /** `path=value` assignments. */
  readonly set?: readonly string[];
}

const HELD = 'the anchor holds parameters the drift has made wrong';
/** α of a first step without an estimate. */
const SMALL_ALPHA = 1 / 32;
/** Share of the steps from which a supervisor hinders more than it helps, and what it is given. */
const MUCH_TAKEN_BACK = 0.1;
const PATIENCE = 20;

/** Candidates for one side's trouble, the most promising first. */
export function candidates(pair: Pair, judged: { float: Judged; fixed: Judged }): Candidate[] {
  const { plan, fixed } = pair;
  const list: Candidate[] = [];
  const { law, firstAlpha } = plan.throttle;
  const runaway = judged.float.verdict === 'diverged' || judged.fixed.verdict === 'limit cycle' || judged.fixed.verdict === 'diverged';
  if (law === ('none' satisfies ThrottleLaw) && runaway) {
    const single = plan.phases.every(({ batch }) => batch === 1);
    // With single samples the secant sees noise; the trace does not.
    const name = single ? 'gt0/trace' : 'gt0/secant';
    list.push({ why: `the step is too large for the drifted input: ${name} scales it down`, throttle: name });
    if (!single) list.push({ why: 'the step is too large for the drifted input: gt0/trace scales it down from its first step', throttle: 'gt0/trace' });
  }
  if (plan.anchor.law === 'fixed' && judged.fixed.verdict !== 'survives') {
    list.push({ why: 'the anchor holds parameters the drift has made wrong: let it go on evidence', anchor: 'event' });
    list.push({ why: HELD, anchor: 'none' });
  }
  // The event anchor lets go by itself.
  if ((plan.anchor.law === 'decay' || plan.anchor.law === 'elastic') && judged.fixed.verdict !== 'survives') list.push({ why: HELD, anchor: 'none' });
  const takenBack = fixed.recorder.rejectedSteps / fixed.recorder.steps;
  if (plan.supervisor.patience === 0 && takenBack >= MUCH_TAKEN_BACK) {
    list.push({ why: `the supervisor takes back ${percent(takenBack)} of the steps: let it take a loss as it is after ${PATIENCE} in a row`, set: [`supervisor.patience=${PATIENCE}`] });
  }
  list.push(...widenPressed(pair, judged.fixed));
  list.push(...refineStalled(pair, judged.fixed));
  if (keepsHistory(plan.throttle) && firstAlpha!.value > SMALL_ALPHA && spikes(pair)) {
    list.push({ why: `the throttle has no history at step ${pair.fixed.recorder.maxLossAt - 1} and lets one full step through`, set: [`throttle.firstAlpha=1/${1 / SMALL_ALPHA}`] });
  }
  const clipped = fixed.counters['input'] ? latePressure(fixed, 'input') : 0;
  if (clipped >= 0.01) {
    const { wordLength, fractionLength } = plan.sites['input']!;
    const bits = missingBits(fixed, 'input');
    const why = `input overflows in ${percent(clipped)} of its values: ${bits} more integer bit${bits > 1 ? 's' : ''}`;
    list.push({ why: `${why}, taken from its fraction`, set: set('input', { fractionLength: fractionLength - bits }) });
    if (wordLength + bits <= 32) list.push({ why, set: set('input', { wordLength: wordLength + bits }) });
  }
  return list;
}

/** Integer bits by which the first overflow of a site missed its rail; at least one. */
function missingBits(recording: Recording, key: string): number {
  const event = recording.counters[key]?.firstOverflow;
  if (!event) return 1;
  const size = (value: bigint): number => (value < 0n ? -value : value).toString(2).length;
  return Math.min(8, Math.max(1, size(event.wanted) - size(event.raw)));
}

/** More integer bits where the loop meets its rails: the worst site alone, then all. */
function widenPressed(pair: Pair, judged: Judged): Candidate[] {
  if (judged.verdict === 'survives') return [];
  const pressed = pressedSites(pair.fixed, 0.01);
  const [worst] = pressed;
  if (!worst) return [];
  const widen = (keys: readonly string[]): string[] =>
    [...new Map(keys.map((key) => [siteName(key), key])).entries()].flatMap(([name, key]) => {
      const { wordLength } = pair.plan.sites[key]!;
      const most = SITES[name].kind === 'accumulator' ? 64 : 32;
      return set(name, { wordLength: Math.min(most, wordLength + missingBits(pair.fixed, key)) });
    });
  const why = `${worst.key} overflows in ${percent(worst.share)} of its values`;
  const list: Candidate[] = [{ why: `${why}: more integer bits`, set: widen([worst.key]) }];
  if (pressed.length > 1) list.push({ why: `${why}, ${pressed.slice(1, 4).map(({ key }) => key).join(', ')} too: more integer bits in each`, set: widen(pressed.map(({ key }) => key)) });
  return list;
}

/** More fraction bits where learning stands still although there is a gradient, or where the gradient itself is lost. */
function refineStalled({ plan, fixed }: Pair, judged: Judged): Candidate[] {
  const { recorder } = fixed;
  const late = recorder.late;
  if (judged.verdict !== 'dead zone' && late.stalled / late.steps < 0.25) return [];
  const finer = (name: SiteName, bits: number): string[] => {
    const key = `layer0.${name}`;
    const { wordLength, fractionLength } = plan.sites[key]!;
    const added = Math.min(bits, 32 - wordLength);
    return added > 0 ? set(name, { wordLength: wordLength + added, fractionLength: fractionLength + added }) : [];
  };
  const list: Candidate[] = [];
  const zeroUpdates = recorder.zeroUpdateSteps >= recorder.stalledSteps / 2;
  for (const bits of [2, 4]) {
    if (zeroUpdates) list.push({ why: `updates round to zero: ${bits} more fraction bits in update and weight`, set: [...finer('update', bits), ...finer('weight', bits)] });
    else list.push({ why: `updates are smaller than half a last place of weight: ${bits} more fraction bits in weight`, set: finer('weight', bits) });
    const chain = [...(['activation', 'gradient', 'update', 'weight'] as const).flatMap((name) => finer(name, bits)), ...widerAccumulator(plan.sites['layer0.accumulator']!, bits)];
    const names = [...new Set(chain.map((assignment) => assignment.split('.')[2]!))];
    list.push({ why: `activations too coarse to leave a gradient: ${bits} more fraction bits in ${names.join(', ')}`, set: chain });
  }
  return list.filter(({ set: changes }) => changes !== undefined && changes.length > 0);
}

function widerAccumulator({ wordLength, fractionLength }: { wordLength: number; fractionLength: number }, bits: number): string[] {
  const added = Math.min(bits, 64 - wordLength);
  return added > 0 ? set('accumulator', { wordLength: wordLength + added, fractionLength: fractionLength + added }) : [];
}

function set(name: SiteName, format: { wordLength?: number; fractionLength?: number }): string[] {
  return Object.entries(format).map(([property, value]) => `profile.sites.${name}.${property}=${value}`);
}

/** The worst loss follows the first throttled step: it was taken without an estimate. */
function spikes({ plan, fixed }: Pair): boolean {
  const { recorder } = fixed;
  return recorder.maxLossAt === stressStart(plan) + 1 && recorder.maxLoss > 5 * recorder.startLoss;
}

