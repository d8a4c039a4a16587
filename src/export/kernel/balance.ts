/** Balance as C: the larger a loss's gradient on what losses share, the smaller its say. docs/numerics.md §7.2. */
import { siteKey } from '../../site/sites.js';
import { QrailsError } from '../../errors.js';
import type { Constant } from '../../schema/plan.js';
import { sharedBackward } from './backward.js';
import { indented, type Kernel } from './context.js';
import { divided } from './divide.js';
import { constant, int64Argument, leaf, movedMean, multiply, subtract, uint32Literal } from './exact.js';
import { gradientSquare, gradientSquareText } from './norm.js';
import { hull, range, times } from './range.js';

/** What the plan says of its losses. */
export function lossesOf({ plan }: Kernel): { outputs: readonly number[]; warmup: number; shareRate: Constant; floor: Constant; firstShare: Constant; firstMean: Constant } {
  const { outputs, warmup, shareRate, floor, firstShare, firstMean } = plan.balance ?? {};
  if (!outputs || warmup === undefined || !shareRate || !floor || !firstShare || !firstMean) {
    throw new QrailsError({ code: 'invalid', where: 'balance', message: 'the plan has no value for what its law reads' });
  }
  return { outputs, warmup, shareRate, floor, firstShare, firstMean };
}

/** The call that weighs the errors, where there is one. */
export const balanceCall = ({ plan }: Kernel): string[] => (plan.balance ? ['balance(s, inputs, count);'] : []);

/** Functions of the balance; `balance` calls them. Nothing for a plan without one. */
export function balanceText(kernel: Kernel): string[] {
  if (!kernel.plan.balance) return [];
  return [gradientSquareText(kernel, 'squared_shared_gradient', kernel.layers.length - 1), ...sharedBackward(kernel), measure(kernel), follow(kernel), weigh(kernel), balance(kernel)];
}

function measure(kernel: Kernel): string {
  const { prefix } = kernel;
  const { outputs } = lossesOf(kernel);
  const last = kernel.layers[kernel.layers.length - 1]!;
  const error = `s->layer${last.index}_error`;
  const size = kernel.size(last, 'OUTPUTS');
  return [
    '/* The norm of each loss\'s gradient on what they share, with the errors of the others 0; returns their sum. */',
    `#define LOSSES ${uint32Literal(outputs.length)}`,
    `static const uint32_t loss_end[${outputs.length}] = { ${outputs.map((_, index) => uint32Literal(outputs.slice(0, index + 1).reduce((sum, count) => sum + count, 0))).join(', ')} };`,
    '',
    `static int64_t measure_losses(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count, int64_t *norms)`,
    '{',
    ...indented([
      'int64_t sum = 0;',
      'uint32_t first = 0;',
      `for (uint32_t k = 0; k < count * ${size}; k++) ${error}_whole[k] = ${error}[k];`,
      'for (uint32_t i = 0; i < LOSSES; i++) {',
      ...indented([
        `for (uint32_t k = 0; k < count * ${size}; k++) {`,
        `    const uint32_t o = k % ${size};`,
        `    if (o >= first && o < loss_end[i]) ${error}[k] = ${error}_whole[k];`,
        `    else ${error}[k] = 0;`,
        '}',
        'backward_shared(s, inputs, count);',
        `norms[i] = (int64_t)quantise_norm(s, ${gradientSquare(kernel, 'squared_shared_gradient', '3U + i')});`,
        'sum += norms[i];',
        'first = loss_end[i];',
      ]),
      '}',
      `for (uint32_t k = 0; k < count * ${size}; k++) ${error}[k] = ${error}_whole[k];`,
      'return sum;',
    ]),
    '}',
  ].join('\n');
}

