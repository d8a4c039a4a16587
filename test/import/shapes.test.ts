/** Which array goes where, in which order, into a model of which shape. */
import { describe, expect, it } from 'vitest';
import { importWeights } from '../../src/import/import.js';
import { experiment as mine, inFolder, ROOT, type Files } from '../cli/qrails.js';
import { failure } from '../document/failure.js';
import { imported } from './files.js';

const initial = async (files: Files, options: Parameters<typeof imported>[1] = {}): Promise<unknown> => {
  const { experiment } = await imported(files, options);
  const stated = experiment.model.initial;
  return stated?.kind === 'values' ? stated.layers : undefined;
};
/** n, n + 1, … as a C array of a whole-number type. */
const table = (name: string, sizes: readonly number[], first = 1, type = 'float'): string => {
  const count = sizes.reduce((product, size) => product * size, 1);
  return `const ${type} ${name}${sizes.map((size) => `[${size}]`).join('')} = {${Array.from({ length: count }, (_, k) => first + k).join(', ')}};\n`;
};
const a = (...text: string[]): Files => ({ 'a.c': text.join('') });

describe('shapes', () => {
  it('two dimensions are outputs × inputs', async () => expect(await initial(a(table('w', [2, 3])))).toEqual([{ weights: [[1, 2, 3], [4, 5, 6]] }]));
  it('one dimension is one neuron', async () => expect(await initial(a(table('w', [3])))).toEqual([{ weights: [[1, 2, 3]] }]));
  it('the shape of an experiment goes before', async () => expect(await initial(a(table('w', [8])), { into: 'exp-000a' })).toEqual([{ weights: [[1, 2, 3, 4], [5, 6, 7, 8]] }]));
  it('so does --layers', async () => expect(await initial(a(table('w', [6])), { layers: '3x2' })).toEqual([{ weights: [[1, 2, 3], [4, 5, 6]] }]));
  it('a bias says how many outputs there are', async () =>
    expect(await initial(a(table('x_layer0_weight', [6]), table('x_layer0_bias', [3], 10)))).toEqual([{ weights: [[1, 2], [3, 4], [5, 6]], bias: [10, 11, 12] }]));

  it.each([
    ['column', { weights: [[1, 3, 5], [2, 4, 6]] }],
    ['cmsis', { weights: [[3, 2, 1], [6, 5, 4]] }],
  ] as const)('order %s of a flat array', async (order, expected) => expect(await initial(a(table('w', [6])), { layers: '3x2', order })).toEqual([expected]));
  it('order column of two dimensions turns them', async () => expect(await initial(a(table('w', [3, 2])), { order: 'column' })).toEqual([{ weights: [[1, 3, 5], [2, 4, 6]] }]));

  it.each<[string, Files, Parameters<typeof imported>[1], RegExp]>([
    ['too few', a(table('w', [7])), { into: 'exp-000a' }, /a\.c: w for layer0\.weight: the shape does not fit exp-000a\n {2}found {5}7\n {2}expected {2}2 × 4 \(outputs × inputs\)/],
    ['turned', a(table('w', [4, 2])), { into: 'exp-000a' }, /found {5}4 × 2[^]*--order column/],
    ['not of --layers', a(table('w', [2, 3])), { layers: '2x3' }, /does not fit --layers[^]*--order column/],
    ['a bias where there is none', a(table('layer0_weight', [8]), table('layer0_bias', [2])), { into: 'exp-000a' }, /in exp-000a this layer has no bias[^]*"bias": true/],
    ['a layer that is not there', a(table('w', [8])), { into: 'exp-000a', layer: 1 }, /exp-000a has no layer 1/],
    ['layers that do not follow', a(table('layer0_weight', [2, 3]), table('layer1_weight', [1, 3])), {}, /layer 1 does not fit the layer before it\n {2}found {5}3 inputs\n {2}expected {2}2/],
    ['a layer without weights', a(table('layer1_weight', [1, 3])), {}, /layer0\.weight: no array is for these weights/],
    ['biases that do not divide', a(table('layer0_weight', [7]), table('layer0_bias', [2])), {}, /a multiple of 2/],
    ['biases alone', a(table('layer0_bias', [2])), {}, /layer0\.weight: no array/],
    ['other layers than the experiment', a(table('w', [8])), { into: 'exp-000a', layers: '8x1' }, /exp-000a has other layers\n {2}found {5}8→1\n {2}expected {2}4→2/],
  ])('refuses %s', async (_, files, options, message) => expect(await failure('invalid', () => imported(files, options))).toMatch(message));

  it('asks for the outputs of words', async () => {
    const words = { 'layer0_weight.mem': '01 02 03 04', 'layer0_bias.mem': '05 06' };
    expect(await failure('usage', () => imported({ 'w.mem': words['layer0_weight.mem'] }, { format: ['sfix8_En0'] }))).toMatch(/--layers: a memory file does not say[^]*--layers 4x1/);
    expect(await initial(words, { format: ['sfix8_En0'] })).toEqual([{ weights: [[1, 2], [3, 4]], bias: [5, 6] }]);
  });
  it('keeps activations where layers can have them', async () => {
    const sources = '#define X_LAYER0_RELU 1\n#define X_LAYER1_SIGMOID 1\n' + table('x_layer0_weight', [2, 1]) + table('x_layer1_weight', [1, 2]);
    expect((await imported(a(sources))).experiment.model.layers).toEqual([{ outputs: 2, activation: 'relu' }, { outputs: 1, activation: 'sigmoid' }]);
    expect((await imported(a(sources), { layer: 0 })).experiment.model.layers).toEqual([{ outputs: 2 }]);
    expect((await imported(a(table('w', [2])), { layers: '2x1:sigmoid' })).experiment.model.layers).toEqual([{ outputs: 1, activation: 'sigmoid' }]);
    expect(await failure('usage', () => imported(a(table('w', [2])), { layers: '2x1:relu' }))).toMatch(/ReLU belongs to hidden layers/);
  });

  it.each(['', '4', '0x2', '4x0', '4x2:tanh', '4x8,', '99999999x1'])('refuses the layers %j', async (layers) => expect(await failure('usage', () => imported(a(table('w', [8])), { layers }))).toMatch(/--layers/));
});

