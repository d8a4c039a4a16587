/** The files of an export together, and the manifest that names them. */
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadCore } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { stateCrc32 } from '../../src/core/state.js';
import { exportBundle, type Bundle, type BundleOptions } from '../../src/export/golden/bundle.js';
import { initialState } from '../../src/export/golden/run.js';
import { hashJson } from '../../src/plan/hash.js';
import { runPair } from '../../src/run/pair.js';
import { ExportManifest } from '../../src/schema/listing.js';
import { validate } from '../../src/schema/validate.js';
import { deliveries } from '../../src/signal/delivery.js';
import { needCompiler } from './gcc.js';
import { BuiltExport, type Said } from './goldenGcc.js';
import { shipped } from './goldenRuns.js';

beforeEach((context) => needCompiler(context, 'gcc'));

function said({ files }: Bundle): Said {
  const built = new BuiltExport(files);
  try {
    return built.run();
  } finally {
    built.close();
  }
}

describe('an export', () => {
  it.each<Partial<BundleOptions>>([{}, { golden: true }, { kernel: true }, { kernel: true, golden: true }, { kernel: true, golden: 7, progmem: true, singleHeader: true }, { cmsisOrder: true, progmem: true, golden: 3 }, { singleHeader: true, attribute: '__attribute__((aligned(4)))' }])(
    'is described by its manifest, which the self-test bears out: %o', async (more) => {
      const { plan, dataset, names } = await shipped({ experiment: 'exp-000c', profile: 'cortex-m4-q15', throttle: ['gt0/trace'] });
      const bundle = await exportBundle(plan, dataset, { ...names, ...more });
      const { files, manifest } = bundle;
      expect(await validate(ExportManifest, JSON.parse(files['manifest.json'] as string), 'manifest')).toEqual(manifest);
      expect(manifest.files.map(({ name, bytes, sha256 }) => [name, bytes, sha256])).toEqual(
        Object.entries(files).slice(0, -1).map(([name, content]) => [name, Buffer.byteLength(content), createHash('sha256').update(content).digest('hex')]));
      expect(Object.keys(files).at(-1)).toBe('manifest.json');

      // what the core says of the state after so many steps
      const session = new Session(await loadCore(), plan, 'fixed');
      const covered = typeof more.golden === 'number' ? more.golden : more.golden ? 120 : 0;
      for (const batch of deliveries(plan, dataset)) if (batch.step < covered) session.push(batch);
      expect(manifest).toMatchObject({
        export: 2, toolVersion: '0.1.0', name: 'demo', planHash: hashJson(plan), experiment: 'exp-000c', profile: 'cortex-m4-q15', sensor: 'step-gain-4', throttle: 'gt0/trace', anchor: 'none',
        seed: plan.seed, kernel: more.kernel === true, begins: 'initial', steps: { covered, all: 120 }, stateCrc32: stateCrc32(plan, session.save(manifest.planHash)),
      });
      expect(createHash('sha256').update(files['plan.json']!).digest('hex')).toBe(manifest.planHash);
      expect(JSON.parse(files['plan.json'] as string)).toEqual(plan);

      expect(said(bundle)).toMatchObject({ code: 0, lines: [expect.any(String), `crc32 ${manifest.stateCrc32}`] });
      expect(await exportBundle(plan, dataset, { ...names, ...more })).toEqual(bundle);
    });

  it('says in header, summary and manifest how little it covers', async () => {
    const { plan, dataset, names } = await shipped({});
    const bundle = await exportBundle(plan, dataset, { ...names, golden: 5 });
    for (const file of ['demo_golden.h', 'demo_golden.c']) expect(bundle.files[file]).toContain(' * Golden values of the first 5 of 120 steps: what must come out, raw by raw.\n');
    expect(bundle.manifest.steps).toEqual({ covered: 5, all: 120 });
    expect(bundle.manifest.files.find(({ name }) => name === 'demo_golden.c')!.about).toBe('golden values of the first 5 of 120 steps');
    expect(said(bundle).lines[0]).toBe('demo: golden values of the first 5 of 120 steps are whole');
  });

  it('adds trained weights as tables of their own, and takes no golden values with them', async () => {
    const { plan, dataset, names } = await shipped({});
    const finalRaw = (await runPair(plan, dataset)).fixed.parametersRaw!;
    const bundle = await exportBundle(plan, dataset, { ...names, finalRaw });
    expect(bundle.files['demo.c']).toContain('demo_layer0_weight_final[');
    expect(bundle.manifest).toMatchObject({ begins: 'initial', steps: { covered: 0 }, stateCrc32: (await exportBundle(plan, dataset, names)).manifest.stateCrc32 });
    expect(said(bundle)).toMatchObject({ code: 0 });
    // a kernel begins with them
    const kernel = await exportBundle(plan, dataset, { ...names, finalRaw, kernel: true });
    const parameters = finalRaw.flat().map(String);
    const { values } = await initialState(plan);
    expect(kernel.manifest).toMatchObject({ begins: 'trained', planHash: hashJson(plan), steps: { covered: 0, all: 120 }, stateCrc32: stateCrc32(plan, { step: 0, values: { ...values, theta: parameters } }) });
    expect(said(kernel)).toEqual({ code: 0, lines: ['demo: kernel begins with the tables, saves and restores', `crc32 ${kernel.manifest.stateCrc32}`] });
    await expect(exportBundle(plan, dataset, { ...names, finalRaw, golden: true })).rejects.toThrow(RangeError);
  });
});
