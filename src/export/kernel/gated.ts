/** The gated anchor as C: updates only what has a large gradient, and that the less the more it was updated before. docs/numerics.md §7. */
import { alignPlan } from '../../plan/alignment.js';
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel, type LayerShape } from './context.js';
import { divided } from './divide.js';
import { add, int64Literal, leaf, magnitude, multiply, square, variable } from './exact.js';
import { railsOf } from './overflow.js';
import { range } from './range.js';

/** The update of a parameter in a phase with the anchor on, a call. */
export const gatedCall = (layer: LayerShape, array: string, element: string): string => `gated_update_layer${layer.index}(s, rate, g, &s->${array}_importance[k], ${element})`;

/** `gated_update_layer0` and its likes. Nothing for another anchor. */
export function gatedText(kernel: Kernel): string[] {
  if (kernel.plan.anchor.law !== 'gated') return [];
  const { gates } = alignPlan(kernel.plan);
  return kernel.layers.map((layer) => gatedUpdate(kernel, layer, gates[layer.index]!));
}

function gatedUpdate(kernel: Kernel, { index: l }: LayerShape, gate: bigint): string {
  const { plan, prefix, sites } = kernel;
  const squares = plan.anchor.power === 2;
  const place = { element: 'element', index: '0' };
  const g = kernel.raw('gradient', l, 'g', 'int64_t');
  const size = variable('size', magnitude(g));
  const sum = kernel.raw('importance', l, '*importance');
  const grown = sites.quantise(siteKey('importance', l), add(sum, squares ? square(g) : size.value), place);
  const { low, high } = railsOf(kernel.format('importance', l));
  const { fractionLength } = kernel.format('importance', l);
  const root = `(int64_t)root((uint64_t)*importance << ${fractionLength})`;
  const t = !squares ? '(int64_t)*importance' : low < 0n ? `*importance < 0 ? 0 : ${root}` : root;
  const most = squares ? rootOf(high << BigInt(fractionLength)) : high > 1n ? high : 1n;
  const divisor = leaf('t', 'int64_t', range(1n, most), fractionLength);
  const rate = leaf('rate', 'int64_t', kernel.range('rate'), kernel.format('rate').fractionLength);
  const u = divided(kernel, siteKey('update', l), multiply(rate, g), divisor, place);
  return [
    '/*',
    ` * Layer ${l}: where g^2 is above the threshold, so that |g| is above this raw, s = Q(s + ${squares ? 'g^2' : '|g|'}) and u = Q(rate * g / ${squares ? 'sqrt(s)' : 's'}), the`,
    ' * divisor at least one last place; else u = 0.',
    ' */',
    `#define LAYER${l}_GATE ${int64Literal(gate)}`,
    `static ${kernel.type('update', l)} gated_update_layer${l}(${prefix}_state *s, int64_t rate, int64_t g, ${kernel.type('importance', l)} *importance, uint32_t element)`,
    '{',
    ...indented([
      size.declare,
      'int64_t t;',
      ...(sites.draws(siteKey('importance', l)) || sites.draws(siteKey('update', l)) ? [] : ['(void)element;']),
      `if (size <= LAYER${l}_GATE) return 0;`,
      `*importance = ${grown.text};`,
      `t = ${t};`,
      'if (t < 1) t = 1;',
      '{',
      ...indented([...u.lines, `return ${u.value.text};`]),
      '}',
    ]),
    '}',
  ].join('\n');
}

/** floor(sqrt(x)), at least 1. */
function rootOf(x: bigint): bigint {
  let root = 0n;
  for (let bit = 32n; bit >= 0n; bit--) if ((root + (1n << bit)) ** 2n <= x) root += 1n << bit;
  return root > 1n ? root : 1n;
}
