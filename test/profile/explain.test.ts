import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { list } from '../../src/document/catalogue.js';
import { ROUNDINGS } from '../../src/format/modes.js';
import { quantise, siteFormat } from '../../src/format/quantise.js';
import { alignPlan } from '../../src/plan/alignment.js';
import { buildPlan } from '../../src/plan/build.js';
import { explainProfile } from '../../src/profile/explain.js';
import { number, renderDataPath, wrap } from '../../src/profile/explainPicture.js';
import { roundingBias, tableError } from '../../src/profile/explainRules.js';
import { loadProfile } from '../../src/profile/load.js';
import type { Experiment } from '../../src/schema/experiment.js';
import type { Profile } from '../../src/schema/profile.js';
import { DataPath, type PathEdge, type PathNode, type ViewDimensions } from '../../src/schema/profileViews.js';
import { findProblems } from '../../src/schema/validate.js';
import { loadDataset } from '../../src/signal/dataset.js';
import { inFolder } from '../cli/qrails.js';

const load = async (name: string): Promise<Profile> => (await loadProfile(name)).value;
const path = async (name: string, dimensions: Partial<ViewDimensions> = {}): Promise<DataPath> => explainProfile(await load(name), dimensions);
const node = ({ nodes }: DataPath, id: string): PathNode => nodes.find((each) => each.id === id)!;
const into = ({ edges }: DataPath, to: string): PathEdge => edges.find((edge) => edge.to === to && edge.kind === 'rounding')!;
const operand = ({ edges }: DataPath, from: string, to: string): PathEdge => edges.find((edge) => edge.from === from && edge.to === to)!;

describe('cortex-m4-q15, by hand', () => {
  let q15: DataPath;
  beforeAll(async () => {
    q15 = await path('cortex-m4-q15');
  });

  it('multiplies 1.15 by 1.15 into 2.30 in one pass', () => {
    expect(node(q15, 'layer0.forward.product')).toMatchObject({
      wordLength: 32, fractionLength: 30, signed: true, range: [-1 + 2 ** -15, 1], multiplier: { operands: [16, 16], product: 32, passes: 1, kept: 32 },
    });
  });

  it('sums in 34.30 with 33 guard bits', () => {
    // 2^63 − 1 over 2^30, the product of the two most negative codes.
    expect(node(q15, 'layer0.accumulator').accumulator).toEqual({ terms: 16, guardBits: 33, fullScaleProducts: '8589934591', quantised: 'end', order: 'ascending', roundings: 1, registers: 1 });
    expect(into(q15, 'layer0.accumulator')).toMatchObject({ rightShift: 0, leftShift: 0, exact: true, times: 0, overflow: 'WRAP', overflows: false });
    expect(operand(q15, 'layer0.bias', 'layer0.forward.sum').leftShift).toBe(15);
    // 16 products of at most 1, and a bias just below 1.
    expect(node(q15, 'layer0.accumulator').range[1]).toBe(17 - 2 ** -15);
  });

  it('shifts right by 15, floors, saturates and raises Q', () => {
    for (const key of ['layer0.activation', 'layer0.gradient', 'layer0.update']) expect(into(q15, key), key).toMatchObject({ rightShift: 15, rounding: 'TRN', overflow: 'SAT', exact: false, overflows: true, flags: ['Q'] });
    expect(into(q15, 'layer0.activation').bias).toEqual([-0.5 + 2 ** -16, -0.5 + 2 ** -16]);
    expect(q15.flags).toEqual([{ name: 'Q', kind: 'sticky', sites: ['layer0.activation', 'layer0.gradient', 'layer0.update', 'layer0.weight'] }]);
  });

  it('an unsigned rate beside a signed gradient needs a bit more than the multiplier has', () => {
    expect(node(q15, 'layer0.update.product').multiplier).toEqual({ operands: [16, 17], product: 32, passes: 2, kept: 32 });
  });

  it('the batch adds to the shift of the gradient', async () => {
    expect(into(await path('cortex-m4-q15', { batch: 32 }), 'layer0.gradient').rightShift).toBe(20);
    expect(into(await path('cortex-m4-q15', { batch: 33 }), 'layer0.gradient').rightShift).toBe(21);
  });

  it('every update moves a weight of its own resolution', () => {
    expect(into(q15, 'layer0.weight')).toMatchObject({ rightShift: 0, exact: true, lost: 'every update that is not 0 moves it' });
  });
});

