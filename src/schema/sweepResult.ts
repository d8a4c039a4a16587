import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { VERDICTS, type VerdictName } from '../compare/thresholds.js';
import { described, Name, strict, StringEnum } from './common.js';
import type { AxisValue } from '../sweep/types.js';
import { GOALS, STATISTICS, SWEEP_NUMBERS, SWEEP_SIDES, TARGET_MEASURES } from './sweep.js';

/** Formats of the tables. */
export const TABLE_FORMATS = ['csv', 'ndjson', 'parquet', 'npy'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];
export const TABLES = ['runs', 'points'] as const;
export type TableName = (typeof TABLES)[number];

const count = Type.Integer({ minimum: 0 });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const nullable = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });

const Verdicts = strict(Object.fromEntries(VERDICTS.map((name) => [name, count])) as Record<VerdictName, typeof count>, { description: 'runs by verdict' });

const target = {
  measure: StringEnum(TARGET_MEASURES, 'a measure, or the share of the seeds that survive'),
  side: StringEnum(SWEEP_SIDES, 'which of the two runs'),
  statistic: nullable(StringEnum(STATISTICS, 'over the seeds'), 'null for survives'),
};

const RankedPoint = strict({
  point: described(count, 'number of the point'),
  values: Type.Array(Type.Unsafe<AxisValue>({ description: 'any JSON value' }), { description: 'in the order of axes' }),
  objectives: Type.Array(Type.Union([Type.Number(), Type.Null()]), { description: 'in the order of objectives; null is +∞' }),
});
export type RankedPoint = Static<typeof RankedPoint>;

const SweepError = strict({
  code: Type.String({ description: 'kind of error' }),
  message: Type.String(),
  runs: Type.Integer({ minimum: 1, description: 'that ended with it' }),
  first: described(count, 'first run that did'),
});
export type SweepError = Static<typeof SweepError>;

const Columns = Type.Array(strict({ name: Type.String(), about: Type.String() }), { description: 'columns of the table' });

/** What `qrails sweep --json` prints. */
export const SweepResult = strict(
  {
    sweepResult: Type.Literal(1, { description: 'version of this document' }),
    sweep: strict({
      name: Name,
      title: Type.String(),
      hash: described(Hash, 'of the specification and all that it refers to'),
      numbers: StringEnum(SWEEP_NUMBERS, 'what was run'),
      points: described(count, 'of the whole sweep'),
      seeds: strict({ first: count, count: Type.Integer({ minimum: 1 }) }),
    }),
    points: described(count, 'told of here: all, or those of a part'),
    runs: described(count, 'points · seeds'),
    axes: Type.Array(Type.String(), { description: 'headings, in the order of the values of a point' }),
    verdicts: strict({ float: nullable(Verdicts, 'null where float64 was not run'), fixed: nullable(Verdicts, 'null where the target was not run') }),
    failed: described(count, 'runs whose plan could not be made or run'),
    errors: strict({
      listed: Type.Array(SweepError, { description: 'in the order in which they first came' }),
      others: described(count, 'runs that failed with errors beyond those listed'),
    }),
    objectives: Type.Array(strict({ ...target, goal: StringEnum(GOALS, 'which way is better') }), { description: 'most important first' }),
    constraints: Type.Array(strict({ ...target, kind: StringEnum(['atMost', 'atLeast'] as const, 'which side of the limit is allowed'), limit: Type.Number() }), { description: 'one for each limit' }),
    feasible: described(count, 'points that keep to all constraints'),
    best: Type.Array(RankedPoint, { description: 'feasible points in the order of the first objective, equal ones in that of the next, and so on' }),
    front: nullable(
      strict({
        points: Type.Array(RankedPoint, { description: 'in the order of `best`; of points with the same objectives the first' }),
        cut: Type.Boolean({ description: 'whether the front goes on behind the last of them. Those that are here are of the front in any case' }),
      }),
      'feasible points that no other is as good as in all objectives and better than in one; null for fewer than two objectives',
    ),
    tables: strict({ runs: Columns, points: Columns } satisfies Record<TableName, TSchema>),
    files: Type.Array(
      strict({
        file: Type.String({ description: 'name in the folder' }), table: StringEnum(TABLES, 'what a row is'), format: StringEnum(TABLE_FORMATS, 'how it is written'),
        bytes: count, sha256: Hash,
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/sweepResult.schema.json', title: 'qrails sweep, its result' },
);
export type SweepResult = Static<typeof SweepResult>;
