/**
 * The flight recorder: it never changes a bit, and what it adds at level `full` — histograms, rounding errors, stalls, strips, operands of
 * first overflows — is what exact arithmetic says of every quantisation the oracle makes.
 */
import { describe, expect, it } from 'vitest';
import { BUILDS, loadCore, type Build, type CoreExports } from '../../src/core/load.js';
import { Session, type Row, type SessionOptions } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import { ERROR_BITS, HISTOGRAM_BINS, type Counters } from '../../src/format/quantise.js';
import { accumulateGroup, alignPlan } from '../../src/plan/alignment.js';
import { RECORD_LEVELS } from '../../src/run/levels.js';
import { firstOperands, type Operand } from '../../src/run/operands.js';
import { runPair, STRIP_COUNTERS, STRIP_PARTS } from '../../src/run/pair.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Dataset } from '../../src/signal/dataset.js';
import { siteKey, SITES, type SiteName } from '../../src/site/sites.js';
import { endsOf, fromBinary64, multiply, round, subtract, sum, type Exact, type Observation } from '../oracle/exact.js';
import { runFixed } from '../oracle/fixed.js';
import { randomPlan, type PlanOptions } from '../oracle/plans.js';
import type { Delivered, StepState } from '../oracle/state.js';
import { fnv1a, word } from '../oracle/words.js';

interface Case {
  readonly where: string;
  readonly plan: Plan;
  readonly deliveries: Delivered[];
}

const KINDS: readonly (readonly [string, PlanOptions])[] = [
  ['fitting', {}], ['wild', { wild: true }], ['narrow', { narrow: true }], ['wild trapping', { wild: true, traps: 2 }],
];

/** So many random plans of every kind that the core takes. */
function cases(count: number, firstSeed = 1, kinds = KINDS): Case[] {
  return kinds.flatMap(([kind, options]) => {
    const found: Case[] = [];
    for (let seed = firstSeed; found.length < count; seed++) {
      const { plan, deliveries } = randomPlan(seed, options);
      try {
        alignPlan(plan);
        found.push({ where: `${kind}, seed ${seed}`, plan, deliveries });
      } catch (error) {
        if (!(error instanceof QrailsError && error.code === 'unsupported')) throw error;
      }
    }
    return found;
  });
}

interface Seen {
  readonly rows: Row[];
  readonly weights: number[][];
  readonly gradients: number[][];
  readonly updates: number[][];
  readonly trapped: string | undefined;
  readonly finalLoss: bigint | undefined;
}

function run(core: CoreExports, { plan, deliveries }: Case, options: SessionOptions): { seen: Seen; counters: Record<string, Counters> } {
  const session = new Session(core, plan, 'fixed', options);
  const rows: Row[] = [];
  session.onRow((_, row) => rows.push({ ...row }));
  let at = 0;
  for (const [phase, { steps }] of plan.phases.entries()) for (let k = 0; k < steps; k++) session.push({ ...deliveries[at++]!, phase });
  session.finish();
  const counters = session.counters();
  const [weights, gradients, updates] = [session.read('theta'), session.read('gradient'), session.read('update')];
  const finalLoss = session.evaluate({ ...deliveries.at(-1)!, phase: plan.phases.length - 1 }).raw;
  return { seen: { rows, weights, gradients, updates, trapped: session.trapped, finalLoss }, counters };
}

const withoutFull = (counters: Record<string, Counters>): unknown => Object.fromEntries(Object.entries(counters).map(([key, { full: _, ...rest }]) => [key, rest]));

