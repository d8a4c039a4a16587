/**
 * Where the core may take values side by side: the parts of a step of which the formats prove that every exact value, with what rounding adds to it, fits
 * a lane; a sum that one addend rounds on its way may be kept as a raw, and then what it gets at a time has to fit. Random roundings keep their order of
 * drawing and TRAP its order of overflowing, so they are not for lanes; nor are products with a rounding of their own, sums from the last index on, and the
 * sigmoid. Bits and counters are the same either way.
 */
import { ERROR_BITS } from '../format/quantise.js';
import { ROUNDING, type Addend, type RoundingMode } from '../format/modes.js';
import { accumulateGroup, type Alignment } from '../plan/alignment.js';
import type { RecordLevel } from '../run/levels.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { LANE_BLOCK, LANES, PLANE_LEVELS, RECORDS, ROUND_KINDS } from './abi.js';
import type { RecordView } from './memory.js';

/** Bits of a magnitude that a lane holds: beside the sign of 32 bits; and of 64, with room to make it positive. */
const WORD_BITS = 31;
const LONG_BITS = 61;
/** Values of one batch in one layer at the most: lanes count them in 32 bits. */
const MOST_VALUES = 2 ** 31;
/** Shorter sums are not worth it; of longer ones the low halves leave 32 bits. */
const FEWEST_SHORT = 8;
const MOST_SHORT = 2 ** 16;
const I32_MAX = 2n ** 31n - 1n;

/** Fields of a layer's record. */
export interface LayerLanes {
  readonly lanesForward: number;
  readonly lanesError: number;
  readonly lanesGradient: number;
  readonly lanesUpdate: number;
  /** Largest raw of a rate whose products with gradients a lane holds; −1 for none. */
  readonly laneRate: bigint;
  /** Whether exact sums of products are of words of 16 bits, 1 or 0. */
  readonly shortForward: number;
  readonly shortGradient: number;
}
export const NO_LANES: LayerLanes = { lanesForward: LANES.none, lanesError: LANES.none, lanesGradient: LANES.none, lanesUpdate: LANES.none, laneRate: -1n, shortForward: 0, shortGradient: 0 };

/** Whether any part of a step can be taken in lanes. */
export const takesLanes = (layers: readonly LayerLanes[]): boolean => layers.some((layer) => layer.laneRate >= 0n || layer.lanesForward + layer.lanesError + layer.lanesGradient > 0);

/** What of each layer the reference takes in lanes: sums keep their order, so all but those from the last index on and the sigmoid. */
export function lanesOfReference({ accumulate, layers }: Pick<Plan, 'accumulate' | 'layers'>): LayerLanes[] {
  if (accumulate.order === 'descending') return layers.map(() => NO_LANES);
  return layers.map(({ activation }) => ({
    lanesForward: activation === 'sigmoid' ? LANES.none : LANES.reals, lanesError: LANES.reals, lanesGradient: LANES.reals, lanesUpdate: LANES.reals, laneRate: 0n, shortForward: 0, shortGradient: 0,
  }));
}

