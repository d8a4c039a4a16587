/** A plan in formats so fine that its fixed-point run must stay close to the reference: what one oracle misreads, the other shows. */
import type { Constant, Plan, SiteFormat } from '../../src/schema/plan.js';
import { endsOf, fromBinary64, quantise, parseFormat } from './exact.js';

const FRACTION = 120;
const WORD = 300;
const [LOW, HIGH] = endsOf(true, WORD);
const FORMAT: SiteFormat = { signed: true, wordLength: WORD, fractionLength: FRACTION, rounding: 'RND_CONV', overflow: 'SAT', rails: [`${LOW}`, `${HIGH}`] };

const rawOf = (value: number): string => {
  const { n, f } = fromBinary64(value);
  return `${quantise(f >= 0 ? n : n << BigInt(-f), 1n << BigInt(Math.max(f, 0)), parseFormat(FORMAT)).raw}`;
};

const isConstant = (value: unknown): value is Constant => typeof value === 'object' && value !== null && 'raw' in value;

/** Every constant in it at the fine format. */
function withFineConstants<T>(value: T): T {
  if (isConstant(value)) return { ...value, raw: rawOf(value.value) };
  if (Array.isArray(value)) return value.map(withFineConstants) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]: [string, unknown]) => [name, withFineConstants(one)])) as T;
}

/** The plan with every site fine, products exact and quotients exact; a table of the sigmoid stays as coarse as it is. */
export function finePlan(plan: Plan): Plan {
  const keys = Object.keys(plan.sites).filter((key) => !/roduct$/.test(key));
  const { initial, sites: _, ...rest } = plan;
  return {
    ...withFineConstants(rest),
    initial: initial.map(({ weights, bias }) => ({ weights, bias, weightsRaw: weights.map((row) => row.map(rawOf)), biasRaw: bias.map(rawOf) })),
    sites: Object.fromEntries(keys.map((key) => [key, FORMAT])),
    divide: { method: 'exact' },
    batchDivision: 'exact',
  };
}

/** Value of a raw of a fine plan. */
export const fineValue = (raw: bigint): number => Number(raw) * 2 ** -FRACTION;
