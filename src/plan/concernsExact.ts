/** What the concerns of a plan are worked out with: rails, worst-case roundings and repairs. All exact, on integers. */
import { rawRange, rawToReal, type Format } from '../format/format.js';
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import { endRails, quantise } from '../format/quantise.js';
import type { Rational } from '../format/real.js';
import {
  ANCHOR_PARAMETERS, ANCHORS, averages, BALANCE_PARAMETERS, BALANCES, integrates, keepsHistory, measuresGradient, pulls, SUPERVISOR_PARAMETERS, SUPERVISORS, THROTTLE_PARAMETERS, THROTTLES, weighs,
  type ParameterDefinition,
} from '../control/registry.js';
import type { Concern } from '../schema/concern.js';
import type { Constant, Plan, SiteFormat } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import { siteKey, siteName, SITES, wordLengthRange, type SiteName } from '../site/sites.js';

/** Smallest and largest value of prepared data, before the front end. */
export interface Ranges {
  readonly inputs: readonly [number, number];
  readonly targets: readonly [number, number];
}

/** What every rule looks at. */
export interface Examined {
  readonly plan: Plan;
  readonly profile: Profile;
  readonly ranges?: Ranges | undefined;
}

export type Report = (concern: Concern) => void;
/** Smallest and largest raw, or a multiple of them. */
export type Span = readonly [bigint, bigint];

/** Layer of `layer1.weight`; 0 for a site of the run. */
export const layerOf = (key: string): number => Number(/^layer(\d+)\./.exec(key)?.[1] ?? 0);
export const spanOf = ({ rails }: SiteFormat): Span => [BigInt(rails[0]), BigInt(rails[1])];
export const within = (value: bigint, [low, high]: Span): boolean => value >= low && value <= high;
export const abs = (value: bigint): bigint => (value < 0n ? -value : value);

