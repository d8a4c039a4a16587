/** The throttle of the reference in binary64, docs/numerics.md §6 with the differences of §9. Every expression fixes an order of operations. */
import type { Plan } from '../../src/schema/plan.js';
import { EPSILON, FloatEstimator, normOf, squaredNorm, type FloatMeasured } from './float-estimator.js';
import type { Controllers } from './state.js';

const TABLE = [32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1];
/** Halvings of the interval in which the rails throttle looks. */
const HALVINGS = 53;

export interface FloatThrottleInput extends FloatMeasured {
  readonly on: boolean;
  readonly learningRate: number;
}

type ConstantName = 'chi' | 'tau' | 'gain' | 'momentum' | 'rowRail' | 'columnRail' | 'biasRail' | 'floor' | 'firstAlpha';

export class FloatThrottle {
  private readonly estimator: FloatEstimator;
  /** α of the laws that carry it from step to step. */
  private alpha: number | undefined;
  private velocity = 0;
  private infeasible = false;

  constructor(private readonly plan: Plan) {
    this.estimator = new FloatEstimator(plan);
  }

  get curvature(): number {
    return this.estimator.curvature;
  }

  get curvatureMean(): number {
    return this.estimator.mean;
  }

  get state(): Controllers<number> {
    const { law } = this.plan.throttle;
    const integrates = law === 'gt1' || law === 'gt2' || law === 'gt2-qa';
    return { ...(this.alpha !== undefined && { alpha: [this.alpha] }), ...(this.alpha !== undefined && integrates && { velocity: [this.velocity] }) };
  }

  start(): void {
    if (this.plan.throttle.keepState === true) return;
    this.estimator.empty();
    this.alpha = undefined;
    this.velocity = 0;
  }

  decide(input: FloatThrottleInput): { alpha: number; infeasible: boolean } {
    const { law, keepState } = this.plan.throttle;
    this.infeasible = false;
    if (law === 'none' || !(input.on || keepState === true)) return { alpha: 1, infeasible: false };

    const alpha = law === 'table' ? this.table(input) : law === 'clip' ? this.clip(input) : this.byEstimate(input);
    this.estimator.remember(input);
    return { alpha: input.on ? alpha : 1, infeasible: this.infeasible };
  }

  private constant(name: ConstantName): number {
    const constant = this.plan.throttle[name];
    if (constant === undefined) throw new RangeError(`throttle has no ${name}`);
    return constant.value;
  }

  private byEstimate(input: FloatThrottleInput): number {
    const estimated = this.estimator.measure(input);
    if (!input.on) return 1;
    const { law } = this.plan.throttle;
    const bound = (): number => (estimated ? this.bound(this.estimator.larger, input) : this.constant('firstAlpha'));
    if (law === 'rails') return this.rails(bound(), input);
    if (law === 'gt0' || !estimated) return bound();
    this.alpha = law === 'gt2-qa' ? this.quantisationAware(this.integrate(input), input) : this.integrate(input);
    return this.alpha;
  }

  private bound(c: number, { learningRate }: FloatThrottleInput): number {
    const floor = this.constant('floor');
    if (c <= EPSILON || learningRate * (c + EPSILON) <= this.constant('chi')) return 1;
    return Math.max(Math.min(1, this.constant('chi') / (learningRate * (c + EPSILON))), floor);
  }

  private integrate({ learningRate }: FloatThrottleInput): number {
    const momentum = this.plan.throttle.law === 'gt1' ? 0 : this.constant('momentum');
    const gain = this.constant('gain');
    const alpha = this.alpha ?? this.constant('firstAlpha');
    this.velocity = momentum * this.velocity + gain * this.constant('chi') - gain * learningRate * (alpha * this.estimator.larger);
    const x = alpha + this.velocity;
    const floor = this.constant('floor');
    // what is no number gives the floor
    return !(x > floor) ? floor : x >= 1 ? 1 : x;
  }

  private quantisationAware(alpha: number, input: FloatThrottleInput): number {
    const { layers, sites } = this.plan;
    const places = layers.flatMap(({ bias }, l) => ['update', 'weight', ...(bias ? ['bias'] : [])].map((name) => 2 ** -sites[`layer${l}.${name}`]!.fractionLength));
    const q = Math.max(...places);
    const norm = this.gradientNorm(input);
    const upper = this.bound(this.estimator.curvature, input);
    const lower = input.learningRate * norm <= q ? 1 : Math.min(1, q / (input.learningRate * (norm + EPSILON)));
    if (lower > upper) {
      this.infeasible = true;
      return upper;
    }
    return Math.min(Math.max(alpha, lower), upper);
  }

  private gradientNorm({ gradients }: FloatThrottleInput): number {
    return normOf(squaredNorm(gradients.flat()));
  }

  private rails(bound: number, input: FloatThrottleInput): number {
    if (!this.inside(0, input)) {
      this.infeasible = true;
      return 0;
    }
    if (this.inside(bound, input)) return bound;
    let low = 0;
    let high = bound;
    for (let k = 0; k < HALVINGS; k++) {
      const middle = (low + high) / 2;
      if (this.inside(middle, input)) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Whether every sum of magnitudes stays inside its rail with α = a. */
  private inside(a: number, { learningRate, gradients, parameters }: FloatThrottleInput): boolean {
    const rate = a * learningRate;
    const sumOf = (layer: number, indices: readonly number[]): number => {
      let sum = 0;
      for (const index of indices) sum += Math.abs(parameters[layer]![index]! - rate * gradients[layer]![index]!);
      return sum;
    };
    const upTo = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
    return this.plan.layers.every(({ inputs, outputs, bias }, l) =>
      upTo(outputs).every((o) => sumOf(l, upTo(inputs).map((i) => o * inputs + i)) <= this.constant('rowRail')) &&
      upTo(inputs).every((i) => sumOf(l, upTo(outputs).map((o) => o * inputs + i)) <= this.constant('columnRail')) &&
      (!bias || upTo(outputs).every((o) => sumOf(l, [outputs * inputs + o]) <= this.constant('biasRail'))),
    );
  }

  private clip(input: FloatThrottleInput): number {
    const norm = this.gradientNorm(input);
    const tau = this.constant('tau');
    return norm <= tau ? 1 : Math.min(1, Math.max(tau / (norm + EPSILON), this.constant('floor')));
  }

  private table(input: FloatThrottleInput): number {
    const squares = this.estimator.squaredDifferences(input);
    if (squares === undefined) return this.constant('firstAlpha');
    if (squares.parameters === 0) return this.alpha ?? this.constant('firstAlpha');

    const chi = this.constant('chi');
    const { learningRate } = input;
    const limit = chi * chi * (squares.parameters + EPSILON);
    const feasible = TABLE.find((a) => (a / 32) * (a / 32) * (learningRate * learningRate) * squares.gradients <= limit);
    this.infeasible = feasible === undefined;
    this.alpha = (feasible ?? 1) / 32;
    return this.alpha;
  }
}