describe('enabol-tight, by hand', () => {
  let tight: DataPath;
  beforeAll(async () => {
    tight = await path('enabol-tight', { batch: 10 });
  });

  it('a product of 8.5 and 8.4 bits already fills the accumulator', () => {
    // ap_fixed<8,3> × ap_fixed<8,4> reaches 4 × 8 = 32, ap_fixed<14,6> ends below 32.
    expect(node(tight, 'layer0.forward.product')).toMatchObject({ wordLength: 16, fractionLength: 9, range: [-31.75, 32] });
    expect(node(tight, 'layer0.accumulator').accumulator).toMatchObject({ guardBits: 0, fullScaleProducts: '0', quantised: 'each', roundings: 17, registers: null });
    expect(node(tight, 'layer0.forward.product').multiplier).toMatchObject({ passes: null, kept: null });
  });

  it('drops one bit at every add, which RND biases by a quarter', () => {
    // Half of the values have the bit set, each goes up by half a place. The bias lies on the grid of the sum already.
    expect(into(tight, 'layer0.accumulator')).toMatchObject({ rightShift: 1, bias: [0.25, 0.25], times: 16, overflows: true });
    expect(into(tight, 'layer0.activation')).toMatchObject({ rightShift: 4, bias: [2 ** -5, 2 ** -5] });
  });

  it('the gradient accumulator is wider by log2 of the batch, rounded up', () => {
    expect(node(tight, 'layer0.gradientAccumulator')).toMatchObject({ wordLength: 18, accumulator: { terms: 10, guardBits: 3, fullScaleProducts: '7' } });
    // 1/10 is no shift.
    expect(into(tight, 'layer0.gradient')).toMatchObject({ rightShift: null, rounding: 'RND' });
  });

  it('small updates are lost', () => {
    // Updates have 8 fraction bits, weights 5: below half of 2^-5 nothing moves.
    expect(into(tight, 'layer0.weight')).toMatchObject({ rightShift: 3, lost: 'an update below 2^-6 is lost' });
  });

  it('keeps every norm, whose root is a floor', () => {
    expect(into(tight, 'norm')).toMatchObject({ rightShift: null, rounding: 'TRN', overflows: false });
  });
});

it('a product that is rounded has its own place, and the sum counts in it', async () => {
  const q31 = await path('cmsis-q31-lms', { batch: 8 });
  expect(into(q31, 'layer0.gradientProduct')).toMatchObject({ from: 'layer0.gradient.product', rightShift: 31, rounding: 'TRN', overflow: 'WRAP' });
  expect(operand(q31, 'layer0.gradientProduct', 'layer0.gradient.sum')).toBeDefined();
  // 64-bit sum of 1.31 products: 32 guard bits; -1 times 2^32 just fits.
  expect(node(q31, 'layer0.gradientAccumulator').accumulator).toMatchObject({ guardBits: 32, fullScaleProducts: '4294967296' });
  // 2.62 in 64 bits: one guard bit, as the manual says.
  expect(node(q31, 'layer0.accumulator').accumulator).toMatchObject({ guardBits: 1, fullScaleProducts: '1' });
});

it('a gradient of a bias sums errors, which can reach further than products', async () => {
  const profile = await load('enabol-mid');
  // Products reach 16 × 0.25 = 4, errors 16; the accumulator ends at 8.
  const sites = { ...profile.sites, input: { wordLength: 12, fractionLength: 13, source: 'x' }, gradientAccumulator: { wordLength: 12, fractionLength: 8, source: 'x' } };
  const drawn = explainProfile({ ...profile, sites });
  expect(node(drawn, 'layer0.gradient.product').range).toEqual([-4 + 2 ** -9, 4]);
  expect(into(drawn, 'layer0.gradientAccumulator')).toMatchObject({ overflows: true, reach: [-16, 16 - 2 ** -7] });
});

it('words wider than the multiplier take more passes', async () => {
  const profile = await load('cortex-m4-q15');
  const narrow = explainProfile({ ...profile, hardware: { multiplier: { operands: [18, 8], product: 26 }, accumulator: { wordLength: 40 } } });
  // 16 × 16: two halves on the 8-bit port; the other port takes a whole word.
  expect(node(narrow, 'layer0.forward.product').multiplier!.passes).toBe(2);
  expect(node(narrow, 'layer0.accumulator').accumulator!.registers).toBe(2);
});

it('layers: each has its sums, the error runs back between them', async () => {
  const three = await path('enabol-mid', { layers: 3, inputs: 4 });
  expect(three.sections.map(({ title }) => title).filter((title) => title.startsWith('error'))).toEqual(['error and loss', 'error back to layer 1', 'error back to layer 0']);
  expect(operand(three, 'layer1.activation', 'layer2.forward.product')).toBeDefined();
  // weight 8 + error 7 fraction bits into an error of 7.
  expect(into(three, 'layer0.error')).toMatchObject({ from: 'layer0.back.sum', rightShift: 8 });
});

