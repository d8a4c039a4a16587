/** Estimators of curvature on exact integers, docs/numerics.md §6.1. */
import type { Plan } from '../../src/schema/plan.js';
import { ONE, ZERO, add, larger, multiply, quotient, square, subtract, sum, type Exact, type Site } from './exact.js';
import { divide } from './fixed-divide.js';
import { normOf, squaredNorm } from './fixed-norm.js';

export interface Measured {
  readonly step: number;
  readonly batch: number;
  /** Per layer; parameters before the update. */
  readonly gradients: readonly (readonly Exact[])[];
  readonly parameters: readonly (readonly Exact[])[];
  /** [layer][sample][input]: what each layer was fed. */
  readonly activations: readonly (readonly (readonly Exact[])[])[];
}

export class FixedEstimator {
  /** C, 0 while there never was one. */
  curvature: Exact;
  /** M */
  mean: Exact;
  private history: { gradients: readonly Exact[]; parameters: readonly Exact[] } | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
  ) {
    this.curvature = site('curvature').value(0n);
    this.mean = site('curvatureMean').value(0n);
  }

  empty(): void {
    this.curvature = this.site('curvature').value(0n);
    this.mean = this.site('curvatureMean').value(0n);
    this.history = undefined;
  }

  /** Keeps g and θ for the step after. */
  remember({ gradients, parameters }: Measured): void {
    this.history = { gradients: gradients.flat(), parameters: parameters.flat() };
  }

  /** C* = max(C, M) */
  get larger(): Exact {
    return larger(this.curvature, this.mean);
  }

  /** Takes C and M of this step; false where there is no estimate. */
  measure(input: Measured): boolean {
    if (!this.take(input)) return false;
    const rho = this.site('meanRate').value(BigInt(this.plan.throttle.rho!.raw));
    const towards = multiply(rho, subtract(this.curvature, this.mean));
    this.mean = this.site('curvatureMean').quantise(add(this.mean, towards), input.step, 0);
    return true;
  }

  private take(input: Measured): boolean {
    const { estimator } = this.plan.throttle;
    switch (estimator) {
      case 'secant':
      case 'secant-latch':
        return this.secant(input, estimator === 'secant-latch');
      case 'trace':
        return this.trace(input);
      case 'rayleigh':
        return this.rayleigh(input);
      default:
        throw new RangeError(`no target has the estimator ${estimator}`);
    }
  }

  private secant(input: Measured, latch: boolean): boolean {
    const squares = this.squaredDifferences(input);
    if (squares === undefined) return false;
    const { step } = input;
    const norm = this.site('norm');
    const hold = this.plan.throttle.holdCurvature !== false;
    if (squares.parameters.n === 0n && hold) return true;
    const normGradients = normOf(norm, squares.gradients, step);
    let normParameters = normOf(norm, squares.parameters, step);
    if (normParameters.n === 0n) {
      if (hold) return true;
      normParameters = norm.value(1n);
    }
    const c = this.site('curvature').quantiseQuotient(divide(this.plan, normGradients, normParameters), step, 0);
    this.curvature = latch ? larger(this.curvature, c) : c;
    return true;
  }

  /** S_θ, then S_g; undefined without history. */
  squaredDifferences({ gradients, parameters, step }: Measured): { parameters: Exact; gradients: Exact } | undefined {
    const { history } = this;
    if (history === undefined) return undefined;
    const squared = (now: readonly Exact[], before: readonly Exact[], index: number): Exact =>
      squaredNorm(this.site('squaredNorm'), now.map((value, at) => subtract(value, before[at]!)), step, index);
    return { parameters: squared(parameters.flat(), history.parameters, 0), gradients: squared(gradients.flat(), history.gradients, 1) };
  }

  private trace({ activations, step, batch }: Measured): boolean {
    const terms = activations.flatMap((samples, layer) =>
      samples.map((sample) => add(sum(sample.map(square)), this.plan.layers[layer]!.bias ? ONE : ZERO)),
    );
    const s = this.site('squaredNorm').quantise(sum(terms), step, 0);
    this.curvature = this.site('curvature').quantiseQuotient(quotient(s, { n: BigInt(batch), f: 0 }), step, 0);
    return true;
  }

  private rayleigh({ activations, gradients, step, batch }: Measured): boolean {
    const { inputs, outputs, bias } = this.plan.layers[0]!;
    const g = gradients[0]!;
    const along = activations[0]!.flatMap((sample) =>
      Array.from({ length: outputs }, (_, o) => {
        const weighted = sum(sample.map((a, i) => multiply(g[o * inputs + i]!, a)));
        return bias ? add(weighted, g[outputs * inputs + o]!) : weighted;
      }),
    );
    const s1 = squaredNorm(this.site('squaredNorm'), along, step, 0);
    const s2 = squaredNorm(this.site('squaredNorm'), g, step, 1);
    if (s2.n !== 0n) {
      const divisor = multiply({ n: BigInt(batch), f: 0 }, s2);
      this.curvature = this.site('curvature').quantiseQuotient(divide(this.plan, s1, divisor), step, 0);
    }
    return true;
  }
}
