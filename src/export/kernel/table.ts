/** The table throttle as C: compares products, never divides, takes no root. docs/numerics.md §6.2. */
import { THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../../control/registry.js';
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { add, compare, constant, int64Argument, leaf, multiply, square } from './exact.js';
import { range } from './range.js';

/** `choose_alpha`. */
export function tableText(kernel: Kernel): string {
  const { plan, sites, prefix } = kernel;
  const largest = BigInt(THROTTLE_TABLE[0]);
  const a = leaf('a', 'int64_t', range(0n, largest), THROTTLE_TABLE_FRACTION_LENGTH);
  const step = multiply(a, kernel.learningRate('eta'));
  const stepSquared = square(leaf('step', 'int64_t', step.range, step.fraction));
  const chi = kernel.constant('throttleTarget', plan.throttle.chi, 'throttle.chi');
  const lsb = constant(1n, kernel.format('squaredNorm').fractionLength);
  const left = multiply(stepSquared, kernel.raw('squaredNorm', 0, 'square_gradient'));
  const right = multiply(add(kernel.raw('squaredNorm', 0, 'square_theta'), lsb), constant(BigInt(chi.value!) ** 2n, 2 * chi.fraction));
  const alpha = sites.quantise(siteKey('throttle'), a);
  return [
    '/*',
    ' * The largest a of the table with (a/32)^2 * eta^2 * S_g <= chi^2 * (S_theta + 1 LSB), compared exactly; 1 and the flag where none is.',
    ' * Returns flags; alpha = Q(a/32) stays in the state.',
    ' */',
    `static const uint8_t numerators[${THROTTLE_TABLE.length}] = { ${THROTTLE_TABLE.map((value) => `${value}U`).join(', ')} };`,
    '',
    `static uint32_t choose_alpha(${prefix}_state *s, int64_t eta)`,
    '{',
    ...indented([
      'const uint64_t square_theta = squared_difference_theta(s);',
      'const uint64_t square_gradient = squared_difference_gradient(s);',
      'int64_t a = 0;',
      `uint32_t flags = ${kernel.macro}_INFEASIBLE;`,
      'if (square_theta == 0) return 0;',
      `for (unsigned k = 0; k < ${THROTTLE_TABLE.length}U; k++) {`,
      '    int64_t step;',
      '    a = numerators[k];',
      `    step = ${int64Argument(step)};`,
      `    if (${compare(left, '<=', right)}) {`,
      '        flags = 0;',
      '        break;',
      '    }',
      '}',
      `s->alpha = ${alpha.text};`,
      'return flags;',
    ]),
    '}',
  ].join('\n');
}
