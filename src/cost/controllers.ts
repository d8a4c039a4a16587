/** Which controllers a target can afford: every throttle with every anchor, what each adds to a learner without, and why one cannot be had. */
import { ANCHOR_NAMES, THROTTLE_NAMES, type AnchorLaw } from '../control/registry.js';
import { counted } from '../plan/concernsExact.js';
import type { ControllerCost, Cost, Operations } from '../schema/cost.js';

/** A pair of controllers: its cost, or why the target refuses it. */
export interface Candidate {
  readonly throttle: string;
  readonly anchor: AnchorLaw;
  readonly cost?: Cost | undefined;
  readonly refused?: string | undefined;
}

export interface Budget {
  /** Bytes for state and working memory. */
  readonly ram?: number | undefined;
}

/** Every pair of controllers, in the order they are listed. */
export const CONTROLLER_PAIRS = THROTTLE_NAMES.flatMap((throttle) => ANCHOR_NAMES.map((anchor) => ({ throttle, anchor })));

const BARE = { throttle: 'none', anchor: 'none' } as const;

/**
 * The table of controllers of one target.
 *
 * @param candidates the pairs of `CONTROLLER_PAIRS`; without the cost of the pair none, none there are no extra costs
 */
export function controllerCosts(candidates: readonly Candidate[], { ram }: Budget = {}): ControllerCost[] {
  const bare = candidates.find(({ throttle, anchor }) => throttle === BARE.throttle && anchor === BARE.anchor)?.cost;
  return candidates.map(({ throttle, anchor, cost, refused }) => {
    if (!cost) return { throttle, anchor, affordable: false, why: [refused ?? 'refused'], extra: null };
    const { bytes } = cost.memory.ram;
    const fits = ram === undefined || bytes <= ram;
    return {
      throttle, anchor, affordable: fits,
      why: fits ? notes(cost, bare) : [`${counted(bytes, 'byte')} of RAM: ${largest(cost)}`],
      extra: bare ? extraOf(cost, bare) : null,
    };
  });
}

function extraOf(cost: Cost, bare: Cost): NonNullable<ControllerCost['extra']> {
  const operations = Object.fromEntries((Object.keys(cost.total) as (keyof Operations)[]).map((name) => [name, cost.total[name] - bare.total[name]])) as Operations;
  const tableBits = ({ memory }: Cost): number => memory.tables.reduce((sum, { bits }) => sum + bits, 0);
  return {
    ...operations,
    passes: cost.passes === null ? null : cost.passes - bare.passes!,
    ramBytes: cost.memory.ram.bytes - bare.memory.ram.bytes,
    tableBits: tableBits(cost) - tableBits(bare),
  };
}

/** The largest fields of what does not fit: `lastTheta 400, lastGradient 400, …`. */
const largest = ({ memory }: Cost): string =>
  [...memory.state, ...memory.working].sort((a, b) => b.bytes - a.bytes).slice(0, 4).map(({ name, bytes }) => `${name} ${bytes}`).join(', ');

/** What a controller asks of the silicon that the learner itself does not. */
function notes(cost: Cost, bare: Cost | undefined): string[] {
  const own = new Set(bare?.operations.map(({ site }) => site));
  const added = <T extends { readonly site: string }>(list: readonly T[]): T[] => list.filter(({ site }) => !own.has(site));
  const result: string[] = [];
  const quotients = cost.operations.some(({ site }) => site === 'curvature');
  if (quotients && cost.divide === 'powerOfTwo') result.push('no divider: the quotient is a shift, up to half too small');
  if (quotients && cost.divide === 'table') result.push('no divider: a table of reciprocals');
  const divisions = added(cost.divisions);
  if (divisions.length > 0) result.push(`divides up to ${Math.max(...divisions.map(({ numerator }) => numerator))} by ${Math.max(...divisions.map(({ divisor }) => divisor))} bits`);
  const wide = added(cost.products).filter(({ passes }) => (passes ?? 1) > 1);
  const [widest] = wide.sort((a, b) => b.passes! - a.passes!);
  if (widest) result.push(`${widest.operands.join(' × ')} bits (${widest.what}): ${widest.passes} passes of the ${cost.hardware!.multiplier!.operands.join(' × ')} multiplier`);
  const long = added(cost.sums).filter(({ registers }) => (registers ?? 1) > 1);
  const [longest] = long.sort((a, b) => b.bits - a.bits);
  if (longest) result.push(`${longest.bits} bits in ${longest.site}: ${longest.registers} accumulators of ${cost.hardware!.accumulator!.wordLength}`);
  return result;
}
