import { InvalidArgumentError, Option, type Command } from 'commander';
import { resolve } from 'node:path';
import { compare } from '../compare/compare.js';
import { compareTargets, FEWEST_TARGETS, MOST_TARGETS } from '../compare/targets.js';
import { BUILDS, type Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { openOutput, type OutputFile } from '../output/file.js';
import { renderTargets } from '../report/targets.js';
import { renderComparison } from '../report/terminal.js';
import { DEFAULT_PARTING } from '../run/pair.js';
import { createTrace, csvHeader, csvLine, ndjsonLine } from '../run/trace.js';
import { emitFrom, jsonText, PROGRAM, type Context } from './context.js';
import { addCommon, addRunOptions, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface CompareFlags extends RunFlags {
  readonly trace?: string;
  readonly core?: Build;
  readonly part?: number;
  readonly tries?: boolean;
}

export function addCompare(program: Command, context: () => Context): void {
  const command = program.command('compare').description('run a learner in float64 and on a chip, side by side: does it survive, why not, what to try');
  addCommon(addRunOptions(command))
    .option('--trace <file>', 'one row a step with every quantity, .csv or .ndjson')
    .addOption(new Option('--core <build>', 'build of the core (same bits)').choices(Object.keys(BUILDS)))
    .addOption(new Option('--part <share>', 'losses part where they differ by more than this share').default(DEFAULT_PARTING).argParser(share))
    .option('--no-tries', 'look for no prescriptions')
    .addHelpText('after', `
Several targets: --profile takes ${FEWEST_TARGETS} to ${MOST_TARGETS} names or paths, comma-separated. The learner runs once on each, under one throttle and one anchor
(default the experiment's own), and is shown where it parts from its float64 run and from the first of the targets: at which step, site and
element, and from which operands. A target that cannot run the experiment has a row that says why; only where all refuse is it an error.

Examples:
  $ qrails compare                                              gain drift, without and with the throttle
  $ qrails compare --profile enabol-tight --throttle none,gt0/secant,table
  $ qrails compare --profile enabol-wide,enabol-mid,enabol-tight     three targets, and where they part
  $ qrails compare anchor-event --anchor none,fixed,event
  $ qrails compare --data log.csv --inputs a,b --targets y --profile mine.json
  $ qrails compare --trace run.csv --json -o result.json`)
    .action(async (experiment: string | undefined, flags: CompareFlags) => {
      const { signal, palette, width, wrap } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      const profiles = severalTargets(flags);
      if (profiles) {
        await emitFrom(async () => {
          const { profile: _, ...options } = runOptions(experiment, flags);
          const result = await withProgress(flags, (onProgress) => compareTargets({ ...options, profiles, signal, build: flags.core, onProgress }));
          return flags.json ? jsonText(result) : renderTargets(result, toFile ? {} : { palette, width, wrap });
        }, flags);
        return;
      }
      if (toFile && flags.trace !== undefined && resolve(flags.output) === resolve(flags.trace)) {
        throw new QrailsError({ code: 'usage', where: '--output, --trace', message: 'both name the same file', found: printable(flags.trace), expected: 'two files' });
      }
      await emitFrom(async () => {
        const trace = flags.trace === undefined ? undefined : await openTrace(flags.trace);
        try {
          const result = await withProgress(flags, (onProgress) => compare({
            ...runOptions(experiment, flags), signal, build: flags.core, parting: flags.part, tries: flags.tries, onProgress,
            trace: trace && (({ plan, throttle, anchor }, dataset) => createTrace(plan, dataset, { throttle, anchor }, (row) => trace.file.write(trace.line(row)))),
          }));
          await trace?.file.close();
          return flags.json ? jsonText(result) : renderComparison(result, { program: PROGRAM, ...(!toFile && { palette, width, wrap }) });
        } catch (error) {
          await trace?.file.discard();
          throw error;
        }
      }, flags);
    });
}

/** Targets of a list; undefined for one name, or none. */
function severalTargets({ profile, trace }: CompareFlags): string[] | undefined {
  if (profile?.includes(',') !== true) return undefined;
  const profiles = profile.split(',').map((entry) => entry.trim());
  if (profiles.includes('')) throw new QrailsError({ code: 'usage', where: '--profile', message: 'an entry of the list is empty', found: printable(profile), expected: 'names or paths between commas' });
  if (trace !== undefined) throw new QrailsError({ code: 'usage', where: '--trace', message: 'takes one target', found: printable(profile), expected: 'one name or path in --profile' });
  return profiles;
}

/** A share as `--part` takes it. */
function share(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

async function openTrace(path: string): Promise<{ file: OutputFile; line: typeof csvLine }> {
  const ndjson = path.endsWith('.ndjson');
  if (!ndjson && !path.endsWith('.csv')) throw new QrailsError({ code: 'usage', where: '--trace', message: 'an unknown kind of file', found: printable(path), expected: 'a name that ends in .csv or .ndjson' });
  const file = await openOutput(path);
  if (!ndjson) await file.write(csvHeader());
  return { file, line: ndjson ? ndjsonLine : csvLine };
}
