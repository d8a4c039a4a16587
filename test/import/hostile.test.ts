/** Hostile files end in a QrailsError or in arrays, in time that grows with their length and no faster: the runner ends a test after five seconds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import type { NumberArray } from '../../src/import/array.js';
import { readC } from '../../src/import/cArrays.js';
import { Macros } from '../../src/import/cMacros.js';
import { describedByMacros } from '../../src/import/describe.js';
import { readCoe } from '../../src/import/coe.js';
import { readNumbers } from '../../src/import/csv.js';
import { readMem } from '../../src/import/mem.js';
import { isMif, readMif } from '../../src/import/mif.js';
import { plainText } from '../../src/import/text.js';

interface Outcome {
  readonly error: string | undefined;
  readonly arrays: readonly NumberArray[];
}

function attempt(source: string): Outcome {
  const macros = new Macros();
  const outcome = (arrays: readonly NumberArray[], error?: string): Outcome => ({ arrays, error });
  try {
    return outcome(readC(plainText(source, 'a.c'), 'a.c', macros).map((array) => describedByMacros(array, macros)));
  } catch (error) {
    if (!(error instanceof QrailsError)) throw error;
    return outcome([], error.message);
  }
}

function expectBounded(source: string): Outcome {
  const outcome = attempt(source);
  for (const { problem, shape, numbers } of outcome.arrays) if (!problem) expect(numbers.values.length).toBe(shape.reduce((product, size) => product * size, 1));
  return outcome;
}

const MILLION = 1_000_000;
/** Each macro is the one before, so many times over. */
const bomb = (times: number): string => `#define M0 1,\n${Array.from({ length: 60 }, (_, k) => `#define M${k + 1} ${`M${k} `.repeat(times)}`).join('\n')}\n`;

describe('C', () => {
  it.each<[string, string, RegExp]>([
    ['a million braces', `int8_t a[] = ${'{'.repeat(MILLION)}`, /unexpected text/],
    ['a million braces of no array', '{'.repeat(MILLION), /unexpected text/],
    ['a million parentheses', `int8_t a[] = {${'('.repeat(MILLION)}`, /unexpected text/],
    ['a million brackets', `int8_t a${'['.repeat(MILLION)}`, /unexpected text/],
    ['a million dimensions', `int8_t a${'[1]'.repeat(MILLION / 4)} = {1`, /unexpected text/],
    ['a million signs', `int8_t a[] = {${'-'.repeat(MILLION)}1`, /unexpected text/],
    ['a million conditions', '#if 1\n'.repeat(MILLION / 10), /conditions are nested too deep/],
    ['a million skipped conditions', `#if 0\n${'#if 1\n'.repeat(MILLION / 10)}`, /conditions are nested too deep/],
    ['a million comments on a line', `${'/**/'.repeat(MILLION / 4)}/*`, /comment is not closed/],
    ['a million continued lines', `int a${'\\\n'.repeat(MILLION / 2)}`, /expected {2};/],
    ['macros that grow outside arrays', `${bomb(2)}M60`, /macros grow too long/],
    ['a long macro beside many arrays', `#define A_ROWS 1 /*${'*'.repeat(MILLION)} */ + 1\n${'int8_t a[]={1};'.repeat(9000)}`, /macros grow too long/],
    ['a long condition', `#define A 1 /*${'*'.repeat(MILLION)} */ + 1\n${'#if A\n#endif\n'.repeat(9000)}A A`, /macros grow too long/],
    ['a long word', `int8_t ${'a'.repeat(MILLION)}[] = {1};`, /this word is too long/],
    ['a long number', `int8_t a[] = {${'1'.repeat(MILLION)}`, /this word is too long/],
    ['a zero byte', 'int8_t a[] = {1};\0', /a zero byte/],
    ['arrays without end', 'int8_t a[]={1};'.repeat(20_000), /too many arrays/],
  ])('%s', (_, source, message) => expect(expectBounded(source).error).toMatch(message));

  it.each<[string, string, RegExp]>([
    ['macros that grow without end', `${bomb(2)}int8_t a[] = {M60 1};`, /macros grow too long/],
    ['a long comment in a macro that is often used', `#define A 1 /*${'*'.repeat(MILLION)} */ ,\nint8_t a[] = {${'A '.repeat(MILLION / 10)}};`, /macros grow too long/],
    ['braces', `int8_t a[] = ${'{'.repeat(1000)}1${'}'.repeat(1000)};`, /deeper than the array/],
    ['parentheses', `int8_t a[] = {${'('.repeat(1000)}1${')'.repeat(1000)}};`, /nested too deep/],
    ['signs', `int8_t a[] = {${'- '.repeat(1000)}1};`, /nested too deep/],
    ['choices', `int8_t a[] = {${'1 ? 2 : '.repeat(1000)}1};`, /nested too deep/],
    ['dimensions', `int8_t a${'[1]'.repeat(1000)} = {1};`, /too many dimensions/],
    ['a huge array', 'int8_t a[999999999999999999999] = {0};', /an array of this size cannot be/],
    ['an array larger than memory', 'int8_t a[4000000][4000000] = {0};', /too many numbers/],
    ['a huge integer', `int64_t a[] = {${'9'.repeat(399)}};`, /this integer is too large/],
    ['a longer integer', `int64_t a[] = {${'9'.repeat(900)}};`, /this number is too long/],
    ['a huge exponent', 'double a[] = {1e99999};', /this exponent is too large/],
    ['a huge binary exponent', 'double a[] = {0x1p99999};', /this exponent is too large/],
    ['a product that grows', `int64_t a[] = {${Array(40).fill('4294967296').join('*')}};`, /this integer is too large/],
    ['macros inside macros', `${Array.from({ length: 100 }, (_, k) => `#define A${k} A${k + 1}`).join('\n')}\nint8_t a[] = {A0};`, /nested too deep/],
  ])('%s in one array', (_, source, message) => {
    const { error, arrays } = expectBounded(`${source}\nint8_t b[] = {1};`);
    expect(error).toBeUndefined();
    expect(arrays.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(arrays[0]!.problem?.message).toMatch(message);
    expect(arrays[1]!.problem).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is a name like others', (name) => {
    const { arrays, error } = expectBounded(`#define ${name} 2\n#ifdef ${name}\n#undef ${name}\nint8_t ${name}[] = {1};\n${name} z[] = {1};\n#endif\nint8_t y[] = {valueOf};`);
    expect(error).toBeUndefined();
    expect(arrays.map((array) => [array.name, array.problem === undefined])).toEqual([[name, true], ['z', false], ['y', false]]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  const TOKENS = [
    'int8_t', 'const', 'q15_t', 'float', 'static', 'extern', 'typedef', 'struct', 'a', 'b', 'N', 'defined', '"C"', '"', "'x'", '/*', '*/', '//', '\n', '\n#define N ', '\n#define a a b ',
    '\n#if ', '\n#else\n', '\n#elif ', '\n#endif\n', '\n#ifdef N\n', '\n#include "x"\n', '\\\n', '{', '}', '(', ')', '[', ']', '[]', '=', ',', ';', '0', '1', '0x7F', '1.5f', '-', '+', '~', '!', '*', '/', '%', '<<',
    '>>', '?', ':', '&&', '||', '==', '.', '@', '\u00e9', '\ud800', '= {', '};', 'int8_t a[] = {1, 2};',
  ];

  it('token soup', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 80 }), (tokens) => void expectBounded(tokens.join(' '))), { numRuns: 3000, seed: 1 });
  });

  it('any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void expectBounded(text)), { numRuns: 1000, seed: 2 });
  });
});

