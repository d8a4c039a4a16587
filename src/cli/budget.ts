import { Option } from 'commander';
import { DEFAULT_BUDGET_SEEDS, errorBudget, MOST_BUDGET_SEEDS } from '../budget/budget.js';
import { renderBudget } from '../budget/text.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, type Context } from './context.js';
import { addCommon, addRunOptions, integer, runOptions, takesOne, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

export function addBudget(program: Command, context: () => Context): void {
  addCommon(takesOne(addRunOptions(program.command('budget').description('error budget: what each quantiser costs in final loss and weight error, alone and together, in every rounding'))))
    .addOption(new Option('--seeds <n>', 'medians over so many seeds').default(DEFAULT_BUDGET_SEEDS).argParser(integer(1, MOST_BUDGET_SEEDS)))
    .notes('Runs float64 with the quantisers of chosen sites: docs/budget.md.')
    .examples(
      ['qrails budget', 'gain drift on enabol-mid, with its throttle'],
      'qrails budget exp-000a --profile enabol-tight --throttle none',
      'qrails budget relu-4-8-2 --seeds 1 --json -o budget.json',
    )
    .action(async (experiment: string | undefined, flags: RunFlags & { readonly seeds: number }) => {
      const { signal, palette } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      await emitFrom(async () => {
        const result = await withProgress(flags, (onProgress) => errorBudget({ ...runOptions(experiment, flags), seeds: flags.seeds, signal, onProgress }));
        return flags.json ? jsonText(result) : renderBudget(result, toFile ? {} : { palette });
      }, flags);
    });
}
