import { Option, type Command } from 'commander';
import { compare } from '../compare/compare.js';
import { BUILDS, type Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { openOutput, type OutputFile } from '../output/file.js';
import { renderComparison } from '../report/terminal.js';
import { createTrace, csvHeader, csvLine, ndjsonLine } from '../run/trace.js';
import { emit, jsonText, PROGRAM, type Context } from './context.js';
import { addCommon, addRunOptions, runOptions, type RunFlags } from './options.js';
import { createProgress } from './progress.js';

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
    .addOption(new Option('--part <share>', 'losses part where they differ by more than this share').default(0.1).argParser(Number))
    .option('--no-tries', 'look for no prescriptions')
    .addHelpText('after', `
Examples:
  $ qrails compare                                              gain drift, without and with the throttle
  $ qrails compare --profile enabol-tight --throttle none,gt0/secant,table
  $ qrails compare anchor-event --anchor none,fixed,event
  $ qrails compare --data log.csv --inputs a,b --targets y --profile mine.json
  $ qrails compare --trace run.csv --json -o result.json`)
    .action(async (experiment: string | undefined, flags: CompareFlags) => {
      const { signal, palette, width } = context();
      if (flags.part !== undefined && !(flags.part > 0)) throw new QrailsError({ code: 'usage', where: '--part', message: 'not a share', expected: 'a number above 0' });
      const trace = flags.trace === undefined ? undefined : await openTrace(flags.trace);
      const progress = await createProgress(flags.quiet === true);
      try {
        const result = await compare({
          ...runOptions(experiment, flags), signal, build: flags.core, parting: flags.part, tries: flags.tries,
          onProgress: (done, of, what) => progress.update(done, of, what),
          trace: trace && (({ plan, throttle, anchor }, dataset) => createTrace(plan, dataset, { throttle, anchor }, (row) => trace.file.write(trace.line(row)))),
        });
        await trace?.file.close();
        progress.stop();
        const plain = flags.output !== undefined && flags.output !== '-';
        await emit(flags.json ? jsonText(result) : renderComparison(result, { program: PROGRAM, ...(!plain && { palette, width }) }), flags);
      } catch (error) {
        await trace?.file.discard();
        throw error;
      } finally {
        progress.stop();
      }
    });
}

async function openTrace(path: string): Promise<{ file: OutputFile; line: typeof csvLine }> {
  const ndjson = path.endsWith('.ndjson');
  if (!ndjson && !path.endsWith('.csv')) throw new QrailsError({ code: 'usage', where: '--trace', message: 'an unknown kind of file', found: path, expected: 'a name that ends in .csv or .ndjson' });
  const file = await openOutput(path);
  if (!ndjson) await file.write(csvHeader());
  return { file, line: ndjson ? ndjsonLine : csvLine };
}
