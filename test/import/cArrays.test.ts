/** Arrays in C: what a compiler would store, told by cases and by the compiler itself. */
import { describe, expect, it } from 'vitest';
import { needCompiler, Workshop } from '../export/gcc.js';
import { failure } from '../document/failure.js';
import { read, readAll } from './read.js';

describe('arrays of firmware', () => {
  it.each<[string, string, string[]]>([
    ['a CMSIS q15 filter', '#include "arm_math.h"\nconst q15_t coeffs[4] = { 0x7FFF, (q15_t)0x8000, -1, 0 };', ['coeffs 4 sfix16_En15: 32767 -32768 -1 0']],
    ['q31 and q7', 'static q31_t a[] = {0x80000000, 1,};\nq7_t b[2] = {0x80, 127};', ['a 2 sfix32_En31: -2147483648 1', 'b 2 sfix8_En7: -128 127']],
    ['float32_t', 'const float32_t w[3] = { 0.1f, -1.5e-3F, .5 };', ['w 3 ?: 0.1 -0.0015 0.5']],
    ['a plain type, its format in macros', '#define COEFFS_FRAC_BITS (8 + 3)\nconst short int coeffs[2] = {1, 2};', ['coeffs 2 sfix16_En11: 1 2']],
    ['two dimensions', 'const int8_t w[2][3] = {{1, 2}, {3, 4, 5}};', ['w 2×3 ?: 1 2 0 3 4 5']],
    ['two dimensions without inner braces', 'const int8_t w[][2] = {1, 2, 3};', ['w 2×2 ?: 1 2 3 0']],
    ['attributes wherever they stand', 'static const int16_t PROGMEM x[2] = {1, 2}; const int16_t y[2] __attribute__((section(".a"), aligned(4))) = {3, 4};\n__attribute__((used)) alignas(16) constexpr std::int16_t z[] = {5};\n[[maybe_unused]] const int16_t v[1] PROGMEM = {6};', ['x 2 ?: 1 2', 'y 2 ?: 3 4', 'z 1 ?: 5', 'v 1 ?: 6']],
    ['one behind the other', 'int16_t a[1] = {1}, *p, b[2] = {2, 3}, c = 4;', ['a 1 ?: 1', 'b 2 ?: 2 3']],
    ['a size that is computed', '#define TAPS 2\n#define N (TAPS << 1)\nconst int8_t x[N - 1] = {1, 2, 3};', ['x 3 ?: 1 2 3']],
    ['macros as they stand, not as values', '#define A 1 + 2\nconst int8_t x[] = {A * 3, (A) * 3};', ['x 2 ?: 7 9']],
    ['all elements in a macro, as in CMSIS-NN', '#define CONV1_WT {-9,2,\\\n3}\nstatic const q7_t conv1_wt[3 * 1] = CONV1_WT;', ['conv1_wt 3 sfix8_En7: -9 2 3']],
    ['macros that name one another', '#define A B\n#define B A\n#define C 5\nconst int8_t x[] = {C};', ['x 1 ?: 5']],
    ['a type with another name', 'typedef int16_t weight_t;\ntypedef struct { int a[2]; } other;\nconst weight_t w[1] = {(weight_t)0xFFFF};', ['w 1 ?: -1']],
    ['comments, continued lines and separators', "const int32_t x[2] = { 1'000, /* {2, */ // }\\\n 9,\n 0b11 };", ['x 2 ?: 1000 3']],
    ['octal, suffixes and minima', 'const int64_t x[] = {017, 5UL, INT64_MIN, -INT64_C(7)};\nuint8_t y[] = {UINT8_MAX};', ['x 4 ?: 15 5 -9223372036854775808 -7', 'y 1 ?: 255']],
    ['IQmath', 'const _iq15 x[] = {32768}; _q12 y[] = {1};', ['x 1 sfix32_En15: 32768', 'y 1 sfix16_En12: 1']],
    ['hexadecimal floats', 'const double x[] = {0x1.8p-3, -0x10p0};', ['x 2 ?: 0.1875 -16']],
    ['linkage and namespaces', 'extern "C" {\nextern const int8_t a[2];\nnamespace n { const int8_t b[1] = {1}; }\n}\nextern "C" int f(void) { return "{"[0]; }\nint8_t c[1] = {2};', ['b 1 ?: 1', 'c 1 ?: 2']],
    ['what is no array', 'struct point { int x[2]; } p = {{1, 2}};\nenum { A = 1 };\nint f(const int16_t a[3]) { int16_t b[2] = {1, 2}; return a[0] + b[1]; }\nconst char *const names[] = {"a"};\nconst char text[] = "a\\"b{";\nint16_t x[1] = {1};', ['x 1 ?: 1']],
  ])('%s', (_, source, expected) => expect(read(source)).toEqual(expected));

  it.each<[string, string, string[]]>([
    ['taken', '#define ON 1\n#if ON && defined(ON) && !defined OFF\nint8_t a[] = {1};\n#else\nint8_t a[] = {2};\n#endif', ['a 1 ?: 1']],
    ['not taken, with text that is no C', '#ifdef OFF\nint8_t a[] = {1}; don\'t read /* this\n"nor this /*\n#elif 0\n#if 1\n#endif\n#else\nint8_t a[] = {2};\n#endif', ['a 1 ?: 2']],
    ['the first part that holds', '#if 0\n#elif 2 > 1\nint8_t a[] = {1};\n#elif 1\nint8_t a[] = {2};\n#endif', ['a 1 ?: 1']],
    ['inside an initialiser', 'int8_t a[] = {1,\n#ifdef OFF\n2,\n#endif\n3};', ['a 2 ?: 1 3']],
    ['a word that is no macro is 0', '#if __GNUC__ >= 4\nint8_t a[] = {1};\n#endif\nint8_t b[] = {2};', ['b 1 ?: 2']],
    ['undefined again', '#define A\n#undef A\n#ifndef A\nint8_t b[] = {2};\n#endif', ['b 1 ?: 2']],
  ])('conditions: %s', (_, source, expected) => expect(read(source)).toEqual(expected));

  it('says what it takes for granted', () => {
    const { macros, arrays } = readAll('#if __has_include(<x>)\n#endif\nint8_t a[UNKNOWN] = {1, 2};');
    expect([...macros.notes]).toEqual(['f0.c, line 1: this condition is not understood and taken as false', expect.stringMatching(/^f0\.c, line 3: the size of an array is not understood/)]);
    expect(arrays[0]!.shape).toEqual([2]);
  });

  it.each<[string, string, string]>([
    ['a name without a value', 'int8_t a[] = {TAPS}; int8_t b[] = {1};', 'a: this name has no value here, found TAPS'],
    ['a macro with arguments', '#define Q(x) ((x) * 2)\nint8_t a[] = {Q(1)}; int8_t b[] = {1};', 'a: macros with arguments are not put in, found Q'],
    ['too many elements', 'int8_t a[2] = {1, 2, 3}; int8_t b[] = {1};', 'a: more elements than the array has, found 3'],
    ['too many in a row', 'int8_t a[2][2] = {{1, 2, 3}}; int8_t b[] = {1};', 'a: more elements than the array has, found 3'],
    ['braces inside a row', 'int8_t a[2][2] = {1, {2, 3}}; int8_t b[] = {1};', 'a: these braces begin inside a row, found {'],
    ['braces that are too deep', 'int8_t a[2] = {{{1}}}; int8_t b[] = {1};', 'a: braces are nested deeper than the array, found 3 levels'],
    ['designators', 'int8_t a[2] = {[1] = 1}; int8_t b[] = {1};', 'a: designators are not read, found ['],
    ['an element outside its type', 'int8_t a[] = {128}; int8_t b[] = {1};', 'a: an element outside its type, found 128'],
    ['a pattern wider than its type', 'int8_t a[] = {0x180}; int8_t b[] = {1};', 'a: an element outside its type, found 384'],
    ['an unsigned minus', 'int64_t a[] = {-1U}; int8_t b[] = {1};', 'a: an element outside its type, found -1'],
    ['a real in an array of integers', 'q15_t a[] = {0.5}; int8_t b[] = {1};', 'a: a real number in an array of integers, found a real number'],
    ['arithmetic with reals', 'float a[] = {0.5 * 2}; int8_t b[] = {1};', 'a: arithmetic with real numbers is not done, found a real number'],
    ['a division by zero', 'int8_t a[] = {1 / 0}; int8_t b[] = {1};', 'a: a division by zero, found 1'],
    ['a shift too far', 'int8_t a[] = {1 << 64}; int8_t b[] = {1};', 'a: a shift that cannot be, found 64'],
    ['nothing', 'int8_t a[] = {}; int8_t b[] = {1};', 'a: this array is empty, found {}'],
    ['a size that cannot be', 'int8_t a[1 - 1] = {1}; int8_t b[] = {1};', 'a: an array of this size cannot be, found 0'],
    ['a string that is not closed', 'int8_t a[] = {1,\n"b\n}; int8_t b[] = {1};', 'a: this text is not closed, found "b'],
    ['an unknown type', 'struct_t a[] = {{1}, {2}}; int8_t b[] = {1};', 'a: elements of a are of a type this does not know, found struct_t'],
  ])('an array with %s keeps no other from being read', (_, source, problem) => expect(read(source)).toEqual([expect.stringContaining(problem.replace(/^a: elements/, 'elements')), 'b 1 ?: 1']));

  it('reads what a compiler stores', (context) => {
    needCompiler(context, 'gcc');
    const source = `#include <stdint.h>
#define N 3
#define TWICE (N * 2)
#define MINUS -N
typedef int16_t q15_t;
#if TWICE == 6 && defined N && !(N & 4)
const q15_t a[TWICE] = { MINUS, - MINUS, ~MINUS, (q15_t)0xFFFE, N - MINUS, 1 == 1 ? 1 : 2 };
#endif
const q15_t b[N] = { (int8_t)0x80, (uint8_t)-1, 010 };
const int8_t c[2][3][2] = { { {1}, {2, 3} }, { 4, 5, {6, 7} } };
const int8_t d[][2] = { {1, 2}, 3, 4, {5} };
const uint32_t e[] = { 0xFFFFFFFF, 1u << 31, 7 / 2 * 2 % 4, (1 | 6) ^ 2, 5 > 3 && 0, -7 / 2 + 8, 1 ? 2 : 1 ? 3 : 4 };
const int64_t f[5] = { INT64_MIN, INT64_C(-5), INT32_MIN, (int64_t)UINT32_MAX };
const int16_t g[] = { INT16_MIN, (-7) >> 1, -7 % 3, !5, !0 + 1 };
`;
    const { arrays } = readAll(source);
    const printed = arrays.map(({ name, shape }) => `    for (i = 0; i < ${shape.reduce((a, b) => a * b, 1)}; i++) printf("%lld ", (long long)((${name}_type *)${name})[i]);\n    printf("\\n");`);
    const types: Record<string, string> = { a: 'q15_t', b: 'q15_t', c: 'int8_t', d: 'int8_t', e: 'uint32_t', f: 'int64_t', g: 'int16_t' };
    const workshop = new Workshop();
    try {
      workshop.write({ 'main.c': `#include <stdio.h>\n${source}\n${Object.entries(types).map(([name, type]) => `typedef const ${type} ${name}_type;`).join('\n')}\nint main(void) {\n    unsigned i;\n${printed.join('\n')}\n    return 0;\n}\n` });
      expect(workshop.compile('gcc', ['-std=c99', '-Wno-missing-braces', '-Wno-missing-field-initializers', '-Wno-conversion', '-Wno-overflow', '-Wno-parentheses', '-Wno-error'], ['main.c'], 'main')).not.toMatch(/error/);
      const compiled = workshop.run('main').trimEnd().split('\n').map((line) => line.trim());
      expect(arrays.map(({ name, numbers, problem }) => `${name}: ${problem ? problem.message : numbers.values.map(String).join(' ')}`)).toEqual(Object.keys(types).map((name, index) => `${name}: ${compiled[index]}`));
    } finally {
      workshop.close();
    }
  });
});

