/**
 * Formats, exact numbers and the exact quantiser, by themselves: `qrails/format`. Nothing here needs Node, so that it runs in a browser as it is.
 *
 * @example
 * import { parseFormat, parseReal, quantise, siteFormat } from 'qrails/format';
 * quantise(parseReal('1/3'), siteFormat({ ...parseFormat('sfix12_En8'), rounding: 'RND', overflow: 'SAT' })).raw; // 85n
 */
export { resolveOverflow, resolveRounding, VOCABULARIES, type Vocabulary } from './aliases.js';
export { rawText, realText } from './decimal.js';
export { explainFormat } from './explain.js';
export { apName, formatName, rawRange, rawToReal, type Format } from './format.js';
export { OVERFLOW, OVERFLOWS, ROUNDING, ROUNDINGS, type Overflow, type Rounding } from './modes.js';
export { NOTATION_NAMES, NOTATIONS, Q_READINGS, type Notation } from './notations.js';
export { quantise, siteFormat, type Counters, type FirstOverflow, type Quantised } from './quantise.js';
export { fromDouble, parseReal, toDouble, type Rational } from './real.js';
export { parseFormat, printFormat, type FormatTextOptions, type NotationName, type QReading, type TextFormat } from './text.js';
