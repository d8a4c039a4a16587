/**
 * What went into the first overflow of each site. A run is deterministic, so it is simply run again up to those steps and looked at there:
 * the recorder pays nothing for it.
 */
import { loadCore, type Build } from '../core/load.js';
import { Session } from '../core/session.js';
import { rawToReal } from '../format/format.js';
import type { Counters, FirstOverflow } from '../format/quantise.js';
import { accumulateGroup } from '../plan/alignment.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { siteKey, siteName, SITES } from '../site/sites.js';

export interface Operand {
  /** `weight[1][3]`, `input[17][3]`, `rate`. */
  readonly name: string;
  /** Undefined for what is not yet quantised. */
  readonly raw: bigint | undefined;
  readonly value: number;
}

/** Operands shown of one event. */
const MOST = 8;

/** By site key, for every site that overflowed. Values that are not kept within a step (a running sum) are left out. */
export async function firstOperands(plan: Plan, dataset: Dataset, counters: Readonly<Record<string, Counters>>, build?: Build): Promise<Record<string, Operand[]>> {
  const events = Object.entries(counters).flatMap(([key, { firstOverflow: event }]) => (event ? [{ key, event }] : []));
  const last = Math.max(-1, ...events.map(({ event }) => event.step));
  const found: Record<string, Operand[]> = {};
  if (last < 0) return found;
  const session = new Session(await loadCore(build), plan, 'fixed', { chunk: 1 });
  let before = session.read('theta');
  let alpha = 0;
  session.onRow((_, row) => (alpha = row.alpha));
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step > last || session.trapped !== undefined) break;
    session.push(batch);
    session.finish();
    for (const { key, event } of events) {
      if (event.step === batch.step) found[key] = operandsOf(plan, session, key, event, before, { alpha, delivered: batch.inputs, phase: batch.phase }).slice(0, MOST);
    }
    before = session.read('theta');
  }
  return found;
}

/** Index of the first parameter of a layer among all. */
const firstOf = ({ layers }: Plan, layer: number): number => layers.slice(0, layer).reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + Number(bias)), 0);

interface Moment {
  readonly alpha: number;
  readonly delivered: Float64Array;
  readonly phase: number;
}

