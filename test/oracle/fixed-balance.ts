/** Shares of several losses on exact integers, docs/numerics.md §7.2. */
import type { Plan } from '../../src/schema/plan.js';
import { add, larger, multiply, subtract, sum, type Exact, type Site } from './exact.js';
import { divide } from './fixed-divide.js';
import { normOf, squaredNorm } from './fixed-norm.js';
import { lossOfOutput, type Controllers } from './state.js';

export class FixedBalance {
  private readonly losses: readonly number[];
  /** m */
  private means: Exact[];
  /** t, steps of the warmup that are done. */
  private warm = 0;

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
  ) {
    const { balance } = plan;
    this.losses = lossOfOutput(plan);
    this.means = (balance?.outputs ?? []).map(() => site('shareMean').value(BigInt(balance!.firstMean!.raw)));
  }

  get state(): Controllers<bigint> {
    return this.plan.balance === undefined ? {} : { shares: this.means.map(({ n }) => n), balanced: [BigInt(this.warm)] };
  }

  /** Errors of the last layer times the shares of their losses; `gradientsFrom` gives the gradients of the shared layers from errors. */
  apply(errors: Exact[][], gradientsFrom: (errors: Exact[][]) => Exact[][], step: number): Exact[][] {
    if (this.plan.balance === undefined) return errors;
    const norms = this.means.map((_, loss) => {
      const alone = errors.map((sample) => sample.map((e, o) => (this.losses[o] === loss ? e : { n: 0n, f: e.f })));
      return normOf(this.site('norm'), squaredNorm(this.site('squaredNorm'), gradientsFrom(alone).flat(), step, 3 + loss), step);
    });
    this.learn(norms, step);
    const shares = this.shares(step);
    const { outputs } = this.plan.layers[this.plan.layers.length - 1]!;
    const site = this.site(`layer${this.plan.layers.length - 1}.error`);
    return errors.map((sample, b) => sample.map((e, o) => site.quantise(multiply(shares[this.losses[o]!]!, e), step, b * outputs + o, 1)));
  }

  private learn(norms: readonly Exact[], step: number): void {
    const total = sum(norms);
    if (total.n === 0n) return;
    const divisor = multiply({ n: BigInt(norms.length - 1), f: 0 }, total);
    const rate = this.site('meanRate').value(BigInt(this.plan.balance!.shareRate!.raw));
    this.means = this.means.map((mean, loss) => {
      const share = this.site('share').quantiseQuotient(divide(this.plan, subtract(total, norms[loss]!), divisor), step, 0, loss);
      return this.site('shareMean').quantise(add(mean, multiply(rate, subtract(share, mean))), step, 0);
    });
  }

  private shares(step: number): Exact[] {
    const { warmup, firstShare, floor } = this.plan.balance!;
    const site = this.site('share');
    const equal = this.means.map(() => site.value(BigInt(firstShare!.raw)));
    if (this.warm < warmup!) {
      this.warm++;
      return equal;
    }
    const least = this.site('shareMean').value(BigInt(floor!.raw));
    const floored = this.means.map((mean) => larger(mean, least));
    const total = sum(floored);
    if (total.n === 0n) return equal;
    return floored.map((f, loss) => site.quantiseQuotient(divide(this.plan, f, total), step, 0, floored.length + loss));
  }
}
