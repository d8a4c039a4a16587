/** Squared norms and norms on exact integers, docs/numerics.md §6. */
import { integerSquareRoot, settle, square, sum, type Exact, type Site } from './exact.js';

/** Q(Σ d²) at `squaredNorm`. */
export function squaredNorm(site: Site, values: readonly Exact[], step: number, index: number): Exact {
  return site.quantise(sum(values.map(square)), step, 0, index);
}

/** ⌊√S⌋ in last places of site `norm`; always the floor, whatever the rounding mode of the site. */
export function normOf(site: Site, squared: Exact, step: number): Exact {
  const shift = 2 * site.format.fractionLength - squared.f;
  const radicand = shift >= 0 ? squared.n << BigInt(shift) : squared.n >> BigInt(-shift);
  return site.count(settle(integerSquareRoot(radicand), squared.n === 0n, site.format), step, 0);
}
