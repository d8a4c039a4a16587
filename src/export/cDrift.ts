/** The drift of the sensor as a table: what a test rig needs to drift as the simulated sensor did. */
import { formatName, type Format } from '../format/format.js';
import { quantise, siteFormat } from '../format/quantise.js';
import { fromDouble } from '../format/real.js';
import type { Plan } from '../schema/plan.js';
import { createFrontEnd } from '../signal/sensor.js';
import { formatMacros } from './cSites.js';
import type { Part, Table } from './cTable.js';

/** Values of each of the two tables; a drift that changes more often is left out. */
export const DRIFT_LIMIT = 16_384;

/** Gain and offset of every input from a step on; a single value where all inputs are alike. */
interface Entry {
  readonly step: number;
  readonly gain: readonly number[];
  readonly offset: readonly number[];
}

/**
 * Gain and offset of the front end by step, an entry for each step at which one changes, in 32 bits with as many fraction bits as the largest leaves
 * (30 at most). Supply and dead channels are part of them; noise and converter are not. Nearest, half to even.
 *
 * The last step is that of the final loss. Without drift, or where it does not fit, the length is 0 and a comment says why.
 */
export function driftSchedule(plan: Plan): Part {
  const none = (why: string): Part => ({ tables: [], group: { comment: `drift of the sensor: no table, ${why}`, macros: [{ name: 'DRIFT_LEN', value: '0U' }] } });
  const entries = schedule(plan);
  if (entries === undefined) return none(`it would have more than ${DRIFT_LIMIT} values`);
  if (entries.length === 1 && isNeutral(entries[0]!)) return none('its gain is 1 and its offset 0 in every step');
  const gainFormat = formatFor(entries.flatMap(({ gain }) => gain));
  const offsetFormat = formatFor(entries.flatMap(({ offset }) => offset));
  if (!gainFormat || !offsetFormat) return none('its values are too large for 32 bits');

  const columns = Math.max(...entries.map(({ gain, offset }) => Math.max(gain.length, offset.length)));
  const steps: Table = {
    name: 'drift_step', length: 'DRIFT_LEN', format: { signed: false, wordLength: 32, fractionLength: 0 },
    about: 'steps at which gain or offset of the sensor changes', raws: entries.map(({ step }) => BigInt(step)), label: (index) => `[${index}]`,
  };
  const values = (name: 'gain' | 'offset', format: Format): Table => ({
    name: `drift_${name}`, length: 'DRIFT_VALUES', format,
    about: `${name} of the sensor from each of those steps on: [step][input]`,
    raws: entries.flatMap((entry) => Array.from({ length: columns }, (_, column) => rawOf(entry[name][column] ?? entry[name][0]!, format))),
    label: (index) => `step ${entries[Math.floor(index / columns)]!.step} [${index % columns}]`,
  });
  return {
    tables: [steps, values('gain', gainFormat), values('offset', offsetFormat)],
    group: {
      comment: `drift of the sensor: gain * sample + offset, noise and converter left out; COLS is 1 where all inputs are alike (${formatName(gainFormat)}, ${formatName(offsetFormat)})`,
      macros: [
        { name: 'DRIFT_LEN', value: `${entries.length}U` },
        { name: 'DRIFT_COLS', value: `${columns}U` },
        { name: 'DRIFT_VALUES', value: `${entries.length * columns}U` },
        ...formatMacros('DRIFT_GAIN', gainFormat),
        ...formatMacros('DRIFT_OFFSET', offsetFormat),
      ],
    },
  };
}

/** Undefined past the limit. */
function schedule({ sensor, phases, seed, data: { inputs } }: Plan): Entry[] | undefined {
  // What the front end makes of 1 without offsets is its gain, of 0 without gains its offset; a dead channel has gain 0.
  const { noise: _noise, adc: _adc, offset, dead, ...gains } = sensor;
  const gainOf = createFrontEnd({ ...gains, ...(dead && { dead: dead.map((entry) => ({ ...entry, value: 0 })) }) }, inputs, seed);
  const offsetOf = createFrontEnd({ ...(sensor.temperature && { temperature: sensor.temperature }), ...(offset && { offset }), ...(dead && { dead }) }, inputs, seed);
  const deliver = (frontEnd: typeof gainOf, sample: number, clock: number): number[] => {
    const delivered = new Float64Array(inputs);
    frontEnd.deliver(new Float64Array(inputs).fill(sample), 0, clock, delivered, 0);
    return delivered.every((value) => value === delivered[0]) ? [delivered[0]!] : [...delivered];
  };

  const entries: Entry[] = [];
  let alike = true;
  const put = (entry: Entry): void => {
    if (entries.at(-1)?.step === entry.step) entries.pop();
    const last = entries.at(-1);
    if (last && equal(last.gain, entry.gain) && equal(last.offset, entry.offset)) return;
    entries.push(entry);
    alike &&= entry.gain.length === 1 && entry.offset.length === 1;
  };
  const fits = (): boolean => entries.length * (alike ? 1 : inputs) <= DRIFT_LIMIT;

  let step = 0;
  let clock = 0;
  let on = false;
  // The final loss has a step of its own, with the sensor as the last phase has it.
  for (const { steps, sensor: sensed } of [...phases, { steps: 1, sensor: phases.at(-1)!.sensor }]) {
    if (!sensed) put({ step, gain: [1], offset: [0] });
    else {
      if (!on) clock = 0;
      for (let k = 0; k < steps && fits(); k++, clock++) {
        if (k > 0 && gainOf.isStatic(clock - 1, clock) && offsetOf.isStatic(clock - 1, clock)) continue;
        put({ step: step + k, gain: deliver(gainOf, 1, clock), offset: deliver(offsetOf, 0, clock) });
      }
    }
    if (!fits()) return undefined;
    on = sensed;
    step += steps;
  }
  return entries;
}

const equal = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, index) => value === b[index]);
const isNeutral = ({ gain, offset }: Entry): boolean => gain.every((value) => value === 1) && offset.every((value) => value === 0);

/** 32 bits with the longest fraction, up to 30 bits, that holds every value. */
function formatFor(values: readonly number[]): Format | undefined {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let fractionLength = 30; fractionLength >= -64; fractionLength--) {
    if (largest * 2 ** fractionLength <= 2 ** 31 - 1) return { signed: true, wordLength: 32, fractionLength };
  }
  return undefined;
}

const rawOf = (value: number, format: Format): bigint => quantise(fromDouble(value), siteFormat({ ...format, rounding: 'RND_CONV', overflow: 'SAT' })).raw;
