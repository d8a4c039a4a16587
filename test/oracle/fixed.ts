/**
 * The whole step on exact integers, written from docs/numerics.md §5–§8 alone. Slow and plain on purpose: every value is an exact
 * dyadic number, and a site is the only place where one is rounded.
 */
import type { Plan } from '../../src/schema/plan.js';
import {
  Site, ZERO, add, floorDivide, fromBinary64, multiply, quantise, quotient, square, subtract, sum, type Counters, type Exact, type SiteContext,
} from './exact.js';
import { FixedAnchor } from './fixed-anchor.js';
import { FixedBalance } from './fixed-balance.js';
import { FixedSupervisor } from './fixed-supervisor.js';
import { FixedThrottle } from './fixed-throttle.js';
import { finalDelivery, nextDelivery, startsIn, type Delivered, type Outcome, type StepState } from './state.js';

export interface FixedOutcome extends Outcome<bigint> {
  /** By site key; sites that never quantised have `count` 0. */
  readonly counters: Record<string, Counters>;
  /** Key of the TRAP site that ended the run, the first that overflowed in its last step. */
  readonly trapped: string | undefined;
}

type Sites = (key: string) => Site;

function makeSites({ sites, seed }: Plan, listeners: Pick<SiteContext, 'onTrap' | 'onQuantise'> = {}): Map<string, Site> {
  return new Map(Object.entries(sites).map(([key, format]) => [key, new Site(format, { key, seed, ...listeners })]));
}

function lookUp(sites: Map<string, Site>): Sites {
  return (key) => {
    const site = sites.get(key);
    if (site === undefined) throw new RangeError(`the plan has no site ${key}`);
    return site;
  };
}

type Quantise = (sum: Exact, index: number) => Exact;

/** One running sum; `quantiseSum` is called as often as the rule says, with the index of the quantisation from 0. */
function accumulate(rule: Plan['accumulate']['accumulator'], order: Plan['accumulate']['order'], terms: readonly Exact[], bias: Exact | undefined, quantiseSum: Quantise): Exact {
  const products = order === 'descending' ? [...terms].reverse() : terms;
  const biasAlone = bias === undefined ? [] : [[bias]];
  let groups: (readonly Exact[])[];
  if (rule === 'end') groups = [[...products, ...biasAlone.flat()]];
  else {
    const size = typeof rule === 'number' ? rule : rule === 'pair' ? 2 : 1;
    groups = [];
    for (let from = 0; from < products.length; from += size) groups.push(products.slice(from, from + size));
    groups.push(...biasAlone);
  }
  return groups.reduce((s, group, index) => quantiseSum(add(s, sum(group)), index), ZERO);
}

/** A product as it is added: rounded where the plan has a site for it. */
function roundProduct(plan: Plan, site: Sites, key: string, exact: Exact, step: number, element: number, index: number): Exact {
  return plan.sites[key] === undefined ? exact : site(key).quantise(exact, step, element, index);
}

/** Visits the terms of a sum in the order they are added, which counters of first overflows see; the result stays in index order. */
function inOrder<T>({ accumulate: { order } }: Plan, terms: readonly T[], visit: (term: T) => Exact): Exact[] {
  if (order === 'ascending') return terms.map(visit);
  return [...terms].reverse().map(visit).reverse();
}

interface ForwardPass {
  /** [layer][sample][neuron]: layer 0 is the quantised input. */
  readonly activations: Exact[][][];
  /** [layer][sample][output]: z, before ReLU. */
  readonly outputs: Exact[][][];
  /** [sample][output] of the last layer. */
  readonly errors: Exact[][];
  readonly loss: Exact;
}

/** A batch as the network gets it. */
interface Batch {
  readonly count: number;
  readonly inputs: readonly Exact[];
  readonly targets: readonly Exact[];
}

/** The host's part of the step (docs/numerics.md §8): the whole batch, before anything else. */
function quantiseBatch(site: Sites, { count, inputs, targets }: Delivered, step: number): Batch {
  return {
    count,
    inputs: Array.from(inputs, (value, element) => site('input').quantise(fromBinary64(value), step, element)),
    targets: Array.from(targets, (value, element) => site('target').quantiseUncounted(fromBinary64(value), step, element)),
  };
}

