/** The table of the sigmoid on exact fractions, docs/numerics.md §5: e^x between two bounds so close that both round to the same raw. */
import type { SiteFormat } from '../../src/schema/plan.js';
import { parseFormat, quantise } from './exact.js';

/** A positive fraction from below and from above. */
interface Bounds {
  readonly low: readonly [bigint, bigint];
  readonly high: readonly [bigint, bigint];
}

/**
 * e^(n/d) for 0 < n/d ≤ 8 by its series, every term exact over d^k·k!: what is left after K terms is below the last one where K ≥ 2·n/d.
 */
function exponential(n: bigint, d: bigint, terms: number): Bounds {
  let numerator = 1n;
  let denominator = 1n;
  let power = 1n;
  for (let k = 1n; k <= BigInt(terms); k++) {
    power *= n;
    denominator *= d * k;
    numerator = numerator * d * k + power;
  }
  return { low: [numerator, denominator], high: [numerator + power, denominator] };
}

/** Raw of σ((k + ½)/16 − 8). */
function entry(k: number, siteFormat: SiteFormat): bigint {
  const format = parseFormat(siteFormat);
  const halves = 2 * k + 1 - 256; // in 32nds
  const n = BigInt(Math.abs(halves));
  for (let terms = 40; ; terms *= 2) {
    const { low, high } = exponential(n, 32n, terms);
    // σ = e^x / (1 + e^x) above zero, 1 / (1 + e^|x|) below
    const raws = [low, high].map(([p, q]) => quantise(halves > 0 ? p : q, p + q, format).raw);
    if (raws[0] === raws[1]) return raws[0]!;
  }
}

/** The 256 raws at the format of the last layer's `activation`. */
export function sigmoidRaws(format: SiteFormat): string[] {
  return Array.from({ length: 256 }, (_, k) => `${entry(k, format)}`);
}
