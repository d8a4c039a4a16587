/** The C function of a site: rounds an exact value, applies the overflow mode, counts. docs/numerics.md §2. */
import { formatName } from '../../format/format.js';
import { siteStream } from '../../format/random.js';
import type { DeterministicRounding } from '../../format/modes.js';
import type { SiteFormat } from '../../schema/plan.js';
import { siteName, SITES } from '../../site/sites.js';
import { macroWord } from '../cText.js';
import { int64Literal } from './exact.js';
import { overflowCode, railsOf, type OverflowCode } from './overflow.js';
import { divided as quotientRange, INT64, range, shiftedRight, within, type Range } from './range.js';
import { randomKind, roundsIntegers, upCondition, type Discarded } from './rounding.js';
import { drawsAt, isSquare, rawType, siteWord, type Use } from './sites.js';

export interface SiteContext {
  readonly prefix: string;
  readonly key: string;
  readonly format: SiteFormat;
  /** Names of the site's constants that an earlier function of it has defined. */
  readonly defined: Set<string>;
}

type Constants = (readonly [name: string, value: string])[];

/** How a function rounds: what it takes, its statements up to `r`, and what `r` can be. */
interface Rounding {
  readonly suffix: string;
  readonly parameters: readonly string[];
  readonly constants: Constants;
  readonly lines: readonly string[];
  readonly wide: boolean;
  readonly range: Range;
  /** Whether the exact value is not zero, as a C condition. */
  readonly nonzero: string;
  readonly about: string;
}

/** The definition of the function for one use of a site. */
export function siteFunction(context: SiteContext, use: Use): string {
  const rounding = use.kind === 'shift' ? shifted(context, use) : divided(context, use);
  const place = drawsAt(context.key, context.format, use) ? ['uint32_t element', 'uint32_t index'] : [];
  return assembled(context, { ...rounding, parameters: [...rounding.parameters, ...place] });
}

/** The definition of `norm`: the root of a squared norm, floor. docs/numerics.md §6. */
export function normFunction(context: SiteContext, shift: number, square: Range): string {
  const radicand = shift >= 0 ? square.high << BigInt(shift) : square.high >> BigInt(-shift);
  const wide = radicand >= 1n << 64n;
  const text =
    wide ? `wide_root(wide_left(wide_unsigned(square), ${shift}U))`
    : shift > 0 ? `root(square << ${shift})`
    : shift <= -64 ? 'root(square & 0U)'
    : shift < 0 ? `root(square >> ${-shift})`
    : 'root(square)';
  let root = 0n;
  for (let bit = 64n; bit >= 0n; bit--) if ((root + (1n << bit)) ** 2n <= radicand) root += 1n << bit;
  return assembled(context, {
    suffix: '', parameters: ['uint64_t square'], constants: [], wide: root > INT64.high, range: range(0n, root), nonzero: 'square != 0',
    lines: [root > INT64.high ? `const wide r = wide_unsigned(${text});` : `const int64_t r = (int64_t)${text};`],
    about: `floor(sqrt(S * 2^(2 * F_n - F_s))), 2 * F_n - F_s = ${shift}; numerics.md section 6`,
  });
}

function assembled({ prefix, key, format, defined }: SiteContext, rounding: Rounding): string {
  const name = macroWord(key);
  const type = rawType(key, format);
  const unsigned = isSquare(key);
  const constant = SITES[siteName(key)].kind === 'constant';
  const site = `${prefix.toUpperCase()}_SITE_${name}`;
  const trap = `if (s->trapped == ${prefix.toUpperCase()}_SITE_NONE) s->trapped = ${site};`;
  const code = overflowCode(format, { wide: rounding.wide, range: rounding.range, unsigned }, name, trap);
  const constants = [...rounding.constants, ...code.constants].filter(([constantName]) => !defined.has(constantName));
  constants.forEach(([constantName]) => defined.add(constantName));
  const parameters = [`${prefix}_state *s`, ...rounding.parameters];
  const lines = [
    ...rounding.lines,
    ...code.lines,
    constant ? '(void)s;' : counting(site, format, unsigned, code, rounding.nonzero),
    `return ${type === (unsigned ? 'uint64_t' : 'int64_t') ? 'raw' : `(${type})raw`};`,
  ];
  const modes = `${format.rounding}, ${format.overflow}${format.saturatedBits ? ` with ${format.saturatedBits} saturated bits` : ''}`;
  return [
    `/* ${key}: ${formatName(format)}, ${modes}; ${rounding.about} */`,
    ...defines(constants),
    `static ${type} quantise_${siteWord(key)}${rounding.suffix}(${parameters.join(', ')})`,
    '{',
    ...lines.map((line) => `    ${line}`),
    '}',
  ].join('\n');
}

/** `#define` lines, values in one column. */
function defines(constants: Constants): string[] {
  const width = Math.max(0, ...constants.map(([name]) => name.length));
  return constants.map(([name, value]) => `#define ${name.padEnd(width)} ${value.startsWith('-') ? `(${value})` : value}`);
}

