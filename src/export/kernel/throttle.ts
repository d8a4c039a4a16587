/** The throttle as C: which law is asked, and the state it keeps. docs/numerics.md §6. */
import { integrates, keepsAlpha } from '../../control/registry.js';
import { copyLoop, gradientArrays, parameterArrays } from './arrays.js';
import { clipText, normBoundText, squaresGradient, stableText } from './bound.js';
import { indented, type Kernel } from './context.js';
import { constant, leaf, type Exact } from './exact.js';
import { estimateCall, estimatorText, looksAtBatch } from './estimator.js';
import { integrateCall, integrateText } from './integrator.js';
import { differencesText, gradientSquareText } from './norm.js';
import { railsText } from './rails.js';
import { tableText } from './table.js';

/** Functions of the throttle; `throttle` calls them. Nothing for a plan without one. */
export function throttleText(kernel: Kernel): string[] {
  if (kernel.plan.throttle.law === 'none') return [];
  return [
    ...(kernel.keepsDifferences ? differencesText(kernel) : []),
    ...(squaresGradient(kernel) ? [gradientSquareText(kernel, 'squared_gradient')] : []),
    ...estimatorText(kernel),
    ...lawText(kernel),
    ...(startsThrottle(kernel) ? [start(kernel)] : []),
    throttle(kernel),
  ];
}

function lawText(kernel: Kernel): string[] {
  switch (kernel.plan.throttle.law) {
    case 'none': return [];
    case 'gt0': return [stableText(kernel, true, '0')];
    case 'rails': return [stableText(kernel, true, '0'), ...railsText(kernel)];
    case 'gt1': case 'gt2': return [integrateText(kernel)];
    case 'gt2-qa': return [stableText(kernel, false, '1'), normBoundText(kernel, '2'), integrateText(kernel)];
    case 'table': return [tableText(kernel)];
    case 'clip': return [normBoundText(kernel, '0'), clipText(kernel)];
  }
}

/** The alpha of a step as it is multiplied. */
export function alphaOf(kernel: Kernel, text: string): Exact {
  const fraction = kernel.format('throttle').fractionLength;
  return kernel.alphaVaries ? leaf(text, 'int64_t', kernel.alphaRange, fraction) : constant(kernel.one, fraction);
}

/** Whether the throttle keeps anything that is emptied where it switches on. */
export const startsThrottle = ({ plan: { throttle } }: Kernel): boolean => throttle.estimator !== undefined || keepsAlpha(throttle.law);

/** Whether alpha is ever the first one: before there is an estimate, or where a state of it begins. */
const needsFirst = ({ plan, keepsDifferences }: Kernel): boolean => keepsDifferences || keepsAlpha(plan.throttle.law);

function start(kernel: Kernel): string {
  const { plan, prefix } = kernel;
  const { law, estimator, firstAlpha } = plan.throttle;
  return [
    '/* Empties what the throttle keeps. */',
    ...(needsFirst(kernel) ? [`#define THROTTLE_FIRST ${kernel.constant('throttle', firstAlpha, 'throttle.firstAlpha').text}`] : []),
    `static void start_throttle(${prefix}_state *s)`,
    '{',
    ...indented([
      ...(kernel.keepsDifferences ? ['s->history = 0;'] : []),
      ...(estimator === undefined ? [] : ['s->curvature = 0;', 's->curvature_mean = 0;']),
      ...(integrates(law) ? ['s->velocity = 0;'] : []),
      ...(keepsAlpha(law) ? ['s->alpha = THROTTLE_FIRST;'] : []),
    ]),
    '}',
  ].join('\n');
}

/** What follows an estimate in a phase with the throttle on. */
function curbed(kernel: Kernel): string {
  const { law } = kernel.plan.throttle;
  if (integrates(law)) return `alpha = ${integrateCall(kernel)};`;
  return law === 'rails' ? 'alpha = railed(s, p->eta, stable_alpha(s, p->eta), flags);' : 'alpha = stable_alpha(s, p->eta);';
}

function decide(kernel: Kernel): string[] {
  const { law, keepState } = kernel.plan.throttle;
  if (law === 'clip') return ['alpha = clip(s);'];
  if (law === 'table') return ['if (s->history != 0) *flags |= choose_alpha(s, p->eta);', ...on(kernel, ['alpha = (int64_t)s->alpha;'])];
  const estimated = [...estimateCall(kernel), ...on(kernel, [curbed(kernel)])];
  if (!kernel.keepsDifferences) return estimated;
  return [
    'if (s->history != 0) {',
    ...indented(estimated),
    keepState ? '} else if (p->throttle != 0) {' : '} else {',
    law === 'rails' ? '    alpha = railed(s, p->eta, THROTTLE_FIRST, flags);' : '    alpha = THROTTLE_FIRST;',
    '}',
  ];
}

function throttle(kernel: Kernel): string {
  const { plan, macro, prefix } = kernel;
  const remember = kernel.keepsDifferences ? [...[...parameterArrays(kernel), ...gradientArrays(kernel)].map((array) => copyLoop(array, 'before')), 's->history = 1;'] : [];
  const parameters = [`${prefix}_state *s`, 'const phase *p', ...(looksAtBatch(kernel) ? [`const ${prefix}_input_t *inputs`, 'uint32_t count'] : []), 'uint32_t *flags'];
  return [
    `/* The alpha of the step.${remember.length > 0 ? ' Parameters and gradients are kept for the next step while the estimator runs.' : ''} */`,
    `static int64_t throttle(${parameters.join(', ')})`,
    '{',
    ...indented([
      'int64_t alpha = THROTTLE_ONE;',
      `if (p->throttle != 0) *flags |= ${macro}_THROTTLED;`,
      ...(plan.throttle.keepState ? [] : ['else return alpha;']),
      ...decide(kernel),
      ...remember,
      'return alpha;',
    ]),
    '}',
  ].join('\n');
}

/** Statements for a phase with the throttle on: with `keepState` the estimator runs in all. */
const on = ({ plan }: Kernel, lines: readonly string[]): string[] => (plan.throttle.keepState ? ['if (p->throttle != 0) {', ...indented(lines), '}'] : [...lines]);
