/** Gains, offsets and the supply's volts as functions of the clock: docs/sensors.md, "Terms". */
import { QrailsError } from '../errors.js';
import type { SensorModel, Term } from '../schema/sensor.js';
import { temperatureAt } from './temperature.js';
import { createWalk } from './walk.js';

/** What a term does nothing by, by the list it stands in. */
const NEUTRAL = { gain: 1, offset: 0, 'supply.terms': 0 } as const;
export type TermList = keyof typeof NEUTRAL;

/** A clock beyond every run: a law that is finite here is finite before. */
const LAST_CLOCK = Number.MAX_SAFE_INTEGER;

/** The values of one term on its channels. */
interface Law {
  /** Writes the value on each channel of the term. */
  fill(values: Float64Array, clock: number): void;
  /** False where the values at both clocks may differ. */
  same(clock: number, other: number): boolean;
  /** Finite if all values are. */
  readonly extremes: readonly number[];
}

/** A law that is alike on every channel, monotone between the clocks of `probes`. */
function uniform(at: (clock: number) => number, probes: readonly number[]): Law {
  return {
    fill: (values, clock) => void values.fill(at(clock)),
    same: (clock, other) => at(clock) === at(other),
    extremes: probes.map(at),
  };
}

type Curve = Extract<Term, { kind: 'curve' }>;

function curveLaw({ values, every = 1, interpolation = 'hold', end = 'hold' }: Curve): Law {
  const last = values.length - 1;
  const linear = interpolation === 'linear';
  const valueOf = (index: number): number => values[end === 'repeat' ? index % values.length : Math.min(index, last)]!;
  const at = (clock: number): number => {
    const index = Math.floor(clock / every);
    const rest = clock % every;
    const value = valueOf(index);
    return linear && rest > 0 ? value + (valueOf(index + 1) - value) * (rest / every) : value;
  };
  const steepest = linear ? values.map((value, index) => valueOf(index + 1) - value) : [];
  return { ...uniform(at, []), extremes: [...values, ...steepest] };
}

function lawOf(term: Term, list: TermList, index: number, channels: Uint32Array, { temperature }: SensorModel, seed: number): Law {
  const neutral = NEUTRAL[list];
  const changed = (by: number): number => (neutral === 0 ? by : neutral + by);
  switch (term.kind) {
    case 'constant':
      return uniform(() => term.value, [0]);
    case 'step':
      return uniform((clock) => (clock >= term.at ? term.value : neutral), [0, term.at]);
    case 'ramp': {
      const { from = neutral, at, steps, value } = term;
      const rise = value - from;
      const law = uniform((clock) => (clock <= at ? from : clock >= at + steps ? value : from + rise * ((clock - at) / steps)), [0, LAST_CLOCK]);
      return { ...law, extremes: [...law.extremes, rise] };
    }
    case 'temperature': {
      if (temperature === undefined) {
        throw new QrailsError({
          code: 'invalid', where: `sensor: ${list}[${index}]`, message: 'a temperature term needs to know the temperature',
          try: 'a block "temperature" with reference, from, to and steps, or a term of another kind',
        });
      }
      const change = (degrees: number): number => changed(term.perDegree * (degrees - temperature.reference));
      const { from, to } = temperature;
      return { ...uniform((clock) => change(temperatureAt(temperature, clock)), []), extremes: [from, to, from + (to - from)].map(change) };
    }
    case 'ageing':
      return uniform((clock) => changed(term.rate * Math.sqrt(clock / term.per)), [0, LAST_CLOCK]);
    case 'randomWalk': {
      const { stepSize, every = 1 } = term;
      const walk = createWalk(seed, `sensor.${list}[${index}]`, channels);
      const moves = (clock: number): number => Math.floor(clock / every);
      return {
        fill(values, clock) {
          for (let i = 0; i < values.length; i++) values[i] = changed(stepSize * walk.at(moves(clock), i));
        },
        same: (clock, other) => moves(clock) === moves(other),
        extremes: [stepSize * LAST_CLOCK],
      };
    }
    case 'perChannel': {
      const ordered = orderedByChannel(term);
      return { fill: (values) => values.set(ordered), same: () => true, extremes: ordered };
    }
    case 'curve':
      return curveLaw(term);
  }
}

type PerChannel = Extract<Term, { kind: 'perChannel' }>;

/** The values in ascending order of their channels. */
function orderedByChannel({ values, channels }: PerChannel): readonly number[] {
  return channels === undefined ? values : channels.map((channel, i) => [channel, values[i]!] as const).sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** The channels a term lists; undefined stands for all. */
export function listedChannels(term: { readonly channels?: readonly number[] | undefined } | PerChannel): readonly number[] | undefined {
  return term.channels ?? ('kind' in term && term.kind === 'perChannel' ? term.values.map((_, channel) => channel) : undefined);
}

/** The channels a part acts on, ascending; refuses those that do not exist. */
export function channelsOf(listed: readonly number[] | undefined, inputs: number, where: string): Uint32Array {
  if (listed === undefined) return Uint32Array.from({ length: inputs }, (_, channel) => channel);
  const index = listed.findIndex((channel) => channel >= inputs);
  if (index >= 0) {
    throw new QrailsError({
      code: 'invalid', where: `sensor: ${where}[${index}]`, message: 'there is no such input channel',
      found: `${listed[index]}`, expected: inputs === 1 ? '0 (the data has 1 input)' : `0 to ${inputs - 1} (the data has ${inputs} inputs)`,
    });
  }
  return Uint32Array.from(listed).sort();
}

/** All terms of one list of a sensor, with their values at the clock last asked for. */
export interface Terms {
  /** By term: the channels it acts on, ascending. */
  readonly channels: readonly Uint32Array[];
  /** By term: its value on each of them. Valid until the next call. */
  at(clock: number): readonly Float64Array[];
  /** False where the values at both clocks may differ. */
  same(clock: number, other: number): boolean;
}

/**
 * @throws QrailsError `invalid`: a channel that is not there, a number of values other than that of the channels, a temperature term without
 *   a temperature, a value that is not finite
 */
export function createTerms(list: TermList, terms: readonly Term[], sensor: SensorModel, inputs: number, seed: number): Terms {
  const channels = terms.map((term, index) => {
    const where = `${list}[${index}]`;
    if (term.kind === 'perChannel' && term.channels !== undefined && term.channels.length !== term.values.length) {
      throw new QrailsError({
        code: 'invalid', where: `sensor: ${where}.values`, message: 'one value for each of the channels', found: `${term.values.length} values`,
        expected: `${term.channels.length}`,
      });
    }
    return channelsOf(listedChannels(term), inputs, `${where}.${term.channels === undefined ? 'values' : 'channels'}`);
  });
  const laws = terms.map((term, index) => lawOf(term, list, index, channels[index]!, sensor, seed));
  laws.forEach(({ extremes }, index) => {
    const beyond = extremes.find((value) => !Number.isFinite(value));
    if (beyond === undefined) return;
    throw new QrailsError({
      code: 'invalid', where: `sensor: ${list}[${index}]`, message: `this ${list === 'supply.terms' ? 'voltage' : list} leaves the range of numbers`,
      found: `${beyond}`, expected: 'a finite value at every clock',
    });
  });

  const values = channels.map(({ length }) => new Float64Array(length));
  let valuesAt = -1;
  return {
    channels,
    at(clock) {
      if (clock !== valuesAt) laws.forEach((law, k) => law.fill(values[k]!, clock));
      valuesAt = clock;
      return values;
    },
    same(clock, other) {
      for (const law of laws) if (!law.same(clock, other)) return false;
      return true;
    },
  };
}