/** What a layer with the activation hands on of a z. */
function activate({ activation }: Plan['layers'][number], z: Exact, table: readonly Exact[]): Exact {
  if (activation === 'relu') return z.n > 0n ? z : { n: 0n, f: z.f };
  if (activation === 'linear') return z;
  const sixteenths = z.f >= 0 ? floorDivide(16n * z.n, 1n << BigInt(z.f)) : (16n * z.n) << BigInt(-z.f);
  const k = sixteenths + 128n;
  return table[k < 0n ? 0 : k > 255n ? 255 : Number(k)]!;
}

function forward(plan: Plan, site: Sites, parameters: readonly Exact[][], { count, inputs, targets }: Batch, step: number): ForwardPass {
  const { layers } = plan;
  const table = (plan.sigmoid ?? []).map((raw) => site(`layer${layers.length - 1}.activation`).value(BigInt(raw)));
  const activations: Exact[][][] = Array.from({ length: layers.length + 1 }, () => []);
  const outputs: Exact[][][] = layers.map(() => []);
  const errors: Exact[][] = [];
  const channels = layers[0]!.inputs;

  for (let b = 0; b < count; b++) {
    activations[0]!.push(inputs.slice(b * channels, (b + 1) * channels));
    layers.forEach((layer, l) => {
      const a = activations[l]![b]!;
      const theta = parameters[l]!;
      const z: Exact[] = [];
      for (let o = 0; o < layer.outputs; o++) {
        const element = b * layer.outputs + o;
        const products = inOrder(plan, a.map((value, i) => ({ exact: multiply(theta[o * layer.inputs + i]!, value), i })), ({ exact, i }) =>
          roundProduct(plan, site, `layer${l}.product`, exact, step, element, i),
        );
        const bias = layer.bias ? theta[layer.outputs * layer.inputs + o]! : undefined;
        const s = accumulate(plan.accumulate.accumulator, plan.accumulate.order, products, bias, (x, index) =>
          site(`layer${l}.accumulator`).quantise(x, step, element, index),
        );
        z.push(site(`layer${l}.activation`).quantise(s, step, element));
      }
      outputs[l]!.push(z);
      activations[l + 1]!.push(z.map((value) => activate(layer, value, table)));
    });

    const last = layers.length - 1;
    const width = layers[last]!.outputs;
    errors.push(
      activations[layers.length]![b]!.map((y, o) => {
        const element = b * width + o;
        return site(`layer${last}.error`).quantise(subtract(y, targets[element]!), step, element);
      }),
    );
  }

  const squares = sum(errors.flat().map(square));
  const loss = site('loss').quantiseQuotient(quotient(squares, { n: BigInt(2 * count), f: 0 }), step, 0);
  return { activations, outputs, errors, loss };
}

/** The errors of the last layer as it learns from them. */
function learntErrors({ errorRule, errorOne }: Plan, errors: Exact[][]): Exact[][] {
  if (errorRule === 'difference') return errors;
  const one = BigInt(errorOne!.raw);
  return errors.map((sample) => sample.map(({ n, f }) => ({ n: n > 0n ? one : n < 0n ? -one : 0n, f })));
}

/** δ of every layer from the errors of the last: [layer][sample][output]. */
function backward(plan: Plan, site: Sites, parameters: readonly Exact[][], pass: ForwardPass, errors: Exact[][], step: number): Exact[][][] {
  const { layers } = plan;
  const deltas: Exact[][][] = layers.map(() => []);
  deltas[layers.length - 1] = errors;
  for (let l = layers.length - 2; l >= 0; l--) {
    const layer = layers[l]!;
    const next = layers[l + 1]!;
    deltas[l] = deltas[l + 1]!.map((delta, b) =>
      pass.outputs[l]![b]!.map((z, o) => {
        const exact = sum(delta.map((value, j) => multiply(parameters[l + 1]![j * next.inputs + o]!, value)));
        const quantised = site(`layer${l}.error`).quantise(exact, step, b * layer.outputs + o);
        return layer.activation === 'relu' && z.n <= 0n ? { n: 0n, f: quantised.f } : quantised;
      }),
    );
  }
  return deltas;
}