function operandsOf(plan: Plan, session: Session, key: string, { element, index }: FirstOverflow, before: number[][], { alpha, delivered, phase }: Moment): Operand[] {
  const name = siteName(key);
  const layer = SITES[name].perLayer ? Number(/^layer(\d+)/.exec(key)![1]) : 0;
  const { inputs, outputs } = plan.layers[layer]!;
  const operand = (label: string, raw: number, site: string): Operand => ({ name: label, raw: BigInt(raw), value: rawToReal(BigInt(raw), plan.sites[site]!.fractionLength) });
  const inputSite = layer === 0 ? 'input' : siteKey('activation', layer - 1);
  const parameterSite = (k: number): string => siteKey(k < inputs * outputs ? 'weight' : 'bias', layer);
  const parameterName = (k: number): string => (k < inputs * outputs ? `weight[${Math.floor(k / inputs)}][${k % inputs}]` : `bias[${k - inputs * outputs}]`);
  /** Indices of the products that the quantisation `index` of a sum of `count` takes in. */
  const taken = (at: number, group: number, count: number): number[] => {
    const from = at * (group || count);
    const up = Array.from({ length: Math.min(group || count, count - from) }, (_, i) => from + i);
    return plan.accumulate.order === 'ascending' ? up : up.map((i) => count - 1 - i);
  };
  const sample = Math.floor(element / outputs);
  const output = element % outputs;
  const row = (label: string, field: 'loss' | 'rate' | 'curvature' | 'curvatureMean'): Operand =>
    ({ name: label, raw: session.rawOfLastRow(field), value: rawToReal(session.rawOfLastRow(field), plan.sites[field]!.fractionLength) });
  const gradient = (): Operand => operand('gradient', session.read('gradient')[layer]![element]!, siteKey('gradient', layer));
  const update = (): Operand => operand('update', session.read('update')[layer]![element]!, siteKey('update', layer));
  // Where losses are balanced, what they share is taken for each of them first: which of these it was is not kept.
  if (plan.balance && layer < plan.layers.length - 1 && (name === 'error' || name === 'gradientProduct' || name === 'gradientAccumulator')) return [];
  switch (name) {
    case 'input': {
      const value = delivered[element]!;
      return [{ name: `delivered[${Math.floor(element / plan.data.inputs)}][${element % plan.data.inputs}]`, raw: undefined, value }];
    }
    case 'accumulator': {
      const group = accumulateGroup(plan.accumulate.accumulator);
      const fed = session.peek('inputs', layer);
      const products = Math.ceil(inputs / (group || inputs));
      if (index >= products) return [operand(`bias[${output}]`, before[layer]![inputs * outputs + output]!, siteKey('bias', layer))];
      return taken(index, group, inputs).flatMap((i) => [
        operand(`weight[${output}][${i}]`, before[layer]![output * inputs + i]!, siteKey('weight', layer)),
        operand(`input[${sample}][${i}]`, fed[sample * inputs + i]!, inputSite),
      ]);
    }
    case 'product':
      return [
        operand(`weight[${output}][${index}]`, before[layer]![output * inputs + index]!, siteKey('weight', layer)),
        operand(`input[${sample}][${index}]`, session.peek('inputs', layer)[sample * inputs + index]!, inputSite),
      ];
    case 'gradientProduct': {
      const o = Math.floor(element / inputs);
      return [
        operand(`error[${index}][${o}]`, session.peek('errors', layer)[index * outputs + o]!, siteKey('error', layer)),
        operand(`input[${index}][${element % inputs}]`, session.peek('inputs', layer)[index * inputs + (element % inputs)]!, inputSite),
      ];
    }
    case 'error': {
      if (layer < plan.layers.length - 1) {
        const behind = plan.layers[layer + 1]!;
        const errors = session.peek('errors', layer + 1);
        return Array.from({ length: behind.outputs }, (_, j) => j).flatMap((j) => [
          operand(`weight[${j}][${output}] behind`, before[layer + 1]![j * behind.inputs + output]!, siteKey('weight', layer + 1)),
          operand(`error[${sample}][${j}] behind`, errors[sample * behind.outputs + j]!, siteKey('error', layer + 1)),
        ]);
      }
      // The second time is that of a share of an error.
      if (index > 0) return [];
      return [
        operand(`output[${sample}][${output}]`, session.peek('activations', layer)[element]!, siteKey('activation', layer)),
        operand(`target[${sample}][${output}]`, session.peek('targets')[element]!, 'target'),
      ];
    }
    case 'gradientAccumulator': {
      const group = accumulateGroup(plan.accumulate.gradientAccumulator);
      const errors = session.peek('errors', layer);
      const fed = session.peek('inputs', layer);
      const weights = inputs * outputs;
      const [o, i] = element < weights ? [Math.floor(element / inputs), element % inputs] : [element - weights, -1];
      const count = errors.length / outputs;
      return taken(index, group, count).flatMap((b) => [
        operand(`error[${b}][${o}]`, errors[b * outputs + o]!, siteKey('error', layer)),
        ...(i < 0 ? [] : [operand(`input[${b}][${i}]`, fed[b * inputs + i]!, inputSite)]),
      ]);
    }
    case 'update':
      // Behind a gate it is divided by the sum as the step has left it.
      return [row('rate', 'rate'), gradient(), ...(plan.anchor.law === 'gated' ? [operand('importance', Number(session.save('').values['importance']![firstOf(plan, layer) + element]!), key.replace('update', 'importance'))] : [])];
    case 'importance':
      return [plan.anchor.law === 'gated' ? gradient() : update()];
    case 'average':
      return [operand(parameterName(element), session.read('theta')[layer]![element]!, parameterSite(element))];
    case 'velocity':
      return [row('curvature', 'curvature'), row('curvatureMean', 'curvatureMean'), operand('learningRate', Number(plan.phases[phase]!.learningRate.raw), 'learningRate')];
    case 'measureMean':
    case 'cusum':
      return [row('loss', 'loss')];
    case 'weight':
    case 'bias':
      // The second time is that of an elastic pull off a parameter that is kept nowhere.
      return index > 0 ? [] : [operand(`${parameterName(element)} before`, before[layer]![element]!, parameterSite(element)), update()];
    case 'rate':
      return [
        { name: 'alpha', raw: session.rawOfLastRow('alpha'), value: alpha },
        operand('learningRate', Number(plan.phases[phase]!.learningRate.raw), 'learningRate'),
      ];
    default:
      return [];
  }
}
