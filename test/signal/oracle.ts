/** What docs/sensors.md says, written down a second time and slowly. Shares nothing with the product but the table of normal quantiles. */
import { createHash } from 'node:crypto';
import type { SensorModel } from '../../src/schema/sensor.js';
import { NORMAL_TABLE } from '../../src/signal/normal.js';

/** Draws as unsigned 32-bit integers. */
export function xoroshiro(purpose: string, seed: number): () => number {
  const digest = createHash('sha256').update(`qrails/1/${purpose}/${seed}`).digest();
  let [s0, s1] = [digest.readBigUInt64BE(0), digest.readBigUInt64BE(8)];
  const word = (x: bigint) => BigInt.asUintN(64, x);
  const rotate = (x: bigint, k: bigint) => word((x << k) | (x >> (64n - k)));
  return () => {
    const draw = Number((s0 + s1) & 0xffffffffn);
    s1 ^= s0;
    s0 = rotate(s0, 24n) ^ s1 ^ word(s1 << 16n);
    s1 = rotate(s1, 37n);
    return draw;
  };
}

export const oracleNormal = (draw: number): number => NORMAL_TABLE[Math.floor(draw / 2 ** 20)]!;

/** One pass of rows in shuffled order. */
export function shuffledPass(rows: number, draw: () => number): number[] {
  const pass = Array.from({ length: rows }, (_, i) => i);
  for (let i = rows - 1; i > 0; i--) {
    const bits = i.toString(2).length;
    let j: number;
    do j = Math.floor(draw() / 2 ** (32 - bits));
    while (j > i);
    [pass[i], pass[j]] = [pass[j]!, pass[i]!];
  }
  return pass;
}

/** Exact rational with a power-of-two denominator. */
interface Dyadic {
  readonly numerator: bigint;
  readonly exponent: number;
}

export function exact(x: number): Dyadic {
  let exponent = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    exponent++;
  }
  return { numerator: BigInt(x), exponent };
}

/** numerics §2 in exact arithmetic for an lsb that is a power of two: raw code of v, saturated. */
export function quantise(v: number, fraction: number, rounding: string, first: bigint, last: bigint): number {
  const { numerator, exponent } = exact(v);
  // v·2^fraction = scaled / denominator
  const shift = BigInt(Math.abs(fraction));
  const scaled = fraction >= 0 ? numerator << shift : numerator;
  const denominator = (1n << BigInt(exponent)) << (fraction >= 0 ? 0n : shift);
  let q = scaled / denominator;
  if (q * denominator > scaled) q--;
  const twice = 2n * (scaled - q * denominator);
  const up =
    rounding === 'TRN_ZERO' ? numerator < 0n && twice > 0n
    : rounding === 'RND' ? twice >= denominator
    : rounding === 'RND_CONV' ? twice > denominator || (twice === denominator && q % 2n !== 0n)
    : false;
  if (up) q++;
  return Number(q < first ? first : q > last ? last : q);
}

type Part<K extends keyof SensorModel> = NonNullable<SensorModel[K]>;
type AnyTerm = Part<'gain'>[number] | Part<'supply'>['terms'][number];

