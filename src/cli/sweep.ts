import { dirname, resolve } from 'node:path';
import { Option } from 'commander';
import { VERDICTS } from '../compare/thresholds.js';
import { readText } from '../document/text.js';
import { printable, show } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { renderSweepReport } from '../report/html/sweepPage.js';
import { TABLE_FORMATS, type SweepResult, type TableFormat } from '../schema/sweepResult.js';
import type { SweepPart, SweepPlan } from '../schema/sweepViews.js';
import { ENGINE_NAMES, ENGINES, enginesOf, readShard, type EngineName } from '../sweep/engines.js';
import { defaultFolder, shownPath, sweepFolder } from '../sweep/folder.js';
import { Interrupted } from '../sweep/interrupted.js';
import { mergeSweep } from '../sweep/merge.js';
import { DEFAULT_CLAIM, DEFAULT_IMAGE, kubernetesManifest, parallelLine, pathWord, slurmScript, word, type ScriptParts } from '../sweep/scripts.js';
import { MOST_SHARDS, shardName, WHOLE } from '../sweep/shard.js';
import { checkFormats, DEFAULT_FORMATS, MOST_WORKERS, planSweep, sweep, sweepShard, type PartOptions, type SweepProgress } from '../sweep/sweep.js';
import type { Outcome } from '../sweep/types.js';
import { renderSweep } from '../sweep/text.js';
import { openBeside } from './beside.js';
import type { Command } from './command.js';
import { emit, jsonText, notice, PROGRAM, type CommonOptions, type Context } from './context.js';
import { integer } from './options.js';
import { withProgress } from './progress.js';

interface SweepFlags extends CommonOptions {
  readonly resume?: boolean;
  readonly shard?: string;
  readonly workers?: number;
  readonly format?: readonly TableFormat[];
  readonly report?: string;
}

interface PlanFlags extends CommonOptions, Partial<Record<EngineName, boolean>> {
  readonly shards?: number;
  readonly image?: string;
  readonly claim?: string;
}

const SCRIPTS: Record<EngineName, { about: string; write: (parts: ScriptParts) => string | Promise<string> }> = {
  slurm: { about: 'an array script for sbatch', write: slurmScript },
  kubernetes: { about: 'an Indexed Job for kubectl apply', write: kubernetesManifest },
  parallel: { about: 'a line of shell', write: parallelLine },
};

