import { InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';
import { compare } from '../compare/compare.js';
import { compareSeeds, FEWEST_SEEDS, MOST_SEEDS, ONE_SEED } from '../compare/seeds.js';
import { compareTargets, FEWEST_TARGETS, MOST_TARGETS } from '../compare/targets.js';
import { BUILDS, type Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { report } from '../report/html/report.js';
import { renderSeeds, seedsCsv } from '../report/seeds.js';
import { renderTargets } from '../report/targets.js';
import { renderComparison } from '../report/terminal.js';
import { DEFAULT_PARTING } from '../run/pair.js';
import { createTrace } from '../run/trace.js';
import { openTraceFile } from '../run/traceFile.js';
import { checkBeside, openBeside } from './beside.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, PROGRAM, type Context } from './context.js';
import { addCommon, addRunOptions, integer, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface CompareFlags extends RunFlags {
  readonly trace?: string;
  readonly report?: string;
  readonly core?: Build;
  readonly part?: number;
  readonly tries?: boolean;
  readonly seeds?: number;
  readonly csv?: string;
}

export function addCompare(program: Command, context: () => Context): void {
  const command = program.command('compare').description('run a learner in float64 and on a chip, side by side: does it survive, why not, what to try');
  addCommon(addRunOptions(command))
    .option('--trace <file>', 'one row a step with every quantity: .csv, .ndjson, .parquet or .npy')
    .option('--report <file>', 'all of it as one HTML file: curves, sites, first events; records in full')
    .addOption(new Option('--core <build>', 'build of the core (same bits)').choices(Object.keys(BUILDS)))
    .addOption(new Option('--part <share>', 'losses part where they differ by more than this share').default(DEFAULT_PARTING).argParser(share))
    .option('--no-tries', 'look for no prescriptions')
    .addOption(new Option('--seeds <n>', 'run under n seeds, from --seed on: medians with intervals, controllers paired by seed').argParser(integer(FEWEST_SEEDS, MOST_SEEDS, ONE_SEED)))
    .option('--csv <file>', 'with --seeds: one row for every seed, run and side')
    .notes(`
Several targets: --profile takes ${FEWEST_TARGETS} to ${MOST_TARGETS} names or paths, comma-separated. The learner runs once on each, under one throttle and one anchor
(default the experiment's own), and is shown where it parts from its float64 run and from the first of the targets: at which step, site and
element, and from which operands. A target that cannot run the experiment has a row that says why; only where all refuse is it an error.`)
    .examples(
      ['qrails compare', 'gain drift, without and with the throttle'],
      'qrails compare --profile enabol-tight --throttle none,gt0/secant,table',
      ['qrails compare --profile enabol-wide,enabol-mid,enabol-tight', 'three targets, and where they part'],
      'qrails compare anchor-event --anchor none,fixed,event',
      'qrails compare --seeds 100 --csv seeds.csv',
      'qrails compare --data log.csv --inputs a,b --targets y --profile mine.json',
      'qrails compare --trace run.parquet --json -o result.json',
      'qrails compare --report report.html',
    )
    .action(async (experiment: string | undefined, flags: CompareFlags) => {
      const { signal, palette, width, wrap } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      checkSeedFlags(flags, command.getOptionValueSource('part') === 'cli');
      if (flags.seeds !== undefined) {
        const { seeds } = flags;
        await emitFrom(async () => {
          const csv = flags.csv === undefined ? undefined : await openBeside('--csv', flags.csv);
          try {
            const result = await withProgress(flags, (onProgress) => compareSeeds({ ...runOptions(experiment, flags), seeds, signal, build: flags.core, onProgress }));
            for (const line of csv ? seedsCsv(result) : []) await csv!.write(line);
            await csv?.close();
            return flags.json ? jsonText(result) : renderSeeds(result, toFile ? {} : { palette, width, wrap });
          } catch (error) {
            await csv?.discard();
            throw error;
          }
        }, flags);
        return;
      }
      const profiles = severalTargets(flags, command.getOptionValueSource('part') === 'cli');
      if (profiles) {
        await emitFrom(async () => {
          const { profile: _, ...options } = runOptions(experiment, flags);
          const result = await withProgress(flags, (onProgress) => compareTargets({ ...options, profiles, signal, build: flags.core, onProgress }));
          return flags.json ? jsonText(result) : renderTargets(result, toFile ? {} : { palette, width, wrap });
        }, flags);
        return;
      }
      checkFiles(flags);
      if (flags.trace !== undefined) checkBeside('--trace', flags.trace);
      await emitFrom(async () => {
        const trace = flags.trace === undefined ? undefined : await openTraceFile(flags.trace);
        const page = flags.report === undefined ? undefined : await openBeside('--report', flags.report).catch(async (error: unknown) => {
          await trace?.discard();
          throw error;
        });
        try {
          const result = await withProgress(flags, async (onProgress) => {
            const options = { ...runOptions(experiment, flags), signal, build: flags.core, parting: flags.part, tries: flags.tries, onProgress };
            if (page) {
              const { comparison, html } = await report({ ...options, onRow: trace && ((row) => trace.add(row)) });
              await page.write(html);
              return comparison;
            }
            return compare({ ...options, trace: trace && (({ plan, throttle, anchor }, dataset) => createTrace(plan, dataset, { throttle, anchor }, (row) => trace.add(row))) });
          });
          await trace?.close();
          await page?.close();
          return flags.json ? jsonText(result) : renderComparison(result, { program: PROGRAM, ...(!toFile && { palette, width, wrap }) });
        } catch (error) {
          await trace?.discard();
          await page?.discard();
          throw error;
        }
      }, flags);
    });
}

/** Refuses two outputs that go to one file. */
function checkFiles({ output, trace, report: page }: CompareFlags): void {
  const files = Object.entries({ '--output': output === '-' ? undefined : output, '--trace': trace, '--report': page }).filter(([, file]) => file !== undefined) as [string, string][];
  for (const [index, [option, file]] of files.entries()) {
    const same = files.slice(0, index).find(([, other]) => resolve(other) === resolve(file));
    if (same) throw new QrailsError({ code: 'usage', where: `${same[0]}, ${option}`, message: 'both name the same file', found: printable(file), expected: 'two files' });
  }
}

/** Refuses what many seeds do not go with, and what goes only with them. */
function checkSeedFlags({ seeds, csv, profile, trace, report: page, output }: CompareFlags, part: boolean): void {
  const usage = (where: string, message: string, expected: string): never => {
    throw new QrailsError({ code: 'usage', where, message, expected });
  };
  if (seeds === undefined) {
    if (csv !== undefined) usage('--csv', 'is for the values of many seeds', '--seeds too; or --trace for every step of one seed');
    return;
  }
  if (profile?.includes(',') === true) usage('--seeds, --profile', 'many seeds are run on one target', 'one name or path in --profile');
  if (trace !== undefined) usage('--seeds, --trace', 'a trace is of one seed', 'one of them');
  if (page !== undefined) usage('--seeds, --report', 'a report is of one seed', 'one of them');
  if (part) usage('--seeds, --part', 'where losses part is told of one seed', 'one of them');
  if (csv !== undefined && output !== undefined && output !== '-' && resolve(csv) === resolve(output)) usage('--output, --csv', 'both name the same file', 'two files');
}

/** Targets of a list; undefined for one name, or none. */
function severalTargets({ profile, trace, report: page }: CompareFlags, part: boolean): string[] | undefined {
  if (profile?.includes(',') !== true) return undefined;
  const profiles = profile.split(',').map((entry) => entry.trim());
  if (profiles.includes('')) throw new QrailsError({ code: 'usage', where: '--profile', message: 'an entry of the list is empty', found: printable(profile), expected: 'names or paths between commas' });
  const single = trace !== undefined ? '--trace' : page !== undefined ? '--report' : part ? '--part' : undefined;
  if (single !== undefined) throw new QrailsError({ code: 'usage', where: single, message: 'takes one target', found: printable(profile), expected: 'one name or path in --profile' });
  return profiles;
}

/** A share as `--part` takes it. */
export function share(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}
