/** gt1, gt2 and gt2-qa as C: alpha is integrated from how far the stability product lies from its target. docs/numerics.md §6.2. */
import { siteKey } from '../../site/sites.js';
import { star } from './bound.js';
import { indented, type Kernel } from './context.js';
import { add, compare, constant, int64Argument, leaf, multiply, productOrZero, subtract, variable } from './exact.js';

/** Whether alpha is held between the least that moves a parameter and the largest that is stable. */
export const isHeld = ({ plan }: Kernel): boolean => plan.throttle.law === 'gt2-qa';

/** The call of `integrate`. */
export const integrateCall = (kernel: Kernel): string => `integrate(s, p->eta${isHeld(kernel) ? ', flags' : ''})`;

export function integrateText(kernel: Kernel): string {
  const { plan, prefix, sites, one, macro } = kernel;
  const { throttle } = plan;
  const found = star(kernel);
  const fraction = kernel.format('throttle').fractionLength;
  const before = leaf('(int64_t)s->alpha', 'int64_t', kernel.alphaRange, fraction);
  const chi = kernel.constant('throttleTarget', throttle.chi, 'throttle.chi');
  const gain = kernel.constant('meanRate', throttle.gain, 'throttle.gain');
  const momentum = throttle.momentum === undefined ? constant(0n, gain.fraction) : kernel.constant('meanRate', throttle.momentum, 'throttle.momentum');
  const kept = productOrZero(momentum, kernel.raw('velocity', 0, 's->velocity'));
  const drive = add(kept, productOrZero(gain, chi));
  const brake = productOrZero(productOrZero(gain, kernel.learningRate('eta')), multiply(before, found.star));
  const velocity = sites.quantise(siteKey('velocity'), subtract(drive, brake));
  const x = variable('x', add(before, kernel.raw('velocity', 0, 's->velocity')));
  const floor = kernel.constant('throttle', throttle.floor, 'throttle.floor');
  const alpha = sites.quantise(siteKey('throttle'), x.value);
  const held = isHeld(kernel);
  return [
    `/* v = Q(${throttle.momentum === undefined ? '' : 'beta * v + '}k * chi - k * eta * alpha * C*), C* = max(C, M); then alpha + v between the floor and 1${held ? ', and between what moves a parameter and what is stable' : ''} */`,
    `static int64_t integrate(${prefix}_state *s, int64_t eta${held ? ', uint32_t *flags' : ''})`,
    '{',
    ...indented([
      ...found.lines,
      `int64_t alpha = ${floor.text};`,
      `s->velocity = ${velocity.text};`,
      '{',
      ...indented([
        x.declare,
        `if (${compare(x.value, '>=', constant(one, fraction))}) {`,
        '    alpha = THROTTLE_ONE;',
        `} else if (${compare(x.value, '>', floor)}) {`,
        `    alpha = ${int64Argument(alpha)};`,
        ...(alpha.range.low < floor.value! ? [`    if (alpha < ${floor.text}) alpha = ${floor.text};`] : []),
        ...(alpha.range.high > one ? ['    if (alpha > THROTTLE_ONE) alpha = THROTTLE_ONE;'] : []),
        '}',
      ]),
      '}',
      ...(held
        ? [
            '{',
            ...indented([
              'const int64_t most = stable_alpha(s, eta);',
              'const int64_t least = norm_alpha(s, eta);',
              `if (least > most) *flags |= ${macro}_INFEASIBLE;`,
              'if (alpha < least) alpha = least;',
              'if (alpha > most) alpha = most;',
            ]),
            '}',
          ]
        : []),
      `s->alpha = (${kernel.type('throttle')})alpha;`,
      'return alpha;',
    ]),
    '}',
  ].join('\n');
}
