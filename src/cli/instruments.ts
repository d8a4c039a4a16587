import { Option } from 'commander';
import { instrumentHeader, instrumentLine, type InstrumentRow } from '../instruments/columns.js';
import { measure, MOST_WINDOW } from '../instruments/instruments.js';
import { DEFAULT_WINDOW } from '../instruments/stabilityGap.js';
import { instrumentCells, INSTRUMENT_TABLE } from '../instruments/table.js';
import { renderInstruments } from '../instruments/text.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { formatOf, openRowFile } from '../output/rowFile.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, notice, type Context } from './context.js';
import { openSink } from './lines.js';
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
-o FILE ending in .ndjson, .parquet or .npy writes that instead of CSV. What each column means, with formula and source: docs/instruments.md.`)
    .examples(
      ['qrails instruments --throttle none,gt0/secant', 'the summary'],
      'qrails instruments exp-000c --profile enabol-tight -o steps.csv',
      'qrails instruments exp-000c -o steps.parquet',
      'qrails instruments exp-000a --every 32 --json -o steps.json',
    )
    .action(async (experiment: string | undefined, flags: InstrumentFlags) => {
      const { signal, palette } = context();
      const { every, window } = flags;
      const options = { ...runOptions(experiment, flags), every, window, signal };
      const table = flags.output === undefined ? undefined : formatOf(flags.output);
      if (flags.json && table !== undefined) {
        throw new QrailsError({ code: 'usage', where: '--json, --output', message: `the name asks for ${table} and the option for JSON`, found: printable(flags.output!, 400), expected: 'one of them' });
      }
      if (flags.json) {
        await emitFrom(() => withProgress(flags, async (onProgress) => jsonText(await measure({ ...options, onProgress }))), flags);
        return;
      }
      if (flags.output === undefined && process.stdout.isTTY) {
        await emitFrom(() => withProgress(flags, async (onProgress) => renderInstruments(await measure({ ...options, rows: false, onProgress }), { palette })), flags);
        return;
      }
      const file = await openRows(flags.output);
      const text = await withProgress(flags, async (onProgress) => renderInstruments(await rowsInto(file, (onRow) => measure({ ...options, rows: false, onRow, onProgress }))));
      notice(text.trimEnd(), flags);
      if (flags.output !== undefined && flags.output !== '-') notice(`wrote ${printable(flags.output, 400)}`, flags);
    });
}

interface Rows {
  add(row: InstrumentRow): Promise<void> | undefined;
  close(): Promise<void>;
  abandon(): Promise<void>;
}

/** CSV, unless the name of a file ends otherwise. */
async function openRows(output: string | undefined): Promise<Rows> {
  if (output !== undefined && (formatOf(output) ?? 'csv') !== 'csv') {
    const file = await openRowFile(output, '-o', INSTRUMENT_TABLE);
    return { add: (row) => file.add(instrumentCells(row)), close: () => file.close(), abandon: () => file.discard() };
  }
  const sink = await openSink(output === undefined ? {} : { output });
  let begun = false;
  return {
    // Nothing before the first row: documents that cannot be run leave standard output empty.
    add(row) {
      const head = begun ? '' : instrumentHeader();
      begun = true;
      return sink.write(head + instrumentLine(row));
    },
    close: () => sink.close(),
    abandon: () => sink.abandon(''),
  };
}

/** Writes rows as they are made. */
async function rowsInto<T>(rows: Rows, run: (onRow: (row: InstrumentRow) => Promise<void>) => Promise<T>): Promise<T> {
  try {
    const result = await run(async (row) => rows.add(row));
    await rows.close();
    return result;
  } catch (error) {
    await rows.abandon();
    throw error;
  }
}
