import { dirname, resolve } from 'node:path';
import { baselineText, loadBaseline } from '../check/file.js';
import { recordBaseline, updateBaseline } from '../check/baseline.js';
import { checkBaseline } from '../check/check.js';
import { diffBaselines } from '../check/diff.js';
import { diffText } from '../check/diffText.js';
import { checkText, type Paint } from '../check/print.js';
import { summariseBaseline, summaryText } from '../check/summary.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, type CommonOptions, type Context } from './context.js';
import { addCommon, addRunOptions, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

/** Exit code of a check that fails, and of a difference under `--exit-code`. */
const FAILED = 1;

interface RecordFlags extends RunFlags {
  readonly about?: string;
}

interface DiffFlags extends CommonOptions {
  readonly exitCode?: boolean;
}

export function addChecks(program: Command, context: () => Context): void {
  const baseline = program.command('baseline').description('record what a run does, to hold later ones against it');
  addCommon(addRunOptions(baseline.command('record').description('run a comparison and write its baseline, reviewable JSON')))
    .option('--about <text>', 'what this baseline is for')
    .examples(
      'qrails baseline record --profile enabol-mid -o baseline.json',
      'qrails check baseline.json',
    )
    .action(async (experiment: string | undefined, flags: RecordFlags) => {
      const folder = flags.output !== undefined && flags.output !== '-' ? dirname(resolve(flags.output)) : process.cwd();
      const record = { folder, ...(flags.about !== undefined && { about: flags.about }) };
      await emitFrom(() => withProgress(flags, async (onProgress) =>
        baselineText(await recordBaseline({ ...runOptions(experiment, flags), signal: context().signal, onProgress }, record))), flags);
    });
  addCommon(baseline.command('update').description('record anew what a baseline describes; bounds stay').argument('<baseline>', 'a baseline'))
    .examples('qrails baseline update baseline.json')
    .action(async (file: string, flags: CommonOptions) => {
      const loaded = await loadBaseline(file);
      await emitFrom(() => withProgress(flags, async (onProgress) =>
        baselineText(await updateBaseline(loaded.baseline, { directory: loaded.directory, signal: context().signal, onProgress }))), { ...flags, output: flags.output ?? file });
    });
  addCommon(baseline.command('show').description('say what a baseline holds: what was compared, metrics, bounds and their reasons').argument('<baseline>', 'a baseline, or - for standard input'))
    .examples('qrails baseline show baseline.json')
    .action(async (file: string, flags: CommonOptions) => {
      const summary = summariseBaseline((await loadBaseline(file)).baseline);
      await emitFrom(() => Promise.resolve(flags.json ? jsonText(summary) : summaryText(summary)), flags);
    });
  addCommon(baseline.command('diff').description('say what moved between two baselines, or between one and a run of today, and what changed in the plan')
    .argument('<baseline>', 'a baseline').argument('[other]', 'another; without it, what the first describes is run'))
    .option('--exit-code', `end with exit code ${FAILED} if they differ`)
    .examples(['qrails baseline diff baseline.json', 'against a run of today'], 'qrails baseline diff before.json after.json --exit-code')
    .action(async (a: string, b: string | undefined, flags: DiffFlags) => {
      const before = await loadBaseline(a);
      const after = b === undefined ? undefined : await loadBaseline(b);
      await emitFrom(async () => {
        const now = after?.baseline ?? (await withProgress(flags, (onProgress) => updateBaseline(before.baseline, { directory: before.directory, signal: context().signal, onProgress })));
        const diff = diffBaselines(before.baseline, now);
        if (flags.exitCode && !diff.equal) process.exitCode = FAILED;
        return flags.json ? jsonText(diff) : diffText(diff, a, b ?? 'now');
      }, flags);
    });
  addCommon(program.command('check').description('run what a baseline describes and say what moved; exit code 1 if that is more than it allows').argument('<baseline>', 'a baseline, or - for standard input'))
    .examples('qrails check baseline.json')
    .action(async (file: string, flags: CommonOptions) => {
      const { signal, palette } = context();
      const { baseline: recorded, directory } = await loadBaseline(file);
      const paint: Paint = (style, text) => (style === 'passed' ? palette.green(text) : style === 'failed' ? palette.red(text) : palette.dim(text));
      const toFile = flags.output !== undefined && flags.output !== '-';
      await emitFrom(async () => {
        const result = await withProgress(flags, (onProgress) => checkBaseline(recorded, { directory, signal, onProgress }));
        if (!result.passed) process.exitCode = FAILED;
        return flags.json ? jsonText(result) : checkText(result, toFile ? {} : { paint });
      }, flags);
    });
}
