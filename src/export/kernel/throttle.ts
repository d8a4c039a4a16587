/** The throttle as C: estimators, laws, and the alpha of a step. docs/numerics.md §6. */
import { THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH } from '../../control/registry.js';
import { siteKey } from '../../site/sites.js';
import { copyLoop, gradientArrays, parameterArrays } from './arrays.js';
import { indented, type Kernel } from './context.js';
import { divided, reciprocalTable } from './divide.js';
import { add, aligned, compare, constant, int64Argument, int64Literal, leaf, multiply, square, subtract, variable, type Exact } from './exact.js';
import { differencesText, traceText } from './norm.js';
import { hull, range } from './range.js';

/** Functions of the throttle; `throttle` calls them. Nothing for a plan without one. */
export function throttleText(kernel: Kernel): string[] {
  const { law, estimator } = kernel.plan.throttle;
  if (law === 'none') return [];
  return [
    ...reciprocalTable(kernel),
    ...(kernel.keepsDifferences ? differencesText(kernel) : []),
    ...(estimator === 'secant' ? [secant(kernel)] : []),
    ...(estimator === 'trace' ? [traceText(kernel), trace(kernel)] : []),
    ...(law === 'gt0' ? [mean(kernel), gt0(kernel)] : [table(kernel)]),
    throttle(kernel),
  ];
}

/** The alpha of a step as it is multiplied. */
export function alphaOf(kernel: Kernel, text: string): Exact {
  const { one, plan } = kernel;
  const fraction = kernel.format('throttle').fractionLength;
  if (plan.throttle.law === 'none') return constant(one, fraction);
  return leaf(text, 'int64_t', hull(range(0n, one), kernel.range('throttle')), fraction);
}

function secant(kernel: Kernel): string {
  const n = kernel.raw('norm', 0, 'norm_gradient', 'int64_t');
  const d = kernel.raw('norm', 0, 'norm_theta', 'int64_t');
  const quotient = divided(kernel, siteKey('curvature'), n, { ...d, range: range(1n, d.range.high) });
  return [
    '/* C = Q(|g - g before| / |theta - theta before|); C stays where nothing moved. */',
    `static void estimate(${kernel.prefix}_state *s)`,
    '{',
    ...indented([
      'const uint64_t square_theta = squared_difference_theta(s);',
      'const uint64_t square_gradient = squared_difference_gradient(s);',
      'int64_t norm_gradient;',
      'int64_t norm_theta;',
      'if (square_theta == 0) return;',
      'norm_gradient = (int64_t)quantise_norm(s, square_gradient);',
      'norm_theta = (int64_t)quantise_norm(s, square_theta);',
      'if (norm_theta == 0) return;',
      '{',
      ...indented([...quotient.lines, `s->curvature = ${quotient.value.text};`]),
      '}',
    ]),
    '}',
  ].join('\n');
}

function trace(kernel: Kernel): string {
  const { batch, sites, prefix } = kernel;
  const c = sites.quotient(siteKey('curvature'), kernel.raw('squaredNorm', 0, 'square'), leaf('(int64_t)count', 'int64_t', range(1n, BigInt(batch)), 0));
  return [
    '/* C = Q(S / count), an exact quotient */',
    `static void estimate(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count)`,
    '{',
    '    const uint64_t square = squared_activations(s, inputs, count);',
    `    s->curvature = ${c.text};`,
    '}',
  ].join('\n');
}

function mean(kernel: Kernel): string {
  const m = kernel.raw('curvatureMean', 0, 's->curvature_mean');
  const rho = kernel.constant('meanRate', kernel.plan.throttle.rho, 'throttle.rho');
  const next = kernel.sites.quantise(siteKey('curvatureMean'), add(m, product(subtract(kernel.raw('curvature', 0, 's->curvature'), m), rho)));
  return [
    '/* M = Q(M + rho * (C - M)) */',
    `static void move_mean(${kernel.prefix}_state *s)`,
    '{',
    `    s->curvature_mean = ${next.text};`,
    '}',
  ].join('\n');
}

/** A product that is zero where a factor is the constant zero. */
const product = (a: Exact, b: Exact): Exact => (b.value === 0n ? constant(0n, a.fraction + b.fraction) : multiply(a, b));