describe('recording', () => {
  it('never changes a bit: levels, widths, chunks and builds agree, and counts counts what full does', async () => {
    const cores = await Promise.all((Object.keys(BUILDS) as Build[]).map((build) => loadCore(build)));
    for (const one of cases(12)) {
      const first = run(cores[0]!, one, {});
      const full = run(cores[0]!, one, { record: 'full' });
      for (const core of cores) {
        for (const record of RECORD_LEVELS) {
          for (const wide of [false, true]) {
            const { seen, counters } = run(core, one, { record, wide, ...(core === cores[1] && { chunk: 3 }) });
            expect(seen, `${one.where}, ${record}, ${wide ? 'wide' : 'as chosen'}`).toEqual(first.seen);
            if (record !== 'off') expect(withoutFull(counters), one.where).toEqual(withoutFull(first.counters));
            // An exact value and what is summed of its error do not depend on the instance.
            if (record === 'full') expect(counters, one.where).toEqual(full.counters);
          }
        }
      }
    }
  });

  it('sees every raw at the edge of what it watches, plan after plan of short words', async () => {
    const core = await loadCore('debug');
    for (const one of cases(400, 1, [['narrow', { narrow: true, traps: 0 }]])) {
      const [counts, full] = (['counts', 'full'] as const).map((record) => run(core, one, { record }).counters);
      for (const [key, counters] of Object.entries(full!)) expect({ ...counters, full: undefined }, `${one.where}, ${key}`).toEqual(counts![key]);
    }
  });

  it('has histograms and errors at level full only', async () => {
    const core = await loadCore();
    const [one] = cases(1);
    for (const record of RECORD_LEVELS) {
      const { counters } = run(core, one!, { record });
      for (const { full } of Object.values(counters)) expect(full === undefined).toBe(record !== 'full');
    }
  });
});

/** What the oracle's quantisations of one site add up to. */
interface Sums {
  readonly histogram: number[];
  /** Of errors, each rounded down to 2^-ERROR_BITS last places, in units of that. */
  error: bigint;
  exactSeen: boolean;
}

function observe(plan: Plan, into: Map<string, Sums>): (seen: Observation) => void {
  return ({ key, outcome: { raw, rounded }, exact }) => {
    let sums = into.get(key);
    if (!sums) into.set(key, (sums = { histogram: Array<number>(HISTOGRAM_BINS).fill(0), error: 0n, exactSeen: false }));
    const magnitude = raw < 0n ? -raw : raw;
    sums.histogram[raw === 0n ? 0 : magnitude.toString(2).length]!++;
    if (exact === undefined) return;
    sums.exactSeen = true;
    const f = plan.sites[key]!.fractionLength;
    const n = (f >= 0 ? exact[0] << BigInt(f) : exact[0]) << BigInt(ERROR_BITS);
    const d = f < 0 ? exact[1] << BigInt(-f) : exact[1];
    // ⌊(ρ − x·2^F)·2^b⌋ = ρ·2^b − ⌈x·2^F·2^b⌉
    const floor = n / d - (n < 0n && n % d !== 0n ? 1n : 0n);
    const ceiling = floor + (n % d === 0n ? 0n : 1n);
    sums.error += (rounded << BigInt(ERROR_BITS)) - ceiling;
  };
}

/** Stalled steps by site key, from what the oracle reports after every step. */
function stalls(plan: Plan, states: readonly StepState[]): Record<string, number> {
  const stalled: Record<string, number> = {};
  let before = plan.initial.map(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw].map(BigInt));
  for (const { weights, gradients, updates } of states) {
    for (const layer of plan.layers.keys()) {
      if (gradients[layer]!.every((g) => g === 0n)) continue;
      const count = (name: SiteName, stood: boolean): void => {
        const key = siteKey(name, layer);
        stalled[key] = (stalled[key] ?? 0) + Number(stood);
      };
      count('update', updates[layer]!.every((u) => u === 0n));
      count('weight', weights[layer]!.every((raw, k) => raw === before[layer]![k]));
    }
    before = weights;
  }
  return stalled;
}

