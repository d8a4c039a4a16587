/** Balances losses that share layers: the larger a loss's gradient there, the smaller its say. docs/numerics.md §7.2. */
import * as abi from '../abi';
import { backward, layer } from '../network/layer';
import { gradientNorm } from './norm';

/** Address of value `index` of an array of values. */
@inline
function value(base: usize, index: i32): usize {
  return base + (<usize>index << 3);
}

/** Outputs of loss i. */
@inline
function outputsOf(header: usize, i: i32): i32 {
  return load<i32>(<usize>load<i32>(header, abi.HEADER_LOSS_OUTPUTS) + (<usize>i << 2));
}

/** Norm of each loss's gradient on what is shared, into the array of norms; their sum. */
function measure<N, C, V>(header: usize, batch: usize): V {
  const n = changetype<N>(0);
  const layers = load<i32>(header, abi.HEADER_LAYERS);
  const last = layer(header, layers - 1);
  const outputs = load<i32>(last, abi.LAYER_OUTPUTS), size = load<i32>(batch, abi.BATCH_COUNT) * outputs;
  const errors = <usize>load<i32>(last, abi.LAYER_ERRORS), whole = <usize>load<i32>(header, abi.HEADER_WHOLE_ERRORS);
  for (let k = 0; k < size; k++) n.store(whole, k, n.load(errors, k));
  const norms = <usize>load<i32>(header, abi.HEADER_LOSS_NORMS);
  let sum: V = 0, first = 0;
  for (let i = 0, losses = load<i32>(header, abi.HEADER_LOSSES); i < losses; i++) {
    const end = first + outputsOf(header, i);
    for (let k = 0; k < size; k++) {
      const o = k % outputs;
      n.store(errors, k, o >= first && o < end ? n.load(whole, k) : <V>0);
    }
    backward<N, C, V>(header, batch, layers - 1);
    const norm = gradientNorm<N, C, V>(header, layers - 1, 3 + i);
    store<V>(value(norms, i), norm);
    sum += norm;
    first = end;
  }
  for (let k = 0; k < size; k++) n.store(errors, k, n.load(whole, k));
  return sum;
}

/** Lets the mean of each loss's share follow. */
function follow<C, V>(header: usize, sum: V): void {
  const c = changetype<C>(0);
  const losses = load<i32>(header, abi.HEADER_LOSSES);
  const shares = <usize>load<i32>(header, abi.HEADER_SHARES), norms = <usize>load<i32>(header, abi.HEADER_LOSS_NORMS);
  const site = <usize>load<i32>(header, abi.HEADER_SHARE), meanSite = <usize>load<i32>(header, abi.HEADER_SHARE_MEAN);
  const left = load<i32>(header, abi.HEADER_SHARE_LEFT_NUMERATOR), leftDivisor = load<i32>(header, abi.HEADER_SHARE_LEFT_DIVISOR);
  for (let i = 0; i < losses; i++) {
    const x = c.add(c.zero(), sum - load<V>(value(norms, i)), left);
    const share = c.divided(x, <V>(losses - 1), sum, leftDivisor, site, 0, i, header);
    store<V>(value(shares, i), c.mean(load<V>(value(shares, i)), load<V>(header, abi.HEADER_SHARE_RATE), share, meanSite));
  }
}

/** e ← Q(w·e), w the loss's weight. */
function weigh<N, C, V>(header: usize, count: i32, equal: bool): void {
  const n = changetype<N>(0), c = changetype<C>(0);
  const last = layer(header, load<i32>(header, abi.HEADER_LAYERS) - 1);
  const outputs = load<i32>(last, abi.LAYER_OUTPUTS), losses = load<i32>(header, abi.HEADER_LOSSES);
  const shares = <usize>load<i32>(header, abi.HEADER_SHARES), weights = <usize>load<i32>(header, abi.HEADER_LOSS_NORMS);
  const floor = load<V>(header, abi.HEADER_SHARE_FLOOR), site = <usize>load<i32>(header, abi.HEADER_SHARE);
  let sum: V = 0;
  for (let i = 0; i < losses; i++) sum += max<V>(load<V>(value(shares, i)), floor);
  for (let i = 0; i < losses; i++) {
    let weight = load<V>(header, abi.HEADER_FIRST_SHARE);
    if (!equal && sum != 0) {
      const x = c.add(c.zero(), max<V>(load<V>(value(shares, i)), floor), load<i32>(header, abi.HEADER_SHARE_LEFT_NUMERATOR));
      weight = c.divided(x, <V>1, sum, load<i32>(header, abi.HEADER_SHARE_LEFT_DIVISOR), site, 0, losses + i, header);
    }
    store<V>(value(weights, i), weight);
  }
  const errors = <usize>load<i32>(last, abi.LAYER_ERRORS), errorSite = <usize>load<i32>(last, abi.LAYER_ERROR);
  const left = load<i32>(errorSite, abi.SITE_LEFT2);
  for (let b = 0; b < count; b++) {
    for (let i = 0, o = 0; i < losses; i++) {
      const weight = load<V>(value(weights, i));
      for (let end = o + outputsOf(header, i); o < end; o++) {
        const k = b * outputs + o;
        n.store(errors, k, n.quantise(n.mac(n.zero(), weight, n.load(errors, k), left), errorSite, k, 1));
      }
    }
  }
  n.counted(errorSite, count * outputs);
}

/** Weighs the errors of the last layer by their losses' shares. */
export function balance<N, C, V>(header: usize, state: usize, batch: usize): void {
  const sum = measure<N, C, V>(header, batch);
  if (sum != 0) follow<C, V>(header, sum);
  const steps = load<i32>(state, abi.STATE_BALANCED), warmup = load<i32>(header, abi.HEADER_WARMUP);
  if (steps < warmup) store<i32>(state, steps + 1, abi.STATE_BALANCED);
  weigh<N, C, V>(header, load<i32>(batch, abi.BATCH_COUNT), steps < warmup);
}
