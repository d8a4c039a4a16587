/** The units of a plan's data path: what each is made from, its ports and its vectors. Nothing here knows a language. */
import { THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../../control/registry.js';
import { siteOf } from '../../compare/stepOrder.js';
import { ROUNDING, type RoundingMode } from '../../format/modes.js';
import { accumulateGroup } from '../../plan/alignment.js';
import type { Plan, SiteFormat } from '../../schema/plan.js';
import { siteKey } from '../../site/sites.js';
import { formatAt } from '../cSites.js';
import { macroWord } from '../cText.js';
import { constantsOf } from './controllers.js';
import { finestOf, largestBatch, meanOperand, operandsOf, product, Raws, shareOperand, signedBits, type Exact, type Operand } from './exact.js';
import { flag, type Port } from './vectors.js';

/** Rounding into the format of a site. */
export interface Quantiser {
  /** `layer0_weight`, `LAYER0_WEIGHT`: how the site is called in files and constants. */
  readonly word: string;
  readonly macro: string;
  readonly key: string;
  /** As the hardware rounds: `norm` takes the floor, whatever its mode. */
  readonly format: SiteFormat;
  readonly operand: Operand;
  readonly bits: number;
  readonly shift: number;
  /** Draws random bits. */
  readonly random: boolean;
}

/** Raws of a factor or term. */
export interface Raw {
  readonly bits: number;
  readonly signed: boolean;
  readonly value: Exact;
}

interface Named {
  /** Behind the prefix of the export. */
  readonly name: string;
  readonly about: string;
  readonly ports: readonly Port[];
}

export interface QuantiseUnit extends Named {
  readonly kind: 'quantise';
  readonly quantiser: Quantiser;
}

/** A running sum, clocked: a product or a term a cycle, a single value (the bias) last. */
export interface MacUnit extends Named {
  readonly kind: 'mac';
  readonly quantiser: Quantiser;
  readonly a: Raw;
  /** Absent where terms are added as they are. */
  readonly b: Raw | undefined;
  /** Rounding of each product before it is added. */
  readonly product: Quantiser | undefined;
  readonly single: Raw | undefined;
  readonly term: Raw;
  readonly group: number;
  /** Most terms of a sum. */
  readonly most: number;
  /** Left shifts to the fraction length of the exact sum. */
  readonly left: { readonly term: number; readonly single: number; readonly sum: number };
  /** Chains of the run: forward sums, or gradients of weights or biases. */
  readonly chains: 'forward' | 'weight' | 'bias';
  readonly layer: number;
}

export interface EmaUnit extends Named {
  readonly kind: 'ema';
  readonly quantiser: Quantiser;
  readonly rho: bigint;
  readonly sample: Raw;
  readonly left: { readonly sample: number; readonly mean: number; readonly product: number; readonly sum: number };
}

export interface ThrottleUnit extends Named {
  readonly kind: 'throttle';
  readonly quantiser: Quantiser;
  readonly chi: bigint;
  readonly firstAlpha: bigint;
  readonly rate: Raw;
  readonly square: Raw;
  /** Left shifts of both sides of the comparison, and of a share into the fraction length it is rounded from. */
  readonly left: { readonly gradient: number; readonly theta: number; readonly share: number };
}

export type Unit = QuantiseUnit | MacUnit | EmaUnit | ThrottleUnit;

/** Whether a unit has a clock. */
export const isClocked = ({ kind }: Unit): boolean => kind !== 'quantise';

/** Bits of a raw as a signed value. */
export const signedWidth = ({ bits, signed }: Raw): number => bits + (signed ? 0 : 1);

/** Bits of both sides of the comparison of a table throttle, one to spare. */
export function sideBits({ chi, rate, square, left }: Pick<ThrottleUnit, 'chi' | 'rate' | 'square' | 'left'>): number {
  const share = THROTTLE_TABLE[0].toString(2).length;
  return Math.max(2 * (share + rate.bits) + square.bits + left.gradient, 2 * chi.toString(2).length + square.bits + 1 + left.theta) + 1;
}

/** Every unit of the plan, those of the sites in the order of a step. */
export function unitsOf(plan: Plan): Unit[] {
  const raws = new Raws(plan);
  const operands = operandsOf(plan);
  const quantisers = new Map([...operands].map(([key, operand]) => [key, quantiserOf(plan, key, operand)]));
  return [
    ...[...quantisers.values()].map(quantiseUnit),
    ...plan.layers.flatMap((_, layer) => macUnits(raws, layer, quantisers)),
    emaUnit(raws, quantisers),
    throttleUnit(raws, quantisers),
  ];
}

function quantiserOf(plan: Plan, key: string, operand: Operand): Quantiser {
  const site = plan.sites[key]!;
  const format: SiteFormat = key === 'norm' ? { ...site, rounding: 'TRN' } : site;
  const macro = macroWord(key);
  return {
    word: macro.toLowerCase(), macro, key, format, operand, bits: signedBits(operand.range), shift: operand.fraction - format.fractionLength,
    random: (ROUNDING[format.rounding] as RoundingMode).random !== undefined,
  };
}

/** The port of random bits, one more than are discarded, and none for a site that draws none. */
const randomPorts = ({ random, shift }: Quantiser, name = 'random'): Port[] => (random ? [{ name, bits: shift + 1, signed: false }] : []);
const rawPort = ({ format: { wordLength: bits, signed } }: Quantiser, name = 'raw'): Port => ({ name, bits, signed, out: true });
const given = (name: string, { bits, signed }: Raw): Port => ({ name, bits, signed });

function quantiseUnit(quantiser: Quantiser): QuantiseUnit {
  return {
    kind: 'quantise', quantiser, name: `${quantiser.word}_quantise`, about: `rounds into ${quantiser.key}`,
    ports: [{ name: 'x', bits: quantiser.bits, signed: true }, ...randomPorts(quantiser), rawPort(quantiser), flag('high', true), flag('low', true)],
  };
}

function rawOf({ signed, wordLength }: SiteFormat, value: Exact): Raw {
  return { bits: wordLength, signed, value };
}

function macUnits(raws: Raws, layer: number, quantisers: ReadonlyMap<string, Quantiser>): MacUnit[] {
  const { plan } = raws;
  const { inputs, bias } = plan.layers[layer]!;
  const at = (name: Parameters<Raws['raw']>[0], l = layer): Raw => rawOf(raws.format(name, l), raws.raw(name, l));
  const fed = layer === 0 ? at('input') : rawOf(raws.format('activation', layer - 1), raws.fed(layer));
  const unit = (key: string, chains: MacUnit['chains'], a: Raw, b: Raw | undefined, productKey: string, most: number, single?: Raw): MacUnit => {
    const quantiser = quantisers.get(key)!;
    const rounded = b && quantisers.get(productKey);
    const exact = b ? product(a.value, b.value) : a.value;
    const term: Raw = rounded ? rawOf(rounded.format, raws.raw(siteOf(productKey).name, layer)) : b ? { bits: signedBits(exact.range), signed: true, value: exact } : a;
    const left = (value: Exact): number => quantiser.operand.fraction - value.fraction;
    const own = raws.raw(siteOf(key).name, layer);
    const suffix = chains === 'bias' ? '_bias' : '';
    return {
      kind: 'mac', quantiser, a, b, product: rounded, single, term, most, layer, chains,
      name: `${quantiser.word}${suffix}_mac`, about: `running sum of ${key}${chains === 'bias' ? ', errors alone' : ''}`,
      group: accumulateGroup(plan.accumulate[siteOf(key).name as 'accumulator' | 'gradientAccumulator']),
      left: { term: left(term.value), single: single ? left(single.value) : 0, sum: left(own) },
      ports: [
        flag('enable'), flag('first'), flag('last'), ...(single ? [flag('single')] : []),
        given('a', a), ...(b ? [given('b', b)] : []), ...(single ? [given('c', single)] : []),
        ...(rounded ? randomPorts(rounded, 'product_random') : []), ...randomPorts(quantiser),
        rawPort(quantiser, 'sum'), flag('high', true), flag('low', true),
      ],
    };
  };
  const gradient = siteKey('gradientAccumulator', layer);
  const gradientProduct = siteKey('gradientProduct', layer);
  const batch = largestBatch(plan);
  return [
    unit(siteKey('accumulator', layer), 'forward', at('weight'), fed, siteKey('product', layer), inputs, bias ? at('bias') : undefined),
    unit(gradient, 'weight', at('error'), fed, gradientProduct, batch),
    ...(bias ? [unit(gradient, 'bias', at('error'), undefined, gradientProduct, batch)] : []),
  ];
}

function emaUnit(raws: Raws, quantisers: ReadonlyMap<string, Quantiser>): EmaUnit {
  const { plan } = raws;
  const { rho } = constantsOf(plan);
  const [sample, mean, rate] = [raws.raw('curvature'), raws.raw('curvatureMean'), raws.constant('meanRate', rho)];
  const known = quantisers.get('curvatureMean');
  const operand = meanOperand(raws, rho);
  const quantiser = known ?? quantiserOf(plan, 'curvatureMean', operand);
  const difference = finestOf(sample, mean);
  const finest = quantiser.operand.fraction;
  return {
    kind: 'ema', name: 'ema', about: 'moving mean of the curvature, M = Q(M + rho (C - M))', quantiser, rho, sample: rawOf(raws.format('curvature'), sample),
    left: { sample: difference - sample.fraction, mean: difference - mean.fraction, product: finest - rate.fraction - difference, sum: finest - mean.fraction },
    ports: [
      flag('enable'), flag('clear'), given('sample', rawOf(raws.format('curvature'), sample)), ...randomPorts(quantiser),
      rawPort(quantiser, 'mean'), flag('high', true), flag('low', true),
    ],
  };
}

function throttleUnit(raws: Raws, quantisers: ReadonlyMap<string, Quantiser>): ThrottleUnit {
  const { plan } = raws;
  const known = plan.throttle.law === 'table' ? quantisers.get('throttle') : undefined;
  const share = shareOperand();
  const own = formatAt(plan, 'throttle').fractionLength;
  const fraction = Math.max(share.fraction, own);
  const scale = BigInt(fraction - share.fraction);
  const quantiser = known ?? quantiserOf(plan, 'throttle', { fraction, range: { low: 0n, high: share.range.high << scale } });
  const rate = rawOf(raws.format('learningRate'), raws.raw('learningRate'));
  const square = rawOf(raws.format('squaredNorm'), raws.raw('squaredNorm'));
  // (a·η)²·S_g·2^−(2·5 + 2·Fη) ≤ χ²·(S_θ + 1)·2^−2Fχ, both sides with the fraction length of S besides
  const places = 2 * (THROTTLE_TABLE_FRACTION_LENGTH + rate.value.fraction) - 2 * raws.format('throttleTarget').fractionLength;
  const { chi, firstAlpha } = constantsOf(plan);
  return {
    kind: 'throttle', name: 'table_throttle', about: 'table throttle: the largest share a with (a eta)^2 S_g <= chi^2 (S_theta + 1)', quantiser, chi, firstAlpha, rate, square,
    left: { gradient: Math.max(0, -places), theta: Math.max(0, places), share: quantiser.operand.fraction - share.fraction },
    ports: [
      flag('enable'), flag('clear'), given('eta', rate), given('square_theta', square), given('square_gradient', square), ...randomPorts(quantiser),
      rawPort(quantiser, 'alpha'), { name: 'share', bits: THROTTLE_TABLE_FRACTION_LENGTH + 1, signed: false, out: true }, flag('infeasible', true),
    ],
  };
}
