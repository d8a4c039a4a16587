/** The analogue front end between a prepared sample and the chip: docs/numerics.md §4, with the terms of docs/sensors.md. */
import { QrailsError } from '../errors.js';
import type { SensorModel } from '../schema/sensor.js';
import { createConverter } from './converter.js';
import { sensorModel, type SensorParts } from './model.js';
import { normal } from './normal.js';
import { randomStream } from './random.js';
import { channelsOf, createTerms, type Terms } from './terms.js';

export interface FrontEnd {
  /**
   * True if a sample is delivered alike at both clocks: there is no noise, and every part is equal.
   * Clocks are steps, integers ≥ 0.
   */
  isStatic(clock: number, other: number): boolean;
  /**
   * Writes what the chip is given for samples: `inputs` prepared values of each, from `samples[from]` on and every `stride`, to `delivered[to]` on.
   * With noise every call draws; call in delivery order.
   *
   * @param count samples; default 1
   * @throws QrailsError `data` where a delivered value is not finite
   */
  deliver(samples: Float64Array, from: number, clock: number, delivered: Float64Array, to: number, count?: number, stride?: number): void;
  /** Draws the noise of this many samples without delivering them. */
  skip(samples: number): void;
}

/** Volts of the supply ÷ nominal volts; undefined where it changes nothing. */
function createSupply(sensor: SensorModel, seed: number) {
  const { supply } = sensor;
  if (supply === undefined) return undefined;
  const terms: Terms = createTerms('supply.terms', supply.terms, sensor, 1, seed);
  if (supply.ratiometric === true) return undefined;
  const { nominal } = supply;
  return {
    at(clock: number): number {
      let volts = nominal;
      for (const [change] of terms.at(clock)) volts += change!;
      return volts / nominal;
    },
    same: (clock: number, other: number): boolean => terms.same(clock, other),
  };
}

/**
 * Builds the front end of a plan: gains, supply, offsets, dead elements, noise, ADC, in this order, each operation rounded to binary64 once.
 *
 * @param sensor a validated sensor; `{}` delivers samples as they are
 * @param inputs channels of a sample
 * @param seed draws random walks and noise
 * @throws QrailsError `invalid`: a channel that is not there, a temperature term without a temperature, a recorded term that was not read, a
 *   value that is not finite, an ADC that cannot be built
 * @example createFrontEnd({ gain: [{ kind: 'constant', value: 4 }] }, 8, 42).deliver(samples, 0, 0, delivered, 0)
 */
export function createFrontEnd(sensor: SensorParts, inputs: number, seed: number): FrontEnd {
  const model = sensorModel(sensor);
  const gain = createTerms('gain', model.gain ?? [], model, inputs, seed);
  const offset = createTerms('offset', model.offset ?? [], model, inputs, seed);
  const supply = createSupply(model, seed);
  const supplied = channelsOf(model.supply?.channels, inputs, 'supply.channels');
  const dead = (model.dead ?? []).map(({ at, value = 0, channels }, index) => ({ at, value, channels: channelsOf(channels, inputs, `dead[${index}].channels`) }));
  const deviation = model.noise?.standardDeviation ?? 0;
  const noisy = deviation > 0 ? channelsOf(model.noise?.channels, inputs, 'noise.channels') : new Uint32Array(0);
  const stream = noisy.length > 0 ? randomStream(seed, 'noise') : undefined;
  const convert = model.adc && createConverter(model.adc);

  return {
    // Asked for at every step: makes nothing.
    isStatic(clock, other) {
      if (stream) return false;
      if (clock === other) return true;
      for (const { at } of dead) if ((clock < at) !== (other < at)) return false;
      return gain.same(clock, other) && offset.same(clock, other) && supply?.same(clock, other) !== false;
    },

    skip(samples) {
      if (stream) for (let draws = samples * noisy.length; draws > 0; draws--) normal(stream);
    },

    deliver(samples, from, clock, delivered, to, count = 1, stride = inputs) {
      const end = to + count * inputs;
      for (let row = 0; row < count; row++) for (let i = 0; i < inputs; i++) delivered[to + row * inputs + i] = samples[from + row * stride + i]!;

      const gains = gain.at(clock);
      for (let k = 0; k < gains.length; k++) {
        const channels = gain.channels[k]!, values = gains[k]!;
        for (let at = to; at < end; at += inputs) for (let i = 0; i < channels.length; i++) delivered[at + channels[i]!]! *= values[i]!;
      }
      if (supply !== undefined) {
        const ratio = supply.at(clock);
        for (let at = to; at < end; at += inputs) for (const channel of supplied) delivered[at + channel]! *= ratio;
      }
      const offsets = offset.at(clock);
      for (let k = 0; k < offsets.length; k++) {
        const channels = offset.channels[k]!, values = offsets[k]!;
        for (let at = to; at < end; at += inputs) for (let i = 0; i < channels.length; i++) delivered[at + channels[i]!]! += values[i]!;
      }
      for (const { at: dies, value, channels } of dead) {
        if (clock >= dies) for (let at = to; at < end; at += inputs) for (const channel of channels) delivered[at + channel] = value;
      }
      if (stream) for (let at = to; at < end; at += inputs) for (const channel of noisy) delivered[at + channel]! += deviation * normal(stream);

      for (let at = to; at < end; at++) {
        const v = delivered[at]!;
        if (!Number.isFinite(v)) {
          const row = Math.floor((at - to) / inputs), channel = (at - to) % inputs;
          throw new QrailsError({
            code: 'data', where: `sensor: channel ${channel} at clock ${clock}`, message: 'the front end delivers a value that is not a finite number',
            found: `${samples[from + row * stride + channel]} became ${v}`, try: 'smaller gains and offsets, or scale the data',
          });
        }
        if (convert !== undefined) delivered[at] = convert(v);
      }
    },
  };
}
