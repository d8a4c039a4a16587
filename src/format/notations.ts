/** Every way a format is written, listed once: parser, printer, `qrails format` and docs/formats.md are made from this list. */
import { spelling, VOCABULARIES, type Vocabulary } from './aliases.js';
import { FORMAT_LIMITS, overflowProblem } from './check.js';
import { formatName, type Format } from './format.js';
import type { Overflow, Rounding } from './modes.js';
import type { Scanner } from './scanner.js';

/** A format as a text states it; modes where the notation has them. */
export interface TextFormat extends Format {
  readonly rounding?: Rounding;
  readonly overflow?: Overflow;
  /** n of WRAP and WRAP_SM, above 0. */
  readonly saturatedBits?: number;
}

export interface Notation {
  readonly about: string;
  readonly form: string;
  /** Names of modes, where it can state any. */
  readonly modes?: keyof typeof VOCABULARIES;
  /** How it begins. */
  readonly head: RegExp;
  /** Reads the rest, behind the head. */
  readonly read: (scanner: Scanner, head: string) => TextFormat;
  /** The format in this notation; undefined where it has no way to say it. Modes are left out where the notation has none. */
  readonly print: (format: TextFormat) => string | undefined;
}

/** Who counts the sign of Qm.n in m. */
export const Q_READINGS = {
  arm: { signBits: 0, about: 'Arm: m counts the sign, W = m + n' },
  ti: { signBits: 1, about: 'TI: m does not count the sign, W = m + n + 1' },
} as const;
export type QReading = keyof typeof Q_READINGS;

const { wordLength: W, fractionLength: F } = FORMAT_LIMITS;
const BOOLEANS = { true: true, false: false, 1: true, 0: false } as const;

const wordLength = (scanner: Scanner): number => scanner.integer('the word length', W.minimum, W.maximum);

/** C++ types `name<W,I,…>`: I integer bits, the sign included, then modes. */
function template(type: string, modes: 'ap' | 'ac' | 'sc', about: string): Notation {
  const vocabulary: Vocabulary & Required<Pick<Vocabulary, 'defaults'>> = VOCABULARIES[modes];
  const signArgument = modes === 'ac';
  const saturatedBits = modes !== 'ac';
  const { defaults } = vocabulary;
  return {
    about,
    form: `${type}<W,I${signArgument ? ',S' : ''}[,Q[,O${saturatedBits ? '[,N]' : ''}]]>`,
    modes,
    head: signArgument ? new RegExp(`${type}(?!\\w)`, 'y') : new RegExp(`${type.replace('fixed', 'u?fixed')}(?!\\w)`, 'y'),
    read(scanner, head) {
      scanner.expect('<');
      const word = wordLength(scanner);
      scanner.expect(',');
      const integerBits = scanner.integer('the number of integer bits', word - F.maximum, word - F.minimum);
      if (signArgument) scanner.expect(',');
      const signed = signArgument ? scanner.word('sign', BOOLEANS) : !head.includes('_u');
      const rounding = scanner.mark(',') ? scanner.word('rounding mode', vocabulary.rounding) : undefined;
      const overflowAt = scanner.skip();
      const overflow = (rounding !== undefined && scanner.mark(',') ? scanner.word('overflow mode', vocabulary.overflow) : undefined);
      const n = overflow !== undefined && saturatedBits && scanner.mark(',') ? scanner.integer('the number of saturated bits', 0, word) : 0;
      const problem = overflowProblem({ signed, wordLength: word }, overflow ?? defaults.overflow, n);
      if (problem) scanner.fail(problem.message, problem.expected, { at: overflowAt + 1, found: problem.found });
      scanner.expect('>');
      return {
        signed, wordLength: word, fractionLength: word - integerBits, rounding: rounding ?? defaults.rounding, overflow: overflow ?? defaults.overflow,
        ...(n > 0 && { saturatedBits: n }),
      };
    },
    print({ signed, wordLength, fractionLength, rounding = defaults.rounding, overflow = defaults.overflow, saturatedBits: n = 0 }) {
      const roundingName = spelling(vocabulary.rounding, rounding);
      const overflowName = spelling(vocabulary.overflow, overflow);
      if (roundingName === undefined || overflowName === undefined || (n > 0 && !saturatedBits)) return undefined;
      const stated = n > 0 ? [roundingName, overflowName, n] : overflow !== defaults.overflow ? [roundingName, overflowName] : rounding !== defaults.rounding ? [roundingName] : [];
      const parts = [wordLength, wordLength - fractionLength, ...(signArgument ? [signed] : []), ...stated];
      return `${signed || signArgument ? type : type.replace('fixed', 'ufixed')}<${parts.join(',')}>`;
    },
  };
}