export function addSweep(program: Command, context: () => Context): void {
  const command = program.command('sweep').description('thousands of runs over any values: on all cores, to go on with after any end, over many machines').enablePositionalOptions();
  addTables(command.argument('<spec>', 'a specification, path to a JSON file (- is standard input)'))
    .option('-o, --output <folder>', `folder for journal and tables (default: ${sweepFolder('NAME')}, with --shard ${defaultFolder('NAME', { index: 1, count: 2 }).replace('1-of-2', 'i-of-n')})`)
    .option('--resume', 'go on with the journal that is there, if one is; nothing that is in it is run again')
    .option('--shard <i/n>', 'only part i of n; auto/n: the part of this task of a Slurm array, a Kubernetes Indexed Job or GNU parallel; auto: likewise, where the engine tells n')
    .addOption(new Option('--workers <n>', 'threads (default: one a core); never changes a result').argParser(integer(1, MOST_WORKERS)))
    .examples(
      ['qrails sweep sweep.json', 'every run, and what it came to'],
      ['qrails sweep sweep.json --resume', 'goes on after Ctrl-C, kill -9 or a full disk'],
      'qrails sweep sweep.json --format csv,parquet -o out --json',
      ['qrails sweep sweep.json --report sweep.html', 'verdicts, best points and Pareto front as one HTML file'],
      ['qrails sweep plan sweep.json', 'what would be run'],
      ['qrails sweep plan sweep.json --slurm --shards 100 -o sweep.slurm', 'over a cluster'],
      'qrails sweep sweep.json --shard 3/100 && qrails sweep merge NAME.shards',
    )
    .notes('What a specification holds: docs/sweep.md. Many machines: docs/cluster.md.')
    .action(async (spec: string, flags: SweepFlags) => {
      const { signal, palette, width } = context();
      const { output, resume, workers, format: formats } = flags;
      const shard = flags.shard === undefined ? undefined : readShard(flags.shard, process.env);
      if (shard === undefined) for (const name of enginesOf(process.env)) notice(`${ENGINES[name].index} is set: --shard auto/n would run the part of this ${ENGINES[name].title} task`, flags);
      if (flags.report !== undefined && shard !== undefined && shard.count > 1) {
        throw new QrailsError({ code: 'usage', where: '--shard, --report', message: 'a report is of the whole sweep', expected: 'one of them', try: `${PROGRAM} sweep merge … --report ${pathWord(flags.report)}, when every part is there` });
      }
      if (formats !== undefined && shard !== undefined && shard.count > 1) {
        throw new QrailsError({ code: 'usage', where: '--shard, --format', message: 'tables are of the whole sweep', expected: 'one of them', try: `${PROGRAM} sweep merge … --format ${formats.join()}, when every part is there` });
      }
      const options: PartOptions = {
        spec, output, resume, workers, signal,
        onBegin: ({ dropped, damaged }) => {
          if (dropped > 0) notice(`the journal ended in ${lines(dropped)} torn in writing: cut off, and run again`, flags);
          if (damaged > 0) notice(`the journal has ${lines(damaged)} damaged since: passed over, and run again`, flags);
        },
      };
      const again = [PROGRAM, 'sweep', pathWord(spec), ...(output === undefined ? [] : ['-o', pathWord(output)]), ...(flags.shard === undefined ? [] : ['--shard', flags.shard]),
        ...(formats === undefined ? [] : ['--format', formats.join()]), ...(flags.report === undefined ? [] : ['--report', pathWord(flags.report)]), '--resume'].join(' ');
      const text = await withProgress(flags, async (update) => {
        const onProgress = (progress: SweepProgress): void => update(progress.done, progress.of, progressText(progress));
        try {
          if (shard !== undefined && shard.count > 1) {
            const part = await sweepShard({ ...options, shard, onProgress });
            return flags.json ? jsonText(part) : partText(part, output ?? defaultFolder(part.name, shard));
          }
          const result = await reported(flags, () => sweep({ ...options, formats, onProgress, onTables: (done, of) => update(done, of, 'tables') }));
          notice(`wrote ${shownPath(output ?? defaultFolder(result.sweep.name, WHOLE))}`, flags);
          return flags.json ? jsonText(result) : renderSweep(result, { palette, width });
        } catch (error) {
          throw error instanceof Interrupted ? new Interrupted(error.kept, again) : error;
        }
      });
      await emit(text, {});
    });

  const plan = command.command('plan').description('what a sweep would run; or what an engine needs to run it in parts').argument('<spec>', 'a specification, path to a JSON file');
  for (const name of ENGINE_NAMES) plan.option(`--${name}`, `${ENGINES[name].title}: ${SCRIPTS[name].about}`);
  plan
    .addOption(new Option('--shards <n>', 'parts (needed for an engine)').argParser(integer(1, MOST_SHARDS)))
    .option('--image <name>', `Kubernetes: container image with qrails in it (default: ${DEFAULT_IMAGE})`)
    .option('--claim <name>', `Kubernetes: claim of the volume that the parts are written to (default: ${DEFAULT_CLAIM})`)
    .option('--json', 'print the machine-readable result')
    .option('-o, --output <file>', 'write it to a file, whole or not at all (- is standard output)')
    .option('-q, --quiet', 'no remarks')
    .examples(
      'qrails sweep plan sweep.json --shards 100',
      ['qrails sweep plan sweep.json --slurm --shards 100 -o sweep.slurm', 'then: sbatch sweep.slurm'],
      ['qrails sweep plan sweep.json --kubernetes --shards 100 --image mine:1 -o job.yaml', 'then: kubectl apply -f job.yaml'],
      ['qrails sweep plan sweep.json --parallel --shards 100 | sh', 'with GNU parallel'],
    )
    .action(async (spec: string, flags: PlanFlags) => {
      const { shards, image, claim } = flags;
      const [engine, other] = ENGINE_NAMES.filter((name) => flags[name]);
      if (engine === undefined) {
        for (const [name, given] of Object.entries({ image, claim })) if (given !== undefined) throw new QrailsError({ code: 'usage', where: `--${name}`, message: 'belongs to --kubernetes', expected: '--kubernetes' });
        const planned = await planSweep({ spec }, shards);
        return emit(flags.json ? jsonText(planned) : planText(planned), flags);
      }
      if (other !== undefined) throw new QrailsError({ code: 'usage', where: `--${engine}, --${other}`, message: 'two engines', expected: 'one' });
      if (flags.json) throw new QrailsError({ code: 'usage', where: '--json', message: `what ${ENGINES[engine].title} reads is no JSON`, expected: `--${engine} without it` });
      if (shards === undefined) throw new QrailsError({ code: 'usage', where: `--${engine}`, message: 'needs a number of parts', expected: '--shards n', try: `--${engine} --shards 16` });
      if (spec === '-') throw new QrailsError({ code: 'usage', where: '-', message: 'tasks of an engine have no standard input', expected: 'a file' });
      const { name } = await planSweep({ spec }, shards);
      await emit(await SCRIPTS[engine].write({ name, path: spec, text: await readText(spec), shards, image, claim }), flags);
    });

  addTables(command.command('merge').description('tables of a sweep from its parts, the same as in one piece').argument('<folder...>', 'folders of parts, or a folder of such folders'))
    .option('-o, --output <folder>', `folder for the tables (default: ${sweepFolder('NAME')})`)
    .examples('qrails sweep merge NAME.shards', 'qrails sweep merge NAME.shards/*-of-100 -o out --format parquet')
    .action(async (folders: string[], flags: SweepFlags) => {
      const { signal, palette, width } = context();
      const { output, format: formats } = flags;
      const result = await withProgress(flags, (update) => reported(flags, () => mergeSweep({ folders, output, formats, signal, onTables: (done, of) => update(done, of, 'tables') })));
      notice(`wrote ${shownPath(output ?? sweepFolder(result.sweep.name))}`, flags);
      await emit(flags.json ? jsonText(result) : renderSweep(result, { palette, width }), {});
    });
}

