/** The anchor on exact integers, docs/numerics.md §7. */
import type { Plan } from '../../src/schema/plan.js';
import { ZERO, compare, multiply, square, subtract, sum, type Exact, type Site } from './exact.js';

export interface AnchorInput {
  readonly step: number;
  /** The phase has the anchor on. */
  readonly on: boolean;
  /** First step of a phase with the anchor on that follows one with it off, or starts the run. */
  readonly fresh: boolean;
  readonly loss: Exact;
  /** Parameters before the update, per layer. */
  readonly parameters: Exact[][];
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

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
  ) {}

  /** Whether the anchor pulls in this step. */
  decide(input: AnchorInput): boolean {
    if (this.plan.anchor.law === 'none' || !input.on) return false;
    if (input.fresh) this.lock(input.parameters);
    if (this.plan.anchor.law === 'fixed') return true;

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
        const lsb = this.site('lossVariance').value(1n);
        this.variance = compare(variance, lsb) >= 0 ? variance : lsb;
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

  /** λ·(θ − θ_a), exact. */
  pull(layer: number, index: number, parameter: Exact): Exact {
    const { lambda } = this.plan.anchor;
    if (lambda === undefined) throw new RangeError('the anchor lacks lambda');
    return multiply(this.site('anchorRate').value(BigInt(lambda.raw)), subtract(parameter, this.anchor[layer]![index]!));
  }
}
