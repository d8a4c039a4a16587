/** Update, pull and the move of every parameter as C. docs/numerics.md §5. */
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel, type LayerShape } from './context.js';
import { leaf, multiply, subtract } from './exact.js';

/** Functions that move the parameters; `update` calls them and returns the stall flags. */
export function updateText(kernel: Kernel): string[] {
  const { layers, prefix, macro, plan } = kernel;
  const anchored = plan.anchor.law !== 'none';
  const calls = layers.flatMap(({ index, bias }) =>
    (bias ? (['weight', 'bias'] as const) : (['weight'] as const)).map((name) => `seen |= move_layer${index}_${name}(s, rate${anchored ? ', pulling' : ''});`),
  );
  return [
    [
      '/* What a step did: some parameter moved, some gradient was not zero, some update was not zero. */',
      '#define MOVED   1U',
      '#define WANTED  2U',
      '#define UPDATED 4U',
    ].join('\n'),
    ...layers.flatMap((layer) => [move(kernel, layer, 'weight'), ...(layer.bias ? [move(kernel, layer, 'bias')] : [])]),
    [
      '/* Moves every parameter; the flags of a step that stood still. */',
      `static uint32_t update(${prefix}_state *s, int64_t rate${anchored ? ', int pulling' : ''})`,
      '{',
      ...indented([
        'unsigned seen = 0;',
        ...calls,
        'if ((seen & WANTED) == 0) return 0;',
        `return ((seen & MOVED) == 0 ? ${macro}_STALLED : 0U) | ((seen & UPDATED) == 0 ? ${macro}_ZERO_UPDATE : 0U);`,
      ]),
      '}',
    ].join('\n'),
  ];
}

function move(kernel: Kernel, layer: LayerShape, name: 'weight' | 'bias'): string {
  const { index: l } = layer;
  const { plan, sites, prefix } = kernel;
  const anchored = plan.anchor.law !== 'none';
  const array = `layer${l}_${name}`;
  // Parameters of a layer are numbered weights first.
  const [element, length] = name === 'weight' ? ['k', kernel.size(layer, 'WEIGHTS')] : [`${kernel.size(layer, 'WEIGHTS')} + k`, kernel.size(layer, 'OUTPUTS')];
  const place = { element, index: '0' };
  const old = kernel.raw(name, l, 'old');
  const rate = leaf('rate', 'int64_t', kernel.range('rate'), kernel.format('rate').fractionLength);
  const u = sites.quantise(siteKey('update', l), multiply(rate, kernel.raw('gradient', l, 'g')), place);
  const anchor = kernel.raw(name, l, `s->${array}_anchor[k]`);
  const pull = anchored ? sites.quantise(siteKey('anchorPull', l), multiply(kernel.constant('anchorRate', plan.anchor.lambda, 'anchor.lambda'), subtract(old, anchor)), place) : undefined;
  const moved = subtract(old, kernel.raw('update', l, 'u'));
  const next = sites.quantise(siteKey(name, l), pull ? subtract(moved, kernel.raw('anchorPull', l, 'pull')) : moved, place);
  return [
    `/* Layer ${l}, ${name}: u = Q(rate * g)${anchored ? ', p = Q(lambda * (theta - anchor)) while the anchor pulls' : ''}; theta = Q(theta - u${anchored ? ' - p' : ''}) */`,
    `static unsigned move_${array}(${prefix}_state *s, int64_t rate${anchored ? ', int pulling' : ''})`,
    '{',
    '    unsigned seen = 0;',
    `    for (uint32_t k = 0; k < ${length}; k++) {`,
    ...indented([
      `const ${kernel.type(name, l)} old = s->${array}[k];`,
      `const ${kernel.type('gradient', l)} g = s->layer${l}_gradient[${element}];`,
      `const ${kernel.type('update', l)} u = ${u.text};`,
      ...(pull ? [`const ${kernel.type('anchorPull', l)} pull = pulling ? ${pull.text} : 0;`] : []),
      `s->layer${l}_update[${element}] = u;`,
      `s->${array}[k] = ${next.text};`,
      `if (s->${array}[k] != old) seen |= MOVED;`,
      'if (g != 0) seen |= WANTED;',
      'if (u != 0) seen |= UPDATED;',
    ], 8),
    '    }',
    '    return seen;',
    '}',
  ].join('\n');
}
