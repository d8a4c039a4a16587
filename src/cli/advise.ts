import { InvalidArgumentError, Option } from 'commander';
import { advise, DEFAULT_ADVISE_SEEDS, MOST_ADVISE_SEEDS } from '../advise/advise.js';
import { ADVISE_COST_NAMES, ADVISE_COSTS, type AdviseCost } from '../advise/cost.js';
import { profileAt } from '../advise/point.js';
import { drawFront } from '../advise/picture.js';
import { renderAdvice } from '../advise/text.js';
import { printable } from '../document/show.js';
import { ROUNDINGS, type Rounding } from '../format/modes.js';
import { svgOf } from '../map/svg.js';
import { openOutput } from '../output/file.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, notice, type Context } from './context.js';
import { addCommon, addRunOptions, integer, list, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface AdviseFlags extends RunFlags {
  readonly seeds: number;
  readonly stress?: string[];
  readonly survive?: number;
  readonly lossRatio?: number;
  readonly maxLoss?: number;
  readonly cost: AdviseCost;
  readonly words?: number[];
  readonly sites?: string[];
  readonly roundings?: Rounding[];
  readonly rates?: number[];
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
    .addOption(new Option('--cost <kind>', ADVISE_COST_NAMES.map((name) => `${name}: ${ADVISE_COSTS[name]}`).join('; ')).choices(ADVISE_COST_NAMES).default('bits'))
    .addOption(new Option('--words <list>', 'lengths words can have (default: any; 8,16,32,64 where the target has no others)').argParser(numbers))
    .addOption(new Option('--sites <list>', 'sites to propose formats for (default: all of the learning step)').argParser(list))
    .addOption(new Option('--roundings <list>', `modes to try at each site, cheapest first: ${ROUNDINGS.join(', ')} (default: the target's)`).argParser(list))
    .addOption(new Option('--rates <list>', 'multiples of the learning rates to try (default: 1)').argParser(numbers))
    .addOption(new Option('--point <n>', 'print the profile of this point of the front in place of the proposal').argParser(integer(0, 9999)))
    .option('--svg <file>', 'the front as a picture')
    .notes('Prints the proposed profile; what it is founded on goes to standard error. Several throttles are all searched. See docs/advise.md.')
    .examples(
      ['qrails advise exp-000c --profile enabol-mid --max-loss 1e-3 -o mine.json', 'then: qrails compare exp-000c --profile ./mine.json'],
      'qrails advise relu-4-8-2 --stress none,gain-offset --seeds 3 --cost memory',
      'qrails advise exp-000a --throttle none,gt0/secant --rates 1,0.5 --json',
    );
  command.options.find(({ long }) => long === '--throttle')!.description = "throttles to search with (default: the experiment's)";
  command.options.find(({ long }) => long === '--anchor')!.description = "one anchor (default: the experiment's)";
  command.action(async (experiment: string | undefined, flags: AdviseFlags) => {
    const { signal, palette } = context();
    const { seeds, stress, survive, lossRatio, maxLoss, cost, words, sites, roundings, rates } = flags;
    const picture = flags.svg === undefined ? undefined : await openOutput(flags.svg);
    let unmet = false;
    try {
      await emitFrom(async () => {
        const result = await withProgress(flags, (onProgress) => advise({ ...runOptions(experiment, flags), seeds, stress, survive, lossRatio, maxLoss, cost, words, sites, roundings, rates, signal, onProgress }));
        if (picture) {
          await picture.write(svgOf(drawFront(result)));
          await picture.close();
          notice(`wrote ${printable(flags.svg!, 400)}`, flags);
        }
        unmet = result.proposal === null;
        if (flags.json) return jsonText(result);
        notice(renderAdvice(result, process.stderr.isTTY ? { palette } : {}).trimEnd(), flags);
        const profile = flags.point === undefined ? result.proposal : profileAt(result, flags.point);
        return profile === null ? '' : jsonText(profile);
      }, flags);
    } catch (error) {
      await picture?.discard();
      throw error;
    }
    if (unmet) process.exitCode = 1;
  });
}