function gt0(kernel: Kernel): string {
  const { plan, one, prefix } = kernel;
  const chi = kernel.constant('throttleTarget', plan.throttle.chi, 'throttle.chi');
  const finest = Math.max(kernel.format('curvature').fractionLength, kernel.format('curvatureMean').fractionLength);
  const c = variable('now', integer(aligned(kernel.raw('curvature', 0, 's->curvature'), finest)));
  const m = variable('mean', integer(aligned(kernel.raw('curvatureMean', 0, 's->curvature_mean'), finest)));
  const star = leaf('star', 'int64_t', hull(c.value.range, m.value.range), finest);
  const eta = kernel.learningRate('eta');
  const divisor = multiply(eta, star);
  const quotient = divided(kernel, siteKey('throttle'), chi, { ...divisor, range: range(1n, divisor.range.high) });
  const floor = kernel.constant('throttle', plan.throttle.floor, 'throttle.floor').value!;
  return [
    '/* alpha = min(1, max(floor, Q(chi / (eta * C*)))), C* = max(C, M); 1 without a quotient where chi >= eta * C*. */',
    `#define THROTTLE_FLOOR ${int64Literal(floor)}`,
    `static int64_t gt0(${prefix}_state *s, int64_t eta)`,
    '{',
    ...indented([
      c.declare,
      m.declare,
      'const int64_t star = now > mean ? now : mean;',
      `if (${compare(chi, '>=', divisor)}) return THROTTLE_ONE;`,
      '{',
      ...indented([
        ...quotient.lines,
        `const int64_t alpha = (int64_t)${quotient.value.text};`,
        ...(floor > 0n ? ['if (alpha < THROTTLE_FLOOR) return THROTTLE_FLOOR;'] : []),
        `return ${quotient.value.range.high > one ? 'alpha > THROTTLE_ONE ? THROTTLE_ONE : alpha' : 'alpha'};`,
      ]),
      '}',
    ]),
    '}',
  ].filter((line) => floor > 0n || !line.startsWith('#define')).join('\n');
}

/** As an int64_t operand. */
const integer = (value: Exact): Exact => ({ ...value, text: int64Argument(value), type: 'int64_t' });

function table(kernel: Kernel): string {
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
      `s->table_alpha = ${alpha.text};`,
      'return flags;',
    ]),
    '}',
  ].join('\n');
}

function throttle(kernel: Kernel): string {
  const { plan, macro, prefix } = kernel;
  const { law, estimator, keepState, firstAlpha } = plan.throttle;
  const first = kernel.constant('throttle', firstAlpha, 'throttle.firstAlpha').text;
  const differences = kernel.keepsDifferences;
  const reset = [
    ...(differences ? ['s->history = 0;'] : []),
    ...(law === 'gt0' ? ['s->curvature = 0;', 's->curvature_mean = 0;'] : [`s->table_alpha = THROTTLE_FIRST;`]),
  ];
  const estimate = estimator === 'trace' ? 'estimate(s, inputs, count);' : 'estimate(s);';
  const decide =
    law === 'table' ? ['if (s->history != 0) *flags |= choose_alpha(s, p->eta);', ...on(kernel, ['alpha = (int64_t)s->table_alpha;'])]
    : estimator === 'trace' ? [estimate, 'move_mean(s);', ...on(kernel, ['alpha = gt0(s, p->eta);'])]
    : [
        'if (s->history != 0) {',
        ...indented([estimate, 'move_mean(s);', ...on(kernel, ['alpha = gt0(s, p->eta);'])]),
        keepState ? '} else if (p->throttle != 0) {' : '} else {',
        '    alpha = THROTTLE_FIRST;',
        '}',
      ];
  const needsFirst = estimator !== 'trace';
  const remember = differences ? [...[...parameterArrays(kernel), ...gradientArrays(kernel)].map((array) => copyLoop(array, 'before')), 's->history = 1;'] : [];
  const parameters = [`${prefix}_state *s`, 'const phase *p', ...(estimator === 'trace' ? [`const ${prefix}_input_t *inputs`, 'uint32_t count'] : []), 'uint32_t *flags'];
  return [
    '/* The alpha of the step. Parameters and gradients are kept for the next step while the estimator runs. */',
    ...(needsFirst ? [`#define THROTTLE_FIRST ${first}`] : []),
    `static int64_t throttle(${parameters.join(', ')})`,
    '{',
    ...indented([
      'int64_t alpha = THROTTLE_ONE;',
      `if (p->throttle != 0) *flags |= ${macro}_THROTTLED;`,
      ...(keepState ? [] : ['else return alpha;']),
      'if (p->throttle_start != 0) {',
      ...indented(reset),
      '}',
      ...decide,
      ...remember,
      'return alpha;',
    ]),
    '}',
  ].join('\n');
}

/** Statements for a phase with the throttle on: with `keepState` the estimator runs in all. */
const on = ({ plan }: Kernel, lines: readonly string[]): string[] => (plan.throttle.keepState ? ['if (p->throttle != 0) {', ...indented(lines), '}'] : [...lines]);
