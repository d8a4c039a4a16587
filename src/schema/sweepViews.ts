import { Type, type Static } from '@sinclair/typebox';
import { described, strict } from './common.js';

const count = Type.Integer({ minimum: 0 });
const names = {
  sweep: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'hash of the sweep: its specification and every document and recording it refers to' }),
  name: Type.String(),
};

/** What `qrails sweep plan --json` prints. */
export const SweepPlan = strict(
  {
    sweepPlan: Type.Literal(1, { description: 'version of this document' }),
    ...names,
    points: described(count, 'combinations of values'),
    seeds: described(count, 'runs of every point'),
    firstSeed: count,
    runs: count,
    columns: Type.Array(Type.String(), { description: 'paths of the axes' }),
    first: Type.Array(Type.Array(Type.Any()), { description: 'values of the first points, one for each column' }),
    parts: strict({
      count: described(count, 'shards'),
      points: Type.Number({ description: 'points of a part, on average' }),
      block: described(count, 'points that are dealt together: a part has at most so many more than another'),
    }),
    journalBytes: described(count, 'of all journals together, at the most'),
  },
  { $id: 'https://qrails.invalid/schema/sweepPlan.schema.json', title: 'qrails sweep, planned' },
);
export type SweepPlan = Static<typeof SweepPlan>;

/** What `qrails sweep --shard i/n --json` prints. */
export const SweepPart = strict(
  {
    sweepPart: Type.Literal(1, { description: 'version of this document' }),
    ...names,
    part: Type.Tuple([Type.Integer({ minimum: 1 }), Type.Integer({ minimum: 1 })], { description: 'i of n' }),
    points: count,
    runs: described(count, 'in its journal, all of them'),
  },
  { $id: 'https://qrails.invalid/schema/sweepPart.schema.json', title: 'qrails sweep, a part of it done' },
);
export type SweepPart = Static<typeof SweepPart>;
