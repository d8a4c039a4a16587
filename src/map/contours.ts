/** Lines of equal value through a grid of cells (marching squares). */

/** A point in values of the axes: (0, 0) is the middle of the first cell. */
export type Point = readonly [x: number, y: number];
export type Segment = readonly [Point, Point];

/**
 * The pieces of the line where a grid takes a value, linear between the middles of neighbouring cells. Where four corners would join in two ways,
 * the two above the level are kept apart. Nothing is drawn next to a cell without a value.
 *
 * @param grid [y][x]; null where a cell has no value
 */
export function contour(grid: readonly (readonly (number | null)[])[], level: number): Segment[] {
  const segments: Segment[] = [];
  for (let y = 0; y + 1 < grid.length; y++) {
    for (let x = 0; x + 1 < grid[y]!.length; x++) {
      // Corners in a circle, each with the edge to the next.
      const corners: readonly Point[] = [[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]];
      const values = corners.map(([cx, cy]) => grid[cy]![cx]!);
      if (values.some((value) => value === null)) continue;
      const crossings = corners.flatMap((from, k): { point: Point; rising: boolean }[] => {
        const [a, b, to] = [values[k]!, values[(k + 1) % 4]!, corners[(k + 1) % 4]!];
        if (a > level === b > level) return [];
        const share = (level - a) / (b - a);
        return [{ point: [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share], rising: b > level }];
      });
      // From where the level is left to where it is next reached: round one corner above it.
      for (const [k, { point, rising }] of crossings.entries()) if (rising) segments.push([point, crossings[(k + 1) % crossings.length]!.point]);
    }
  }
  return segments;
}
