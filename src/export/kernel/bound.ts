/** Bounds of alpha that are quotients, as C: the largest stable one, and the one at which the update has a given norm. docs/numerics.md §6.2. */
import { measuresGradient } from '../../control/registry.js';
import { quantumFraction } from '../../plan/alignment.js';
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { divided } from './divide.js';
import { aligned, compare, constant, int64Argument, int64Literal, leaf, multiply, variable, type Exact } from './exact.js';
import { gradientSquare } from './norm.js';
import { hull, range } from './range.js';

/** As an int64_t operand. */
const integer = (value: Exact): Exact => ({ ...value, text: int64Argument(value), type: 'int64_t' });

/** C and C* = max(C, M), at the finer fraction length of C and M: declarations, and the values. */
export function star(kernel: Kernel): { readonly lines: readonly string[]; readonly now: Exact; readonly star: Exact; readonly nowLine: string } {
  const finest = Math.max(kernel.format('curvature').fractionLength, kernel.format('curvatureMean').fractionLength);
  const c = variable('now', integer(aligned(kernel.raw('curvature', 0, 's->curvature'), finest)));
  const m = variable('mean', integer(aligned(kernel.raw('curvatureMean', 0, 's->curvature_mean'), finest)));
  return {
    lines: [c.declare, m.declare, 'const int64_t star = now > mean ? now : mean;'], nowLine: c.declare,
    now: c.value, star: leaf('star', 'int64_t', hull(c.value.range, m.value.range), finest),
  };
}

/** Statements that return the variable `alpha` between two raws. */
function held(alpha: Exact, low: bigint, high: bigint): string[] {
  return [
    ...(alpha.range.low < low ? [`if (alpha < ${int64Literal(low)}) return ${int64Literal(low)};`] : []),
    alpha.range.high > high ? 'return alpha > THROTTLE_ONE ? THROTTLE_ONE : alpha;' : 'return alpha;',
  ];
}

/**
 * `stable_alpha`: min(1, max(floor, Q(chi / (eta * C)))).
 *
 * @param ofMean C* is taken, else C itself
 * @param index of the quantisation at `throttle`
 */
export function stableText(kernel: Kernel, ofMean: boolean, index: string): string {
  const { plan, one, prefix } = kernel;
  const chi = kernel.constant('throttleTarget', plan.throttle.chi, 'throttle.chi');
  const floor = kernel.constant('throttle', plan.throttle.floor, 'throttle.floor').value!;
  const found = star(kernel);
  const divisor = multiply(kernel.learningRate('eta'), ofMean ? found.star : found.now);
  const quotient = divided(kernel, siteKey('throttle'), chi, { ...divisor, range: range(1n, divisor.range.high > 1n ? divisor.range.high : 1n) }, { element: '0', index });
  return [
    `/* min(1, max(floor, Q(chi / (eta * ${ofMean ? 'C*' : 'C'}))))${ofMean ? ', C* = max(C, M)' : ''}; 1 without a quotient where chi >= eta * ${ofMean ? 'C*' : 'C'}. */`,
    `static int64_t stable_alpha(${prefix}_state *s, int64_t eta)`,
    '{',
    ...indented([
      ...(ofMean ? found.lines : [found.nowLine]),
      `if (${compare(chi, '>=', divisor)}) return THROTTLE_ONE;`,
      '{',
      ...indented([...quotient.lines, `const int64_t alpha = (int64_t)${quotient.value.text};`, ...held(quotient.value, floor < one ? floor : one, one)]),
      '}',
    ]),
    '}',
  ].join('\n');
}

/**
 * `norm_alpha`: min(1, Q(target / (rate * |g|))), the target being tau, or the smallest step that moves a parameter everywhere, at the learning rate.
 *
 * @param index of the quantisation at `throttle`
 */
export function normBoundText(kernel: Kernel, index: string): string {
  const { plan, one, prefix } = kernel;
  const clips = plan.throttle.law === 'clip';
  const target = clips ? kernel.constant('throttleTarget', plan.throttle.tau, 'throttle.tau') : constant(1n, quantumFraction(plan));
  const norm = kernel.raw('norm', 0, 'norm', 'int64_t');
  const divisor = clips ? norm : multiply(kernel.learningRate('eta'), norm);
  const quotient = divided(kernel, siteKey('throttle'), target, { ...divisor, range: range(1n, divisor.range.high > 1n ? divisor.range.high : 1n) }, { element: '0', index });
  const what = clips ? 'tau / |g|' : 'q / (eta * |g|)';
  return [
    `/* min(1, Q(${what}))${clips ? '' : ', q the largest last place of update and parameters'}; 1 without a quotient where that is 1 or more. */`,
    `static int64_t norm_alpha(${prefix}_state *s${clips ? '' : ', int64_t eta'})`,
    '{',
    ...indented([
      `const int64_t norm = (int64_t)quantise_norm(s, ${gradientSquare(kernel, 'squared_gradient', '2')});`,
      `if (${compare(divisor, '<=', target)}) return THROTTLE_ONE;`,
      '{',
      ...indented([...quotient.lines, `const int64_t alpha = (int64_t)${quotient.value.text};`, ...held(quotient.value, quotient.value.range.low, one)]),
      '}',
    ]),
    '}',
  ].join('\n');
}

/** `clip`: the alpha of gradient clipping. */
export function clipText(kernel: Kernel): string {
  const { floor: stated } = kernel.plan.throttle;
  // Under JAM a floor of 1 is one last place more than 1.
  const floor = kernel.constant('throttle', stated && BigInt(stated.raw) > kernel.one ? { value: 1, raw: String(kernel.one) } : stated, 'throttle.floor').text;
  return [
    '/* Gradient clipping: max(floor, min(1, Q(tau / |g|))) */',
    `static int64_t clip(${kernel.prefix}_state *s)`,
    '{',
    '    const int64_t alpha = norm_alpha(s);',
    `    return alpha < ${floor} ? ${floor} : alpha;`,
    '}',
  ].join('\n');
}

/** Whether the throttle sums the squares of this step's gradient. */
export const squaresGradient = ({ plan }: Kernel): boolean => plan.throttle.estimator === 'rayleigh' || measuresGradient(plan.throttle.law);