/** A raw as a real number, to six digits. */
export const real = (raw: bigint, fractionLength: number): string => String(Number(rawToReal(raw, fractionLength).toPrecision(6)));
/** `1 bit`, `2 bits`, `2 biases`. */
export const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : what.endsWith('s') ? 'es' : 's'}`;

/** ⌊√n⌋ for n ≥ 0. */
export function squareRoot(n: bigint): bigint {
  let root = 0n;
  for (let bit = BigInt(n.toString(2).length >> 1); bit >= 0n; bit--) if ((root + (1n << bit)) ** 2n <= n) root += 1n << bit;
  return root;
}

/** The span of the products of two spans. */
export function products(a: Span, b: Span): Span {
  const all = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
  return [all.reduce((x, y) => (x < y ? x : y)), all.reduce((x, y) => (x > y ? x : y))];
}

/** Bits of a word that holds a span, two's complement where it reaches below zero or `signed` says so. */
export function bitsOf([low, high]: Span, signed = low < 0n): number {
  const length = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);
  return signed ? 1 + Math.max(length(high), low < 0n ? length(-low - 1n) : 0) : length(high);
}

/** What an exact value becomes before overflow handling. A random mode is taken at its worst: away from zero. */
export function rounded(x: Rational, format: SiteFormat): bigint {
  if ((ROUNDING[format.rounding] as RoundingMode).random === undefined) return quantise(x, format).rounded;
  const floor = (value: Rational): bigint => quantise(value, { ...format, rounding: 'TRN' }).rounded;
  return x.numerator < 0n ? floor(x) : -floor({ ...x, numerator: -x.numerator });
}

/** The span of what layer `layer` is fed: inputs, or the activations before it. */
export function fedBy(plan: Plan, layer: number): { readonly key: string; readonly format: SiteFormat; readonly span: Span } {
  const key = layer === 0 ? 'input' : siteKey('activation', layer - 1);
  const format = plan.sites[key]!;
  const [low, high] = spanOf(format);
  return { key, format, span: layer > 0 && plan.layers[layer - 1]!.activation === 'relu' ? [low > 0n ? low : 0n, high] : [low, high] };
}

/** The real parameters that the controllers of a plan read, each with where it is stated and its site, if it has one. */
export function controllerConstants({ throttle, anchor, supervisor, balance = { law: 'none' } }: Plan): { readonly where: string; readonly site: SiteName; readonly constant: Constant }[] {
  const of = (name: string, plan: object, parameters: readonly string[], definitions: Readonly<Record<string, ParameterDefinition>>) =>
    parameters.flatMap((parameter) => {
      const { site, type } = definitions[parameter]!;
      return type === 'real' && site !== undefined ? [{ where: `${name}.${parameter}`, site, constant: (plan as Record<string, Constant>)[parameter]! }] : [];
    });
  return [
    ...of('throttle', throttle, THROTTLES[throttle.law].parameters, THROTTLE_PARAMETERS),
    ...of('anchor', anchor, ANCHORS[anchor.law].parameters, ANCHOR_PARAMETERS),
    ...of('supervisor', supervisor, SUPERVISORS[supervisor.law].parameters, SUPERVISOR_PARAMETERS),
    ...of('balance', balance, BALANCES[balance.law].parameters, BALANCE_PARAMETERS),
  ];
}

/** Whether anything moves a parameter but its update: a pull of its own, at `anchorPull`. */
export const isPulled = ({ anchor: { law } }: Plan): boolean => pulls(law) || law === 'elastic';
/** Whether α can be anything but 1: a throttle gives it, or the supervisor halves it. */
export const alphaVaries = ({ throttle, supervisor }: Plan): boolean => throttle.law !== 'none' || (supervisor.backoff ?? 0) > 0;

/** Whether anything is quantised at a site in this plan. */
export function inUse(plan: Plan, key: string): boolean {
  if (plan.sites[key] === undefined) return false;
  const { throttle, anchor, supervisor, balance, batchDivision } = plan;
  const name = siteName(key);
  switch (name) {
    case 'bias':
      return plan.layers[layerOf(key)]!.bias;
    case 'anchorPull':
      return isPulled(plan);
    case 'importance':
      return weighs(anchor.law);
    case 'average':
      return averages(anchor.law);
    case 'lossMean':
    case 'lossVariance':
    case 'statistic':
      return anchor.law === 'event';
    case 'throttle':
      return throttle.law !== 'none';
    case 'squaredNorm':
      return throttle.estimator !== undefined || throttle.law === 'table' || measuresGradient(throttle.law) || balance !== undefined;
    case 'norm':
      return (keepsHistory(throttle) && throttle.law !== 'table') || measuresGradient(throttle.law) || balance !== undefined;
    case 'curvature':
    case 'curvatureMean':
      return throttle.estimator !== undefined;
    case 'velocity':
      return integrates(throttle.law);
    case 'measureMean':
      return supervisor.law !== 'none';
    case 'cusum':
      return supervisor.law === 'cusum';
    case 'share':
    case 'shareMean':
      return balance !== undefined;
    case 'reciprocal':
      return batchDivision === 'reciprocal';
    case 'learningRate':
      return true;
    default:
      return SITES[name].kind !== 'constant' || controllerConstants(plan).some(({ site }) => site === name);
  }
}

/** Longest word a site can have. */
export const longest = (key: string, { signed }: Pick<Format, 'signed'>): number => wordLengthRange(SITES[siteName(key)].kind, signed)[1];

/** An option that changes one property of a site: of the layer where the profile states the layer, else of the site. */
export function option(profile: Profile, key: string, property: 'wordLength' | 'fractionLength' | 'rounding' | 'overflow' | 'signed' | 'rails', value: number | string | boolean): string {
  const stated = (profile.sites as Record<string, unknown> | undefined)?.[key] !== undefined;
  return `--set profile.sites.${stated ? key : siteName(key)}.${property}=${value}`;
}

/** Whether a site has rails of its own, within its format. */
export const ownRails = (format: SiteFormat): boolean => String(format.rails) !== String(endRails(format));

/** Options that make a site what `to` says; rails of its own are stated anew where they change. */
export function options(profile: Profile, key: string, from: SiteFormat, to: SiteFormat): string {
  const changed = (['signed', 'wordLength', 'fractionLength'] as const).filter((property) => from[property] !== to[property]).map((property) => option(profile, key, property, to[property]));
  const rails = (format: SiteFormat): string => JSON.stringify(format.rails.map((rail) => rawToReal(BigInt(rail), format.fractionLength)));
  return [...changed, ...(ownRails(from) && rails(from) !== rails(to) ? [option(profile, key, 'rails', rails(to))] : [])].join(' ');
}

/** A format with another word and fraction length, its rails at its ends. */
export function reformatted(format: SiteFormat, change: Partial<Format>): SiteFormat {
  const next = { ...format, ...change };
  return { ...next, rails: endRails(next) };
}

/**
 * The nearest format that will do: first more bits of whole numbers, then, in the longest word, fewer of fraction.
 *
 * @returns undefined where there is none
 */
export function wider(key: string, format: SiteFormat, fits: (candidate: SiteFormat) => boolean): SiteFormat | undefined {
  const most = longest(key, format);
  for (let wordLength = format.wordLength; wordLength <= most; wordLength++) {
    const candidate = reformatted(format, { wordLength });
    if (fits(candidate)) return candidate;
  }
  for (let fractionLength = format.fractionLength - 1; fractionLength >= format.fractionLength - 64; fractionLength--) {
    const candidate = reformatted(format, { wordLength: most, fractionLength });
    if (fits(candidate)) return candidate;
  }
  return undefined;
}

/** A format with more bits of fraction; rails of its own keep their values. */
export function refined(format: SiteFormat, wordLength: number, bits: number): SiteFormat {
  const next = reformatted(format, { wordLength, fractionLength: format.fractionLength + bits });
  const rails = spanOf(format).map((rail) => rail << BigInt(bits));
  return ownRails(format) && rails.every((rail) => within(rail, rawRange(next))) ? { ...next, rails: rails.map(String) as [string, string] } : next;
}

/** The nearest format that will do: first more bits of fraction in a longer word, then in the longest word at the cost of whole numbers. */
export function finer(key: string, format: SiteFormat, fits: (candidate: SiteFormat) => boolean): SiteFormat | undefined {
  const most = longest(key, format);
  for (let bits = 1; bits <= 64; bits++) {
    const candidate = refined(format, Math.min(most, format.wordLength + bits), bits);
    if (fits(candidate)) return candidate;
  }
  return undefined;
}
