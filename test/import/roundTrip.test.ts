/** What the tool exports comes back: the same raws, in the same formats, of every variant. */
import { describe, expect, it } from 'vitest';
import { exportBundle } from '../../src/export/golden/bundle.js';
import { exportC, type ExportCOptions } from '../../src/export/c.js';
import { exportCoe, exportMem, exportMif } from '../../src/export/memory.js';
import { formatName } from '../../src/format/format.js';
import { exportNumpy } from '../../src/export/numpy.js';
import { hashJson } from '../../src/plan/hash.js';
import type { Plan } from '../../src/schema/plan.js';
import { list } from '../../src/document/catalogue.js';
import { failure } from '../document/failure.js';
import { extremePlan } from '../export/extreme.js';
import { fullPlan, OPTIONS, VARIANTS } from '../export/variants.js';
import { inFolder, type Files } from '../cli/qrails.js';
import { importWeights, listArrays } from '../../src/import/import.js';
import { readAll } from './read.js';
import { imported, planOf, rawsOfPlan, statedRaws } from './files.js';

const options = (plan: Plan, more: Partial<ExportCOptions> = {}): ExportCOptions => ({ ...OPTIONS, planHash: hashJson(plan), ...more });

/** Formats the arrays were imported with, by place. */
const formats = (plan: Plan): Record<string, string> =>
  Object.fromEntries(plan.layers.flatMap(({ bias }, layer) => ['weight', ...(bias ? ['bias'] : [])].map((kind) => [`layer${layer}.${kind}`, formatName(plan.sites[`layer${layer}.${kind}`]!)])));

