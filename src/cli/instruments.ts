import { Option } from 'commander';
import { instrumentHeader, instrumentLine } from '../instruments/columns.js';
import { measure, MOST_WINDOW } from '../instruments/instruments.js';
import { DEFAULT_WINDOW } from '../instruments/stabilityGap.js';
import { renderInstruments } from '../instruments/text.js';
import { printable } from '../document/show.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, notice, type Context } from './context.js';
import { openSink, type Sink } from './lines.js';
import { addCommon, addRunOptions, integer, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface InstrumentFlags extends RunFlags {
  readonly every: number;
  readonly window: number;
}

const MOST_EVERY = 100_000_000;

export function addInstruments(program: Command, context: () => Context): void {
  addCommon(addRunOptions(program.command('instruments').description('every step measured: margins, λmax of the Hessian, update cosine, rail pressure, limits of the learning rate, stability gap')))
    .addOption(new Option('--every <n>', 'measure every n-th step').default(1).argParser(integer(1, MOST_EVERY)))
    .addOption(new Option('--window <n>', 'evaluations in a window of the stability gap').default(DEFAULT_WINDOW).argParser(integer(2, MOST_WINDOW)))
    .notes(`
Prints CSV, one row a step and side. Where standard output is a terminal and there is no -o, a summary takes its place; else it goes to standard error.
What each column means, with formula and source: docs/instruments.md.`)
    .examples(
      ['qrails instruments --throttle none,gt0/secant', 'the summary'],
      'qrails instruments exp-000c --profile enabol-tight -o steps.csv',
      'qrails instruments exp-000a --every 32 --json -o steps.json',
    )
    .action(async (experiment: string | undefined, flags: InstrumentFlags) => {
      const { signal, palette } = context();
      const { every, window } = flags;
      const options = { ...runOptions(experiment, flags), every, window, signal };
      if (flags.json) {
        await emitFrom(() => withProgress(flags, async (onProgress) => jsonText(await measure({ ...options, onProgress }))), flags);
        return;
      }
      if (flags.output === undefined && process.stdout.isTTY) {
        await emitFrom(() => withProgress(flags, async (onProgress) => renderInstruments(await measure({ ...options, rows: false, onProgress }), { palette })), flags);
        return;
      }
      const sink = await openSink(flags);
      const text = await withProgress(flags, async (onProgress) => renderInstruments(await csvInto(sink, (onRow) => measure({ ...options, rows: false, onRow, onProgress }))));
      notice(text.trimEnd(), flags);
      if (flags.output !== undefined && flags.output !== '-') notice(`wrote ${printable(flags.output, 400)}`, flags);
    });
}

/** Writes rows as they are made. Nothing is written before the first: documents that cannot be run leave standard output empty. */
async function csvInto<T>(sink: Sink, run: (onRow: (row: Parameters<typeof instrumentLine>[0]) => Promise<void>) => Promise<T>): Promise<T> {
  let begun = false;
  try {
    const result = await run(async (row) => {
      await sink.write(begun ? instrumentLine(row) : instrumentHeader() + instrumentLine(row));
      begun = true;
    });
    await sink.close();
    return result;
  } catch (error) {
    await sink.abandon('');
    throw error;
  }
}
