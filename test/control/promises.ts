/** What every controller promises after every step, whatever it was fed; docs/numerics.md §5–§7 read as limits. */
import { expect } from 'vitest';
import { integrates, keepsHistory } from '../../src/control/registry.js';
import { FLAGS } from '../../src/core/abi.js';
import type { NumberSystem } from '../../src/core/session.js';
import type { Constant, Plan, SiteFormat } from '../../src/schema/plan.js';
import { siteKey, type SiteName } from '../../src/site/sites.js';
import { add, compare, multiply, parseFormat, quantiseExact, type Exact } from '../oracle/exact.js';
import type { Seen } from './hostile.js';

/** Beyond it squares of squares leave binary64, and nothing is promised of the reference until the network is back. */
const LARGEST_LOSS = 1e40;

const bits = new DataView(new ArrayBuffer(8));
const realOf = (word: string): number => {
  bits.setBigInt64(0, BigInt(word));
  return bits.getFloat64(0);
};

/** Holds the steps of one run, in order, to what was promised. */
export class Promises {
  /** How many steps of each kind were held to something. */
  readonly tally = { throttled: 0, rejected: 0, accepted: 0, locked: 0, released: 0, balanced: 0 };
  /** No loss that was learned from was so large that binary64 gives out. */
  private tame = true;
  private lastPhase = -1;
  /** C after the step before. */
  private latch = 0;

  constructor(
    private readonly plan: Plan,
    private readonly kind: NumberSystem,
  ) {}

  /** What starts in a step: docs/numerics.md §6, §7, §7.1. */
  private starts(phase: number): { throttle: boolean; anchor: boolean; supervisor: boolean } {
    const { phases, throttle } = this.plan;
    const entered = phase !== this.lastPhase;
    const [now, before] = [phases[phase]!, phases[phase - 1]];
    return {
      throttle: entered && (throttle.keepState === true ? phase === 0 : now.throttle && before?.throttle !== true),
      anchor: entered && now.anchor && before?.anchor !== true,
      supervisor: entered && now.supervisor && before?.supervisor !== true,
    };
  }

  private format(name: SiteName, layer = 0): SiteFormat {
    return this.plan.sites[siteKey(name, layer)]!;
  }

  private exact(raw: bigint | string, name: SiteName): Exact {
    return { n: BigInt(raw), f: this.format(name).fractionLength };
  }

  /** A word of the state as a real number. */
  private real(word: string, format: SiteFormat): number {
    return this.kind === 'float' ? realOf(word) : Number(word) * 2 ** -format.fractionLength;
  }

  hold(seen: Seen): void {
    const starts = this.starts(seen.phase);
    const rejected = (seen.row.flags & FLAGS.rejected) !== 0;
    this.supervisor(seen, starts.supervisor, rejected);
    if (!rejected && !(seen.row.loss <= LARGEST_LOSS)) this.tame = false;
    if (this.kind === 'fixed' || this.tame) {
      this.alpha(seen, starts.throttle, rejected);
      this.curvature(seen, starts.throttle);
      this.parameters(seen);
      this.shares(seen);
    }
    if (this.stretches(seen)) this.tame = false;
    this.anchor(seen, starts.anchor);
    this.lastPhase = seen.phase;
  }

  /** Beside an importance beyond 2/λ the elastic pull takes a parameter further past its mean in every step, whatever the loss. */
  private stretches({ after }: Seen): boolean {
    const { law, lambda } = this.plan.anchor;
    return this.kind === 'float' && law === 'elastic' && after['importance']!.some((word) => lambda!.value * realOf(word) > 2);
  }

