import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { BOUNDS, BOUND_METRICS, type BoundMetric, type Limit } from '../check/bounds.js';
import { VERDICTS } from '../compare/thresholds.js';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../control/registry.js';
import { FixedSide, FloatSide, SiteCounters } from './comparison.js';
import { described, LAST_SEED, MOST_STEPS, strict, StringEnum } from './common.js';

const Why = Type.String({ minLength: 1, maxLength: 1000, description: 'why it is allowed' });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, 64 hex digits' });
const Verdict = StringEnum(VERDICTS, 'verdict');
const throttle = StringEnum(THROTTLE_NAMES, 'throttle');
const anchor = StringEnum<string>(ANCHOR_NAMES, 'anchor');
const column = Type.String({ minLength: 1, maxLength: 200 });

/** A document by name or path; standard input could not be read again. */
const document = (what: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 1000, pattern: '^(?!-$)', description: `${what}: a shipped name, or a path relative to this file` }));

/** What was compared, so that it can be run again. */
export const BaselineOptions = strict({
  experiment: document('experiment'),
  profile: document('target'),
  sensor: document('sensor'),
  throttle: Type.Optional(Type.Array(throttle, { minItems: 1, maxItems: 100 })),
  anchor: Type.Optional(Type.Array(anchor, { minItems: 1, maxItems: 100 })),
  supervisor: Type.Optional(StringEnum<string>(SUPERVISOR_NAMES, 'supervisor')),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: LAST_SEED })),
  steps: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_STEPS })),
  set: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 10_000 }), { maxItems: 1000, description: 'path=value, applied in order' })),
  data: Type.Optional(
    strict({
      file: Type.String({ minLength: 1, maxLength: 1000, description: 'recording, a path relative to this file' }),
      inputs: Type.Array(column, { minItems: 1, maxItems: 4096 }),
      targets: Type.Array(column, { minItems: 1, maxItems: 4096 }),
    }),
  ),
});
export type BaselineOptions = Static<typeof BaselineOptions>;

/** How far a value may lie from the recorded one. */
export const Tolerance = strict({
  relative: Type.Number({ minimum: 0, maximum: 1, description: 'share of the recorded value; for weights, of the largest in the list' }),
  why: Why,
});
export type Tolerance = Static<typeof Tolerance>;

export const Tolerances = strict({
  fixed: Type.Optional(described(Tolerance, 'the fixed side against the recorded run; absent: its values are not held')),
  float: Type.Optional(described(Tolerance, 'the float side, and what the host measures in float64; absent: not held')),
});
export type Tolerances = Static<typeof Tolerances>;

/** One side of it is there: the one its metric has. */
export interface Bound {
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly why: string;
}

const forEachMetric = <T extends TSchema>(schema: (definition: { limit: Limit; about: string }) => T) =>
  Object.fromEntries(BOUND_METRICS.map((metric) => [metric, schema(BOUNDS[metric])])) as Record<BoundMetric, T>;

/** What float against fixed may come to, whatever was recorded. */
export const Bounds = strict({
  ...forEachMetric(({ limit, about }) => Type.Optional(Type.Unsafe<Bound>(strict({ [limit]: Type.Number(), why: Why }, { description: about })))),
  verdict: Type.Optional(
    strict(
      {
        float: Type.Optional(Type.Array(Verdict, { minItems: 1, uniqueItems: true })),
        fixed: Type.Optional(Type.Array(Verdict, { minItems: 1, uniqueItems: true })),
        why: Why,
      },
      { description: 'verdicts that pass' },
    ),
  ),
});
export type Bounds = Static<typeof Bounds>;

export const BaselineRun = strict({
  planHash: Hash,
  throttle,
  anchor,
  plan: Type.Record(Type.String(), Type.Unknown(), { description: 'what this run has of its own in its plan; read only to say what changed' }),
  verdict: strict({ float: Verdict, fixed: Verdict }),
  float: Type.Omit(FloatSide, ['curve'], { additionalProperties: false }),
  fixed: Type.Composite(
    [
      Type.Omit(FixedSide, ['curve', 'finalWeights', 'finalBiases', 'sites']),
      Type.Object({ sites: Type.Record(Type.String(), Type.Omit(SiteCounters, ['full'], { additionalProperties: false })) }),
    ],
    { additionalProperties: false },
  ),
  measured: strict(
    forEachMetric(({ about }) => Type.Union([Type.Number(), Type.Null()], { description: about })),
    { description: 'float against fixed, as recorded; null where there is no finite value' },
  ),
  bounds: Bounds,
});
export type BaselineRun = Static<typeof BaselineRun>;

/** A comparison that later ones are held against. Paths in it start from the folder it lies in. */
export const Baseline = strict(
  {
    $schema: Type.Optional(Type.String({ maxLength: 1000, description: 'for editors; not read' })),
    baseline: Type.Literal(1, { description: 'version of this document' }),
    about: Type.Optional(Type.String({ maxLength: 4000 })),
    options: BaselineOptions,
    comparison: described(Hash, 'SHA-256 of the comparison it was made from, as canonical JSON, without prescriptions'),
    names: strict({ experiment: Type.String(), profile: Type.String(), sensor: Type.String() }, { description: 'of the documents that were read' }),
    plan: Type.Record(Type.String(), Type.Unknown(), { description: 'the plan all runs share, long lists as their hash; read only to say what changed' }),
    tolerances: Tolerances,
    runs: Type.Array(BaselineRun, { minItems: 1, maxItems: 1000 }),
  },
  { $id: 'https://qrails.invalid/schema/baseline.schema.json', title: 'qrails baseline' },
);
export type Baseline = Static<typeof Baseline>;
