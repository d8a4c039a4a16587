/**
 * One step of learning, written once over a number system: N inside the layers, C for loss and controllers, V the value in a register.
 * The order of everything here is part of the numerics: docs/numerics.md §5 and §8.
 */
import * as abi from '../abi';
import { anchorPulls, startAnchor } from '../control/anchor';
import { followAll } from '../control/average';
import { balance } from '../control/balance';
import { stretchAll } from '../control/elastic';
import { gatedUpdate } from '../control/gated';
import { backedOff, startSupervisor, supervise } from '../control/supervisor';
import { startThrottle, throttle } from '../control/throttle';
import { forwardInLanes, outputErrorsInLanes, ratesInLanes, updatesInLanes } from '../lanes/dispatch';
import { at, backward, forwardSample, layer, outputErrors, signErrors } from './layer';

/** Outputs of all layers and errors of the last, sample by sample; or, where nothing depends on it, layer by layer with four samples at a time. */
function outputs<N, V>(header: usize, batch: usize, count: i32): void {
  const layers = load<i32>(header, abi.HEADER_LAYERS);
  const last = layer(header, layers - 1), width = load<i32>(last, abi.LAYER_OUTPUTS);
  const samples = <usize>load<i32>(batch, abi.BATCH_INPUTS), targets = <usize>load<i32>(batch, abi.BATCH_TARGETS);
  if (ASC_FEATURE_SIMD) {
    if (changetype<N>(0).lanes() && load<i32>(header, abi.HEADER_LANES)) {
      let inputs = samples;
      for (let l = 0; l < layers; l++) {
        const record = layer(header, l);
        const from = forwardInLanes<N, V>(header, record, inputs, count);
        for (let b = from; b < count; b++) forwardSample<N, V>(header, record, at<N>(inputs, b * load<i32>(record, abi.LAYER_INPUTS)), b);
        inputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
      }
      outputErrors<N, V>(last, targets, outputErrorsInLanes<N, V>(header, last, targets, count * width), count * width);
      return;
    }
  }
  for (let b = 0; b < count; b++) {
    let inputs = at<N>(samples, b * load<i32>(layer(header, 0), abi.LAYER_INPUTS));
    for (let l = 0; l < layers; l++) {
      const record = layer(header, l);
      forwardSample<N, V>(header, record, inputs, b);
      inputs = at<N>(<usize>load<i32>(record, abi.LAYER_ACTIVATIONS), b * load<i32>(record, abi.LAYER_OUTPUTS));
    }
    outputErrors<N, V>(last, targets, b * width, (b + 1) * width);
  }
}

/** Forward and output error of a batch; its loss, quantised. */
export function forward<N, C, V>(header: usize, batch: usize): V {
  outputs<N, V>(header, batch, load<i32>(batch, abi.BATCH_COUNT));
  return loss<N, C, V>(header, batch);
}

/** Loss of a batch from its output errors, quantised. */
export function loss<N, C, V>(header: usize, batch: usize): V {
  const n = changetype<N>(0), c = changetype<C>(0);
  const count = load<i32>(batch, abi.BATCH_COUNT);
  const last = layer(header, load<i32>(header, abi.HEADER_LAYERS) - 1);
  const x = n.addSquares(c.zero(), <usize>load<i32>(last, abi.LAYER_ERRORS), 0, count * load<i32>(last, abi.LAYER_OUTPUTS), 0, load<i32>(header, abi.HEADER_SQUARES));
  const site = <usize>load<i32>(header, abi.HEADER_LOSS);
  const twice = load<V>(<usize>load<i32>(batch, abi.BATCH_DIVISOR), abi.DIVISOR_TWICE);
  return c.quotient(c.shift(x, load<i32>(site, abi.SITE_LEFT0)), twice, <V>1, load<i32>(site, abi.SITE_LEFT1), site, 0, 0);
}

/** What parameters did in a step: whether any moved, had a gradient, had an update. */
export const MOVED = 1, WANTED = 2, UPDATED = 4;

