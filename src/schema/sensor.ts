import { Type, type Static, type TProperties, type TSchema } from '@sinclair/typebox';
import { DETERMINISTIC_ROUNDINGS } from '../format/modes.js';
import { described, Source, StringEnum, header, strict } from './common.js';

/** Values of one replayed curve. */
export const LONGEST_CURVE = 65536;
/** Channels a sensor can address. */
export const MOST_CHANNELS = 65536;

const source = Type.Optional(Source);
const channelList = Type.Array(Type.Integer({ minimum: 0, maximum: MOST_CHANNELS - 1 }), {
  minItems: 1, maxItems: MOST_CHANNELS, uniqueItems: true, description: 'inputs it acts on',
});
const channels = Type.Optional(described(channelList, 'inputs it acts on; default all'));
const clock = (description: string) => Type.Integer({ minimum: 0, maximum: 1_000_000_000, description });
const steps = (description: string) => Type.Integer({ minimum: 1, maximum: 1_000_000_000, description });
const number = (description: string) => Type.Number({ description });

/** How a curve is followed between its values and past them. */
const playback = {
  every: Type.Optional(steps('steps from one value to the next; default 1')),
  interpolation: Type.Optional(StringEnum(['hold', 'linear'] as const, 'between two values: the first of them (default), or on the line between them')),
  end: Type.Optional(StringEnum(['hold', 'repeat'] as const, 'past the last value: held (default), or from the first again')),
};

/** Gains and offsets that are functions of the clock alone, or of clock and channel. `common` are the keys every one has. */
const laws = <T extends TProperties>(common: T) => [
  strict({ kind: Type.Literal('constant'), value: Type.Number(), ...common }),
  strict({ kind: Type.Literal('step'), at: clock('first step with the value'), value: number('before: gain 1, offset 0'), ...common }),
  strict({ kind: Type.Literal('temperature'), perDegree: number('gain 1 + k·(T − reference), offset k·(T − reference)'), ...common }),
  strict({
    kind: Type.Literal('ramp'), from: Type.Optional(number('until `at`; default gain 1, offset 0')), at: clock('last step with `from`'),
    steps: steps('from `from` to `value`, linear'), value: number('held from then on'), ...common,
  }),
  strict({ kind: Type.Literal('ageing'), rate: number('gain 1 + k·√(c/per), offset k·√(c/per)'), per: steps('steps after which it is k'), ...common }),
  strict({
    kind: Type.Literal('randomWalk'), stepSize: number('of a move up or down; gain 1 + the sum of the moves, offset their sum'),
    every: Type.Optional(steps('steps from one move to the next; default 1')), ...common,
  }),
  strict({ kind: Type.Literal('curve'), values: Type.Array(Type.Number(), { minItems: 1, maxItems: LONGEST_CURVE }), ...playback, ...common }),
] as const;

/** A curve read from a file when the sensor is loaded; it becomes a `curve`. */
const recorded = <T extends TProperties>(common: T) =>
  strict({
    kind: Type.Literal('recorded'),
    file: Type.String({ minLength: 1, maxLength: 1000, description: 'CSV, or NPY if it ends in .npy; path relative to the sensor file' }),
    column: Type.Optional(Type.Union([Type.String({ minLength: 1, maxLength: 200 }), Type.Integer({ minimum: 0, maximum: MOST_CHANNELS - 1 })], { description: 'heading, or number for NPY; default the only one' })),
    delimiter: Type.Optional(Type.String({ minLength: 1, maxLength: 1, description: 'of a CSV file; default ,' })),
    offset: Type.Optional(number('value = (cell − offset) × scale; default 0')),
    scale: Type.Optional(number('default 1')),
    ...playback,
    ...common,
  });

const acting = { channels, source };
const perChannel = strict({
  kind: Type.Literal('perChannel'),
  values: Type.Array(Type.Number(), { minItems: 1, maxItems: MOST_CHANNELS, description: 'one for each of `channels`' }),
  channels: Type.Optional(described(channelList, 'default 0, 1, … as many as there are values')),
  source,
});

/** One gain or offset as a function of the sensor's clock, in steps, and of the channel. */
export const Term = Type.Union([...laws(acting), perChannel]);
export type Term = Static<typeof Term>;
/** What moves the supply, in volts: every channel alike. */
const SupplyTerm = Type.Union([...laws({ source })]);

const temperature = strict(
  {
    reference: number('°C at which the sensor was calibrated'),
    from: number('°C when its clock starts'),
    to: number('°C after `steps`; in the middle of a cycle'),
    steps: steps('from `from` to `to`, or of a whole cycle'),
    kind: Type.Optional(StringEnum(['linear', 'triangle', 'sine'] as const, 'linear: `to` is held (default); triangle, sine: a cycle from `from` to `to` and back every `steps`')),
    source,
  },
  { description: 'temperature as a function of the clock' },
);

/** What a front end is made of, given what its terms may be. */
const parts = <T extends TSchema, S extends TSchema>(term: T, supplyTerm: S) => ({
  temperature: Type.Optional(temperature),
  gain: Type.Optional(Type.Array(term, { maxItems: 32 })),
  supply: Type.Optional(
    strict(
      {
        nominal: Type.Number({ exclusiveMinimum: 0, description: 'volts' }),
        terms: Type.Array(supplyTerm, { maxItems: 32, description: 'offsets in volts that are added to nominal' }),
        ratiometric: Type.Optional(Type.Boolean({ description: 'the converter takes the same supply as its reference, so nothing changes; default false' })),
        channels,
        source,
      },
      { description: 'supply of the sensing element: what it delivers is proportional to it' },
    ),
  ),
  offset: Type.Optional(Type.Array(term, { maxItems: 32 })),
  dead: Type.Optional(
    Type.Array(
      strict({ at: clock('first step without a signal'), value: Type.Optional(number('what is delivered in its place; default 0')), channels: channelList, source }),
      { maxItems: 32, description: 'elements that break' },
    ),
  ),
  noise: Type.Optional(
    strict({ standardDeviation: Type.Number({ minimum: 0 }), channels, source }, { description: 'additive, Gaussian, independent per sample and channel' }),
  ),
  adc: Type.Optional(
    strict({
      wordLength: Type.Integer({ minimum: 2, maximum: 32 }),
      signed: Type.Optional(Type.Boolean({ description: 'default false' })),
      fullScale: Type.Tuple([Type.Number(), Type.Number()], { description: 'real values of the first code and of the one after the last' }),
      rails: Type.Optional(Type.Tuple([Type.Number(), Type.Number()], { description: 'values the amplifier in front of it clips at; default none' })),
      rounding: Type.Optional(StringEnum(DETERMINISTIC_ROUNDINGS, 'default TRN')),
      source,
    }),
  ),
});

/** A sensor as a plan holds it: every curve with its values, nothing that is not arithmetic. */
export const SensorModel = strict(parts(Term, SupplyTerm));
export type SensorModel = Static<typeof SensorModel>;

export const Sensor = strict(
  {
    ...header,
    extends: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'a shipped sensor, or a path relative to this file' })),
    source,
    leavesOut: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { maxItems: 50 })),
    ...parts(Type.Union([...laws(acting), perChannel, recorded(acting)]), Type.Union([...laws({ source }), recorded({ source })])),
  },
  { $id: 'https://qrails.invalid/schema/sensor.schema.json', title: 'qrails sensor' },
);
export type Sensor = Static<typeof Sensor>;