/** g of every parameter of the first `depth` layers, per layer. */
function gradientsOf(plan: Plan, site: Sites, pass: ForwardPass, deltas: readonly Exact[][][], depth: number, step: number): Exact[][] {
  const mean = batchMean(plan, site, pass.errors.length);
  return plan.layers.slice(0, depth).map((layer, l) => {
    const delta = deltas[l]!;
    const a = pass.activations[l]!;
    const gradients: Exact[] = [];
    const push = (terms: readonly Exact[]): void => {
      const element = gradients.length;
      const sumSite = site(`layer${l}.gradientAccumulator`);
      const total = accumulate(plan.accumulate.gradientAccumulator, plan.accumulate.order, terms, undefined, (x, index) => sumSite.quantise(x, step, element, index));
      gradients.push(mean(total, site(`layer${l}.gradient`), step, element));
    };
    for (let o = 0; o < layer.outputs; o++) {
      for (let i = 0; i < layer.inputs; i++) {
        const element = gradients.length;
        push(
          inOrder(plan, delta.map((values, b) => ({ exact: multiply(values[o]!, a[b]![i]!), b })), ({ exact, b }) =>
            roundProduct(plan, site, `layer${l}.gradientProduct`, exact, step, element, b),
          ),
        );
      }
    }
    if (layer.bias) for (let o = 0; o < layer.outputs; o++) push(delta.map((values) => values[o]!));
    return gradients;
  });
}

/** How a batch mean of this many samples is taken and quantised at `gradient`: only the exact division is a quotient (docs/numerics.md §2.1). */
function batchMean(plan: Plan, site: Sites, batch: number): (total: Exact, gradient: Site, step: number, element: number) => Exact {
  let power = 0;
  while (2 ** power < batch) power++; // ⌈log2 B⌉
  if (2 ** power === batch || plan.batchDivision === 'powerOfTwo') {
    return (total, gradient, step, element) => gradient.quantise({ n: total.n, f: total.f + power }, step, element);
  }
  if (plan.batchDivision === 'exact') {
    return (total, gradient, step, element) => gradient.quantiseQuotient(quotient(total, { n: BigInt(batch), f: 0 }), step, element);
  }
  const c = site('reciprocal').value(quantise(1n, BigInt(batch), site('reciprocal').format).raw); // by the host: a constant, not counted
  return (total, gradient, step, element) => gradient.quantise(multiply(total, c), step, element);
}

/**
 * Runs a plan over deliveries: one for every step, then one for the final loss.
 * `onStep` sees every step after its update, `onQuantise` every quantisation that counts. After a step in which a TRAP site overflowed only the final loss follows.
 * Throws a RangeError if deliveries run out.
 */
