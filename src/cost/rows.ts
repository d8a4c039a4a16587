/** Rows of what a step computes, and what several of them are made of. docs/cost.md says what counts as one operation. */
import type { Phase, When } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import { aligned, bitLength, magnitude, positive, type Operand } from './operand.js';

/** Products of two values, all of the same widths. */
export interface Product {
  /** Operands in words: `weight × input`. */
  readonly what: string;
  readonly operands: readonly [Operand, Operand];
  readonly count: number;
}

/** Quotients that no shift gives: an integer over an integer, both as wide as the site's fraction asks for. */
export interface Division {
  readonly numerator: number;
  readonly divisor: number;
  readonly count: number;
}

/** What stands behind the roundings of one site in one step. */
export interface Work {
  readonly site: string;
  readonly phase: Phase;
  readonly when: When;
  readonly products: readonly Product[];
  readonly divisions: readonly Division[];
  readonly additions: number;
  readonly comparisons: number;
  readonly roots: number;
  readonly quantisations: number;
}

export type Parts = Partial<Omit<Work, 'site' | 'phase'>>;
/** Adds a row. */
export type Row = (phase: Phase, site: string, parts: Parts) => void;

/** Samples of the largest step of a plan. */
export const largestBatch = ({ phases }: Pick<Plan, 'phases'>): number => Math.max(...phases.map(({ batch }) => batch));
/** The largest learning rate of a plan, as a raw. */
export const largestRate = ({ phases }: Pick<Plan, 'phases'>): bigint => phases.map(({ learningRate }) => BigInt(learningRate.raw)).reduce((a, b) => (a > b ? a : b));

export const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
/** Quantisations of a running sum of `terms` products. */
export const roundings = (terms: number, group: number): number => (group === 0 ? 1 : Math.ceil(terms / group));
export const product = (what: string, a: Operand, b: Operand, count = 1): Product => ({ what, operands: [a, b], count });
export const squared = (what: string, operand: Operand, count: number): Product => product(what, operand, operand, count);

/** Parts of two rows as one. */
export function joined(a: Parts, b: Parts): Parts {
  const sum = (name: 'additions' | 'comparisons' | 'roots' | 'quantisations'): number => (a[name] ?? 0) + (b[name] ?? 0);
  return {
    products: [...(a.products ?? []), ...(b.products ?? [])], divisions: [...(a.divisions ?? []), ...(b.divisions ?? [])],
    additions: sum('additions'), comparisons: sum('comparisons'), roots: sum('roots'), quantisations: sum('quantisations'),
  };
}

/** Parts of a row as often as that. */
export const repeated = ({ products = [], divisions = [], additions = 0, comparisons = 0, roots = 0, quantisations = 0 }: Parts, times: number): Parts => ({
  products: products.map((one) => ({ ...one, count: times * one.count })), divisions: divisions.map((one) => ({ ...one, count: times * one.count })),
  additions: times * additions, comparisons: times * comparisons, roots: times * roots, quantisations: times * quantisations,
});

/** A largest magnitude with its fraction length. */
export type Scale = readonly [largest: bigint, fractionLength: number];
export const scaleOf = (plan: Plan, key: string): Scale => [magnitude(plan, key), plan.sites[key]!.fractionLength];

/** Quotients as the target takes them (docs/numerics.md §6.4): divisions, products with a reciprocal out of a table, or shifts. */
export function quotientOf(plan: Plan, key: string, numerator: Scale, divisor: Scale, count = 1, signed = false): Parts {
  const { method, bits } = plan.divide;
  if (method === 'exact') return { divisions: [{ ...aligned(plan, key, numerator, divisor), count }] };
  if (method !== 'table') return {};
  const { bits: width } = positive(numerator[0]);
  return { products: [product(`${key} × reciprocal`, { bits: width + Number(signed), signed }, { bits: reciprocalBits(bits!), signed: false }, count)] };
}

/** Bits of the largest raw of a reciprocal of `bits` index bits: m = 2^bits has the largest. */
export const reciprocalBits = (bits: number): number => bitLength(((1n << BigInt(2 * bits + 3)) / ((1n << BigInt(bits + 1)) + 1n) + 1n) >> 1n);
