/**
 * The reference in binary64, docs/numerics.md §9: the step of §5–§8 with every Q the identity, only + − × ÷ √, sums in index order from 0.
 * The order of operations is part of the contract; do not rearrange.
 */
import type { Plan } from '../../src/schema/plan.js';
import { FloatAnchor } from './float-anchor.js';
import { FloatBalance } from './float-balance.js';
import { FloatSupervisor } from './float-supervisor.js';
import { FloatThrottle } from './float-throttle.js';
import { nextDelivery, startsIn, type Delivered, type Outcome, type StepState } from './state.js';

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

/** σ(z) as docs/numerics.md §9 has it: a series of twenty terms for e^−|z| / 1024, then ten squarings. */
export function sigmoid(z: number): number {
  const t = Math.min(Math.abs(z), 700) / 1024;
  let p = 1;
  for (let j = 20; j >= 1; j--) p = 1 - (p * t) / j;
  for (let k = 0; k < 10; k++) p = p * p;
  return z >= 0 ? 1 / (1 + p) : p / (1 + p);
}

function activate({ activation }: Plan['layers'][number], z: number): number {
  return activation === 'relu' ? Math.max(z, 0) : activation === 'sigmoid' ? sigmoid(z) : z;
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
      activations[l + 1]!.push(z.map((value) => activate(layer, value)));
    });
    const width = layers[layers.length - 1]!.outputs;
    errors.push(activations[layers.length]![b]!.map((y, o) => y - targets[b * width + o]!));
    for (const e of errors[b]!) squares += e * e;
  }
  return { activations, outputs, errors, loss: squares / (2 * count) };
}

/** The errors of the last layer as it learns from them. */
function learntErrors({ errorRule, errorOne }: Plan, errors: number[][]): number[][] {
  if (errorRule === 'difference') return errors;
  const one = errorOne!.value;
  return errors.map((sample) => sample.map((e) => (e > 0 ? one : e < 0 ? -one : 0)));
}

/** δ of every layer from the errors of the last: [layer][sample][output]. */
function backward(plan: Plan, parameters: readonly number[][], pass: ForwardPass, errors: number[][]): number[][][] {
  const { layers } = plan;
  const deltas: number[][][] = layers.map(() => []);
  deltas[layers.length - 1] = errors;
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

/** g of every parameter of the first `depth` layers, per layer. */
function gradientsOf(plan: Plan, pass: ForwardPass, deltas: readonly number[][][], depth: number): number[][] {
  const batch = pass.errors.length;
  return plan.layers.slice(0, depth).map((layer, l) => {
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
  const supervisor = new FloatSupervisor(plan);
  const balance = new FloatBalance(plan);
  const iterator = deliveries[Symbol.iterator]();
  const losses: number[] = [];
  let gradients: number[][] = [];
  let updates: number[][] = [];
  let step = 0;
  let stalledSteps = 0;
  let zeroUpdateSteps = 0;
  let infeasibleSteps = 0;
  let rejectedSteps = 0;
  /** Whether the last step that was run had the anchor on. */
  let anchored = false;

  /** Everything after the supervisor let the step go on: moves the parameters. */
  const learn = (phase: Plan['phases'][number], pass: ForwardPass) => {
    const learningRate = phase.learningRate.value;
    const pulling = anchor.decide({ on: phase.anchor, loss: pass.loss, parameters });
    const gradientsFrom = (errors: number[][], depth: number): number[][] => gradientsOf(plan, pass, backward(plan, parameters, pass, errors), depth);
    const errors = balance.apply(learntErrors(plan, pass.errors), (alone) => gradientsFrom(alone, layers.length - 1));
    gradients = gradientsFrom(errors, layers.length);
    const activations = pass.activations.slice(0, layers.length);
    const { alpha: asked, infeasible } = throttle.decide({ on: phase.throttle, learningRate, batch: pass.errors.length, gradients, parameters, activations });
    const alpha = supervisor.backOff(phase.supervisor, asked);
    const rate = alpha * learningRate;

    const gated = phase.anchor && plan.anchor.law === 'gated';
    updates = gradients.map((layer, l) => layer.map((g, index) => (gated ? anchor.gatedUpdate(l, index, rate, g) : rate * g)));
    const updated = parameters.map((layer, l) =>
      layer.map((theta, index) => {
        const pull = pulling && plan.anchor.law !== 'elastic' ? anchor.pull(l, index, theta) : 0;
        return theta - updates[l]![index]! - pull;
      }),
    );
    const next = anchor.follow(phase.anchor, updates, updated);

    const anyGradient = gradients.flat().some((g) => g !== 0);
    const moved = parameters.some((layer, l) => layer.some((theta, index) => theta !== updated[l]![index]!));
    parameters = next;
    return { alpha, rate, infeasible, pulling, stalled: anyGradient && !moved, zeroUpdate: anyGradient && updates.flat().every((u) => u === 0), rejected: false };
  };
  const REJECTED = { alpha: 0, rate: 0, infeasible: false, pulling: false, stalled: false, zeroUpdate: false, rejected: true };

  plan.phases.forEach((phase, p) => {
    for (let k = 0; k < phase.steps; k++) {
      const delivered = nextDelivery(iterator, channels, width);
      if (startsIn(plan, p, k, 'throttle')) throttle.start();
      if (startsIn(plan, p, k, 'anchor')) anchor.start(parameters);
      if (startsIn(plan, p, k, 'supervisor')) supervisor.start();
      const pass = forward(plan, parameters, delivered);

      const takenBack = supervisor.judge(phase.supervisor, pass.loss, parameters);
      if (takenBack !== undefined) {
        parameters = takenBack;
        gradients = gradients.map((layer) => layer.map(() => 0));
        updates = updates.map((layer) => layer.map(() => 0));
      }
      const outcome = takenBack === undefined ? learn(phase, pass) : REJECTED;

      if (outcome.stalled) stalledSteps++;
      if (outcome.zeroUpdate) zeroUpdateSteps++;
      if (outcome.infeasible) infeasibleSteps++;
      if (outcome.rejected) rejectedSteps++;
      losses.push(pass.loss);
      onStep?.({
        ...outcome,
        step,
        loss: pass.loss,
        curvature: throttle.curvature,
        curvatureMean: throttle.curvatureMean,
        events: anchor.events,
        controllers: { ...throttle.state, ...anchor.state, ...supervisor.state, ...balance.state },
        weights: parameters,
        gradients,
        updates,
      });
      anchored = phase.anchor;
      step++;
    }
  });

  const finalLoss = forward(plan, anchor.evaluated(anchored, parameters), nextDelivery(iterator, channels, width)).loss;
  return { finalWeights: parameters, finalLoss, losses, stalledSteps, zeroUpdateSteps, infeasibleSteps, rejectedSteps, events: anchor.events };
}
