/** One run in fine formats, looked at after every step: values of sites, gradients, parameters, and how deliveries are spread. */
import type { CoreExports } from '../core/load.js';
import { Session } from '../core/session.js';
import { planSteps } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import { deliveries } from '../signal/delivery.js';
import { siteKey, SITES } from '../site/sites.js';
import type { Dataset } from '../signal/dataset.js';
import { Spread } from './spread.js';
import { nameOf, type Width } from './design.js';

export type Range = readonly [low: number, high: number];

/** Fine formats, to see what values there are: fraction bits of signals and of sums. */
const FINE = { signal: { whole: 14, fraction: 18 }, accumulator: { whole: 26, fraction: 32 } } as const;

/** The format of a site in such a run. */
export const fine = (key: string): Width => (SITES[nameOf(key)].kind === 'accumulator' ? FINE.accumulator : FINE.signal);

/** What one phase of a run was like: all phases after one another would look more spread than any. */
export interface PhaseSeen {
  /** Inputs, then targets, as delivered. */
  readonly rows: Spread;
  /** By layer, parameter by parameter, weights row by row and then biases. */
  readonly parameters: readonly (readonly Range[])[];
}

export interface Seen {
  /** Smallest and largest value of every site, zero among them. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** Gradients of each layer by magnitude: bin 0 zeros, bin k those of 2^(k − 1) to 2^k last places. */
  readonly gradients: readonly { readonly bins: readonly number[]; readonly fraction: number }[];
  readonly phases: readonly PhaseSeen[];
}

/** @param plan in fine formats */
export function observe(core: CoreExports, plan: Plan, dataset: Dataset): Seen {
  const session = new Session(core, plan, 'fixed', { chunk: 1, record: 'full' });
  const steps = planSteps(plan);
  const places = plan.layers.map(({ inputs, outputs }, layer) => (k: number) => 2 ** -plan.sites[siteKey(k < inputs * outputs ? 'weight' : 'bias', layer)]!.fractionLength);
  const spreads = plan.phases.map(() => new Spread(plan.data.inputs + plan.data.targets));
  const parameters = plan.phases.map(() => plan.layers.map(({ inputs, outputs, bias }) => Array.from({ length: outputs * (inputs + Number(bias)) }, (): [number, number] => [Infinity, -Infinity])));
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step === steps) break;
    if (!batch.unchanged) spreads[batch.phase]!.add(batch);
    widen(parameters[batch.phase]!, session, places);
    session.push(batch);
    session.finish();
    widen(parameters[batch.phase]!, session, places);
  }
  for (const batch of deliveries(plan, dataset)) if (batch.step < steps && !batch.unchanged) spreads[batch.phase]!.project(batch);
  const counters = session.counters();
  return {
    ranges: Object.fromEntries(Object.entries(counters).map(([key, { min = 0n, max = 0n }]) => {
      const place = 2 ** -plan.sites[key]!.fractionLength;
      return [key, [Math.min(0, Number(min) * place), Math.max(0, Number(max) * place)] as const];
    })),
    gradients: plan.layers.map((_, layer) => {
      const key = siteKey('gradient', layer);
      return { bins: counters[key]!.full!.histogram, fraction: plan.sites[key]!.fractionLength };
    }),
    phases: spreads.map((rows, phase) => ({ rows, parameters: parameters[phase]! })),
  };
}

function widen(ranges: readonly (readonly [number, number][])[], session: Session, places: readonly ((k: number) => number)[]): void {
  session.read('theta').forEach((values, layer) => values.forEach((raw, k) => {
    const range = ranges[layer]![k]!;
    const value = raw * places[layer]!(k);
    if (value < range[0]) range[0] = value;
    if (value > range[1]) range[1] = value;
  }));
}

/** The values of both. */
export const union = (a: Range, b: Range): Range => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
