/** A place in a text that moves on by patterns, with the line it is on for messages. */
import type { QrailsError } from '../errors.js';
import { refusal } from './refusal.js';

export class Scanner {
  private at = 0;
  /** From 1. */
  private line = 1;

  constructor(private readonly text: string, private readonly file: string) {}

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  /** What stands here, in a message. */
  get here(): string {
    return this.text[this.at] ?? 'the end of the text';
  }

  get where(): string {
    return `${this.file}, line ${this.line}`;
  }

  /** Takes what matches here; undefined where nothing does. The pattern is sticky, and repeats no group: each turn would be remembered. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    for (let end = found.indexOf('\n'); end !== -1; end = found.indexOf('\n', end + 1)) this.line++;
    return found;
  }

  /** Takes as often as there is something to take. */
  skip(pattern: RegExp): void {
    while (this.take(pattern));
  }

  /** Whether this stands here; nothing is taken. */
  sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  fail(code: 'unreadable' | 'data', message: string, found: string, expected: string): QrailsError {
    return refusal(code, this.where, message, found, expected);
  }
}
