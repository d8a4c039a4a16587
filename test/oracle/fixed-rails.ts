/**
 * The rails throttle by its definition, docs/numerics.md §6.2, without a search: Σ|w − a·c| is a chain of straight lines with corners at
 * w/c, and on the one that leaves the rail the last integer a inside follows from a division.
 */
import { floorDivide, rawAt, type Exact } from './exact.js';

/** |w − a·step| of one parameter; `step` is what a raw of α moves it by. */
export interface Line {
  readonly w: Exact;
  readonly step: Exact;
}

/** A sum of magnitudes and its rail. */
export interface Rail {
  readonly lines: readonly Line[];
  readonly limit: Exact;
}

/** Largest integer a ≤ top with every sum inside its rail; undefined where some sum is outside at a = 0. */
export function largestInside(rails: readonly Rail[], top: bigint): bigint | undefined {
  let largest = top;
  for (const rail of rails) {
    const reach = reachOf(rail, top);
    if (reach === undefined) return undefined;
    if (reach < largest) largest = reach;
  }
  return largest;
}

function reachOf({ lines, limit }: Rail, top: bigint): bigint | undefined {
  const f = Math.max(limit.f, ...lines.flatMap(({ w, step }) => [w.f, step.f]));
  const scaled = lines.map(({ w, step }) => ({ w: rawAt(w, f), c: rawAt(step, f) }));
  const most = rawAt(limit, f);
  const sumAt = (a: bigint): bigint => scaled.reduce((sum, { w, c }) => sum + (w - a * c < 0n ? a * c - w : w - a * c), 0n);
  if (sumAt(0n) > most) return undefined;
  if (sumAt(top) <= most) return top;

  // both integers next to every corner: between two neighbours of this list no sum bends
  const corners = new Set([0n, top]);
  for (const { w, c } of scaled) {
    if (c === 0n) continue;
    const corner = c > 0n ? floorDivide(w, c) : floorDivide(-w, -c);
    for (const a of [corner, corner + 1n]) if (a > 0n && a < top) corners.add(a);
  }
  const ascending = [...corners].sort((a, b) => (a < b ? -1 : 1));
  const inside = ascending.findLastIndex((a) => sumAt(a) <= most);
  const [from, to] = [ascending[inside]!, ascending[inside + 1]!];
  return from + ((most - sumAt(from)) * (to - from)) / (sumAt(to) - sumAt(from));
}
