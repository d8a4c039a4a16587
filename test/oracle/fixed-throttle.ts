/** The throttle on exact integers, docs/numerics.md §6. */
import type { Plan } from '../../src/schema/plan.js';
import {
  ONE, ZERO, add, compare, integerSquareRoot, multiply, quotient, settle, square, subtract, sum, type Exact, type Site,
} from './exact.js';

const TABLE = [32n, 28n, 24n, 20n, 16n, 12n, 8n, 6n, 5n, 4n, 2n, 1n];

export interface ThrottleInput {
  readonly step: number;
  /** The phase has the throttle on. */
  readonly on: boolean;
  /** First step of a phase with the throttle on that follows one with it off, or starts the run. */
  readonly fresh: boolean;
  readonly learningRate: Exact;
  readonly batch: number;
  /** All gradients and all parameters (before the update), layer after layer. */
  readonly gradients: readonly Exact[];
  readonly parameters: readonly Exact[];
  /** [layer][sample][input]: what each layer was fed. */
  readonly activations: readonly (readonly (readonly Exact[])[])[];
}

export class FixedThrottle {
  /** C; undefined while there never was one. */
  private curvature: Exact | undefined;
  private curvatureMean: Exact | undefined;
  /** Last α the table chose. */
  private chosen: Exact | undefined;
  private history: { gradients: readonly Exact[]; parameters: readonly Exact[] } | undefined;
  private infeasible = false;

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
  ) {}

  get curvatureRaw(): bigint {
    return this.curvature?.n ?? 0n;
  }

  get curvatureMeanRaw(): bigint {
    return this.curvatureMean?.n ?? 0n;
  }

  /** α of this step, as a value of site `throttle`, and whether no entry of the table was small enough. */
  decide(input: ThrottleInput): { alpha: Exact; infeasible: boolean } {
    const { throttle } = this.plan;
    const one = this.site('throttle').value(1n << BigInt(this.site('throttle').format.fractionLength));
    const keepState = throttle.keepState === true;
    if (input.fresh && !keepState) this.empty();
    this.infeasible = false;
    if (throttle.law === 'none' || !(input.on || keepState)) return { alpha: one, infeasible: false };

    const alpha = throttle.law === 'table' ? this.table(input) : this.gt0(input, one);
    this.history = { gradients: input.gradients, parameters: input.parameters };
    return { alpha: input.on ? alpha : one, infeasible: this.infeasible };
  }

  private empty(): void {
    this.curvature = undefined;
    this.curvatureMean = undefined;
    this.chosen = undefined;
    this.history = undefined;
  }

  private constant(name: 'chi' | 'rho' | 'floor' | 'firstAlpha', site: string): Exact {
    const constant = this.plan.throttle[name];
    if (constant === undefined) throw new RangeError(`throttle has no ${name}`);
    return this.site(site).value(BigInt(constant.raw));
  }

  private gt0(input: ThrottleInput, one: Exact): Exact {
    const estimated = this.plan.throttle.estimator === 'trace' ? this.estimateTrace(input) : this.estimateSecant(input);
    if (estimated) {
      const mean = this.curvatureMean ?? this.site('curvatureMean').value(0n);
      const towards = multiply(this.constant('rho', 'meanRate'), subtract(this.curvature ?? ZERO, mean));
      this.curvatureMean = this.site('curvatureMean').quantise(add(mean, towards), input.step, 0);
    }
    if (!input.on) return one; // the estimator runs on (keepState); nothing is asked of the throttle
    if (!estimated) return this.constant('firstAlpha', 'throttle');

    const c = larger(this.curvature ?? ZERO, this.curvatureMean ?? ZERO);
    const product = multiply(input.learningRate, c);
    const chi = this.constant('chi', 'throttleTarget');
    const alpha = compare(chi, product) >= 0 ? one : this.site('throttle').quantiseQuotient(this.divide(chi, product), input.step, 0);
    const floored = larger(alpha, this.constant('floor', 'throttle'));
    return compare(floored, one) > 0 ? one : floored;
  }

  /** §6.1: the quotient as the target divides. */
  private divide(numerator: Exact, divisor: Exact): ReturnType<typeof quotient> {
    const { method, bits = 0 } = this.plan.divide;
    if (method === 'exact') return quotient(numerator, divisor);
    const length = divisor.n.toString(2).length;
    if (method === 'powerOfTwo') {
      const next = 1n << BigInt(length - 1);
      return quotient(numerator, { n: next === divisor.n ? next : 2n * next, f: divisor.f });
    }
    // the divisor's top bits + 1 bits, as an integer in [2^bits, 2^(bits + 1))
    const m = BigInt(`0b${divisor.n.toString(2).padEnd(bits + 1, '0').slice(0, bits + 1)}`);
    const twice = 1n << BigInt(2 * bits + 3);
    const reciprocal = (twice + (2n * m + 1n)) / (2n * (2n * m + 1n));
    return quotient(multiply(numerator, { n: reciprocal, f: bits + 1 }), { n: 1n << BigInt(length - 1), f: divisor.f });
  }

  /** True where there is history. */
  private estimateSecant(input: ThrottleInput): boolean {
    const squares = this.squaredDifferences(input);
    if (squares === undefined) return false;
    const { parameters, gradients } = squares;
    if (parameters.n === 0n) return true;
    const normGradients = this.norm(gradients, input.step);
    const normParameters = this.norm(parameters, input.step);
    if (normParameters.n !== 0n) this.curvature = this.site('curvature').quantiseQuotient(this.divide(normGradients, normParameters), input.step, 0);
    return true;
  }

  /** Always has an estimate. */
  private estimateTrace({ activations, step, batch }: ThrottleInput): boolean {
    const terms = activations.flatMap((samples, layer) =>
      samples.map((sample) => add(sum(sample.map(square)), this.plan.layers[layer]!.bias ? ONE : ZERO)),
    );
    const s = this.site('squaredNorm').quantise(sum(terms), step, 0);
    this.curvature = this.site('curvature').quantiseQuotient(quotient(s, { n: BigInt(batch), f: 0 }), step, 0);
    return true;
  }

  private table(input: ThrottleInput): Exact {
    const first = this.constant('firstAlpha', 'throttle');
    const squares = this.squaredDifferences(input);
    if (squares === undefined) return first;
    const { parameters, gradients } = squares;
    if (parameters.n === 0n) return this.chosen ?? first;

    const lsb = this.site('squaredNorm').value(1n);
    const limit = multiply(square(this.constant('chi', 'throttleTarget')), add(parameters, lsb));
    const demand = multiply(square(input.learningRate), gradients);
    const feasible = TABLE.find((a) => compare(multiply(square({ n: a, f: 5 }), demand), limit) <= 0);
    this.infeasible = feasible === undefined;
    this.chosen = this.site('throttle').quantise({ n: feasible ?? 1n, f: 5 }, input.step, 0);
    return this.chosen;
  }

  /** S_θ, then S_g; undefined without history. */
  private squaredDifferences({ gradients, parameters, step }: ThrottleInput): { parameters: Exact; gradients: Exact } | undefined {
    const { history } = this;
    if (history === undefined) return undefined;
    const squaredNorm = (now: readonly Exact[], before: readonly Exact[], index: number): Exact =>
      this.site('squaredNorm').quantise(sum(now.map((value, at) => square(subtract(value, before[at]!)))), step, 0, index);
    return { parameters: squaredNorm(parameters, history.parameters, 0), gradients: squaredNorm(gradients, history.gradients, 1) };
  }

  /** ⌊√S⌋ in last places of site `norm`; always the floor, whatever the rounding mode of the site. */
  private norm(squared: Exact, step: number): Exact {
    const site = this.site('norm');
    const shift = 2 * site.format.fractionLength - squared.f;
    const radicand = shift >= 0 ? squared.n << BigInt(shift) : squared.n >> BigInt(-shift);
    return site.count(settle(integerSquareRoot(radicand), squared.n === 0n, site.format), step, 0);
  }
}

function larger(a: Exact, b: Exact): Exact {
  return compare(a, b) >= 0 ? a : b;
}
