import { Type, type Static } from '@sinclair/typebox';
import { StringEnum, strict } from './common.js';

/** A word of 64 bits as decimal text: a raw, a count, or in the reference the bits of a binary64 number. */
const Word = Type.String({ pattern: '^-?(0|[1-9][0-9]{0,18})$', description: 'word of 64 bits' });
const Words = Type.Array(Word, { maxItems: 16_777_216 });

/** What a run carries from one step to the next. */
export const RunState = strict(
  {
    state: Type.Literal(1, { description: 'version of this document' }),
    planHash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the plan the run belongs to' }),
    kind: StringEnum(['fixed', 'float'] as const, 'number system'),
    step: Type.Integer({ minimum: 0, description: 'steps done' }),
    values: Type.Record(Type.String({ pattern: '^[a-zA-Z]{1,40}$' }), Words, { description: 'parameters and what controllers keep, by field (docs/state.md)' }),
    sites: Type.Optional(
      Type.Record(Type.String({ maxLength: 60 }), Type.Record(Type.String({ pattern: '^[a-zA-Z]{1,40}$' }), Words), { description: 'counters of every site that counts; absent in the reference' }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/state.schema.json', title: 'qrails run state' },
);
export type RunState = Static<typeof RunState>;
