/**
 * Where the core may take four values at a time: the parts of a step of which the formats prove that no exact value, with what rounding adds to it, leaves
 * 31 bits. Random roundings keep their order of drawing and TRAP its order of overflowing, so they are not for lanes; nor are products with a rounding
 * of their own, sums from the last index on, and the sigmoid. Bits and counters are the same either way.
 */
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import type { Alignment } from '../plan/alignment.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { LANES, ROUND_KINDS } from './abi.js';
import type { RecordView } from './memory.js';

/** Bits of a lane beside its sign. */
const LANE_BITS = 31;
const I32_MAX = 2n ** 31n - 1n;

/** Fields of a layer's record. */
export interface LayerLanes {
  readonly lanesForward: number;
  readonly lanesError: number;
  readonly lanesGradient: number;
  readonly lanesUpdate: number;
  /** Largest raw of a rate whose products with gradients a lane holds; −1 for none. */
  readonly laneRate: bigint;
}

export const NO_LANES: LayerLanes = { lanesForward: LANES.none, lanesError: LANES.none, lanesGradient: LANES.none, lanesUpdate: LANES.none, laneRate: -1n };

/** Whether any part of a step can be taken in lanes. */
export const takesLanes = (layers: readonly LayerLanes[]): boolean =>
  layers.some(({ lanesForward, lanesError, lanesGradient, lanesUpdate }) => (lanesForward | lanesError | lanesGradient | lanesUpdate) !== LANES.none);

/** What of each layer may be taken in lanes. */
export function lanesOf(plan: Plan, { sites }: Alignment): LayerLanes[] {
  const { accumulate, layers } = plan;
  const inOrder = accumulate.order !== 'descending' && Object.values(plan.sites).every(({ overflow }) => overflow !== 'TRAP');
  return layers.map(({ activation, bias }, layer): LayerLanes => {
    const modeOf = (name: SiteName): RoundingMode => ROUNDING[plan.sites[siteKey(name, layer)]!.rounding];
    const shiftOf = (name: SiteName): number => sites[siteKey(name, layer)]!.shift;
    const roundsByAddends = (name: SiteName): boolean => modeOf(name).addend !== undefined && shiftOf(name) < LANE_BITS;
    const fits = (name: SiteName): boolean => roundsByAddends(name) && (sites[siteKey(name, layer)]!.bits ?? 0) <= LANE_BITS;
    const kind = (names: readonly SiteName[]): number => {
      const one = names.every((name) => {
        const shift = shiftOf(name);
        const addend = shift > 0 ? modeOf(name).addend!(BigInt(shift)) : undefined;
        return addend === undefined || (addend.lsb === 0n && addend.sign === 0n);
      });
      return one ? LANES.oneAddend : LANES.threeAddends;
    };
    const part = (allowed: boolean, ...names: readonly SiteName[]): number => (inOrder && allowed && names.every(fits) ? kind(names) : LANES.none);
    const parameters: readonly SiteName[] = bias ? ['weight', 'bias'] : ['weight'];
    const lanesUpdate = inOrder && roundsByAddends('update') && parameters.every(fits) ? kind(['update', ...parameters]) : LANES.none;
    return {
      lanesForward: part(!plan.sites[siteKey('product', layer)] && activation !== 'sigmoid', 'accumulator', 'activation'),
      lanesError: part(true, 'error'),
      lanesGradient: part(!plan.sites[siteKey('gradientProduct', layer)], 'gradientAccumulator', 'gradient'),
      lanesUpdate,
      laneRate: lanesUpdate === LANES.none ? -1n : largestRate(plan, sites[siteKey('update', layer)]!, layer),
    };
  });
}

/** Largest rate r with r·|g|, aligned, and what rounding adds within a lane for every gradient g of the layer. */
function largestRate(plan: Plan, { left, shift }: Alignment['sites'][string], layer: number): bigint {
  const [low, high] = plan.sites[siteKey('gradient', layer)]!.rails.map(BigInt) as [bigint, bigint];
  const most = -low > high ? -low : high;
  return (I32_MAX - (shift > 0 ? 1n << BigInt(shift) : 0n)) / (most << BigInt(left[0]!));
}

const clipped = (value: bigint): number => Number(value > I32_MAX ? I32_MAX : value < -I32_MAX ? -I32_MAX - 1n : value);

/** Writes a site's addends and edges as words of a lane; of a site that no lane rounds it does not matter what they are. */
export function writeLane(site: RecordView): void {
  if (site.int('kind') !== ROUND_KINDS.addend) return;
  for (const [field, from] of [['laneBase', 'base'], ['laneLsb', 'lsb'], ['laneSign', 'sign'], ['laneLow', 'edgeLow'], ['laneHigh', 'edgeHigh']] as const) {
    site.setInt(field, clipped(site.raw(from)));
  }
}

/** Bytes for the inputs and outputs of four samples of the widest layer. */
export const laneScratch = (layers: Plan['layers']): number => 16 * Math.max(...layers.map(({ inputs, outputs }) => inputs + outputs));
