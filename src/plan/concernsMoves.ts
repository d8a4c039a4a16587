/** Whether gradients move parameters: rate × gradient, rounded at `update`, taken from the parameter and rounded at `weight` or `bias`. */
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { scaled } from '../format/real.js';
import { rounded, spanOf } from './concernsExact.js';

/** The formats a gradient goes through on its way into a parameter. */
export interface Path {
  readonly key: string;
  readonly rate: SiteFormat;
  readonly gradient: SiteFormat;
  readonly update: SiteFormat;
  readonly parameter: SiteFormat;
}

/** The paths of a layer: into its weights and, where it has them, its biases. */
export function pathsOf({ sites, layers }: Plan, layer: number): Path[] {
  const names = layers[layer]!.bias ? (['weight', 'bias'] as const) : (['weight'] as const);
  return names.map((name) => ({
    key: siteKey(name, layer), rate: sites['rate']!, gradient: sites[siteKey('gradient', layer)]!, update: sites[siteKey('update', layer)]!, parameter: sites[siteKey(name, layer)]!,
  }));
}

const clipped = (raw: bigint, format: SiteFormat): bigint => {
  const [low, high] = spanOf(format);
  return raw < low ? low : raw > high ? high : raw;
};

/** α or η: raw·2^−F. */
export interface Alpha {
  readonly raw: bigint;
  readonly fractionLength: number;
}
export const ONE: Alpha = { raw: 1n, fractionLength: 0 };

export const learningRate = ({ phases, sites }: Plan, phase: number): Alpha => ({
  raw: BigInt(phases[phase]!.learningRate.raw), fractionLength: sites['learningRate']!.fractionLength,
});
/** Phases that are meant to learn. */
export const learningPhases = ({ phases }: Plan): number[] => [...phases.keys()].filter((phase) => phases[phase]!.learningRate.raw !== '0');
/** Whether updates of a phase are divided behind a gate: they are no rate × gradient then. */
export const isGated = ({ anchor, phases }: Plan, phase: number): boolean => anchor.law === 'gated' && phases[phase]!.anchor;
/** The rate of a phase without throttling, as a raw. */
export const fullRate = (plan: Plan, phase: number): bigint => rateOf(plan.sites['rate']!, learningRate(plan, phase), ONE);

/** r = Q(α·η) as a raw of `rate`. */
export function rateOf(rate: SiteFormat, eta: Alpha, alpha: Alpha): bigint {
  return clipped(rounded(scaled(alpha.raw * eta.raw, alpha.fractionLength + eta.fractionLength), rate), rate);
}

/** u = Q(r·g), a random rounding at its largest. */
export const updateOf = ({ rate, gradient, update }: Path, rateRaw: bigint, gradientRaw: bigint): bigint =>
  clipped(rounded(scaled(rateRaw * gradientRaw, rate.fractionLength + gradient.fractionLength), update), update);

/** Whether a gradient can change a parameter. Where it lies on its grid, even or odd, above or below zero, can decide: one that moves is enough. */
export function moves(path: Path, rateRaw: bigint, gradientRaw: bigint): boolean {
  const { update, parameter } = path;
  const raw = updateOf(path, rateRaw, gradientRaw);
  if (raw === 0n) return false;
  if ((ROUNDING[parameter.rounding] as RoundingMode).random !== undefined) return true;
  const finest = Math.max(update.fractionLength, parameter.fractionLength);
  const [left, leftUpdate] = [BigInt(finest - parameter.fractionLength), BigInt(finest - update.fractionLength)];
  const at = (theta: bigint, change: bigint): bigint => rounded(scaled((theta << left) - (change << leftUpdate), finest), parameter);
  return [2n, 3n, -2n, -3n].some((theta) => at(theta, raw) !== at(theta, 0n));
}

/**
 * The smallest magnitude of a gradient, as a raw, that can change a parameter.
 *
 * @param sign of the gradient
 * @returns undefined where not even the rail does
 */
export function threshold(path: Path, rateRaw: bigint, sign: 1n | -1n): bigint | undefined {
  const [low, high] = spanOf(path.gradient);
  const most = sign > 0n ? high : -low;
  if (most === 0n || !moves(path, rateRaw, sign * most)) return undefined;
  let [below, from] = [0n, most];
  while (from - below > 1n) {
    const middle = (below + from) / 2n;
    if (moves(path, rateRaw, sign * middle)) from = middle;
    else below = middle;
  }
  return from;
}

/** Whether some gradient, of either sign, can change a parameter. */
export const canMove = (path: Path, rateRaw: bigint): boolean => threshold(path, rateRaw, 1n) !== undefined || threshold(path, rateRaw, -1n) !== undefined;
