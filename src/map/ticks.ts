/** Where an axis is marked. */
import { positionOf, type Axis } from './axis.js';

export interface Tick {
  /** In values of the axis: 0 is the first. */
  readonly at: number;
  /** Empty for a mark without a number. */
  readonly label: string;
}

/** Marks of a linear axis about so many. */
const WANTED = 5;

/** Round values within an axis: 1, 2 and 5 of each decade or more of them for few decades, equal steps on a linear axis. */
export function ticksOf(axis: Axis): Tick[] {
  const [from, to] = [axis.values[0]!, axis.values.at(-1)!];
  const inside = (value: number): boolean => value >= from * (1 - 1e-9 * Math.sign(from)) && value <= to * (1 + 1e-9 * Math.sign(to));
  const tick = (value: number, labelled = true): Tick => ({ at: positionOf(axis, value), label: labelled ? String(Number(value.toPrecision(6))) : '' });
  if (axis.spacing === 'lin') {
    const rough = (to - from) / WANTED;
    const decade = 10 ** Math.floor(Math.log10(rough));
    const step = decade * [1, 2, 5, 10].find((factor) => factor * decade >= rough * (1 - 1e-9))!;
    const first = Math.ceil(from / step - 1e-9);
    return Array.from({ length: Math.floor(to / step + 1e-9) - first + 1 }, (_, k) => tick((first + k) * step));
  }
  const decades = Math.log10(to / from);
  const labelled = decades <= 1 ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : decades <= 3 ? [1, 2, 5] : [1];
  const ticks: Tick[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power++) {
    for (let digit = 1; digit <= 9; digit++) {
      const value = Number(`${digit}e${power}`);
      if (inside(value)) ticks.push(tick(value, labelled.includes(digit)));
    }
  }
  // An axis within one digit of a decade has its ends.
  return ticks.filter(({ label }) => label !== '').length >= 2 ? ticks : [tick(from), tick(to)];
}
