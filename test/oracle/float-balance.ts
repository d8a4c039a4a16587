/** Shares of several losses in binary64, docs/numerics.md §7.2. */
import type { Plan } from '../../src/schema/plan.js';
import { normOf, squaredNorm } from './float-estimator.js';
import { lossOfOutput, type Controllers } from './state.js';

export class FloatBalance {
  private readonly losses: readonly number[];
  private means: number[];
  private warm = 0;

  constructor(private readonly plan: Plan) {
    this.losses = lossOfOutput(plan);
    this.means = (plan.balance?.outputs ?? []).map(() => plan.balance!.firstMean!.value);
  }

  get state(): Controllers<number> {
    return this.plan.balance === undefined ? {} : { shares: this.means, balanced: [this.warm] };
  }

  apply(errors: number[][], gradientsFrom: (errors: number[][]) => number[][]): number[][] {
    if (this.plan.balance === undefined) return errors;
    const norms = this.means.map((_, loss) => {
      const alone = errors.map((sample) => sample.map((e, o) => (this.losses[o] === loss ? e : 0)));
      return normOf(squaredNorm(gradientsFrom(alone).flat()));
    });
    this.learn(norms);
    const shares = this.shares();
    return errors.map((sample) => sample.map((e, o) => shares[this.losses[o]!]! * e));
  }

  private learn(norms: readonly number[]): void {
    const total = norms.reduce((sum, n) => sum + n, 0);
    const rate = this.plan.balance!.shareRate!.value;
    this.means = this.means.map((mean, loss) => mean + rate * ((total - norms[loss]!) / ((norms.length - 1) * total) - mean));
  }

  private shares(): number[] {
    const { warmup, firstShare, floor } = this.plan.balance!;
    if (this.warm < warmup!) {
      this.warm++;
      return this.means.map(() => firstShare!.value);
    }
    const floored = this.means.map((mean) => Math.max(mean, floor!.value));
    const total = floored.reduce((sum, f) => sum + f, 0);
    return floored.map((f) => f / total);
  }
}