/** θ ← Q(θ − Q(r·g) − Q(λ(θ − θ_a))) for the parameters from, …, to − 1 of a layer, or what the gate makes of Q(r·g); returns what they did. */
export function updateParameters<N, C, V>(header: usize, record: usize, rate: V, pulling: bool, gated: bool, from: i32, to: i32): i32 {
  const n = changetype<N>(0);
  const theta = <usize>load<i32>(header, abi.HEADER_THETA), anchor = <usize>load<i32>(header, abi.HEADER_ANCHOR);
  const gradients = <usize>load<i32>(header, abi.HEADER_GRADIENT), updates = <usize>load<i32>(header, abi.HEADER_UPDATE);
  const importances = <usize>load<i32>(header, abi.HEADER_IMPORTANCE);
  const lambda = load<V>(header, abi.HEADER_LAMBDA);
  const first = load<i32>(record, abi.LAYER_FIRST), weights = load<i32>(record, abi.LAYER_OUTPUTS) * load<i32>(record, abi.LAYER_INPUTS);
  const updateSite = <usize>load<i32>(record, abi.LAYER_UPDATE), pullSite = <usize>load<i32>(record, abi.LAYER_ANCHOR_PULL);
  const updateLeft = load<i32>(updateSite, abi.SITE_LEFT0);
  let did = 0;
  for (let k = from; k < to; k++) {
    const p = first + k;
    const site = <usize>load<i32>(record + (k < weights ? abi.LAYER_WEIGHT : abi.LAYER_BIAS));
    const old = n.load(theta, p), g = n.load(gradients, p);
    const u = gated ? gatedUpdate<N, C, V>(header, record, importances, p, k, rate, g) : n.quantise(n.mac(n.zero(), rate, g, updateLeft), updateSite, k, 0);
    n.store(updates, p, u);
    let pull: V = 0;
    if (pulling) {
      const left = load<i32>(pullSite + (k < weights ? abi.SITE_LEFT0 : abi.SITE_LEFT1));
      pull = n.quantise(n.mac(n.zero(), lambda, old - n.load(anchor, p), left), pullSite, k, 0);
    }
    let x = n.add(n.zero(), old, load<i32>(site, abi.SITE_LEFT0));
    x = n.add(x, -u, load<i32>(site, abi.SITE_LEFT1));
    if (pulling) x = n.add(x, -pull, load<i32>(site, abi.SITE_LEFT2));
    const next = n.quantise(x, site, k, 0);
    n.store(theta, p, next);
    if (next != old) did |= MOVED;
    if (g != 0) did |= WANTED;
    if (u != 0) did |= UPDATED;
  }
  if (!gated) n.counted(updateSite, to - from); // a quotient counts itself
  if (pulling) n.counted(pullSite, to - from);
  const ofWeights = max(0, min(to, weights) - from);
  n.counted(<usize>load<i32>(record, abi.LAYER_WEIGHT), ofWeights);
  n.counted(<usize>load<i32>(record, abi.LAYER_BIAS), to - from - ofWeights);
  return did;
}

/** Counts a layer that stood still. */
@inline
export function countStill<N>(record: usize, did: i32): void {
  const n = changetype<N>(0);
  if ((did & (WANTED | MOVED)) == WANTED) n.stalled(<usize>load<i32>(record, abi.LAYER_WEIGHT));
  if ((did & (WANTED | UPDATED)) == WANTED) n.stalled(<usize>load<i32>(record, abi.LAYER_UPDATE));
}

/** Stall flags of what all parameters did. */
@inline
export function stallFlags(did: i32): i32 {
  return ((did & (WANTED | MOVED)) == WANTED ? abi.FLAG_STALLED : 0) | ((did & (WANTED | UPDATED)) == WANTED ? abi.FLAG_ZERO_UPDATE : 0);
}

/** Updates every parameter; returns stall flags. */
export function updateAll<N, C, V>(header: usize, rate: V, pulling: bool, gated: bool): i32 {
  const n = changetype<N>(0);
  let did = 0;
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const outputs = load<i32>(record, abi.LAYER_OUTPUTS), weights = outputs * load<i32>(record, abi.LAYER_INPUTS);
    const all = weights + (load<i32>(record, abi.LAYER_HAS_BIAS) ? outputs : 0);
    let lanes = false;
    if (ASC_FEATURE_SIMD) lanes = n.lanes() && !pulling && !gated && ratesInLanes<V>(record, rate);
    let ofLayer = 0;
    if (!lanes) ofLayer = updateParameters<N, C, V>(header, record, rate, pulling, gated, 0, all);
    else if (ASC_FEATURE_SIMD) {
      ofLayer = updatesInLanes<N, C, V>(header, record, rate, <usize>load<i32>(record, abi.LAYER_WEIGHT), 0, weights);
      if (weights < all) ofLayer |= updatesInLanes<N, C, V>(header, record, rate, <usize>load<i32>(record, abi.LAYER_BIAS), weights, all);
    }
    countStill<N>(record, ofLayer);
    did |= ofLayer;
  }
  return stallFlags(did);
}

/** Whether the run has the anchor of this law switched on. */
@inline
function anchored(header: usize, law: i32): bool {
  return load<i32>(header, abi.HEADER_ANCHOR_ON) != 0 && load<i32>(header, abi.HEADER_ANCHOR_LAW) == law;
}