describe('exported C', () => {
  it.each(list('profile'))('of %s gives the same plan', async (profile) => {
    let done = 0;
    for (const experiment of ['exp-000a', 'stream']) {
      let plan: Plan;
      try {
        ({ plan } = await planOf(experiment, profile));
      } catch {
        continue; // a target this experiment does not run on
      }
      const { files } = exportC(plan, options(plan));
      const { experiment: back, document } = await imported(files, { into: experiment, profile });
      const again = (await planOf(experiment, profile, back)).plan;
      expect(rawsOfPlan(again)).toEqual(rawsOfPlan(plan));
      expect(document.result!.sites.map(({ site, imported: format, inexact, set }) => [site, format, inexact, set])).toEqual(Object.entries(formats(plan)).map(([site, format]) => [site, format, 0, []]));
      expect(document.notes).toEqual([]);
      done++;
    }
    expect(done).toBeGreaterThan(0);
  });

  it.each(Object.entries(VARIANTS))('as variant %s', async (_, variant) => {
    const plan = fullPlan();
    const { files } = exportC(plan, options(plan, { ...variant, finalRaw: plan.initial.map(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw].map((raw) => BigInt(raw) / 2n)) }));
    const values = ({ experiment }: Awaited<ReturnType<typeof imported>>) => experiment.model.initial!;
    const wanted = (halved: boolean) => ({
      kind: 'values',
      layers: plan.initial.map(({ weightsRaw, biasRaw }, layer) => {
        const real = (kind: 'weight' | 'bias') => (raw: string): number => Number(halved ? BigInt(raw) / 2n : BigInt(raw)) * 2 ** -plan.sites[`layer${layer}.${kind}`]!.fractionLength;
        return { weights: weightsRaw.map((row) => row.map(real('weight'))), bias: biasRaw.map(real('bias')) };
      }),
    });
    const plain = await imported(files);
    expect(values(plain)).toEqual(wanted(false));
    expect(plain.experiment.model.layers).toEqual([{ outputs: 3, activation: 'relu', bias: true }, { outputs: 1, bias: true }]);
    expect(values(await imported(files, { final: true }))).toEqual(wanted(true));
    if (variant.cmsisOrder) {
      expect(values(await imported(files, { order: 'cmsis' }))).toEqual(wanted(false));
      const turned = await imported(files, { array: ['demo_layer0_weight_cmsis', 'demo_layer0_bias', 'demo_layer1_weight_cmsis', 'demo_layer1_bias'] });
      expect(values(turned)).toEqual(wanted(false));
    }
  });

  it('reads words of 64 bits exactly, and refuses what no double holds', async () => {
    const plan = extremePlan();
    const { files } = exportC(plan, options(plan));
    const { arrays } = readAll(files['demo.h']!, files['demo.c']!);
    const raws = (name: string): string[] => arrays.find((array) => array.name === name)!.numbers.values.map(String);
    plan.initial.forEach(({ weightsRaw, biasRaw }, layer) => {
      expect([raws(`demo_layer${layer}_weight`), raws(`demo_layer${layer}_bias`)]).toEqual([weightsRaw.flat(), biasRaw]);
      for (const kind of ['weight', 'bias']) {
        const { signed, wordLength, fractionLength } = plan.sites[`layer${layer}.${kind}`]!;
        expect(arrays.find((array) => array.name === `demo_layer${layer}_${kind}`)!.format).toEqual({ signed, wordLength, fractionLength });
      }
    });
    const message = await failure('format', () => imported(files, { array: ['demo_layer4_weight'], layer: 0, layers: '3x2' }));
    expect(message).toMatch(/demo_layer4_weight\[1\]: this raw has more bits than the double .*\n {2}found {5}9223372036854775807 \(sfix64_En62\)/);
    const { experiment } = await imported(files, { array: ['layer0.weight=demo_layer5_bias'], layers: '2x1' });
    expect(experiment.model.initial).toEqual({ kind: 'values', layers: [{ weights: [[-(2 ** 16) * 2 ** -128, 65535 * 2 ** -128]] }] });
  });

  it.each(['My-Net.2', '9lives', 'layer0_weight', 'a'])('under the name %s', async (name) => {
    const { plan } = await planOf('exp-000a', 'enabol-mid');
    const { experiment } = await imported(exportC(plan, options(plan, { name })).files, { into: 'exp-000a' });
    expect(statedRaws(experiment, plan)).toEqual(rawsOfPlan(plan));
  });

  it('beside its kernel, golden values and self-test', async () => {
    const { plan, dataset } = await planOf('exp-000a', 'enabol-mid');
    const { files } = await exportBundle(plan, dataset, { ...options(plan), experiment: 'exp-000a', throttle: 'none', anchor: 'none', kernel: true, golden: 3 });
    const sources = Object.fromEntries(Object.entries(files).filter(([file]) => /[.][ch]$/.test(file)));
    const { experiment, document } = await imported(sources, { into: 'exp-000a' });
    expect(statedRaws(experiment, plan)).toEqual(rawsOfPlan(plan));
    expect(document.arrays.length).toBeGreaterThan(5);
  });

  it('tells a table that was changed', async () => {
    const { plan } = await planOf('exp-000a', 'cortex-m4-q15');
    const { files } = exportC(plan, options(plan));
    const { document } = await imported({ ...files, 'demo.c': files['demo.c']!.replace('-13992,', '-13991,') });
    expect(document.notes).toEqual(['demo.c: demo_layer0_weight does not match its checksum: it was changed after it was exported']);
  });

  it('is refused without its header, which has the formats', async () => {
    const { plan } = await planOf('exp-000a', 'enabol-mid');
    const { files } = exportC(plan, options(plan));
    const message = await failure('format', () => imported({ 'demo.c': files['demo.c']! }, { into: 'exp-000a' }));
    expect(message).toMatch(/demo_layer0_weight: nothing says what these integers stand for[^]*--format sfix16_En15; for an array of qrails export, also the header/);
    expect(await failure('not-found', () => imported({ 'demo.h': files['demo.h']! }))).toMatch(/there are no arrays[^]*the \.c file beside a header/);
  });
});

