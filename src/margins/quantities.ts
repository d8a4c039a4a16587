/** What a plan's margins are measured in, one line each: gain, learning rate, offset, noise. Word lengths are in words.ts. */
import type { Prepared } from '../compare/prepare.js';
import { rangesOf } from '../plan/concerns.js';
import type { Plan } from '../schema/plan.js';
import type { Sensor } from '../schema/sensor.js';
import { geometric, type Line } from './bracket.js';
import type { QuantityName } from './registry.js';

/** Terms of one list of a sensor at the most. */
const MOST_TERMS = 32;
/** Octaves scanned to either side. */
const OCTAVES = 8;
/** Offsets and noise begin at this many octaves below the range of the inputs, and end at 4 above. */
const FINEST = 10;

export interface Quantity extends Line {
  readonly name: QuantityName;
  /** Assignments that set it. */
  readonly set: (value: number) => string[];
  /** The value as it is times this is what the sensor's own term then has; null where it has not exactly one. */
  readonly term: number | null;
}

const doubled = (from: number, steps: number, factor = 2): number[] => Array.from({ length: steps }, (_, k) => from * factor ** (k + 1));

/** Assignments that let the sensor act: none where some phase has it on, else all phases. */
export const sensorOn = ({ phases }: Plan): string[] => (phases.some(({ sensor }) => sensor) ? [] : phases.map((_, index) => `experiment.phases[${index}].sensor=true`));

/** An assignment of one more term. */
export const termOf = (sensor: Sensor, list: 'gain' | 'offset', term: object): string => `sensor.${list}[${sensor[list]?.length ?? 0}]=${JSON.stringify(term)}`;

/** Whether one more term fits into a list. */
export const roomFor = (sensor: Sensor, list: 'gain' | 'offset'): boolean => (sensor[list]?.length ?? 0) < MOST_TERMS;

/** The value of a gain that is one number. */
function gainOf({ gain = [] }: Sensor): number | null {
  const [term, ...others] = gain;
  return others.length === 0 && term && 'value' in term ? term.value : null;
}

/**
 * The lines of a plan.
 *
 * @param tolerance a bracket is closed where its larger end is within this share of the smaller
 */
export function quantitiesOf({ sensor, dataset, variants }: Prepared, tolerance: number): Quantity[] {
  const { plan } = variants[0]!;
  const between = geometric(tolerance);
  const on = sensorOn(plan);
  const [low, high] = rangesOf(dataset).inputs;
  const range = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const last = plan.phases.length - 1;
  const { value: rate } = plan.phases[last]!.learningRate;
  const scaled = (name: 'gain' | 'leastGain', up: boolean): Quantity => ({
    name, between, outward: [1, ...doubled(1, OCTAVES, up ? 2 : 0.5)], inward: doubled(1, OCTAVES, up ? 0.5 : 2), term: gainOf(sensor),
    set: (value) => [...on, ...(value === 1 ? [] : [termOf(sensor, 'gain', { kind: 'constant', value })])],
  });
  const rated = (name: 'rate' | 'leastRate', up: boolean): Quantity => ({
    name, between, outward: [rate, ...doubled(rate, OCTAVES, up ? 2 : 0.5)], inward: doubled(rate, OCTAVES, up ? 0.5 : 2), term: null,
    set: (value) => (value === rate ? [] : [`experiment.phases[${last}].learningRate=${value}`]),
  });
  const finest = range * 2 ** -FINEST;
  const added = (name: 'offset' | 'leastOffset', sign: number): Quantity => ({
    name, between, outward: [0, sign * finest, ...doubled(sign * finest, FINEST + 4)], inward: [], term: null,
    set: (value) => [...on, ...(value === 0 ? [] : [termOf(sensor, 'offset', { kind: 'constant', value })])],
  });
  const { noise } = sensor;
  const sigma = noise?.standardDeviation ?? 0;
  const noisy: Quantity = {
    name: 'noise', between, term: null,
    outward: sigma > 0 ? [sigma, ...doubled(sigma, OCTAVES)] : [0, finest, ...doubled(finest, FINEST + 4)],
    inward: sigma > 0 ? [...doubled(sigma, OCTAVES, 0.5), 0] : [],
    set: (value) => [...on, ...(value === sigma ? [] : [noise ? `sensor.noise.standardDeviation=${value}` : `sensor.noise=${JSON.stringify({ standardDeviation: value })}`])],
  };
  return [
    ...(roomFor(sensor, 'gain') ? [scaled('gain', true), scaled('leastGain', false)] : []),
    rated('rate', true), rated('leastRate', false),
    ...(roomFor(sensor, 'offset') ? [added('offset', 1), added('leastOffset', -1)] : []),
    noisy,
  ];
}
