/** Where runs part: a case worked out by hand, and the order of sites. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementName, stepOrder, which } from '../../src/compare/stepOrder.js';
import { runningSum } from '../../src/compare/runningSum.js';
import { compareTargets } from '../../src/compare/targets.js';
import { siteFormat } from '../../src/format/quantise.js';
import { partingLines, renderTargets } from '../../src/report/targets.js';
import type { AnchorLaw, SupervisorLaw } from '../../src/control/registry.js';
import type { Plan } from '../../src/schema/plan.js';
import { TargetComparison } from '../../src/schema/targets.js';
import { validate } from '../../src/schema/validate.js';
import { randomPlan } from '../oracle/plans.js';
import { Folder } from '../cli/qrails.js';

/*
 * One weight, one sample: x = 0.75, y = 0.25, w = 0.5, η = 0.5, no throttle. Signals have 8 fraction bits (x = 192), sums 16, all cut (TRN).
 *   step 0  acc 128·192 = 24576, activation 96, error 32, loss 512, g = 32·192 >> 8 = 24, u = 24/2 = 12, w = 116
 *   step 1  acc 116·192 = 22272, activation 87, error 23, loss 529/2 → 264, g = 4416 >> 8 = 17, u = 8.5 → 8, or 9 rounded up; w = 108 or 107
 *   step 2  acc 108·192 = 20736, or 107·192 = 20544
 * In float64 the first number that does not fit is the loss of step 1, 264.5·2^−16; step 2 starts from w = 116 − 17.25/2 = 107.375.
 */
const EXPERIMENT = JSON.stringify({
  name: 'tiny',
  model: { layers: [{ outputs: 1 }], initial: { kind: 'values', layers: [{ weights: [[0.5]] }] } },
  data: { kind: 'csv', file: 'one.csv', inputs: ['x'], targets: ['y'] },
  phases: [{ steps: 4, batch: 1, learningRate: 0.5 }],
});
const signal = { wordLength: 16, fractionLength: 8 };
const sum = { wordLength: 32, fractionLength: 16 };
const target = (name: string, sites: object = {}, more: object = {}): string => JSON.stringify({
  name, source: 'made up for a test', defaults: { rounding: 'TRN', overflow: 'SAT' },
  sites: { input: signal, accumulator: sum, activation: signal, gradient: signal, update: signal, weight: signal, loss: sum, ...sites },
  accumulate: { accumulator: 'end', gradientAccumulator: 'end' }, ...more,
});

const folder = new Folder({
  'tiny.json': EXPERIMENT, 'one.csv': 'x,y\n0.75,0.25\n', 'base.json': target('base'), 'same.json': target('same'), 'rounded.json': target('rounded', { update: { ...signal, rounding: 'RND' } }),
  'trap.json': target('trap', { accumulator: { ...sum, wordLength: 15, overflow: 'TRAP' } }),
  'product.json': target('product', { product: { wordLength: 32, fractionLength: 6 } }),
});
afterAll(() => folder.remove());
const compared = (...profiles: string[]): Promise<TargetComparison> => compareTargets({ experiment: './tiny.json', profiles: profiles.map((name) => `./${name}.json`), directory: folder.path });

