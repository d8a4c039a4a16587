import { Type, type Static } from '@sinclair/typebox';
import { BOUND_METRICS } from '../check/bounds.js';
import { BaselineOptions, BaselineRun, Tolerances } from './baseline.js';
import { HELD_BY, Value } from './check.js';
import { StringEnum, strict } from './common.js';

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Text = Type.String();
const nullable = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });

/** A metric of a run with what it has to keep to. */
export const HeldMetric = strict({
  metric: StringEnum([...BOUND_METRICS, 'verdict.float', 'verdict.fixed'], 'metric'),
  recorded: Value,
  bound: Type.Union([Text, Type.Null()], { description: 'in words: at most 3; null where it is not bounded' }),
  why: Type.Optional(Type.String({ description: 'why the baseline allows that much' })),
});
export type HeldMetric = Static<typeof HeldMetric>;

/** What `qrails baseline show --json` prints: a baseline without its recorded sides. */
export const BaselineSummary = strict(
  {
    summary: Type.Literal(1, { description: 'version of this document' }),
    about: Type.Optional(Text),
    names: strict({ experiment: Text, profile: Text, sensor: Text }),
    seed: nullable('of the plan; null where the plan in the file states none'),
    options: BaselineOptions,
    comparison: Hash,
    tolerances: Tolerances,
    runs: Type.Array(
      strict({
        throttle: Text,
        anchor: Text,
        planHash: Hash,
        steps: Type.Integer({ minimum: 0 }),
        verdict: BaselineRun.properties.verdict,
        metrics: Type.Array(HeldMetric),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/baselineSummary.schema.json', title: 'qrails summary of a baseline' },
);
export type BaselineSummary = Static<typeof BaselineSummary>;

/** A place at which the two have different values; one that is not there is absent. */
export const Difference = strict({
  at: Type.String({ description: 'place: sites.layer0.weight.wordLength' }),
  a: Type.Optional(Type.Unknown()),
  b: Type.Optional(Type.Unknown()),
});
export type Difference = Static<typeof Difference>;

/** A recorded value that differs. */
export const Change = strict({
  metric: Type.String({ description: 'place in the run, as a check names it' }),
  heldBy: StringEnum(HELD_BY, 'what holds it in the first baseline, as in a check'),
  a: Value,
  b: Value,
  change: nullable('b minus a; of raws, in last places; null where there is no difference of numbers'),
  share: nullable('change as a share of the size of a; null where that is zero or no number'),
  allowed: Type.String({ description: 'by the first baseline, in words' }),
  used: nullable('how much of the room from a to what the first baseline allows the change takes up: 1 is the edge, below 0 it moved away; null where there is no room'),
  why: Type.Optional(Type.String({ description: 'why the first baseline allows that much' })),
  note: Type.Optional(Text),
});
export type Change = Static<typeof Change>;

const differences = (description: string) => Type.Array(Difference, { description });
const Plan = (whose: string) => differences(`fields of the plan ${whose} that changed`);
const EitherHash = Type.Union([Hash, Type.Null()]);

/** What `qrails baseline diff --json` prints. */
export const BaselineDiff = strict(
  {
    diff: Type.Literal(1, { description: 'version of this document' }),
    equal: Type.Boolean({ description: 'every list below is empty, and both have the same runs' }),
    comparison: strict({ a: Hash, b: Hash }),
    documents: differences('names of the documents and options of the comparison'),
    plan: Plan('all runs share'),
    requirements: differences('tolerances'),
    runs: Type.Array(
      strict({
        throttle: Text,
        anchor: Text,
        planHash: strict({ a: EitherHash, b: EitherHash }, { description: 'null where the baseline has no such run' }),
        plan: Plan('of its own'),
        requirements: differences('bounds'),
        changes: Type.Array(Change),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/baselineDiff.schema.json', title: 'qrails difference of two baselines' },
);
export type BaselineDiff = Static<typeof BaselineDiff>;
