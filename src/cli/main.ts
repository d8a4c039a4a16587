/** The command line. Commands parse, call one public function, print; exit codes 0 fine, 1 a check failed, 2 usage or input, 130 interrupted. */
import { Command, CommanderError } from 'commander';
import { QrailsError } from '../errors.js';
import { VERSION } from '../version.js';
import { createContext, type Context } from './context.js';

const DESCRIPTION = 'Will this learner, with this controller, survive on that chip, with that sensor, and what exactly will its bits be?';
const USAGE = 2;
const INTERRUPTED = 130;

/** Runs one command line and sets the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  const interruption = new AbortController();
  process.on('SIGINT', () => {
    if (interruption.signal.aborted) process.exit(INTERRUPTED);
    interruption.abort();
  });
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await (await createProgram(argv, () => createContext(interruption.signal))).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, interruption.signal);
  }
}

/** Commands are loaded only when they are needed: `--version` loads none. */
async function createProgram(argv: readonly string[], context: () => Context): Promise<Command> {
  const program = new Command('qrails');
  program
    .description(DESCRIPTION)
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(qrails --help, or qrails COMMAND --help)')
    .addHelpText('after', '\nExamples:\n  $ qrails compare\n  $ qrails profile list\n  $ qrails export c --profile enabol-mid -o tables');
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) return program;
  const [{ addCompare }, { addDocuments }, { addExport }, { addChecks }] = await Promise.all([import('./compare.js'), import('./documents.js'), import('./export.js'), import('./checks.js')]);
  addCompare(program, context);
  addExport(program, context);
  addChecks(program, context);
  addDocuments(program);
  return program;
}

function report(error: unknown, signal: AbortSignal): number {
  if (signal.aborted && error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('interrupted; nothing was left behind\n');
    return INTERRUPTED;
  }
  // Commander has printed its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof QrailsError) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  throw error;
}
