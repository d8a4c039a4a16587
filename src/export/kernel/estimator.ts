/** What measures curvature for a throttle, as C: C and its moving mean. docs/numerics.md §6.1. */
import { QrailsError } from '../../errors.js';
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { divided } from './divide.js';
import { leaf, movedMean, multiply, type Exact } from './exact.js';
import { gradientSquare, innerText, traceText } from './norm.js';
import { range } from './range.js';

/** Whether the estimator looks at the batch: `estimate` then takes inputs and count. */
export const looksAtBatch = ({ plan }: Kernel): boolean => plan.throttle.estimator === 'trace' || plan.throttle.estimator === 'rayleigh';

/** The call that measures C and lets its mean follow. */
export const estimateCall = (kernel: Kernel): string[] => [looksAtBatch(kernel) ? 'estimate(s, inputs, count);' : 'estimate(s);', 'move_mean(s);'];

/**
 * Functions of the estimator: `estimate` and `move_mean`. Nothing for a throttle without one.
 *
 * @throws QrailsError `unsupported` for an estimator of the reference
 */
export function estimatorText(kernel: Kernel): string[] {
  const { estimator } = kernel.plan.throttle;
  switch (estimator) {
    case undefined: return [];
    case 'secant': case 'secant-latch': return [secant(kernel, estimator === 'secant-latch'), mean(kernel)];
    case 'trace': return [traceText(kernel), trace(kernel), mean(kernel)];
    case 'rayleigh': return [innerText(kernel), rayleigh(kernel), mean(kernel)];
    default: throw new QrailsError({ code: 'unsupported', where: 'throttle.estimator', message: 'no target can run it', found: estimator, expected: 'an estimator for targets' });
  }
}

function secant(kernel: Kernel, latch: boolean): string {
  const { prefix, plan } = kernel;
  const hold = plan.throttle.holdCurvature === true;
  const n = kernel.raw('norm', 0, 'norm_gradient', 'int64_t');
  const d = kernel.raw('norm', 0, 'norm_theta', 'int64_t');
  const quotient = divided(kernel, siteKey('curvature'), n, { ...d, range: range(1n, d.range.high > 1n ? d.range.high : 1n) });
  const { text } = quotient.value;
  const store = latch
    ? [`const ${kernel.type('curvature')} curvature = ${text};`, 'if (curvature > s->curvature) s->curvature = curvature;']
    : [`s->curvature = ${text};`];
  return [
    `/* C = Q(|g - g before| / |theta - theta before|)${latch ? ', or the largest so far' : ''}; ${hold ? 'C stays where nothing moved' : 'what moved by nothing counts as one last place'}. */`,
    `static void estimate(${prefix}_state *s)`,
    '{',
    ...indented([
      'const uint64_t square_theta = squared_difference_theta(s);',
      'const uint64_t square_gradient = squared_difference_gradient(s);',
      'int64_t norm_gradient;',
      'int64_t norm_theta;',
      ...(hold ? ['if (square_theta == 0) return;'] : []),
      'norm_gradient = (int64_t)quantise_norm(s, square_gradient);',
      'norm_theta = (int64_t)quantise_norm(s, square_theta);',
      hold ? 'if (norm_theta == 0) return;' : 'if (norm_theta == 0) norm_theta = 1;',
      '{',
      ...indented([...quotient.lines, ...store]),
      '}',
    ]),
    '}',
  ].join('\n');
}

const countOf = ({ batch }: Kernel): Exact => leaf('(int64_t)count', 'int64_t', range(1n, BigInt(batch)), 0);

function trace(kernel: Kernel): string {
  const { sites, prefix } = kernel;
  const c = sites.quotient(siteKey('curvature'), kernel.raw('squaredNorm', 0, 'square'), countOf(kernel));
  return [
    '/* C = Q(S / count), an exact quotient */',
    `static void estimate(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count)`,
    '{',
    '    const uint64_t square = squared_activations(s, inputs, count);',
    `    s->curvature = ${c.text};`,
    '}',
  ].join('\n');
}

function rayleigh(kernel: Kernel): string {
  const { prefix } = kernel;
  const square = kernel.raw('squaredNorm', 0, 'square');
  const divisor = multiply(countOf(kernel), square);
  const c = divided(kernel, siteKey('curvature'), kernel.raw('squaredNorm', 0, 'inner'), { ...divisor, range: range(1n, divisor.range.high) });
  return [
    '/* C = Q(|X g|^2 / (count * |g|^2)), the curvature along the gradient; C stays where there is no gradient. */',
    `static void estimate(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count)`,
    '{',
    ...indented([
      'const uint64_t inner = squared_inner(s, inputs, count);',
      `const uint64_t square = ${gradientSquare(kernel, 'squared_gradient', '1')};`,
      'if (square == 0) return;',
      '{',
      ...indented([...c.lines, `s->curvature = ${c.value.text};`]),
      '}',
    ]),
    '}',
  ].join('\n');
}

function mean(kernel: Kernel): string {
  const rho = kernel.constant('meanRate', kernel.plan.throttle.rho, 'throttle.rho');
  const moved = movedMean(kernel.raw('curvatureMean', 0, 's->curvature_mean'), kernel.raw('curvature', 0, 's->curvature'), rho);
  return [
    '/* M = Q(M + rho * (C - M)) */',
    `static void move_mean(${kernel.prefix}_state *s)`,
    '{',
    `    s->curvature_mean = ${kernel.sites.quantise(siteKey('curvatureMean'), moved).text};`,
    '}',
  ].join('\n');
}
