/**
 * Arrays of numbers in C and C++ sources. Everything else (functions, structs, pointers) is passed over by its brackets. An array that cannot be read
 * does not keep others from being read: it carries its problem.
 */
import { QrailsError } from '../errors.js';
import type { NumberArray } from './array.js';
import { Expander } from './cExpand.js';
import { readExpression } from './cExpression.js';
import { readInitialiser } from './cInitialiser.js';
import { Preprocessor, type Macros } from './cMacros.js';
import { BASIC_WORDS, basicType, namedType, type CType } from './cTypes.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
/** Elements of these are no numbers, or no numbers alone. */
const COMPOUND = new Set(['struct', 'union', 'enum', 'class']);

/**
 * Reads the definitions of arrays. `macros` is shared by files read one after the other, headers first.
 *
 * @returns arrays in order, formats by type only: `describeArray` adds what macros say
 * @throws QrailsError `unreadable` for text that is no C as far as brackets, quotes, comments and conditions go; `data` for too many numbers
 */
export function readC(source: string, file: string, macros: Macros): NumberArray[] {
  return new Declarations(source, file, macros).read();
}

/** What the words before a declarator say. */
interface Specifiers {
  words: string[];
  compound: boolean;
  pointer: boolean;
  /** Its braces hold declarations. */
  namespace: boolean;
}

class Declarations {
  private readonly stream: Expander;
  private readonly arrays: NumberArray[] = [];
  private numbers = 0;
  /** Braces of `extern "C"` and namespaces that are open. */
  private linkage = 0;

  constructor(source: string, private readonly file: string, private readonly macros: Macros) {
    const preprocessor = new Preprocessor(source, file, macros);
    this.stream = new Expander(preprocessor.next, macros, preprocessor.where);
  }

  read(): NumberArray[] {
    while (this.stream.peek() !== undefined) this.declaration();
    if (this.linkage > 0) throw this.stream.unexpected('}');
    return this.arrays;
  }

  private declaration(): void {
    const { stream } = this;
    const said: Specifiers = { words: [], compound: false, pointer: false, namespace: false };
    for (;;) {
      const token = stream.peek();
      if (token === undefined) throw stream.unexpected(';');
      if (token.kind === 'word') {
        if (token.text === 'typedef') return this.typedef();
        stream.take();
        if (COMPOUND.has(token.text)) said.compound = true;
        if (token.text === 'namespace') said.namespace = true;
        said.words.push(token.text);
        if (said.words.length > IMPORT_LIMITS.depth) said.words.shift(); // no declaration needs so many
        continue;
      }
      switch (token.kind === 'mark' ? token.text : '') {
        case ';':
          stream.take();
          return;
        case '}':
          if (this.linkage === 0) throw stream.unexpected('a declaration');
          stream.take();
          this.linkage--;
          return;
        case '{':
          if (said.namespace) {
            stream.take();
            this.linkage++;
            return;
          }
          this.skipBrackets();
          if (!said.compound) return; // the body of a function
          break;
        case '(':
          this.skipBrackets();
          said.words.pop(); // a function, or an attribute
          break;
        case '[':
          this.array(said);
          break;
        case '=':
          this.skipInitialiser();
          break;
        case ',':
          stream.take();
          said.words.pop();
          said.pointer = false;
          break;
        case '*':
        case '&':
          stream.take();
          said.pointer = true;
          break;
        default:
          stream.take();
          if (token.kind === 'text' && said.words.at(-1) === 'extern' && stream.accept('{')) {
            this.linkage++;
            return;
          }
      }
    }
  }

  /** `typedef int16_t weight_t;` makes a name; any other is passed over. */
  private typedef(): void {
    const words: string[] = [];
    for (let simple = true; ;) {
      const token = this.stream.peek();
      if (token === undefined) throw this.stream.unexpected(';');
      if (CLOSING[token.text] !== undefined && token.kind === 'mark') {
        this.skipBrackets();
        simple = false;
        continue;
      }
      this.stream.take();
      if (token.text === ';') {
        const name = words.pop();
        const type = simple && name !== undefined ? this.typeOf(words) : undefined;
        if (type) this.macros.types.set(name!, type);
        return;
      }
      if (token.kind === 'word' && words.length < IMPORT_LIMITS.depth) words.push(token.text);
      else simple = false;
    }
  }

