/** The rails throttle as C: the largest alpha that keeps row and column sums of |w|, and |b|, inside their limits. docs/numerics.md §6.2. */
import { indented, type Kernel, type LayerShape } from './context.js';
import { compare, leaf, magnitude, multiply, subtract, total, variable, type Exact } from './exact.js';

/** `inside_layer0` and its likes, and `railed`. */
export function railsText(kernel: Kernel): string[] {
  const { layers, prefix, macro } = kernel;
  return [
    ...layers.map((layer) => insideLayer(kernel, layer)),
    [
      '/* Whether every sum stays inside when parameters move by alpha * eta * g; step is alpha * eta. */',
      `static int inside(const ${prefix}_state *s, int64_t step)`,
      '{',
      `    return ${layers.map(({ index }) => `inside_layer${index}(s, step)`).join(' && ')};`,
      '}',
    ].join('\n'),
    [
      '/* The largest alpha up to `most` that stays inside, 0 and the flag where none does: sums are convex in alpha, so halving finds it. */',
      `static int64_t railed(const ${prefix}_state *s, int64_t eta, int64_t most, uint32_t *flags)`,
      '{',
      ...indented([
        'int64_t low = 0;',
        'int64_t high = most;',
        'if (!inside(s, 0)) {',
        `    *flags |= ${macro}_INFEASIBLE;`,
        '    return 0;',
        '}',
        'if (inside(s, most * eta)) return most;',
        'while (high - low > 1) {',
        '    const int64_t middle = (low + high) / 2;',
        '    if (inside(s, middle * eta)) low = middle;',
        '    else high = middle;',
        '}',
        'return low;',
      ]),
      '}',
    ].join('\n'),
  ];
}

function insideLayer(kernel: Kernel, layer: LayerShape): string {
  const { index: l } = layer;
  const { prefix, plan } = kernel;
  const [inputs, outputs] = [kernel.size(layer, 'INPUTS'), kernel.size(layer, 'OUTPUTS')];
  const steps = multiply(leaf('', 'int64_t', kernel.alphaRange, kernel.format('throttle').fractionLength), kernel.learningRate(''));
  const step = leaf('step', 'int64_t', steps.range, steps.fraction);
  const distance = (name: 'weight' | 'bias', at: string, element: string): { declare: string; value: Exact } =>
    variable('d', subtract(kernel.raw(name, l, `s->layer${l}_${name}[${at}]`), multiply(step, kernel.raw('gradient', l, `s->layer${l}_gradient[${element}]`))));
  const limit = (name: 'rowRail' | 'columnRail' | 'biasRail'): Exact => kernel.constant('normRail', plan.throttle[name], `throttle.${name}`);
  const d = distance('weight', `o * ${inputs} + i`, `o * ${inputs} + i`);
  /** Sums over lines: of every output over inputs, or of every input over outputs. */
  const lines = (rail: 'rowRail' | 'columnRail', [line, lineCount]: [string, string], [place, placeCount]: [string, string], most: number): string[] => {
    const x = total('x', magnitude(d.value), most);
    return [
      `for (uint32_t ${line} = 0; ${line} < ${lineCount}; ${line}++) {`,
      ...indented([
        x.declare,
        `for (uint32_t ${place} = 0; ${place} < ${placeCount}; ${place}++) {`,
        ...indented([d.declare, x.add]),
        '}',
        `if (${compare(x.value, '>', limit(rail))}) return 0;`,
      ]),
      '}',
    ];
  };
  const b = distance('bias', 'o', `${kernel.size(layer, 'WEIGHTS')} + o`);
  return [
    `/* Layer ${l}: sums of |w - step * g| over rows and columns${layer.bias ? ', and |b - step * g|' : ''} */`,
    `static int inside_layer${l}(const ${prefix}_state *s, int64_t step)`,
    '{',
    ...indented([
      ...lines('rowRail', ['o', outputs], ['i', inputs], layer.inputs),
      ...lines('columnRail', ['i', inputs], ['o', outputs], layer.outputs),
      ...(layer.bias
        ? [`for (uint32_t o = 0; o < ${outputs}; o++) {`, ...indented([b.declare, `if (${compare(magnitude(b.value), '>', limit('biasRail'))}) return 0;`]), '}']
        : []),
      'return 1;',
    ]),
    '}',
  ].join('\n');
}
