/** Everything `qrails export c` writes, put together: tables, kernel, golden values, the self-test, the plan and the manifest of it all. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { stateCrc32 } from '../../core/state.js';
import { planSteps } from '../../run/pair.js';
import type { ExportManifest } from '../../schema/listing.js';
import type { Plan } from '../../schema/plan.js';
import type { Dataset } from '../../signal/dataset.js';
import { exportC, type ExportCOptions } from '../c.js';
import { tablesOf, type LayerRaws } from '../cTables.js';
import { identifierOf } from '../cText.js';
import { exportKernel } from '../kernel/kernel.js';
import { coverage, goldenC } from './cGolden.js';
import { goldenData } from './data.js';
import { originLines } from '../origin.js';
import { goldenRun, initialState, type Golden } from './run.js';
import { selftestC } from './selftest.js';

export interface BundleOptions extends ExportCOptions {
  /** Name of the experiment, and of the controllers, for the manifest. */
  readonly experiment: string;
  readonly throttle: string;
  readonly anchor: string;
  /** Adds the kernel. With `finalRaw` it begins with those parameters. */
  readonly kernel?: boolean | undefined;
  /** Adds golden values of as many steps as fit, or of so many. Not together with `finalRaw`. */
  readonly golden?: boolean | number | undefined;
}

export interface Bundle {
  /** Content by file name; `manifest.json` last. */
  readonly files: Record<string, string | Uint8Array>;
  readonly manifest: ExportManifest;
  readonly golden: Golden | undefined;
}

/**
 * The files of an export. The same arguments give the same bytes: no clock, no path. All C files together are one program, the self-test.
 *
 * @param dataset of the plan; read for golden values only
 * @throws QrailsError as `exportC`, `goldenRun` and the kernel; RangeError for golden values together with `finalRaw`
 * @example const { files } = await exportBundle(plan, dataset, { name: 'demo', golden: true, ...names });
 */
export async function exportBundle(plan: Plan, dataset: Dataset, options: BundleOptions): Promise<Bundle> {
  const { kernel = false, finalRaw, progmem = false } = options;
  const wanted = options.golden ?? false;
  if (finalRaw && wanted !== false) throw new RangeError('golden values are of a run from its beginning, not of one that goes on with trained weights');
  const prefix = identifierOf(options.name);
  const begun = kernel && finalRaw ? beginningWith(plan, finalRaw) : plan;
  const golden = wanted === false ? undefined : await goldenRun(plan, dataset, wanted === true ? {} : { steps: wanted });
  const tables = exportC(plan, options).files;

  const parts: Record<string, { content: string | Uint8Array; about: string }> = {};
  const add = (files: Readonly<Record<string, string>>, about: (name: string) => string): void => {
    for (const [name, content] of Object.entries(files)) parts[name] = { content, about: about(name) };
  };
  add(tables, (name) => (name.endsWith('.h') ? 'formats, constants and tables' : 'the tables'));
  if (kernel) add(exportKernel(begun, { prefix, origin: originLines(plan, options) }), (name) => (name.includes('_example') ? 'an example of its use, compiled with its macro only' : 'the learner and its controllers'));
  if (golden) {
    add(goldenC(plan, golden, prefix, options, progmem), () => `golden values of ${coverage(golden)}`);
    Object.assign(parts, goldenData(plan, golden, prefix));
  }
  const selftest = selftestC(plan, {
    prefix, tables: tablesOf(plan, options).tables.length, kernel, golden, begins: begun === plan ? 'initial' : 'final', progmem,
  }, options);
  add({ [`${prefix}_selftest.c`]: selftest }, () => 'the self-test, the one program');
  add({ 'plan.json': canonicalText(plan) }, () => 'the plan, canonical (RFC 8785): its SHA-256 is the plan hash');

  const manifest: ExportManifest = {
    export: 2, toolVersion: options.toolVersion, name: prefix, planHash: options.planHash,
    experiment: options.experiment, profile: options.profile, sensor: options.sensor, throttle: options.throttle, anchor: options.anchor, supervisor: plan.supervisor.law, balance: plan.balance?.law ?? 'none', seed: plan.seed,
    kernel, begins: begun === plan ? 'initial' : 'trained',
    steps: { covered: golden?.steps.length ?? 0, all: planSteps(plan), ...(golden?.trapped !== undefined && { trapped: golden.trapped }) },
    stateCrc32: golden?.stateCrc32 ?? stateCrc32(begun, await initialState(begun)),
    files: Object.entries(parts).map(([name, { content, about }]) => ({
      name, bytes: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex'), about,
    })),
  };
  const files = Object.fromEntries(Object.entries(parts).map(([name, { content }]) => [name, content]));
  return { files: { ...files, 'manifest.json': `${JSON.stringify(manifest, null, 2)}\n` }, manifest, golden };
}

/** The plan with other initial parameters, raws and real values. */
function beginningWith(plan: Plan, finalRaw: LayerRaws): Plan {
  const initial = plan.initial.map((_, layer): Plan['initial'][number] => {
    const { inputs, outputs, bias } = plan.layers[layer]!;
    const raws = finalRaw[layer]!.map(String);
    const real = (kind: 'weight' | 'bias') => (raw: string): number => Number(raw) * 2 ** -plan.sites[`layer${layer}.${kind}`]!.fractionLength;
    const weightsRaw = Array.from({ length: outputs }, (_, output) => raws.slice(output * inputs, (output + 1) * inputs));
    const biasRaw = bias ? raws.slice(outputs * inputs) : [];
    return { weights: weightsRaw.map((row) => row.map(real('weight'))), bias: biasRaw.map(real('bias')), weightsRaw, biasRaw };
  });
  return { ...plan, initial };
}

/** What `hashJson` is taken over. */
const canonicalText = (plan: Plan): string => (canonicalize as unknown as (value: unknown) => string)(plan);
