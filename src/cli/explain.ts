import { explain } from '../explain/explain.js';
import { renderExplanation } from '../explain/text.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, PROGRAM, type Context } from './context.js';
import { addCommon, addRunOptions, runOptions, takesOne, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

export function addExplain(program: Command, context: () => Context): void {
  addCommon(takesOne(addRunOptions(program.command('explain').description('why a run failed: the first site to meet a rail, what it fed, what the controller did, and the smallest changes that would have saved it'))))
    .notes('Every cause and every change named was run: docs/explain.md. Of a run that survives it says what is nearest to failing.')
    .examples(
      ['qrails explain stress-rails', 'a weight that does not fit its word'],
      ['qrails explain exp-000b --throttle none', 'gain drift, without a throttle'],
      'qrails explain stress-accumulator --json -o why.json',
    )
    .action(async (experiment: string | undefined, flags: RunFlags) => {
      const { signal, palette } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      await emitFrom(async () => {
        const result = await withProgress(flags, (onProgress) => explain({ ...runOptions(experiment, flags), signal, onProgress }));
        return flags.json ? jsonText(result) : renderExplanation(result, { program: PROGRAM, ...(!toFile && { palette }) });
      }, flags);
    });
}
