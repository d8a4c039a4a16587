/** What the units of a plan meet in its run: operands step by step, read from the core, the exact quantiser held against the core on the way. */
import { runningSum, rational } from '../../compare/runningSum.js';
import { SteppedRun } from '../../compare/stepValues.js';
import { quantise, type Quantised } from '../../format/quantise.js';
import { randomWords, siteStream, type RandomWords } from '../../format/random.js';
import { keepsHistory, SIGMOID } from '../../control/registry.js';
import { accumulateGroup } from '../../plan/alignment.js';
import { isPulled } from '../../plan/concernsExact.js';
import { planSteps } from '../../run/pair.js';
import type { Plan } from '../../schema/plan.js';
import type { Delivered } from '../../signal/delivery.js';
import { siteKey, type SiteName } from '../../site/sites.js';
import { shiftFor } from './exact.js';
import type { Quantiser, Unit } from './units.js';

/** An operand of a site, and the random bits its quantisation draws. */
export interface Met {
  readonly x: bigint;
  readonly random: RandomWords;
}

/** A running sum. */
export interface Chain {
  /** In the order in which they are added; the second factor is 1 where there is none. */
  readonly terms: readonly (readonly [a: bigint, b: bigint])[];
  readonly single?: bigint | undefined;
  /** Of quantisation `index` of the sum, and of the product `index`. */
  readonly random: (index: number) => RandomWords;
  readonly productRandom: (index: number) => RandomWords;
}

/** A step of a controller: emptied before, run at all, and what it saw. */
export interface MeanStep {
  readonly clear: boolean;
  readonly enable: boolean;
  readonly sample: bigint;
  readonly random: RandomWords;
  /** The mean after the step, as the core has it. */
  readonly expected?: bigint;
}
export interface ChoiceStep {
  readonly clear: boolean;
  readonly enable: boolean;
  readonly eta: bigint;
  readonly squareTheta: bigint;
  readonly squareGradient: bigint;
  readonly random: RandomWords;
  /** Alpha after the step, as the core has it; absent where the phase does not throttle. */
  readonly expected?: bigint | undefined;
}

export interface RunOperands {
  /** Steps looked at. */
  readonly steps: number;
  /** By site key. */
  readonly met: ReadonlyMap<string, readonly Met[]>;
  /** By unit name. */
  readonly chains: ReadonlyMap<string, readonly Chain[]>;
  readonly means: readonly MeanStep[];
  readonly choices: readonly ChoiceStep[];
}

/** Most steps that are looked at. */
const MOST_STEPS = 256;
/** Values read in all, about: with many parameters fewer steps are looked at, but some. */
const MOST_READ = 2 ** 22;
const LEAST_STEPS = 8;
/** Operands taken of each site, spread over the steps; sums likewise. */
const PER_SITE = 64;

/** Q(x) of an operand of a site. */
export function quantiseOperand({ format, operand }: Pick<Quantiser, 'format' | 'operand'>, { x, random }: Met): Quantised {
  return quantise(rational({ raw: x, fractionLength: operand.fraction }), format, random);
}

/** Holds what a unit gives to what the core gave. */
export function holdToCore(what: string, step: number, made: bigint, core: bigint | undefined): void {
  if (core !== undefined && made !== core) throw new RangeError(`${what}, step ${step}: the core has ${core}, the exact quantiser ${made}`);
}

/**
 * Runs the fixed side of a plan and keeps what its units were given.
 *
 * @param batches one a step, read no further than needed
 * @throws RangeError where core and exact quantiser differ, which is a bug
 */
export async function runOperands(plan: Plan, batches: Iterable<Delivered>, units: readonly Unit[]): Promise<RunOperands> {
  const read = plan.layers.reduce((sum, { inputs, outputs }) => sum + 4 * outputs * (inputs + 1), 0)
    + Math.max(...plan.phases.map(({ batch }) => batch)) * plan.layers.reduce((sum, { inputs, outputs }) => sum + inputs + 2 * outputs, 0);
  const steps = Math.min(planSteps(plan), MOST_STEPS, Math.max(LEAST_STEPS, Math.floor(MOST_READ / read)));
  const run = await SteppedRun.open(plan, 'fixed');
  const walk = new Walk(plan, units, run, Math.ceil(PER_SITE / Math.max(1, steps)));
  for (const batch of batches) {
    if (batch.step >= steps || run.trapped !== undefined) break;
    run.step(batch);
    walk.visit(batch.step, batch.phase, batch.count);
  }
  return walk;
}

