import { Type, type Static } from '@sinclair/typebox';
import { StringEnum, strict } from './common.js';

export const Value = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()], {
  description: 'raws as text; null where there is none or no finite one',
});
export type Value = Static<typeof Value>;
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const HELD_BY = ['run', 'plan', 'bound', 'fixed', 'float'] as const;

/** One value that moved, or that lies outside its bound. */
export const Moved = strict({
  throttle: Type.String(),
  anchor: Type.String(),
  heldBy: StringEnum(HELD_BY, 'run: it is there at all; plan: its hash; bound: float against fixed; fixed, float: the recorded values of a side'),
  metric: Type.String({ description: 'place in the run: fixed.finalWeightsRaw[0][1][2] is layer, output, input' }),
  recorded: Value,
  now: Value,
  allowed: Type.String({ description: 'in words: exact, ± 1.2e-9, at most 3' }),
  passed: Type.Boolean(),
  why: Type.Optional(Type.String({ description: 'why the baseline allows that much' })),
  note: Type.Optional(Type.String()),
});
export type Moved = Static<typeof Moved>;

/** What `qrails check --json` prints. */
export const Check = strict(
  {
    check: Type.Literal(1, { description: 'version of this document' }),
    passed: Type.Boolean(),
    held: Type.Integer({ minimum: 0, description: 'values held against the baseline' }),
    comparison: strict({ recorded: Hash, now: Hash }),
    changes: Type.Array(Type.String(), { description: 'what differs in documents and plan' }),
    rows: Type.Array(Moved, { description: 'what moved or failed; empty where nothing did' }),
  },
  { $id: 'https://qrails.invalid/schema/check.schema.json', title: 'qrails check' },
);
export type Check = Static<typeof Check>;
