/**
 * The whole step on exact integers, written from docs/numerics.md §5–§8 alone. Slow and plain on purpose: every value is an exact
 * dyadic number, and a site is the only place where one is rounded.
 */
import type { Plan } from '../../src/schema/plan.js';
import {
  Site, ZERO, add, fromBinary64, multiply, quantise, quotient, square, subtract, sum, type Counters, type Exact, type SiteContext,
} from './exact.js';
import { FixedAnchor } from './fixed-anchor.js';
import { FixedThrottle } from './fixed-throttle.js';
import { finalDelivery, nextDelivery, type Delivered, type Outcome, type StepState } from './state.js';

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

function forward(plan: Plan, site: Sites, parameters: readonly Exact[][], { count, inputs, targets }: Delivered, step: number): ForwardPass {
  const { layers } = plan;
  const activations: Exact[][][] = Array.from({ length: layers.length + 1 }, () => []);
  const outputs: Exact[][][] = layers.map(() => []);
  const errors: Exact[][] = [];
  const channels = layers[0]!.inputs;

  // the host's part of the step (docs/numerics.md §8): the whole batch, before any of it goes forward
  const quantisedInputs = Array.from(inputs, (value, element) => site('input').quantise(fromBinary64(value), step, element));
  const quantisedTargets = Array.from(targets, (value, element) => site('target').quantiseUncounted(fromBinary64(value), step, element));

  for (let b = 0; b < count; b++) {
    activations[0]!.push(quantisedInputs.slice(b * channels, (b + 1) * channels));
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
      activations[l + 1]!.push(layer.activation === 'relu' ? z.map((value) => (value.n > 0n ? value : { n: 0n, f: value.f })) : z);
    });

    const last = layers.length - 1;
    const width = layers[last]!.outputs;
    errors.push(
      activations[layers.length]![b]!.map((y, o) => {
        const element = b * width + o;
        return site(`layer${last}.error`).quantise(subtract(y, quantisedTargets[element]!), step, element);
      }),
    );
  }

  const squares = sum(errors.flat().map(square));
  const loss = site('loss').quantiseQuotient(quotient(squares, { n: BigInt(2 * count), f: 0 }), step, 0);
  return { activations, outputs, errors, loss };
}

/** δ of every layer: [layer][sample][output]. */
function backward(plan: Plan, site: Sites, parameters: readonly Exact[][], pass: ForwardPass, step: number): Exact[][][] {
  const { layers } = plan;
  const deltas: Exact[][][] = layers.map(() => []);
  deltas[layers.length - 1] = pass.errors;
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

/** g of every parameter, per layer. */
function gradientsOf(plan: Plan, site: Sites, pass: ForwardPass, deltas: readonly Exact[][][], batch: number, step: number): Exact[][] {
  const mean = batchMean(plan, site, batch);
  return plan.layers.map((layer, l) => {
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
  const anchor = new FixedAnchor(plan, site);
  const iterator = deliveries[Symbol.iterator]();
  const losses: bigint[] = [];
  let step = 0;
  let stalledSteps = 0;
  let zeroUpdateSteps = 0;
  let infeasibleSteps = 0;

  plan.phases.forEach((phase, p) => {
    const before = plan.phases[p - 1];
    const learningRate = site('learningRate').value(BigInt(phase.learningRate.raw));

    for (let k = 0; k < phase.steps && trapped === undefined; k++) {
      const delivered = nextDelivery(iterator, channels, width);
      const pass = forward(plan, site, parameters, delivered, step);

      const fresh = k === 0;
      const pulling = anchor.decide({ step, on: phase.anchor, fresh: fresh && phase.anchor && before?.anchor !== true, loss: pass.loss, parameters });

      const deltas = backward(plan, site, parameters, pass, step);
      const gradients = gradientsOf(plan, site, pass, deltas, delivered.count, step);
      const { alpha, infeasible } = throttle.decide({
        step,
        on: phase.throttle,
        fresh: fresh && phase.throttle && before?.throttle !== true,
        learningRate,
        batch: delivered.count,
        gradients: gradients.flat(),
        parameters: parameters.flat(),
        activations: pass.activations.slice(0, layers.length),
      });
      const rate = site('rate').quantise(multiply(alpha, learningRate), step, 0);

      const updates: Exact[][] = [];
      const next: Exact[][] = [];
      parameters.forEach((layer, l) => {
        updates.push([]);
        next.push([]);
        layer.forEach((theta, index) => {
          const u = site(`layer${l}.update`).quantise(multiply(rate, gradients[l]![index]!), step, index);
          const pull = pulling ? site(`layer${l}.anchorPull`).quantise(anchor.pull(l, index, theta), step, index) : ZERO;
          updates[l]!.push(u);
          next[l]!.push(parameterSite(l, index).quantise(subtract(subtract(theta, u), pull), step, index));
        });
      });

      const anyGradient = gradients.flat().some(({ n }) => n !== 0n);
      const moved = parameters.some((layer, l) => layer.some(({ n }, index) => n !== next[l]![index]!.n));
      const stalled = anyGradient && !moved;
      const zeroUpdate = anyGradient && updates.flat().every(({ n }) => n === 0n);
      if (stalled) stalledSteps++;
      if (zeroUpdate) zeroUpdateSteps++;
      if (infeasible) infeasibleSteps++;
      losses.push(pass.loss.n);
      parameters = next;

      onStep?.({
        step,
        loss: pass.loss.n,
        alpha: alpha.n,
        rate: rate.n,
        curvature: throttle.curvatureRaw,
        curvatureMean: throttle.curvatureMeanRaw,
        infeasible,
        stalled,
        zeroUpdate,
        pulling,
        events: anchor.events,
        weights: raws(parameters),
        gradients: raws(gradients),
        updates: raws(updates),
      });
      step++;
    }
  });

  const uncounted = lookUp(makeSites(plan));
  const planned = plan.phases.reduce((total, { steps }) => total + steps, 0);
  const last = finalDelivery(iterator, planned - step, channels, width);
  const finalLoss = forward(plan, uncounted, parameters, last, step).loss.n; // random words of the step after the last
  const counters = Object.fromEntries([...sites].map(([key, one]) => [key, one.counters]));
  return { counters, finalWeights: raws(parameters), finalLoss, losses, stalledSteps, zeroUpdateSteps, infeasibleSteps, events: anchor.events, trapped };
}