/** `name(s,W,F)` of MATLAB. */
function call(name: string, about: string): Notation {
  return {
    about,
    form: `${name}(s,W,F)`,
    head: new RegExp(`${name}(?!\\w)`, 'y'),
    read(scanner) {
      scanner.expect('(');
      const signed = scanner.word('sign', BOOLEANS);
      scanner.expect(',');
      const word = wordLength(scanner);
      scanner.expect(',');
      const fractionLength = scanner.integer('the fraction length', F.minimum, F.maximum);
      scanner.expect(')');
      return { signed, wordLength: word, fractionLength };
    },
    print: ({ signed, wordLength, fractionLength }) => `${name}(${signed ? 1 : 0},${wordLength},${fractionLength})`,
  };
}

const fix: Notation = {
  about: 'MATLAB and Simulink names: _EnF has F fraction bits, _EF is scaled by 2^F',
  form: 'sfixW[_EnF|_EF]',
  head: /[su]fix(?=\d)/y,
  read(scanner, head) {
    const word = wordLength(scanner);
    const scaling = scanner.take(/_En?/y)?.[0];
    const fractionLength =
      scaling === undefined ? 0
      : scaling === '_En' ? scanner.integer('the fraction length', F.minimum, F.maximum)
      : -scanner.integer('the scaling exponent', -F.maximum, -F.minimum);
    return { signed: head.startsWith('s'), wordLength: word, fractionLength: fractionLength + 0 }; // never −0
  },
  print: formatName,
};

/** Qm.n in one of its readings. The two agree on UQm.n. */
function q(reading: QReading): Notation {
  return {
    about: Q_READINGS[reading].about,
    form: `${reading}:[U]Qm.n`,
    head: new RegExp(`${reading}:U?Q`, 'y'),
    read: (scanner, head) => qFormat(scanner, readMN(scanner), !head.includes('U'), reading),
    print({ signed, wordLength, fractionLength }) {
      const m = wordLength - fractionLength - (signed ? Q_READINGS[reading].signBits : 0);
      return m < 0 || fractionLength < 0 ? undefined : `${reading}:${signed ? '' : 'U'}Q${m}.${fractionLength}`;
    },
  };
}

/** The numbers of a Qm.n, and where they stand. */
export interface MN {
  readonly m: number;
  readonly n: number;
  readonly at: number;
}

/** Reads `m.n`. */
export function readMN(scanner: Scanner): MN {
  const at = scanner.skip();
  const m = scanner.integer('m', 0, W.maximum);
  if (!scanner.mark('.')) scanner.fail('only one of m and n is stated', 'both: 16 bits with 15 of fraction are arm:Q1.15 or ti:Q0.15', { at, found: String(m) });
  return { m, n: scanner.integer('n', 0, W.maximum), at };
}

/** Word length of a Qm.n. */
export const qWordLength = ({ m, n }: MN, signed: boolean, reading: QReading): number => m + n + (signed ? Q_READINGS[reading].signBits : 0);

export function qFormat(scanner: Scanner, mn: MN, signed: boolean, reading: QReading): TextFormat {
  const word = qWordLength(mn, signed, reading);
  if (word < W.minimum || word > W.maximum) scanner.fail('a word length that cannot be', `${W.minimum} to ${W.maximum} bits`, { at: mn.at, found: `${word} bits` });
  return { signed, wordLength: word, fractionLength: mn.n };
}

export const NOTATIONS = {
  sfix: fix,
  ap_fixed: template('ap_fixed', 'ap', 'Vitis HLS; unsigned ap_ufixed'),
  ac_fixed: template('ac_fixed', 'ac', 'Algorithmic C; S is true for signed'),
  sc_fixed: template('sc_fixed', 'sc', 'SystemC, IEEE 1666; unsigned sc_ufixed'),
  fi: call('fi', 'MATLAB, without the value'),
  numerictype: call('numerictype', 'MATLAB'),
  'arm:Q': q('arm'),
  'ti:Q': q('ti'),
} as const satisfies Record<string, Notation>;

export type NotationName = keyof typeof NOTATIONS;
export const NOTATION_NAMES = Object.keys(NOTATIONS) as NotationName[];
