/** What one plan costs on one target: operations, widths and memory of a step. docs/cost.md. */
import { hashJson } from '../plan/hash.js';
import { PHASES, type Cost, type Operations } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import { memoryOf } from './memory.js';
import { productCosts, sumCosts } from './widths.js';
import { largestBatch, type Work } from './rows.js';
import { stepWork } from './work.js';

const sum = <T>(list: readonly T[], of: (entry: T) => number): number => list.reduce((total, entry) => total + of(entry), 0);

/** The operations of some rows together. */
export const operationsOf = (rows: readonly Work[]): Operations => ({
  multiplications: sum(rows, ({ products }) => sum(products, ({ count }) => count)),
  additions: sum(rows, ({ additions }) => additions),
  comparisons: sum(rows, ({ comparisons }) => comparisons),
  divisions: sum(rows, ({ divisions }) => sum(divisions, ({ count }) => count)),
  roots: sum(rows, ({ roots }) => roots),
  quantisations: sum(rows, ({ quantisations }) => quantisations),
});

/**
 * Operations, widths and memory of the largest step of a plan in its steady state. Everything follows from the plan; of the profile only its name and `hardware` are read.
 *
 * @param plan made for the profile
 * @throws QrailsError `unsupported` for a plan that needs more than 127 bits
 * @example cost(plan, profile).total.multiplications
 */
export function cost(plan: Plan, profile: Profile): Cost {
  const { name, title = name, hardware } = profile;
  const batch = largestBatch(plan);
  const work = stepWork(plan, batch);
  const steady = work.filter(({ when }) => when === 'step');
  const products = productCosts(work, hardware ?? {});
  return {
    target: name, title, planHash: hashJson(plan), batch,
    parameters: sum(plan.layers, ({ inputs, outputs, bias }) => outputs * (inputs + Number(bias))),
    divide: plan.divide.method,
    hardware: hardware ? { ...(hardware.multiplier && { multiplier: hardware.multiplier }), ...(hardware.accumulator && { accumulator: hardware.accumulator }) } : null,
    operations: work.map((row) => ({ site: row.site, phase: row.phase, when: row.when, ...operationsOf([row]) })),
    phases: Object.fromEntries(PHASES.map((phase) => [phase, operationsOf(steady.filter((row) => row.phase === phase))])) as Cost['phases'],
    total: operationsOf(steady),
    passes: hardware?.multiplier ? sum(products.filter(({ when }) => when === 'step'), ({ count, passes }) => count * passes!) : null,
    products,
    divisions: steady.flatMap(({ site, divisions }) => divisions.map((division) => ({ site, ...division }))),
    sums: sumCosts(plan, work, batch, hardware ?? {}),
    memory: memoryOf(plan),
  };
}
