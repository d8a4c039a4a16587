import { Type, type Static } from '@sinclair/typebox';
import { ROUNDINGS } from '../format/modes.js';
import { described, runNames, strict, StringEnum } from './common.js';

const count = Type.Integer({ minimum: 0 });
const Value = Type.Union([Type.Number(), Type.Null()]);

/** A median over the seeds with its interval. */
const Median = strict({ median: Value, low: Value, high: Value }, { description: 'median over the seeds and the ends of its interval, which one seed does not have; null is not finite' });
export type BudgetMedian = Static<typeof Median>;

const Cost = strict({
  lossDb: described(Median, '10·log10 of the final loss over that of float64, seed by seed'),
  weightErrorDb: Type.Union([described(Median, '20·log10 of ‖W − W_ref‖ over that of float64'), Type.Null()], { description: 'null without a reference: one linear layer has one' }),
  loss: described(Median, 'final loss: Σ(ŷ − y)²/2B of the evaluation batch, y as it is'),
  excess: described(Median, 'final loss less that of float64'),
});
export type BudgetCost = Static<typeof Cost>;

const Site = strict({
  key: Type.String(),
  format: Type.String(),
  rounding: StringEnum(ROUNDINGS, 'of the target'),
  rounds: described(count, 'values it rounds in a run of the first seed with all sites rounding'),
  alone: described(Cost, 'this site rounds, all others are exact'),
  withoutIt: described(Cost, 'all sites round but this'),
  roundings: Type.Array(strict({ rounding: StringEnum(ROUNDINGS, 'mode'), lossDb: Median }), { description: 'this site alone, with each rounding' }),
});
export type BudgetSite = Static<typeof Site>;

const Pair = strict({
  sites: Type.Tuple([Type.String(), Type.String()]),
  apart: Type.Number({ description: 'sum of the median excess losses of the two alone' }),
  together: Value,
  kind: StringEnum(['worse together', 'better together'] as const, 'which way they do not add up'),
});
export type BudgetPair = Static<typeof Pair>;

/** What `qrails budget --json` prints. */
export const ErrorBudget = strict(
  {
    budget: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the plan of the first seed' }),
      ...runNames, throttle: Type.String(), anchor: Type.String(), steps: count,
      first: described(count, 'first seed; the others follow one by one'), seeds: Type.Integer({ minimum: 1 }),
    }),
    float: described(Median, 'final loss of float64'),
    all: described(Cost, 'all sites round: the target, but for what docs/numerics.md §9.1 leaves exact'),
    sites: Type.Array(Site, { description: 'by what they cost alone, dearest first' }),
    sum: Type.Number({ description: 'sum of the median excess losses of all sites alone; where it is not that of all together, they do not add up' }),
    pairs: Type.Array(Pair, { description: 'pairs among the dearest sites whose excess losses do not add up' }),
  },
  { $id: 'https://qrails.invalid/schema/budget.schema.json', title: 'qrails error budget' },
);
export type ErrorBudget = Static<typeof ErrorBudget>;
