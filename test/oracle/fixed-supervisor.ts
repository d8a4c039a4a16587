/** The supervisor on exact integers, docs/numerics.md §7.1. */
import type { Plan } from '../../src/schema/plan.js';
import { ZERO, add, compare, larger, multiply, subtract, type Exact, type Site } from './exact.js';
import type { Controllers } from './state.js';

/** What it carries from step to step, once it has begun. */
interface Known {
  /** ŷ */
  mean: Exact;
  /** S */
  sum: Exact;
  snapshot: Exact[][];
  /** h, rejected in a row. */
  rejected: number;
  accepted: number;
  /** k, halvings of α. */
  halvings: number;
}

export class FixedSupervisor {
  private known: Known | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly site: (key: string) => Site,
  ) {}

  /** The first step of a phase with the supervisor on that follows one with it off, or starts the run. */
  start(): void {
    this.known = undefined;
  }

  get state(): Controllers<bigint> {
    const { known } = this;
    if (known === undefined) return {};
    const { mean, sum, snapshot, rejected, accepted, halvings } = known;
    return {
      known: [1n], measureMean: [mean.n], snapshot: snapshot.flat().map(({ n }) => n), rejected: [BigInt(rejected)], accepted: [BigInt(accepted)], halvings: [BigInt(halvings)],
      ...(this.plan.supervisor.law === 'cusum' && { cusum: [sum.n] }),
    };
  }

  private constant(name: 'margin' | 'slack' | 'limit'): Exact {
    return this.site('loss').value(BigInt(this.plan.supervisor[name]!.raw));
  }

  /** The parameters to go back to, or undefined where the step goes on. */
  judge(on: boolean, loss: Exact, parameters: Exact[][], step: number): Exact[][] | undefined {
    const { law } = this.plan.supervisor;
    if (law === 'none' || !on) return undefined;
    if (this.known === undefined) {
      const mean = this.site('measureMean').quantise(loss, step, 0);
      this.known = { mean, sum: this.site('cusum').value(0n), snapshot: parameters, rejected: 0, accepted: 0, halvings: 0 };
      return undefined;
    }
    const { known } = this;
    const { patience, backoff } = this.plan.supervisor;
    let verdict = law === 'cusum' ? this.cusum(known, loss, step) : this.rollback(known, loss);
    const impatient = verdict === 'rejects' && patience! > 0 && known.rejected === patience;
    if (impatient) verdict = 'accepts';

    if (verdict === 'rejects') {
      known.rejected++;
      known.accepted = 0;
      known.halvings = Math.min(known.halvings + 1, backoff!);
      return known.snapshot;
    }
    if (verdict === 'accepts') {
      const mean = this.site('measureMean');
      const rate = this.site('meanRate').value(BigInt(this.plan.supervisor.rate!.raw));
      known.mean = mean.quantise(impatient ? loss : add(known.mean, multiply(rate, subtract(loss, known.mean))), step, 0);
      this.accept(known, parameters);
    }
    return undefined;
  }

  private rollback({ mean }: Known, loss: Exact): 'accepts' | 'rejects' {
    return compare(loss, add(mean, this.constant('margin'))) <= 0 ? 'accepts' : 'rejects';
  }

  private cusum(known: Known, loss: Exact, step: number): 'accepts' | 'waits' | 'rejects' {
    const site = this.site('cusum');
    const excess = subtract(subtract(loss, known.mean), this.constant('slack'));
    known.sum = site.quantise(larger(ZERO, add(known.sum, excess)), step, 0);
    if (known.sum.n === 0n) return 'accepts';
    if (compare(known.sum, this.constant('limit')) <= 0) return 'waits';
    known.sum = site.value(0n);
    return 'rejects';
  }

  private accept(known: Known, parameters: Exact[][]): void {
    known.snapshot = parameters;
    known.rejected = 0;
    if (known.halvings === 0) return;
    known.accepted++;
    if (known.accepted === this.plan.supervisor.recovery) {
      known.halvings--;
      known.accepted = 0;
    }
  }

  /** α after the halvings that rejections have brought; as it is in a phase with the supervisor off. */
  backOff(on: boolean, alpha: Exact): Exact {
    const halvings = on ? (this.known?.halvings ?? 0) : 0;
    if (halvings === 0 || alpha.n === 0n) return alpha;
    const halved = alpha.n >> BigInt(halvings);
    return { n: halved < 1n ? 1n : halved, f: alpha.f };
  }
}