/** The statement that counts a result. A raw is near a rail at 19/20 of it. */
function counting(site: string, format: SiteFormat, unsigned: boolean, { above, below }: OverflowCode, nonzero: string): string {
  const { low, high } = railsOf(format);
  const nearHigh = high > 0n ? (19n * high + 19n) / 20n : undefined;
  const nearLow = low < 0n ? -((19n * -low + 19n) / 20n) : undefined;
  const near = [
    ...(nearHigh === undefined ? [] : [`raw >= ${unsigned ? `UINT64_C(${nearHigh})` : int64Literal(nearHigh)}`]),
    ...(nearLow === undefined || unsigned ? [] : [`raw <= ${int64Literal(nearLow)}`]),
  ];
  return `${unsigned ? 'COUNT_UNSIGNED' : 'COUNT'}(s, ${site}, ${above ?? '0'}, ${below ?? '0'}, ${nonzero}, raw, ${near.join(' || ') || '0'});`;
}

/** Rounds by a right shift. */
function shifted({ key, format }: SiteContext, { fraction, range: of, wide, prepared }: Extract<Use, { kind: 'shift' }>): Rounding {
  const shift = fraction - format.fractionLength;
  const name = `${macroWord(key)}${prepared ? '_PREPARED' : ''}`;
  const nonzero = wide ? '(x.low | x.high) != 0' : 'x != 0';
  const common = { suffix: prepared ? '_prepared' : '', parameters: [`${wide ? 'wide' : 'int64_t'} x`], nonzero };
  if (shift === 0) {
    const bump = roundsIntegers(format.rounding);
    const result = range(of.low, bump ? of.high | 1n : of.high);
    // JAM sets the lowest bit also of an integer.
    if (wide) return { ...common, constants: [], wide, range: result, lines: bump ? ['wide r = x;', 'r.low |= 1U;'] : ['const wide r = x;'], about: 'nothing is discarded' };
    return { ...common, constants: [], wide, range: result, lines: [`const int64_t r = ${bump ? 'x | 1' : 'x'};`], about: 'nothing is discarded' };
  }
  const { lines, up } = rule(format, key, {
    inexact: wide ? '(d.low | d.high) != 0' : 'd != 0',
    atLeastHalf: wide ? 'half >= 0' : `d >= ${name}_HALF`,
    half: wide ? 'half == 0' : `d == ${name}_HALF`,
    aboveHalf: wide ? 'half > 0' : `d > ${name}_HALF`,
    odd: wide ? '(q.low & 1U) != 0' : '(q & 1) != 0',
    even: wide ? '(q.low & 1U) == 0' : '(q & 1) == 0',
    negative: of.low >= 0n ? undefined : wide ? 'x.high >> 63 != 0' : 'x < 0',
    notNegative: wide ? 'x.high >> 63 == 0' : 'x >= 0',
  }, wide ? drawnWide(`${name}_SHIFT`, shift) : drawn(`${name}_SHIFT`), prepared);
  const body = [...lines, up ?? ''].join(' ');
  const constants: Constants = [[`${name}_SHIFT`, `${shift}U`]];
  if (body.includes(`${name}_HALF`)) constants.push([`${name}_HALF`, `(UINT64_C(1) << (${name}_SHIFT - 1U))`]);
  const discarded = !/\b(d|half)\b/.test(body) ? []
    : wide ? [`const wide d = wide_low_bits(x, ${name}_SHIFT);`]
    : [`const uint64_t d = (uint64_t)x & ((UINT64_C(1) << ${name}_SHIFT) - 1U);`];
  const half = /\bhalf\b/.test(body) ? [`const int half = wide_compare(d, wide_left(wide_of(1), ${name}_SHIFT - 1U));`] : [];
  const result = shiftedRight(of, shift);
  return {
    ...common, constants, range: result,
    ...finished(wide, result, [wide ? `const wide q = wide_right(x, ${name}_SHIFT);` : `const int64_t q = floor_shift(x, ${name}_SHIFT);`, ...discarded, ...half, ...lines], up),
    about: 'q + d / 2^SHIFT is rounded',
  };
}

