/** The exports besides C, by the name of their command: what each is, makes and says of its files. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { stateCrc32 } from '../../core/state.js';
import { planSteps } from '../../run/pair.js';
import type { ExportManifest } from '../../schema/listing.js';
import type { Plan } from '../../schema/plan.js';
import type { Dataset } from '../../signal/dataset.js';
import type { LayerRaws } from '../cTables.js';
import { identifierOf } from '../cText.js';
import { initialState } from '../golden/run.js';
import { exportCoe, exportMem, exportMif, type TableOptions } from '../memory.js';
import { exportNumpy } from '../numpy.js';
import { exportRust } from '../rust.js';
import { benchOf, type HdlBench } from './fill.js';
import { exportSv } from './sv.js';
import { exportVhdl } from './vhdl.js';

type Files = Record<string, string | Uint8Array>;

interface TableLanguage {
  readonly about: string;
  readonly make: (plan: Plan, options: TableOptions, finalRaw: LayerRaws | undefined) => Files;
}
interface BenchLanguage {
  readonly about: string;
  /** Has units and vectors, which the run is needed for. */
  readonly bench: (plan: Plan, bench: HdlBench, options: TableOptions, finalRaw: LayerRaws | undefined) => Files;
}

export const LANGUAGES = {
  sv: { about: 'SystemVerilog: package, synthesizable units of the data path, and a bench that checks itself', bench: exportSv },
  vhdl: { about: 'VHDL: package, synthesizable units of the data path, and a bench that checks itself', bench: exportVhdl },
  mem: { about: 'tables as memory files for $readmemh and $readmemb', make: exportMem },
  coe: { about: 'tables as coefficient files (COE) of AMD tools', make: exportCoe },
  mif: { about: 'tables as memory initialization files (MIF) of Intel tools', make: exportMif },
  rust: { about: 'tables, formats and constants as a Rust module without std', make: exportRust },
  numpy: { about: 'tables as NumPy arrays, formats and constants as JSON', make: exportNumpy },
} as const satisfies Record<string, TableLanguage | BenchLanguage>;
export type Language = keyof typeof LANGUAGES;
export const LANGUAGE_NAMES = Object.keys(LANGUAGES) as Language[];

export interface LanguageOptions extends TableOptions {
  /** Names for the manifest. */
  readonly experiment: string;
  readonly throttle: string;
  readonly anchor: string;
  /** Parameters after a run: tables of their own. */
  readonly finalRaw?: LayerRaws | undefined;
}

/** What the files of an export are, by the end of their names. */
const ABOUT: readonly (readonly [end: string, about: string])[] = [
  ['_pkg.sv', 'constants, formats and tables'], ['_prim.sv', 'units of the data path'], ['_tb.sv', 'the bench'],
  ['_pkg.vhd', 'constants, formats and tables'], ['_prim.vhd', 'units of the data path'], ['_tb.vhd', 'the bench'],
  ['_formats.json', 'formats and constants'], ['.rs', 'tables, formats and constants'],
  ['plan.json', 'the plan, canonical (RFC 8785): its SHA-256 is the plan hash'],
];

/**
 * The files of an export with their manifest, last. The same arguments give the same bytes: no clock, no path.
 *
 * @param dataset of the plan; read for vectors only
 * @throws QrailsError as the language's own function and `benchOf`
 * @example const { files } = await exportLanguage('sv', plan, dataset, { name: 'demo', ...names });
 */
export async function exportLanguage(language: Language, plan: Plan, dataset: Dataset, options: LanguageOptions): Promise<{ files: Files; manifest: ExportManifest }> {
  const { finalRaw } = options;
  const made: TableLanguage | BenchLanguage = LANGUAGES[language];
  const bench = 'bench' in made ? await benchOf(plan, dataset) : undefined;
  const files: Files = {
    ...('bench' in made ? made.bench(plan, bench!, options, finalRaw) : made.make(plan, options, finalRaw)),
    'plan.json': (canonicalize as unknown as (value: unknown) => string)(plan),
  };
  const vectors = new Set(bench?.units.map(({ unit }) => `_${unit.name}.mem`));
  const aboutOf = (name: string): string =>
    ABOUT.find(([end]) => name.endsWith(end))?.[1] ?? ([...vectors].some((end) => name.endsWith(end)) ? 'vectors of a unit' : 'a table');
  const manifest: ExportManifest = {
    export: 2, toolVersion: options.toolVersion, name: identifierOf(options.name), planHash: options.planHash,
    experiment: options.experiment, profile: options.profile, sensor: options.sensor, throttle: options.throttle, anchor: options.anchor, supervisor: plan.supervisor.law, balance: plan.balance?.law ?? 'none', seed: plan.seed,
    kernel: false, begins: 'initial', steps: { covered: bench?.steps ?? 0, all: planSteps(plan) },
    stateCrc32: stateCrc32(plan, await initialState(plan)),
    files: Object.entries(files).map(([name, content]) => ({
      name, bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex'), about: aboutOf(name),
    })),
  };
  return { files: { ...files, 'manifest.json': `${JSON.stringify(manifest, null, 2)}\n` }, manifest };
}
