/** A generous bound on the bits an exact value of a plan can need (docs/numerics.md §10), so that random plans stay inside 127. */
import type { Plan } from '../../src/schema/plan.js';

/** Values of magnitude at most 2^top in steps of 2^−f. */
interface Extent {
  readonly top: number;
  readonly f: number;
}

/** What a bound is worked out with. */
interface Bounds {
  readonly site: (key: string) => Extent;
  /** Takes note of an exact value, of one that is aligned to a site, and of a quotient. */
  readonly bits: (a: Extent) => void;
  readonly quantised: (a: Extent, key: string) => void;
  readonly divided: (a: Extent, b: Extent, key: string) => void;
}

const log2Up = (n: number): number => Math.ceil(Math.log2(n));
const times = (a: Extent, b: Extent): Extent => ({ top: a.top + b.top, f: a.f + b.f });
const join = (...all: Extent[]): Extent => ({ top: Math.max(...all.map(({ top }) => top)), f: Math.max(...all.map(({ f }) => f)) });
const sumOf = (n: number, a: Extent): Extent => ({ top: a.top + log2Up(n), f: a.f });
const plus = (...all: Extent[]): Extent => sumOf(all.length, join(...all));

function extentOf({ sites }: Plan, key: string): Extent {
  const { signed, wordLength, fractionLength } = sites[key]!;
  return { top: wordLength - (signed ? 1 : 0) - fractionLength, f: fractionLength };
}

/** Most samples that are taken at once. */
const batchOf = ({ phases, evaluationRows }: Plan): number => Math.max(...phases.map(({ batch }) => batch), evaluationRows, 1);

/** The parameter sites of a plan, and the layers they belong to. */
const parameterKeys = ({ layers }: Plan): [layer: number, key: string][] =>
  layers.flatMap(({ bias }, l): [number, string][] => [[l, `layer${l}.weight`], ...(bias ? [[l, `layer${l}.bias`] as [number, string]] : [])]);

/** Most bits any exact value, aligned operand or comparison of a step can need, over-estimated by a few. */
export function widestExact(plan: Plan): number {
  const { layers, anchor } = plan;
  const batch = batchOf(plan);
  const site = (key: string): Extent => extentOf(plan, key);
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
  const bounds: Bounds = { site, bits, quantised, divided: (a, b, key) => { divided(widened(a), widened(b), key); } };
  throttleBits(plan, bounds);
  anchorBits(plan, bounds);
  supervisorBits(plan, bounds);
  balanceBits(plan, bounds);
  return widest;
}

const INTEGRATORS = ['gt1', 'gt2', 'gt2-qa'];
const cStar = (plan: Plan): Extent => join(extentOf(plan, 'curvature'), extentOf(plan, 'curvatureMean'));
/** The rayleigh estimator's inner sum. */
const along = (plan: Plan): Extent => {
  const g = extentOf(plan, 'layer0.gradient');
  return plus(sumOf(plan.layers[0]!.inputs, times(g, extentOf(plan, 'input'))), g);
};

function throttleBits(plan: Plan, { site, bits, quantised, divided }: Bounds): void {
  const { throttle: { law, estimator }, layers } = plan;
  const eta = site('learningRate');
  if (estimator === 'rayleigh') {
    const inner = along(plan);
    quantised(sumOf(batchOf(plan) * layers[0]!.outputs, times(inner, inner)), 'squaredNorm');
    divided(site('squaredNorm'), times({ top: log2Up(batchOf(plan)), f: 0 }, site('squaredNorm')), 'curvature');
  }
  if (INTEGRATORS.includes(law)) {
    const rate = site('meanRate');
    const reached = times(rate, times(eta, times(site('throttle'), cStar(plan))));
    quantised(plus(times(rate, site('velocity')), times(rate, site('throttleTarget')), reached), 'velocity');
    quantised(plus(site('throttle'), site('velocity')), 'throttle');
  }
  if (law === 'gt2-qa') {
    const places = ['update', 'weight', 'bias'].flatMap((name) => layers.map((_, l) => site(`layer${l}.${name}`).f));
    const q: Extent = { top: 1 - Math.min(...places), f: Math.max(...places) };
    const product = times(eta, site('norm'));
    bits(join(q, product));
    divided(q, product, 'throttle');
  }
  if (law === 'rails') {
    for (const [l, key] of parameterKeys(plan)) {
      const moved = times(times(site('throttle'), eta), site(`layer${l}.gradient`));
      bits(join(sumOf(Math.max(layers[l]!.inputs, layers[l]!.outputs), plus(site(key), moved)), site('normRail')));
    }
  }
  if (law === 'clip') {
    bits(join(site('throttleTarget'), site('norm')));
    divided(site('throttleTarget'), site('norm'), 'throttle');
  }
}

