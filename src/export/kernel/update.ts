/** Update, pull and the move of every parameter as C. docs/numerics.md §5. */
import { siteKey } from '../../site/sites.js';
import { parameterArrays, type ParameterArray } from './arrays.js';
import { indented, type Kernel } from './context.js';
import { leaf, productOrZero, multiply, subtract } from './exact.js';
import { gatedCall } from './gated.js';

/** What the anchor has to say while parameters move: the name of a flag that is handed down. */
const said = (kernel: Kernel): 'pulling' | 'gated' | undefined => (kernel.pulls ? 'pulling' : kernel.plan.anchor.law === 'gated' ? 'gated' : undefined);
const parameter = (kernel: Kernel): string => (said(kernel) === undefined ? '' : `, int ${said(kernel)}`);
const argument = (kernel: Kernel): string => (said(kernel) === undefined ? '' : `, ${said(kernel)}`);

/** The call that moves the parameters and returns stall flags. */
export const updateCall = (kernel: Kernel): string => `update(s, row->rate${said(kernel) === 'gated' ? ', p->anchor != 0' : argument(kernel)})`;

/** Functions that move the parameters; `update` calls them and returns the stall flags. */
export function updateText(kernel: Kernel): string[] {
  const { prefix, macro } = kernel;
  const arrays = parameterArrays(kernel);
  return [
    [
      '/* What a step did: some parameter moved, some gradient was not zero, some update was not zero. */',
      '#define MOVED   1U',
      '#define WANTED  2U',
      '#define UPDATED 4U',
    ].join('\n'),
    ...arrays.map((array) => move(kernel, array)),
    [
      '/* Moves every parameter; the flags of a step that stood still. */',
      `static uint32_t update(${prefix}_state *s, int64_t rate${parameter(kernel)})`,
      '{',
      ...indented([
        'unsigned seen = 0;',
        ...arrays.map(({ name }) => `seen |= move_${name}(s, rate${argument(kernel)});`),
        'if ((seen & WANTED) == 0) return 0;',
        `return ((seen & MOVED) == 0 ? ${macro}_STALLED : 0U) | ((seen & UPDATED) == 0 ? ${macro}_ZERO_UPDATE : 0U);`,
      ]),
      '}',
    ].join('\n'),
  ];
}

function move(kernel: Kernel, { name: array, kind, layer, length, element }: ParameterArray): string {
  const { index: l } = layer;
  const { plan, sites, prefix } = kernel;
  const pulls = kernel.pulls;
  const gated = plan.anchor.law === 'gated';
  const place = { element, index: '0' };
  const old = kernel.raw(kind, l, 'old');
  const rate = leaf('rate', 'int64_t', kernel.range('rate'), kernel.format('rate').fractionLength);
  const u = sites.quantise(siteKey('update', l), multiply(rate, kernel.raw('gradient', l, 'g')), place).text;
  const distance = kernel.keepsCopy ? subtract(old, kernel.raw(kind, l, `s->${array}_anchor[k]`)) : old;
  const pull = pulls ? sites.quantise(siteKey('anchorPull', l), productOrZero(kernel.constant('anchorRate', plan.anchor.lambda, 'anchor.lambda'), distance), place) : undefined;
  const moved = subtract(old, kernel.raw('update', l, 'u'));
  const next = sites.quantise(siteKey(kind, l), pull ? subtract(moved, kernel.raw('anchorPull', l, 'pull')) : moved, place);
  const about = [
    `u = Q(rate * g)${gated ? ', or what the gate makes of it' : ''}`,
    ...(pull ? [`p = Q(lambda * ${kernel.keepsCopy ? '(theta - anchor)' : 'theta'}) while the anchor pulls`] : []),
  ].join(', ');
  return [
    `/* Layer ${l}, ${kind}: ${about}; theta = Q(theta - u${pull ? ' - p' : ''}) */`,
    `static unsigned move_${array}(${prefix}_state *s, int64_t rate${parameter(kernel)})`,
    '{',
    '    unsigned seen = 0;',
    `    for (uint32_t k = 0; k < ${length}; k++) {`,
    ...indented([
      `const ${kernel.type(kind, l)} old = s->${array}[k];`,
      `const ${kernel.type('gradient', l)} g = s->layer${l}_gradient[${element}];`,
      `const ${kernel.type('update', l)} u = ${gated ? `gated ? ${gatedCall(layer, array, element)} : ${u}` : u};`,
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