describe('choice', () => {
  const two = a(table('taps', [4]), table('other', [4], 5));

  it('asks where it is open, with the names', async () => expect(await failure('usage', () => imported(two))).toMatch(/--array: there is more than one array[^]*taps \(a\.c\), other \(a\.c\)[^]*--array taps/));
  it('takes a name', async () => expect(await initial(two, { array: ['other'] })).toEqual([{ weights: [[5, 6, 7, 8]] }]));
  it('takes places', async () => expect(await initial(a(table('w', [2, 3]), table('b', [2], 9)), { array: ['layer0.weight=w', 'layer0.bias=b'] })).toEqual([{ weights: [[1, 2, 3], [4, 5, 6]], bias: [9, 10] }]));
  it('says a near name', async () => expect(await failure('not-found', () => imported(two, { array: ['tap'] }))).toMatch(/there is no array of this name[^]*try {7}taps/));
  it('refuses two for one place', async () => expect(await failure('usage', () => imported(two, { array: ['taps', 'other'] }))).toMatch(/two arrays for layer0\.weight/));
  it('refuses a place that is none', async () => expect(await failure('usage', () => imported(two, { array: ['layer16.weight=taps'] }))).toMatch(/there is no such place/));
  it('refuses a name given twice', async () => expect(await failure('usage', () => imported({ 'a.c': table('w', [2]), 'b.c': table('w', [2]) }, { array: ['w'] }))).toMatch(/more than one array of this name[^]*a\.c, b\.c/));
  it('tells why a wanted array was not read', async () => expect(await failure('unreadable', () => imported(a('float w[] = {X};')))).toMatch(/w: this name has no value here/));
  it('takes the tables of the one export whose macros are there', async () =>
    expect(await initial(a('#define P_LAYER0_WEIGHT_FRAC_BITS 1\n', table('p_layer0_weight', [2], 2, 'int8_t'), table('p_golden_layer0_weight', [4], 1, 'int8_t'), table('initial_layer0_weight', [2], 7, 'int8_t')))).toEqual([{ weights: [[1, 1.5]] }]));
  it('asks where two exports are', async () => expect(await failure('usage', () => imported(a(table('p_layer0_weight', [2]), table('q_layer0_weight', [2]))))).toMatch(/more than one array/));
  it('fills one layer and leaves the others', async () => {
    const stated = mine({ model: { layers: [{ outputs: 2, bias: true }, { outputs: 1 }], initial: { kind: 'values', layers: [{ weights: [[1, 2], [3, 4]], bias: [5, 6] }, { weights: [[7, 8]] }] } } });
    const files = { 'mine.json': stated, 'a.c': table('w', [2], 20) };
    expect(await initial(files, { files: ['a.c'], into: './mine.json', layer: 1 })).toEqual([{ weights: [[1, 2], [3, 4]], bias: [5, 6] }, { weights: [[20, 21]] }]);
    const zero = { ...files, 'mine.json': mine() };
    expect(await initial(zero, { files: ['a.c'], into: './mine.json' })).toEqual([{ weights: [[20, 21]] }]);
    expect(await failure('invalid', () => imported({ ...files, 'mine.json': stated.replace(/"initial":.*?\]\}\]\},?/, '').replace(/,\}/, '}') }, { files: ['a.c'], into: './mine.json', layer: 1 }))).toMatch(/layer0\.weight: nothing was imported/);
  });
});

