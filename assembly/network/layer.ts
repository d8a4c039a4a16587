/** A dense layer's pass over one batch, over any number system N with values V. docs/numerics.md §5. */
import * as abi from '../abi';
import { gradientsInLanes, hiddenErrorsInLanes } from '../lanes/dispatch';

/** Address of the record of layer `index`. */
@inline
export function layer(header: usize, index: i32): usize {
  return <usize>load<i32>(header, abi.HEADER_LAYER_TABLE) + <usize>(index * abi.LAYER_SIZE);
}

/** Address of element `index` of an array of N. */
@inline
export function at<N>(base: usize, index: i32): usize {
  return base + <usize>(index * changetype<N>(0).size());
}

/** One output of one sample: Σ w·a (+ bias), quantised after every `group` products, or once if 0. `product`: the site that rounds each product, or null. */
@inline
function neuron<N, V>(weights: usize, inputs: usize, width: i32, bias: usize, group: i32, descending: bool, product: usize, site: usize, element: i32): V {
  const n = changetype<N>(0);
  const left = load<i32>(site, abi.SITE_LEFT0);
  if (group == 0 && !product && !descending) {
    let x = n.dot(weights, inputs, width, left);
    if (bias) x = n.add(x, n.load(bias, 0), load<i32>(site, abi.SITE_LEFT1));
    n.counted(site, 1);
    return n.quantise(x, site, element, 0);
  }
  const running = load<i32>(site, abi.SITE_LEFT2);
  const forward = descending ? -1 : 1;
  let s: V = 0;
  let i = 0, index = 0, at = descending ? width - 1 : 0;
  while (i < width) {
    let x = n.zero();
    if (group) x = n.add(x, s, running);
    const end = group ? min(i + group, width) : width;
    if (product) {
      for (; i < end; i++, at += forward) x = n.addProduct(x, n.load(weights, at), n.load(inputs, at), product, element, at, left);
    } else {
      for (; i < end; i++, at += forward) x = n.mac(x, n.load(weights, at), n.load(inputs, at), left);
    }
    if (!group && bias) x = n.add(x, n.load(bias, 0), load<i32>(site, abi.SITE_LEFT1));
    s = n.quantise(x, site, element, index++);
  }
  n.counted(site, index);
  if (product) n.counted(product, width);
  if (group && bias) {
    s = n.quantise(n.add(n.add(n.zero(), s, running), n.load(bias, 0), load<i32>(site, abi.SITE_LEFT1)), site, element, index);
    n.counted(site, 1);
  }
  return s;
}

/** All outputs of one sample. */
export function forwardSample<N, V>(header: usize, record: usize, inputs: usize, sample: i32): void {
  const n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS);
  const relu = load<i32>(record, abi.LAYER_RELU), squashes = load<i32>(record, abi.LAYER_SIGMOID), hasBias = load<i32>(record, abi.LAYER_HAS_BIAS);
  const group = load<i32>(header, abi.HEADER_ACCUMULATOR_GROUP), descending = load<i32>(header, abi.HEADER_DESCENDING) != 0;
  const product = <usize>load<i32>(record, abi.LAYER_PRODUCT);
  const site = <usize>load<i32>(record, abi.LAYER_ACCUMULATOR), activation = <usize>load<i32>(record, abi.LAYER_ACTIVATION);
  const weights = at<N>(<usize>load<i32>(header, abi.HEADER_THETA), load<i32>(record, abi.LAYER_FIRST));
  const biases = at<N>(weights, width * outputs);
  const out = at<N>(<usize>load<i32>(record, abi.LAYER_ACTIVATIONS), sample * outputs);
  const left = load<i32>(activation, abi.SITE_LEFT0);
  for (let o = 0; o < outputs; o++) {
    const element = sample * outputs + o;
    const s = neuron<N, V>(at<N>(weights, o * width), inputs, width, hasBias ? at<N>(biases, o) : 0, group, descending, product, site, element);
    let z = n.quantise(n.add(n.zero(), s, left), activation, element, 0);
    if (relu && z < 0) z = 0;
    if (squashes) z = n.sigmoid(z, header);
    n.store(out, o, z);
  }
  n.counted(activation, outputs);
}

