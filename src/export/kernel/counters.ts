/** Counters of the sites as C, compiled in by a macro. docs/numerics.md §2. */
import type { Kernel } from './context.js';
import { mentions } from './helpers.js';

/** The record of a site in the header. */
export function countersType({ prefix, macro }: Kernel): string {
  return [
    `#ifdef ${macro}_COUNTERS`,
    '/*',
    ' * What a site has seen in steps: values, overflows above and below the rails, values that became zero, results at 19/20 of a rail or beyond,',
    ' * smallest and largest result (an unsigned word of 64 bits as its two\'s complement; nothing while count is 0).',
    ' */',
    'typedef struct {',
    '    uint64_t count;',
    '    uint64_t overflow_high;',
    '    uint64_t overflow_low;',
    '    uint64_t underflow;',
    '    uint64_t near_rail;',
    '    int64_t min;',
    '    int64_t max;',
    `} ${prefix}_site;`,
    '#endif',
  ].join('\n');
}

/** Functions and macros that count, for the functions in `text`. */
export function countersText({ prefix, macro }: Kernel, text: string): string {
  const kinds = [
    { name: 'COUNT', fn: 'count_raw', type: 'int64_t', less: (a: string, b: string) => `${a} < ${b}`, store: 'raw' },
    { name: 'COUNT_UNSIGNED', fn: 'count_unsigned', type: 'uint64_t', less: (a: string, b: string) => `(uint64_t)${a} < (uint64_t)${b}`, store: 'signed_of(raw)' },
  ].filter(({ name }) => mentions(text, name));
  const functions = kinds.map(({ fn, type, less, store }) =>
    [
      `static void ${fn}(${prefix}_state *s, int site, int above, int below, int nonzero, ${type} raw, int near)`,
      '{',
      `    ${prefix}_site *const c = &s->sites[site];`,
      '    if (s->quiet) return;',
      '    if (above) c->overflow_high++;',
      '    else if (below) c->overflow_low++;',
      '    else if (raw == 0 && nonzero) c->underflow++;',
      '    if (near) c->near_rail++;',
      `    if (c->count == 0 || ${less('raw', 'c->min')}) c->min = ${store};`,
      `    if (c->count == 0 || ${less('c->max', 'raw')}) c->max = ${store};`,
      '    c->count++;',
      '}',
    ].join('\n'),
  );
  const parameters = 's, site, above, below, nonzero, raw, near';
  return [
    `#ifdef ${macro}_COUNTERS`,
    ...functions,
    ...kinds.map(({ name, fn }) => `#define ${name}(${parameters}) ${fn}(${parameters})`),
    '#else',
    // what only counting calls must not be unused
    ...kinds.map(({ name }) => `#define ${name}(${parameters}) ((void)(s), (void)(above), (void)(below))`),
    '#endif',
  ].join('\n');
}