describe('a case worked out by hand', () => {
  let result: TargetComparison;
  beforeAll(async () => {
    result = await compared('base', 'rounded');
  });

  it('two roundings part first at the update, within a last place, and then in the next sum', () => {
    const [, { first, beyond, base, target: held }] = result.parts as [unknown, TargetComparison['parts'][number]];
    expect([base, held]).toEqual(['base', 'rounded']);
    expect(first).toEqual({
      site: 'layer0.update', step: 1, element: 0, index: 0, name: 'layer0.update[0][0]', lastPlace: 2 ** -8,
      base: { raw: '8', value: 8 / 256 }, target: { raw: '9', value: 9 / 256 },
      operands: [
        { name: 'rate', base: { raw: '16384', value: 0.5 }, target: { raw: '16384', value: 0.5 } },
        { name: 'gradient', base: { raw: '17', value: 17 / 256 }, target: { raw: '17', value: 17 / 256 } },
      ],
      operandCount: 2,
    });
    expect(beyond).toMatchObject({
      site: 'layer0.accumulator', step: 2, element: 0, name: 'layer0.accumulator[0][0]', lastPlace: 2 ** -16,
      base: { raw: '20736', value: 20736 / 65536 }, target: { raw: '20544', value: 20544 / 65536 },
      operands: [
        { name: 'weight[0][0]', base: { raw: '108', value: 108 / 256 }, target: { raw: '107', value: 107 / 256 } },
        { name: 'input[0][0]', base: { raw: '192', value: 0.75 }, target: { raw: '192', value: 0.75 } },
      ],
    });
  });

  it('float64 leaves the base where a number first does not fit', () => {
    const [{ first, beyond, base }] = result.parts as [TargetComparison['parts'][number]];
    expect(base).toBe('float64');
    expect(first).toMatchObject({ site: 'loss', step: 1, base: { value: 264.5 / 65536 }, target: { raw: '264', value: 264 / 65536 } });
    expect(first!.base).not.toHaveProperty('raw');
    expect(beyond).toMatchObject({ site: 'layer0.accumulator', step: 2, base: { value: (107.375 * 192) / 65536 }, target: { raw: '20736' } });
    expect(beyond!.operands[0]).toEqual({ name: 'weight[0][0]', base: { value: 107.375 / 256 }, target: { raw: '108', value: 108 / 256 } });
  });

  it('the text names both places and says which is which', () => {
    const text = renderTargets(result);
    expect(text).toContain('rounded against base');
    expect(text).toMatch(/first {2}step 1, update\[0\]\[0\]: 0\.03515625 \(raw 9\) on rounded, 0\.03125 \(raw 8\) on base.*rounding alone explains it/);
    expect(text).toMatch(/parts {2}step 2, accumulator\[0\]\[0\]: .*weight\[0\]\[0\] 0\.41796875 \(raw 107\) against 0\.421875 \(raw 108\), input\[0\]\[0\] 0\.75 \(raw 192\) in both.*By more than a last place, 2\^-16/);
  });

  it('a narrow terminal has the same cells under one another', () => {
    const narrow = renderTargets(result, { width: 40, wrap: 40 });
    expect(narrow).toContain('    final loss ');
    expect(narrow).toContain('    verdict ');
    for (const line of narrow.split('\n').slice(3)) expect([...line].length, line).toBeLessThanOrEqual(44);
  });
});

it('the same formats under another name never part', async () => {
  const { parts } = await compared('base', 'same');
  expect(parts[1]).toEqual({ base: 'base', target: 'same', first: null, beyond: null, steps: 4 });
  expect(partingLines(parts[1]!)).toEqual([{ label: 'never', text: 'bit-identical values through step 3' }]);
});

it('a product that only one side rounds is held against the exact one', async () => {
  // 128·192·2^−16 of step 0 fits 6 fraction bits; 116·192 = 22272 of step 1 is 21.75 last places of them.
  const { parts } = await compared('base', 'product');
  expect(parts[1]!.first).toMatchObject({
    site: 'layer0.product', step: 1, element: 0, index: 0, name: 'layer0.product[0][0][0]', lastPlace: 2 ** -6,
    base: { raw: '22272', value: 22272 / 65536 }, target: { raw: '21', value: 21 / 64 },
    operands: [{ name: 'weight[0][0]' }, { name: 'input[0][0]' }],
  });
});

it('a trap ends the comparison with the step it ends', async () => {
  const { parts, targets } = await compared('base', 'trap');
  expect(targets[1]!.ran).toMatchObject({ trapped: 'layer0.accumulator', steps: 1 });
  expect(parts[1]).toMatchObject({ beyond: { site: 'layer0.accumulator', step: 0, base: { raw: '24576' }, target: { raw: '16383' } }, steps: 1 });
});

/** A plan of so many layers without controllers. */
function shaped(layers: number): Plan {
  const { plan } = randomPlan(1, { throttle: 'none', anchor: 'none', supervisor: 'none', balance: false });
  return { ...plan, layers: Array.from({ length: layers }, () => ({ inputs: 1, outputs: 1, activation: 'linear' as const, bias: true })) };
}

