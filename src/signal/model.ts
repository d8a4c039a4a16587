/** What of a sensor is arithmetic, and goes into a plan. */
import { QrailsError } from '../errors.js';
import { SensorModel, type Sensor } from '../schema/sensor.js';
import { listedChannels } from './terms.js';

/** A sensor, or as much of it as a front end is built from. */
export type SensorParts = Pick<Sensor, keyof SensorModel>;

const PARTS = Object.keys(SensorModel.properties) as (keyof SensorModel)[];

/**
 * The parts of a sensor that a plan holds: without the sources of its figures.
 *
 * @throws QrailsError `invalid` for a term that is still to be read from a file
 * @example sensorModel((await loadSensor('step-gain-4')).value) // { gain: [{ kind: 'step', at: 0, value: 4 }] }
 */
export function sensorModel(sensor: SensorParts): SensorModel {
  if (models.has(sensor)) return sensor as SensorModel;
  for (const [list, terms] of Object.entries({ gain: sensor.gain, 'supply.terms': sensor.supply?.terms, offset: sensor.offset })) {
    const index = (terms ?? []).findIndex(({ kind }) => kind === 'recorded');
    if (index < 0) continue;
    throw new QrailsError({
      code: 'invalid', where: `sensor: ${list}[${index}]`, message: 'the file of a recorded term is read when its sensor is loaded, and this one came later',
      try: 'state the term in the sensor file, or its values in a term of kind "curve"',
    });
  }
  const model: SensorModel = Object.fromEntries(PARTS.flatMap((part) => (sensor[part] === undefined ? [] : [[part, withoutSources(sensor[part])]])));
  models.add(model);
  return model;
}

/** What came from here needs not be gone through again. */
const models = new WeakSet<SensorParts>();

/** Where a figure comes from changes no run, and so is no part of a plan's hash. */
function withoutSources(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map(withoutSources) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, part]) => (key === 'source' ? [] : [[key, withoutSources(part)]])));
}

/** The fewest inputs a sensor can be used with: one more than the largest channel it names. */
export function fewestInputs(sensor: SensorParts): number {
  const { gain = [], offset = [], supply, dead = [], noise } = sensor;
  const parts = [...gain, ...offset, ...dead, ...(supply ? [supply] : []), ...(noise ? [noise] : [])];
  return parts.reduce((most, part) => (listedChannels(part) ?? []).reduce((largest, channel) => Math.max(largest, channel + 1), most), 1);
}
