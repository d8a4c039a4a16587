/** Hidden errors and gradients as C. docs/numerics.md §5. */
import { accumulateGroup } from '../../plan/alignment.js';
import { siteKey } from '../../site/sites.js';
import { accumulate } from './accumulate.js';
import { indented, type Kernel, type LayerShape } from './context.js';
import { int64Literal, multiply, total, type Exact } from './exact.js';
import { meanCall, MEAN } from './mean.js';

/** Functions of the backward pass; `backward` calls them. */
export function backwardText(kernel: Kernel): string[] {
  const { layers, prefix } = kernel;
  const hidden = layers.slice(0, -1).reverse();
  const inputs = ({ index }: LayerShape): string => (index === 0 ? 'inputs' : `s->layer${index - 1}_output`);
  return [
    ...signText(kernel),
    ...hidden.map((layer) => hiddenError(kernel, layer)),
    ...layers.map((layer) => gradient(kernel, layer)),
    [
      '/* Hidden errors from the last layer to the first, then every gradient; no parameter moves before all are taken. */',
      `static void backward(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count)`,
      '{',
      ...indented([
        ...MEAN.prepare(kernel),
        ...hidden.map(({ index }) => `hidden_error_layer${index}(s, count);`),
        ...layers.map((layer) => `gradient_layer${layer.index}(s, ${inputs(layer)}, count${MEAN.argument(kernel)});`),
      ]),
      '}',
    ].join('\n'),
  ];
}

/** `sign_errors`, where the last layer learns from signs. */
function signText(kernel: Kernel): string[] {
  const { prefix, errorOne } = kernel;
  if (errorOne === undefined) return [];
  const last = kernel.layers[kernel.layers.length - 1]!;
  const error = `s->layer${last.index}_error[k]`;
  const type = kernel.type('error', last.index);
  const negative = kernel.range('error', last.index).low < 0n;
  return [
    [
      '/* Every error of the last layer becomes its sign. */',
      `#define ERROR_ONE ${int64Literal(errorOne)}`,
      `static void sign_errors(${prefix}_state *s, uint32_t count)`,
      '{',
      `    for (uint32_t k = 0; k < count * ${kernel.size(last, 'OUTPUTS')}; k++) {`,
      `        if (${error} > 0) ${error} = (${type})ERROR_ONE;`,
      ...(negative ? [`        else if (${error} < 0) ${error} = (${type})-ERROR_ONE;`] : []),
      '    }',
      '}',
    ].join('\n'),
  ];
}

/** `backward_shared`: hidden errors and gradients of all layers but the last. */
export function sharedBackward(kernel: Kernel): string[] {
  const { layers, prefix } = kernel;
  const shared = layers.slice(0, -1);
  return [
    [
      '/* Hidden errors, then gradients, of all layers but the last. */',
      `static void backward_shared(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count)`,
      '{',
      ...indented([
        ...MEAN.prepare(kernel),
        ...[...shared].reverse().map(({ index }) => `hidden_error_layer${index}(s, count);`),
        ...shared.map(({ index }) => `gradient_layer${index}(s, ${index === 0 ? 'inputs' : `s->layer${index - 1}_output`}, count${MEAN.argument(kernel)});`),
      ]),
      '}',
    ].join('\n'),
  ];
}

/** The call of `sign_errors`, where there is one. */
export const signCall = ({ errorOne }: Kernel): string[] => (errorOne === undefined ? [] : ['sign_errors(s, count);']);

function hiddenError(kernel: Kernel, layer: LayerShape): string {
  const { index: l } = layer;
  const { sites } = kernel;
  const behind = kernel.layers[l + 1]!;
  const key = siteKey('error', l);
  const outputs = kernel.size(layer, 'OUTPUTS');
  const x = total('x', multiply(kernel.raw('weight', l + 1, `s->layer${l + 1}_weight[j * ${outputs} + o]`), kernel.raw('error', l + 1, 'e[j]')), behind.outputs);
  const delta = sites.quantise(key, x.value, { element: 'element', index: '0' });
  return [
    `/* Layer ${l}: delta = Q(sum of w * delta behind)${layer.relu ? ', then 0 where the layer put out 0' : ''} */`,
    `static void hidden_error_layer${l}(${kernel.prefix}_state *s, uint32_t count)`,
    '{',
    '    for (uint32_t b = 0; b < count; b++) {',
    `        const ${kernel.type('error', l + 1)} *const e = &s->layer${l + 1}_error[b * ${kernel.size(behind, 'OUTPUTS')}];`,
    `        for (uint32_t o = 0; o < ${outputs}; o++) {`,
    ...indented([
      `const uint32_t element = b * ${outputs} + o;`,
      x.declare,
      `for (uint32_t j = 0; j < ${kernel.size(behind, 'OUTPUTS')}; j++) ${x.add}`,
      `s->layer${l}_error[element] = ${delta.text};`,
      ...(layer.relu ? [`if (s->layer${l}_output[element] == 0) s->layer${l}_error[element] = 0;`] : []),
    ], 12),
    '        }',
    '    }',
    '}',
  ].join('\n');
}

function gradient(kernel: Kernel, layer: LayerShape): string {
  const { index: l } = layer;
  const { plan, sites } = kernel;
  const outputs = kernel.size(layer, 'OUTPUTS');
  const inputs = kernel.size(layer, 'INPUTS');
  const product = plan.sites[siteKey('gradientProduct', l)] ? siteKey('gradientProduct', l) : undefined;
  const sum = (term: Exact): ReturnType<typeof accumulate> => accumulate(kernel, {
    key: siteKey('gradientAccumulator', l), group: accumulateGroup(plan.accumulate.gradientAccumulator), descending: plan.accumulate.order === 'descending',
    length: 'count', most: kernel.batch, constant: false, index: 'b', element: 'k', term,
  });
  const delta = kernel.raw('error', l, `s->layer${l}_error[b * ${outputs} + o]`);
  const exact = multiply(delta, kernel.fed(l, `a[b * ${inputs} + i]`));
  const weights = sum(product ? sites.quantise(product, exact, { element: 'k', index: 'b' }) : exact);
  const biases = layer.bias ? sum(delta) : undefined;
  const mean = (of: Exact): string[] => meanCall(kernel, siteKey('gradient', l), of, `s->layer${l}_gradient[k]`);
  return [
    `/* Layer ${l}: G = Q(sum over the batch of delta * a), for a bias of delta; g = Q(G / count). k numbers the layer's parameters. */`,
    `static void gradient_layer${l}(${kernel.prefix}_state *s, const ${kernel.fed(l, '').type} *a, uint32_t count${MEAN.parameter(kernel)})`,
    '{',
    '    uint32_t k = 0;',
    `    for (uint32_t o = 0; o < ${outputs}; o++) {`,
    `        for (uint32_t i = 0; i < ${inputs}; i++, k++) {`,
    ...indented([...weights.lines, ...mean(weights.value)], 12),
    '        }',
    '    }',
    ...(biases ? [`    for (uint32_t o = 0; o < ${outputs}; o++, k++) {`, ...indented([...biases.lines, ...mean(biases.value)], 8), '    }'] : []),
    '}',
  ].join('\n');
}
