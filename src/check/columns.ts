/**
 * Rows of cells as lines whose columns are aligned, two spaces between them.
 *
 * @param right columns whose cells end, rather than begin, in the same place
 * @example alignColumns([['a', 'bb'], ['ccc', 'd']], [1]) // ['a    bb', 'ccc   d']
 */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!))).join('  '));
}