describe('exported memory files', () => {
  it.each([['mem', exportMem], ['coe', exportCoe], ['mif', exportMif]] as const)('%s', async (_, make) => {
    const plan = fullPlan();
    const files = make(plan, options(plan));
    for (const bits of [false, true]) {
      const chosen = Object.fromEntries(Object.entries(files).filter(([name]) => make !== exportMem || name.endsWith('_bits.mem') === bits));
      const array = Object.keys(chosen).map((name) => name.replace(/\.\w+$/, '')).filter((stem) => stem.includes('layer')).map((stem) => `${/layer\d_(weight|bias)/.exec(stem)![0].replace('_', '.')}=${stem}`);
      const { document, experiment } = await imported(chosen, { layers: '4x3:relu,3x1', ...(bits && { array }) });
      expect(Object.fromEntries(document.result!.sites.map(({ site, imported: format }) => [site, format]))).toEqual(formats(plan));
      expect(statedRaws(experiment, plan)).toEqual(rawsOfPlan(plan));
      expect(document.notes).toEqual([]);
    }
    const name = Object.keys(files).find((file) => /layer0_bias(?!_bits)/.test(file))!;
    const { document } = await imported({ ...files, [name]: String(files[name]).replace(/00A(?=[,;\n])/, '00B') }, { layers: '4x3:relu,3x1' });
    expect(document.notes).toEqual([`${name}: demo_layer0_bias does not match its checksum: it was changed after it was exported`]);
  });
});

describe('exported NumPy arrays', () => {
  const sorted = (files: Files, wanted: RegExp): Files => Object.fromEntries(Object.entries(files).filter(([name]) => wanted.test(name)));

  it('take their formats, shapes and activations from the JSON beside them', async () => {
    const plan = fullPlan();
    const finals = plan.initial.map(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw].map((raw) => BigInt(raw) / 2n));
    const files = exportNumpy(plan, options(plan), finals);
    const { experiment, document } = await imported(files);
    expect(statedRaws(experiment, plan)).toEqual(rawsOfPlan(plan));
    expect(experiment.model.layers).toEqual([{ outputs: 3, activation: 'relu', bias: true }, { outputs: 1, bias: true }]);
    expect(Object.fromEntries(document.result!.sites.map(({ site, imported: format }) => [site, format]))).toEqual(formats(plan));
    expect(document.notes).toEqual([]);
    const after = statedRaws((await imported(files, { final: true })).experiment, plan) as { weightsRaw: string[][]; biasRaw: string[] }[];
    expect(after.flatMap(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw])).toEqual(finals.flat().map(String));
  });

  it('are refused without it, and told apart when they changed', async () => {
    const plan = fullPlan();
    const files = exportNumpy(plan, options(plan));
    expect(await failure('format', () => imported(sorted(files, /npy$/)))).toMatch(/layer0_weight\.npy: demo_layer0_weight: nothing says what these integers stand for/);
    const changed = Buffer.from(files['demo_layer0_bias.npy']!);
    changed[128]! ^= 1;
    expect((await imported({ ...files, 'demo_layer0_bias.npy': changed })).document.notes).toEqual(['demo_layer0_bias.npy: demo_layer0_bias does not match its checksum: it was changed after it was exported']);
    for (const [code, text, message] of [
      ['invalid', '{"tables": {}}', /constants is missing/], ['invalid', '{"plan": 1}', /demo_formats\.json: tables is missing/], ['invalid', '{"tables": {"__proto__": {}}}', /__proto__/],
      ['invalid', String(files['demo_formats.json']).replace('"wordLength": 12', '"wordLength": 65'), /wordLength/], ['unreadable', '[', /demo_formats\.json/],
    ] as const) expect(await failure(code, () => imported({ ...files, 'demo_formats.json': text }))).toMatch(message);
  });
});

describe('arrays alone', () => {
  it('lists without choosing', () => inFolder({ 'a.h': 'q15_t a[2] = {1, -1}; int8_t b[1] = {2}; float c[2][1] = {1, 0.5}; int8_t d[] = {X};' }, async (folder) => {
    const { arrays, result } = await listArrays({ files: ['a.h'], directory: folder.path });
    expect(arrays.map(({ name, shape, format, min, max, problem }) => [name, shape, format, min, max, problem !== null])).toEqual([
      ['a', [2], 'sfix16_En15', '-0.000030517578125', '0.000030517578125', false], ['b', [1], null, '2', '2', false], ['c', [2, 1], null, '0.5', '1', false], ['d', [0], null, null, null, true],
    ]);
    expect(result).toBeUndefined();
    const { arrays: eight } = await listArrays({ files: ['a.h'], directory: folder.path, format: ['sfix4_En0'] });
    expect(eight.map(({ min, max }) => [min, max])).toEqual([['-1', '1'], ['2', '2'], ['0.5', '1'], [null, null]]);
    await failure('not-found', () => importWeights({ files: ['b.h'], directory: folder.path }));
  }));
});
