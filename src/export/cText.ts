/** Text from users on its way into C source: identifiers and comments that cannot be broken out of. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A file of this name in an include path would be taken for the standard header. ISO C11 §7.1.2. */
const STANDARD_HEADERS = [
  'assert', 'complex', 'ctype', 'errno', 'fenv', 'float', 'inttypes', 'iso646', 'limits', 'locale', 'math', 'setjmp', 'signal', 'stdalign', 'stdarg',
  'stdatomic', 'stdbool', 'stddef', 'stdint', 'stdio', 'stdlib', 'stdnoreturn', 'string', 'tgmath', 'threads', 'time', 'uchar', 'wchar', 'wctype',
];
/** Names of devices on Windows, whatever the extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/**
 * The prefix of every identifier, and the stem of the file names: lower case, dots and dashes become `_`, `q_` before a digit.
 * Free of double and trailing underscores, so that no identifier made from it is reserved in C or C++.
 *
 * @throws QrailsError `usage` for a name that is not letters, digits, `.`, `_` and `-`, or whose header would hide a standard one
 * @example identifierOf('000c.gain-drift') // 'q_000c_gain_drift'
 */
export function identifierOf(name: string): string {
  const word = NAME.test(name) ? name.toLowerCase().replace(/[._-]+/g, '_').replace(/_$/, '') : '';
  if (word === '') {
    throw new QrailsError({
      code: 'usage', where: 'name', message: 'cannot be part of a C identifier', found: printable(JSON.stringify(name)),
      expected: '1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit', try: 'another name',
    });
  }
  if (STANDARD_HEADERS.includes(word) || DEVICE.test(word)) {
    throw new QrailsError({
      code: 'usage', where: 'name', message: `${word}.h is a name with a meaning of its own`, found: name, expected: 'not that of a standard header or a device', try: `${word}_model`,
    });
  }
  return /^[0-9]/.test(word) ? `q_${word}` : word;
}

/** `gradientAccumulator` is `GRADIENT_ACCUMULATOR`, `layer0.weight` is `LAYER0_WEIGHT`. */
export function macroWord(text: string): string {
  return text.replace(/([a-z0-9])(?=[A-Z])/g, '$1_').replace(/[^A-Za-z0-9]+/g, '_').toUpperCase();
}

const LONGEST_COMMENT = 200;

/**
 * Text as it may stand in a C comment: one line of printable ASCII, at most 200 characters of the original. White space becomes one space; a
 * backslash and anything that is not ASCII is written as its code point; comment marks and trigraphs are pulled apart.
 *
 * @example commentText('a *\/ b\nγ') // 'a * / b <U+03B3>'
 */
export function commentText(text: string): string {
  const all = [...text];
  const cut = all.length > LONGEST_COMMENT ? `${all.slice(0, LONGEST_COMMENT).join('')}...` : text;
  return cut
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[^ -[\]-~]/gu, (character) => `<U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}>`)
    .replace(/\*(?=\/)|\/(?=\*)|\/(?=\/)|\?(?=\?)/g, '$& ');
}