describe('full against the oracle', () => {
  it('has every histogram, the sum of every rounding error to the last bit, and every stall', async () => {
    const core = await loadCore();
    const checked = { sites: 0, inexact: 0, fine: 0, stalls: 0 };
    for (const one of cases(35, 1000)) {
      const { plan, deliveries, where } = one;
      const sums = new Map<string, Sums>();
      const states: StepState[] = [];
      runFixed(plan, deliveries, (state) => states.push(state), observe(plan, sums));
      const expectedStalls = stalls(plan, states);
      for (const wide of [false, true]) {
        const { counters } = run(core, one, { record: 'full', wide });
        const { sites } = alignPlan(plan);
        for (const [key, { count, full, stalled }] of Object.entries(counters)) {
          const expected = sums.get(key);
          const place = `${where}, ${key}, ${wide ? 'wide' : 'as chosen'}`;
          expect(stalled, place).toBe(expectedStalls[key] ?? 0);
          checked.stalls += stalled;
          if (count === 0) {
            expect(full, place).toEqual({ histogram: Array<number>(HISTOGRAM_BINS).fill(0), errorSum: 0 });
            continue;
          }
          expect(full!.histogram, place).toEqual(expected!.histogram);
          const error = Number(expected!.error) * 2 ** -ERROR_BITS;
          // Inputs are binary64 numbers: there a difference from a raw may itself round.
          if (key === 'input') expect(Math.abs(full!.errorSum - error), place).toBeLessThanOrEqual(count * 2 ** -ERROR_BITS);
          else expect(full!.errorSum, place).toBe(error);
          checked.sites++;
          if (error !== 0) checked.inexact++;
          if ((sites[key]?.shift ?? 0) > ERROR_BITS && error !== 0) checked.fine++;
        }
      }
    }
    expect(checked.inexact).toBeGreaterThan(checked.sites / 4);
    expect(checked.fine).toBeGreaterThan(100);
    expect(checked.stalls).toBeGreaterThan(100);
  });
});

/** Rows for a random plan: those it would have been delivered, again and again. */
function datasetOf({ data }: Plan, deliveries: readonly Delivered[]): Dataset {
  const pool = deliveries.flatMap(({ count, inputs, targets }) =>
    Array.from({ length: count }, (_, b) => [
      ...inputs.subarray(b * data.inputs, (b + 1) * data.inputs), ...targets.subarray(b * data.targets, (b + 1) * data.targets),
    ]),
  );
  const values = Float64Array.from(Array.from({ length: data.rows }, (_, row) => pool[row % pool.length]!).flat());
  return { ...data, values, names: [] };
}

describe('a strip', () => {
  it('adds up to the counters, part by part, and has no more than its parts', async () => {
    let cut = 0;
    for (const { where, plan, deliveries } of cases(8, 2000)) {
      const dataset = datasetOf(plan, deliveries);
      for (const factor of [1, 7]) {
        const longer = { ...plan, phases: plan.phases.map((phase) => ({ ...phase, steps: phase.steps * factor })) };
        const { fixed } = await runPair(longer, dataset, { record: 'full' });
        const { from, sites } = fixed.strip!;
        const steps = longer.phases.reduce((total, phase) => total + phase.steps, 0);
        expect(from.length, where).toBeLessThanOrEqual(STRIP_PARTS);
        expect(from[0], where).toBe(0);
        from.forEach((step, part) => expect(step, where).toBe(part * Math.ceil(steps / STRIP_PARTS)));
        for (const [key, counters] of Object.entries(fixed.counters)) {
          for (const counter of STRIP_COUNTERS) {
            const list = sites[key]![counter];
            expect(list.length, where).toBe(from.length);
            expect(list.every((n) => n >= 0), where).toBe(true);
            expect(list.reduce((a, b) => a + b, 0), `${where}, ${key}, ${counter}`).toBe(counters[counter]);
          }
          // The first overflow lies in the first part that has one.
          const { firstOverflow } = counters;
          const part = sites[key]!.overflowHigh.findIndex((high, i) => high + sites[key]!.overflowLow[i]! > 0);
          expect(part, where).toBe(firstOverflow ? from.findLastIndex((step) => step <= firstOverflow.step) : -1);
          if (part > 0) cut++;
        }
      }
    }
    expect(cut).toBeGreaterThan(5);
  });
});

