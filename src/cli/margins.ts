import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_MARGIN_SEEDS, DEFAULT_SHARE, DEFAULT_TOLERANCE, LEAST_TOLERANCE, margins, MOST_MARGIN_SEEDS } from '../margins/margins.js';
import { MARGIN_KINDS, type MarginKind } from '../margins/registry.js';
import { renderMargins } from '../margins/text.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, type Context } from './context.js';
import { addCommon, addRunOptions, integer, list, runOptions, takesOne, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface MarginFlags extends RunFlags {
  readonly seeds: number;
  readonly share: number;
  readonly tolerance: number;
  readonly of?: MarginKind[];
}

const number = (least: number, most: number) => (text: string): number => {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
  return value;
};

export function addMargins(program: Command, context: () => Context): void {
  addCommon(takesOne(addRunOptions(program.command('margins').description('how far a plan is from failing: largest gain, rate, offset and noise, shortest words, the drift it stands least'))))
    .addOption(new Option('--seeds <n>', 'seeds a point is run under').default(DEFAULT_MARGIN_SEEDS).argParser(integer(1, MOST_MARGIN_SEEDS)))
    .addOption(new Option('--share <share>', 'share of the seeds that has to survive, for a point to survive').default(DEFAULT_SHARE).argParser(number(0.001, 1)))
    .addOption(new Option('--tolerance <share>', 'ends of a bracket differ by at most this share of the smaller').default(DEFAULT_TOLERANCE).argParser(number(LEAST_TOLERANCE, 1)))
    .addOption(new Option('--of <kinds>', `what is looked for, comma-separated: ${MARGIN_KINDS.join(', ')} (default: all)`).argParser(list))
    .notes('Every margin is measured alone, with all else as it is: docs/margins.md.')
    .examples(
      ['qrails margins', 'gain drift on enabol-mid, with its throttle'],
      ['qrails margins stress-gain --of gain,rate', 'two of them'],
      'qrails margins relu-4-8-2 --of words --seeds 5',
      'qrails margins exp-000c --seeds 20 --share 0.95 --json -o margins.json',
    )
    .action(async (experiment: string | undefined, flags: MarginFlags) => {
      const { signal, palette } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      const { seeds, share, tolerance, of } = flags;
      await emitFrom(async () => {
        const result = await withProgress(flags, (onProgress) => margins({ ...runOptions(experiment, flags), seeds, share, tolerance, of, signal, onProgress }));
        return flags.json ? jsonText(result) : renderMargins(result, toFile ? {} : { palette });
      }, flags);
    });
}