describe('rounding bias', () => {
  it.each(ROUNDINGS.map((mode) => [mode]))('%s is the mean over every value', (mode) => {
    for (const shift of [0, 1, 2, 5]) {
      if (mode.startsWith('STOCHASTIC')) {
        expect(roundingBias(mode, shift)).toEqual([0, 0]);
        continue;
      }
      const format = siteFormat({ signed: true, wordLength: 16, fractionLength: 0, rounding: mode, overflow: 'SAT' });
      const denominator = 1n << BigInt(shift);
      const mean = (from: bigint): number => {
        let total = 0;
        for (let raw = from; raw < from + 2n * denominator; raw++) total += Number(quantise({ numerator: raw, denominator }, format).raw) - Number(raw) / Number(denominator);
        return total / Number(2n * denominator);
      };
      const [below, above] = roundingBias(mode, shift);
      expect(below, `${mode} ${shift}`).toBeCloseTo(mean(-10n * denominator), 12);
      expect(above, `${mode} ${shift}`).toBeCloseTo(mean(10n * denominator), 12);
    }
  });
});

it('a table of reciprocals errs by less with every bit', () => {
  expect(tableError(1)).toBeLessThan(0.5);
  for (let bits = 2; bits <= 12; bits++) expect(tableError(bits)).toBeLessThan(tableError(bits - 1));
  // Half a step of the divisor and half a last place of the reciprocal, both relative to 2^6.
  expect(tableError(6)).toBeGreaterThan(2 ** -7);
  expect(tableError(6)).toBeLessThan(2 ** -6);
});

/** A network of two layers with biases, and everything a controller can use. */
const experiment: Experiment = {
  name: 'shifts',
  model: { layers: [{ outputs: 3, activation: 'relu', bias: true }, { outputs: 1, bias: true }], initial: { kind: 'zero' } },
  data: { kind: 'teacher', rows: 16, weights: [[0.5, -0.25, 0.125]] },
  phases: [{ steps: 5, batch: 8, learningRate: 0.25 }],
};

describe.each(list('profile'))('%s', (name) => {
  it('shifts as the core does', async () => {
    const profile = await load(name);
    const dataset = await loadDataset(experiment.data, { seed: 1, baseDirectory: '.' });
    const throttle = { law: 'gt0', estimator: 'secant' } as const;
    const divides = profile.divide?.method !== 'none';
    const plan = buildPlan({ profile, sensor: { name: 'none' }, experiment, dataset, throttle: divides ? throttle : { law: 'none' }, anchor: { law: 'fixed' } });
    const { sites } = alignPlan(plan);
    const drawn = explainProfile(profile, { layers: 2, inputs: 3, batch: 8 });
    const layerSites = ['product', 'accumulator', 'activation', 'error', 'gradientProduct', 'update', 'weight', ...(plan.batchDivision === 'reciprocal' ? [] : ['gradient'])];
    const keys = [...layerSites.flatMap((site) => [`layer0.${site}`, `layer1.${site}`]), 'rate', ...(divides ? ['squaredNorm', 'curvatureMean'] : [])].filter((key) => plan.sites[key]);
    expect(keys.length).toBeGreaterThan(12);
    for (const key of keys) expect(into(drawn, key).rightShift, key).toBe(sites[key]!.shift);
    for (const layer of [0, 1]) {
      // The core lines products up with the errors a bias sums, too: the same rounding of the product.
      const { from, rightShift, leftShift } = into(drawn, `layer${layer}.gradientAccumulator`);
      const summed = sites[`layer${layer}.gradientAccumulator`]!;
      const added = drawn.edges.find(({ to }) => to === from)!;
      expect(rightShift! - leftShift - added.leftShift).toBe(summed.shift - summed.left[0]!);
      const [product, bias] = sites[`layer${layer}.accumulator`]!.left;
      const term = plan.sites[`layer${layer}.product`] ? `layer${layer}.product` : `layer${layer}.forward.product`;
      expect(operand(drawn, term, `layer${layer}.forward.sum`).leftShift).toBe(product);
      expect(operand(drawn, `layer${layer}.bias`, `layer${layer}.forward.sum`).leftShift).toBe(bias);
      expect(['weight', 'update', 'anchorPull'].map((site) => operand(drawn, `layer${layer}.${site}`, `layer${layer}.update.difference`).leftShift)).toEqual(sites[`layer${layer}.weight`]!.left);
    }
  });

  it.each([{}, { layers: 2, inputs: 3, batch: 10 }, { layers: 1, inputs: 64, batch: 32 }])('as a graph with %o', async (dimensions) => {
    const drawn = await path(name, dimensions);
    expect(await findProblems(DataPath, JSON.parse(JSON.stringify(drawn)))).toEqual([]);
    const ids = new Set(drawn.nodes.map(({ id }) => id));
    for (const { from, to } of drawn.edges) for (const end of [from, to]) expect(ids).toContain(end);
    for (const { title, nodes } of drawn.sections) for (const id of nodes) expect(ids, title).toContain(id);
    expect(ids.size).toBe(drawn.nodes.length);
    // A rounding is exact or it drops bits; what cannot overflow stays inside.
    for (const edge of drawn.edges.filter(({ kind }) => kind === 'rounding')) {
      expect(edge.exact && edge.rightShift !== 0, edge.to).toBe(false);
      expect(edge.leftShift === 0 || edge.rightShift === 0, edge.to).toBe(true);
    }
  });

  it.each([60, 80, 120])('no line is wider than %i columns', async (width) => {
    for (const dimensions of [{}, { layers: 2, batch: 10 }]) {
      const drawn = await path(name, dimensions);
      for (const ascii of [false, true]) {
        const picture = renderDataPath(drawn, { width, ascii });
        const lines = picture.trimEnd().split('\n');
        expect(lines.filter((line) => [...line].length > width)).toEqual([]);
        if (ascii) expect(picture).toMatch(/^[\x20-\x7e\n]+$/);
        // Boxes are closed: every side of a box is as long as its top.
        const widths = new Set(lines.filter((line) => /^[┌│└]|^\+-|^\|/.test(line)).map((line) => [...line].length));
        expect(widths.size).toBe(1);
      }
    }
  });
});