describe('text that is no C', () => {
  it.each<[string, string, RegExp]>([
    ['a comment that is not closed', 'int a; /* b', /line 1: this comment is not closed/],
    ['a string that is not closed', 'const char a[] = "b;\n', /line 1: this text is not closed\n {2}found {5}"b;/],
    ['a character that is not closed', "char c = 'b;\n", /line 1: this text is not closed/],
    ['braces that are not closed', 'int8_t a[] = {1, 2', /unexpected text\n {2}found {5}the end of the text/],
    ['a brace too many', '}', /unexpected text\n {2}found {5}\}/],
    ['a linkage that is not closed', 'extern "C" {', /expected {2}\}/],
    ['a declaration that is not closed', 'const int8_t a', /expected {2};/],
    ['a condition that is not closed', '#if 1\n#if 0\n#endif\n', /line 1: this condition is not closed/],
    ['a skipped condition that is not closed', '#if 0\nint8_t a[] = {1};', /line 1: this condition is not closed/],
    ['an #endif of nothing', '#endif', /a condition that does not begin/],
    ['an #else behind an #else', '#if 1\n#else\n#else\n#endif', /a condition that does not begin/],
    ['a macro without a name', '#define 5', /this macro has no name/],
  ])('%s', async (_, source, message) => expect(await failure('unreadable', () => read(source))).toMatch(message));
});