const addTables = (command: Command): Command => command
  .addOption(new Option('--format <list>', `tables, comma-separated: ${TABLE_FORMATS.join(', ')} (default: ${DEFAULT_FORMATS.join(', ')})`).argParser((text) => {
    const formats = text.split(',').map((item) => item.trim());
    checkFormats(formats);
    return formats;
  }))
  .option('--report <file>', 'what it came to as one HTML file, outside of the folder: verdicts, errors, best points, Pareto front, files')
  .option('--json', 'print the machine-readable result')
  .option('-q, --quiet', 'no progress and no remarks');

/** Writes the report of a sweep, if one is asked for: it is opened before anything is run. */
async function reported({ report, output, quiet }: SweepFlags, run: () => Promise<SweepResult>): Promise<SweepResult> {
  if (report === undefined) return run();
  if (output !== undefined && dirname(resolve(report)) === resolve(output)) {
    throw new QrailsError({ code: 'usage', where: '--report', message: 'the folder of a sweep holds nothing else', found: shownPath(report), expected: 'a file elsewhere' });
  }
  const page = await openBeside('--report', report);
  try {
    const result = await run();
    await page.write(renderSweepReport(result));
    await page.close();
    notice(`wrote ${shownPath(report)}`, { ...(quiet !== undefined && { quiet }) });
    return result;
  } catch (error) {
    await page.discard();
    throw error;
  }
}

const lines = (count: number): string => (count === 1 ? 'a line' : `${count} lines`);

const OUTCOMES: readonly Outcome[] = [...VERDICTS, 'error'];

/** Rate, and how the runs of this time ended. */
function progressText({ outcomes, perSecond }: SweepProgress): string {
  const counts = OUTCOMES.filter((outcome) => outcomes.has(outcome)).map((outcome) => `${outcomes.get(outcome)} ${outcome}`);
  return `${perSecond < 10 ? perSecond.toPrecision(2) : Math.round(perSecond)} runs/s · ${counts.join(', ')}`;
}

function partText({ name, part: [index, count], points, runs }: SweepPart, folder: string): string {
  return `part ${shardName({ index, count })} of ${name}: ${points} ${points === 1 ? 'point' : 'points'}, ${runs} ${runs === 1 ? 'run' : 'runs'}, all in ${shownPath(folder)}\nwhen every part is there: ${PROGRAM} sweep merge ${word(dirname(folder))}\n`;
}

function planText({ name, sweep: hash, points, seeds, firstSeed, runs, columns, first, parts, journalBytes }: SweepPlan): string {
  const rows = [
    ['points', `${points}`],
    ['seeds', seeds === 1 ? `1 (${firstSeed})` : `${seeds}, ${firstSeed} to ${firstSeed + seeds - 1}`],
    ['runs', `${runs}`],
    ...(parts.count === 1 ? [] : [['parts', `${parts.count} of ${points % parts.count === 0 ? '' : 'about '}${Math.round(parts.points)} points${parts.block === 1 ? '' : `, dealt in blocks of ${parts.block}`}`]]),
    ['journal', `at most ${bytesText(journalBytes)}`],
    ...first.map((values, point) => [`point ${point}`, columns.map((column, k) => `${printable(column)} ${show(values[k])}`).join(', ') || 'no axes']),
  ] as [string, string][];
  const width = Math.max(...rows.map(([label]) => label.length));
  return `${printable(name)} (sweep ${hash.slice(0, 8)})\n${rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}\n`).join('')}${points > first.length ? `  ${'…'.padEnd(width)}  ${points - first.length} more\n` : ''}`;
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
function bytesText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${UNITS[unit]}`;
}
