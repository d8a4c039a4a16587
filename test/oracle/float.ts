/**
 * The reference in binary64, docs/numerics.md §9: the step of §5–§8 with every Q the identity, only + − × ÷ √, sums in index order from 0.
 * The order of operations is part of the contract; do not rearrange.
 */
import type { Plan } from '../../src/schema/plan.js';
import { FloatAnchor } from './float-anchor.js';
import { FloatThrottle } from './float-throttle.js';
import { nextDelivery, type Delivered, type Outcome, type StepState } from './state.js';

export type FloatOutcome = Outcome<number>;

interface ForwardPass {
  /** [layer][sample][neuron]: layer 0 is the input. */
  readonly activations: number[][][];
  /** [layer][sample][output]: before ReLU. */
  readonly outputs: number[][][];
  readonly errors: number[][];
  readonly loss: number;
}

/** Σ of `count` terms one after the other, in the plan's order. */
function sumInOrder({ accumulate: { order } }: Plan, count: number, term: (index: number) => number): number {
  let s = 0;
  for (let k = 0; k < count; k++) s += term(order === 'ascending' ? k : count - 1 - k);
  return s;
}

function forward(plan: Plan, parameters: readonly number[][], { count, inputs, targets }: Delivered): ForwardPass {
  const { layers } = plan;
  const activations: number[][][] = Array.from({ length: layers.length + 1 }, () => []);
  const outputs: number[][][] = layers.map(() => []);
  const errors: number[][] = [];
  const channels = layers[0]!.inputs;
  let squares = 0;

  for (let b = 0; b < count; b++) {
    activations[0]!.push(Array.from(inputs.subarray(b * channels, (b + 1) * channels)));
    layers.forEach((layer, l) => {
      const a = activations[l]![b]!;
      const theta = parameters[l]!;
      const z: number[] = [];
      for (let o = 0; o < layer.outputs; o++) {
        let s = sumInOrder(plan, layer.inputs, (i) => theta[o * layer.inputs + i]! * a[i]!);
        if (layer.bias) s += theta[layer.outputs * layer.inputs + o]!;
        z.push(s);
      }
      outputs[l]!.push(z);
      activations[l + 1]!.push(layer.activation === 'relu' ? z.map((value) => Math.max(value, 0)) : z);
    });
    const width = layers[layers.length - 1]!.outputs;
    errors.push(activations[layers.length]![b]!.map((y, o) => y - targets[b * width + o]!));
    for (const e of errors[b]!) squares += e * e;
  }
  return { activations, outputs, errors, loss: squares / (2 * count) };
}

/** δ of every layer: [layer][sample][output]. */
function backward({ layers }: Plan, parameters: readonly number[][], pass: ForwardPass): number[][][] {
  const deltas: number[][][] = layers.map(() => []);
  deltas[layers.length - 1] = pass.errors;
  for (let l = layers.length - 2; l >= 0; l--) {
    const next = layers[l + 1]!;
    deltas[l] = deltas[l + 1]!.map((delta, b) =>
      pass.outputs[l]![b]!.map((z, o) => {
        let s = 0;
        for (let j = 0; j < next.outputs; j++) s += parameters[l + 1]![j * next.inputs + o]! * delta[j]!;
        return layers[l]!.activation === 'relu' && z <= 0 ? 0 : s;
      }),
    );
  }
  return deltas;
}

function gradientsOf(plan: Plan, pass: ForwardPass, deltas: readonly number[][][], batch: number): number[][] {
  return plan.layers.map((layer, l) => {
    const gradients: number[] = [];
    for (let o = 0; o < layer.outputs; o++) {
      for (let i = 0; i < layer.inputs; i++) gradients.push(sumInOrder(plan, batch, (b) => deltas[l]![b]![o]! * pass.activations[l]![b]![i]!) / batch);
    }
    if (layer.bias) {
      for (let o = 0; o < layer.outputs; o++) gradients.push(sumInOrder(plan, batch, (b) => deltas[l]![b]![o]!) / batch);
    }
    return gradients;
  });
}

/** As `runFixed`, in binary64 and without counters. */
export function runFloat(plan: Plan, deliveries: Iterable<Delivered>, onStep?: (state: StepState<number>) => void): FloatOutcome {
  const { layers } = plan;
  const channels = layers[0]!.inputs;
  const width = layers[layers.length - 1]!.outputs;
  let parameters: number[][] = plan.initial.map(({ weights, bias }) => [...weights.flat(), ...bias]);
  const throttle = new FloatThrottle(plan);
  const anchor = new FloatAnchor(plan);
  const iterator = deliveries[Symbol.iterator]();
  const losses: number[] = [];
  let step = 0;
  let stalledSteps = 0;
  let zeroUpdateSteps = 0;
  let infeasibleSteps = 0;

  plan.phases.forEach((phase, p) => {
    const before = plan.phases[p - 1];
    const learningRate = phase.learningRate.value;

    for (let k = 0; k < phase.steps; k++) {
      const delivered = nextDelivery(iterator, channels, width);
      const pass = forward(plan, parameters, delivered);
      const fresh = k === 0;
      const pulling = anchor.decide({ on: phase.anchor, fresh: fresh && phase.anchor && before?.anchor !== true, loss: pass.loss, parameters });

      const deltas = backward(plan, parameters, pass);
      const gradients = gradientsOf(plan, pass, deltas, delivered.count);
      const { alpha, infeasible } = throttle.decide({
        on: phase.throttle,
        fresh: fresh && phase.throttle && before?.throttle !== true,
        learningRate,
        batch: delivered.count,
        gradients: gradients.flat(),
        parameters: parameters.flat(),
        activations: pass.activations.slice(0, layers.length),
      });
      const rate = alpha * learningRate;

      const updates = gradients.map((layer) => layer.map((g) => rate * g));
      const next = parameters.map((layer, l) =>
        layer.map((theta, index) => {
          const pull = pulling ? anchor.pull(l, index, theta) : 0;
          return theta - updates[l]![index]! - pull;
        }),
      );

      const anyGradient = gradients.flat().some((g) => g !== 0);
      const moved = parameters.some((layer, l) => layer.some((theta, index) => theta !== next[l]![index]!));
      const stalled = anyGradient && !moved;
      const zeroUpdate = anyGradient && updates.flat().every((u) => u === 0);
      if (stalled) stalledSteps++;
      if (zeroUpdate) zeroUpdateSteps++;
      if (infeasible) infeasibleSteps++;
      losses.push(pass.loss);
      parameters = next;

      onStep?.({
        step,
        loss: pass.loss,
        alpha,
        rate,
        curvature: throttle.curvature,
        curvatureMean: throttle.curvatureMean,
        infeasible,
        stalled,
        zeroUpdate,
        pulling,
        events: anchor.events,
        weights: parameters,
        gradients,
        updates,
      });
      step++;
    }
  });

  const finalLoss = forward(plan, parameters, nextDelivery(iterator, channels, width)).loss;
  return { finalWeights: parameters, finalLoss, losses, stalledSteps, zeroUpdateSteps, infeasibleSteps, events: anchor.events };
}
