/** Squared norms and their roots as C. docs/numerics.md §6. */
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { gradientArrays, parameterArrays, type ParameterArray } from './arrays.js';
import { add, aligned, asWide, leaf, square, subtract, total, type Exact } from './exact.js';

const SQUARED_NORM = siteKey('squaredNorm');

/** Parts of a sum of squares: statements that make one, and its value in the variable `x`. */
interface Part {
  readonly lines: readonly string[];
  readonly value: Exact;
}

/** Statements that add the parts up, and the sum, aligned to the finest of them. */
function together(parts: readonly Part[]): { lines: readonly string[]; value: Exact } {
  if (parts.length === 1) return parts[0]!;
  const { type, range, fraction } = parts.map(({ value }) => value).reduce(add);
  const wide = type === 'wide';
  const blocks = parts.flatMap(({ lines, value }) => {
    const term = aligned(value, fraction);
    return ['{', ...indented([...lines, wide ? `all = wide_add(all, ${asWide(term)});` : `all += ${term.text};`]), '}'];
  });
  return { lines: [wide ? 'wide all = { 0, 0 };' : 'int64_t all = 0;', ...blocks], value: leaf('all', wide ? 'wide' : 'int64_t', range, fraction) };
}

/** S_theta and S_g, one after the other. */
export function differencesText(kernel: Kernel): string[] {
  const difference = (what: string, about: string, arrays: readonly ParameterArray[], index: string): string => {
    const sum = together(arrays.map(({ name, raw, length, count }) => {
      const x = total('x', square(leaf('d', 'int64_t', subtract(raw, raw).range, raw.fraction)), count);
      return {
        lines: [x.declare, `for (uint32_t k = 0; k < ${length}; k++) {`, `    const int64_t d = (int64_t)s->${name}[k] - (int64_t)s->${name}_before[k];`, `    ${x.add}`, '}'],
        value: x.value,
      };
    }));
    return [
      `/* Q(sum of squared differences of the ${about} to the step before) */`,
      `static uint64_t squared_difference_${what}(${kernel.prefix}_state *s)`,
      '{',
      ...indented([...sum.lines, `return ${kernel.sites.quantise(SQUARED_NORM, sum.value, { element: '0', index }).text};`]),
      '}',
    ].join('\n');
  };
  return [difference('theta', 'parameters', parameterArrays(kernel), '0'), difference('gradient', 'gradients', gradientArrays(kernel), '1')];
}

/** S of the trace estimator: squares of everything the layers were fed, a bias counting as an input of 1. */
export function traceText(kernel: Kernel): string {
  const sum = together(kernel.layers.map((layer, l) => {
    const x = total('x', square(kernel.fed(l, 'a[k]')), kernel.batch * layer.inputs);
    const ones = leaf('count', 'uint32_t', { low: 0n, high: BigInt(kernel.batch) }, 0);
    return {
      lines: [
        `const ${kernel.fed(l, '').type} *const a = ${l === 0 ? 'inputs' : `s->layer${l - 1}_output`};`,
        x.declare, `for (uint32_t k = 0; k < count * ${kernel.size(layer, 'INPUTS')}; k++) ${x.add}`,
      ],
      value: layer.bias ? add(x.value, ones) : x.value,
    };
  }));
  return [
    '/* Q(sum over layers and samples of the squares they were fed, and 1 for a bias) */',
    `static uint64_t squared_activations(${kernel.prefix}_state *s, const ${kernel.prefix}_input_t *inputs, uint32_t count)`,
    '{',
    ...indented([...sum.lines, `return ${kernel.sites.quantise(SQUARED_NORM, sum.value).text};`]),
    '}',
  ].join('\n');
}