describe('files of words and numbers', () => {
  const readers: Record<string, (text: string) => NumberArray> = {
    mem: (text) => readMem(text, 'f', 'f', 16),
    memb: (text) => readMem(text, 'f', 'f', 2),
    coe: (text) => readCoe(text, 'f', 'f'),
    mif: (text) => readMif(isMif(text) ? text : `WIDTH=8;DEPTH=4;CONTENT BEGIN ${text} END;`, 'f', 'f'),
    csv: (text) => readNumbers(text, 'f', 'f'),
  };
  const TOKENS = [
    '@', '@0', '@10', '0', '1', 'FF', 'xz', '_', '7f', '-1', '1.5', '1e9', '1e999', '//', '/*', '*/', '\n', ';', ',', '=', ':', '..', '[', ']', '[0..1]', '%', '--', ' ', '#',
    'memory_initialization_radix=', 'memory_initialization_vector=', 'radix=16;\n', 'coefdata=', 'WIDTH=8;', 'DEPTH=4;', 'DEPTH=999999999;', 'DATA_RADIX=UNS;', 'CONTENT BEGIN', 'END;', '0:1;', '\u2028', '\ud800', '__proto__=1;',
  ];

  it.each(Object.keys(readers))('%s: soup and any text end in an array or a QrailsError', (kind) => {
    const text = fc.oneof(fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join('')), fc.string({ unit: 'binary', maxLength: 100 }));
    fc.assert(fc.property(text, (source) => {
      try {
        const { numbers, shape } = readers[kind]!(source);
        expect(numbers.values.length).toBe(shape.reduce((product, size) => product * size, 1));
      } catch (error) {
        if (!(error instanceof QrailsError)) throw error;
      }
    }), { numRuns: 2000, seed: 3 });
  });

  /** Texts a pattern that tries twice would take minutes for. */
  it.each(Object.keys(readers))('%s: long runs of one mark', (kind) => {
    for (const mark of ['1', '.', '_', '-', ' ', '/', '%', ';', '[', 'a', '1,', '@0 ']) {
      for (const end of ['', 'x', '!']) {
        try {
          readers[kind]!(mark.repeat(300_000) + end);
        } catch (error) {
          if (!(error instanceof QrailsError)) throw error;
        }
      }
    }
  }, 20_000);
});
