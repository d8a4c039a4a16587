/** The anchor of the reference in binary64, docs/numerics.md §7 with the differences of §9. */
import type { Plan } from '../../src/schema/plan.js';
import { EPSILON } from './float-estimator.js';
import type { Controllers } from './state.js';

export interface FloatAnchorInput {
  readonly on: boolean;
  readonly loss: number;
  /** Parameters before the update, per layer. */
  readonly parameters: number[][];
}

export class FloatAnchor {
  /** θ_a */
  anchor: number[][] = [];
  events = 0;
  private locked = true;
  private hold = 0;
  private run = 0;
  private seen = 0;
  /** A = Σℓ and A₂ = Σℓ² of the calibration. */
  private total = 0;
  private totalSquares = 0;
  private window: number[] = [];
  private mean = 0;
  private variance = 0;
  /** θ̄; undefined while the anchor never was on. */
  private average: number[][] | undefined;
  /** F of elastic, s of gated. */
  private importance: number[][] | undefined;

  constructor(private readonly plan: Plan) {}

  get state(): Controllers<number> {
    return { ...(this.average && { average: this.average.flat() }), ...(this.importance && { importance: this.importance.flat() }) };
  }

  /** The first step of a phase with the anchor on that follows one with it off, or starts the run. */
  start(parameters: number[][]): void {
    const { law } = this.plan.anchor;
    const zeros = (): number[][] => parameters.map((layer) => layer.map(() => 0));
    if (law === 'fixed' || law === 'event') this.lock(parameters);
    if (law === 'decay') this.anchor = zeros();
    if (law === 'ema' || law === 'elastic') this.average = parameters.map((layer) => [...layer]);
    if (law === 'elastic' || law === 'gated') this.importance = zeros();
  }

  /** Whether the anchor pulls in this step. */
  decide(input: FloatAnchorInput): boolean {
    const { law } = this.plan.anchor;
    if (!input.on) return false;
    if (law === 'fixed' || law === 'decay' || law === 'elastic') return true;
    if (law !== 'event') return false;

    if (!this.locked && this.hold === 0) this.lock(input.parameters);
    if (this.locked) this.observe(input.loss);
    if (!this.locked) this.hold--;
    return this.locked;
  }

  private lock(parameters: number[][]): void {
    this.anchor = parameters;
    this.locked = true;
    this.hold = 0;
    this.run = 0;
    this.seen = 0;
    this.total = 0;
    this.totalSquares = 0;
    this.window = [];
  }

  private observe(loss: number): void {
    const { calibration: n, window: w, ratio, consecutive, hold } = this.plan.anchor;
    if (n === undefined || w === undefined || ratio === undefined || consecutive === undefined || hold === undefined) {
      throw new RangeError('the event anchor lacks a parameter');
    }
    if (this.seen < n) {
      this.seen++;
      this.total += loss;
      this.totalSquares += loss * loss;
      if (this.seen === n) {
        this.mean = this.total;
        this.variance = Math.max(n * this.totalSquares - this.total * this.total, EPSILON * EPSILON);
      }
      return;
    }
    this.window.push(loss);
    if (this.window.length > w) this.window.shift();
    if (this.window.length < w) return;
    let statistic = 0;
    for (const one of this.window) {
      const d = n * one - this.mean;
      statistic += d * d;
    }
    this.run = statistic > ratio.value * w * this.variance ? this.run + 1 : 0;
    if (this.run === consecutive) {
      this.locked = false;
      this.hold = hold;
      this.events++;
    }
  }

  /** λ·(θ − θ_a) */
  pull(layer: number, index: number, parameter: number): number {
    const { lambda } = this.plan.anchor;
    if (lambda === undefined) throw new RangeError('the anchor lacks lambda');
    return lambda.value * (parameter - this.anchor[layer]![index]!);
  }

  /** u of `gated`; `rate` is r. */
  gatedUpdate(layer: number, index: number, rate: number, gradient: number): number {
    const { threshold, power } = this.plan.anchor;
    if (!(gradient * gradient > threshold!)) return 0;
    const sums = this.importance![layer]!;
    sums[index] = sums[index]! + (power === 2 ? gradient * gradient : Math.abs(gradient));
    return (rate * gradient) / ((power === 2 ? Math.sqrt(sums[index]) : sums[index]) + EPSILON);
  }

  /** What follows the update of every parameter: the averages, and the pull of `elastic`. Gives the parameters after it. */
  follow(on: boolean, updates: readonly number[][], parameters: number[][]): number[][] {
    const { law, averageRate } = this.plan.anchor;
    if (!on || (law !== 'ema' && law !== 'elastic')) return parameters;
    return parameters.map((values, layer) =>
      values.map((theta, index) => {
        const next = law === 'elastic' ? this.elastic(layer, index, updates[layer]![index]!, theta) : theta;
        const average = this.average![layer]!;
        average[index] = average[index]! + averageRate!.value * (next - average[index]!);
        return next;
      }),
    );
  }

  private elastic(layer: number, index: number, update: number, theta: number): number {
    const { lambda, importanceRate } = this.plan.anchor;
    const importance = this.importance![layer]!;
    const distance = theta - this.average![layer]![index]!;
    const pull = lambda!.value * importance[index]! * distance;
    const phi = { mas: Math.abs(update), ewc: update * update, si: Math.abs(update * distance) }[this.plan.anchor.importance as 'mas' | 'ewc' | 'si'];
    importance[index] = importance[index]! + importanceRate!.value * (phi - importance[index]!);
    return theta - pull;
  }

  /** The parameters the final loss is taken with. */
  evaluated(on: boolean, parameters: number[][]): number[][] {
    return this.plan.anchor.law === 'ema' && on && this.average ? this.average : parameters;
  }
}
