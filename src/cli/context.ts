/** What every command needs of the terminal: streams, colours, width, interruption. */
import pc from 'picocolors';
import { printable } from '../document/show.js';
import { openOutput } from '../output/file.js';
import { PLAIN, type Palette } from '../report/terminal.js';

export interface Context {
  /** Raised by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Terminal width, or a default for files and pipes. */
  readonly width: number;
  /** Columns at which sentences are broken: never but on a terminal. */
  readonly wrap: number;
  /** Colours where standard output is a terminal that wants them. */
  readonly palette: Palette;
}

/** Options every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly output?: string;
  readonly quiet?: boolean;
}

/** How the user called the tool: under npx it is not on the path. */
export const PROGRAM = process.env['npm_command'] === 'exec' ? 'npx qrails' : 'qrails';

const PIPE_WIDTH = 110;

export function createContext(signal: AbortSignal): Context {
  const colour = process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const columns = process.stdout.isTTY ? process.stdout.columns || undefined : undefined;
  return {
    signal,
    width: columns ?? PIPE_WIDTH,
    wrap: columns ?? Infinity,
    palette: colour ? pc.createColors(true) : PLAIN,
  };
}

/** Puts a result on standard output, or whole into `-o FILE` (`-` is standard output). */
export const emit = (text: string, options: CommonOptions): Promise<void> => emitFrom(() => Promise.resolve(text), options);

/** As `emit`, for a result that takes long to make: a file that cannot be written is refused before, not after. */
export async function emitFrom(make: () => Promise<string>, options: CommonOptions): Promise<void> {
  const { output } = options;
  if (output === undefined || output === '-') {
    const text = await make();
    await new Promise<void>((done) => process.stdout.write(text, () => done()));
    return;
  }
  const file = await openOutput(output);
  try {
    await file.write(await make());
    await file.close();
  } catch (error) {
    await file.discard();
    throw error;
  }
  notice(`wrote ${printable(output, 400)}`, options);
}

/** A remark for the person at the terminal. */
export function notice(text: string, options: CommonOptions): void {
  if (!options.quiet) process.stderr.write(`${text}\n`);
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
