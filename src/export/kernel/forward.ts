/** Forward pass, output error and loss as C. docs/numerics.md §5. */
import { SIGMOID } from '../../control/registry.js';
import { QrailsError } from '../../errors.js';
import { siteKey } from '../../site/sites.js';
import { accumulateGroup } from '../../plan/alignment.js';
import { integerLiteral, integerType } from '../cInteger.js';
import { rawsAt } from '../cTable.js';
import { accumulate } from './accumulate.js';
import { tableLines } from './arrays.js';
import { indented, type Kernel, type LayerShape } from './context.js';
import { constant, leaf, multiply, square, subtract, total } from './exact.js';
import { range } from './range.js';

/** Functions up to the loss of a batch. */
export function forwardText(kernel: Kernel): string[] {
  return [...sigmoidText(kernel), ...kernel.layers.map((layer) => forwardLayer(kernel, layer)), forwardSample(kernel), batchLoss(kernel)];
}

/** The table of the sigmoid, and `sigmoid`. Nothing for a network without one. */
function sigmoidText(kernel: Kernel): string[] {
  const { plan } = kernel;
  const last = kernel.layers[kernel.layers.length - 1]!;
  if (!last.sigmoid) return [];
  const format = kernel.format('activation', last.index);
  const raws = rawsAt(plan.sigmoid ?? [], format, 'sigmoid');
  const half = SIGMOID.entries / 2;
  if (raws.length !== SIGMOID.entries) throw new QrailsError({ code: 'invalid', where: 'sigmoid', message: 'is no table of the sigmoid', found: `${raws.length} entries`, expected: String(SIGMOID.entries) });
  const shift = format.fractionLength - Math.log2(half / SIGMOID.limit);
  const clip = [`if (k < -${half}) k = -${half};`, `if (k > ${half - 1}) k = ${half - 1};`];
  return [
    [
      `/* sigmoid((k + 1/2) / ${half / SIGMOID.limit}) for k from -${half} to ${half - 1} */`,
      `static const ${kernel.type('activation', last.index)} sigmoid_table[${SIGMOID.entries}] = {`,
      ...tableLines(raws.map((raw) => integerLiteral(raw, integerType(format)))),
      '};',
      '',
      `/* The table at floor(${half / SIGMOID.limit} * z), its first and last entry beyond. */`,
      `static ${kernel.type('activation', last.index)} sigmoid(int64_t z)`,
      '{',
      ...indented(shift < 0
        ? ['int64_t k = z;', ...clip, `k *= ${1 << Math.min(-shift, Math.log2(SIGMOID.entries))};`, ...clip]
        // a word has 32 bits: a longer shift leaves its sign
        : [shift === 0 ? 'int64_t k = z;' : `int64_t k = floor_shift(z, ${Math.min(shift, 32)}U);`, ...clip]),
      `    return sigmoid_table[k + ${half}];`,
      '}',
    ].join('\n'),
  ];
}

const drawsForward = ({ sites, plan }: Kernel, { index }: LayerShape): boolean =>
  (['product', 'accumulator', 'activation'] as const).some((name) => plan.sites[siteKey(name, index)] && sites.draws(siteKey(name, index)));

function forwardLayer(kernel: Kernel, layer: LayerShape): string {
  const { index: l } = layer;
  const { plan, sites } = kernel;
  const product = plan.sites[siteKey('product', l)] ? siteKey('product', l) : undefined;
  const exact = multiply(kernel.raw('weight', l, 'w[i]'), kernel.fed(l, 'a[i]'));
  const draws = drawsForward(kernel, layer);
  const sum = accumulate(kernel, {
    key: siteKey('accumulator', l), group: accumulateGroup(plan.accumulate.accumulator), descending: plan.accumulate.order === 'descending',
    length: kernel.size(layer, 'INPUTS'), most: layer.inputs, constant: true, index: 'i', element: 'element',
    term: product ? sites.quantise(product, exact, { element: 'element', index: 'i' }) : exact,
    bias: layer.bias ? kernel.raw('bias', l, `s->layer${l}_bias[o]`) : undefined,
  });
  const z = sites.quantise(siteKey('activation', l), sum.value, { element: 'element', index: '0' });
  const clears = layer.relu && z.range.low < 0n;
  const type = kernel.type('activation', l);
  return [
    `/* Layer ${l}: s = Q(sum of w * a${layer.bias ? ' + bias' : ''})${product ? ', each product rounded' : ''}; z = Q(s)${layer.relu ? '; a = max(z, 0)' : layer.sigmoid ? '; a = T[floor(16 z) + 128]' : ''} */`,
    `static void forward_layer${l}(${kernel.prefix}_state *s, const ${kernel.fed(l, '').type} *a, ${type} *out${draws ? ', uint32_t sample' : ''})`,
    '{',
    `    for (uint32_t o = 0; o < ${kernel.size(layer, 'OUTPUTS')}; o++) {`,
    ...indented([
      `const ${kernel.type('weight', l)} *const w = &s->layer${l}_weight[o * ${kernel.size(layer, 'INPUTS')}];`,
      ...(draws ? [`const uint32_t element = sample * ${kernel.size(layer, 'OUTPUTS')} + o;`] : []),
      ...sum.lines,
      ...(clears ? [`const ${type} z = ${z.text};`, 'out[o] = z < 0 ? 0 : z;'] : [`out[o] = ${layer.sigmoid ? `sigmoid(${z.text})` : z.text};`]),
    ], 8),
    '    }',
    '}',
  ].join('\n');
}