describe('formats', () => {
  const ints = a(table('w', [3], 1, 'int16_t'));
  it('of a type', async () => expect(await initial(a(table('w', [2], 16384, 'q15_t')))).toEqual([{ weights: [[0.5, 16385 / 32768]] }]));
  it('of an option', async () => expect(await initial(ints, { format: ['sfix16_En1'] })).toEqual([{ weights: [[0.5, 1, 1.5]] }]));
  it('of an option, before the type', async () => expect(await initial(a(table('w', [2], 1, 'q15_t')), { format: ['arm:Q15.1'] })).toEqual([{ weights: [[0.5, 1]] }]));
  it('of one place', async () => expect(await initial(a(table('layer0_weight', [1, 1], 1, 'int8_t'), table('layer0_bias', [1], 1, 'int8_t')), { format: ['sfix8_En2', 'layer0.bias=sfix8_En3'] })).toEqual([{ weights: [[0.25]], bias: [0.125] }]));
  it('quantise reals once', async () => expect(await initial(a('float w[] = {0.1, -0.1, 0.15625};'), { format: ['sfix8_En4'] })).toEqual([{ weights: [[0.125, -0.125, 0.1875]] }]));
  it('with the rounding they state', async () => expect(await initial(a('float w[] = {0.1, -0.1};'), { format: ['ap_fixed<8,4,AP_TRN,AP_SAT>'] })).toEqual([{ weights: [[0.0625, -0.125]] }]));
  it('reals without one stay as they are', async () => expect(await initial(a('float w[] = {0.1, 1e-9};'))).toEqual([{ weights: [[0.1, 1e-9]] }]));
  it('raws of a CSV file', async () => expect(await initial({ 'w.csv': '1,-2\n' }, { raw: true, format: ['sfix8_En1'] })).toEqual([{ weights: [[0.5, -1]] }]));

  it.each<[string, Files, Parameters<typeof imported>[1], RegExp]>([
    ['integers without one', ints, {}, /nothing says what these integers stand for/],
    ['a raw outside', ints, { format: ['sfix2_En0'] }, /w\[1\]: is no raw of its format\n {2}found {5}2\n {2}expected {2}-2 to 1 \(sfix2\)/],
    ['a real outside', a('float w[] = {9};'), { format: ['sfix8_En4'] }, /w\[0\]: this value lies outside its format\n {2}found {5}raw 144/],
    ['a word outside', { 'w.mem': '1ff' }, { format: ['sfix8_En4'], layers: '1x1' }, /this word is wider than its format/],
    ['a raw that is none', { 'w.csv': '1.5' }, { raw: true, format: ['sfix8_En4'] }, /w\.csv: w\[0\]: is no raw\n {2}found {5}1\.5/],
    ['raws without one', { 'w.csv': '1' }, { raw: true }, /nothing says what/],
    ['a value beyond a double', { 'w.csv': '1e399' }, {}, /is beyond binary64/],
    ['a text that is no format', ints, { format: ['sfix'] }, /expected/],
  ])('refuse %s', async (_, files, options, message) => expect(await failure('format', () => imported(files, options))).toMatch(message));

  it('are held to the target, and become a profile', async () => {
    const { document, profile } = await imported(a(table('w', [8], 1, 'q31_t')), { into: 'exp-000a', profile: 'cortex-m4-q15', profileFile: `${ROOT}experiments/x.json` });
    expect(document.result!.sites).toEqual([{ site: 'layer0.weight', imported: 'sfix32_En31', format: 'sfix16_En15', inexact: 8, set: ['profile.sites.layer0.weight.wordLength=32', 'profile.sites.layer0.weight.fractionLength=31'] }]);
    expect(profile).toEqual({ name: 'x', extends: 'cortex-m4-q15', sites: { 'layer0.weight': { wordLength: 32, fractionLength: 31, source: 'imported from a.c' } } });
  });
});

