/** The cross-entropy of sigmoid outputs, worked out anew from parameters and batch. */
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { renderComparison } from '../../src/report/terminal.js';
import { runPair, type Pair } from '../../src/run/pair.js';

const RUN = { experiment: 'anchor-shift', throttle: ['none'], anchor: ['none'] };

/** Σ(ln(1 + e^z) − y·z)/B: the logistic loss from the pre-activation, no probability in it. */
function fromWeights({ evaluation: { inputs, targets, count }, plan }: Pair, parameters: readonly number[]): number {
  const { inputs: width } = plan.layers[0]!;
  return Array.from({ length: count }, (_, row) => {
    const z = Array.from({ length: width }, (__, i) => parameters[i]! * inputs[row * width + i]!).reduce((a, b) => a + b, plan.layers[0]!.bias ? parameters[width]! : 0);
    return Math.log1p(Math.exp(z)) - targets[row]! * z;
  }).reduce((a, b) => a + b, 0) / count;
}

async function pairOf(set: readonly string[] = []): Promise<Pair> {
  const { variants: [variant], dataset } = await prepare({ ...RUN, set });
  return runPair(variant!.plan, dataset);
}

describe('the cross-entropy', () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await pairOf();
  });

  it('of float64 is the logistic loss of its weights', () => {
    expect(pair.plan.layers).toMatchObject([{ outputs: 1, activation: 'sigmoid' }]);
    expect(pair.float.crossEntropy).toBeCloseTo(fromWeights(pair, pair.float.parameters[0]!), 12);
    expect(pair.float.crossEntropy).not.toBeCloseTo(pair.float.finalLoss, 2);
  });

  it('of the target is that of its weights, as close as its outputs tell probabilities apart', () => {
    const exact = fromWeights(pair, pair.fixed.parameters[0]!);
    expect(Math.abs(pair.fixed.crossEntropy! - exact)).toBeLessThan(0.02);
    expect(pair.fixed.crossEntropy).not.toBe(exact);
  });

  it('stays finite where outputs are rounded to 0 and 1: each is half a last place from it', async () => {
    const coarse = await pairOf(['profile.sites.activation.fractionLength=1', 'profile.sites.activation.wordLength=9']);
    const { fixed: { crossEntropy }, evaluation: { count } } = coarse;
    // Outputs are 0, 1/2 or 1: every sample costs ln(4/3), ln 2 or ln 4.
    const costs = [4 / 3, 2, 4].map(Math.log);
    const total = crossEntropy! * count;
    let found = false;
    for (let sure = 0; sure <= count; sure++) {
      for (let half = 0; half <= count - sure; half++) {
        const wrong = count - sure - half;
        if (Math.abs(total - sure * costs[0]! - half * costs[1]! - wrong * costs[2]!) < 1e-9 * total) found = true;
      }
    }
    expect(found).toBe(true);
  });
});

it('is told of sigmoid outputs alone', async () => {
  const logistic = await compare({ ...RUN, tries: false });
  const { float, fixed } = logistic.runs[0]!;
  expect([float.crossEntropy, fixed.crossEntropy]).toEqual([expect.any(Number), expect.any(Number)]);
  expect(renderComparison(logistic)).toMatch(/cross-entropy +0\.\d+ +0\.\d+/);
  const linear = await compare({ experiment: 'exp-000a', throttle: ['none'], tries: false });
  expect(linear.runs[0]!.float).not.toHaveProperty('crossEntropy');
  expect(renderComparison(linear)).not.toContain('cross-entropy');
});
