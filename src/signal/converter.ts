/** The analogue-to-digital converter at the end of the front end: docs/sensors.md, "ADC". */
import { QrailsError } from '../errors.js';
import { ROUNDING, type DeterministicRounding, type Discarded, type RoundingMode } from '../format/modes.js';
import type { SensorModel } from '../schema/sensor.js';

type Adc = NonNullable<SensorModel['adc']>;

const DEFAULT_ROUNDING: DeterministicRounding = 'TRN';

/**
 * A function that takes a finite voltage v (in the unit of `fullScale`) to the value of the code it is converted to.
 *
 * Code c has the value t(c) = zero + c × lsb, in binary64; lsb = (hi − lo) / 2^W, zero = lo (unsigned) or lo + (hi − lo) / 2 (signed).
 * v is clipped to the rails, then compared with these values themselves, so a value that is a code's stays that code's. It rounds with the
 * ADC's rounding and saturates at the first and the last code.
 *
 * @throws QrailsError `invalid`: empty or infinite full scale, steps too fine for binary64 that far from zero, or rails that are not on it
 * @example createConverter({ wordLength: 8, fullScale: [0, 4] })(1.01) // 1 = code 64
 */
export function createConverter({ wordLength, signed = false, fullScale: [low, high], rails, rounding = DEFAULT_ROUNDING }: Adc): (v: number) => number {
  const span = high - low;
  const lsb = span / 2 ** wordLength;
  const where = 'sensor: adc.fullScale';
  const found = `[${low}, ${high}]`;
  if (!(low < high) || !Number.isFinite(span)) {
    throw new QrailsError({
      code: 'invalid', where, message: 'the full scale of an ADC goes from a value to a larger one', found,
      expected: '[low, high] with low < high',
    });
  }
  // Half steps must be several units in the last place everywhere on the scale, else two codes could have one value.
  if (lsb < Math.max(Math.abs(low), Math.abs(high)) * 2 ** -48 || lsb < 2 ** -1000) {
    throw new QrailsError({
      code: 'invalid', where, message: `${wordLength} bits divide this full scale into steps that binary64 cannot tell apart`, found,
      expected: 'a step of at least 2^-48 of the larger end', try: 'a shorter word, a wider full scale, or one nearer to zero',
    });
  }
  const [bottom, top] = rails ?? [-Infinity, Infinity];
  if (rails !== undefined && !(low <= bottom && bottom < top && top <= high)) {
    throw new QrailsError({
      code: 'invalid', where: 'sensor: adc.rails', message: 'the rails in front of an ADC lie on its full scale', found: `[${bottom}, ${top}]`,
      expected: `[low, high] with ${low} ≤ low < high ≤ ${high}`,
    });
  }

  const zero = signed ? low + span / 2 : low;
  const first = signed ? -(2 ** (wordLength - 1)) : 0;
  const last = first + 2 ** wordLength - 1;
  const up: NonNullable<RoundingMode['up']> = ROUNDING[rounding].up;
  const valueOf = (code: number): number => zero + code * lsb;

  return (input) => {
    const v = Math.min(Math.max(input, bottom), top);
    // The quotient may be one off, the ladder is what counts; one step beyond each end is enough to saturate.
    let code = Math.min(Math.max(Math.floor((v - zero) / lsb), first - 1), last + 1);
    while (code >= first && valueOf(code) > v) code--;
    while (code <= last && valueOf(code + 1) <= v) code++;
    const at = valueOf(code);
    const middle = valueOf(code + 0.5);
    const discarded: Discarded = v === at ? 0 : v < middle ? 1 : v === middle ? 2 : 3;
    if (up(discarded, code % 2 !== 0, code < 0)) code++;
    return valueOf(Math.min(Math.max(code, first), last));
  };
}
