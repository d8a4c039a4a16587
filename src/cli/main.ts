/**
 * The command line. Commands parse, call one public function, print. Exit codes: 0 fine, 1 a check failed, 2 usage, input or output,
 * 130 interrupted (129 and 143: told to end).
 */
import { CommanderError } from 'commander';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { Interrupted } from '../sweep/interrupted.js';
import { VERSION } from '../version.js';
import { createContext } from './context.js';

const USAGE = 2;
const VERSION_FLAGS = ['-V', '--version'];
/** Signals that end a run tidily, with the exit codes shells know them by. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Runs one command line and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  let interrupted: number = SIGNALS.SIGINT;
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(exitCode);
      interrupted = exitCode;
      interruption.abort();
    });
  }
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) is no error.
    if (code === 'EPIPE') process.exit(0);
    say(`standard output: cannot be written (${code})`);
    process.exit(USAGE);
  });
  try {
    if (argv.length === 1 && VERSION_FLAGS.includes(argv[0]!)) {
      process.stdout.write(`${VERSION}\n`);
      return;
    }
    // Everything else needs the commands, which take their time to load.
    const { createProgram } = await import('./program.js');
    await createProgram(() => createContext(interruption.signal), (text) => say(text.trimEnd())).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (interruption.signal.aborted && error instanceof Error && error.name === 'AbortError') {
      say(error instanceof Interrupted ? error.message : 'interrupted; nothing was left behind');
      process.exitCode = interrupted;
    } else process.exitCode = report(error);
  }
}

/** Lines on standard error. They may quote hostile input: nothing in them reaches the terminal as a command. */
function say(text: string): void {
  process.stderr.write(`${text.split('\n').map((line) => printable(line, Infinity)).join('\n')}\n`);
}

/** Prints what went wrong and gives the exit code; a bug keeps its stack. */
function report(error: unknown): number {
  // Commander has printed its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (!(error instanceof QrailsError)) throw error;
  say(error.message);
  return error.exitCode;
}
