// How powers, intervals and agreement are written.
import { decibel } from './laws.mjs';

/** Step size of its exponent. */
export const step = (exponent) => 2 ** -exponent;
/** 2⁻⁶ of −6. */
export const powerOfTwo = (exponent) => `2${[...String(exponent)].map((digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[digit])).join('')}`;
const minus = (text) => text.replaceAll('-', '−');
/** A power in decibel. */
export const shown = (value) => (value === 0 ? 'none' : minus(decibel(value).toFixed(1)));
export const number = (value, digits = 3) => minus(String(Number(value.toPrecision(digits))));
/** A mean power and its interval in decibel. */
export const powers = ({ mean, low, high }) => (low === high ? shown(mean) : `${shown(mean)} [${low > 0 ? shown(low) : '−∞'}, ${shown(high)}]`);
/** The same for a drawing. */
export const power = ({ mean, low, high }) => ({ y: decibel(mean), low: low > 0 ? decibel(low) : -Infinity, high: decibel(high) });
export const interval = ({ mean, low, high }, digits = 3) => (low === high ? number(mean, digits) : `${number(mean, digits)} [${number(low, digits)}, ${number(high, digits)}]`);

/** How far measured powers are from predicted ones: points, the median and the largest distance in decibel, and how many intervals hold the prediction. */
export function agreement(pairs) {
  const distances = pairs.map(([{ mean }, law]) => decibel(mean) - decibel(law)).sort((a, b) => Math.abs(a) - Math.abs(b));
  const held = pairs.filter(([{ low, high }, law]) => law >= low && law <= high).length;
  const [middle, most] = [distances[distances.length >> 1], distances.at(-1)].map((value) => minus(value.toFixed(1)));
  return [String(pairs.length), middle, most, `${held} of ${pairs.length}`];
}
export const AGREEMENT = ['law or model', 'points', 'median distance, dB', 'largest distance, dB', 'intervals that hold it'];
