/** What a throttle computes in a step: estimate of curvature, norms, α. docs/numerics.md §6. */
import { integrates, keepsHistory, measuresGradient, THROTTLE_TABLE } from '../control/registry.js';
import { quantumFraction } from '../plan/alignment.js';
import { fedBy } from '../plan/concernsExact.js';
import type { Constant, Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { absolute, aligned, differenceOf, magnitude, operandOf, positive, type Operand } from './operand.js';
import { isPowerOfTwo, joined, largestRate, product, quotientOf, scaleOf, squared, type Parts, type Row, type Scale } from './rows.js';

/** The work of a throttle that is on, with history, and takes every quotient of its law. */
export function throttleWork(plan: Plan, batch: number, row: Row): void {
  const { law, estimator } = plan.throttle;
  if (law === 'none') return;
  let square: Parts = { quantisations: 0 };
  let norm: Parts = { quantisations: 0 };
  if (keepsHistory(plan.throttle)) {
    square = changes(plan);
    if (estimator !== undefined) norm = { roots: 2, comparisons: 1, quantisations: 2 };
  }
  if (estimator === 'trace') square = trace(plan, batch);
  if (estimator === 'rayleigh') square = alongGradient(plan, batch);
  if (measuresGradient(law)) {
    square = joined(square, gradients(plan));
    norm = joined(norm, { roots: 1, quantisations: 1 });
  }
  row('throttle', 'squaredNorm', square);
  if (norm.quantisations! > 0) row('throttle', 'norm', norm);
  if (estimator !== undefined) {
    row('throttle', 'curvature', { ...curvature(plan, batch), quantisations: 1 });
    row('throttle', 'curvatureMean', {
      products: [product('ρ × (C − mean C)', constant(plan.throttle.rho!), absolute(star(plan)[0], true))], additions: 2, quantisations: 1,
    });
  }
  if (law === 'table') row('throttle', 'throttle', tableLaw(plan));
  else if (law === 'clip') row('throttle', 'throttle', clipLaw(plan));
  else {
    if (integrates(law)) row('throttle', 'velocity', velocity(plan));
    row('throttle', 'throttle', law === 'gt0' ? boundLaw(plan) : law === 'rails' ? joined(boundLaw(plan), railSearch(plan)) : integratorLaw(plan));
  }
}

const constant = ({ raw }: Constant): Operand => positive(BigInt(raw));
/** Parameters of a layer by the site of each. */
const arrays = ({ layers }: Plan): (readonly [name: SiteName, layer: number, count: number])[] =>
  layers.flatMap(({ inputs, outputs, bias }, l) => ([['weight', l, inputs * outputs], ['bias', l, bias ? outputs : 0]] as const).filter(([, , count]) => count > 0));
const parameters = (plan: Plan): number => arrays(plan).reduce((sum, [, , count]) => sum + count, 0);

/** Squares of what changed since the step before: parameters, then gradients. */
function changes(plan: Plan): Parts {
  const products = plan.layers.flatMap(({ inputs, outputs, bias }, l) =>
    ([['weight', inputs * outputs], ['bias', bias ? outputs : 0], ['gradient', outputs * (inputs + Number(bias))]] as const).filter(([, count]) => count > 0)
      .map(([name, count]) => squared(`(change of ${name})²`, differenceOf(operandOf(plan.sites[siteKey(name, l)]!)), count)));
  const count = products.reduce((sum, one) => sum + one.count, 0);
  // Where a change of zero counts as one last place, the norm alone is looked at.
  return { products, additions: 2 * count, comparisons: plan.throttle.holdCurvature === false ? 0 : 1, quantisations: 2 };
}

function trace(plan: Plan, batch: number): Parts {
  return {
    products: plan.layers.map(({ inputs }, l) => squared(`${l === 0 ? 'input' : 'activation'}²`, operandOf(fedBy(plan, l).format), batch * inputs)),
    additions: plan.layers.reduce((sum, { inputs, bias }) => sum + batch * (inputs + Number(bias)), 0), quantisations: 1,
  };
}

/** ‖g‖², as `clip` and `gt2-qa` take it. */
const gradients = (plan: Plan): Parts => ({
  products: plan.layers.map(({ inputs, outputs, bias }, l) => squared('gradient²', operandOf(plan.sites[siteKey('gradient', l)]!), outputs * (inputs + Number(bias)))),
  additions: parameters(plan), quantisations: 1,
});

/** ‖Xg‖², then ‖g‖². */
function alongGradient(plan: Plan, batch: number): Parts {
  const { inputs, outputs, bias } = plan.layers[0]!;
  const input = plan.sites['input']!;
  const sums = batch * outputs;
  const inner = absolute(magnitude(plan, siteKey('gradient')) * (magnitude(plan, 'input') * BigInt(inputs) + (bias ? 1n << BigInt(Math.max(0, input.fractionLength)) : 0n)), true);
  return joined({
    products: [product('gradient × input', operandOf(plan.sites[siteKey('gradient')]!), operandOf(input), sums * inputs), squared('(Σ gradient × input)²', inner, sums)],
    additions: sums * (inputs + Number(bias) + 1), comparisons: 1, quantisations: 1,
  }, gradients(plan));
}

function curvature(plan: Plan, batch: number): Parts {
  const { estimator } = plan.throttle;
  const square = scaleOf(plan, 'squaredNorm');
  if (estimator === 'trace') return isPowerOfTwo(batch) ? {} : { divisions: [aligned(plan, 'curvature', square, [BigInt(batch), 0])] };
  if (estimator === 'rayleigh') {
    return joined({ products: [product('batch × gradient²', positive(BigInt(batch)), positive(square[0]))] }, quotientOf(plan, 'curvature', square, [BigInt(batch) * square[0], square[1]]));
  }
  const norm = scaleOf(plan, 'norm');
  return { ...quotientOf(plan, 'curvature', norm, norm), ...(estimator === 'secant-latch' && { comparisons: 1 }) };
}

/** C*, the larger of C and its mean. */
function star(plan: Plan): Scale {
  const fraction = Math.max(plan.sites['curvature']!.fractionLength, plan.sites['curvatureMean']!.fractionLength);
  const at = (key: string): bigint => magnitude(plan, key) << BigInt(fraction - plan.sites[key]!.fractionLength);
  return [at('curvature') > at('curvatureMean') ? at('curvature') : at('curvatureMean'), fraction];
}

/** min(1, max(χ/(η·C), floor)): a product, χ against it, the quotient, the floor, 1. */
function bound(plan: Plan): Parts {
  const eta = largestRate(plan);
  const [c, fraction] = star(plan);
  return joined(
    { products: [product('η × C*', positive(eta), positive(c))], comparisons: 3, quantisations: 1 },
    quotientOf(plan, 'throttle', [BigInt(plan.throttle.chi!.raw), plan.sites['throttleTarget']!.fractionLength], [eta * c, plan.sites['learningRate']!.fractionLength + fraction]),
  );
}
/** The larger of C and its mean, then its bound. */
const boundLaw = (plan: Plan): Parts => joined({ comparisons: 1 }, bound(plan));

/** k·χ and k·η are known beforehand. */
function velocity(plan: Plan): Parts {
  const { law, gain, momentum } = plan.throttle;
  const alpha = magnitude(plan, 'throttle');
  const [c] = star(plan);
  return {
    products: [
      ...(law === 'gt1' ? [] : [product('β × velocity', constant(momentum!), operandOf(plan.sites['velocity']!))]),
      product('α × C*', positive(alpha), positive(c)), product('k·η × that', positive(BigInt(gain!.raw) * largestRate(plan)), positive(alpha * c)),
    ],
    additions: law === 'gt1' ? 1 : 2, comparisons: 1, quantisations: 1,
  };
}

/** α + v against floor and 1, rounded between them; `gt2-qa`: between the smallest α that moves a parameter and the largest that is stable. */
function integratorLaw(plan: Plan): Parts {
  const sum: Parts = { additions: 1, comparisons: 4, quantisations: 1 };
  if (plan.throttle.law !== 'gt2-qa') return sum;
  const eta = largestRate(plan);
  const norm = scaleOf(plan, 'norm');
  const least = joined(
    { products: [product('η × norm of gradient', positive(eta), positive(norm[0]))], comparisons: 2, quantisations: 1 },
    quotientOf(plan, 'throttle', [1n, quantumFraction(plan)], [eta * norm[0], plan.sites['learningRate']!.fractionLength + norm[1]]),
  );
  return joined(joined(sum, joined(bound(plan), least)), { comparisons: 3 });
}

/** τ against the norm, the quotient, the floor, 1. */
const clipLaw = (plan: Plan): Parts => joined(
  { comparisons: 3, quantisations: 1 },
  quotientOf(plan, 'throttle', [BigInt(plan.throttle.tau!.raw), plan.sites['throttleTarget']!.fractionLength], scaleOf(plan, 'norm')),
);

/**
 * The search of the rails throttle at its longest: α = 0, its bound, then half the interval each time; every sum of a row, of a column and every bias looked at each time.
 * A sum that is outside ends a look early.
 */
export function railSearch(plan: Plan): Parts {
  const looks = 2 + plan.sites['throttle']!.fractionLength;
  const step = positive(magnitude(plan, 'throttle') * largestRate(plan));
  const terms = (l: number): number => 2 * plan.layers[l]!.inputs * plan.layers[l]!.outputs + (plan.layers[l]!.bias ? plan.layers[l]!.outputs : 0);
  const lines = plan.layers.reduce((sum, { inputs, outputs, bias }) => sum + inputs + outputs * (bias ? 2 : 1), 0);
  const all = plan.layers.reduce((sum, _, l) => sum + terms(l), 0);
  return {
    products: [
      product('α × η', operandOf(plan.sites['throttle']!), operandOf(plan.sites['learningRate']!), looks),
      ...plan.layers.map((_, l) => product('α·η × gradient', step, operandOf(plan.sites[siteKey('gradient', l)]!), looks * terms(l))),
    ],
    additions: 2 * looks * all, comparisons: looks * lines,
  };
}

/** (a/32)²·η²·S_g ≤ χ²·(S_θ + 1) for each a; squares of constants are constants. */
function tableLaw(plan: Plan): Parts {
  const square = magnitude(plan, 'squaredNorm');
  const [eta, chi] = [largestRate(plan) ** 2n, BigInt(plan.throttle.chi!.raw) ** 2n];
  return {
    products: [
      product('χ² × (change of parameters)²', positive(chi), positive(square + 1n)),
      product('η² × (change of gradients)²', positive(eta), positive(square)),
      product('α² × that', positive(BigInt(THROTTLE_TABLE[0] ** 2)), positive(eta * square), THROTTLE_TABLE.length),
    ],
    additions: 1, comparisons: THROTTLE_TABLE.length, quantisations: 1,
  };
}