  /** α and the rate of a step, within what its law may ask for. */
  private alpha({ phase, row, raws, before, after, updates, gradients }: Seen, starts: boolean, rejected: boolean): void {
    const { plan, kind } = this;
    const { throttle, supervisor, phases } = plan;
    const { alpha, rate } = row;
    if (rejected) {
      expect({ alpha, rate }, 'α and rate of a rejected step').toEqual({ alpha: 0, rate: 0 });
      expect([...gradients.flat(), ...updates.flat()].every((value) => value === 0), 'a rejected step has no gradient and no update').toBe(true);
      return;
    }
    const { throttle: on, supervisor: supervised, learningRate } = phases[phase]!;
    const place = 2 ** -this.format('throttle').fractionLength;
    const times = supervised && supervisor.law !== 'none' ? Number(after['halvings']![0]) : 0;
    const halved = (value: number): number =>
      kind === 'float' ? value * 2 ** -times
      : value === 0 || times === 0 ? value
      : Math.max(Math.floor(value / place / 2 ** times), 1) * place;
    const constant = (name: 'floor' | 'firstAlpha'): number | undefined => {
      const stated = throttle[name];
      return stated && (kind === 'float' ? stated.value : Number(stated.raw) * place);
    };
    expect(Number.isFinite(alpha), `α = ${alpha}`).toBe(true);
    expect(Number.isFinite(rate), `rate = ${rate}`).toBe(true);
    expect(alpha, 'α').toBeGreaterThanOrEqual(0);
    // JAM sets the lowest bit of a first α and of an entry of the table, of 1 too
    expect(alpha, 'α').toBeLessThanOrEqual(halved(this.kind === 'fixed' && this.format('throttle').rounding === 'JAM' ? 1 + place : 1));

    if (kind === 'float') expect(rate).toBe(alpha * learningRate.value);
    else {
      const product = multiply(this.exact(raws.alpha, 'throttle'), this.exact(learningRate.raw, 'learningRate'));
      const format = parseFormat(this.format('rate'));
      const down = quantiseExact(product, { ...format, rounding: 'TRN' });
      const up = quantiseExact({ n: down.rounded + 1n, f: format.fractionLength }, format);
      if (format.rounding.startsWith('STOCHASTIC')) expect([down.raw, up.raw], 'rate = Q(α·η)').toContain(raws.rate);
      else expect(raws.rate, 'rate = Q(α·η)').toBe(quantiseExact(product, format).raw);
    }

    if (!on || throttle.law === 'none') {
      expect(alpha, 'α of a step without a throttle').toBe(halved(1));
      return;
    }
    this.tally.throttled++;
    const [floor, first] = [constant('floor'), constant('firstAlpha')];
    const estimated = !keepsHistory(throttle) || !(starts || before['history']![0] === '0');
    if (throttle.law === 'rails') {
      const asked = (estimated ? floor : first) === 0 || (row.flags & FLAGS.infeasible) !== 0;
      if (alpha === 0 && !asked) expect(this.leavesRails(before['theta']!, gradients, learningRate), 'α = 0 inside the rails').toBe(true);
      if (!estimated) expect(alpha, 'α without an estimate').toBeLessThanOrEqual(halved(first!));
    } else if (!estimated) expect(alpha, 'α without an estimate is the first α').toBe(halved(first!));
    else if (throttle.law === 'table') {
      const asked = first === 0 && (starts || before['alpha']![0] === '0');
      if (!asked) expect(alpha, 'α of the table').toBeGreaterThan(0);
    } else expect(alpha, 'α is at least its floor').toBeGreaterThanOrEqual(halved(floor!));
  }

