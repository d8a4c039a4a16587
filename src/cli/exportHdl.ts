/** `qrails export sv|vhdl|mem|coe|mif|rust|numpy`: a plan for hardware, Rust and notebooks. */
import { prepare } from '../compare/prepare.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { writeOutputFolder } from '../export/folder.js';
import { exportLanguage, LANGUAGE_NAMES, LANGUAGES, type Language } from '../export/hdl/languages.js';
import { runPair } from '../run/pair.js';
import { VERSION } from '../version.js';
import type { Command } from './command.js';
import { emit, jsonText, notice, type CommonOptions, type Context } from './context.js';
import { addRunOptions, runOptions, takesOne, type RunFlags } from './options.js';

interface LanguageFlags extends RunFlags {
  readonly name: string;
  readonly force?: boolean;
  readonly trained?: boolean;
}

const DEFAULT_NAME = 'qrails_plan';
const EXAMPLE_TARGET = 'dsp48e1';

/** How the bench of a language is run. */
const BENCH: Partial<Record<Language, string>> = {
  sv: `
Run its bench in the folder:
  $ cd DIR && iverilog -g2012 -o tb *_pkg.sv *_prim.sv *_tb.sv && vvp tb
  $ cd DIR && verilator --binary --timing *_pkg.sv *_prim.sv *_tb.sv --top ${DEFAULT_NAME}_tb && obj_dir/V${DEFAULT_NAME}_tb`,
  vhdl: `
Run its bench in the folder:
  $ cd DIR && ghdl -a --std=08 *_pkg.vhd *_prim.vhd *_tb.vhd && ghdl -r --std=08 ${DEFAULT_NAME}_tb`,
};

/** Adds every language to the group `export`. */
export function addLanguages(group: Command, context: () => Context): void {
  for (const language of LANGUAGE_NAMES) {
    takesOne(addRunOptions(group.command(language).description(LANGUAGES[language].about)))
      .requiredOption('-o, --output <folder>', 'folder to make; written whole or not at all')
      .option('--trained', 'tables of the weights after the run as well')
      .option('--name <identifier>', 'name of the files and prefix of what they define', DEFAULT_NAME)
      .option('--force', 'replace the folder if it exists')
      .option('--json', 'print the manifest')
      .option('-q, --quiet', 'no remarks')
      .notes(BENCH[language] ?? '')
      .examples(`qrails export ${language} --profile ${EXAMPLE_TARGET} --name demo -o tables`)
      .action((experiment: string | undefined, flags: LanguageFlags) => run(language, experiment, flags, context()));
  }
}

async function run(language: Language, experiment: string | undefined, flags: LanguageFlags, { signal }: Context): Promise<void> {
  for (const option of ['throttle', 'anchor'] as const) {
    const names = flags[option] ?? [];
    if (names.length > 1) throw new QrailsError({ code: 'usage', where: `--${option}`, message: 'an export is of one plan', found: printable(names.join(',')), expected: 'one name' });
  }
  const prepared = await prepare(runOptions(experiment, flags));
  // The last variant has the experiment's own controllers where none were named.
  const { plan, hash, throttle, anchor } = prepared.variants.at(-1)!;
  const { files, manifest } = await exportLanguage(language, plan, prepared.dataset, {
    name: flags.name, title: prepared.experiment.title ?? prepared.experiment.name, experiment: prepared.experiment.name,
    profile: prepared.profile.name, sensor: prepared.sensor.name, throttle, anchor, planHash: hash, toolVersion: VERSION,
    ...(flags.trained && { finalRaw: (await runPair(plan, prepared.dataset, { signal })).fixed.parametersRaw! }),
  });
  await writeOutputFolder(flags.output!, files, { force: flags.force === true });
  const common: CommonOptions = { quiet: flags.quiet === true };
  if (flags.json) await emit(jsonText(manifest), common);
  else notice(`wrote ${Object.keys(files).length} files to ${printable(flags.output!, 400)}, listed in its manifest.json (plan ${hash.slice(0, 8)}, throttle ${throttle}, anchor ${anchor})`, common);
}
