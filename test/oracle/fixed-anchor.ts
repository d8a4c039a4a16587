/** The anchor on exact integers, docs/numerics.md §7. */
import type { Plan } from '../../src/schema/plan.js';
import {
  ZERO, absolute, add, compare, fromBinary64, integerSquareRoot, larger, multiply, quantiseExact, square, subtract, sum, type Exact, type Site,
} from './exact.js';
import { divide } from './fixed-divide.js';
import type { Controllers } from './state.js';

export interface AnchorInput {
  readonly step: number;
  /** The phase has the anchor on. */
  readonly on: boolean;
  readonly loss: Exact;
  /** Parameters before the update, per layer. */
  readonly parameters: Exact[][];
}

/** Where a parameter is, for formats, counters and random bits. */
export interface ParameterPlace {
  readonly step: number;
  readonly layer: number;
  readonly index: number;
}

export class FixedAnchor {
  /** θ_a */
  anchor: Exact[][] = [];
  /** Events so far in the run. */
  events = 0;
  private locked = true;
  private hold = 0;
  private run = 0;
  /** Losses the detector calibrates on. */
  private calibration: Exact[] = [];
  private window: Exact[] = [];
  private mean: Exact = ZERO;
  private variance: Exact = ZERO;
  /** θ̄; undefined while the anchor never was on. */
  private average: Exact[][] | undefined;
  /** F of elastic, s of gated. */
  private importance: Exact[][] | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
    private readonly parameterSite: (layer: number, index: number) => Site,
  ) {}

  /** What it carries into the next step, as far as it ever started. */
  get state(): Controllers<bigint> {
    const raws = (values: Exact[][]): bigint[] => values.flat().map(({ n }) => n);
    return { ...(this.average && { average: raws(this.average) }), ...(this.importance && { importance: raws(this.importance) }) };
  }

  /** The first step of a phase with the anchor on that follows one with it off, or starts the run. */
  start(parameters: Exact[][], step: number): void {
    const { law } = this.plan.anchor;
    if (law === 'fixed' || law === 'event') this.lock(parameters);
    if (law === 'decay') this.anchor = parameters.map((layer) => layer.map(() => ZERO));
    if (law === 'ema' || law === 'elastic') {
      this.average = parameters.map((layer, l) => layer.map((theta, index) => this.site(`layer${l}.average`).quantise(theta, step, index)));
    }
    if (law === 'elastic' || law === 'gated') this.importance = parameters.map((layer, l) => layer.map(() => this.site(`layer${l}.importance`).value(0n)));
  }

  /** Whether the anchor pulls in this step. */
  decide(input: AnchorInput): boolean {
    const { law } = this.plan.anchor;
    if (!input.on) return false;
    if (law === 'fixed' || law === 'decay' || law === 'elastic') return true;
    if (law !== 'event') return false;

    if (!this.locked && this.hold === 0) this.lock(input.parameters);
    if (this.locked) this.observe(input.loss, input.step);
    if (!this.locked) this.hold--;
    return this.locked;
  }

  private lock(parameters: Exact[][]): void {
    this.anchor = parameters;
    this.locked = true;
    this.hold = 0;
    this.run = 0;
    this.calibration = [];
    this.window = [];
  }

  private observe(loss: Exact, step: number): void {
    const { calibration, window, ratio, consecutive, hold } = this.plan.anchor;
    if (calibration === undefined || window === undefined || ratio === undefined || consecutive === undefined || hold === undefined) {
      throw new RangeError('the event anchor lacks a parameter');
    }
    const n: Exact = { n: BigInt(calibration), f: 0 };

    if (this.calibration.length < calibration) {
      this.calibration.push(loss);
      if (this.calibration.length === calibration) {
        const a = sum(this.calibration);
        const a2 = sum(this.calibration.map(square));
        this.mean = this.site('lossMean').quantise(a, step, 0);
        const variance = this.site('lossVariance').quantise(subtract(multiply(n, a2), square(a)), step, 0);
        this.variance = larger(variance, this.site('lossVariance').value(1n));
      }
      return;
    }

    this.window.push(loss);
    if (this.window.length > window) this.window.shift();
    if (this.window.length < window) return;
    const exact = sum(this.window.map((one) => square(subtract(multiply(n, one), this.mean))));
    const statistic = this.site('statistic').quantise(exact, step, 0);
    const limit = multiply(multiply(this.site('eventRatio').value(BigInt(ratio.raw)), { n: BigInt(window), f: 0 }), this.variance);
    this.run = compare(statistic, limit) > 0 ? this.run + 1 : 0;
    if (this.run === consecutive) {
      this.locked = false;
      this.hold = hold;
      this.events++;
    }
  }

  private rate(name: 'lambda' | 'averageRate' | 'importanceRate'): Exact {
    const rate = this.plan.anchor[name];
    if (rate === undefined) throw new RangeError(`the anchor lacks ${name}`);
    return this.site('anchorRate').value(BigInt(rate.raw));
  }

  /** λ·(θ − θ_a), exact. */
  pull(layer: number, index: number, parameter: Exact): Exact {
    return multiply(this.rate('lambda'), subtract(parameter, this.anchor[layer]![index]!));
  }

  /** u of `gated`, with the sum of gradients it divides by; `rate` is r. */
  gatedUpdate({ step, layer, index }: ParameterPlace, rate: Exact, gradient: Exact): Exact {
    const { threshold, power } = this.plan.anchor;
    const update = this.site(`layer${layer}.update`);
    if (compare(square(gradient), fromBinary64(threshold!)) <= 0) return update.value(0n);
    const site = this.site(`layer${layer}.importance`);
    const sums = this.importance![layer]!;
    const s = site.quantise(add(sums[index]!, power === 2 ? square(gradient) : absolute(gradient)), step, index);
    sums[index] = s;
    const root = power === 2 ? site.value(integerSquareRoot(s.n << BigInt(site.format.fractionLength))) : s;
    return update.quantiseQuotient(divide(this.plan, multiply(rate, gradient), larger(root, site.value(1n))), step, index);
  }

  /** What follows the update of every parameter: the averages, and the pull of `elastic`. Gives the parameters after it. */
  follow(step: number, on: boolean, updates: readonly Exact[][], parameters: Exact[][]): Exact[][] {
    const { law } = this.plan.anchor;
    if (!on || (law !== 'ema' && law !== 'elastic')) return parameters;
    return parameters.map((values, layer) =>
      values.map((theta, index) => {
        const next = law === 'elastic' ? this.elastic({ step, layer, index }, updates[layer]![index]!, theta) : theta;
        const average = this.average![layer]!;
        const towards = multiply(this.rate('averageRate'), subtract(next, average[index]!));
        average[index] = this.site(`layer${layer}.average`).quantise(add(average[index]!, towards), step, index);
        return next;
      }),
    );
  }

  private elastic({ step, layer, index }: ParameterPlace, update: Exact, theta: Exact): Exact {
    const importance = this.importance![layer]!;
    const distance = subtract(theta, this.average![layer]![index]!);
    const exact = multiply(multiply(this.rate('lambda'), importance[index]!), distance);
    const pull = this.site(`layer${layer}.anchorPull`).quantise(exact, step, index);
    const next = this.parameterSite(layer, index).quantise(subtract(theta, pull), step, index, 1);
    const phi = { mas: () => absolute(update), ewc: () => square(update), si: () => absolute(multiply(update, distance)) }[this.plan.anchor.importance as 'mas' | 'ewc' | 'si']();
    const towards = multiply(this.rate('importanceRate'), subtract(phi, importance[index]!));
    importance[index] = this.site(`layer${layer}.importance`).quantise(add(importance[index]!, towards), step, index);
    return next;
  }

  /** The parameters the final loss is taken with: θ̄ of `ema` where the last step had it on, counted nowhere. */
  evaluated(on: boolean, parameters: Exact[][]): Exact[][] {
    const { average } = this;
    if (this.plan.anchor.law !== 'ema' || !on || average === undefined) return parameters;
    return average.map((layer, l) =>
      layer.map((value, index) => {
        const site = this.parameterSite(l, index);
        return site.value(quantiseExact(value, site.format).raw);
      }),
    );
  }
}