  /** Whether the smallest α above zero takes a sum of magnitudes past its rail. */
  private leavesRails(theta: readonly string[], gradients: Seen['gradients'], { value, raw }: Constant): boolean {
    const { layers, throttle } = this.plan;
    const fixed = this.kind === 'fixed';
    const step = fixed ? Number(raw) * 2 ** -(this.format('learningRate').fractionLength + this.format('throttle').fractionLength) : value * 2 ** -53;
    let first = 0;
    return layers.some(({ inputs, outputs, bias }, layer) => {
      const moved = (at: number, name: 'weight' | 'bias'): number => {
        const g = gradients[layer]![at]! * (fixed ? 2 ** -this.format('gradient', layer).fractionLength : 1);
        return Math.abs(this.real(theta[first + at]!, this.format(name, layer)) - step * g);
      };
      const sum = (from: number, stride: number, count: number, name: 'weight' | 'bias' = 'weight'): number =>
        Array.from({ length: count }, (_, k) => moved(from + k * stride, name)).reduce((a, b) => a + b, 0);
      const limit = (name: 'rowRail' | 'columnRail' | 'biasRail'): number => (1 - 1e-9) * (fixed ? Number(throttle[name]!.raw) * 2 ** -this.format('normRail').fractionLength : throttle[name]!.value);
      const over = Array.from({ length: outputs }, (_, o) => sum(o * inputs, 1, inputs) >= limit('rowRail')).some(Boolean)
        || Array.from({ length: inputs }, (_, i) => sum(i, inputs, outputs) >= limit('columnRail')).some(Boolean)
        || (bias && Array.from({ length: outputs }, (_, o) => sum(inputs * outputs + o, 1, 1, 'bias') >= limit('biasRail')).some(Boolean));
      first += outputs * (inputs + (bias ? 1 : 0));
      return over;
    });
  }

  /** C and its mean are numbers that are not negative; a latch does not open. */
  private curvature({ row, after }: Seen, starts: boolean): void {
    const { law, estimator } = this.plan.throttle;
    for (const [name, value] of Object.entries({ curvature: row.curvature, curvatureMean: row.curvatureMean })) {
      expect(Number.isFinite(value) && value >= 0, `${name} = ${value}`).toBe(true);
    }
    if (starts) this.latch = 0;
    if (estimator === 'secant-latch') expect(row.curvature, 'a latch does not open').toBeGreaterThanOrEqual(this.latch);
    this.latch = row.curvature;
    if (integrates(law) && this.kind === 'float') expect(Number.isFinite(realOf(after['velocity']![0]!)), 'velocity').toBe(true);
  }

  /** Parameters, means and importance: numbers, in a fixed run between the rails of their formats; no importance below zero. */
  private parameters({ after }: Seen): void {
    const names = { theta: undefined, average: 'average', importance: 'importance', snapshot: undefined } as const;
    for (const [field, site] of Object.entries(names)) {
      const words = after[field];
      if (!words) continue;
      let first = 0;
      this.plan.layers.forEach(({ inputs, outputs, bias }, layer) => {
        const size = outputs * (inputs + (bias ? 1 : 0));
        words.slice(first, first + size).forEach((word, k) => {
          const { rails, signed } = this.format(site ?? (k < inputs * outputs ? 'weight' : 'bias'), layer);
          const value = this.kind === 'float' ? realOf(word) : Number(word);
          const where = `${field}[${layer}][${k}] = ${value}`;
          if (this.kind === 'float') expect(Number.isFinite(value), where).toBe(true);
          else expect(value >= Number(rails[0]) && value <= Number(rails[1]), where).toBe(true);
          // such a format is refused where a plan is built; plans drawn at random have it all the same
          if (field === 'importance' && !(this.kind === 'fixed' && signed && this.wraps('importance', layer))) expect(value >= 0, where).toBe(true);
        });
        first += size;
      });
    }
  }

  private wraps(name: SiteName, layer: number): boolean {
    return this.format(name, layer).overflow.startsWith('WRAP');
  }

  /** The parameters an anchor pulls to stay where they are while it is locked. */
  private anchor({ phase, before, after, row }: Seen, starts: boolean): void {
    const { law } = this.plan.anchor;
    const on = this.plan.phases[phase]!.anchor;
    if (law !== 'fixed' && law !== 'event') return;
    if (starts) {
      expect(after['anchor'], 'the anchor is where the parameters were').toEqual(before['theta']);
      return;
    }
    const locked = law === 'fixed' || before['locked']![0] === '1';
    this.tally[locked ? 'locked' : 'released']++;
    if (!on || locked) expect(after['anchor'], 'the anchor moved').toEqual(before['anchor']);
    if (law === 'event' && on && (row.flags & FLAGS.rejected) === 0) {
      expect((row.flags & FLAGS.pulling) !== 0, 'an event anchor pulls while it is locked').toBe(after['locked']![0] === '1');
    }
  }

