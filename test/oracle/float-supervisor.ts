/** The supervisor of the reference in binary64, docs/numerics.md §7.1 with the differences of §9. */
import type { Plan } from '../../src/schema/plan.js';
import type { Controllers } from './state.js';

interface Known {
  mean: number;
  sum: number;
  snapshot: number[][];
  rejected: number;
  accepted: number;
  halvings: number;
}

export class FloatSupervisor {
  private known: Known | undefined;

  constructor(private readonly plan: Plan) {}

  start(): void {
    this.known = undefined;
  }

  get state(): Controllers<number> {
    const { known } = this;
    if (known === undefined) return {};
    const { mean, sum, snapshot, rejected, accepted, halvings } = known;
    return {
      known: [1], measureMean: [mean], snapshot: snapshot.flat(), rejected: [rejected], accepted: [accepted], halvings: [halvings],
      ...(this.plan.supervisor.law === 'cusum' && { cusum: [sum] }),
    };
  }

  /** The parameters to go back to, or undefined where the step goes on. */
  judge(on: boolean, loss: number, parameters: number[][]): number[][] | undefined {
    const { law, patience, backoff, rate } = this.plan.supervisor;
    if (law === 'none' || !on) return undefined;
    if (this.known === undefined || !Number.isFinite(this.known.mean)) {
      this.known = { mean: loss, sum: 0, snapshot: parameters, rejected: 0, accepted: 0, halvings: 0 };
      return undefined;
    }
    const { known } = this;
    let verdict = law === 'cusum' ? this.cusum(known, loss) : loss <= known.mean + this.plan.supervisor.margin!.value ? 'accepts' : 'rejects';
    const impatient = verdict === 'rejects' && !Number.isNaN(loss) && patience! > 0 && known.rejected === patience;
    if (impatient) verdict = 'accepts';

    if (verdict === 'rejects') {
      known.rejected++;
      known.accepted = 0;
      known.halvings = Math.min(known.halvings + 1, backoff!);
      return known.snapshot;
    }
    if (verdict === 'accepts') {
      known.mean = impatient ? loss : known.mean + rate!.value * (loss - known.mean);
      this.accept(known, parameters);
    }
    return undefined;
  }

  private cusum(known: Known, loss: number): 'accepts' | 'waits' | 'rejects' {
    const { slack, limit } = this.plan.supervisor;
    known.sum = Math.max(0, known.sum + loss - known.mean - slack!.value);
    if (known.sum === 0) return 'accepts';
    if (known.sum <= limit!.value) return 'waits';
    known.sum = 0;
    return 'rejects';
  }

  private accept(known: Known, parameters: number[][]): void {
    known.snapshot = parameters;
    known.rejected = 0;
    if (known.halvings === 0) return;
    known.accepted++;
    if (known.accepted === this.plan.supervisor.recovery) {
      known.halvings--;
      known.accepted = 0;
    }
  }

  backOff(on: boolean, alpha: number): number {
    return on ? alpha * 2 ** -(this.known?.halvings ?? 0) : alpha;
  }
}
