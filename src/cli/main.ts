/**
 * The command line. Commands parse, call one public function, print. Exit codes: 0 fine, 1 a check failed, 2 usage, input or output,
 * 130 interrupted (129 and 143: told to end).
 */
import { Command, CommanderError } from 'commander';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { VERSION } from '../version.js';
import { createContext, type Context } from './context.js';

const DESCRIPTION = 'Will this learner, with this controller, survive on that chip, with that sensor, and what exactly will its bits be?';
const USAGE = 2;
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
    await (await createProgram(argv, () => createContext(interruption.signal))).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (interruption.signal.aborted && error instanceof Error && error.name === 'AbortError') {
      say('interrupted; nothing was left behind');
      process.exitCode = interrupted;
    } else process.exitCode = report(error);
  }
}

/** Lines on standard error. They may quote hostile input: nothing in them reaches the terminal as a command. */
function say(text: string): void {
  process.stderr.write(`${text.split('\n').map((line) => printable(line, Infinity)).join('\n')}\n`);
}

/** Commands are loaded only when they are needed: `--version` loads none. */
async function createProgram(argv: readonly string[], context: () => Context): Promise<Command> {
  const program = new Command('qrails');
  program
    .description(DESCRIPTION)
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureOutput({ writeErr: (text) => say(text.trimEnd()) })
    .showHelpAfterError('(qrails --help, or qrails COMMAND --help)')
    .addHelpText('after', '\nExamples:\n  $ qrails compare\n  $ qrails profile list\n  $ qrails export c --profile enabol-mid -o tables');
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return program;
  const [{ addCompare }, { addDocuments }, { addExport }, { addChecks }, { addInspect }, { addFormat }, { addQuantize }, { addCost }, { addMap }, { addReport }, { addImport }, { addEma }, { addInstruments }] = await Promise.all([import('./compare.js'), import('./documents.js'), import('./export.js'), import('./checks.js'), import('./inspect.js'), import('./format.js'), import('./quantize.js'), import('./cost.js'), import('./map.js'), import('./report.js'), import('./import.js'), import('./ema.js'), import('./instruments.js')]);
  addCompare(program, context);
  addMap(program, context);
  addInspect(program, context);
  addInstruments(program, context);
  addReport(program, context);
  addExport(program, context);
  addImport(program, context);
  addEma(program, context);
  addChecks(program, context);
  addDocuments(program, context);
  addQuantize(program, context);
  addFormat(program);
  addCost(program, context);
  return program;
}

/** Prints what went wrong and gives the exit code; a bug keeps its stack. */
function report(error: unknown): number {
  // Commander has printed its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (!(error instanceof QrailsError)) throw error;
  say(error.message);
  return error.exitCode;
}