describe('the order of a step', () => {
  it('is that of docs/numerics.md §5 and §8', () => {
    expect(stepOrder(shaped(2), () => true)).toEqual([
      'input', 'target',
      'layer0.product', 'layer0.accumulator', 'layer0.activation', 'layer1.product', 'layer1.accumulator', 'layer1.activation',
      'layer1.error', 'loss', 'layer0.error',
      'layer0.gradientProduct', 'layer0.gradientAccumulator', 'layer0.gradient', 'layer1.gradientProduct', 'layer1.gradientAccumulator', 'layer1.gradient',
      'curvature', 'curvatureMean', 'throttle', 'rate',
      'layer0.update', 'layer0.weight', 'layer0.bias', 'layer1.update', 'layer1.weight', 'layer1.bias',
    ]);
  });

  it('has the sites of the controllers that are there, each in its place', () => {
    const order = (throttle: string, anchor: AnchorLaw, supervisor: SupervisorLaw): string[] => stepOrder(randomPlan(3, { throttle, anchor, supervisor, balance: false }).plan, () => false);
    const place = (list: string[], ...keys: string[]): number[] => keys.map((key) => list.indexOf(key));
    const ascending = (list: number[]): boolean => list.every((at, k) => at >= 0 && (k === 0 || at > list[k - 1]!));
    expect(ascending(place(order('gt2/trace', 'elastic', 'cusum'), 'loss', 'measureMean', 'cusum', 'layer0.gradient', 'curvatureMean', 'velocity', 'throttle', 'layer0.bias', 'layer0.importance', 'layer0.average'))).toBe(true);
    expect(ascending(place(order('clip', 'gated', 'rollback'), 'measureMean', 'layer0.importance', 'layer0.update', 'layer0.weight'))).toBe(true);
    expect(order('clip', 'gated', 'rollback').filter((key) => /velocity|cusum|average|share/.test(key))).toEqual([]);
  });

  it('leaves out products that no side rounds', () => {
    expect(stepOrder(shaped(1), (key) => key === 'layer0.product').filter((key) => /roduct/.test(key))).toEqual(['layer0.product']);
  });

  it('numbers and names elements as counters do', () => {
    const { plan } = randomPlan(1);
    const shaped = { ...plan, layers: [{ inputs: 3, outputs: 2, activation: 'linear' as const, bias: true }], data: { ...plan.data, inputs: 3, targets: 2 } };
    expect(which(shaped, 'input', 4, 2)).toEqual({ element: 4, index: 0, name: 'input[1][1]' });
    expect(which(shaped, 'layer0.activation', 3, 2)).toEqual({ element: 3, index: 0, name: 'layer0.activation[1][1]' });
    expect(which(shaped, 'layer0.product', 3 * 3 + 2, 2)).toEqual({ element: 3, index: 2, name: 'layer0.product[1][1][2]' });
    expect(which(shaped, 'layer0.gradientProduct', 4 * 2 + 1, 2)).toEqual({ element: 4, index: 1, name: 'layer0.gradientProduct[1][1][1]' });
    expect(which(shaped, 'layer0.gradient', 7, 2)).toEqual({ element: 7, index: 0, name: 'layer0.gradient[bias 1]' });
    expect(which(shaped, 'layer0.bias', 1, 2)).toEqual({ element: 7, index: 0, name: 'layer0.bias[1]' });
    expect(which(shaped, 'rate', 0, 2)).toEqual({ element: 0, index: 0, name: 'rate' });
    expect(elementName(shaped, 'layer0.bias', 7)).toBe('layer0.bias[1]');
  });
});

describe('a running sum', () => {
  const format = siteFormat({ signed: true, wordLength: 8, fractionLength: 2, rounding: 'TRN', overflow: 'SAT' });
  it('is quantised after each product, after a pair, or once, the bias last', () => {
    const bias = { raw: 1n, fractionLength: 4 };
    // 3/16 four times and 1/16: each is cut to 0; two of them leave 1/4 a pair; all are 13/16 → 3/4.
    expect(runningSum([3n, 3n, 3n, 3n], 4, bias, format, 1)).toBe(0n);
    expect(runningSum([3n, 3n, 3n, 3n], 4, bias, format, 2)).toBe(2n);
    expect(runningSum([3n, 3n, 3n, 3n], 4, bias, format, 0)).toBe(3n);
  });

  it('meets its rail where it is quantised, so that order shows', () => {
    const products = [127n, 127n, -127n];
    expect(runningSum(products, 2, undefined, format, 1)).toBe(0n);
    expect(runningSum([...products].reverse(), 2, undefined, format, 1)).toBe(127n);
    expect(runningSum(products, 2, undefined, format, 0)).toBe(127n);
  });
});

it('the result is as its schema says', async () => {
  await expect(validate(TargetComparison, await compared('base', 'rounded', 'product'), 'result')).resolves.toBeDefined();
});
