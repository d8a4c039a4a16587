/** What a moving mean does, measured on the core: constant, step, alternating, sine and noisy inputs. */
import { loadCore, type Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { rawRange } from '../format/format.js';
import { below, randomStream } from '../signal/random.js';
import { deadBandOf, type DeadBand } from './deadBand.js';
import { EMA_MOST_VALUES, EmaFilter, filterEmaFloat } from './filter.js';
import type { EmaDesign } from './design.js';

/** Steps, in time constants, after which nothing moves any more: from four of them away, through a band in which a step is one last place. */
const SETTLED = 40;
/** Smallest ρ that is measured: settling, and as much again, fit one call. */
export const EMA_LEAST_MEASURED = (2 * SETTLED) / EMA_MOST_VALUES;

export interface Measuring {
  readonly build?: Build | undefined;
  readonly seed?: number | undefined;
}

/** ρ as used. */
export const rhoUsed = ({ rhoRaw, fraction }: EmaDesign): number => Number(rhoRaw) * 2 ** -fraction;

/** A raw of x in last places of S. */
const placesOf = ({ signal, mean }: EmaDesign): number => 2 ** (mean.fractionLength - signal.fractionLength);

function steps(design: EmaDesign): number {
  const rho = rhoUsed(design);
  if (rho < EMA_LEAST_MEASURED) {
    throw new QrailsError({ code: 'unsupported', where: 'ρ', message: 'too small to be measured', found: String(rho), expected: `at least ${EMA_LEAST_MEASURED}` });
  }
  return Math.ceil(SETTLED / rho);
}

/** The raw of S nearest to x, inside its rails. */
function nearest({ signal, mean }: EmaDesign, input: bigint): bigint {
  const finer = signal.fractionLength - mean.fractionLength;
  const raw = finer > 0 ? (input + (1n << BigInt(finer - 1))) >> BigInt(finer) : input << BigInt(-finer);
  return clamp(raw, mean.rails.map(BigInt) as [bigint, bigint]);
}

/** Raws of x in last places of S above one of its raws: doubles hold what is near, not what is far from zero. */
function above({ signal, mean }: EmaDesign, origin: bigint): (raw: bigint) => number {
  const finer = signal.fractionLength - mean.fractionLength;
  return finer > 0 ? (raw) => Number(raw - (origin << BigInt(finer))) * 2 ** -finer : (raw) => Number((raw << BigInt(-finer)) - origin);
}

const clamp = (value: bigint, [low, high]: readonly [bigint, bigint]): bigint => (value < low ? low : value > high ? high : value);

export interface MeasuredBand extends DeadBand {
  /** S nearest to the input on its way up, and down: where a deterministic mode ends. */
  readonly fromBelow: bigint;
  readonly fromAbove: bigint;
}

/**
 * The dead band of a constant input: S climbs to x from four time constants' worth of last places below it (or from its rail), and falls to it likewise.
 * A random mode is taken at the point of its run that is nearest.
 */
export async function measureDeadBand(design: EmaDesign, input: bigint, { build, seed = 0 }: Measuring = {}): Promise<MeasuredBand> {
  const n = steps(design);
  const filter = new EmaFilter(await loadCore(build), design, n);
  const constant = new BigInt64Array(n).fill(input);
  const x = nearest(design, input);
  const away = BigInt(Math.ceil(4 / rhoUsed(design)));
  const rails = design.mean.rails.map(BigInt) as [bigint, bigint];
  const from = (start: bigint): bigint[] => [...filter.run(constant, { start: clamp(start, rails), seed })];
  const extreme = (values: bigint[], most: boolean): bigint => values.reduce((a, b) => (b > a === most ? b : a));
  const fromBelow = extreme(from(x - away), true);
  const fromAbove = extreme(from(x + away), false);
  return { ...deadBandOf(design, input, fromBelow, fromAbove), fromBelow, fromAbove };
}

export interface MeasuredStep {
  /** Steps until half, and 95 %, of the step are reached; null where the mean stops before. */
  readonly halfLife: number | null;
  readonly settling95: number | null;
  /** Σ of what is missing to where it ends, over the whole of it; null where it never moves. */
  readonly timeConstant: number | null;
}

/** A step from S = 0 to a constant x. */
export async function measureStep(design: EmaDesign, input: bigint, { build, seed }: Measuring = {}): Promise<{ fixed: MeasuredStep; float: MeasuredStep }> {
  const n = steps(design);
  const filter = new EmaFilter(await loadCore(build), design, n);
  const fixed = Array.from(filter.run(new BigInt64Array(n).fill(input), { seed }), Number);
  const x = Number(input) * placesOf(design);
  const float = await filterEmaFloat(new Float64Array(n).fill(x), rhoUsed(design), 0, build);
  return { fixed: stepOf(fixed, x), float: stepOf(float, x) };
}

function stepOf(means: ArrayLike<number>, x: number): MeasuredStep {
  const list = Array.from(means);
  const end = list.at(-1)!;
  const until = (share: number): number | null => {
    const at = list.findIndex((value) => (x < 0 ? value <= share * x : value >= share * x));
    return at < 0 ? null : at + 1;
  };
  // Before the first value S is 0, and all of the step is missing.
  return { halfLife: until(0.5), settling95: until(0.95), timeConstant: end === 0 ? null : 1 + list.reduce((sum, value) => sum + (end - value) / end, 0) };
}

/** Amplitude of a mean, in that of its input. */
export interface MeasuredGain {
  readonly fixed: number;
  readonly float: number;
}

/** Gain for x + amplitude·cos(ωt), once it has settled; `frequency` in cycles a step. Rounded to raws of the signal first; half a cycle a step alternates. */
export async function measureGain(design: EmaDesign, input: bigint, amplitude: bigint, frequency: number, { build, seed }: Measuring = {}): Promise<MeasuredGain> {
  const period = 1 / frequency;
  const settled = steps(design);
  // Whole periods, as nearly as steps allow, several where they are short.
  const window = Math.round(Math.ceil(64 / period) * period);
  const n = settled + window;
  const values = BigInt64Array.from({ length: n }, (_, k) => input + BigInt(Math.round(Number(amplitude) * Math.cos(2 * Math.PI * ((k * frequency) % 1)))));
  const { fixed, float } = await both(design, input, values, { build, seed });
  const gain = (means: Float64Array): number => amplitudeOf(means.subarray(settled), frequency, settled) / (Number(amplitude) * placesOf(design));
  return { fixed: gain(fixed), float: gain(float) };
}

/** S after every value, in last places above x, in fixed point and in binary64; both start at x. */
async function both(design: EmaDesign, input: bigint, values: BigInt64Array, { build, seed }: Measuring): Promise<{ fixed: Float64Array; float: Float64Array }> {
  const start = nearest(design, input);
  const filter = new EmaFilter(await loadCore(build), design, values.length);
  return {
    fixed: Float64Array.from(filter.run(values, { start, seed }), (raw) => Number(raw - start)),
    float: await filterEmaFloat(Float64Array.from(values, above(design, start)), rhoUsed(design), 0, build),
  };
}

/** Amplitude of the component of one frequency: its correlation with cosine and sine. */
function amplitudeOf(values: Float64Array, frequency: number, first: number): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  let cosine = 0;
  let sine = 0;
  values.forEach((value, k) => {
    const angle = 2 * Math.PI * (((first + k) * frequency) % 1);
    cosine += (value - mean) * Math.cos(angle);
    sine += (value - mean) * Math.sin(angle);
  });
  // At half a cycle a step there is no sine, and a cosine alone carries all of its power.
  return ((frequency === 0.5 ? 1 : 2) * Math.hypot(cosine, sine)) / values.length;
}