/** What follows the loss in a step, up to the gradients; whether the anchor pulls. */
export function beforeGradients<N, C, V>(header: usize, state: usize, batch: usize, loss: V): bool {
  const pulling = anchorPulls<N, C, V>(header, state, loss);
  const one = load<V>(header, abi.HEADER_ERROR_ONE);
  if (one != 0) signErrors<N, V>(header, load<i32>(batch, abi.BATCH_COUNT), one);
  if (load<i32>(header, abi.HEADER_LOSSES)) balance<N, C, V>(header, state, batch);
  return pulling;
}

/** The step's rate, which goes into the row with α; the row's flags so far. */
export function rateOfStep<N, C, V>(header: usize, state: usize, batch: usize, row: usize): i32 {
  const n = changetype<N>(0);
  const flags = throttle<N, C, V>(header, state, batch, row);
  const alpha = backedOff<C, V>(header, state, load<V>(row, abi.ROW_ALPHA));
  store<V>(row, alpha, abi.ROW_ALPHA);
  const site = <usize>load<i32>(header, abi.HEADER_RATE);
  store<V>(row, n.quantise(n.mac(n.zero(), alpha, load<V>(header, abi.HEADER_ETA), load<i32>(site, abi.SITE_LEFT0)), site, 0, 0), abi.ROW_RATE);
  n.counted(site, 1);
  return flags;
}

/** Whether the anchor gates updates. */
@inline
export function gates(header: usize): bool {
  return anchored(header, abi.ANCHOR_GATED);
}

/** What follows the updates; the row's flags of it. */
export function afterUpdates<N, V>(header: usize, pulling: bool): i32 {
  if (anchored(header, abi.ANCHOR_EMA)) followAll<N, V>(header);
  const elastic = anchored(header, abi.ANCHOR_ELASTIC);
  if (elastic) stretchAll<N, V>(header);
  return pulling || elastic ? abi.FLAG_PULLING : 0;
}

/** From the gradients to the end of a step; the row's flags. */
export function descend<N, C, V>(header: usize, state: usize, batch: usize, row: usize, pulling: bool): i32 {
  backward<N, C, V>(header, batch, load<i32>(header, abi.HEADER_LAYERS));
  let flags = rateOfStep<N, C, V>(header, state, batch, row);
  flags |= updateAll<N, C, V>(header, load<V>(row, abi.ROW_RATE), pulling, gates(header));
  return flags | afterUpdates<N, V>(header, pulling);
}

/** What comes first in a step: switching on is an affair of one. */
export function begin<N, V>(header: usize, state: usize): void {
  startThrottle<V>(header, state);
  startAnchor<N, V>(header, state);
  startSupervisor<V>(header, state);
  store<i32>(header, 0, abi.HEADER_THROTTLE_START);
  store<i32>(header, 0, abi.HEADER_ANCHOR_START);
  store<i32>(header, 0, abi.HEADER_SUPERVISOR_START);
}

/** The row of a step that was rejected, but for its loss: there is no gradient and no update in it. */
export function reject<N, V>(header: usize, state: usize, row: usize): i32 {
  const bytes = changetype<N>(0).size() * load<i32>(header, abi.HEADER_PARAMETERS);
  memory.fill(<usize>load<i32>(header, abi.HEADER_GRADIENT), 0, bytes);
  memory.fill(<usize>load<i32>(header, abi.HEADER_UPDATE), 0, bytes);
  store<V>(row, 0, abi.ROW_ALPHA);
  store<V>(row, 0, abi.ROW_RATE);
  store<V>(row, load<V>(state, abi.STATE_CURVATURE), abi.ROW_CURVATURE);
  store<V>(row, load<V>(state, abi.STATE_CURVATURE_MEAN), abi.ROW_CURVATURE_MEAN);
  return abi.FLAG_REJECTED;
}

/** The end of a row. */
@inline
export function finishRow(state: usize, row: usize, flags: i32): void {
  store<i32>(row, flags, abi.ROW_FLAGS);
  store<i32>(row, load<i32>(state, abi.STATE_EVENTS), abi.ROW_EVENTS);
}

/** One step on one batch; leaves its row. */
export function step<N, C, V>(header: usize, state: usize, batch: usize, row: usize): void {
  begin<N, V>(header, state);
  const loss = forward<N, C, V>(header, batch);
  store<V>(row, loss, abi.ROW_LOSS);
  const flags = supervise<N, C, V>(header, state, loss)
    ? descend<N, C, V>(header, state, batch, row, beforeGradients<N, C, V>(header, state, batch, loss))
    : reject<N, V>(header, state, row);
  finishRow(state, row, flags);
}
