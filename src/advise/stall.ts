/** Which gradients are too small to move a parameter, from rate, formats and roundings: exact, before anything is run. */
import { siteName } from '../site/sites.js';
import { isPulled, layerOf, rounded } from '../plan/concernsExact.js';
import { fullRate, isGated, learningPhases, pathsOf, threshold, updateOf, type Path } from '../plan/concernsMoves.js';
import { scaled } from '../format/real.js';
import type { Plan } from '../schema/plan.js';
import { withDesign, type Width } from './design.js';
import { fine, type Seen } from './observe.js';

/** Whether updates are rate × gradient, and nothing else moves a parameter. */
const isPlain = (plan: Plan): boolean => !isPulled(plan) && learningPhases(plan).length > 0 && !learningPhases(plan).some((phase) => isGated(plan, phase));

/** The largest rate there is: a throttle makes it smaller. */
const largestRate = (plan: Plan): bigint => learningPhases(plan).map((phase) => fullRate(plan, phase)).reduce((a, b) => (a > b ? a : b));

/** Largest magnitude of a real gradient that is rounded to less than `least`, a raw; all below it are. */
function edgeOf({ gradient }: Path, least: bigint, sign: 1n | -1n): number {
  // Modes decide at a whole last place or a half: a quarter to either side tells which.
  const reaches = (quarters: bigint): boolean => {
    const raw = rounded(scaled(sign * quarters, gradient.fractionLength + 2), gradient);
    return sign * raw >= least;
  };
  const place = 2 ** -gradient.fractionLength;
  return (reaches(4n * least - 3n) ? Number(least) - 1 : reaches(4n * least - 1n) ? Number(least) - 0.5 : Number(least)) * place;
}

/** Smallest raw gradient of a sign whose update is not zero. */
function leastUpdated(path: Path, rate: bigint, sign: 1n | -1n): bigint | undefined {
  let [below, from] = [0n, BigInt(path.gradient.rails[sign > 0n ? 1 : 0]) * sign];
  if (updateOf(path, rate, sign * from) === 0n) return undefined;
  while (from - below > 1n) {
    const middle = (below + from) / 2n;
    if (updateOf(path, rate, sign * middle) !== 0n) from = middle;
    else below = middle;
  }
  return from;
}

/** Share of the gradients seen, zeros left out, that are below an edge: at least this, for those in one octave with it are not counted. */
function shareBelow(seen: readonly Seen[], layer: number, edge: number): number {
  let [below, all] = [0, 0];
  for (const { gradients } of seen) {
    const { bins, fraction } = gradients[layer]!;
    bins.forEach((count, bin) => {
      if (bin === 0) return;
      all += count;
      if (2 ** (bin - fraction) <= edge) below += count;
    });
  }
  return all === 0 ? 0 : below / all;
}

/**
 * Share of the gradients seen that change nothing at a site: whose update is zero (`update`), or that leave the parameter as it is (`weight`, `bias`). At least
 * this; 1 is a stall.
 *
 * @param plan in the formats asked about
 * @returns undefined at other sites, and where anything but rate × gradient moves parameters
 */
export function stallFraction(plan: Plan, key: string, seen: readonly Seen[]): number | undefined {
  const name = siteName(key);
  const layer = layerOf(key);
  const paths = pathsOf(plan, layer).filter((path) => name === 'update' || path.key === key);
  if (!['update', 'weight', 'bias'].includes(name) || paths.length === 0 || !isPlain(plan)) return undefined;
  const rate = largestRate(plan);
  const leastOf = (path: Path, sign: 1n | -1n): bigint | undefined => (name === 'update' ? leastUpdated(path, rate, sign) : threshold(path, rate, sign));
  const edge = Math.min(...paths.flatMap((path) => ([1n, -1n] as const).map((sign) => {
    const least = leastOf(path, sign);
    return least === undefined ? Infinity : edgeOf(path, least, sign);
  })));
  return shareBelow(seen, layer, edge);
}

/** Whether gradients as they were seen can move parameters at all. */
const canMove = (plan: Plan, parameters: readonly string[], seen: readonly Seen[]): boolean => parameters.every((key) => stallFraction(plan, key, seen)! < 1);

/**
 * Fewest fraction bits of a site with which gradients as they were seen still move the parameters behind it, all other sites fine: from the largest gradient, the
 * rate and the last place.
 *
 * @param plan in fine formats
 * @param whole integer bits of the site
 * @param keys sites that formats are proposed for: weights and biases among them have to move
 * @returns undefined for a site that does not decide about that alone
 */
export function leastMoving(plan: Plan, key: string, whole: number, keys: readonly string[], seen: readonly Seen[]): number | undefined {
  const ahead = ['gradient', 'update'].includes(siteName(key));
  const parameters = pathsOf(plan, layerOf(key)).map((path) => path.key).filter((parameter) => keys.includes(parameter) && (ahead || parameter === key));
  if (parameters.length === 0 || !isPlain(plan) || !canMove(plan, parameters, seen)) return undefined;
  const moving = (fraction: number): boolean => canMove(withDesign(plan, { [key]: { whole, fraction } satisfies Width }), parameters, seen);
  let least = fine(key).fraction;
  while (whole + least > 2 && moving(least - 1)) least--;
  return whole + least > 2 ? least : undefined;
}