function anchorBits(plan: Plan, { site, bits, quantised, divided }: Bounds): void {
  const { law, threshold = 0 } = plan.anchor;
  for (const [l, key] of parameterKeys(plan)) {
    const at = (name: string): Extent => site(`layer${l}.${name}`);
    const rate = site('anchorRate');
    const distance = plus(site(key), at('average'));
    if (law === 'ema' || law === 'elastic') {
      quantised(plus(at('average'), times(rate, distance)), `layer${l}.average`);
      quantised(at('average'), key);
    }
    if (law === 'elastic') {
      quantised(times(times(rate, at('importance')), distance), `layer${l}.anchorPull`);
      quantised(plus(site(key), at('anchorPull')), key);
      const phi = plus(times(at('update'), at('update')), times(at('update'), distance), at('update'));
      quantised(plus(at('importance'), times(rate, plus(phi, at('importance')))), `layer${l}.importance`);
    }
    if (law === 'gated') {
      const g = at('gradient');
      bits(join(times(g, g), { top: threshold === 0 ? -Infinity : Math.log2(threshold), f: 2 * g.f }));
      quantised(plus(at('importance'), join(g, times(g, g))), `layer${l}.importance`);
      divided(times(site('rate'), g), at('importance'), `layer${l}.update`);
    }
  }
}

function supervisorBits({ supervisor: { law } }: Plan, { site, quantised }: Bounds): void {
  if (law === 'none') return;
  const loss = site('loss');
  quantised(loss, 'measureMean');
  quantised(plus(site('measureMean'), times(site('meanRate'), plus(loss, site('measureMean')))), 'measureMean');
  quantised(plus(site('cusum'), loss, site('measureMean'), loss), 'cusum');
}

function balanceBits({ balance, layers }: Plan, { site, quantised, divided }: Bounds): void {
  if (balance === undefined) return;
  const losses: Extent = { top: log2Up(balance.outputs!.length), f: 0 };
  const norms = times(losses, site('norm'));
  divided(norms, times(losses, norms), 'share');
  quantised(plus(site('shareMean'), times(site('meanRate'), plus(site('share'), site('shareMean')))), 'shareMean');
  divided(site('shareMean'), times(losses, site('shareMean')), 'share');
  const error = `layer${layers.length - 1}.error`;
  quantised(times(site('share'), site(error)), error);
}

/** Most bits of what docs/numerics.md §10 keeps in one 64-bit register, for the laws that came last. */
export function widestRegister(plan: Plan): number {
  const { throttle: { law, estimator }, anchor, supervisor, balance } = plan;
  const site = (key: string): Extent => extentOf(plan, key);
  const held: Extent[] = [];
  if (INTEGRATORS.includes(law)) held.push(times(site('throttle'), cStar(plan)), plus(site('throttle'), site('velocity')));
  if (estimator === 'rayleigh') held.push(along(plan));
  const mean = { ...site('measureMean'), top: site('measureMean').top + 1 };
  if (supervisor.law !== 'none') held.push(plus(site('loss'), mean, site('loss')));
  if (supervisor.law === 'cusum') held.push(plus(site('cusum'), site('loss'), mean, site('loss')));
  if (balance) held.push(plus(site('share'), site('shareMean')));
  for (const [l, key] of parameterKeys(plan)) {
    if (anchor.law === 'ema' || anchor.law === 'elastic') held.push(plus(site(key), site(`layer${l}.average`)));
    if (anchor.law === 'elastic') held.push(times(site('anchorRate'), site(`layer${l}.importance`)));
  }
  return Math.max(0, ...held.map(({ top, f }) => top + f));
}
