/** Of a non-empty list; the mean of the middle two where there are two. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Smallest and largest. */
export const range = (values) => [Math.min(...values), Math.max(...values)];

/**
 * Runs every side once a round, every other round in reverse, so that a drift of the machine favours none.
 *
 * @param sides functions by name
 * @returns for each round what each side returned
 */
export async function rounds(count, sides) {
  const measured = [];
  for (let round = 0; round < count; round++) {
    const order = Object.keys(sides);
    if (round % 2 === 1) order.reverse();
    const results = {};
    for (const side of order) results[side] = await sides[side]();
    measured.push(results);
  }
  return measured;
}

/** Nanoseconds that something took. */
export async function clocked(run) {
  const start = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - start);
}