/** What of each layer a target may take in lanes. */
export function lanesOf(plan: Plan, { sites }: Alignment, record: RecordLevel = 'counts'): LayerLanes[] {
  const { accumulate, layers, phases } = plan;
  const samples = Math.max(plan.evaluationRows, ...phases.map(({ batch }) => batch));
  const inOrder = accumulate.order !== 'descending' && Object.values(plan.sites).every(({ overflow }) => overflow !== 'TRAP');
  return layers.map(({ inputs, outputs, activation, bias }, layer): LayerLanes => {
    if (!inOrder || samples * outputs * (inputs + 2) >= MOST_VALUES) return NO_LANES;
    const siteOf = (name: SiteName): Alignment['sites'][string] => sites[siteKey(name, layer)]!;
    /** Undefined at a site that draws. */
    const addendOf = (name: SiteName): Addend | undefined => {
      const mode: RoundingMode = ROUNDING[plan.sites[siteKey(name, layer)]!.rounding];
      return mode.addend?.(BigInt(Math.max(1, siteOf(name).shift)));
    };
    const kindOf = (names: readonly SiteName[], bits: number): number => {
      const addends = names.map(addendOf);
      // The full recorder takes an error that has more bits another way.
      if (bits > LONG_BITS || addends.includes(undefined) || (record === 'full' && names.some((name) => siteOf(name).shift > ERROR_BITS))) return LANES.none;
      const one = names.every((name, k) => siteOf(name).shift === 0 || (addends[k]!.lsb === 0n && addends[k]!.sign === 0n));
      return bits > WORD_BITS || !recorded(names) ? (one ? LANES.longsOne : LANES.longsThree) : one ? LANES.wordsOne : LANES.wordsThree;
    };
    /** Whether words of 32 bits hold the rounding errors that the full recorder adds up before it counts them. */
    const recorded = (names: readonly SiteName[]): boolean => record !== 'full' || names.every((name) => siteOf(name).shift + Math.ceil(Math.log2(mostAside(plan))) < WORD_BITS);
    const part = (allowed: boolean, ...names: readonly SiteName[]): number => (allowed ? kindOf(names, Math.max(...names.map((name) => siteOf(name).bits ?? 0))) : LANES.none);
    /** Of a sum and what is made of it; rounded on its way by one addend, only its steps and raws need to fit. */
    const sum = (allowed: boolean, accumulator: SiteName, result: SiteName): number => {
      const kind = part(allowed, accumulator, result);
      const { stepBits = LONG_BITS } = siteOf(accumulator);
      const fits = kind === LANES.longsOne && recorded([accumulator, result]) && Math.max(stepBits, siteOf(result).bits ?? 0) <= WORD_BITS;
      return fits ? LANES.wordsRaw : kind;
    };

    // An update fits up to some rate: that of most steps may be far below the largest there can be.
    const parameters: readonly SiteName[] = bias ? ['weight', 'bias'] : ['weight'];
    const [low, high] = plan.sites[siteKey('gradient', layer)]!.rails.map(BigInt) as [bigint, bigint];
    const { left, shift } = siteOf('update');
    const largestGradient = (-low > high ? -low : high) << BigInt(left[0]!);
    const rateWithin = (bits: number): bigint => ((1n << BigInt(bits)) - 1n - (shift > 0 ? 1n << BigInt(Math.min(shift, bits)) : 0n)) / largestGradient;
    const unthrottled = Math.max(...phases.map(({ learningRate }) => learningRate.value)) * 2 ** plan.sites['rate']!.fractionLength;
    return {
      lanesForward: sum(!plan.sites[siteKey('product', layer)] && activation !== 'sigmoid', 'accumulator', 'activation'),
      lanesError: part(true, 'error'),
      lanesGradient: sum(!plan.sites[siteKey('gradientProduct', layer)], 'gradientAccumulator', 'gradient'),
      ...updates(),
      ...short(),
    };

    function short(): Pick<LayerLanes, 'shortForward' | 'shortGradient'> {
      const fits = (key: string): boolean => {
        const { signed, wordLength } = plan.sites[key]!;
        return wordLength <= (signed ? 16 : 15);
      };
      const fed = fits(layer === 0 ? 'input' : siteKey('activation', layer - 1));
      const sums = (exact: boolean, factor: SiteName, length: number): number => Number(exact && fed && fits(siteKey(factor, layer)) && length >= FEWEST_SHORT && length <= MOST_SHORT);
      return {
        shortForward: sums(accumulateGroup(accumulate.accumulator) === 0, 'weight', inputs),
        shortGradient: sums(accumulateGroup(accumulate.gradientAccumulator) === 0, 'error', Math.max(...phases.map(({ batch }) => batch))),
      };
    }

    function updates(): Pick<LayerLanes, 'lanesUpdate' | 'laneRate'> {
      const bits = Math.max(...parameters.map((name) => siteOf(name).bits ?? 0));
      const words = bits <= WORD_BITS && Number(rateWithin(WORD_BITS)) >= unthrottled;
      const within = rateWithin(words ? WORD_BITS : LONG_BITS);
      // A product is of words of 32 bits.
      const laneRate = within > I32_MAX ? I32_MAX : within;
      const lanesUpdate = laneRate < 0n ? LANES.none : kindOf(['update', ...parameters], words ? bits : Math.max(bits, WORD_BITS + 1));
      return { lanesUpdate, laneRate: lanesUpdate === LANES.none ? -1n : laneRate };
    }
  });
}

