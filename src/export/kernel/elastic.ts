/** The elastic anchor as C: pulls every parameter towards its moving mean by how important it was. docs/numerics.md §7. */
import { siteKey } from '../../site/sites.js';
import { parameterArrays, type ParameterArray } from './arrays.js';
import { averageOf, followed, ownOf } from './average.js';
import { indented, type Kernel } from './context.js';
import { leaf, magnitude, movedMean, productOrZero, square, subtract, variable, multiply, type Exact } from './exact.js';

/** `stretch`, and a function for each array of parameters. Nothing for another anchor. */
export function elasticText(kernel: Kernel): string[] {
  if (kernel.plan.anchor.law !== 'elastic') return [];
  const arrays = parameterArrays(kernel);
  return [
    ...arrays.map((array) => stretch(kernel, array)),
    [
      '/* Pull, importance and mean of every parameter, after its update. */',
      `static void stretch(${kernel.prefix}_state *s)`,
      '{',
      ...indented(arrays.map(({ name }) => `stretch_${name}(s);`)),
      '}',
    ].join('\n'),
  ];
}

/** phi: what makes a parameter important. */
function importance(kernel: Kernel, u: Exact, d: Exact): { readonly about: string; readonly value: Exact } {
  const size = magnitude(u);
  switch (kernel.plan.anchor.importance) {
    case 'ewc': return { about: 'u^2', value: square(u) };
    case 'si': return { about: '|u * d|', value: multiply(size, magnitude(d)) };
    default: return { about: '|u|', value: size };
  }
}

function stretch(kernel: Kernel, array: ParameterArray): string {
  const { plan, prefix, sites } = kernel;
  const { name, kind, layer: { index: l }, length, element } = array;
  const place = (index: string): { element: string; index: string } => ({ element, index });
  const old = ownOf(kernel, array, 'old');
  const now = kernel.raw('importance', l, `s->${name}_importance[k]`);
  const d = variable('d', subtract(old, averageOf(kernel, array)));
  const u = variable('u', kernel.raw('update', l, `s->layer${l}_update[${element}]`));
  const lambda = kernel.constant('anchorRate', plan.anchor.lambda, 'anchor.lambda');
  const rate = kernel.constant('anchorRate', plan.anchor.importanceRate, 'anchor.importanceRate');
  const pull = sites.quantise(siteKey('anchorPull', l), productOrZero(productOrZero(lambda, now), d.value), place('0'));
  const next = sites.quantise(siteKey(kind, l), subtract(old, kernel.raw('anchorPull', l, 'pull')), place('1'));
  const { about, value: phi } = importance(kernel, u.value, d.value);
  const weight = sites.quantise(siteKey('importance', l), movedMean(now, phi, rate), place('0'));
  return [
    `/* Layer ${l}, ${kind}: d = theta - mean, theta = Q(theta - Q(lambda * F * d)), F = Q(F + nu * (${about} - F)), mean = Q(mean + mu * (theta - mean)) */`,
    `static void stretch_${name}(${prefix}_state *s)`,
    '{',
    `    for (uint32_t k = 0; k < ${length}; k++) {`,
    ...indented([
      `const ${kernel.type(kind, l)} old = s->${name}[k];`,
      d.declare,
      u.declare,
      `const ${kernel.type('anchorPull', l)} pull = ${pull.text};`,
      `s->${name}[k] = ${next.text};`,
      `s->${name}_importance[k] = ${weight.text};`,
      `s->${name}_average[k] = ${followed(kernel, array, leaf(`s->${name}[k]`, array.raw.type, array.raw.range, array.raw.fraction)).text};`,
    ], 8),
    '    }',
    '}',
  ].join('\n');
}
