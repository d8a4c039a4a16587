import { Type, type Static } from '@sinclair/typebox';
import { SPACINGS } from '../map/axis.js';
import { SWEEP_MEASURE_NAMES, type SweepMeasureName } from '../sweep/measures.js';
import type { AxisValue } from '../sweep/types.js';
import { LAST_SEED, header, strict, StringEnum } from './common.js';

export const MOST_AXES = 32;
/** Values of a list. */
export const MOST_LISTED = 100_000;
/** Values of a grid, and times the drawn axes are drawn. */
export const MOST_SAMPLES = 1e12;
export const MOST_SEEDS = 1_000_000;

/** How a drawn axis is drawn. */
export const DRAWS = ['random', 'latin-hypercube'] as const;
/** What is run of every point. */
export const SWEEP_NUMBERS = ['both', 'fixed', 'float64'] as const;
export type SweepNumbers = (typeof SWEEP_NUMBERS)[number];
export const SWEEP_SIDES = ['fixed', 'float'] as const;
export type SweepSide = (typeof SWEEP_SIDES)[number];
/** How the runs of a point, one a seed, become one figure. */
export const STATISTICS = ['median', 'mean', 'worst', 'best'] as const;
export type Statistic = (typeof STATISTICS)[number];
export const GOALS = ['minimise', 'maximise'] as const;
export type Goal = (typeof GOALS)[number];
/** A measure, or the share of the seeds whose verdict is `survives`. */
export const TARGET_MEASURES = [...SWEEP_MEASURE_NAMES, 'survives'] as readonly (SweepMeasureName | 'survives')[];
export type TargetMeasure = (typeof TARGET_MEASURES)[number];

const Path = Type.String({ minLength: 1, maxLength: 500, description: 'as --set takes it (experiment.phases[0].learningRate), or experiment, profile, sensor, throttle, anchor, supervisor or steps as a whole' });
const Value = Type.Unsafe<AxisValue>({ description: 'any JSON value' });
const Name = Type.String({ minLength: 1, maxLength: 500, description: 'as the option of `qrails compare` takes it; a path starts from the file of the sweep' });
const number = (description: string) => Type.Number({ description });

const bounds = {
  from: number('lowest value'),
  to: number('highest value'),
  spacing: Type.Optional(StringEnum(SPACINGS, 'lin: equal differences (default); log: equal ratios')),
};

/** Takes the values of a list, in its order. */
export const ListAxis = strict({ path: Path, values: Type.Array(Value, { minItems: 1, maxItems: MOST_LISTED }) });
export type ListAxis = Static<typeof ListAxis>;

/** Several paths that take the rows of a table. */
export const TableAxis = strict({
  paths: Type.Array(Path, { minItems: 1, maxItems: MOST_AXES, description: 'vary together' }),
  values: Type.Array(Type.Array(Value, { description: 'one value for each path' }), { minItems: 1, maxItems: MOST_LISTED }),
});
export type TableAxis = Static<typeof TableAxis>;

/** Takes values spaced evenly, ends included. */
export const GridAxis = strict({ path: Path, ...bounds, count: Type.Integer({ minimum: 2, maximum: MOST_SAMPLES, description: 'values, with both ends' }) });
export type GridAxis = Static<typeof GridAxis>;

/** Takes a value of its own in every sample. */
export const DrawnAxis = strict({
  path: Path, ...bounds,
  draw: StringEnum(DRAWS, 'random: independent values; latin-hypercube: one value in each of as many equal parts as there are samples'),
  integer: Type.Optional(Type.Boolean({ description: 'whether integers are drawn, both bounds included; default false' })),
});
export type DrawnAxis = Static<typeof DrawnAxis>;

export const Axis = Type.Union([ListAxis, TableAxis, GridAxis, DrawnAxis]);
export type Axis = Static<typeof Axis>;

const quantity = {
  measure: StringEnum(TARGET_MEASURES, 'a measure of a run, or the share of the seeds that survive'),
  side: Type.Optional(StringEnum(SWEEP_SIDES, 'which of the two runs; default fixed, float where only float64 is run')),
  statistic: Type.Optional(StringEnum(STATISTICS, 'over the seeds of a point; default median. Not for survives')),
};
const Objective = strict({ ...quantity, goal: StringEnum(GOALS, 'which way is better') });
export type Objective = Static<typeof Objective>;

const Constraint = strict({ ...quantity, atMost: Type.Optional(number('largest value allowed')), atLeast: Type.Optional(number('smallest value allowed')) });
export type Constraint = Static<typeof Constraint>;

/** What `qrails sweep` takes. docs/sweep.md. */
export const Sweep = strict(
  {
    ...header,
    base: Type.Optional(
      strict(
        {
          experiment: Type.Optional(Name), profile: Type.Optional(Name), sensor: Type.Optional(Name),
          throttle: Type.Optional(Name), anchor: Type.Optional(Name), supervisor: Type.Optional(Name),
          steps: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'in all' })),
          set: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 10_000 }), { maxItems: 1000, description: 'path=value, applied in order, before the axes' })),
        },
        { description: 'what every point starts from; the defaults are those of `qrails compare`, throttle and anchor those of the experiment' },
      ),
    ),
    axes: Type.Array(Axis, { maxItems: MOST_AXES, description: 'the last list or grid runs fastest, the samples of the drawn axes slowest' }),
    samples: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_SAMPLES, description: 'times the drawn axes are drawn; given exactly where there are some' })),
    sampleSeed: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'draws the drawn axes; default 1' })),
    seeds: Type.Optional(
      strict(
        {
          first: Type.Optional(Type.Integer({ minimum: 0, maximum: LAST_SEED, description: 'the others follow one by one; default the seed of the experiment' })),
          count: Type.Integer({ minimum: 1, maximum: MOST_SEEDS }),
        },
        { description: 'every point is run under each of them; default one, the seed of the experiment' },
      ),
    ),
    numbers: Type.Optional(StringEnum(SWEEP_NUMBERS, 'what is run of every point; default both')),
    objectives: Type.Optional(Type.Array(Objective, { minItems: 1, maxItems: 16, description: 'what makes one point better than another, most important first' })),
    constraints: Type.Optional(Type.Array(Constraint, { minItems: 1, maxItems: 16, description: 'what a point has to keep to' })),
  },
  { $id: 'https://qrails.invalid/schema/sweep.schema.json', title: 'qrails sweep' },
);
export type Sweep = Static<typeof Sweep>;
