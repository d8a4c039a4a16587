/** Puts object-like macros in where they stand, as in C, under a limit on all that comes out of them. */
import type { QrailsError } from '../errors.js';
import type { Macros } from './cMacros.js';
import { IMPORT_LIMITS } from './limits.js';
import { refusal } from './refusal.js';
import { Tokeniser, type Token } from './tokenise.js';

/** A macro being put in: it is not put in again inside itself. ISO C11 §6.10.3.4. */
interface Frame {
  readonly name: string;
  readonly tokens: Tokeniser;
}

/** Tokens with macros put in, and one of look-ahead. */
export class Expander {
  private readonly frames: Frame[] = [];
  private ahead: Token | undefined;
  private full = false;
  /** Braces that were taken and are open. */
  braces = 0;
  /** Off while text is read that macros do not concern. */
  expanding = true;

  /**
   * @param source the next token of the text
   * @param where the place in it, for messages
   */
  constructor(private readonly source: () => Token | undefined, readonly macros: Macros, readonly where: () => string) {}

  peek(): Token | undefined {
    if (!this.full) {
      this.ahead = this.read();
      this.full = true;
    }
    return this.ahead;
  }

  take(): Token | undefined {
    const token = this.peek();
    this.full = false;
    if (token?.kind === 'mark') this.braces += token.text === '{' ? 1 : token.text === '}' ? -1 : 0;
    return token;
  }

  /** Takes the next token if it is this one. */
  accept(text: string): boolean {
    const token = this.peek();
    if (token === undefined || token.kind === 'text' || token.text !== text) return false;
    this.take();
    return true;
  }

  /** Takes the next token, which must be this one. */
  expect(text: string): void {
    if (!this.accept(text)) throw this.unexpected(text);
  }

  unexpected(expected: string): QrailsError {
    return this.bad('unexpected text', this.peek()?.text ?? 'the end of the text', expected);
  }

  bad(message: string, found: string, expected: string): QrailsError {
    return refusal('unreadable', this.where(), message, found, expected);
  }

  private read(): Token | undefined {
    for (;;) {
      const token = this.fromMacro() ?? this.source();
      if (token === undefined) return undefined;
      if (token.kind !== 'word' || !this.expanding || !this.macros.bodies.has(token.text) || this.frames.some(({ name }) => name === token.text)) return token;
      const body = this.macros.use(token.text, this.where);
      if (body === undefined) return token;
      if (this.frames.length === IMPORT_LIMITS.depth) throw this.bad('macros are nested too deep', token.text, `at most ${IMPORT_LIMITS.depth}`);
      this.frames.push({ name: token.text, tokens: new Tokeniser(body, token.text) });
    }
  }

  private fromMacro(): Token | undefined {
    for (let frame; (frame = this.frames.at(-1)) !== undefined; this.frames.pop()) {
      const token = frame.tokens.next();
      if (token !== undefined) return token;
    }
    return undefined;
  }
}