/** Rounds a quotient. */
function divided({ key, format }: SiteContext, use: Extract<Use, { kind: 'quotient' | 'power' }>): Rounding {
  const { wide, numerator } = use;
  const type = wide ? 'wide' : 'int64_t';
  const signed = numerator.low < 0n;
  const { lines, up } = rule(format, key, {
    inexact: wide ? '(rest.low | rest.high) != 0' : 'rest != 0',
    atLeastHalf: wide ? 'half >= 0' : 'rest >= d - rest',
    half: wide ? 'half == 0' : 'rest == d - rest',
    aboveHalf: wide ? 'half > 0' : 'rest > d - rest',
    odd: wide ? '(q.low & 1U) != 0' : '(q & 1) != 0',
    even: wide ? '(q.low & 1U) == 0' : '(q & 1) == 0',
    negative: !signed ? undefined : wide ? 'n.high >> 63 != 0' : 'n < 0',
    notNegative: wide ? 'n.high >> 63 == 0' : 'n >= 0',
  }, [
    `const uint64_t t = ${wide ? 'wide_fraction(rest, d)' : 'fraction((uint64_t)rest, (uint64_t)d)'};`,
    `const int up = (uint64_t)(random + t) < t; /* random + t >= 2^64 */`,
  ]);
  const body = [...lines, up ?? ''].join(' ');
  const half = /\bhalf\b/.test(body) ? ['const int half = wide_compare(rest, wide_subtract(d, rest));'] : [];
  const uses = (word: string): boolean => new RegExp(`\\b${word}\\b`).test([...half, body].join(' '));
  let division: string[];
  if (use.kind === 'power') {
    const d = wide ? 'const wide d = wide_left(wide_of(1), k);' : 'const int64_t d = INT64_C(1) << k;';
    division = [
      ...(uses('d') || (uses('rest') && !wide) ? [d] : []),
      wide ? 'const wide q = wide_right(n, k);' : `const int64_t q = ${signed ? 'floor_shift(n, k)' : 'n >> k'};`,
      ...(uses('rest') ? [wide ? 'const wide rest = wide_low_bits(n, k);' : signed ? 'const int64_t rest = (int64_t)((uint64_t)n & (uint64_t)(d - 1));' : 'const int64_t rest = n & (d - 1);'] : []),
    ];
  } else if (wide) {
    division = ['wide rest;', `const wide q = wide_${signed ? 'floor_' : ''}divide(n, d, &rest);`];
  } else if (signed) {
    division = ['int64_t q = n / d;', 'int64_t rest = n % d;', 'if (rest < 0) { /* from truncation to the floor */', '    q--;', '    rest += d;', '}'];
  } else {
    division = ['const int64_t q = n / d;', ...(uses('rest') ? ['const int64_t rest = n % d;'] : [])];
  }
  const result = quotientRange(numerator, use.kind === 'quotient' ? use.divisor : range(1n, 1n << BigInt(use.most)));
  return {
    suffix: '_quotient', parameters: [`${type} n`, use.kind === 'power' ? 'unsigned k' : `${type} d`], constants: [], range: result,
    nonzero: wide ? '(n.low | n.high) != 0' : 'n != 0',
    ...finished(wide, result, [...division, ...half, ...lines], up),
    about: use.kind === 'power' ? 'n / 2^k is rounded' : 'n / d is rounded',
  };
}

/** From the floor to `r`, in the type that holds it. */
function finished(wide: boolean, result: Range, lines: readonly string[], up: string | undefined): Pick<Rounding, 'wide' | 'lines'> {
  const more = up === undefined ? '' : up === 'up' ? 'up' : `(${up})`;
  const fits = within(result, INT64);
  // Without more, the floor is the result.
  if (up === undefined && (!wide || !fits)) return { wide, lines: lines.map((line) => line.replace(/\bq\b/, 'r')) };
  if (fits) return { wide: false, lines: [...lines, `const int64_t r = ${wide ? 'signed_of(q.low)' : 'q'}${more === '' ? '' : ` + ${more}`};`] };
  return { wide, lines: [...lines, `const wide r = wide_add(q, wide_of(${more}));`] };
}

/** Statements and condition of a site's rounding mode; `fraction` are those of STOCHASTIC, from `random` to `up`. */
function rule({ rounding }: SiteFormat, key: string, discarded: Discarded, fraction: readonly string[], prepared = false): { lines: string[]; up: string | undefined } {
  const kind = randomKind(rounding);
  // Constants are prepared without random bits.
  if (kind === undefined || prepared || SITES[siteName(key)].kind === 'constant') {
    return { lines: [], up: upCondition(kind === undefined ? (rounding as DeterministicRounding) : 'RND_CONV', discarded) };
  }
  const stream = `UINT64_C(0x${siteStream(key).toString(16).padStart(8, '0')})`;
  const random = `const uint64_t random = random_word(s->step_hash, ${stream}, element, index, 0);`;
  if (kind === 'equal') return { lines: [random], up: `${discarded.inexact} && random >> 63 != 0` };
  const low = `const uint64_t random_low = random_word(s->step_hash, ${stream}, element, index, 1);`;
  return { lines: [random, ...(fraction.some((line) => line.includes('random_low')) ? [low] : []), ...fraction], up: 'up' };
}

/** Up if the discarded bits and as many random ones carry. */
const drawn = (shift: string): string[] => [`const int up = (d + (random >> (64U - ${shift}))) >> ${shift} != 0;`];

function drawnWide(name: string, shift: number): string[] {
  const bits = shift < 64 ? `wide_unsigned(random >> (64U - ${name}))` : `random_wide(random, random_low, ${name})`;
  return [`const wide carried = wide_right(wide_add(d, ${bits}), ${name});`, 'const int up = carried.low != 0;'];
}