export interface MeasuredNoise {
  /** Variance of S in that of x. */
  readonly varianceRatio: MeasuredGain;
  /** One standard deviation of `varianceRatio` over seeds. */
  readonly varianceError: number;
  /** Mean of S in fixed point minus that in binary64, on the same input: last places of S. */
  readonly bias: number;
  /** One standard deviation of `bias` over seeds: of the mean of N numbers that are correlated over 1/ρ steps. */
  readonly biasError: number;
}

/** Values of a noisy run, in time constants: the variance ratio is then known to about two percent. */
const NOISE = 4096;
const MOST_NOISE = 2 ** 20;

/** White noise around x: raws uniform from x − amplitude to x + amplitude. */
export async function measureNoise(design: EmaDesign, input: bigint, amplitude: bigint, { build, seed = 0 }: Measuring = {}): Promise<MeasuredNoise> {
  const rho = rhoUsed(design);
  const skipped = steps(design);
  const n = Math.min(MOST_NOISE, Math.ceil(NOISE / rho));
  const stream = randomStream(seed, 'noise');
  const bound = Number(2n * amplitude + 1n);
  const values = BigInt64Array.from({ length: skipped + n }, () => input - amplitude + BigInt(below(stream, bound)));
  const ran = await both(design, input, values, { build, seed });
  const [fixed, float] = [ran.fixed.subarray(skipped), ran.float.subarray(skipped)];
  const noise = (Number(amplitude * (amplitude + 1n)) / 3) * placesOf(design) ** 2;
  const apart = fixed.map((value, k) => value - float[k]!);
  const beta = 1 - rho;
  return {
    varianceRatio: { fixed: moments(fixed).variance / noise, float: moments(float).variance / noise },
    varianceError: (rho / (1 + beta)) * Math.sqrt((2 * (1 + beta * beta)) / ((1 - beta * beta) * n)),
    bias: moments(apart).mean,
    biasError: Math.sqrt((moments(apart).variance * (1 + beta)) / (rho * n)),
  };
}

function moments(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length };
}

/** The largest amplitude around x that leaves neither the signal's format nor the side of zero x is on, at most half of x. */
export function amplitudeAround({ signal }: EmaDesign, input: bigint): bigint {
  const [low, high] = rawRange(signal);
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const inside = least(high - input, input - low);
  const side = input === 0n ? inside : (input < 0n ? -input : input) / 2n;
  return least(inside, least(side, 1n << 30n));
}
