/** The throttle on exact integers, docs/numerics.md §6. */
import type { Plan } from '../../src/schema/plan.js';
import { add, compare, larger, multiply, smaller, square, subtract, type Exact, type Site } from './exact.js';
import { divide } from './fixed-divide.js';
import { FixedEstimator, type Measured } from './fixed-estimator.js';
import { normOf, squaredNorm } from './fixed-norm.js';
import { largestInside, type Line, type Rail } from './fixed-rails.js';
import type { Controllers } from './state.js';

const TABLE = [32n, 28n, 24n, 20n, 16n, 12n, 8n, 6n, 5n, 4n, 2n, 1n];

export interface ThrottleInput extends Measured {
  /** The phase has the throttle on. */
  readonly on: boolean;
  readonly learningRate: Exact;
}

/** Constants of the throttle and the sites they are quantised at. */
const CONSTANTS = {
  chi: 'throttleTarget', tau: 'throttleTarget', gain: 'meanRate', momentum: 'meanRate', rowRail: 'normRail', columnRail: 'normRail', biasRail: 'normRail',
  floor: 'throttle', firstAlpha: 'throttle',
} as const;

export class FixedThrottle {
  private readonly estimator: FixedEstimator;
  private readonly one: Exact;
  /** α of the laws that carry it from step to step. */
  private alpha: Exact | undefined;
  private velocity: Exact;
  private infeasible = false;

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
  ) {
    this.estimator = new FixedEstimator(plan, site);
    this.one = site('throttle').value(1n << BigInt(site('throttle').format.fractionLength));
    this.velocity = site('velocity').value(0n);
  }

  get curvatureRaw(): bigint {
    return this.estimator.curvature.n;
  }

  get curvatureMeanRaw(): bigint {
    return this.estimator.mean.n;
  }

  /** What the law carries into the next step, past C and M. */
  get state(): Controllers<bigint> {
    const { law } = this.plan.throttle;
    const integrates = law === 'gt1' || law === 'gt2' || law === 'gt2-qa';
    return { ...(this.alpha && { alpha: [this.alpha.n] }), ...(this.alpha && integrates && { velocity: [this.velocity.n] }) };
  }

  /** The first step of a phase with the throttle on that follows one with it off, or starts the run. */
  start(): void {
    if (this.plan.throttle.keepState !== true) this.empty();
  }

  private empty(): void {
    this.estimator.empty();
    this.alpha = undefined;
    this.velocity = this.site('velocity').value(0n);
  }

  /** α of this step, as a value of site `throttle`, and whether there was none that is right. */
  decide(input: ThrottleInput): { alpha: Exact; infeasible: boolean } {
    const { law, keepState } = this.plan.throttle;
    this.infeasible = false;
    if (law === 'none' || !(input.on || keepState === true)) return { alpha: this.one, infeasible: false };

    const alpha = law === 'table' ? this.table(input) : law === 'clip' ? this.clip(input) : this.byEstimate(input);
    this.estimator.remember(input);
    return { alpha: input.on ? alpha : this.one, infeasible: this.infeasible };
  }

  private constant(name: keyof typeof CONSTANTS): Exact {
    const constant = this.plan.throttle[name];
    if (constant === undefined) throw new RangeError(`throttle has no ${name}`);
    return this.site(CONSTANTS[name]).value(BigInt(constant.raw));
  }

  private byEstimate(input: ThrottleInput): Exact {
    const estimated = this.estimator.measure(input);
    if (!input.on) return this.one; // the estimator runs on (keepState); nothing is asked of the throttle
    const { law } = this.plan.throttle;
    const bound = (): Exact => (estimated ? this.bound(this.estimator.larger, input) : this.constant('firstAlpha'));
    if (law === 'rails') return this.rails(bound(), input);
    if (law === 'gt0' || !estimated) return bound();
    this.alpha = law === 'gt2-qa' ? this.quantisationAware(this.integrate(input), input) : this.integrate(input);
    return this.alpha;
  }

  /** A quotient at `throttle` between the floor and 1. */
  private bounded(numerator: Exact, divisor: Exact, floor: Exact | undefined, step: number, index: number): Exact {
    const alpha = this.site('throttle').quantiseQuotient(divide(this.plan, numerator, divisor), step, 0, index);
    return smaller(this.one, floor === undefined ? alpha : larger(alpha, floor));
  }

  private bound(c: Exact, { learningRate, step }: ThrottleInput, index = 0): Exact {
    const product = multiply(learningRate, c);
    const chi = this.constant('chi');
    return compare(chi, product) >= 0 ? this.one : this.bounded(chi, product, this.constant('floor'), step, index);
  }

  /** gt1 and gt2: α before the bounds of gt2-qa. */
  private integrate({ learningRate, step }: ThrottleInput): Exact {
    const { law } = this.plan.throttle;
    const alpha = this.alpha ?? this.constant('firstAlpha');
    const gain = this.constant('gain');
    const reached = multiply(multiply(learningRate, alpha), this.estimator.larger);
    const push = multiply(gain, subtract(this.constant('chi'), reached));
    const exact = law === 'gt1' ? push : add(multiply(this.constant('momentum'), this.velocity), push);
    this.velocity = this.site('velocity').quantise(exact, step, 0);

    const x = add(alpha, this.velocity);
    const floor = this.constant('floor');
    if (compare(x, floor) <= 0) return floor;
    if (compare(x, this.one) >= 0) return this.one;
    return smaller(this.one, larger(this.site('throttle').quantise(x, step, 0), floor));
  }

  private quantisationAware(alpha: Exact, input: ThrottleInput): Exact {
    const places = this.plan.layers.flatMap(({ bias }, l) => ['update', 'weight', ...(bias ? ['bias'] : [])].map((name) => this.site(`layer${l}.${name}`).value(1n)));
    const q = places.reduce(larger);
    const product = multiply(input.learningRate, this.gradientNorm(input));
    const upper = this.bound(this.estimator.curvature, input, 1);
    const lower = compare(q, product) >= 0 ? this.one : this.bounded(q, product, undefined, input.step, 2);
    if (compare(lower, upper) > 0) {
      this.infeasible = true;
      return upper;
    }
    return smaller(larger(alpha, lower), upper);
  }

  private gradientNorm({ gradients, step }: ThrottleInput): Exact {
    return normOf(this.site('norm'), squaredNorm(this.site('squaredNorm'), gradients.flat(), step, 2), step);
  }

  private rails(bound: Exact, input: ThrottleInput): Exact {
    const lsb = this.site('throttle').value(1n);
    const rails = this.plan.layers.flatMap(({ inputs, outputs, bias }, l): Rail[] => {
      const line = (index: number): Line => ({
        w: input.parameters[l]![index]!,
        step: multiply(multiply(lsb, input.learningRate), input.gradients[l]![index]!),
      });
      const rows = Array.from({ length: outputs }, (_, o) => Array.from({ length: inputs }, (_, i) => line(o * inputs + i)));
      const columns = Array.from({ length: inputs }, (_, i) => Array.from({ length: outputs }, (_, o) => line(o * inputs + i)));
      const biases = bias ? Array.from({ length: outputs }, (_, o) => [line(outputs * inputs + o)]) : [];
      return [
        ...rows.map((lines) => ({ lines, limit: this.constant('rowRail') })),
        ...columns.map((lines) => ({ lines, limit: this.constant('columnRail') })),
        ...biases.map((lines) => ({ lines, limit: this.constant('biasRail') })),
      ];
    });
    const largest = largestInside(rails, bound.n);
    this.infeasible = largest === undefined;
    return this.site('throttle').value(largest ?? 0n);
  }

  private clip(input: ThrottleInput): Exact {
    const norm = this.gradientNorm(input);
    const tau = this.constant('tau');
    return compare(tau, norm) >= 0 ? this.one : this.bounded(tau, norm, this.constant('floor'), input.step, 0);
  }

  private table(input: ThrottleInput): Exact {
    const squares = this.estimator.squaredDifferences(input);
    if (squares === undefined) return this.constant('firstAlpha');
    const { parameters, gradients } = squares;
    if (parameters.n === 0n) return this.alpha ?? this.constant('firstAlpha');

    const lsb = this.site('squaredNorm').value(1n);
    const limit = multiply(square(this.constant('chi')), add(parameters, lsb));
    const demand = multiply(square(input.learningRate), gradients);
    const feasible = TABLE.find((a) => compare(multiply(square({ n: a, f: 5 }), demand), limit) <= 0);
    this.infeasible = feasible === undefined;
    this.alpha = this.site('throttle').quantise({ n: feasible ?? 1n, f: 5 }, input.step, 0);
    return this.alpha;
  }
}
