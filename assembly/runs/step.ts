/**
 * One step of four runs side by side: the dense parts in lanes, where all four take them; loss and controllers run by run, by the text there is for one
 * (network/step.ts). Where runs part, one being rejected, pulled by its anchor or at a rate no lane holds, the rest of the step is taken run by run as well.
 */
import * as abi from '../abi';
import { seedStep } from '../fixed/random';
import { ratesInLanes } from '../lanes/dispatch';
import { layer } from '../network/layer';
import { supervise } from '../control/supervisor';
import { afterUpdates, beforeGradients, begin, countStill, descend, finishRow, gates, loss, rateOfStep, reject, stallFlags, step, updateAll } from '../network/step';
import { forwardOfRuns, gradientsOfRuns, hiddenErrorsOfRuns, outputErrorsOfRuns, updatesOfRuns } from './dispatch';
import { gather, gatherFrom, ofRun, own, RUNS, scatter } from './region';

/** What the parameters of each run did in this layer, and in all; flags of each row; whether its anchor pulls. */
const didOfLayer = memory.data(16, 16), did = memory.data(16, 16), flags = memory.data(16, 16), pulls = memory.data(16, 16);

@inline
function get(list: usize, run: i32): i32 { return load<i32>(list + (<usize>run << 2)); }
@inline
function set(list: usize, run: i32, value: i32): void { store<i32>(list + (<usize>run << 2), value); }

/** Makes random bits those of a run. */
@inline
function turnTo(header: usize, at: i64): void { seedStep(load<i64>(header, abi.HEADER_SEED), at); }

/** Whether the batches of all runs have one size, and a mean that is no quotient. */
function alike(batch: usize): bool {
  const count = load<i32>(batch, abi.BATCH_COUNT);
  for (let k = 1; k < RUNS; k++) if (load<i32>(ofRun(batch, k), abi.BATCH_COUNT) != count) return false;
  return !load<i32>(<usize>load<i32>(batch, abi.BATCH_DIVISOR), abi.DIVISOR_QUOTIENT);
}

/** `header`: of the first shadow; `state`, `batch`, `row`: of run 0. */
export function stepRuns<N, C, V>(header: usize, state: usize, batch: usize, row: usize, at: i64): void {
  if (!alike(batch)) {
    for (let k = 0; k < RUNS; k++) {
      turnTo(own(header, k), at);
      step<N, C, V>(own(header, k), ofRun(state, k), ofRun(batch, k), ofRun(row, k));
    }
    return;
  }
  for (let k = 0; k < RUNS; k++) begin<N, V>(own(header, k), ofRun(state, k));
  forwardAll<N, V>(header, batch);
  let together = true;
  for (let k = 0; k < RUNS; k++) {
    const run = own(header, k), rowOfRun = ofRun(row, k);
    turnTo(run, at);
    const lossOfRun = loss<N, C, V>(run, ofRun(batch, k));
    store<V>(rowOfRun, lossOfRun, abi.ROW_LOSS);
    const goesOn = supervise<N, C, V>(run, ofRun(state, k), lossOfRun);
    set(flags, k, goesOn ? 0 : reject<N, V>(run, ofRun(state, k), rowOfRun));
    if (!goesOn) together = false;
    else set(pulls, k, i32(beforeGradients<N, C, V>(run, ofRun(state, k), ofRun(batch, k), lossOfRun)));
  }
  if (together) descendTogether<N, C, V>(header, state, batch, row, at);
  else {
    for (let k = 0; k < RUNS; k++) {
      if (get(flags, k) & abi.FLAG_REJECTED) continue;
      turnTo(own(header, k), at);
      set(flags, k, descend<N, C, V>(own(header, k), ofRun(state, k), ofRun(batch, k), ofRun(row, k), get(pulls, k) != 0));
    }
  }
  for (let k = 0; k < RUNS; k++) finishRow(ofRun(state, k), ofRun(row, k), get(flags, k));
}