export function runFixed(
  plan: Plan, deliveries: Iterable<Delivered>, onStep?: (state: StepState) => void, onQuantise?: SiteContext['onQuantise'],
): FixedOutcome {
  let trapped: string | undefined;
  const sites = makeSites(plan, { onTrap: (key) => (trapped ??= key), ...(onQuantise && { onQuantise }) });
  const site = lookUp(sites);
  const { layers } = plan;
  const channels = layers[0]!.inputs;
  const width = layers[layers.length - 1]!.outputs;
  const weightCount = layers.map(({ inputs, outputs }) => inputs * outputs);
  const parameterSite = (l: number, index: number): Site => site(`layer${l}.${index < weightCount[l]! ? 'weight' : 'bias'}`);
  const raws = (values: readonly Exact[][]): bigint[][] => values.map((layer) => layer.map(({ n }) => n));

  let parameters: Exact[][] = plan.initial.map(({ weightsRaw, biasRaw }, l) =>
    [...weightsRaw.flat(), ...biasRaw].map((raw, index) => parameterSite(l, index).value(BigInt(raw))),
  );
  const throttle = new FixedThrottle(plan, site);
  const anchor = new FixedAnchor(plan, site, parameterSite);
  const supervisor = new FixedSupervisor(plan, site);
  const balance = new FixedBalance(plan, site);
  const iterator = deliveries[Symbol.iterator]();
  const losses: bigint[] = [];
  let gradients: Exact[][] = [];
  let updates: Exact[][] = [];
  let step = 0;
  let stalledSteps = 0;
  let zeroUpdateSteps = 0;
  let infeasibleSteps = 0;
  let rejectedSteps = 0;
  /** Whether the last step that was run had the anchor on. */
  let anchored = false;

  /** Everything after the supervisor let the step go on: moves the parameters. */
  const learn = (phase: Plan['phases'][number], pass: ForwardPass) => {
    const learningRate = site('learningRate').value(BigInt(phase.learningRate.raw));
    const pulling = anchor.decide({ step, on: phase.anchor, loss: pass.loss, parameters });
    const gradientsFrom = (errors: Exact[][], depth: number): Exact[][] => gradientsOf(plan, site, pass, backward(plan, site, parameters, pass, errors, step), depth, step);
    const errors = balance.apply(learntErrors(plan, pass.errors), (alone) => gradientsFrom(alone, layers.length - 1), step);
    gradients = gradientsFrom(errors, layers.length);
    const activations = pass.activations.slice(0, layers.length);
    const { alpha: asked, infeasible } = throttle.decide({ step, on: phase.throttle, learningRate, batch: pass.errors.length, gradients, parameters, activations });
    const alpha = supervisor.backOff(phase.supervisor, asked);
    const rate = site('rate').quantise(multiply(alpha, learningRate), step, 0);

    updates = layers.map(() => []);
    const gated = phase.anchor && plan.anchor.law === 'gated';
    const updated = parameters.map((layer, l) =>
      layer.map((theta, index) => {
        const g = gradients[l]![index]!;
        const u = gated ? anchor.gatedUpdate({ step, layer: l, index }, rate, g) : site(`layer${l}.update`).quantise(multiply(rate, g), step, index);
        const pull = pulling && plan.anchor.law !== 'elastic' ? site(`layer${l}.anchorPull`).quantise(anchor.pull(l, index, theta), step, index) : ZERO;
        updates[l]!.push(u);
        return parameterSite(l, index).quantise(subtract(subtract(theta, u), pull), step, index);
      }),
    );
    const next = anchor.follow(step, phase.anchor, updates, updated);

    const anyGradient = gradients.flat().some(({ n }) => n !== 0n);
    gradients.forEach((layer, l) => {
      if (layer.every(({ n }) => n === 0n)) return;
      if (parameters[l]!.every(({ n }, index) => n === updated[l]![index]!.n)) site(`layer${l}.weight`).counters.stalled++;
      if (updates[l]!.every(({ n }) => n === 0n)) site(`layer${l}.update`).counters.stalled++;
    });
    const moved = parameters.some((layer, l) => layer.some(({ n }, index) => n !== updated[l]![index]!.n));
    parameters = next;
    return { alpha: alpha.n, rate: rate.n, infeasible, pulling, stalled: anyGradient && !moved, zeroUpdate: anyGradient && updates.flat().every(({ n }) => n === 0n), rejected: false };
  };
  const REJECTED = { alpha: 0n, rate: 0n, infeasible: false, pulling: false, stalled: false, zeroUpdate: false, rejected: true };

  plan.phases.forEach((phase, p) => {
    for (let k = 0; k < phase.steps && trapped === undefined; k++) {
      const batch = quantiseBatch(site, nextDelivery(iterator, channels, width), step);
      if (startsIn(plan, p, k, 'throttle')) throttle.start();
      if (startsIn(plan, p, k, 'anchor')) anchor.start(parameters, step);
      if (startsIn(plan, p, k, 'supervisor')) supervisor.start();
      const pass = forward(plan, site, parameters, batch, step);

      const takenBack = supervisor.judge(phase.supervisor, pass.loss, parameters, step);
      if (takenBack !== undefined) {
        parameters = takenBack;
        gradients = gradients.map((layer) => layer.map((value) => ({ ...value, n: 0n })));
        updates = updates.map((layer) => layer.map((value) => ({ ...value, n: 0n })));
      }
      const outcome = takenBack === undefined ? learn(phase, pass) : REJECTED;

      if (outcome.stalled) stalledSteps++;
      if (outcome.zeroUpdate) zeroUpdateSteps++;
      if (outcome.infeasible) infeasibleSteps++;
      if (outcome.rejected) rejectedSteps++;
      losses.push(pass.loss.n);
      onStep?.({
        ...outcome,
        step,
        loss: pass.loss.n,
        curvature: throttle.curvatureRaw,
        curvatureMean: throttle.curvatureMeanRaw,
        events: anchor.events,
        controllers: { ...throttle.state, ...anchor.state, ...supervisor.state, ...balance.state },
        weights: raws(parameters),
        gradients: raws(gradients),
        updates: raws(updates),
      });
      anchored = phase.anchor;
      step++;
    }
  });

  const uncounted = lookUp(makeSites(plan));
  const planned = plan.phases.reduce((total, { steps }) => total + steps, 0);
  const last = finalDelivery(iterator, planned - step, channels, width);
  const evaluated = quantiseBatch(uncounted, last, step); // random words of the step after the last
  const finalLoss = forward(plan, uncounted, anchor.evaluated(anchored, parameters), evaluated, step).loss.n;
  const counters = Object.fromEntries([...sites].map(([key, one]) => [key, one.counters]));
  return { counters, finalWeights: raws(parameters), finalLoss, losses, stalledSteps, zeroUpdateSteps, infeasibleSteps, rejectedSteps, events: anchor.events, trapped };
}