/** Random word 0 of docs/numerics.md §2.1, index 0. */
function randomWord(seed: number, step: number, key: string, element: number): bigint {
  const word = (x: bigint) => BigInt.asUintN(64, x);
  const g = 0x9e3779b97f4a7c15n;
  const mix = (z: bigint) => {
    z = word((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = word((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
  let site = 0x811c9dc5n;
  for (const byte of Buffer.from(key)) site = ((site ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
  return mix(word(mix(word(mix(word(g * BigInt(seed + 1) + BigInt(step))) + g * ((site << 32n) + BigInt(element)))) + g));
}

/** Up moves less down moves, one move after another. */
export function walked(seed: number, key: string, channel: number, moves: number): number {
  let place = 0;
  for (let j = 0; j < moves; j++) place += ((randomWord(seed, Math.floor(j / 32), key, channel) >> BigInt(32 + (j % 32))) & 1n) === 1n ? 1 : -1;
  return place;
}

/** (1 − cos(π·i/256)) / 2 in units of 2^-24. */
const rise = (i: number): number => Math.round(Math.sin((Math.PI * i) / 512) ** 2 * 2 ** 24);

export function degrees({ kind, from, to, steps }: Part<'temperature'>, clock: number): number {
  if (kind === undefined || kind === 'linear') return from + (to - from) * ((clock < steps ? clock : steps) / steps);
  let m = clock;
  while (m >= steps) m -= steps * Math.floor(m / steps);
  const h = m <= steps - m ? 2 * m : 2 * (steps - m);
  if (kind === 'triangle') return from + (to - from) * (h / steps);
  const i = Number((BigInt(h) * 256n) / BigInt(steps));
  if (i === 256) return from + (to - from) * 1;
  return from + (to - from) * ((rise(i) + (rise(i + 1) - rise(i)) * ((h * 256 - i * steps) / steps)) / 2 ** 24);
}

/** One gain, offset or voltage; undefined where it does not act on the channel. */
function termValue(term: AnyTerm, neutral: 0 | 1, key: string, channel: number, clock: number, seed: number, { temperature }: SensorModel): number | undefined {
  const channels = 'channels' in term ? term.channels : undefined;
  if (term.kind === 'perChannel') return channels === undefined ? term.values[channel] : term.values[channels.indexOf(channel)];
  if (channels !== undefined && !channels.includes(channel)) return undefined;
  const plus = (x: number) => (neutral === 1 ? 1 + x : x);
  switch (term.kind) {
    case 'constant':
      return term.value;
    case 'step':
      return clock < term.at ? neutral : term.value;
    case 'ramp': {
      const { from = neutral, at, steps, value } = term;
      if (clock <= at) return from;
      return clock - at >= steps ? value : from + (value - from) * ((clock - at) / steps);
    }
    case 'temperature':
      return plus(term.perDegree * (degrees(temperature!, clock) - temperature!.reference));
    case 'ageing':
      return plus(term.rate * Math.sqrt(clock / term.per));
    case 'randomWalk':
      return plus(term.stepSize * walked(seed, key, channel, Math.floor(clock / (term.every ?? 1))));
    case 'curve': {
      const { values, every = 1, interpolation, end } = term;
      const at = (i: number) => (i < values.length ? values[i]! : end === 'repeat' ? values[i - values.length * Math.floor(i / values.length)]! : values.at(-1)!);
      const i = Math.floor(clock / every);
      const r = clock - i * every;
      return interpolation === 'linear' && r !== 0 ? at(i) + (at(i + 1) - at(i)) * (r / every) : at(i);
    }
  }
}

/** The value of the code a voltage is converted to, found by looking at every code (TRN and RND). */
function converted(v: number, { wordLength, signed, fullScale: [low, high], rails, rounding }: Part<'adc'>): number {
  if (rails !== undefined) v = v < rails[0] ? rails[0] : v > rails[1] ? rails[1] : v;
  const lsb = (high - low) / 2 ** wordLength;
  const zero = signed === true ? low + (high - low) / 2 : low;
  const first = signed === true ? -(2 ** (wordLength - 1)) : 0;
  let code = first;
  for (let c = first; c < first + 2 ** wordLength; c++) if (v >= zero + (rounding === 'RND' ? c - 0.5 : c) * lsb) code = c;
  return zero + code * lsb;
}

/** docs/numerics.md §4 for one sample; `draw` is the noise stream. */
export function sensed(sensor: SensorModel, sample: readonly number[], clock: number, seed: number, draw: () => number): number[] {
  const { gain = [], supply, offset = [], dead = [], noise, adc } = sensor;
  const volts = supply?.terms.reduce((sum, term, k) => sum + termValue(term, 0, `sensor.supply.terms[${k}]`, 0, clock, seed, sensor)!, supply.nominal);
  return sample.map((x, channel) => {
    let v = x;
    gain.forEach((term, k) => {
      const g = termValue(term, 1, `sensor.gain[${k}]`, channel, clock, seed, sensor);
      if (g !== undefined) v = v * g;
    });
    if (supply !== undefined && supply.ratiometric !== true && (supply.channels ?? [channel]).includes(channel)) v = v * (volts! / supply.nominal);
    offset.forEach((term, k) => {
      const o = termValue(term, 0, `sensor.offset[${k}]`, channel, clock, seed, sensor);
      if (o !== undefined) v = v + o;
    });
    for (const { at, value = 0, channels } of dead) if (clock >= at && channels.includes(channel)) v = value;
    if (noise !== undefined && noise.standardDeviation > 0 && (noise.channels ?? [channel]).includes(channel)) v = v + noise.standardDeviation * oracleNormal(draw());
    return adc === undefined || !Number.isFinite(v) ? v : converted(v, adc);
  });
}
