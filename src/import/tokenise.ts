/** Splits C into tokens, one at a time: linear in the text, nothing kept. Comments are white space. */
import type { QrailsError } from '../errors.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';

export interface Token {
  /** `open`: a quote that is not closed on its line, and what follows it there. An error, but for text that is left out: there compilers pass over it. */
  readonly kind: 'word' | 'number' | 'text' | 'mark' | 'open';
  readonly text: string;
  /** Whether it is the first of its line: a `#` there begins a directive. */
  readonly first: boolean;
}

/**
 * Words; preprocessing numbers, which are more than the numbers there are (ISO C11 §6.4.8); marks. Long words are cut, and refused: a loop over two
 * alternatives is bounded because the engine remembers every turn of it.
 */
const TOKEN = /([A-Za-z_$][A-Za-z0-9_$]{0,1000})|(\.?[0-9](?:[eEpP][+-]|[A-Za-z0-9_.']){0,1000})|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||->|[^]/y;

export class Tokeniser {
  private at = 0;
  /** From 1. */
  line = 1;
  private first = true;

  constructor(private readonly source: string, readonly file: string) {}

  readonly where = (): string => `${this.file}, line ${this.line}`;

  /**
   * The next token; undefined at the end of the text, or with `sameLine` where the next one begins a line.
   *
   * @throws QrailsError `unreadable` for a comment that is not closed and a word of more than 1000 characters
   */
  next(sameLine = false): Token | undefined {
    this.space();
    if (this.at >= this.source.length || (sameLine && this.first)) return undefined;
    const { first } = this;
    this.first = false;
    const quote = this.source[this.at]!;
    if (quote === '"' || quote === "'") return this.quoted(quote, first);
    TOKEN.lastIndex = this.at;
    const [text, word, number] = TOKEN.exec(this.source)!;
    if (text.length > IMPORT_LIMITS.word) throw this.bad('this word is too long', text, `at most ${IMPORT_LIMITS.word} characters`);
    return { kind: word !== undefined ? 'word' : number !== undefined ? 'number' : 'mark', text: this.until(this.at + text.length), first };
  }

  /** What is left of the line, as it is written. */
  restOfLine(): string {
    this.space();
    const start = this.at;
    let end = start;
    while (this.next(true)) end = this.at;
    return this.source.slice(start, end);
  }

  /** Whether the next character is this one, without white space before it. */
  follows = (character: string): boolean => this.source[this.at] === character;

  private until(end: number): string {
    const start = this.at;
    this.at = end;
    return this.source.slice(start, end);
  }

  private quoted(quote: string, first: boolean): Token {
    let end = this.at + 1;
    for (let code; (code = this.source[end]) !== undefined && code !== '\n' && code !== quote; end++) if (code === '\\' && this.source[end + 1] !== '\n') end++;
    const closed = this.source[end] === quote;
    return { kind: closed ? 'text' : 'open', text: this.until(closed ? end + 1 : end), first };
  }

  private space(): void {
    const { source } = this;
    for (;; this.at++) {
      const code = source[this.at];
      if (code === '\n') {
        this.line++;
        this.first = true;
      } else if (code === '\\' && (source[this.at + 1] === '\n' || source.startsWith('\r\n', this.at + 1))) {
        // A line end behind a backslash is none.
        this.at = source.indexOf('\n', this.at);
        this.line++;
      } else if (code === '/' && (source[this.at + 1] === '/' || source[this.at + 1] === '*')) this.comment();
      else if (code !== ' ' && code !== '\t' && code !== '\r' && code !== '\f' && code !== '\v') return;
    }
  }

  /** Goes to the last character of a comment. */
  private comment(): void {
    const { source, at } = this;
    if (source[at + 1] === '/') {
      let end = source.indexOf('\n', at);
      for (; end !== -1 && /\\\r?$/.test(source.slice(end - 2, end)); end = source.indexOf('\n', end + 1)) this.line++;
      this.at = (end === -1 ? source.length : end) - 1;
      return;
    }
    const end = source.indexOf('*/', at + 2);
    if (end === -1) throw this.bad('this comment is not closed', '/*', '*/');
    for (this.at += 2; this.at < end; this.at++) if (source[this.at] === '\n') this.line++;
    this.at = end + 1;
  }

  private bad(message: string, found: string, expected: string): QrailsError {
    return refusal('unreadable', this.where(), message, found, expected);
  }
}
