/**
 * JSON (RFC 8259) read as hostile input. JSON.parse keeps the last of two equal keys and gives no position for half of its errors,
 * so documents are read by this parser: it says line and column, and refuses what would be read differently elsewhere.
 */
import { QrailsError } from '../errors.js';
import { showPath, printable } from './show.js';
import { STDIN_LABEL, readText } from './text.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Deepest nesting of arrays and objects. The deepest schema needs eight. */
export const DEEPEST = 64;

/** Keys that would reach an object's prototype when a document is merged or a path is set. */
export const FORBIDDEN_KEYS: readonly string[] = ['__proto__', 'constructor', 'prototype'];

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const SPACE = /[ \t\n\r]*/y;
const LITERALS = [['true', true], ['false', false], ['null', null]] as const;
const ESCAPE = /(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Reads a JSON file, or standard input for `-`.
 *
 * @throws QrailsError as `readText` and `parseJson`
 * @example const value = await readJson('hw-profiles/mine.json');
 */
export async function readJson(file: string, label = file === '-' ? STDIN_LABEL : file): Promise<Json> {
  return parseJson(await readText(file, label), label);
}

/**
 * Parses JSON text.
 *
 * @param label what messages call the text
 * @throws QrailsError `unreadable` for malformed text, with line, column and the line; `invalid` for a key given twice, a key that names
 *   a prototype, nesting deeper than 64, or a number beyond binary64
 * @example parseJson('{"name": "mine"}', 'mine.json')
 */
export function parseJson(text: string, label: string): Json {
  return new Parser(text, label).document();
}

class Parser {
  private at = 0;
  private readonly path: (string | number)[] = [];

  constructor(private readonly text: string, private readonly label: string) {}

  document(): Json {
    this.space();
    if (this.at === this.text.length) this.malformed('is empty', 'a JSON value');
    const value = this.value();
    if (this.at < this.text.length) this.malformed('text after the end of the document', 'nothing more');
    return value;
  }

  /** One value and the space behind it. */
  private value(): Json {
    const value = this.bare();
    this.space();
    return value;
  }

  private bare(): Json {
    const first = this.text[this.at];
    if (first === '{') return this.object();
    if (first === '[') return this.array();
    if (first === '"') return this.string();
    for (const [word, value] of LITERALS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  private object(): Json {
    const object: { [key: string]: Json } = {};
    this.open();
    if (this.take('}')) return object;
    for (;;) {
      const start = this.at;
      if (this.text[start] !== '"') this.malformed('malformed JSON', 'a key in double quotes');
      const key = this.string();
      if (FORBIDDEN_KEYS.includes(key)) this.refuse(`the key ${key} is not allowed`, start);
      if (Object.hasOwn(object, key)) this.refuse(`the key ${showPath([...this.path, key])} is given twice`, start);
      this.space();
      if (!this.take(':')) this.malformed('malformed JSON', '":" after the key');
      this.path.push(key);
      object[key] = this.value();
      this.path.pop();
      if (this.take('}')) return object;
      if (!this.take(',')) this.malformed('malformed JSON', '"," or "}"');
    }
  }

  private array(): Json {
    const array: Json[] = [];
    this.open();
    if (this.take(']')) return array;
    for (;;) {
      this.path.push(array.length);
      array.push(this.value());
      this.path.pop();
      if (this.take(']')) return array;
      if (!this.take(',')) this.malformed('malformed JSON', '"," or "]"');
    }
  }

  private string(): string {
    const start = this.at;
    for (this.at++; this.text[this.at] !== '"'; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (Number.isNaN(code)) this.malformed('malformed JSON: this text is not closed', "a closing '\"'", start);
      if (code < 0x20) this.malformed('malformed JSON', "a closing '\"' or an escaped control character");
      if (code === 0x5c) {
        ESCAPE.lastIndex = this.at + 1;
        if (!ESCAPE.test(this.text)) this.malformed('malformed JSON', 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000');
        this.at = ESCAPE.lastIndex - 1;
      }
    }
    this.at++;
    return JSON.parse(this.text.slice(start, this.at)) as string;
  }

  private number(): number {
    NUMBER.lastIndex = this.at;
    const match = NUMBER.exec(this.text);
    if (match === null) this.malformed('malformed JSON', 'a value');
    const value = Number(match[0]);
    if (!Number.isFinite(value)) this.refuse(`the number ${printable(match[0])} is too large for binary64`, this.at);
    this.at = NUMBER.lastIndex;
    return value;
  }

  /** Enters an array or object. */
  private open(): void {
    if (this.path.length === DEEPEST) this.refuse(`nested deeper than ${DEEPEST} levels`, this.at);
    this.at++;
    this.space();
  }

  /** Skips a punctuation mark and the space behind it, if it is there. */
  private take(mark: string): boolean {
    if (this.text[this.at] !== mark) return false;
    this.at++;
    this.space();
    return true;
  }

  private space(): void {
    SPACE.lastIndex = this.at;
    SPACE.test(this.text);
    this.at = SPACE.lastIndex;
  }

  private malformed(message: string, expected: string, at = this.at): never {
    const found = at < this.text.length ? JSON.stringify(String.fromCodePoint(this.text.codePointAt(at)!)) : 'the end of the text';
    throw new QrailsError({ code: 'unreadable', where: this.place(at), message: message + this.excerpt(at), found: printable(found), expected });
  }

  private refuse(message: string, at: number): never {
    throw new QrailsError({ code: 'invalid', where: this.place(at), message: message + this.excerpt(at) });
  }

  private place(at: number): string {
    const before = this.text.slice(0, at);
    const line = before.split('\n').length;
    return `${this.label}:${line}:${at - before.lastIndexOf('\n')}`;
  }

  /** The line of the fault, with a mark below it; at most 72 characters around the place. */
  private excerpt(at: number): string {
    const lineStart = this.text.lastIndexOf('\n', at - 1) + 1;
    const start = Math.max(lineStart, at - 48);
    const lineEnd = this.text.indexOf('\n', start);
    const end = Math.min(lineEnd === -1 ? this.text.length : Math.max(lineEnd, at), start + 72);
    const clean = (text: string) => printable(text.replaceAll('\t', ' ').replace(/\r$/, ''), Infinity);
    const line = clean(this.text.slice(start, end));
    if (line.trim() === '') return '';
    return `\n    ${line}\n    ${' '.repeat(clean(this.text.slice(start, at)).length)}^`;
  }
}
