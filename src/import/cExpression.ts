/**
 * Constant expressions of C: integers of any width with every operator, and real literals with a sign. What C would wrap or round on the way is refused
 * instead, so that a value is either what a compiler would make of it or an error.
 */
import { QrailsError } from '../errors.js';
import type { Rational } from '../format/real.js';
import { BASIC_WORDS, basicType, namedType, type CType } from './cTypes.js';
import { Expander } from './cExpand.js';
import type { Macros } from './cMacros.js';
import { IMPORT_LIMITS } from './limits.js';
import { boundedReal } from './text.js';
import { Tokeniser, type Token } from './tokenise.js';

export type Value =
  /** `pattern`: written in hexadecimal, octal or binary, or cast: it may stand for the negative number of the same bits. */
  | { readonly kind: 'integer'; readonly value: bigint; readonly pattern: boolean; readonly unsigned: boolean }
  | { readonly kind: 'real'; readonly value: Rational };
type Integer = Extract<Value, { kind: 'integer' }>;

const INTEGER = /^(?:(0[xX][0-9a-fA-F]+)|(0[bB][01]+)|(0[0-7]*)|([1-9][0-9]*))([uUlLzZ]{0,3})$/;
const FLOAT = /^(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/;
const FLOAT_SUFFIX = /^(?:[fFlL]|[fF](?:16|32|64))?$/;
/** `INT16_MIN`, `UINT8_MAX`; `INT64_C(5)`. */
const LIMIT = /^(U?)INT(8|16|32|64)_(MIN|MAX)$/;
const CONSTANT = /^(U?)INT(?:8|16|32|64|MAX)_C$/;

type Operator = (a: bigint, b: bigint) => bigint | boolean;
/** Binary operators from loosest to tightest. */
const LEVELS: readonly (readonly (readonly [string, Operator])[])[] = [
  [['||', (a, b) => a !== 0n || b !== 0n]],
  [['&&', (a, b) => a !== 0n && b !== 0n]],
  [['|', (a, b) => a | b]],
  [['^', (a, b) => a ^ b]],
  [['&', (a, b) => a & b]],
  [['==', (a, b) => a === b], ['!=', (a, b) => a !== b]],
  [['<', (a, b) => a < b], ['>', (a, b) => a > b], ['<=', (a, b) => a <= b], ['>=', (a, b) => a >= b]],
  [['<<', (a, b) => a << b], ['>>', (a, b) => a >> b]],
  [['+', (a, b) => a + b], ['-', (a, b) => a - b]],
  [['*', (a, b) => a * b], ['/', (a, b) => a / b], ['%', (a, b) => a % b]],
];
const UNARY = ['-', '+', '~', '!'] as const;

const plain = (value: bigint, pattern = false, unsigned = false): Integer => ({ kind: 'integer', value, pattern, unsigned });
const truth = (value: boolean): Integer => plain(value ? 1n : 0n);

/**
 * Reads an expression up to what does not belong to it.
 *
 * @throws QrailsError for anything that is no constant this reads, or too deep
 */
export function readExpression(stream: Expander, inCondition = false): Value {
  return new Reader(stream, inCondition).conditional();
}

/** The value of a macro that is an integer; undefined where it is none. @throws QrailsError as `Macros.use` */
export function macroValue(name: string, macros: Macros): bigint | undefined {
  return integerOf(macros.use(name, () => name) ?? '', macros, name, false);
}

/** What an `#if` says; undefined where it cannot be told. */
export function conditionOf(text: string, macros: Macros, where: string): boolean | undefined {
  const value = integerOf(text, macros, where, true);
  return value === undefined ? undefined : value !== 0n;
}

function integerOf(text: string, macros: Macros, where: string, inCondition: boolean): bigint | undefined {
  const tokens = new Tokeniser(text, where);
  const stream = new Expander(() => tokens.next(), macros, () => where);
  try {
    const value = readExpression(stream, inCondition);
    return stream.peek() === undefined && value.kind === 'integer' ? value.value : undefined;
  } catch (error) {
    if (error instanceof QrailsError) return undefined;
    throw error;
  }
}

class Reader {
  private depth = 0;

  constructor(private readonly stream: Expander, private readonly inCondition: boolean) {}

  conditional(): Value {
    return this.nested(() => {
      const condition = this.binary(0);
      if (!this.stream.accept('?')) return condition;
      const [first, , second] = [this.conditional(), this.stream.expect(':'), this.conditional()];
      return this.integer(condition).value !== 0n ? first : second;
    });
  }

  private nested<T>(read: () => T): T {
    if (this.depth === IMPORT_LIMITS.depth) throw this.stream.bad('an expression is nested too deep', this.stream.peek()?.text ?? '', `at most ${IMPORT_LIMITS.depth} levels`);
    this.depth++;
    const value = read();
    this.depth--;
    return value;
  }

  private binary(level: number): Value {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    let left = this.binary(level + 1);
    for (let operator; (operator = operators.find(([text]) => this.stream.accept(text))) !== undefined;) {
      left = this.apply(operator, this.integer(left), this.integer(this.binary(level + 1)));
    }
    return left;
  }

  private unary(): Value {
    const operator = UNARY.find((text) => this.stream.accept(text));
    if (operator === undefined) return this.primary();
    const operand = this.nested(() => this.unary());
    if (operand.kind === 'real') {
      if (operator === '-') return { kind: 'real', value: { ...operand.value, numerator: -operand.value.numerator } };
      if (operator === '+') return operand;
      throw this.stream.bad('a real number where an integer is needed', operator, 'an integer');
    }
    const { value, pattern, unsigned } = operand;
    switch (operator) {
      case '-': return plain(-value, pattern, unsigned);
      case '+': return operand;
      case '~': return plain(~value, true, unsigned);
      case '!': return truth(value === 0n);
    }
  }

  private primary(): Value {
    if (this.stream.accept('(')) return this.parenthesis();
    const token = this.stream.peek();
    // What is no part of an expression stays where it is.
    if (token?.kind !== 'number' && token?.kind !== 'word') throw this.stream.unexpected('a number');
    this.stream.take();
    return token.kind === 'number' ? this.literal(token) : this.word(token.text);
  }

  /** A cast, or an expression in parentheses. */
  private parenthesis(): Value {
    const words: string[] = [];
    let cast: CType | undefined;
    for (let token; (token = this.stream.peek()) !== undefined && token.kind === 'word';) {
      const named = namedType(token.text) ?? this.stream.macros.types.get(token.text);
      if (named) cast = named;
      else if (BASIC_WORDS.has(token.text)) words.push(token.text);
      else if (token.text !== 'const') break;
      this.stream.take();
    }
    cast ??= basicType(words);
    if (cast === undefined) {
      const value = this.conditional();
      this.stream.expect(')');
      return value;
    }
    this.stream.expect(')');
    const operand = this.nested(() => this.unary());
    if (cast.kind === 'real') return operand;
    if (operand.kind === 'real') throw this.stream.bad('a real number cast to an integer', 'a cast', 'an integer');
    const { value } = operand;
    return plain(cast.signed ? BigInt.asIntN(cast.bits, value) : BigInt.asUintN(cast.bits, value), true);
  }

  private literal({ text: written }: Token): Value {
    const text = written.replaceAll("'", '');
    if (text.length > IMPORT_LIMITS.number) throw this.stream.bad('this number is too long', text, `at most ${IMPORT_LIMITS.number} characters`);
    const integer = INTEGER.exec(text);
    if (integer) {
      const [, hexadecimal, binary, octal, decimal, suffix] = integer;
      const value = BigInt(hexadecimal ?? binary ?? decimal ?? `0o${octal === '0' ? '0' : octal!.slice(1)}`);
      return this.bounded(plain(value, decimal === undefined && octal !== '0', /u/i.test(suffix!)));
    }
    const float = FLOAT.exec(text)?.[0];
    if (float === undefined || !FLOAT_SUFFIX.test(text.slice(float.length))) throw this.stream.bad('no number this reads', text, 'an integer or a decimal');
    return { kind: 'real', value: boundedReal(float, this.stream.where()) };
  }

  private word(text: string): Value {
    if (text === 'defined' && this.inCondition) return truth(this.defined());
    const limit = LIMIT.exec(text);
    if (limit) {
      const bits = BigInt(limit[2]!);
      if (limit[1] === 'U') return plain(limit[3] === 'MIN' ? 0n : (1n << bits) - 1n, false, true);
      return plain(limit[3] === 'MIN' ? -(1n << (bits - 1n)) : (1n << (bits - 1n)) - 1n);
    }
    const constant = CONSTANT.exec(text);
    if (constant) {
      this.stream.expect('(');
      const value = this.integer(this.conditional());
      this.stream.expect(')');
      return { ...value, unsigned: constant[1] === 'U' };
    }
    if (text === 'CHAR_BIT') return plain(8n);
    const { bodies } = this.stream.macros;
    if (bodies.has(text) && bodies.get(text) === undefined) throw this.stream.bad('macros with arguments are not put in', text, 'a number');
    // In a condition a word that is no macro is 0. ISO C11 §6.10.1.
    if (this.inCondition && this.stream.peek()?.text !== '(') return plain(0n);
    throw this.stream.bad('this name has no value here', text, 'a number, or a macro defined before: name the file that defines it first');
  }

  private defined(): boolean {
    this.stream.expanding = false;
    const parenthesis = this.stream.accept('(');
    const name = this.stream.take();
    if (parenthesis) this.stream.expect(')');
    this.stream.expanding = true;
    return this.stream.macros.bodies.has(name?.text ?? '');
  }

  private integer(value: Value): Integer {
    if (value.kind === 'integer') return value;
    throw this.stream.bad('arithmetic with real numbers is not done', 'a real number', 'the number itself');
  }

  private apply([text, operator]: readonly [string, Operator], a: Integer, b: Integer): Integer {
    if ((text === '<<' || text === '>>') && (b.value < 0n || b.value >= 64n)) throw this.stream.bad('a shift that cannot be', String(b.value), '0 to 63');
    if ((text === '/' || text === '%') && b.value === 0n) throw this.stream.bad('a division by zero', String(a.value), 'another divisor');
    const value = operator(a.value, b.value);
    return typeof value === 'boolean' ? truth(value) : this.bounded(plain(value, a.pattern || b.pattern, a.unsigned || b.unsigned));
  }

  private bounded(integer: Integer): Integer {
    if (BigInt.asIntN(IMPORT_LIMITS.bits, integer.value) === integer.value) return integer;
    throw this.stream.bad('this integer is too large', `${integer.value.toString(16).length * 4} bits`, `at most ${IMPORT_LIMITS.bits}`);
  }
}
