import { compare } from '../compare/compare.js';
import { renderInspection } from '../report/inspect.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, type Context } from './context.js';
import { addCommon, addRunOptions, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

export function addInspect(program: Command, context: () => Context): void {
  addCommon(addRunOptions(program.command('inspect').description('the flight recorder: what happened at every site, when, and from which operands')))
    .notes(`
Columns: share of values over the upper and lower rail, within 5 % of one, and rounded to zero; steps in which the layer stood still there;
bias: mean of result minus exact value, in last places; histogram of log2 |raw| up to the rail.`)
    .examples(
      'qrails inspect --throttle none',
      'qrails inspect exp-000c --profile enabol-tight --throttle gt0/secant',
    )
    .action(async (experiment: string | undefined, flags: RunFlags) => {
      const { signal, palette } = context();
      await emitFrom(async () => {
        const result = await withProgress(flags, (onProgress) => compare({ ...runOptions(experiment, flags), record: 'full', tries: false, signal, onProgress }));
        return flags.json ? jsonText(result) : renderInspection(result, flags.output === undefined ? { palette } : {});
      }, flags);
    });
}