/** The exact value from its operands, where these are all that went into it; undefined where something is left out. */
function valueFrom(plan: Plan, key: string, element: number, index: number, phase: number, operands: readonly Operand[]): Exact | undefined {
  if (operands.length === 0) return undefined;
  const name = key.slice(key.indexOf('.') + 1) as SiteName;
  const layer = SITES[name].perLayer ? Number(/^layer(\d+)/.exec(key)![1]) : 0;
  const { inputs, outputs, bias } = plan.layers[layer]!;
  const values = operands.map(({ value }) => fromBinary64(value));
  const products = (n: number): Exact | undefined => {
    if (values.length !== 2 * n) return undefined;
    return sum(Array.from({ length: n }, (_, i) => multiply(values[2 * i]!, values[2 * i + 1]!)));
  };
  const [first, second] = values;
  switch (name) {
    case 'input':
      return first;
    case 'rate': case 'update': case 'product': case 'gradientProduct':
      return products(1);
    case 'accumulator': {
      const group = accumulateGroup(plan.accumulate.accumulator);
      if (index > 0 || (group === 0 && bias) || plan.sites[siteKey('product', layer)]) return undefined; // a running sum, or a bias, goes in too
      return products(Math.min(group || inputs, inputs));
    }
    case 'gradientAccumulator': {
      const group = accumulateGroup(plan.accumulate.gradientAccumulator);
      if (index > 0 || group === 0) return undefined;
      if (element >= inputs * outputs) return sum(values);
      if (plan.sites[siteKey('gradientProduct', layer)]) return undefined;
      return products(values.length / 2);
    }
    case 'error':
      return layer === plan.layers.length - 1 ? subtract(first!, second!) : products(plan.layers[layer + 1]!.outputs);
    case 'weight': case 'bias':
      return plan.anchor.law !== 'none' && plan.phases[phase]!.anchor ? undefined : subtract(first!, second!);
    default:
      return undefined;
  }
}

describe('operands of a first overflow', () => {
  it('round to what was wanted', async () => {
    const checked: Record<string, number> = {};
    const [least, most] = endsOf(true, 64);
    for (const { where, plan, deliveries } of cases(30, 3000)) {
      const dataset = datasetOf(plan, deliveries);
      const { fixed } = await runPair(plan, dataset);
      const operands = await firstOperands(plan, dataset, fixed.counters);
      expect(Object.keys(operands).sort(), where).toEqual(Object.keys(fixed.counters).filter((key) => fixed.counters[key]!.firstOverflow).sort());
      for (const [key, { firstOverflow: event }] of Object.entries(fixed.counters)) {
        if (!event) continue;
        const { step, element, index, wanted } = event;
        const ends = plan.phases.map((_, p) => plan.phases.slice(0, p + 1).reduce((total, { steps }) => total + steps, 0));
        const exact = valueFrom(plan, key, element, index, ends.findIndex((end) => step < end), operands[key]!);
        if (!exact) continue;
        const place = { seed: plan.seed, step, site: fnv1a(key), element, index };
        const { fractionLength, rounding } = plan.sites[key]!;
        const [n, d] = exact.f >= 0 ? [exact.n, 1n << BigInt(exact.f)] : [exact.n << BigInt(-exact.f), 1n];
        const rounded = round(n, d, fractionLength, rounding, { word: (k) => word(place, k), quotient: false });
        expect(rounded < least ? least : rounded > most ? most : rounded, `${where}, ${key}, step ${step}, element ${element}`).toBe(wanted);
        const name = key.slice(key.indexOf('.') + 1);
        checked[name] = (checked[name] ?? 0) + 1;
      }
    }
    for (const name of ['input', 'accumulator', 'error', 'gradientAccumulator', 'update', 'weight', 'bias']) expect(checked[name] ?? 0, name).toBeGreaterThan(3);
  });
});
