/** Squared norms and norms that lose the smallest change: the throttle then takes a moving parameter for one that stands still. */
import { keepsHistory } from '../control/registry.js';
import { formatName } from '../format/format.js';
import type { SiteFormat } from '../schema/plan.js';
import { siteKey } from '../site/sites.js';
import { scaled } from '../format/real.js';
import { finer, options, real, rounded, spanOf, squareRoot, type Examined, type Report } from './concernsExact.js';

/** Whether one difference of `places`·2^−F alone leaves a squared norm and, where there is one, a norm above zero: docs/numerics.md §6. */
export function seen(places: bigint, fractionLength: number, square: SiteFormat, norm: SiteFormat | undefined): boolean {
  const raw = rounded(scaled(places * places, 2 * fractionLength), square);
  const s = raw > spanOf(square)[1] ? spanOf(square)[1] : raw;
  if (!norm || s <= 0n) return s > 0n;
  const shift = 2 * norm.fractionLength - square.fractionLength;
  return squareRoot(shift >= 0 ? s << BigInt(shift) : s >> BigInt(-shift)) > 0n;
}

export function examineControl({ plan, profile }: Examined, report: Report): void {
  const { throttle, sites } = plan;
  if (!keepsHistory(throttle)) return;
  const square = sites['squaredNorm']!;
  const norm = throttle.estimator === undefined ? undefined : sites['norm']!;
  plan.layers.forEach(({ bias }, layer) => {
    for (const name of bias ? (['weight', 'bias', 'gradient'] as const) : (['weight', 'gradient'] as const)) {
      const key = siteKey(name, layer);
      const format = sites[key]!;
      const f = format.fractionLength;
      if (seen(1n, f, square, norm)) continue;
      // The fewest last places that are seen; rails bound a difference.
      const [low, high] = spanOf(format);
      let [unseen, from] = [1n, high - low];
      const never = !seen(from, f, square, norm);
      while (!never && from - unseen > 1n) {
        const middle = (unseen + from) / 2n;
        if (seen(middle, f, square, norm)) from = middle;
        else unseen = middle;
      }
      const lostIn = seen(1n, f, square, undefined) ? 'norm' : 'squaredNorm';
      const lost = sites[lostIn]!;
      const finest = finer(lostIn, lost, (candidate) => (lostIn === 'norm' ? seen(1n, f, square, candidate) : seen(1n, f, candidate, undefined)));
      report({
        code: 'norm-underflow', severity: name === 'gradient' ? 'note' : 'warning', where: key,
        message: `the throttle does not see a single ${name} change by less than ${never ? 'its whole range' : `${from} last places`}: the square is lost in ${lostIn}`,
        found: `${real(1n, f)} squared, in ${formatName(lost)}`, expected: 'more than zero',
        try: finest ? options(profile, lostIn, lost, finest) : `fewer fraction bits in ${name}`,
      });
    }
  });
}
