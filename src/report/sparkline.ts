/** A series of losses as a line of blocks, on a logarithmic scale. */

const BLOCKS = [...'▁▂▃▄▅▆▇█'];

/**
 * One character for each of `width` equal parts of the bins; the highest value of a part counts, null (not finite) is the top.
 *
 * @param range lowest and highest value of the scale, so that several lines compare
 */
export function sparkline(values: readonly (number | null)[], width: number, range: readonly [number, number]): string {
  const [low, high] = range.map((value) => Math.log10(Math.max(value, Number.MIN_VALUE))) as [number, number];
  const columns = Math.min(width, values.length);
  return Array.from({ length: columns }, (_, column) => {
    const part = values.slice(Math.floor((column * values.length) / columns), Math.floor(((column + 1) * values.length) / columns));
    if (part.includes(null)) return BLOCKS.at(-1)!;
    const top = Math.max(...(part as number[]));
    if (!(top > 0) || high <= low) return BLOCKS[0]!;
    const level = Math.floor(((Math.log10(top) - low) / (high - low)) * BLOCKS.length);
    return BLOCKS[Math.min(BLOCKS.length - 1, Math.max(0, level))]!;
  }).join('');
}

/** The scale of a comparison: from the smallest loss of all to the largest on the target, so that a runaway reference does not flatten the rest. */
export function scaleOf(float: readonly (readonly (number | null)[])[], fixed: readonly (readonly (number | null)[])[]): [number, number] {
  const positive = (series: readonly (readonly (number | null)[])[]): number[] => series.flat().filter((value): value is number => value !== null && value > 0);
  const target = positive(fixed);
  const all = [...target, ...positive(float)];
  if (all.length === 0) return [1, 1];
  const top = Math.max(...(target.length > 0 ? target : all));
  return [Math.min(top, ...all), top];
}