function follow(kernel: Kernel): string {
  const { prefix, sites } = kernel;
  const { outputs, shareRate } = lossesOf(kernel);
  const losses = BigInt(outputs.length);
  const each = kernel.range('norm');
  const all = times(each, range(1n, losses));
  const { fractionLength } = kernel.format('norm');
  const sum = leaf('sum', 'int64_t', range(1n, all.high > 1n ? all.high : 1n), fractionLength);
  const others = { ...subtract(sum, kernel.raw('norm', 0, 'norms[i]', 'int64_t')), range: range(0n, sum.range.high) };
  const share = divided(kernel, 'share', others, multiply(constant(losses - 1n), sum), { element: '0', index: 'i' });
  const moved = movedMean(kernel.raw('shareMean', 0, 's->shares[i]'), kernel.raw('share', 0, 'share'), kernel.constant('meanRate', shareRate, 'balance.shareRate'));
  return [
    '/* m = Q(m + rho * (Q((sum - norm) / ((losses - 1) * sum)) - m)) for every loss */',
    `static void follow_shares(${prefix}_state *s, const int64_t *norms, int64_t sum)`,
    '{',
    '    for (uint32_t i = 0; i < LOSSES; i++) {',
    ...indented([...share.lines, `const ${kernel.type('share')} share = ${share.value.text};`, `s->shares[i] = ${sites.quantise(siteKey('shareMean'), moved).text};`], 8),
    '    }',
    '}',
  ].join('\n');
}

function weigh(kernel: Kernel): string {
  const { prefix, sites } = kernel;
  const { outputs, floor, firstShare } = lossesOf(kernel);
  const last = kernel.layers[kernel.layers.length - 1]!;
  const size = kernel.size(last, 'OUTPUTS');
  const least = kernel.constant('shareMean', floor, 'balance.floor');
  const mean = kernel.raw('shareMean', 0, 's->shares[i]');
  const held = range(least.value!, hull(mean.range, least.range).high);
  const { fractionLength } = kernel.format('shareMean');
  const sum = leaf('sum', 'int64_t', range(1n, held.high * BigInt(outputs.length) || 1n), fractionLength);
  const weight = divided(kernel, 'share', leaf('share', 'int64_t', held, fractionLength), sum, { element: '0', index: 'LOSSES + i' });
  const key = siteKey('error', last.index);
  const error = `s->layer${last.index}_error[k]`;
  const first = kernel.constant('share', firstShare, 'balance.firstShare');
  const share = leaf('weight', 'int64_t', hull(kernel.range('share'), first.range), kernel.format('share').fractionLength);
  const weighed = sites.quantise(key, multiply(share, kernel.raw('error', last.index, error)), { element: 'k', index: '1' });
  const hold = `s->shares[i] > ${least.text} ? s->shares[i] : ${least.text}`;
  return [
    '/* e = Q(w * e) for every error of the last layer, w = Q(max(m, floor) / sum of these), or an equal share */',
    `static void weigh_errors(${prefix}_state *s, uint32_t count, int equal)`,
    '{',
    ...indented([
      'int64_t weights[LOSSES];',
      'int64_t sum = 0;',
      `for (uint32_t i = 0; i < LOSSES; i++) sum += ${hold};`,
      ...(least.value === 0n ? ['if (sum == 0) equal = 1; /* all means are 0 */'] : []),
      'for (uint32_t i = 0; i < LOSSES; i++) {',
      ...indented([
        `weights[i] = ${first.text};`,
        'if (!equal) {',
        ...indented([`const int64_t share = ${hold};`, ...weight.lines, `weights[i] = ${int64Argument(weight.value)};`]),
        '}',
      ]),
      '}',
      `for (uint32_t b = 0, k = 0; b < count; b++) {`,
      ...indented([
        `for (uint32_t o = 0, i = 0; o < ${size}; o++, k++) {`,
        ...indented(['int64_t weight;', 'if (o == loss_end[i]) i++;', 'weight = weights[i];', `${error} = ${weighed.text};`]),
        '}',
      ]),
      '}',
    ]),
    '}',
  ].join('\n');
}

function balance(kernel: Kernel): string {
  const { prefix } = kernel;
  const { warmup } = lossesOf(kernel);
  return [
    '/* Weighs the errors of the last layer by their losses\' shares. */',
    ...(warmup > 0 ? [`#define WARMUP ${uint32Literal(warmup)}`] : []),
    `static void balance(${prefix}_state *s, const ${prefix}_input_t *inputs, uint32_t count)`,
    '{',
    ...indented([
      'int64_t norms[LOSSES];',
      'const int64_t sum = measure_losses(s, inputs, count, norms);',
      'if (sum != 0) follow_shares(s, norms, sum);',
      ...(warmup > 0
        ? ['if (s->balanced < WARMUP) {', '    s->balanced++;', '    weigh_errors(s, count, 1);', '} else {', '    weigh_errors(s, count, 0);', '}']
        : ['weigh_errors(s, count, 0);']),
    ]),
    '}',
  ].join('\n');
}
