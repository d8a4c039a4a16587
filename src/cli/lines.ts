/** Lines in and lines out, with bounded memory. */
import { addAbortSignal, type Readable } from 'node:stream';
import { QrailsError } from '../errors.js';
import { openOutput } from '../output/file.js';
import type { CommonOptions } from './context.js';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * The lines of a stream of UTF-8 text, as they arrive: those of one piece of input at a time. Blank lines are counted and left out.
 *
 * @param longest characters of the longest line; a longer one is refused before all of it is held
 * @throws QrailsError `unreadable` for a line that is too long or not UTF-8; AbortError when the signal is raised
 */
export async function* lines(stream: Readable, label: string, longest: number, signal: AbortSignal): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let number = 0;
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new QrailsError({ code: 'unreadable', where: `${label}, behind line ${number}`, message: 'is not UTF-8 text', try: 'save it as UTF-8' });
    }
  };
  const split = (text: string, last: boolean): Line[] => {
    const parts = (rest + text).split('\n');
    rest = last ? '' : parts.pop()!;
    const found: Line[] = [];
    for (const part of parts) {
      number++;
      if (part.length > longest) throw tooLong(number);
      const trimmed = part.trim();
      if (trimmed !== '') found.push({ number, text: trimmed });
    }
    if (rest.length > longest) throw tooLong(number + 1);
    return found;
  };
  const tooLong = (line: number): QrailsError =>
    new QrailsError({ code: 'unreadable', where: `${label}, line ${line}`, message: 'is too long', expected: `at most ${longest} characters` });
  for await (const chunk of addAbortSignal(signal, stream)) yield split(decode(chunk as Uint8Array), false);
  yield split(decode(), true);
}

/** Where lines go: standard output as they are made, or `-o FILE`, whole or not at all. */
export interface Sink {
  write(text: string): Promise<void>;
  close(): Promise<void>;
  /** Ends because of an error: standard output gets what was made until then, a file is not made. */
  abandon(made: string): Promise<void>;
}

export async function openSink({ output }: CommonOptions): Promise<Sink> {
  if (output !== undefined && output !== '-') {
    const file = await openOutput(output);
    return { write: (text) => file.write(text), close: () => file.close(), abandon: () => file.discard() };
  }
  const write = (text: string): Promise<void> => new Promise((done) => (text === '' ? done() : process.stdout.write(text, () => done())));
  return { write, close: () => Promise.resolve(), abandon: write };
}
