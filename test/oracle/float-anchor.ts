/** The anchor of the reference in binary64, docs/numerics.md §7 with the differences of §9. */
import type { Plan } from '../../src/schema/plan.js';
import { EPSILON } from './float-throttle.js';

export interface FloatAnchorInput {
  readonly on: boolean;
  readonly fresh: boolean;
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

  constructor(private readonly plan: Plan) {}

  /** Whether the anchor pulls in this step. */
  decide(input: FloatAnchorInput): boolean {
    if (this.plan.anchor.law === 'none' || !input.on) return false;
    if (input.fresh) this.lock(input.parameters);
    if (this.plan.anchor.law === 'fixed') return true;

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
}
