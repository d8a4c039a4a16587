/** Estimators of curvature in binary64, docs/numerics.md §6.1 with the differences of §9. Every expression fixes an order of operations. */
import type { Plan } from '../../src/schema/plan.js';

/** What replaces a missing last place. */
export const EPSILON = 1e-12;
const POWER_ITERATIONS = 30;

export interface FloatMeasured {
  readonly batch: number;
  /** Per layer; parameters before the update. */
  readonly gradients: readonly (readonly number[])[];
  readonly parameters: readonly (readonly number[])[];
  /** [layer][sample][input]: what each layer was fed. */
  readonly activations: readonly (readonly (readonly number[])[])[];
}

/** One running sum of squares. */
export function squaredNorm(values: readonly number[]): number {
  let s = 0;
  for (const value of values) s += value * value;
  return s;
}

/** √(S + ε) */
export const normOf = (squared: number): number => Math.sqrt(squared + EPSILON);

export class FloatEstimator {
  /** C and M. */
  curvature = 0;
  mean = 0;
  private history: { gradients: readonly number[]; parameters: readonly number[] } | undefined;

  constructor(private readonly plan: Plan) {}

  empty(): void {
    this.curvature = 0;
    this.mean = 0;
    this.history = undefined;
  }

  remember({ gradients, parameters }: FloatMeasured): void {
    this.history = { gradients: gradients.flat(), parameters: parameters.flat() };
  }

  get larger(): number {
    return Math.max(this.curvature, this.mean);
  }

  /** Takes C and M of this step; false where there is no estimate. */
  measure(input: FloatMeasured): boolean {
    if (!this.take(input)) return false;
    this.mean = this.mean + this.plan.throttle.rho!.value * (this.curvature - this.mean);
    return true;
  }

  private take(input: FloatMeasured): boolean {
    const { estimator } = this.plan.throttle;
    if (estimator === 'secant' || estimator === 'secant-latch') return this.secant(input, estimator === 'secant-latch');
    if (estimator === 'trace') this.trace(input);
    else if (estimator === 'rayleigh') this.rayleigh(input);
    else this.lambda(input);
    return true;
  }

  private secant(input: FloatMeasured, latch: boolean): boolean {
    const squares = this.squaredDifferences(input);
    if (squares === undefined) return false;
    if (squares.parameters === 0 && this.plan.throttle.holdCurvature !== false) return true;
    const c = normOf(squares.gradients) / (normOf(squares.parameters) + EPSILON);
    // what is no number is not larger
    if (!latch || c > this.curvature) this.curvature = c;
    return true;
  }

  /** S_θ and S_g; undefined without history. */
  squaredDifferences({ gradients, parameters }: FloatMeasured): { parameters: number; gradients: number } | undefined {
    const { history } = this;
    if (history === undefined) return undefined;
    const squared = (now: readonly number[], before: readonly number[]): number => squaredNorm(now.map((value, at) => value - before[at]!));
    return { parameters: squared(parameters.flat(), history.parameters), gradients: squared(gradients.flat(), history.gradients) };
  }

  private trace({ activations, batch }: FloatMeasured): void {
    // One running sum in reading order (docs/numerics.md §9).
    let total = 0;
    activations.forEach((samples, layer) => {
      for (const sample of samples) {
        for (const a of sample) total += a * a;
        if (this.plan.layers[layer]!.bias) total += 1;
      }
    });
    this.curvature = total / batch;
  }

  private rayleigh({ activations, gradients, batch }: FloatMeasured): void {
    const { inputs, outputs, bias } = this.plan.layers[0]!;
    const g = gradients[0]!;
    let s1 = 0;
    for (const sample of activations[0]!) {
      for (let o = 0; o < outputs; o++) {
        let along = 0;
        sample.forEach((a, i) => (along += g[o * inputs + i]! * a));
        if (bias) along += g[outputs * inputs + o]!;
        s1 += along * along;
      }
    }
    const s2 = squaredNorm(g);
    if (s2 !== 0) this.curvature = s1 / (batch * (s2 + EPSILON));
  }

  /** Power iteration on XᵀX/B. */
  private lambda({ activations, batch }: FloatMeasured): void {
    const x = activations[0]!.map((sample) => (this.plan.layers[0]!.bias ? [...sample, 1] : [...sample]));
    let v = x[0]!.map(() => 1);
    for (let k = 0; k < POWER_ITERATIONS; k++) {
      const z = x.map((row) => row.reduce((sum, value, i) => sum + v[i]! * value, 0));
      const w = v.map((_, i) => x.reduce((sum, row, b) => sum + z[b]! * row[i]!, 0) / batch);
      const n = Math.sqrt(squaredNorm(w));
      this.curvature = n;
      if (n !== 0) v = w.map((value) => value / n);
    }
  }
}
