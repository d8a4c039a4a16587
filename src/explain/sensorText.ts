/** What a sensor does to its inputs, in a few words. */
import type { Sensor } from '../schema/sensor.js';

type Term = NonNullable<Sensor['gain']>[number];

const list = (channels: readonly number[] | undefined): string => (channels === undefined ? '' : ` on input${channels.length > 1 ? 's' : ''} ${channels.slice(0, 8).join(', ')}${channels.length > 8 ? ', …' : ''}`);

function termText(name: string, term: Term): string {
  const where = list(term.channels);
  switch (term.kind) {
    case 'constant':
      return `${name} ${term.value}${where}`;
    case 'step':
      return `${name} ${term.value} from clock ${term.at} on${where}`;
    case 'ramp':
      return `${name} to ${term.value} within ${term.steps} steps${where}`;
    case 'perChannel':
      return `${name} apart on ${term.values.length} inputs`;
    default:
      return `${name} by ${{ temperature: 'temperature', ageing: 'ageing', randomWalk: 'a random walk', curve: 'a curve', recorded: 'a recorded curve' }[term.kind]}${where}`;
  }
}

/** Parts of a sensor that change what is delivered, each with what it does. */
export const SENSOR_PARTS = {
  gain: ({ gain = [] }: Sensor): string => gain.map((term) => termText('gain', term)).join(', '),
  offset: ({ offset = [] }: Sensor): string => offset.map((term) => termText('offset', term)).join(', '),
  supply: ({ supply }: Sensor): string => (supply && supply.terms.length > 0 && supply.ratiometric !== true ? 'a supply that moves' : ''),
  dead: ({ dead = [] }: Sensor): string => dead.map(({ at, value = 0, channels }) => `input${channels.length > 1 ? 's' : ''} ${channels.slice(0, 8).join(', ')} at ${value} from clock ${at} on`).join(', '),
  noise: ({ noise }: Sensor): string => (noise && noise.standardDeviation > 0 ? `noise of σ ${noise.standardDeviation}${list(noise.channels)}` : ''),
  adc: ({ adc }: Sensor): string => (adc ? `a converter of ${adc.wordLength} bits, ${adc.fullScale[0]} to ${adc.fullScale[1]}` : ''),
} as const satisfies Partial<Record<keyof Sensor, (sensor: Sensor) => string>>;
export type SensorPart = keyof typeof SENSOR_PARTS;
export const SENSOR_PART_NAMES = Object.keys(SENSOR_PARTS) as SensorPart[];

/** All that a sensor does; empty for one that does nothing. */
export const sensorText = (sensor: Sensor): string => SENSOR_PART_NAMES.map((part) => SENSOR_PARTS[part](sensor)).filter((text) => text !== '').join('; ');

/** The same sensor without one of its parts. */
export function without(sensor: Sensor, part: SensorPart): Sensor {
  const { [part]: _, ...rest } = sensor;
  return rest;
}
