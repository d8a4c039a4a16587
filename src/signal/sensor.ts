/** The analogue front end between a prepared sample and the chip: docs/numerics.md §4, with the terms of docs/sensors.md. */
import { QrailsError } from '../errors.js';
import type { Plan } from '../schema/plan.js';
import type { Term } from '../schema/sensor.js';
import { createConverter } from './converter.js';
import { normal } from './normal.js';
import { randomStream } from './random.js';

type SensorModel = Plan['sensor'];
type Temperature = NonNullable<SensorModel['temperature']>;

export interface FrontEnd {
  /**
   * True if a sample is delivered alike at both clocks: there is no noise, and every gain and offset is equal.
   * Clocks are steps, integers ≥ 0.
   */
  isStatic(clock: number, other: number): boolean;
  /**
   * Writes what the chip is given for one sample: `inputs` prepared values from `samples[from]` on, to `delivered[to]` on.
   * With noise every call draws; call in delivery order.
   *
   * @throws QrailsError `data` where a delivered value is not finite
   */
  deliver(samples: Float64Array, from: number, clock: number, delivered: Float64Array, to: number): void;
  /** Draws the noise of this many samples without delivering them. */
  skip(samples: number): void;
}

/** Gain or offset while a term does nothing yet. */
type Kind = 'gain' | 'offset';
const NEUTRAL = { gain: 1, offset: 0 } as const satisfies Record<Kind, number>;

/** Temperature in °C at a clock: linear from `from` to `to`, then held. */
function temperatureAt({ from, to, steps }: Temperature, clock: number): number {
  return from + (to - from) * (Math.min(clock, steps) / steps);
}

function termAt(term: Term, kind: Kind, temperature: Temperature | undefined, clock: number): number {
  switch (term.kind) {
    case 'constant':
      return term.value;
    case 'step':
      return clock >= term.at ? term.value : NEUTRAL[kind];
    case 'temperature': {
      const change = term.perDegree * (temperatureAt(temperature!, clock) - temperature!.reference);
      return kind === 'gain' ? 1 + change : change;
    }
  }
}

/** The channels a part acts on, ascending; refuses those that do not exist. */
function channelsOf(listed: readonly number[] | undefined, inputs: number, where: string): Uint32Array {
  if (listed === undefined) return Uint32Array.from({ length: inputs }, (_, channel) => channel);
  const index = listed.findIndex((channel) => channel >= inputs);
  if (index >= 0) {
    throw new QrailsError({
      code: 'invalid', where: `sensor: ${where}.channels[${index}]`, message: 'there is no such input channel',
      found: `${listed[index]}`, expected: inputs === 1 ? '0 (the data has 1 input)' : `0 to ${inputs - 1} (the data has ${inputs} inputs)`,
    });
  }
  return Uint32Array.from(listed).sort();
}

/** All gain terms, or all offset terms, of a sensor with their values at the clock last asked for. */
function createTerms(kind: Kind, { [kind]: terms = [], temperature }: SensorModel, inputs: number) {
  const channels = terms.map((term, index) => channelsOf(term.channels, inputs, `${kind}[${index}]`));
  terms.forEach((term, index) => {
    const where = `sensor: ${kind}[${index}]`;
    if (term.kind === 'temperature' && temperature === undefined) {
      throw new QrailsError({
        code: 'invalid', where, message: 'a temperature term needs to know the temperature',
        try: 'a block "temperature" with reference, from, to and steps, or a term of another kind',
      });
    }
    // A term is constant, one step, or linear and then held: its extremes are at its ends.
    const ends = [0, term.kind === 'step' ? term.at : (temperature?.steps ?? 0)].map((clock) => termAt(term, kind, temperature, clock));
    if (!ends.every(Number.isFinite)) {
      throw new QrailsError({
        code: 'invalid', where, message: `this ${kind} leaves the range of numbers`, found: ends.join(' … '),
        expected: 'a finite value at every clock',
      });
    }
  });

  const values = new Float64Array(terms.length);
  let valuesAt = -1;
  return {
    channels,
    at(clock: number): Float64Array {
      if (clock !== valuesAt) {
        for (let k = 0; k < terms.length; k++) values[k] = termAt(terms[k]!, kind, temperature, clock);
        valuesAt = clock;
      }
      return values;
    },
    equal: (clock: number, other: number): boolean =>
      terms.every((term) => termAt(term, kind, temperature, clock) === termAt(term, kind, temperature, other)),
  };
}

/**
 * Builds the front end of a plan: gains, offsets, noise, ADC, in this order, each operation rounded to binary64 once.
 *
 * @param sensor a validated sensor; `{}` delivers samples as they are
 * @param inputs channels of a sample
 * @param seed draws the noise
 * @throws QrailsError `invalid`: a channel that is not there, a temperature term without a temperature, a gain or offset that is not
 *   finite, an ADC that cannot be built
 * @example createFrontEnd({ gain: [{ kind: 'constant', value: 4 }] }, 8, 42).deliver(samples, 0, 0, delivered, 0)
 */
export function createFrontEnd(sensor: SensorModel, inputs: number, seed: number): FrontEnd {
  const gain = createTerms('gain', sensor, inputs);
  const offset = createTerms('offset', sensor, inputs);
  const deviation = sensor.noise?.standardDeviation ?? 0;
  const noisy = deviation > 0 ? channelsOf(sensor.noise?.channels, inputs, 'noise') : new Uint32Array(0);
  const stream = randomStream(seed, 'noise');
  const convert = sensor.adc && createConverter(sensor.adc);

  return {
    isStatic: (clock, other) => noisy.length === 0 && (clock === other || (gain.equal(clock, other) && offset.equal(clock, other))),

    skip(samples) {
      for (let draws = samples * noisy.length; draws > 0; draws--) normal(stream);
    },

    deliver(samples, from, clock, delivered, to) {
      for (let i = 0; i < inputs; i++) delivered[to + i] = samples[from + i]!;

      const gains = gain.at(clock);
      for (let k = 0; k < gains.length; k++) {
        for (const channel of gain.channels[k]!) delivered[to + channel]! *= gains[k]!;
      }
      const offsets = offset.at(clock);
      for (let k = 0; k < offsets.length; k++) {
        for (const channel of offset.channels[k]!) delivered[to + channel]! += offsets[k]!;
      }
      for (const channel of noisy) delivered[to + channel]! += deviation * normal(stream);

      for (let i = 0; i < inputs; i++) {
        const v = delivered[to + i]!;
        if (!Number.isFinite(v)) {
          throw new QrailsError({
            code: 'data', where: `sensor: channel ${i} at clock ${clock}`, message: 'the front end delivers a value that is not a finite number',
            found: `${samples[from + i]} became ${v}`, try: 'smaller gains and offsets, or scale the data',
          });
        }
        if (convert !== undefined) delivered[to + i] = convert(v);
      }
    },
  };
}
