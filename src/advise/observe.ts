/** One run in fine formats, looked at after every step: values of sites, gradients, parameters, and how deliveries are spread. */
import type { CoreExports } from '../core/load.js';
import { Session } from '../core/session.js';
import { planSteps } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import { deliveries } from '../signal/delivery.js';
import { siteKey, siteName, SITES } from '../site/sites.js';
import type { Dataset } from '../signal/dataset.js';
import { Spread } from './spread.js';
import { type Width } from './design.js';

export type Range = readonly [low: number, high: number];

/** Fine formats, to see what values there are: fraction bits of signals and of sums. */
const FINE = { signal: { whole: 14, fraction: 18 }, accumulator: { whole: 26, fraction: 32 } } as const;

/** The format of a site in such a run. */
export const fine = (key: string): Width => (SITES[siteName(key)].kind === 'accumulator' ? FINE.accumulator : FINE.signal);

/** What one phase of a run was like: all phases after one another would look more spread than any. */
export interface PhaseSeen {
  /** Inputs, then targets, as delivered. */
  readonly rows: Spread;
  /** Parameters by stretch of the phase, each twice as long as the one before, and layer: weights row by row and then biases. They move most at first. */
  readonly stretches: readonly (readonly (readonly Range[])[])[];
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
  const none = (): [number, number][][] => plan.layers.map(({ inputs, outputs, bias }) => Array.from({ length: outputs * (inputs + Number(bias)) }, (): [number, number] => [Infinity, -Infinity]));
  const stretches = plan.phases.map(({ steps: own }) => Array.from({ length: stretchAt(Math.max(0, own - 1)) + 1 }, none));
  const began = plan.phases.map((_, phase) => plan.phases.slice(0, phase).reduce((sum, { steps: own }) => sum + own, 0));
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step === steps) break;
    if (!batch.unchanged) spreads[batch.phase]!.add(batch);
    const parameters = stretches[batch.phase]![stretchAt(batch.step - began[batch.phase]!)]!;
    widen(parameters, session, places);
    session.push(batch);
    session.finish();
    widen(parameters, session, places);
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
    phases: spreads.map((rows, phase) => ({ rows, stretches: stretches[phase]! })),
  };
}

/** The stretch a step of a phase is in. */
const stretchAt = (step: number): number => Math.floor(Math.log2(step + 1));

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