class Walk implements RunOperands {
  steps = 0;
  readonly met = new Map<string, Met[]>();
  readonly chains = new Map<string, Chain[]>();
  readonly means: MeanStep[] = [];
  readonly choices: ChoiceStep[] = [];
  readonly #quantisers = new Map<string, Quantiser>();
  #step = 0;
  #count = 0;
  /** Parameters and gradients of the step before, while the throttle keeps them. */
  #history: { readonly theta: readonly Value[]; readonly gradient: readonly Value[] } | undefined;
  #phase = -1;

  constructor(private readonly plan: Plan, units: readonly Unit[], private readonly run: SteppedRun, private readonly perStep: number) {
    for (const unit of units) if (unit.kind === 'quantise') this.#quantisers.set(unit.quantiser.key, unit.quantiser);
  }

  visit(step: number, phase: number, count: number): void {
    [this.#step, this.#count] = [step, count];
    const { plan } = this;
    plan.layers.forEach((_, layer) => this.#forward(layer));
    plan.layers.forEach((_, layer) => this.#error(layer));
    this.#loss();
    this.steps++;
    if (this.run.rejected) return;
    plan.layers.forEach((_, layer) => this.#gradients(layer));
    this.#throttle(phase);
    const rate = this.#one('rate');
    this.#take('rate', this.#one('throttle') * BigInt(plan.phases[phase]!.learningRate.raw), 0, 0, this.#fraction('throttle') + this.#fraction('learningRate'), rate);
    plan.layers.forEach((_, layer) => this.#updates(layer, rate));
  }

  #fraction(key: string): number {
    return this.plan.sites[key]!.fractionLength;
  }

  #numbers(key: string): readonly number[] {
    return this.run.values(key).numbers as readonly number[];
  }

  #before(name: 'weight' | 'bias', layer: number): readonly number[] {
    return this.run.source('before', siteKey(name, layer)).numbers as readonly number[];
  }

  #one(name: SiteName): bigint {
    return BigInt(this.run.values(name).numbers[0]!);
  }

  /** What a layer was fed. */
  #fed(layer: number): readonly number[] {
    return this.#numbers(layer === 0 ? 'input' : siteKey('activation', layer - 1));
  }

