import { Type, type Static } from '@sinclair/typebox';
import { DETERMINISTIC_ROUNDINGS } from '../format/modes.js';
import { Source, StringEnum, header, strict } from './common.js';

const channels = Type.Optional(
  Type.Array(Type.Integer({ minimum: 0, maximum: 65535 }), { minItems: 1, maxItems: 65536, uniqueItems: true, description: 'inputs it acts on; default all' }),
);
const clock = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });

/** One gain or offset as a function of the sensor's clock, in steps. */
export const Term = Type.Union([
  strict({ kind: Type.Literal('constant'), value: Type.Number(), channels, source: Type.Optional(Source) }),
  strict({ kind: Type.Literal('step'), at: clock, value: Type.Number({ description: 'before: gain 1, offset 0' }), channels, source: Type.Optional(Source) }),
  strict({ kind: Type.Literal('temperature'), perDegree: Type.Number({ description: 'gain 1 + k·(T − reference), offset k·(T − reference)' }), channels, source: Type.Optional(Source) }),
]);
export type Term = Static<typeof Term>;

export const Sensor = strict(
  {
    ...header,
    extends: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'a shipped sensor, or a path relative to this file' })),
    source: Type.Optional(Source),
    leavesOut: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 500 }), { maxItems: 50 })),
    temperature: Type.Optional(
      strict(
        {
          reference: Type.Number({ description: '°C at which the sensor was calibrated' }),
          from: Type.Number({ description: '°C when its clock starts' }),
          to: Type.Number({ description: '°C reached after `steps`, held from then on' }),
          steps: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
          source: Type.Optional(Source),
        },
        { description: 'temperature, linear in the clock' },
      ),
    ),
    gain: Type.Optional(Type.Array(Term, { maxItems: 32 })),
    offset: Type.Optional(Type.Array(Term, { maxItems: 32 })),
    noise: Type.Optional(
      strict({ standardDeviation: Type.Number({ minimum: 0 }), channels, source: Type.Optional(Source) }, { description: 'additive, Gaussian, independent per sample and channel' }),
    ),
    adc: Type.Optional(
      strict({
        wordLength: Type.Integer({ minimum: 2, maximum: 32 }),
        signed: Type.Optional(Type.Boolean({ description: 'default false' })),
        fullScale: Type.Tuple([Type.Number(), Type.Number()], { description: 'real values of the first code and of the one after the last' }),
        rounding: Type.Optional(StringEnum(DETERMINISTIC_ROUNDINGS, 'default TRN')),
        source: Type.Optional(Source),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/sensor.schema.json', title: 'qrails sensor' },
);
export type Sensor = Static<typeof Sensor>;