  private typeOf(words: readonly string[]): CType | undefined {
    for (const word of words) {
      const type = namedType(word) ?? this.macros.types.get(word);
      if (type) return type;
    }
    return basicType(words.filter((word) => BASIC_WORDS.has(word)));
  }

  /** From the first bracket of a declarator, or of an attribute `[[…]]`, to behind its initialiser. */
  private array({ words, compound, pointer }: Specifiers): void {
    const { stream } = this;
    const name = words.at(-1);
    const sizes: (number | undefined)[] = [];
    while (stream.peek()?.text === '[') {
      stream.take();
      if (stream.peek()?.text === '[') {
        this.skipBrackets();
        stream.expect(']');
      } else sizes.push(this.dimension());
    }
    if (sizes.length === 0 || name === undefined) return;
    while (stream.peek()?.kind === 'word' || stream.peek()?.text === '(') {
      if (stream.peek()!.kind === 'word') stream.take();
      else this.skipBrackets();
    }
    const defined = stream.accept('=') || stream.peek()?.text === '{';
    if (!defined) return; // declared elsewhere
    if (stream.peek()?.text !== '{' || pointer || compound) return this.skipInitialiser();
    this.add(name, this.typeOf(words.slice(0, -1)), words, sizes);
  }

  private add(name: string, type: CType | undefined, words: readonly string[], sizes: readonly (number | undefined)[]): void {
    const where = this.stream.where();
    if (this.arrays.length === IMPORT_LIMITS.arrays) throw refusal('data', where, 'too many arrays', name, `at most ${IMPORT_LIMITS.arrays}`);
    const unread = (problem: QrailsError): NumberArray => ({ name, file: this.file, shape: [0], numbers: { kind: 'raw', values: [] }, problem });
    if (type === undefined) {
      this.skipBrackets();
      const found = words.slice(0, -1).join(' ');
      this.arrays.push(unread(refusal('data', where, `elements of ${name} are of a type this does not know`, found, 'int16_t, q15_t, float …')));
      return;
    }
    const { braces } = this.stream;
    try {
      const { numbers, shape } = readInitialiser(this.stream, type, sizes, this.numbers);
      this.numbers += numbers.values.length;
      const declared = type.kind === 'integer' ? { signed: type.signed, wordLength: type.bits } : undefined;
      this.arrays.push({ name, file: this.file, shape, numbers, format: type.format, type: declared });
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
      this.leaveInitialiser(braces);
      this.arrays.push(unread(new QrailsError({ ...error.parts, message: `${name}: ${error.parts.message}` })));
    }
  }

  /** What stands between two brackets: undefined where nothing does, or nothing that has a value. */
  private dimension(): number | undefined {
    const { stream } = this;
    if (stream.accept(']')) return undefined;
    let size: number | undefined;
    try {
      const value = readExpression(stream);
      if (value.kind === 'integer') size = Number(value.value);
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
      this.macros.note(`${stream.where()}: the size of an array is not understood and taken from its elements`);
      for (let token; (token = stream.peek()) !== undefined && token.text !== ']' && token.text !== ';';) stream.take();
    }
    stream.expect(']');
    return size;
  }

  /** Goes behind an initialiser that could not be read, which began at so many open braces. */
  private leaveInitialiser(braces: number): void {
    if (this.stream.braces === braces && this.stream.peek()?.text === '{') return this.skipBrackets();
    this.stream.expanding = false;
    while (this.stream.braces > braces) if (this.stream.take() === undefined) throw this.stream.unexpected('}');
    this.stream.expanding = true;
  }

  /** Goes to the comma or semicolon behind an initialiser. */
  private skipInitialiser(): void {
    for (;;) {
      const token = this.stream.peek();
      if (token === undefined) throw this.stream.unexpected(';');
      if (token.kind !== 'mark') this.stream.take();
      else if (token.text === ',' || token.text === ';') return;
      else if (CLOSING[token.text] !== undefined) this.skipBrackets();
      else this.stream.take();
    }
  }

  /** Goes from an opening bracket behind the one that closes it. */
  private skipBrackets(): void {
    const open = this.stream.take()!.text;
    const close = CLOSING[open]!;
    this.stream.expanding = false;
    for (let depth = 1; depth > 0;) {
      const token = this.stream.take();
      if (token === undefined) throw this.stream.unexpected(close);
      if (token.kind !== 'mark') continue;
      if (token.text === open) depth++;
      else if (token.text === close) depth--;
    }
    this.stream.expanding = true;
  }
}
