/** The throttle of the reference in binary64, docs/numerics.md §6 with the differences of §9. Every expression fixes an order of operations. */
import type { Plan } from '../../src/schema/plan.js';

const TABLE = [32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1];
export const EPSILON = 1e-12;

export interface FloatThrottleInput {
  readonly on: boolean;
  readonly fresh: boolean;
  readonly learningRate: number;
  readonly batch: number;
  /** All gradients and all parameters (before the update), layer after layer. */
  readonly gradients: readonly number[];
  readonly parameters: readonly number[];
  /** [layer][sample][input]: what each layer was fed. */
  readonly activations: readonly (readonly (readonly number[])[])[];
}

export class FloatThrottle {
  curvature = 0;
  curvatureMean = 0;
  private chosen: number | undefined;
  private history: { gradients: readonly number[]; parameters: readonly number[] } | undefined;
  private infeasible = false;

  constructor(private readonly plan: Plan) {}

  decide(input: FloatThrottleInput): { alpha: number; infeasible: boolean } {
    const { throttle } = this.plan;
    const keepState = throttle.keepState === true;
    if (input.fresh && !keepState) {
      this.curvature = 0;
      this.curvatureMean = 0;
      this.chosen = undefined;
      this.history = undefined;
    }
    this.infeasible = false;
    if (throttle.law === 'none' || !(input.on || keepState)) return { alpha: 1, infeasible: false };

    const alpha = throttle.law === 'table' ? this.table(input) : this.gt0(input);
    this.history = { gradients: input.gradients, parameters: input.parameters };
    return { alpha: input.on ? alpha : 1, infeasible: this.infeasible };
  }

  private constant(name: 'chi' | 'rho' | 'floor' | 'firstAlpha'): number {
    const constant = this.plan.throttle[name];
    if (constant === undefined) throw new RangeError(`throttle has no ${name}`);
    return constant.value;
  }

  private gt0(input: FloatThrottleInput): number {
    const estimated = this.plan.throttle.estimator === 'trace' ? this.estimateTrace(input) : this.estimateSecant(input);
    if (!estimated) return this.constant('firstAlpha');
    this.curvatureMean = this.curvatureMean + this.constant('rho') * (this.curvature - this.curvatureMean);

    const c = Math.max(this.curvature, this.curvatureMean);
    const floor = this.constant('floor');
    if (c <= EPSILON) return Math.max(1, floor);
    return Math.max(Math.min(1, this.constant('chi') / (input.learningRate * (c + EPSILON))), floor);
  }

  private estimateSecant(input: FloatThrottleInput): boolean {
    const squares = this.squaredDifferences(input);
    if (squares === undefined) return false;
    if (squares.parameters !== 0) this.curvature = Math.sqrt(squares.gradients + EPSILON) / (Math.sqrt(squares.parameters + EPSILON) + EPSILON);
    return true;
  }

  private estimateTrace({ activations, batch }: FloatThrottleInput): boolean {
    // One running sum in reading order (docs/numerics.md §9).
    let total = 0;
    activations.forEach((samples, layer) => {
      for (const sample of samples) {
        for (const a of sample) total += a * a;
        if (this.plan.layers[layer]!.bias) total += 1;
      }
    });
    this.curvature = total / batch;
    return true;
  }

  private table(input: FloatThrottleInput): number {
    const first = this.constant('firstAlpha');
    const squares = this.squaredDifferences(input);
    if (squares === undefined) return first;
    if (squares.parameters === 0) return this.chosen ?? first;

    const chi = this.constant('chi');
    const { learningRate } = input;
    const limit = chi * chi * (squares.parameters + EPSILON);
    const feasible = TABLE.find((a) => (a / 32) * (a / 32) * (learningRate * learningRate) * squares.gradients <= limit);
    this.infeasible = feasible === undefined;
    this.chosen = (feasible ?? 1) / 32;
    return this.chosen;
  }

  private squaredDifferences({ gradients, parameters }: FloatThrottleInput): { parameters: number; gradients: number } | undefined {
    const { history } = this;
    if (history === undefined) return undefined;
    return { parameters: squaredNorm(parameters, history.parameters), gradients: squaredNorm(gradients, history.gradients) };
  }
}

/** One running sum over all parameters. */
function squaredNorm(now: readonly number[], before: readonly number[]): number {
  let s = 0;
  now.forEach((value, index) => {
    const d = value - before[index]!;
    s += d * d;
  });
  return s;
}
