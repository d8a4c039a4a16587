import { Option } from 'commander';
import { prepare } from '../compare/prepare.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { writeOutputFolder } from '../export/folder.js';
import { exportBundle } from '../export/golden/bundle.js';
import { coverage } from '../export/golden/cGolden.js';
import { runPair } from '../run/pair.js';
import { MOST_STEPS } from '../schema/common.js';
import { VERSION } from '../version.js';
import type { Command } from './command.js';
import { emit, jsonText, notice, type CommonOptions, type Context } from './context.js';
import { addLanguages } from './exportHdl.js';
import { addRunOptions, integer, runOptions, takesOne, type RunFlags } from './options.js';

interface ExportFlags extends RunFlags {
  readonly name?: string;
  readonly prefix?: string;
  readonly force?: boolean;
  readonly trained?: boolean;
  readonly kernel?: boolean;
  readonly golden?: boolean;
  readonly goldenSteps?: number;
  readonly singleHeader?: boolean;
  readonly progmem?: boolean;
  readonly cmsisOrder?: boolean;
  readonly attribute?: string;
}

const DEFAULT_NAME = 'qrails_plan';

export function addExport(program: Command, context: () => Context): void {
  const group = program.command('export').description('tables, code and golden values for firmware and hardware');
  addLanguages(group, context);
  takesOne(addRunOptions(group.command('c').description('tables, kernel and golden values of one plan as C, bit for bit what was simulated, with a self-test')))
    .requiredOption('-o, --output <folder>', 'folder to make; written whole or not at all')
    .option('--kernel', 'the learner and its controllers as C')
    .option('--golden', 'golden values: what must come out at every step, as C, CSV, NumPy and NDJSON')
    .addOption(new Option('--golden-steps <n>', 'golden values of the first n steps (default: as many as fit)').argParser(integer(1, MOST_STEPS)))
    .option('--trained', 'tables of the weights after the run as well; a kernel begins with them')
    .option('--name <identifier>', `name of the files and prefix of what they define (default: "${DEFAULT_NAME}")`)
    .option('--prefix <identifier>', 'the same as --name')
    .option('--single-header', 'the tables in one header, with static definitions')
    .option('--progmem', 'tables and golden values in the program memory of an AVR')
    .option('--cmsis-order', 'every table of weights in the order of CMSIS-DSP as well')
    .option('--attribute <text>', 'stands after every table: a section, an alignment')
    .option('--force', 'replace the folder if it exists')
    .option('--json', 'print the manifest')
    .option('-q, --quiet', 'no remarks')
    .notes(`
Build and run what it wrote:
  $ cc -std=c99 DIR/*.c -o selftest && ./selftest`)
    .examples(
      'qrails export c --profile enabol-mid -o firmware/tables',
      'qrails export c --kernel --golden -o firmware/learner',
      'qrails export c stream --profile cortex-m4-q15 --throttle table --trained -o tables',
    )
    .action(async (experiment: string | undefined, flags: ExportFlags) => {
      for (const option of ['throttle', 'anchor'] as const) {
        const names = flags[option] ?? [];
        if (names.length > 1) throw new QrailsError({ code: 'usage', where: `--${option}`, message: 'an export is of one plan', found: printable(names.join(',')), expected: 'one name' });
      }
      if (flags.name !== undefined && flags.prefix !== undefined && flags.name !== flags.prefix) {
        throw new QrailsError({ code: 'usage', where: '--prefix', message: 'is the same as --name', found: printable(`${flags.name} and ${flags.prefix}`), expected: 'one of them' });
      }
      const golden = flags.goldenSteps ?? flags.golden;
      if (flags.trained && golden !== undefined) {
        throw new QrailsError({
          code: 'usage', where: '--trained', message: 'golden values are of a run from its beginning, not of one that goes on with trained weights',
          found: '--trained with golden values', expected: 'one of them', try: 'two exports into two folders',
        });
      }
      const { singleHeader, progmem, cmsisOrder, attribute } = flags;
      const prepared = await prepare(runOptions(experiment, flags));
      // The last variant has the experiment's own controllers where none were named.
      const { plan, hash, throttle, anchor } = prepared.variants.at(-1)!;
      const trained = flags.trained ? (await runPair(plan, prepared.dataset, { signal: context().signal })).fixed.parametersRaw : undefined;
      const { files, manifest, golden: values } = await exportBundle(plan, prepared.dataset, {
        name: flags.name ?? flags.prefix ?? DEFAULT_NAME, title: prepared.experiment.title ?? prepared.experiment.name, experiment: prepared.experiment.name,
        profile: prepared.profile.name, sensor: prepared.sensor.name, throttle, anchor, planHash: hash, toolVersion: VERSION,
        kernel: flags.kernel, golden,
        ...(trained && { finalRaw: trained }), ...(singleHeader && { singleHeader }), ...(progmem && { progmem }), ...(cmsisOrder && { cmsisOrder }), ...(attribute !== undefined && { attribute }),
      });
      await writeOutputFolder(flags.output!, files, { force: flags.force === true });
      const common: CommonOptions = { quiet: flags.quiet === true };
      if (flags.json) await emit(jsonText(manifest), common);
      else notice(`wrote ${Object.keys(files).length} files to ${printable(flags.output!, 400)}, listed in its manifest.json (plan ${hash.slice(0, 8)}, throttle ${throttle}, anchor ${anchor})`, common);
      if (values && values.steps.length < values.planSteps) notice(`golden values cover ${coverage(values)}`, common);
    });
}