describe('the experiment', () => {
  it('is the one named, its paths from where it is written', () => inFolder({
    'in/mine.json': mine({ data: { kind: 'csv', file: 'log.csv', inputs: ['a', 'b'], targets: ['y'] }, profile: './p.json', sensor: 'step-gain-4', $schema: 'x', model: { layers: [{ outputs: 1 }] } }),
    'in/p.json': JSON.stringify({ name: 'p', extends: 'enabol-mid' }), 'a.c': table('w', [2]),
  }, async ({ path }) => {
    const { experiment, profile } = await importWeights({ files: ['a.c'], into: './in/mine.json', directory: path, experimentFile: 'out/deep/new.json', profileFile: 'other.json' });
    expect(experiment).toMatchObject({ name: 'new', data: { file: '../../in/log.csv' }, profile: '../../other.json', sensor: 'step-gain-4', about: 'Initial weights imported from a.c.' });
    expect(experiment).not.toHaveProperty('$schema');
    expect(profile).toEqual({ name: 'other', extends: 'in/p.json', sites: {} });
    expect(JSON.stringify([experiment, profile])).not.toContain(path);
  }));

  it('is exp-000a where its shape fits, else a stand-in of the shape', async () => {
    const fits = await imported(a(table('w', [2, 4])));
    expect([fits.document.result!.standIn, fits.experiment.data]).toEqual([false, expect.objectContaining({ weights: [[1.25, -0.75, 0.5, 0.2], [-0.4, 0.9, 1.1, -0.6]] })]);
    const other = await imported(a(table('w', [3, 5])));
    expect(other.document.result).toMatchObject({ standIn: true, layers: [{ inputs: 5, outputs: 3, activation: 'linear', bias: false }] });
    expect(other.experiment.data).toMatchObject({ kind: 'teacher', weights: [[1.25, -0.75, 0.5, 0.2, 1.25], [-0.4, 0.9, 1.1, -0.6, -0.4], [1.25, -0.75, 0.5, 0.2, 1.25]] });
    expect(other.experiment.about).toMatch(/a teacher that stands in[^]*Initial weights imported from a\.c/);
  });
});
