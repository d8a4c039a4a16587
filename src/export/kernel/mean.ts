/** The batch mean as C: a shift where the batch is a power of two, else by the rule of the profile. docs/numerics.md §5. */
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { constant, leaf, multiply, type Exact } from './exact.js';
import { range } from './range.js';
import type { Place } from './sites.js';

const RECIPROCAL = siteKey('reciprocal');

/** Bits by which a sum is finer than its mean. */
const powerBits = ({ batch, plan }: Kernel): number => (plan.batchDivision === 'powerOfTwo' ? Math.ceil(Math.log2(batch)) : Math.floor(Math.log2(batch)));
/** Whether a batch may have a size that is no power of two and is not divided like one. */
const divides = ({ batch, plan }: Kernel): boolean => batch > 2 && plan.batchDivision !== 'powerOfTwo';

/** How a batch of `count` is divided by: made once a step, where batches are longer than one sample. */
export const MEAN = {
  parameter: ({ batch }: Kernel): string => (batch > 1 ? ', const batch_mean *mean' : ''),
  argument: ({ batch }: Kernel): string => (batch > 1 ? ', &mean' : ''),
  prepare: (kernel: Kernel): string[] => {
    const state = kernel.plan.batchDivision === 'reciprocal' && divides(kernel) ? 's, ' : '';
    return kernel.batch > 1 ? [`const batch_mean mean = batch_mean_of(${state}count);`] : [];
  },
};

/** Type and function behind MEAN. */
export function meanText(kernel: Kernel): string[] {
  const { batch, plan, prefix, sites } = kernel;
  if (batch === 1) return [];
  const bits = powerBits(kernel);
  const other = divides(kernel);
  const reciprocal = plan.batchDivision === 'reciprocal';
  const rule = reciprocal ? 'reciprocal' : 'count';
  const lines = [
    'const unsigned power = ceil_log2(count);',
    'batch_mean mean;',
    ...(other
      ? [
          `mean.factor = (count & (count - 1U)) == 0 ? INT64_C(1) << (${bits}U - power) : 0;`,
          `mean.${rule} = ${reciprocal ? sites.quotient(RECIPROCAL, constant(1n), leaf('(int64_t)count', 'int64_t', range(1n, BigInt(batch)), 0)).text : 'count'};`,
        ]
      : [`mean.factor = INT64_C(1) << (${bits}U - power);`]),
    'return mean;',
  ];
  return [
    [
      `/* G / count is G * factor / 2^${bits}${other ? (reciprocal ? '; where factor is 0, G * Q(1 / count)' : '; where factor is 0, an exact quotient') : ''}. */`,
      'typedef struct {',
      '    int64_t factor;',
      ...(other ? [`    int64_t ${rule};`] : []),
      '} batch_mean;',
      '',
      `static batch_mean batch_mean_of(${reciprocal && other ? `${prefix}_state *s, ` : ''}uint32_t count)`,
      '{',
      ...indented(lines),
      '}',
    ].join('\n'),
  ];
}

/** Statements that put g = Q(G / B) into `target`. */
export function meanCall(kernel: Kernel, key: string, sum: Exact, target: string): string[] {
  const { batch, plan, sites } = kernel;
  const place: Place = { element: 'k', index: '0' };
  if (batch === 1) return [`${target} = ${sites.quantise(key, sum, place).text};`];
  const call = sum.text.includes('(');
  const whole = call ? leaf('total', sum.type, sum.range, sum.fraction) : sum;
  const bits = powerBits(kernel);
  const factor = leaf('mean->factor', 'int64_t', range(1n, 1n << BigInt(bits)), bits);
  const shifted = sites.quantise(key, multiply(whole, factor), place);
  const lines = call ? [`const ${whole.type} total = ${sum.text};`] : [];
  if (!divides(kernel)) return [...lines, `${target} = ${shifted.text};`];
  const other =
    plan.batchDivision === 'reciprocal' ? sites.quantise(key, multiply(whole, kernel.raw('reciprocal', 0, 'mean->reciprocal', 'int64_t')), place)
    : sites.quotient(key, whole, leaf('mean->count', 'int64_t', range(1n, BigInt(batch)), 0), place);
  return [...lines, `${target} = mean->factor != 0 ? ${shifted.text} : ${other.text};`];
}

