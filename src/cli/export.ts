import { createHash } from 'node:crypto';
import { Option, type Command } from 'commander';
import { prepare } from '../compare/prepare.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { exportC } from '../export/c.js';
import { writeOutputFolder } from '../export/folder.js';
import { runPair } from '../run/pair.js';
import type { ExportManifest } from '../schema/listing.js';
import { VERSION } from '../version.js';
import { emit, jsonText, notice, type CommonOptions, type Context } from './context.js';
import { addRunOptions, runOptions, type RunFlags } from './options.js';

interface ExportFlags extends RunFlags {
  readonly name?: string;
  readonly force?: boolean;
  readonly trained?: boolean;
}

export function addExport(program: Command, context: () => Context): void {
  const group = program.command('export').description('coefficient tables for firmware');
  addRunOptions(group.command('c').description('C header and source with the tables of one plan, bit for bit what was simulated'))
    .requiredOption('-o, --output <folder>', 'folder to make; written whole or not at all')
    .addOption(new Option('--name <identifier>', 'name of the files and prefix of what they define').default('qrails_plan'))
    .option('--trained', 'weights as they are after the run, not as it starts')
    .option('--force', 'replace the folder if it exists')
    .option('--json', 'print what was written')
    .option('-q, --quiet', 'no remarks')
    .addHelpText('after', `
Examples:
  $ qrails export c --profile enabol-mid -o firmware/tables
  $ qrails export c stream --profile cortex-m4-q15 --throttle table --trained -o tables`)
    .action(async (experiment: string | undefined, flags: ExportFlags) => {
      for (const option of ['throttle', 'anchor'] as const) {
        const names = flags[option] ?? [];
        if (names.length > 1) throw new QrailsError({ code: 'usage', where: `--${option}`, message: 'tables are of one plan', found: printable(names.join(',')), expected: 'one name' });
      }
      const options = runOptions(experiment, flags);
      const prepared = await prepare(options);
      // The last variant has the experiment's own controllers where none were named.
      const variant = prepared.variants.at(-1)!;
      const trained = flags.trained ? (await runPair(variant.plan, prepared.dataset, { signal: context().signal })).fixed.parametersRaw : undefined;
      const { files } = exportC(variant.plan, {
        name: flags.name!, title: prepared.experiment.title ?? prepared.experiment.name, profile: prepared.profile.name, sensor: prepared.sensor.name,
        planHash: variant.hash, toolVersion: VERSION, ...(trained && { finalRaw: trained }),
      });
      await writeOutputFolder(flags.output!, files, { force: flags.force === true });
      const manifest: ExportManifest = {
        export: 1, planHash: variant.hash, directory: flags.output!,
        files: Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') })),
      };
      const common: CommonOptions = { quiet: flags.quiet === true };
      if (flags.json) await emit(jsonText(manifest), common);
      else notice(`wrote ${manifest.files.map(({ name }) => `${flags.output}/${name}`).join(', ')} (plan ${variant.hash.slice(0, 8)}, throttle ${variant.throttle}, anchor ${variant.anchor})`, common);
    });
}
