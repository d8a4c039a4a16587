/** The anchor as C: whether it pulls, and the event detector that decides it. docs/numerics.md §7. */
import { siteKey } from '../../site/sites.js';
import { QrailsError } from '../../errors.js';
import { copyLoop, parameterArrays } from './arrays.js';
import { indented, type Kernel } from './context.js';
import { asWide, compare, constant, int64Argument, known, leaf, multiply, square, subtract, total, uint32Literal, type Exact } from './exact.js';
import { range, summed, squared } from './range.js';

/** Functions that decide whether the anchor pulls towards something; `anchor_pulls` calls them. Nothing for a plan whose anchor does not. */
export function anchorText(kernel: Kernel): string[] {
  const { law } = kernel.plan.anchor;
  if (!kernel.pulls) return [];
  return [...(kernel.keepsCopy ? [lock(kernel)] : []), ...(law === 'event' ? [calibrate(kernel), fires(kernel)] : []), pulls(kernel)];
}

/** Counts of the event detector. */
export function eventCounts({ plan }: Kernel): { n: number; window: number; consecutive: number; hold: number } {
  const { calibration: n, window, consecutive, hold } = plan.anchor;
  if (n === undefined || window === undefined || consecutive === undefined || hold === undefined) {
    throw new QrailsError({ code: 'invalid', where: 'anchor', message: 'the plan has no value for a count that event reads' });
  }
  return { n, window, consecutive, hold };
}

/** The sum A of the calibration, and A₂, the sum of squares, as they stand in the state. */
export function calibrationSums(kernel: Kernel): { sum: Exact; squares: Exact } {
  const { n } = eventCounts(kernel);
  const loss = kernel.raw('loss', 0, '');
  return {
    sum: leaf('s->loss_sum', 'int64_t', summed(loss.range, n), loss.fraction),
    squares: leaf('s->square_sum', 'wide', summed(squared(loss.range), n), 2 * loss.fraction),
  };
}

function lock(kernel: Kernel): string {
  const event = kernel.plan.anchor.law === 'event';
  return [
    `/* Takes the parameters as they are for the anchor${event ? ', locks, and begins to calibrate' : ''}. */`,
    `static void lock_anchor(${kernel.prefix}_state *s)`,
    '{',
    ...indented([
      ...parameterArrays(kernel).map((array) => copyLoop(array, 'anchor')),
      ...(event ? ['s->locked = 1;', ...['calibrated', 'seen', 'window_at', 'above', 'loss_sum', 'square_sum.low', 'square_sum.high'].map((name) => `s->${name} = 0;`)] : []),
    ]),
    '}',
  ].join('\n');
}

function calibrate(kernel: Kernel): string {
  const { sites } = kernel;
  const { n } = eventCounts(kernel);
  const { sum, squares } = calibrationSums(kernel);
  const loss = kernel.raw('loss', 0, 'loss', 'int64_t');
  const mean = sites.quantise(siteKey('lossMean'), sum);
  const spread = subtract(multiply(squares, constant(BigInt(n))), square(sum));
  const variance = sites.quantise(siteKey('lossVariance'), known(spread, range(0n, spread.range.high)));
  return [
    '/* Adds a loss to A and A2; with the n-th, m = Q(A) and V = max(Q(n * A2 - A^2), 1 LSB). */',
    `#define CALIBRATION ${uint32Literal(n)}`,
    `static void calibrate(${kernel.prefix}_state *s, int64_t loss)`,
    '{',
    ...indented([
      's->loss_sum += loss;',
      `s->square_sum = wide_add(s->square_sum, ${asWide(square(loss))});`,
      's->seen++;',
      'if (s->seen < CALIBRATION) return;',
      `s->loss_mean = ${mean.text};`,
      `s->loss_variance = ${variance.text};`,
      'if (s->loss_variance == 0) s->loss_variance = 1;',
      's->calibrated = 1;',
      's->seen = 0;',
    ]),
    '}',
  ].join('\n');
}

function fires(kernel: Kernel): string {
  const { sites, plan } = kernel;
  const { n, window } = eventCounts(kernel);
  const distance = subtract(multiply(kernel.raw('loss', 0, 's->window[k]'), constant(BigInt(n))), kernel.raw('lossMean', 0, 's->loss_mean'));
  const x = total('x', square(leaf('d', 'int64_t', distance.range, distance.fraction)), window);
  const statistic = sites.quantise(siteKey('statistic'), x.value);
  const bound = kernel.constant('eventRatio', plan.anchor.ratio, 'anchor.ratio');
  const ratio = constant(bound.value! * BigInt(window), bound.fraction);
  const above = compare(kernel.raw('statistic', 0, 'statistic'), '>', multiply(ratio, kernel.raw('lossVariance', 0, 's->loss_variance')));
  return [
    '/* Puts a loss into the window; whether T = Q(sum over the window of (n * loss - m)^2) has now been above kappa * w * V long enough. */',
    `#define WINDOW ${uint32Literal(window)}`,
    `#define CONSECUTIVE ${uint32Literal(eventCounts(kernel).consecutive)}`,
    `static int fires(${kernel.prefix}_state *s, int64_t loss)`,
    '{',
    ...indented([
      x.declare,
      'uint64_t statistic;',
      `s->window[s->window_at] = (${kernel.type('loss')})loss;`,
      's->window_at = s->window_at + 1U == WINDOW ? 0U : s->window_at + 1U;',
      'if (s->seen < WINDOW) s->seen++;',
      'if (s->seen < WINDOW) return 0;',
      'for (uint32_t k = 0; k < WINDOW; k++) {',
      `    const int64_t d = ${int64Argument(distance)};`,
      `    ${x.add}`,
      '}',
      `statistic = ${statistic.text};`,
      `s->above = ${above} ? s->above + 1U : 0U;`,
      'return s->above == CONSECUTIVE;',
    ]),
    '}',
  ].join('\n');
}

function pulls(kernel: Kernel): string {
  const { plan, prefix } = kernel;
  const event = plan.anchor.law === 'event';
  const decide = event
    ? [
        'if (s->locked == 0 && s->hold_left == 0) lock_anchor(s);',
        'if (s->locked != 0) {',
        '    if (s->calibrated == 0) {',
        '        calibrate(s, loss);',
        '    } else if (fires(s, loss)) {',
        '        s->locked = 0;',
        '        s->hold_left = HOLD;',
        '        s->events++;',
        '    }',
        '}',
        'if (s->locked != 0) return 1;',
        's->hold_left--;',
        'return 0;',
      ]
    : [];
  return [
    '/* Whether the anchor pulls in this step. */',
    ...(event ? [`#define HOLD ${uint32Literal(eventCounts(kernel).hold)}`] : []),
    `static int anchor_pulls(${event ? `${prefix}_state *s, ` : ''}const phase *p${event ? ', int64_t loss' : ''})`,
    '{',
    ...indented(event ? ['if (p->anchor == 0) return 0;', ...decide] : ['return p->anchor != 0;']),
    '}',
  ].join('\n');
}

/** The call of `anchor_pulls`. */
export const pullsCall = ({ plan }: Kernel): string => (plan.anchor.law === 'event' ? 'anchor_pulls(s, p, row->loss)' : 'anchor_pulls(p)');
