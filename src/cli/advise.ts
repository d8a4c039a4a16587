import { InvalidArgumentError, Option } from 'commander';
import { advise } from '../advise/advise.js';
import { ADVISE_COST_NAMES, ADVISE_COSTS, type AdviseCost } from '../advise/cost.js';
import { GUARD_NAMES, GUARDS, type Guard } from '../advise/guard.js';
import { DEFAULT_ADVISE_SEEDS, MOST_ADVISE_SEEDS, type AdviseOptions } from '../advise/options.js';
import { profileAt } from '../advise/point.js';
import { drawFront } from '../advise/picture.js';
import { adviseTargets } from '../advise/targets.js';
import { renderAdvice, renderTargetAdvice } from '../advise/text.js';
import { shellWord } from '../compare/command.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { OVERFLOWS, ROUNDINGS, type Overflow, type Rounding } from '../format/modes.js';
import { svgOf } from '../map/svg.js';
import { openOutput } from '../output/file.js';
import type { Advice, TargetAdvice } from '../schema/advice.js';
import { Interrupted } from '../sweep/interrupted.js';
import { MOST_WORKERS } from '../sweep/sweep.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, notice, PROGRAM, type Context } from './context.js';
import { addCommon, addRunOptions, integer, list, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface AdviseFlags extends RunFlags {
  readonly seeds: number;
  readonly stress?: string[];
  readonly survive?: number;
  readonly lossRatio?: number;
  readonly maxLoss?: number;
  readonly sqnr?: number;
  readonly guard: Guard;
  readonly cost: AdviseCost;
  readonly words?: number[];
  readonly sites?: string[];
  readonly roundings?: Rounding[];
  readonly overflows?: Overflow[];
  readonly rates?: number[];
  readonly workers?: number;
  readonly journal?: string;
  readonly resume?: boolean;
  readonly point?: number;
  readonly svg?: string;
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
};
const numbers = (text: string): number[] => list(text).map(number);

export function addAdvise(program: Command, context: () => Context): void {
  const command = addCommon(addRunOptions(program.command('advise').description('the cheapest formats with which this learner survives, with a reason for each, as a profile')))
    .addOption(new Option('--stress <list>', "sensors it must survive, comma-separated (default: the run's own)").argParser(list))
    .addOption(new Option('--seeds <n>', 'seeds under each').default(DEFAULT_ADVISE_SEEDS).argParser(integer(1, MOST_ADVISE_SEEDS)))
    .addOption(new Option('--survive <share>', 'of the seeds that must survive under each stress (default: 1)').argParser(number))
    .addOption(new Option('--loss-ratio <n>', 'largest median of final loss over that of float64').argParser(number))
    .addOption(new Option('--max-loss <n>', 'largest median final loss').argParser(number))
    .addOption(new Option('--sqnr <n>', "smallest median ratio, dB, of the outputs' power to that of their difference from float64's").argParser(number))
    .addOption(new Option('--guard <kind>', GUARD_NAMES.map((name) => `${name}: ${GUARDS[name]}`).join('; ')).choices(GUARD_NAMES).default('measured'))
    .addOption(new Option('--cost <kind>', ADVISE_COST_NAMES.map((name) => `${name}: ${ADVISE_COSTS[name]}`).join('; ')).choices(ADVISE_COST_NAMES).default('bits'))
    .addOption(new Option('--words <list>', 'lengths words can have (default: any; 8,16,32,64 where the target has no others)').argParser(numbers))
    .addOption(new Option('--sites <list>', 'sites to propose formats for (default: all of the learning step and of controllers, but for what supervisors and event detectors watch)').argParser(list))
    .addOption(new Option('--roundings <list>', `modes to try at each site, cheapest first: ${ROUNDINGS.join(', ')} (default: the target's)`).argParser(list))
    .addOption(new Option('--overflows <list>', `modes to try at each site, cheapest first: ${OVERFLOWS.join(', ')} (default: the target's)`).argParser(list))
    .addOption(new Option('--rates <list>', 'multiples of the learning rates to try (default: 1)').argParser(numbers))
    .addOption(new Option('--point <n>', 'print the profile of this point of the front in place of the proposal').argParser(integer(0, 9999)))
    .option('--svg <file>', 'the front as a picture')
    .addOption(new Option('--workers <n>', 'threads (default: one a core); never changes a result').argParser(integer(1, MOST_WORKERS)))
    .option('--journal <folder>', 'keep every run in this folder, to go on with')
    .option('--resume', 'go on with the journal that is there, if one is')
    .notes(`
Prints the proposed profile; what it is founded on goes to standard error. Several throttles are all searched. Several targets: --profile takes names or paths,
comma-separated; each has advice of its own, and the profile of the one that does with least is printed. See docs/advise.md.`)
    .examples(
      ['qrails advise exp-000c --profile enabol-mid --max-loss 1e-3 -o mine.json', 'then: qrails compare exp-000c --profile ./mine.json'],
      'qrails advise relu-4-8-2 --stress none,gain-offset --seeds 3 --cost memory',
      'qrails advise exp-000a --throttle none,gt0/secant --rates 1,0.5 --json',
      'qrails advise exp-000c --profile avr-q7,cortex-m4-q15 --cost memory --guard interval',
      ['qrails advise relu-4-8-2 --journal relu.advice --resume', 'goes on after Ctrl-C or kill -9'],
    );
  command.options.find(({ long }) => long === '--throttle')!.description = "throttles to search with (default: the experiment's)";
  command.options.find(({ long }) => long === '--anchor')!.description = "one anchor (default: the experiment's)";
  command.action(async (experiment: string | undefined, flags: AdviseFlags) => {
    const { signal, palette } = context();
    const { seeds, stress, survive, lossRatio, maxLoss, sqnr, guard, cost, words, sites, roundings, overflows, rates, workers, journal, resume } = flags;
    const { profile, ...run } = runOptions(experiment, flags);
    const profiles = profile?.split(',').map((name) => name.trim()) ?? [];
    if (profiles.includes('')) throw new QrailsError({ code: 'usage', where: '--profile', message: 'an entry of the list is empty', found: printable(profile!), expected: 'names or paths between commas' });
    const several = profiles.length > 1;
    if (several && (flags.svg !== undefined || flags.point !== undefined)) throw new QrailsError({ code: 'usage', where: '--svg, --point', message: 'fronts are those of one target', found: printable(profile!), expected: 'one --profile' });
    const picture = flags.svg === undefined ? undefined : await openOutput(flags.svg);
    let unmet = false;
    try {
      await emitFrom(async () => {
        const result = await withProgress(flags, async (onProgress): Promise<Advice | TargetAdvice> => {
          const options: AdviseOptions = { ...run, seeds, stress, survive, lossRatio, maxLoss, sqnr, guard, cost, words, sites, roundings, overflows, rates, workers, journal, resume, signal, onProgress };
          try {
            return several ? await adviseTargets({ ...options, profiles }) : await advise({ ...options, profile });
          } catch (error) {
            if (error instanceof Interrupted) throw new Interrupted(error.kept, commandWith(resume === true ? [] : ['--resume']));
            const lost = journal === undefined && signal?.aborted && error instanceof Error && error.name === 'AbortError';
            throw lost ? new Interrupted('nothing was left behind: only a journal keeps runs, to go on with', commandWith(['--journal', 'FOLDER']), 'next time') : error;
          }
        });
        if (picture) {
          await picture.write(svgOf(drawFront(result as Advice)));
          await picture.close();
          notice(`wrote ${printable(flags.svg!, 400)}`, flags);
        }
        const chosen = 'targetAdvice' in result ? result.targets.find(({ given }) => given === result.cheapest)?.advice : result;
        const proposal = chosen?.proposal ?? null;
        unmet = proposal === null;
        if (flags.json) return jsonText(result);
        const shown = process.stderr.isTTY ? { palette } : {};
        notice(('targetAdvice' in result ? renderTargetAdvice(result, shown) : renderAdvice(result, shown)).trimEnd(), flags);
        const printed = flags.point === undefined ? proposal : profileAt(chosen!, flags.point);
        return printed === null ? '' : jsonText(printed);
      }, flags);
    } catch (error) {
      await picture?.discard();
      throw error;
    }
    if (unmet) process.exitCode = 1;
  });
}

/** The same command line with more options. */
const commandWith = (options: readonly string[]): string => [PROGRAM, ...process.argv.slice(2).map(shellWord), ...options].join(' ');
