/** A running sum as C: products and a bias, quantised after every group of products or once at the end. docs/numerics.md §5. */
import type { Kernel } from './context.js';
import { add, leaf, total, uint32Literal, type Exact } from './exact.js';
import { railsOf } from './overflow.js';
import { clamped, hull, plus, range, summed, within, type Range } from './range.js';
import { rawType } from './sites.js';

export interface Accumulation {
  readonly key: string;
  /** Products between two quantisations; 0: all, with the bias. */
  readonly group: number;
  readonly descending: boolean;
  /** C text of the number of terms, and the most it can be. */
  readonly length: string;
  readonly most: number;
  /** Whether the length is always `most`. */
  readonly constant: boolean;
  /** The term with the C variable `index` as its index. */
  readonly index: string;
  readonly term: Exact;
  /** A single value that is added last. */
  readonly bias?: Exact | undefined;
  /** C text of the element. */
  readonly element: string;
}

/** Statements and the sum they leave, a variable or a call that stands for one use. */
export function accumulate(kernel: Kernel, sum: Accumulation): { lines: string[]; value: Exact } {
  return sum.group === 0 ? once(kernel, sum) : grouped(kernel, sum);
}

function once({ sites }: Kernel, { key, length, most, index, term, bias, element }: Accumulation): { lines: string[]; value: Exact } {
  const x = total('x', term, most);
  return {
    lines: [x.declare, `for (uint32_t ${index} = 0; ${index} < ${length}; ${index}++) ${x.add}`],
    value: sites.quantise(key, bias ? add(x.value, bias) : x.value, { element, index: '0' }),
  };
}

function grouped(kernel: Kernel, { key, group, descending, length, most, constant, index, term, bias, element }: Accumulation): { lines: string[]; value: Exact } {
  const { sites, plan } = kernel;
  const format = plan.sites[key]!;
  const type = rawType(key, format);
  const sum = leaf('sum', type, reach(kernel, key, term, most, bias), format.fractionLength);
  const draws = sites.draws(key);
  const counter = descending ? 'n' : index;
  const at = descending ? [`const uint32_t ${index} = ${length} - 1U - n;`] : [];
  const groups = constant ? uint32Literal(Math.ceil(most / group)) : group === 1 ? length : `(${length} + ${uint32Literal(group - 1)}) / ${uint32Literal(group)}`;
  const lines = [`${type} sum = 0;`];
  if (group === 1) {
    const step = sites.quantise(key, add(sum, term), { element, index: counter });
    lines.push(`for (uint32_t ${counter} = 0; ${counter} < ${length}; ${counter}++) {`, ...[...at, `sum = ${step.text};`].map((line) => `    ${line}`), '}');
  } else {
    const x = total('x', term, Math.min(group, most));
    const step = sites.quantise(key, add(sum, x.value), { element, index: 'part' });
    const full = uint32Literal(group);
    lines.push(
      `for (uint32_t ${counter} = 0${draws ? ', part = 0' : ''}; ${counter} < ${length};${draws ? ' part++' : ''}) {`,
      `    const uint32_t end = ${constant && most % group === 0 ? `${counter} + ${full}` : `${length} - ${counter} < ${full} ? ${length} : ${counter} + ${full}`};`,
      `    ${x.declare}`,
      ...(descending
        ? [`    for (; ${counter} < end; ${counter}++) {`, ...at.map((line) => `        ${line}`), `        ${x.add}`, '    }']
        : [`    for (; ${counter} < end; ${counter}++) ${x.add}`]),
      `    sum = ${step.text};`,
      '}',
    );
  }
  if (bias) lines.push(`sum = ${sites.quantise(key, add(sum, bias), { element, index: groups }).text};`);
  return { lines, value: sum };
}

/**
 * What a running sum can be: everything it can add up to with one last place for each quantisation, or its rails. A sum that can leave the rails
 * may be anywhere within them unless it saturates.
 */
function reach({ plan }: Kernel, key: string, term: Exact, most: number, bias: Exact | undefined): Range {
  const format = plan.sites[key]!;
  const finest = Math.max(term.fraction, bias?.fraction ?? term.fraction, format.fractionLength);
  const shift = (of: Range, fraction: number): Range => range(of.low << BigInt(finest - fraction), of.high << BigInt(finest - fraction));
  const all = plus(shift(summed(term.range, most), term.fraction), bias ? shift(hull(bias.range, range(0n, 0n)), bias.fraction) : range(0n, 0n));
  const own = BigInt(finest - format.fractionLength);
  const places = BigInt(most + 2);
  const of = range((all.low >> own) - places, (all.high >> own) + places);
  const rails = railsOf(format);
  if (within(of, rails)) return of;
  return format.overflow === 'SAT' || format.overflow === 'SAT_SYM' || format.overflow === 'TRAP' ? clamped(of, rails) : rails;
}
