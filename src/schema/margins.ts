import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { PART_NAMES, QUANTITY_NAMES } from '../margins/registry.js';
import { SITE_NAMES } from '../site/sites.js';
import { described, runNames, strict, StringEnum } from './common.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const share = Type.Number({ minimum: 0, maximum: 1 });
const orNull = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });

const Count = {
  survived: count('seeds whose verdict is survives'), of: Type.Integer({ minimum: 1 }), low: described(share, 'Wilson interval of the share at 95 %'), high: share,
  refused: orNull(Type.String(), 'why the change cannot be planned, where that is why nothing survives'),
};

/** One end of a bracket. */
const End = strict({ value: Type.Number(), set: Type.Array(Type.String(), { description: 'assignments that were run, as --set takes them' }), ...Count });
export type MarginEnd = Static<typeof End>;

const bracket = {
  survivesAt: orNull(End, 'the last value that survives; null where none that was tried does'),
  failsAt: orNull(End, 'the next value tried, which does not; null where nothing fails up to survivesAt, where the scan ended'),
  again: Type.Array(Type.Number(), { description: 'values of the coarse scan beyond failsAt that survive all the same: survival does not end once' }),
};

const Seeds = strict({
  values: Type.Array(orNull(Type.Number(), 'null where it survives nowhere'), { description: 'of every seed for itself, the first first: the last value that survives, on the same line' }),
  median: orNull(Type.Number(), 'null where it is of a seed that survives nowhere'), low: orNull(Type.Number(), 'smallest'), high: orNull(Type.Number(), 'largest'),
});
export type MarginSeeds = Static<typeof Seeds>;
const bySeed = orNull(Seeds, 'survivesAt of every seed alone; null for one seed, where every seed gives the same run, or nothing survives');

const Quantity = strict({
  name: StringEnum(QUANTITY_NAMES, 'what is changed'), sense: StringEnum(['largest', 'smallest'] as const, 'which end of survival'), label: Type.String(), now: Type.Number({ description: 'value as it is' }),
  term: orNull(Type.Number(), "gain: the value of the sensor's one gain term, which value scales"), ...bracket, bySeed,
});
export type MarginQuantity = Static<typeof Quantity>;

const Word = strict({
  site: StringEnum(SITE_NAMES, 'site, in all layers'), followers: Type.Array(Type.String(), { description: 'keys of sites whose formats change with it by fallback' }),
  outputs: Type.Boolean({ description: 'target, error or loss is among these: who survives is read off the outputs, in place of the loss that the target rounds' }),
  format: described(Type.String(), 'of the first layer'), wordLength: Type.Integer({ description: 'as it is' }),
  part: StringEnum(PART_NAMES, 'what the bits are taken from'), ...bracket, bySeed,
});
export type MarginWord = Static<typeof Word>;

const Direction = strict({ direction: Type.Array(Type.Number(), { description: 'unit vector d, one number for each input' }), ...bracket });
export type MarginDirection = Static<typeof Direction>;

/** What `qrails margins --json` prints. */
export const Margins = strict(
  {
    margins: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'of the plan of the first seed' }),
      ...runNames, throttle: Type.String(), anchor: Type.String(), steps: count('steps'), first: count('first seed; the others follow one by one'), seeds: Type.Integer({ minimum: 1 }),
    }),
    share: described(share, 'a point survives where at least this share of the seeds does'),
    needed: count('that is so many seeds'),
    tolerance: Type.Number({ description: 'a bracket is closed where its larger end is within this share of the smaller' }),
    now: strict({ survives: Type.Boolean(), same: Type.Boolean({ description: 'every seed gave the same run: intervals over seeds say nothing' }), ...Count }),
    sensorOn: Type.Boolean({ description: 'false: no phase has the sensor on; for gain, offset, noise and drift all phases have' }),
    quantities: Type.Array(Quantity),
    words: Type.Array(Word, { description: 'word lengths of one site at a time' }),
    drift: orNull(strict({ channels: count('inputs'), tried: Type.Array(Direction, { description: 'gains 1 + ε·d, value is ε; worst first, the others bracketed no further than the worst; none where the plan does not survive without drift' }) }), 'null where it was not looked for'),
    runs: count('runs made'),
  },
  { $id: 'https://qrails.invalid/schema/margins.schema.json', title: 'qrails margins' },
);
export type Margins = Static<typeof Margins>;
