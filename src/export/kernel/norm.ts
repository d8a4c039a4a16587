/** Squared norms and their roots as C. docs/numerics.md §6. */
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { gradientArrays, parameterArrays, type LayerArray } from './arrays.js';
import { add, aligned, asWide, leaf, multiply, square, subtract, total, type Exact } from './exact.js';

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
  const difference = (what: string, about: string, arrays: readonly LayerArray[], index: string): string => {
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

/** Whether what sums squares takes the index of the sum among those of the step. */
const takesIndex = ({ sites }: Kernel): boolean => sites.draws(SQUARED_NORM);

/** The call of a function of `gradientSquareText`. */
export const gradientSquare = (kernel: Kernel, name: string, index: string): string => `${name}(s${takesIndex(kernel) ? `, ${index}` : ''})`;

/** A function that sums the squares of gradients: of all layers, or of the first `layers`. */
export function gradientSquareText(kernel: Kernel, name: string, layers = kernel.layers.length): string {
  const sum = together(gradientArrays(kernel).slice(0, layers).map(({ name: array, raw, length, count }) => {
    const x = total('x', square({ ...raw, text: `s->${array}[k]` }), count);
    return { lines: [x.declare, `for (uint32_t k = 0; k < ${length}; k++) ${x.add}`], value: x.value };
  }));
  return [
    `/* Q(sum of the squared gradients${layers === kernel.layers.length ? '' : ' of all layers but the last'}) */`,
    `static uint64_t ${name}(${kernel.prefix}_state *s${takesIndex(kernel) ? ', uint32_t index' : ''})`,
    '{',
    ...indented([...sum.lines, `return ${kernel.sites.quantise(SQUARED_NORM, sum.value, { element: '0', index: 'index' }).text};`]),
    '}',
  ].join('\n');
}

/** Sum of the squares of what each output makes of the gradient: the numerator of the rayleigh estimator. Its one layer is the first. */
export function innerText(kernel: Kernel): string {
  const layer = kernel.layers[0]!;
  const inputs = kernel.size(layer, 'INPUTS');
  const sum = total('z', multiply(kernel.raw('gradient', 0, `s->layer0_gradient[o * ${inputs} + i]`), kernel.fed(0, `inputs[b * ${inputs} + i]`)), layer.inputs);
  const bias = kernel.raw('gradient', 0, `s->layer0_gradient[${kernel.size(layer, 'WEIGHTS')} + o]`);
  const z = layer.bias ? add(sum.value, bias) : sum.value;
  const x = total('x', square(leaf('z', 'int64_t', z.range, z.fraction)), kernel.batch * layer.outputs);
  return [
    '/* Q(sum over samples and outputs of (sum of g * a)^2), a bias with an input of 1 */',
    `static uint64_t squared_inner(${kernel.prefix}_state *s, const ${kernel.prefix}_input_t *inputs, uint32_t count)`,
    '{',
    ...indented([
      x.declare,
      'for (uint32_t b = 0; b < count; b++) {',
      `    for (uint32_t o = 0; o < ${kernel.size(layer, 'OUTPUTS')}; o++) {`,
      ...indented([
        sum.declare,
        `for (uint32_t i = 0; i < ${inputs}; i++) ${sum.add}`,
        ...(layer.bias ? [`z = ${z.text};`] : []),
        x.add,
      ], 8),
      '    }',
      '}',
      `return ${kernel.sites.quantise(SQUARED_NORM, x.value).text};`,
    ]),
    '}',
  ].join('\n');
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