const clipped = (value: bigint): number => Number(value > I32_MAX ? I32_MAX : value < -I32_MAX ? -I32_MAX - 1n : value);

/** Writes a site's addends and edges as words of a lane; where no lane rounds it does not matter what they are. */
export function writeLane(site: RecordView): void {
  if (site.int('kind') !== ROUND_KINDS.addend) return;
  for (const [field, from] of [['laneBase', 'base'], ['laneLsb', 'lsb'], ['laneSign', 'sign'], ['laneLow', 'edgeLow'], ['laneHigh', 'edgeHigh']] as const) {
    site.setInt(field, clipped(site.raw(from)));
  }
  site.setRaw('laneBack', (1n << BigInt(LONG_BITS + 1)) >> BigInt(site.int('shift')));
}

/** Of how many squares of errors, of differences of gradients and of parameters 63 bits hold the sum; 0 where one may be too large, or a difference no word of 32 bits. */
export function squaresInRegister({ layers, sites }: Pick<Plan, 'layers' | 'sites'>): number {
  const longest = Math.max(...layers.flatMap((_, layer) => (['error', 'gradient', 'weight', 'bias'] as const).map((name) => sites[siteKey(name, layer)]?.wordLength ?? 0)));
  return longest > WORD_BITS ? 0 : 2 ** Math.min(30, 63 - 2 * longest);
}

/** Bytes for the inputs and outputs of samples side by side, of the widest layer. */
export const laneScratch = (layers: Plan['layers']): number => 16 * Math.max(...layers.map(({ inputs, outputs }) => inputs + outputs));

/** Bytes for words of 16 bits: the weights of a layer, each row in whole vectors; or the errors and inputs of a batch. */
export function lanePairs({ layers, phases }: Pick<Plan, 'layers' | 'phases'>, lanes: readonly LayerLanes[]): number {
  const batch = Math.max(...phases.map((phase) => phase.batch));
  const bytes = layers.map(({ inputs, outputs }, layer) => [
    lanes[layer]?.shortForward ? outputs * 16 * Math.ceil(inputs / 8) : 0,
    lanes[layer]?.shortGradient ? 4 * Math.ceil(batch / 2) * (inputs + outputs) + 16 : 0,
  ]);
  return Math.max(0, ...bytes.flat());
}

/** What the full recorder puts aside at a site before it looks, at the most: of a sample in the widest layer, of a parameter in the largest batch, or of a slice of other values. */
const mostAside = ({ layers, phases }: Pick<Plan, 'layers' | 'phases'>): number => Math.max(LANE_BLOCK, ...phases.map(({ batch }) => batch + 2), ...layers.map(({ inputs, outputs }) => outputs * (inputs + 2)));
/** The sites that lanes round, as in assembly/lanes/tally.ts, each with bytes for what the full recorder counts there: see assembly/lanes/planes.ts. */
export const lanePlanes = ({ layers, phases }: Pick<Plan, 'layers' | 'phases'>): [key: string, bytes: number][] =>
  layers.flatMap(({ inputs, outputs }, layer) =>
    (['accumulator', 'activation', 'error', 'gradientAccumulator', 'gradient', 'update', 'weight', 'bias'] as const).map((name): [key: string, bytes: number] => {
      const group = { accumulator: outputs * (inputs + 1), activation: outputs, gradientAccumulator: Math.max(...phases.map(({ batch }) => batch)) }[name as 'accumulator'] ?? 0;
      // Levels, a block that is packed, less than one of long lanes, and what is put aside.
      return [siteKey(name, layer), PLANE_LEVELS * RECORDS.PLANES.size + 16 * (3 * LANE_BLOCK + Math.max(LANE_BLOCK, group))];
    }));