  /** Some of so many positions, other ones in every step. */
  #some(of: number): number[] {
    const taken = Math.min(of, this.perStep);
    return Array.from({ length: taken }, (_, k) => (this.#step * taken + Math.floor((k * of) / taken)) % of);
  }

  #random(key: string, element: number, index: number): RandomWords {
    return randomWords(this.plan.seed, this.#step, siteStream(key), element, index);
  }

  /** Keeps an operand given with its fraction length; `expected` is what the core made of it. */
  #take(key: string, value: bigint, element: number, index: number, fraction: number, expected: bigint | undefined): bigint {
    const quantiser = this.#quantisers.get(key)!;
    const met: Met = { x: value << BigInt(quantiser.operand.fraction - fraction), random: this.#random(key, element, index) };
    const { raw } = quantiseOperand(quantiser, met);
    holdToCore(`${key}, element ${element}`, this.#step, raw, expected);
    keep(this.met, key, met, 2 * PER_SITE);
    return raw;
  }

  /** As `#take`, of a quotient; nothing for a site whose quotients draw random bits. */
  #takeQuotient(key: string, numerator: bigint, divisor: bigint, element: number, expected: bigint): void {
    const quantiser = this.#quantisers.get(key);
    if (!quantiser || quantiser.random) return;
    // one bit finer than its floor, the lowest for all that is left
    const halves = quantiser.operand.fraction - 1;
    const [n, d] = halves >= 0 ? [numerator << BigInt(halves), divisor] : [numerator, divisor << BigInt(-halves)];
    const rest = ((n % d) + d) % d;
    this.#take(key, 2n * ((n - rest) / d) + (rest === 0n ? 0n : 1n), element, 0, quantiser.operand.fraction, expected);
  }

  /** Keeps a running sum, and gives it. */
  #chain(name: string, key: string, productKey: string, element: number, terms: Chain['terms'], fraction: number, single?: { raw: bigint; fractionLength: number }): bigint {
    const { plan } = this;
    const ordered = plan.accumulate.order === 'descending' ? terms.toReversed() : terms;
    const last = ordered.length - 1;
    const index = (k: number): number => (plan.accumulate.order === 'descending' ? last - k : k);
    const chain: Chain = {
      terms: ordered, single: single?.raw,
      random: (k) => this.#random(key, element, k), productRandom: (k) => this.#random(productKey, element, index(k)),
    };
    keep(this.chains, name, chain, PER_SITE);
    const rounded = this.#quantisers.get(productKey);
    const products = ordered.map(([a, b], k) => (rounded ? this.#take(productKey, a * b, element, index(k), fraction, undefined) : a * b));
    return runningSum(
      products, rounded ? rounded.format.fractionLength : fraction, single, plan.sites[key]!,
      accumulateGroup(plan.accumulate[key.endsWith('gradientAccumulator') ? 'gradientAccumulator' : 'accumulator']), chain.random,
    );
  }

  #forward(layer: number): void {
    const { inputs, outputs, bias, activation } = this.plan.layers[layer]!;
    const [key, out] = [siteKey('accumulator', layer), siteKey('activation', layer)];
    const [weights, biases, fed, activations] = [this.#before('weight', layer), this.#before('bias', layer), this.#fed(layer), this.#numbers(out)];
    const fraction = this.#fraction(siteKey('weight', layer)) + this.#fraction(layer === 0 ? 'input' : siteKey('activation', layer - 1));
    for (const position of this.#some(this.#count * outputs)) {
      const [sample, output] = [Math.floor(position / outputs), position % outputs];
      const terms = Array.from({ length: inputs }, (_, i) => [BigInt(weights[output * inputs + i]!), BigInt(fed[sample * inputs + i]!)] as const);
      const single = bias ? { raw: BigInt(biases[output]!), fractionLength: this.#fraction(siteKey('bias', layer)) } : undefined;
      const sum = this.#chain(`forward${layer}`, key, siteKey('product', layer), position, terms, fraction, single);
      const kept = BigInt(activations[position]!);
      // a rectified zero says no more than that the output was not positive, an entry of the sigmoid's table where it was
      const z = this.#take(out, sum, position, 0, this.#fraction(key), activation === 'sigmoid' || (activation === 'relu' && kept === 0n) ? undefined : kept);
      if (activation === 'sigmoid') holdToCore(`${out}, element ${position}`, this.#step, this.#sigmoid(z, out), kept);
    }
  }

  /** σ of a z, as the table has it. */
  #sigmoid(z: bigint, key: string): bigint {
    const { entries, limit } = SIGMOID;
    const fraction = this.#fraction(key) - Math.log2(entries / (2 * limit));
    const index = (fraction >= 0 ? z >> BigInt(fraction) : z << BigInt(-fraction)) + BigInt(entries / 2);
    return BigInt(this.plan.sigmoid![index < 0n ? 0 : index >= entries ? entries - 1 : Number(index)]!);
  }

  /** Errors of a layer as they are learnt from. */
  #learnt(layer: number): readonly number[] {
    return this.run.source('learnt', siteKey('error', layer)).numbers as readonly number[];
  }

  #error(layer: number): void {
    const { plan } = this;
    // Behind the output nothing was propagated in a step that was taken back.
    if (this.run.rejected && layer < plan.layers.length - 1) return;
    const { outputs, activation } = plan.layers[layer]!;
    const key = siteKey('error', layer);
    const [errors, activations] = [this.#numbers(key), this.#numbers(siteKey('activation', layer))];
    const behind = plan.layers[layer + 1];
    for (const position of this.#some(this.#count * outputs)) {
      const kept = BigInt(errors[position]!);
      if (!behind) {
        const [f, g] = [this.#fraction(siteKey('activation', layer)), this.#fraction('target')];
        const finest = Math.max(f, g);
        const x = (BigInt(activations[position]!) << BigInt(finest - f)) - (BigInt(this.#numbers('target')[position]!) << BigInt(finest - g));
        this.#take(key, x, position, 0, finest, kept);
        continue;
      }
      const [sample, output] = [Math.floor(position / outputs), position % outputs];
      const [weights, later] = [this.#before('weight', layer + 1), this.#learnt(layer + 1)];
      let x = 0n;
      for (let j = 0; j < behind.outputs; j++) x += BigInt(weights[j * behind.inputs + output]!) * BigInt(later[sample * behind.outputs + j]!);
      const masked = activation === 'relu' && activations[position]! <= 0;
      this.#take(key, x, position, 0, this.#fraction(siteKey('weight', layer + 1)) + this.#fraction(siteKey('error', layer + 1)), masked ? undefined : kept);
    }
  }

  #loss(): void {
    const key = siteKey('error', this.plan.layers.length - 1);
    const squares = this.#numbers(key).reduce((sum, error) => sum + BigInt(error) ** 2n, 0n);
    const fraction = 2 * this.#fraction(key);
    const divisor = 2n * BigInt(this.#count);
    if (fraction >= 0) this.#takeQuotient('loss', squares, divisor << BigInt(fraction), 0, this.#one('loss'));
    else this.#takeQuotient('loss', squares << BigInt(-fraction), divisor, 0, this.#one('loss'));
  }

  #gradients(layer: number): void {
    const { inputs, outputs, bias } = this.plan.layers[layer]!;
    const [key, sumKey, errorKey] = [siteKey('gradient', layer), siteKey('gradientAccumulator', layer), siteKey('error', layer)];
    const [errors, fed, gradients] = [this.#learnt(layer), this.#fed(layer), this.#numbers(key)];
    const errorFraction = this.#fraction(errorKey);
    const fedFraction = this.#fraction(layer === 0 ? 'input' : siteKey('activation', layer - 1));
    const samples = Array.from({ length: this.#count }, (_, b) => b);
    const weights = inputs * outputs;
    for (const k of this.#some(weights)) {
      const [output, input] = [Math.floor(k / inputs), k % inputs];
      const terms = samples.map((b) => [BigInt(errors[b * outputs + output]!), BigInt(fed[b * inputs + input]!)] as const);
      this.#mean(layer, k, this.#chain(`weight${layer}`, sumKey, siteKey('gradientProduct', layer), k, terms, errorFraction + fedFraction), gradients[k]!);
    }
    for (const output of bias ? this.#some(outputs) : []) {
      const terms = samples.map((b) => [BigInt(errors[b * outputs + output]!), 1n] as const);
      this.#mean(layer, weights + output, this.#chain(`bias${layer}`, sumKey, '', weights + output, terms, errorFraction), gradients[weights + output]!);
    }
  }

  /** g = Q(G / B). */
  #mean(layer: number, element: number, sum: bigint, expected: number): void {
    const { plan } = this;
    const key = siteKey('gradient', layer);
    const fraction = this.#fraction(siteKey('gradientAccumulator', layer));
    const shift = shiftFor(plan, this.#count);
    const kept = BigInt(expected);
    if (shift !== undefined) this.#take(key, sum, element, 0, fraction + shift, kept);
    else if (plan.batchDivision === 'reciprocal') {
      const site = plan.sites['reciprocal']!;
      const { raw } = quantise({ numerator: 1n, denominator: BigInt(this.#count) }, site);
      this.#take(key, sum * raw, element, 0, fraction + site.fractionLength, kept);
    } else if (fraction >= 0) this.#takeQuotient(key, sum, BigInt(this.#count) << BigInt(fraction), element, kept);
    else this.#takeQuotient(key, sum << BigInt(-fraction), BigInt(this.#count), element, kept);
  }

  #updates(layer: number, rate: bigint): void {
    const { plan } = this;
    const { inputs, outputs, bias } = plan.layers[layer]!;
    const weights = inputs * outputs;
    const [key, gradientKey] = [siteKey('update', layer), siteKey('gradient', layer)];
    const [gradients, updates] = [this.#numbers(gradientKey), this.#numbers(key)];
    for (const [name, first, length] of [['weight', 0, weights], ['bias', weights, bias ? outputs : 0]] as const) {
      const [before, after] = [this.#before(name, layer), this.#numbers(siteKey(name, layer))];
      const [own, finer] = [this.#fraction(siteKey(name, layer)), this.#fraction(key)];
      const finest = Math.max(own, finer);
      for (const k of this.#some(length)) {
        const update = BigInt(updates[first + k]!);
        // what a gate divides by, and what an anchor pulls, is kept nowhere
        if (plan.anchor.law !== 'gated') this.#take(key, rate * BigInt(gradients[first + k]!), first + k, 0, this.#fraction('rate') + this.#fraction(gradientKey), update);
        if (isPulled(plan)) continue;
        const x = (BigInt(before[k]!) << BigInt(finest - own)) - (update << BigInt(finest - finer));
        this.#take(siteKey(name, layer), x, first + k, 0, finest, BigInt(after[k]!));
      }
    }
  }

  #throttle(phase: number): void {
    const { law, estimator, keepState } = this.plan.throttle;
    const { throttle: on, learningRate } = this.plan.phases[phase]!;
    const entered = phase !== this.#phase;
    const before = this.plan.phases[phase - 1];
    const clear = keepState ? this.#step === 0 : entered && on && !before?.throttle;
    this.#phase = phase;
    if (law === 'none' || !(on || keepState)) return;
    if (clear) this.#history = undefined;
    const compares = keepsHistory(this.plan.throttle);
    const squares = compares ? this.#differences() : undefined;
    const enable = !compares || squares !== undefined;
    if (estimator !== undefined) {
      this.means.push({ clear, enable, sample: this.#one('curvature'), random: this.#random('curvatureMean', 0, 0), expected: this.#one('curvatureMean') });
    } else if (law === 'table') {
      // Where a supervisor halves α the core keeps that.
      const own = on && !((this.plan.supervisor.backoff ?? 0) > 0);
      const [squareTheta, squareGradient] = squares ?? [0n, 0n];
      this.choices.push({ clear, enable, eta: BigInt(learningRate.raw), squareTheta, squareGradient, random: this.#random('throttle', 0, 0), expected: own ? this.#one('throttle') : undefined });
    }
  }

  /** S_theta and S_g against the step before; undefined without one. */
  #differences(): [bigint, bigint] | undefined {
    const { plan } = this;
    const all = (values: (layer: number) => readonly (readonly [key: string, raws: readonly number[]])[]): Value[] =>
      plan.layers.flatMap((_, layer) => values(layer).flatMap(([key, raws]) => raws.map((raw) => [BigInt(raw), this.#fraction(key)] as const)));
    const now = {
      theta: all((layer) => (['weight', 'bias'] as const).map((name) => [siteKey(name, layer), this.#before(name, layer)] as const)),
      gradient: all((layer) => [[siteKey('gradient', layer), this.#numbers(siteKey('gradient', layer))]]),
    };
    const last = this.#history;
    this.#history = now;
    if (!last) return undefined;
    const { fraction } = this.#quantisers.get('squaredNorm')!.operand;
    const squared = (name: 'theta' | 'gradient', index: number): bigint => {
      const sum = now[name].reduce((total, [raw, f], k) => total + (((raw - last[name][k]![0]) ** 2n) << BigInt(fraction - 2 * f)), 0n);
      return this.#take('squaredNorm', sum, 0, index, fraction, undefined);
    };
    return [squared('theta', 0), squared('gradient', 1)];
  }
}

/** Adds to a list while it is short. */
function keep<T>(lists: Map<string, T[]>, name: string, item: T, most: number): void {
  const list = lists.get(name) ?? [];
  if (list.length < most) list.push(item);
  lists.set(name, list);
}

/** A raw and its fraction length. */
type Value = readonly [raw: bigint, fraction: number];
