/** Exports that were cut or changed: an error, a remark that says so, or the same raws; never other raws in silence. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { exportC } from '../../src/export/c.js';
import { exportCoe, exportMem, exportMif } from '../../src/export/memory.js';
import { exportNumpy } from '../../src/export/numpy.js';
import type { ExportCOptions } from '../../src/export/c.js';
import { importWeights } from '../../src/import/import.js';
import type { Plan } from '../../src/schema/plan.js';
import { Folder, type Files } from '../cli/qrails.js';
import { planOf, rawsOfPlan, statedRaws } from './files.js';

const ORIGIN = { name: 'demo', title: 't', profile: 'p', sensor: 's', planHash: 'ab', toolVersion: '1' } satisfies ExportCOptions;
let plan: Plan;
beforeAll(async () => {
  ({ plan } = await planOf('exp-000a', 'cortex-m4-q15'));
});

/** Each export, and the file of it that is damaged. */
const EXPORTS: Readonly<Record<string, readonly [(plan: Plan) => Files, string]>> = {
  c: [(of) => exportC(of, ORIGIN).files, 'demo.c'],
  header: [(of) => exportC(of, ORIGIN).files, 'demo.h'],
  'one header': [(of) => exportC(of, { ...ORIGIN, singleHeader: true }).files, 'demo.h'],
  mem: [(of) => exportMem(of, ORIGIN), 'demo_layer0_weight.mem'],
  coe: [(of) => exportCoe(of, ORIGIN), 'demo_layer0_weight.coe'],
  mif: [(of) => exportMif(of, ORIGIN), 'demo_layer0_weight.mif'],
  npy: [(of) => exportNumpy(of, ORIGIN), 'demo_layer0_weight.npy'],
  formats: [(of) => exportNumpy(of, ORIGIN), 'demo_formats.json'],
};

/** `same`, `noted`, `refused`, or the raws that came instead. */
async function outcomeOf(folder: Folder, names: readonly string[]): Promise<unknown> {
  try {
    const { experiment, document } = await importWeights({ files: names, directory: folder.path, into: 'exp-000a', profile: 'cortex-m4-q15' });
    if (document.notes.some((note) => note.includes('checksum'))) return 'noted';
    const raws = statedRaws(experiment, plan);
    return JSON.stringify(raws) === JSON.stringify(rawsOfPlan(plan)) ? 'same' : raws;
  } catch (error) {
    if (error instanceof QrailsError) return 'refused';
    throw error;
  }
}

describe.each(Object.entries(EXPORTS))('%s', (_, [make, damaged]) => {
  const within = async (work: (folder: Folder, content: Buffer, names: readonly string[]) => Promise<void>): Promise<void> => {
    const files = make(plan);
    const folder = new Folder(files);
    try {
      await work(folder, Buffer.from(files[damaged]!), Object.keys(files));
    } finally {
      folder.remove();
    }
  };

  it('cut', () => within(async (folder, content, names) => {
    const seen = new Set<unknown>();
    for (let cut = 0; cut < 64; cut++) {
      folder.write({ [damaged]: content.subarray(0, Math.floor((content.length * cut) / 64)) });
      seen.add(await outcomeOf(folder, names));
    }
    expect([...seen].filter((outcome) => !['same', 'noted', 'refused'].includes(outcome as string))).toEqual([]);
    expect(seen).toContain('refused');
  }));

  it('with one byte changed', () => within(async (folder, content, names) => {
    // What a header or the JSON says of a format is covered by no checksum: there the format may be another, and is shown.
    const described = damaged === 'demo.h' || damaged === 'demo_formats.json';
    await fc.assert(fc.asyncProperty(fc.nat(content.length - 1), fc.integer({ min: 32, max: 126 }), async (place, byte) => {
      const changed = Buffer.from(content);
      changed[place] = byte;
      folder.write({ [damaged]: changed });
      const outcome = await outcomeOf(folder, names);
      if (!described) expect(outcome).toSatisfy((text: unknown) => ['same', 'noted', 'refused'].includes(text as string));
    }), { numRuns: 150, seed: 7 });
  }));
});
