/** The temperature around a sensor as a function of its clock: docs/sensors.md, "Temperature". */
import type { SensorModel } from '../schema/sensor.js';

export type Temperature = NonNullable<SensorModel['temperature']>;

const INTERVALS = 256;
const FRACTION = 2 ** 24;

/**
 * Half a cosine cycle in integers: entry i is (1 − cos(π·i / 256)) / 2 × 2^24, rounded. Made with + − × ÷ alone; no entry is nearer to a
 * tie than the series is accurate by far, so every machine gets the same integers.
 */
export const RISE: Uint32Array = makeRise();

function makeRise(): Uint32Array {
  const table = new Uint32Array(INTERVALS + 1);
  for (let i = 0; i <= INTERVALS / 2; i++) {
    const x = (Math.PI * i) / INTERVALS;
    let sum = 0;
    // 1 − cos x = x²/2! − x⁴/4! + …, x ≤ π/2
    for (let term = (x * x) / 2, k = 2; sum + term !== sum; term *= -(x * x) / ((k + 1) * (k + 2)), k += 2) sum += term;
    table[i] = Math.floor((sum / 2) * FRACTION + 0.5);
    table[INTERVALS - i] = FRACTION - table[i]!;
  }
  return table;
}

/** How far the temperature is on its way from `from` to `to`, 0 … 1, at a clock. */
function progress({ kind = 'linear', steps }: Temperature, clock: number): number {
  if (kind === 'linear') return Math.min(clock, steps) / steps;
  const place = clock % steps;
  const half = 2 * Math.min(place, steps - place);
  if (kind === 'triangle') return half / steps;
  const entry = Math.floor((half * INTERVALS) / steps);
  const low = RISE[entry]!;
  if (entry === INTERVALS) return low / FRACTION;
  return (low + (RISE[entry + 1]! - low) * ((half * INTERVALS - entry * steps) / steps)) / FRACTION;
}

/** Temperature in °C at a clock: from `from` to `to` and held there, or there and back every `steps`. */
export function temperatureAt(temperature: Temperature, clock: number): number {
  const { from, to } = temperature;
  return from + (to - from) * progress(temperature, clock);
}