it.each(['enabol-tight', 'cortex-m4-q15', 'avr-q7', 'loihi-8bit'])('%s: what cannot overflow does not, however wild the run', async (name) => {
  const wild = { ...experiment, model: { layers: [{ outputs: 1, bias: true }], initial: { kind: 'zero' } }, phases: [{ steps: 60, batch: 8, learningRate: 0.9 }], data: { kind: 'teacher', rows: 64, weights: [[40, -30, 20]], low: -9, high: 9 } };
  await inFolder({ 'e.json': JSON.stringify(wild) }, async (folder) => {
    const { runs } = await compare({ experiment: './e.json', profile: name, throttle: ['none', 'gt0/secant'], directory: folder.path, tries: false });
    const drawn = await path(name, { inputs: 3, batch: 8 });
    let overflows = 0;
    for (const { fixed } of runs) {
      for (const [key, { overflowHigh, overflowLow, format }] of Object.entries(fixed.sites)) {
        overflows += overflowHigh + overflowLow;
        const edge = drawn.edges.find(({ to, kind }) => to === key && kind === 'rounding');
        if (edge?.overflows === false) expect(overflowHigh + overflowLow, `${key} ${format}`).toBe(0);
      }
    }
    expect(overflows).toBeGreaterThan(0);
  });
});

it('colours change nothing but the colour', async () => {
  const drawn = await path('cortex-m4-q15');
  const mark = (text: string): string => `\u001b[1m${text}\u001b[0m`;
  const palette = { bold: mark, dim: mark, red: mark, yellow: mark, green: mark, cyan: mark };
  const coloured = renderDataPath(drawn, { palette });
  expect(coloured).toContain('\u001b[1m');
  expect(coloured.replaceAll(/\u001b\[[01]m/g, '')).toBe(renderDataPath(drawn));
});

it('hostile texts of a profile stay inside the picture', async () => {
  const profile = { ...(await load('enabol-mid')), title: `\u001b[2J${'x'.repeat(150)} \u202e`, leavesOut: ['a\nb\u009b', 'y'.repeat(500)] };
  const picture = renderDataPath(explainProfile(profile), { width: 60 });
  expect(picture).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(picture.split('\n').filter((line) => [...line].length > 60)).toEqual([]);
});

it('numbers keep what tells them from the next power of two', () => {
  expect([1, -1, 0.5, 1 - 2 ** -15, 1 - 2 ** -31, 2 ** 33, 1e-9, 0].map(number)).toEqual(['1', '-1', '0.5', '0.999969', '0.999999999534', '8.59e+9', '1e-9', '0']);
});

it('words are broken where they must be', () => {
  expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
  expect(wrap('abcdefg h', 3)).toEqual(['abc', 'def', 'g h']);
  expect(wrap('a ≫\u00a015', 4)).toEqual(['a', '≫ 15']);
});
