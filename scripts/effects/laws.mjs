// What is published, as formulas, and second-moment models of what is not. Inputs of LMS are independent, uniform in [−1, 1); their products with the error are taken
// as independent of it, the error as normal (Widrow; Bershad and Bermudez).

/** E x² and E x⁴ of an input. */
export const POWER = 1 / 3;
const FOURTH = 1 / 5;

export const decibel = (power) => 10 * Math.log10(power);
/** One last place. */
export const place = (fraction) => 2 ** -fraction;

/** 2 − μ·(E x⁴/E x² + (N − 1)·E x²): what is left of the stability of LMS at step size μ. */
const margin = (mu, taps) => 2 - mu * (FOURTH / POWER + (taps - 1) * POWER);
/** Excess power over noise power without rounding. About μ·N·E x²/2. */
export const misadjustment = (mu, taps) => (mu * taps * POWER) / margin(mu, taps);
/** Output power of coefficient errors whose roundings have the given power. About N·power/2μ: Caraiscos and Liu's third term. */
export const roundoff = (mu, taps, power) => (taps * power) / (mu * margin(mu, taps));
/** Mean square of a rounding error that is spread evenly over all discarded parts. */
export const UNIFORM = { RND_CONV: 1 / 12, STOCHASTIC: 1 / 6 };
/** Gitlin, Mazo and Taylor: the power of an error at which the root mean square update is half of a last place. */
export const stopping = (mu, lsb) => lsb ** 2 / (4 * mu ** 2 * POWER);
/** Half of a last place a step, balanced by the gradient of every tap; the errors it makes then feed LMS. */
export function truncation(mu, taps, lsb, noise) {
  const share = misadjustment(mu, taps);
  return (truncationBias(mu, taps, lsb) + share * noise) * (1 + share);
}
const truncationBias = (mu, taps, lsb) => (taps * lsb ** 2) / (4 * mu ** 2 * POWER);

/** What rounding does to an update u in last places: E of the step, and of its square. */
const STEPS = {
  RND_CONV: (u) => [Math.round(u), Math.round(u) ** 2],
  STOCHASTIC: (u) => {
    const low = Math.floor(u);
    return [u, low ** 2 + (u - low) * (2 * low + 1)];
  },
  float: (u) => [u, u ** 2],
};

const DEVIATIONS = 7;
const NORMAL = 700;
const INPUTS = 60;
/** Nodes of the normal distribution at midpoints, and the weights of both signs. */
const NODES = Array.from({ length: NORMAL }, (_, k) => {
  const z = ((k + 0.5) / NORMAL) * DEVIATIONS;
  return [z, 2 * (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * (DEVIATIONS / NORMAL)];
});

/** E z·x·Q(s·z·x) and E Q(s·z·x)², z normal and x an input. */
function integrate(rounding, s) {
  let [pull, square] = [0, 0];
  for (const [z, density] of NODES) {
    for (let k = 0; k < INPUTS; k++) {
      const product = z * ((k + 0.5) / INPUTS);
      const [step, squared] = STEPS[rounding](s * product);
      pull += density * product * step;
      square += density * squared;
    }
  }
  return [pull / INPUTS, square / INPUTS];
}

/** Entries of the table of integrals per doubling of s. */
const PER_OCTAVE = 32;
const integrals = new Map();

function integralAt(rounding, index) {
  const key = `${rounding}/${index}`;
  if (!integrals.has(key)) integrals.set(key, integrate(rounding, 2 ** (index / PER_OCTAVE)));
  return integrals.get(key);
}

/**
 * Of one tap at an error of power ξ: E x·e·Δ and E Δ², Δ the step of the weight. By the regression of the tap's own error δ on e given x, E δ·Δ is
 * (E δ²/ξ)·E x·e·Δ.
 */
function moments(rounding, mu, lsb, power) {
  const deviation = Math.sqrt(power);
  const position = PER_OCTAVE * Math.log2((mu * deviation) / lsb);
  const below = Math.floor(position);
  const [low, high] = [integralAt(rounding, below), integralAt(rounding, below + 1)];
  const [pull, square] = low.map((value, k) => value + (position - below) * (high[k] - value));
  return { pull: pull * deviation * lsb, square: square * lsb ** 2 };
}

/** Largest share by which a mean square changes in one stride of the model. */
const STRIDE = 0.02;

/**
 * Excess output power N·E x²·c after so many steps, from c ← c − 2·(c/ξ)·E x·e·Δ + E Δ², ξ the noise and the excess.
 *
 * @param start E δ² of a tap at first
 */
export function excessAfter(rounding, { mu, lsb, taps, noise, start, steps }) {
  let c = start;
  for (let step = 0; step < steps;) {
    const power = noise + taps * POWER * c;
    const { pull, square } = moments(rounding, mu, lsb, power);
    const rate = square - 2 * (c / power) * pull;
    const stride = Math.min(steps - step, Math.max(1, (STRIDE * c) / Math.abs(rate)));
    c += stride * rate;
    step += stride;
  }
  return taps * POWER * c;
}

/** Mean square of the stochastic rounding of a weight at an error of power ξ: LSB²·E d·(1 − d), which is LSB·E|u| where updates are far below a last place. */
export const stochasticPower = (mu, lsb, power) => moments('STOCHASTIC', mu, lsb, power).square - moments('float', mu, lsb, power).square;

/** Output power of what stochastic rounding alone adds, with the error it makes itself. */
export function stochasticRoundoff(mu, taps, lsb, noise) {
  const float = misadjustment(mu, taps) * noise;
  let added = 0;
  for (let iteration = 0; iteration < 60; iteration++) added = roundoff(mu, taps, stochasticPower(mu, lsb, noise + float + added));
  return added;
}

/** Distribution of Σ wᵢ·xᵢ on a grid, for what is beyond a rail: share of the sums, and mean square of what is cut off. */
export function beyond(weights, rail) {
  const GRID = 2048;
  const reach = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  const size = (2 * reach) / GRID;
  let density = new Float64Array(GRID);
  let first = true;
  for (const weight of weights) {
    const half = Math.abs(weight);
    const next = new Float64Array(GRID);
    // A running mean over ±half, its ends in parts of a cell.
    const cumulative = new Float64Array(GRID + 1);
    for (let k = 0; k < GRID; k++) cumulative[k + 1] = cumulative[k] + density[k];
    const upTo = (at) => {
      const clipped = Math.min(GRID, Math.max(0, at));
      const cell = Math.min(GRID - 1, Math.floor(clipped));
      return cumulative[cell] + (clipped - cell) * density[cell];
    };
    for (let k = 0; k < GRID; k++) {
      const middle = -reach + (k + 0.5) * size;
      if (first) next[k] = (Math.max(0, Math.min(half, middle + size / 2) - Math.max(-half, middle - size / 2)) / (2 * half));
      else next[k] = (upTo(k + 0.5 + half / size) - upTo(k + 0.5 - half / size)) / ((2 * half) / size);
    }
    density = next;
    first = false;
  }
  let [share, power] = [0, 0];
  density.forEach((mass, k) => {
    const over = Math.abs(-reach + (k + 0.5) * size) - rail;
    if (over <= 0) return;
    share += mass;
    power += mass * over ** 2;
  });
  return { share, power };
}
