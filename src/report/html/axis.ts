/**
 * Where the vertical axis of a picture begins, ends and is marked, for the drawing in the page and for the one a script makes.
 * The functions stand in the page as they are: they use nothing but their arguments.
 */

export type Scale = 'log' | 'linear';
type Series = readonly (number | null)[];

/**
 * Lowest and highest value shown. A float64 run that leaves the target's far behind is let out of the picture: it would flatten everything else.
 * On a logarithmic scale zeros lie on the lower edge, a decade below everything else.
 *
 * @param limit a value that should be seen, too
 */
export function yLimits(float: Series, fixed: Series, scale: Scale, limit?: number): [number, number] {
  let least = Infinity;
  let zeros = false;
  const largest = [-Infinity, -Infinity];
  [float, fixed].forEach((series, side) => {
    for (const value of series) {
      if (value === null) continue;
      if (scale === 'log' && value <= 0) {
        zeros = true;
        continue;
      }
      if (value < least) least = value;
      if (value > largest[side]!) largest[side] = value;
    }
  });
  let top = Math.max(largest[0]!, largest[1]!);
  if (top === -Infinity) return scale === 'log' ? [0.1, 1] : [0, 1];
  const fixedTop = Math.max(largest[1]!, limit ?? -Infinity);
  const reach = scale === 'log' ? 1e4 : 4;
  if (fixedTop > 0 && top > reach * fixedTop) top = fixedTop * (scale === 'log' ? 10 : 1.5);
  top = Math.max(top, limit ?? -Infinity);
  if (scale === 'linear') {
    const low = Math.min(0, least);
    return [low, top > low ? top + 0.05 * (top - low) : low + 1];
  }
  // Powers of ten that binary64 has, and its ends beyond them.
  const low = Math.max(-324, Math.floor(Math.log10(Math.min(least, top))) - (zeros ? 1 : 0));
  const high = Math.max(Math.ceil(Math.log10(top)), low + 1);
  return [low < -323 ? Number.MIN_VALUE : 10 ** low, high > 308 ? Number.MAX_VALUE : 10 ** high];
}

/** Values at which an axis is marked: some six powers of ten, or round steps. */
export function ticks(low: number, high: number, scale: Scale): number[] {
  if (scale === 'log') {
    const first = Math.ceil(Math.log10(low) - 1e-9);
    const last = Math.floor(Math.log10(high) + 1e-9);
    const every = Math.max(1, Math.ceil((last - first) / 6));
    return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, k) => 10 ** (first + k * every));
  }
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999)!;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, k) => (first + k) * step);
}

/** A mark's label. */
export function tickText(value: number): string {
  const short = Number(value.toPrecision(6));
  return short !== 0 && (Math.abs(short) >= 1e5 || Math.abs(short) < 1e-3) ? short.toExponential().replace('e+', 'e') : String(short);
}
