/** Reads a short text from left to right; every failure names the character it happened at. */
import { closest } from '../document/closest.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';

const SPACE = /\s*/y;
const INTEGER = /[+-]?\d+/y;
const WORD = /[A-Za-z_]\w*/y;

export class Scanner {
  /** Index of the next character. */
  at = 0;

  constructor(readonly text: string) {}

  /** What a sticky pattern matches here, behind space; undefined, and nothing read, where it does not. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.skip();
    const match = pattern.exec(this.text);
    if (match === null) return undefined;
    this.at = pattern.lastIndex;
    return match;
  }

  /** Whether this mark stands here; it is read. */
  mark(mark: string): boolean {
    if (!this.text.startsWith(mark, this.skip())) return false;
    this.at += mark.length;
    return true;
  }

  expect(mark: string): void {
    if (!this.mark(mark)) this.fail(`"${mark}" is missing`, `"${mark}"`);
  }

  /** An integer within bounds. */
  integer(what: string, least: number, most: number): number {
    const start = this.skip();
    const match = this.take(INTEGER);
    const expected = `${what}, an integer from ${least} to ${most}`;
    if (match === undefined) this.fail(`${what} is missing`, expected);
    const value = Number(match[0]);
    if (value < least || value > most) this.fail(`${what} is out of range`, expected, { at: start, found: match[0] });
    return value;
  }

  /** One of the words of a table, as what it stands for. */
  word<T>(what: string, table: Readonly<Record<string, T>>): T {
    const start = this.skip();
    const word = this.take(WORD)?.[0] ?? this.take(INTEGER)?.[0] ?? '';
    if (Object.hasOwn(table, word)) return table[word]!;
    const names = Object.keys(table);
    const repair = closest(word, names);
    return this.fail(word === '' ? `${what} is missing` : `an unknown ${what}`, `one of ${names.join(', ')}`, {
      at: start, ...(word !== '' && { found: word }), ...(repair !== undefined && { try: repair }),
    });
  }

  /** Nothing but space is left. */
  end(): void {
    if (this.skip() < this.text.length) this.fail('text after the end of the format', 'nothing more');
  }

  fail(message: string, expected: string, { at = this.at, found, try: repair }: { at?: number; found?: string; try?: string } = {}): never {
    throw new QrailsError({
      code: 'format', where: `${this.text === '' ? '""' : printable(this.text)}, character ${at + 1}`, message,
      found: printable(found ?? (at < this.text.length ? String.fromCodePoint(this.text.codePointAt(at)!) : 'the end of the text')), expected,
      ...(repair !== undefined && { try: repair }),
    });
  }

  skip(): number {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    return (this.at = SPACE.lastIndex);
  }
}