/** e = Q(ŷ − y) of the outputs from, …, to − 1 of a batch, counted sample by sample. */
export function outputErrors<N, V>(record: usize, targets: usize, from: i32, to: i32): void {
  const n = changetype<N>(0);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const out = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS), errors = <usize>load<i32>(record, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0), leftTarget = load<i32>(site, abi.SITE_LEFT1);
  for (let k = from; k < to; k++) {
    const x = n.add(n.add(n.zero(), n.load(out, k), left), -n.load(targets, k), leftTarget);
    n.store(errors, k, n.quantise(x, site, k, 0));
  }
  n.counted(site, to - from);
}

/** Every error becomes its sign times `one`. */
export function signErrors<N, V>(header: usize, count: i32, one: V): void {
  const n = changetype<N>(0);
  const last = layer(header, load<i32>(header, abi.HEADER_LAYERS) - 1);
  const errors = <usize>load<i32>(last, abi.LAYER_ERRORS);
  for (let i = 0, size = count * load<i32>(last, abi.LAYER_OUTPUTS); i < size; i++) {
    const e = n.load(errors, i);
    n.store(errors, i, e > 0 ? one : e < 0 ? -one : <V>0);
  }
}

/** δ of the units from, …, to − 1 of a hidden layer for one sample, from the layer behind it: Q(Σ w·δ), cleared where ReLU cut. */
export function hiddenErrors<N, V>(header: usize, record: usize, behind: usize, sample: i32, from: i32, to: i32): void {
  const n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_OUTPUTS), outputs = load<i32>(behind, abi.LAYER_OUTPUTS);
  const relu = load<i32>(record, abi.LAYER_RELU);
  const site = <usize>load<i32>(record, abi.LAYER_ERROR);
  const weights = at<N>(<usize>load<i32>(header, abi.HEADER_THETA), load<i32>(behind, abi.LAYER_FIRST));
  const activations = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS), errorsBehind = <usize>load<i32>(behind, abi.LAYER_ERRORS);
  const left = load<i32>(site, abi.SITE_LEFT0);
  for (let o = from; o < to; o++) {
    let x = n.zero();
    for (let j = 0; j < outputs; j++) x = n.mac(x, n.load(weights, j * width + o), n.load(errorsBehind, sample * outputs + j), left);
    const element = sample * width + o;
    const delta = n.quantise(x, site, element, 0);
    // ReLU stores max(z, 0): zero exactly where z ≤ 0.
    n.store(errors, element, relu && n.load(activations, element) == 0 ? <V>0 : delta);
  }
  n.counted(site, to - from);
}

/** g = Q(G / B) of the parameters from, …, to − 1 of a layer, weights row by row, then biases. `inputs`: what it was fed, sample by sample. */
export function gradients<N, C, V>(header: usize, record: usize, inputs: usize, from: i32, to: i32, count: i32, divisor: usize): void {
  const n = changetype<N>(0);
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS), weights = width * outputs;
  const errors = <usize>load<i32>(record, abi.LAYER_ERRORS);
  const out = at<N>(<usize>load<i32>(header, abi.HEADER_GRADIENT), load<i32>(record, abi.LAYER_FIRST));
  let o = from < weights ? from / width : from - weights, i = from < weights ? from % width : 0;
  for (let k = from; k < to; k++) {
    const weight = k < weights;
    const sum = gradientSum<N, V>(header, record, at<N>(errors, o), outputs, weight ? at<N>(inputs, i) : 0, width, count, k);
    n.store(out, k, batchMean<N, C, V>(record, sum, divisor, k));
    if (!weight) o++;
    else if (++i == width) {
      i = 0;
      if (++o == outputs) o = 0;
    }
  }
  // A quotient counts itself.
  if (!load<i32>(divisor, abi.DIVISOR_QUOTIENT)) n.counted(<usize>load<i32>(record, abi.LAYER_GRADIENT), to - from);
}

