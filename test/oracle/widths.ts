/** A generous bound on the bits an exact value of a plan can need (docs/numerics.md §10), so that random plans stay inside 127. */
import type { Plan } from '../../src/schema/plan.js';

/** Values of magnitude at most 2^top in steps of 2^−f. */
interface Extent {
  readonly top: number;
  readonly f: number;
}

const log2Up = (n: number): number => Math.ceil(Math.log2(n));
const times = (a: Extent, b: Extent): Extent => ({ top: a.top + b.top, f: a.f + b.f });
const join = (...all: Extent[]): Extent => ({ top: Math.max(...all.map(({ top }) => top)), f: Math.max(...all.map(({ f }) => f)) });
const sumOf = (n: number, a: Extent): Extent => ({ top: a.top + log2Up(n), f: a.f });
const plus = (...all: Extent[]): Extent => sumOf(all.length, join(...all));

/** Most bits any exact value, aligned operand or comparison of a step can need, over-estimated by a few. */
export function widestExact(plan: Plan): number {
  const { layers, anchor } = plan;
  const batch = Math.max(...plan.phases.map((phase) => phase.batch), plan.evaluationRows, 1);
  const site = (key: string): Extent => {
    const { signed, wordLength, fractionLength } = plan.sites[key]!;
    return { top: wordLength - (signed ? 1 : 0) - fractionLength, f: fractionLength };
  };
  let widest = 0;
  const bits = (a: Extent): void => void (widest = Math.max(widest, a.top + a.f + 3));
  const quantised = (a: Extent, key: string): void => bits(join(a, { top: -Infinity, f: site(key).f }));
  /** A product as it is added. */
  const product = (key: string, exact: Extent): Extent => {
    if (plan.sites[key] === undefined) return exact;
    quantised(exact, key);
    return site(key);
  };
  /** A table of reciprocals widens both by its bits and two more. */
  const widened = ({ top, f }: Extent): Extent => ({ top: top + (plan.divide.bits ?? 0) + 2, f });
  const divided = (a: Extent, b: Extent, key: string): void => {
    const shift = site(key).f;
    const f = Math.max(a.f, b.f);
    bits({ top: a.top, f: f + Math.max(shift, 0) });
    bits({ top: b.top, f: f + Math.max(-shift, 0) });
  };

  const parameters: Extent[] = [];
  const gradients: Extent[] = [];
  const inputs: Extent[] = [];
  layers.forEach((layer, l) => {
    const at = (name: string): Extent => site(`layer${l}.${name}`);
    const a = l === 0 ? site('input') : site(`layer${l - 1}.activation`);
    const weight = at('weight');
    parameters.push(weight, at('bias'));
    gradients.push(at('gradient'));
    inputs.push(a);
    quantised(plus(at('accumulator'), sumOf(layer.inputs, product(`layer${l}.product`, times(weight, a))), at('bias')), `layer${l}.accumulator`);
    quantised(at('accumulator'), `layer${l}.activation`);
    const next = layers[l + 1];
    const error =
      next === undefined ? plus(at('activation'), site('target')) : sumOf(next.outputs, times(site(`layer${l + 1}.weight`), site(`layer${l + 1}.error`)));
    quantised(error, `layer${l}.error`);
    if (next === undefined) quantised(sumOf(2 * batch * batch * layer.outputs, times(at('error'), at('error'))), 'loss');
    quantised(plus(at('gradientAccumulator'), sumOf(batch, product(`layer${l}.gradientProduct`, times(at('error'), a))), sumOf(batch, at('error'))), `layer${l}.gradientAccumulator`);
    const g = at('gradientAccumulator');
    quantised(times(g, join({ top: log2Up(batch), f: log2Up(batch) }, site('reciprocal'))), `layer${l}.gradient`);
    quantised(times(site('rate'), at('gradient')), `layer${l}.update`);
    for (const name of ['weight', 'bias']) {
      quantised(times(site('anchorRate'), plus(at(name), at(name))), `layer${l}.anchorPull`);
      quantised(plus(at(name), at('update'), at('anchorPull')), `layer${l}.${name}`);
    }
  });
  quantised(times(site('throttle'), site('learningRate')), 'rate');

  const count = layers.reduce((total, layer) => total + layer.outputs * (layer.inputs + 1) + batch * (layer.inputs + 1), 0);
  for (const all of [parameters, gradients, inputs]) {
    const difference = plus(join(...all), join(...all), { top: 0, f: 0 });
    quantised(sumOf(count, times(difference, difference)), 'squaredNorm');
  }
  const s = site('squaredNorm');
  bits(join(s, { top: -Infinity, f: 2 * site('norm').f }));
  divided(widened(site('norm')), widened(site('norm')), 'curvature');
  divided(s, { top: log2Up(batch), f: 0 }, 'curvature');
  const c = join(site('curvature'), site('curvatureMean'));
  quantised(plus(site('curvatureMean'), times(site('meanRate'), plus(c, c))), 'curvatureMean');
  const chi = site('throttleTarget');
  const etaC = times(site('learningRate'), c);
  divided(widened(chi), widened(etaC), 'throttle');
  bits(join(chi, etaC));
  const eta = site('learningRate');
  bits(join(times(times(times(eta, eta), s), { top: 0, f: 10 }), times(times(chi, chi), plus(s, s))));

  if (anchor.law === 'event') {
    const n: Extent = { top: log2Up(anchor.calibration!), f: 0 };
    const w: Extent = { top: log2Up(anchor.window!), f: 0 };
    const scaled = times(n, site('loss'));
    quantised(scaled, 'lossMean');
    quantised(plus(times(scaled, scaled), times(scaled, scaled)), 'lossVariance');
    const distance = plus(scaled, site('lossMean'));
    quantised(times(w, times(distance, distance)), 'statistic');
    bits(join(site('statistic'), times(times(site('eventRatio'), w), site('lossVariance'))));
  }
  return widest;
}