  /** Whether a step stays, by the loss and the state before it. */
  private supervisor({ phase, row, raws, before, after }: Seen, starts: boolean, rejected: boolean): void {
    const { supervisor, phases } = this.plan;
    if (supervisor.law === 'none' || !phases[phase]!.supervisor) {
      expect(rejected, 'nobody takes a step back').toBe(false);
      return;
    }
    const known = !starts && before['known']![0] === '1';
    const fixed = this.kind === 'fixed';
    const mean = before['measureMean']![0]!;
    const inARow = Number(before['rejected']![0]);
    const impatient = supervisor.patience! > 0 && inARow >= supervisor.patience! && !Number.isNaN(row.loss);
    const same = (a: string, b: string, what: string): void => { expect(after[a], what).toEqual(before[b]); };

    if (rejected) {
      expect(known && !impatient, 'a step is taken back against a mean').toBe(true);
      this.tally.rejected++;
      same('theta', 'snapshot', 'a rejected step restores its parameters');
      same('snapshot', 'snapshot', 'a rejected step keeps the snapshot');
      same('measureMean', 'measureMean', 'a rejected loss is no part of the mean');
      expect(Number(after['halvings']![0]), 'back-off').toBe(Math.min(Number(before['halvings']![0]) + 1, supervisor.backoff!));
    }
    if (!known) {
      same('snapshot', 'theta', 'the first parameters are kept');
      return;
    }
    if (supervisor.law === 'rollback') {
      const most = fixed ? add(this.exact(mean, 'measureMean'), this.exact(supervisor.margin!.raw, 'loss')) : undefined;
      const fits = most ? compare(this.exact(raws.loss, 'loss'), most) <= 0 : row.loss <= realOf(mean) + supervisor.margin!.value;
      expect(rejected, `a loss of ${row.loss} against ${mean}`).toBe(!fits && !impatient);
    } else {
      const sum = after['cusum']![0]!;
      const size = fixed ? compare(this.exact(sum, 'cusum'), this.exact(supervisor.limit!.raw, 'loss')) : realOf(sum) - supervisor.limit!.value;
      expect(size <= 0, `excess ${sum} above its limit after a step`).toBe(true);
      expect(fixed ? BigInt(sum) >= 0n : realOf(sum) >= 0, `excess ${sum}`).toBe(true);
      if (rejected) expect(Number(sum), 'excess after a step was taken back').toBe(0);
    }
    if (!rejected && Number(after['cusum']?.[0] ?? 0) === 0) {
      this.tally.accepted++;
      same('snapshot', 'theta', 'accepted parameters are kept');
    }
  }

  /** Means of shares: each from 0 to 1, together 1 but for their last places. */
  private shares({ after }: Seen): void {
    const { balance, divide } = this.plan;
    if (!balance) return;
    this.tally.balanced++;
    const losses = balance.outputs!.length;
    const values = after['shares']!.map((word) => this.real(word, this.format('shareMean')));
    const total = values.reduce((sum, value) => sum + value, 0);
    const places = this.kind === 'float' ? 1e-12 : 2 ** -this.format('share').fractionLength + 2 ** -this.format('shareMean').fractionLength / balance.shareRate!.value;
    const holdsOne = (['share', 'shareMean'] as const).every((name) => Number(this.format(name).rails[1]) * 2 ** -this.format(name).fractionLength >= 1);
    const exact = this.kind === 'float' || (divide.method === 'exact' && holdsOne);
    for (const value of values) expect(value >= 0 && value <= 1 + places, `share ${value}`).toBe(true);
    if (exact) expect(Math.abs(total - 1), `shares ${values.join(' + ')}`).toBeLessThanOrEqual(losses * places);
  }
}