/** Outputs of all layers and errors of the last. */
function forwardAll<N, V>(header: usize, batch: usize): void {
  const count = load<i32>(batch, abi.BATCH_COUNT), layers = load<i32>(header, abi.HEADER_LAYERS);
  gather(<usize>load<i32>(own(header, 0), abi.HEADER_THETA), load<i32>(header, abi.HEADER_PARAMETERS), <usize>load<i32>(header, abi.HEADER_THETA));
  let inputs = <usize>load<i32>(header, abi.HEADER_LANE_SCRATCH), fed = batch + abi.BATCH_INPUTS;
  gatherFrom(<usize>load<i32>(fed), <usize>load<i32>(ofRun(fed, 1)), <usize>load<i32>(ofRun(fed, 2)), <usize>load<i32>(ofRun(fed, 3)), count * load<i32>(layer(header, 0), abi.LAYER_INPUTS), inputs);
  for (let l = 0; l < layers; l++) {
    const record = layer(header, l);
    forwardOfRuns<N, V>(header, record, inputs, fed, count);
    inputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
    fed = own(record, 0) + abi.LAYER_ACTIVATIONS;
  }
  outputErrorsOfRuns<N, V>(header, layer(header, layers - 1), batch, count);
}

/** From the gradients to the end of a step that all runs take. */
function descendTogether<N, C, V>(header: usize, state: usize, batch: usize, row: usize, at: i64): void {
  const count = load<i32>(batch, abi.BATCH_COUNT), layers = load<i32>(header, abi.HEADER_LAYERS);
  for (let l = layers - 2; l >= 0; l--) hiddenErrorsOfRuns<N, V>(header, layer(header, l), layer(header, l + 1), count);
  let inputs = <usize>load<i32>(header, abi.HEADER_LANE_SCRATCH), fed = batch + abi.BATCH_INPUTS;
  for (let l = 0; l < layers; l++) {
    const record = layer(header, l);
    gradientsOfRuns<N, C, V>(header, record, inputs, fed, count, batch);
    inputs = <usize>load<i32>(record, abi.LAYER_ACTIVATIONS);
    fed = own(record, 0) + abi.LAYER_ACTIVATIONS;
  }
  let together = true;
  for (let k = 0; k < RUNS; k++) {
    const run = own(header, k);
    turnTo(run, at);
    set(flags, k, rateOfStep<N, C, V>(run, ofRun(state, k), ofRun(batch, k), ofRun(row, k)));
    if (get(pulls, k) || gates(run)) together = false;
    for (let l = 0; l < layers; l++) if (!ratesInLanes<V>(layer(header, l), load<V>(ofRun(row, k), abi.ROW_RATE))) together = false;
  }
  if (together) updateAllTogether<N, C, V>(header, row);
  for (let k = 0; k < RUNS; k++) {
    const run = own(header, k), pulling = get(pulls, k) != 0;
    turnTo(run, at);
    const stalled = together ? stallFlags(get(did, k)) : updateAll<N, C, V>(run, load<V>(ofRun(row, k), abi.ROW_RATE), pulling, gates(run));
    set(flags, k, get(flags, k) | stalled | afterUpdates<N, V>(run, pulling));
  }
}

function updateAllTogether<N, C, V>(header: usize, row: usize): void {
  v128.store(did, i32x4.splat(0));
  for (let l = 0, layers = load<i32>(header, abi.HEADER_LAYERS); l < layers; l++) {
    const record = layer(header, l);
    const outputs = load<i32>(record, abi.LAYER_OUTPUTS), weights = outputs * load<i32>(record, abi.LAYER_INPUTS);
    v128.store(didOfLayer, i32x4.splat(0));
    updatesOfRuns<N, C, V>(header, record, abi.LAYER_WEIGHT, row, 0, weights, didOfLayer);
    if (load<i32>(record, abi.LAYER_HAS_BIAS)) updatesOfRuns<N, C, V>(header, record, abi.LAYER_BIAS, row, weights, weights + outputs, didOfLayer);
    for (let k = 0; k < RUNS; k++) {
      countStill<N>(own(record, k), get(didOfLayer, k));
      set(did, k, get(did, k) | get(didOfLayer, k));
    }
  }
  const all = load<i32>(header, abi.HEADER_PARAMETERS);
  scatter(<usize>load<i32>(header, abi.HEADER_THETA), all, <usize>load<i32>(own(header, 0), abi.HEADER_THETA));
  scatter(<usize>load<i32>(header, abi.HEADER_UPDATE), all, <usize>load<i32>(own(header, 0), abi.HEADER_UPDATE));
}
