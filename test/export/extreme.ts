/** Plans made by hand: one small enough to read, one with formats at the ends of what a plan can say. */
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import { requiredSiteKeys } from '../../src/site/sites.js';
import { endsOf } from '../oracle/exact.js';

export function format(signed: boolean, wordLength: number, fractionLength: number, more: Partial<SiteFormat> = {}): SiteFormat {
  const [low, high] = endsOf(signed, wordLength);
  return { signed, wordLength, fractionLength, rounding: 'RND', overflow: 'SAT', rails: [`${low}`, `${high}`], ...more };
}

/** One layer of 2 inputs, 1 output and a bias. */
export function smallPlan(): Plan {
  const sites = Object.fromEntries(requiredSiteKeys(1).map((key) => [key, format(true, 16, 8)]));
  sites['layer0.weight'] = format(true, 12, 8, { rails: ['-1024', '1023'] });
  sites['layer0.bias'] = format(true, 16, 12);
  sites['learningRate'] = format(false, 16, 15);
  sites['throttle'] = format(false, 16, 15);
  sites['throttleTarget'] = format(false, 16, 14);
  sites['meanRate'] = format(false, 16, 15);
  return {
    plan: 1,
    numerics: 1,
    layers: [{ inputs: 2, outputs: 1, activation: 'linear', bias: true }],
    initial: [{ weights: [[-8, 1.5]], bias: [-8], weightsRaw: [['-2048', '384']], biasRaw: ['-32768'] }],
    data: { rows: 4, inputs: 2, targets: 1, sha256: '0'.repeat(64) },
    order: 'sequential',
    lastBatch: 'keep',
    seed: 42,
    phases: [{ steps: 3, batch: 3, learningRate: { value: 0.05, raw: '1638' }, throttle: true, anchor: false, supervisor: false, sensor: true }],
    sensor: {},
    sites,
    accumulate: { accumulator: 'each', gradientAccumulator: 'end', order: 'ascending' }, divide: { method: 'exact' },
    batchDivision: 'reciprocal',
    errorRule: 'difference',
    throttle: {
      law: 'gt0', estimator: 'secant', chi: { value: 1.5, raw: '24576' }, rho: { value: 0.05, raw: '1638' },
      floor: { value: 2 ** -15, raw: '1' }, firstAlpha: { value: 1, raw: '32768' }, keepState: false, holdCurvature: true,
    },
    anchor: { law: 'none' },
    supervisor: { law: 'none' },
    divergedLoss: 1e6,
    evaluationRows: 4,
  };
}

/** Words of 2 to 64 bits, both signs, fractions from −64 to 128, and raws at the ends and where a 16-bit int would misread them. */
export function extremePlan(): Plan {
  const plan = smallPlan();
  const parameters: [weight: SiteFormat, bias: SiteFormat][] = [
    [format(true, 2, -3), format(false, 2, 5)],
    [format(true, 8, 31), format(true, 9, -64)],
    [format(true, 16, 20), format(false, 16, 16)],
    [format(true, 32, 30), format(false, 32, 32)],
    [format(true, 64, 62), format(false, 64, 63)],
    [format(true, 33, 63), format(true, 17, 128)],
    [format(false, 64, 64), format(false, 33, 31)],
  ];
  const raws = ([low, high]: SiteFormat['rails']): string[][] => {
    const inside = (value: bigint): string => `${value < BigInt(low) ? BigInt(low) + 1n : value > BigInt(high) ? BigInt(high) - 1n : value}`;
    return [[low, high, inside(-32768n)], [inside(-2147483648n), inside(65535n), inside(-1n)]];
  };
  plan.sites = Object.fromEntries(requiredSiteKeys(parameters.length).map((key) => [key, format(true, 20, 10)]));
  plan.sites['loss'] = format(false, 63, 40, { rounding: 'TRN' });
  plan.sites['squaredNorm'] = format(false, 64, 32, { rails: ['0', '18446744073709551614'] });
  plan.sites['input'] = format(true, 12, 6, { overflow: 'WRAP', rounding: 'RND_CONV' });
  plan.sites['target'] = format(true, 12, 6, { rails: ['-7', '0'], rounding: 'TRN_ZERO' });
  plan.sites['layer0.accumulator'] = format(true, 64, 40);
  plan.sites['throttle'] = format(false, 8, 3, { rounding: 'RND_CONV' });
  plan.sites['learningRate'] = format(false, 32, 34);
  plan.layers = parameters.map(() => ({ inputs: 3, outputs: 2, activation: 'linear', bias: true }));
  plan.initial = parameters.map(([weight, bias], l) => {
    plan.sites[`layer${l}.weight`] = weight;
    plan.sites[`layer${l}.bias`] = bias;
    return { weights: [], bias: [], weightsRaw: raws(weight.rails), biasRaw: [...bias.rails] };
  });
  plan.phases = [{ ...plan.phases[0]!, learningRate: { value: 0.25, raw: '4294967295' } }, { ...plan.phases[0]!, batch: 4 }];
  plan.throttle = { law: 'table', chi: { value: 1.5, raw: '512' }, firstAlpha: { value: 1, raw: '8' }, keepState: true };
  return plan;
}