/** G = Q(Σ_b δ·a), or Q(Σ_b δ) for a bias (`inputs` null); columns of row-major arrays. */
@inline
function gradientSum<N, V>(header: usize, record: usize, errors: usize, errorStride: i32, inputs: usize, inputStride: i32, count: i32, element: i32): V {
  const n = changetype<N>(0);
  const site = <usize>load<i32>(record, abi.LAYER_GRADIENT_ACCUMULATOR);
  const group = load<i32>(header, abi.HEADER_GRADIENT_GROUP);
  const left = load<i32>(site, abi.SITE_LEFT0), leftBias = load<i32>(site, abi.SITE_LEFT1), running = load<i32>(site, abi.SITE_LEFT2);
  const product = <usize>load<i32>(record, abi.LAYER_GRADIENT_PRODUCT);
  const descending = load<i32>(header, abi.HEADER_DESCENDING) != 0, forward = descending ? -1 : 1;
  let s: V = 0;
  let b = 0, index = 0, from = descending ? count - 1 : 0;
  while (b < count) {
    let x = n.zero();
    if (group) x = n.add(x, s, running);
    const end = group ? min(b + group, count) : count;
    if (!inputs) {
      for (; b < end; b++, from += forward) x = n.add(x, n.load(errors, from * errorStride), leftBias);
    } else if (product) {
      for (; b < end; b++, from += forward) x = n.addProduct(x, n.load(errors, from * errorStride), n.load(inputs, from * inputStride), product, element, from, left);
    } else {
      for (; b < end; b++, from += forward) x = n.mac(x, n.load(errors, from * errorStride), n.load(inputs, from * inputStride), left);
    }
    s = n.quantise(x, site, element, index++);
  }
  n.counted(site, index);
  if (product && inputs) n.counted(product, count);
  return s;
}

/** g = Q(G / B), G the sum of a parameter. */
@inline
export function batchMean<N, C, V>(record: usize, sum: V, divisor: usize, element: i32): V {
  const n = changetype<N>(0);
  const site = <usize>load<i32>(record, abi.LAYER_GRADIENT);
  if (load<i32>(divisor, abi.DIVISOR_QUOTIENT)) {
    const c = changetype<C>(0);
    const x = c.add(c.zero(), sum, load<i32>(site, abi.SITE_LEFT1));
    return c.quotient(x, load<V>(divisor, abi.DIVISOR_COUNT), <V>1, load<i32>(site, abi.SITE_LEFT2), site, element, 0);
  }
  const left = load<i32>(site, abi.SITE_LEFT0) + load<i32>(divisor, abi.DIVISOR_LEFT);
  return n.quantise(n.mac(n.zero(), sum, load<V>(divisor, abi.DIVISOR_MULTIPLIER), left), site, element, 0);
}

/** Hidden errors, then the gradients of the first `trained` layers; no parameter moves before all are taken. */
export function backward<N, C, V>(header: usize, batch: usize, trained: i32): void {
  const count = load<i32>(batch, abi.BATCH_COUNT);
  for (let l = load<i32>(header, abi.HEADER_LAYERS) - 2; l >= 0; l--) allHiddenErrors<N, V>(header, layer(header, l), layer(header, l + 1), count);
  let inputs = <usize>load<i32>(batch, abi.BATCH_INPUTS);
  for (let l = 0; l < trained; l++) {
    const record = layer(header, l);
    allGradients<N, C, V>(header, record, inputs, count, <usize>load<i32>(batch, abi.BATCH_DIVISOR));
    inputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
  }
}

function allHiddenErrors<N, V>(header: usize, record: usize, behind: usize, count: i32): void {
  if (ASC_FEATURE_SIMD) {
    if (changetype<N>(0).lanes() && hiddenErrorsInLanes<N, V>(header, record, behind, count)) return;
  }
  for (let b = 0, width = load<i32>(record, abi.LAYER_OUTPUTS); b < count; b++) hiddenErrors<N, V>(header, record, behind, b, 0, width);
}

function allGradients<N, C, V>(header: usize, record: usize, inputs: usize, count: i32, divisor: usize): void {
  const width = load<i32>(record, abi.LAYER_INPUTS), outputs = load<i32>(record, abi.LAYER_OUTPUTS), weights = width * outputs;
  const all = weights + (load<i32>(record, abi.LAYER_HAS_BIAS) ? outputs : 0);
  if (ASC_FEATURE_SIMD) {
    if (changetype<N>(0).lanes() && gradientsInLanes<N, C, V>(header, record, inputs, count, divisor)) return;
  }
  gradients<N, C, V>(header, record, inputs, 0, all, count, divisor);
}
