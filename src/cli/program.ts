/** Every command of the tool. Help, completion, the man page and docs/cli.md are made from what this returns. */
import { VERSION } from '../version.js';
import { addAdvise } from './advise.js';
import { addBudget } from './budget.js';
import { addChecks } from './checks.js';
import { Command, HELP } from './command.js';
import { addCompare } from './compare.js';
import { addCompletion } from './completion.js';
import type { Context } from './context.js';
import { addCost } from './cost.js';
import { addDocuments } from './documents.js';
import { addEma } from './ema.js';
import { addExplain } from './explain.js';
import { addExport } from './export.js';
import { addFormat } from './format.js';
import { addImport } from './import.js';
import { addInspect } from './inspect.js';
import { addInstruments } from './instruments.js';
import { addMap } from './map.js';
import { addMargins } from './margins.js';
import { addPlay } from './play.js';
import { addQuantize } from './quantize.js';
import { addReport } from './report.js';
import { addSweep } from './sweep.js';

const DESCRIPTION = 'Will this learner, with this controller, survive on that chip, with that sensor, and what exactly will its bits be?';

/**
 * The command line, ready to parse.
 *
 * @param context the terminal, asked for when a command runs
 * @param writeErr where messages go
 */
export function createProgram(context: () => Context, writeErr: (text: string) => void): Command {
  const program = new Command('qrails');
  // Commands take these settings over when they are added.
  program
    .description(DESCRIPTION)
    .version(VERSION, '-V, --version')
    .exitOverride()
    .configureHelp(HELP)
    .configureOutput({ writeErr })
    .showHelpAfterError('(qrails --help, or qrails COMMAND --help)')
    .enablePositionalOptions() // a command inside a command has options of its own, though they have the same names
    .examples(
      ['qrails compare', 'gain drift, in float64 and on a chip, without and with a throttle'],
      ['qrails profile list', 'the chips that come with it'],
      ['qrails compare --data log.csv --inputs a,b --targets y', 'your own recording'],
      ['qrails export c --profile enabol-mid -o tables', 'what goes to firmware'],
    );
  addCompare(program, context);
  addMap(program, context);
  addSweep(program, context);
  addInspect(program, context);
  addInstruments(program, context);
  addBudget(program, context);
  addMargins(program, context);
  addExplain(program, context);
  addAdvise(program, context);
  addReport(program, context);
  addPlay(program, context);
  addExport(program, context);
  addImport(program, context);
  addEma(program, context);
  addChecks(program, context);
  addDocuments(program, context);
  addQuantize(program, context);
  addFormat(program);
  addCost(program, context);
  addCompletion(program, context);
  return program;
}