/** All layers on one sample. Hidden outputs stay, each sample of a batch at its place; those of the last layer only until the next sample. */
function forwardSample(kernel: Kernel): string {
  const { layers, prefix } = kernel;
  const draws = layers.some((layer) => drawsForward(kernel, layer));
  const slots = layers.length > 1;
  const calls = layers.map((layer, l) => {
    const place = (of: LayerShape): string =>
      of.index === layers.length - 1 ? `s->layer${of.index}_output` : `&s->layer${of.index}_output[slot * ${kernel.size(of, 'OUTPUTS')}]`;
    return `    forward_layer${l}(s, ${l === 0 ? 'inputs' : place(layers[l - 1]!)}, ${place(layer)}${drawsForward(kernel, layer) ? ', sample' : ''});`;
  });
  return [
    '/* All layers on one sample; `slot` is the place of its hidden outputs. */',
    `static void forward(${prefix}_state *s, const ${prefix}_input_t *inputs${slots ? ', uint32_t slot' : ''}${draws ? ', uint32_t sample' : ''})`,
    '{',
    ...calls,
    '}',
  ].join('\n');
}

/** The call of `forward`. */
export function forwardCall(kernel: Kernel, inputs: string, slot: string, sample: string): string {
  const draws = kernel.layers.some((layer) => drawsForward(kernel, layer));
  return `forward(s, ${[inputs, ...(kernel.layers.length > 1 ? [slot] : []), ...(draws ? [sample] : [])].join(', ')});`;
}

function batchLoss(kernel: Kernel): string {
  const { layers, prefix, sites } = kernel;
  const last = layers[layers.length - 1]!;
  const l = last.index;
  const outputs = kernel.size(last, 'OUTPUTS');
  const key = siteKey('error', l);
  const difference = subtract(kernel.raw('activation', l, `s->layer${l}_output[o]`), kernel.raw('target', 0, `targets[b * ${outputs} + o]`));
  const e = sites.quantise(key, difference, { element: `b * ${outputs} + o`, index: '0' });
  const squares = total('squares', square(kernel.raw('error', l, 'e')), kernel.evaluation * last.outputs);
  const count = multiply(constant(2n), leaf('count', 'uint32_t', range(1n, BigInt(kernel.evaluation)), 0));
  const loss = sites.quotient('loss', squares.value, count);
  return [
    '/*',
    ' * Forward and e = Q(output - target) of a batch; its loss Q(sum of e^2 / (2 * count)), an exact quotient, rounded once.',
    ' * `keep` is 1 to keep what the backward pass needs of every sample, 0 where only the loss is asked for.',
    ' */',
    `static ${kernel.type('loss')} batch_loss(${prefix}_state *s, const ${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count, uint32_t keep)`,
    '{',
    `    ${squares.declare}`,
    '    for (uint32_t b = 0; b < count; b++) {',
    `        ${forwardCall(kernel, `&inputs[b * ${kernel.size(layers[0]!, 'INPUTS')}]`, 'b * keep', 'b')}`,
    `        for (uint32_t o = 0; o < ${outputs}; o++) {`,
    `            const ${kernel.type('error', l)} e = ${e.text};`,
    `            s->layer${l}_error[b * keep * ${outputs} + o] = e;`,
    `            ${squares.add}`,
    '        }',
    '    }',
    `    return ${loss.text};`,
    '}',
  ].join('\n');
}

/** Macros of the layers' sizes. */
export function sizeMacros(kernel: Kernel): string {
  return kernel.layers.flatMap((layer) => [
    `#define LAYER${layer.index}_INPUTS     UINT32_C(${layer.inputs})`,
    `#define LAYER${layer.index}_OUTPUTS    UINT32_C(${layer.outputs})`,
    `#define LAYER${layer.index}_WEIGHTS    UINT32_C(${layer.weights})`,
    `#define LAYER${layer.index}_PARAMETERS UINT32_C(${layer.parameters})`,
  ]).join('\n');
}
