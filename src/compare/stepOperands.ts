/** What went into a value of a step, by name, so that it can be looked up on two sides of a run alike. */
import { integrates } from '../control/registry.js';
import { inUse } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { siteOf } from './stepOrder.js';
import type { Source, SiteValues, SteppedRun } from './stepValues.js';

/** Where an operand is found. */
export interface OperandPlace {
  /** `weight[1][3]`, `input[17][3]`, `rate`. */
  readonly name: string;
  readonly key: string;
  readonly position: number;
  /** Absent for a value of the step. */
  readonly from?: Source;
}

/** The values among which an operand is. */
export const operandValues = (run: SteppedRun, { key, from }: OperandPlace): SiteValues => (from === undefined ? run.values(key) : run.source(from, key));

const range = (count: number): number[] => Array.from({ length: count }, (_, k) => k);

/**
 * Operands of the value at a position of a site; none for values whose operands a step keeps nowhere (the curvature).
 *
 * @param count samples in the step
 * @param rounds whether the key of an optional site is there on some side: then sums are shown by their products
 * @example operandPlaces(plan, 'layer0.update', 3, 1, () => false).map(({ name }) => name) // ['rate', 'gradient']
 */
export function operandPlaces(plan: Plan, key: string, position: number, count: number, rounds: (key: string) => boolean): OperandPlace[] {
  const { name, layer } = siteOf(key);
  const { inputs, outputs, bias } = plan.layers[layer]!;
  const weights = inputs * outputs;
  const fedKey = layer === 0 ? 'input' : siteKey('activation', layer - 1);
  const fed = (b: number, i: number): OperandPlace => ({ name: `input[${b}][${i}]`, key: fedKey, position: b * inputs + i });
  const weight = (o: number, i: number): OperandPlace => ({ name: `weight[${o}][${i}]`, key: siteKey('weight', layer), position: o * inputs + i, from: 'before' });
  const { throttle: { law }, anchor, errorRule, balance } = plan;
  /** What the gradients of a layer, or the layer before it, are taken from. */
  const learnt = (at: number, text: string): Pick<OperandPlace, 'name' | 'from'> => {
    if (at < plan.layers.length - 1 || (errorRule === 'difference' && !balance)) return { name: text };
    return { name: balance ? `share of ${text}` : `sign of ${text}`, from: 'learnt' };
  };
  const error = (b: number, o: number): OperandPlace => ({ ...learnt(layer, `error[${b}][${o}]`), key: siteKey('error', layer), position: b * outputs + o });
  const found = (site: SiteName, at: number): OperandPlace => ({ name: `${site} before`, key: siteKey(site, layer), position: at, from: 'before' });
  const parameter = (k: number): OperandPlace =>
    k < weights
      ? { ...weight(Math.floor(k / inputs), k % inputs), name: `weight[${Math.floor(k / inputs)}][${k % inputs}] before` }
      : { name: `bias[${k - weights}] before`, key: siteKey('bias', layer), position: k - weights, from: 'before' };
  const update = (k: number): OperandPlace => ({ name: 'update', key: siteKey('update', layer), position: k });
  const changed = (k: number): OperandPlace[] => [parameter(k), update(k), ...(anchor.law === 'elastic' ? [found('importance', k), found('average', k)] : [])];
  const learningRate: OperandPlace = { name: 'learningRate', key: 'learningRate', position: 0 };
  const row = (site: 'loss' | 'curvature' | 'curvatureMean' | 'velocity' | 'measureMean' | 'throttle' | 'rate', label: string = site): OperandPlace => ({ name: label, key: site, position: 0 });
  const gradient: OperandPlace = { name: 'gradient', key: siteKey('gradient', layer), position };
  const sample = Math.floor(position / outputs);
  const output = position % outputs;
  switch (name) {
    case 'input':
    case 'target': {
      const width = name === 'input' ? plan.data.inputs : plan.data.targets;
      const label = name === 'input' ? 'delivered' : 'stated';
      return [{ name: `${label}[${Math.floor(position / width)}][${position % width}]`, key, position, from: label }];
    }
    case 'product': {
      const element = Math.floor(position / inputs);
      return [weight(element % outputs, position % inputs), fed(Math.floor(element / outputs), position % inputs)];
    }
    case 'accumulator': {
      const product = siteKey('product', layer);
      return [
        ...range(inputs).flatMap((i) =>
          rounds(product) ? [{ name: `product[${sample}][${output}][${i}]`, key: product, position: position * inputs + i }] : [weight(output, i), fed(sample, i)]),
        ...(bias ? [{ name: `bias[${output}]`, key: siteKey('bias', layer), position: output, from: 'before' as const }] : []),
      ];
    }
    case 'activation':
      return [{ name: 'accumulator', key: siteKey('accumulator', layer), position }];
    case 'error': {
      const behind = plan.layers[layer + 1];
      if (behind) {
        return range(behind.outputs).flatMap((j) => [
          { name: `weight[${j}][${output}] behind`, key: siteKey('weight', layer + 1), position: j * behind.inputs + output, from: 'before' as const },
          { ...learnt(layer + 1, `error[${sample}][${j}] behind`), key: siteKey('error', layer + 1), position: sample * behind.outputs + j },
        ]);
      }
      return [
        { name: `output[${sample}][${output}]`, key: siteKey('activation', layer), position },
        { name: `target[${sample}][${output}]`, key: 'target', position },
      ];
    }
    case 'loss': {
      const last = plan.layers.length - 1;
      const width = plan.layers[last]!.outputs;
      return range(count * width).map((k) => ({ name: `error[${Math.floor(k / width)}][${k % width}]`, key: siteKey('error', last), position: k }));
    }
    case 'gradientProduct': {
      const parameterIndex = Math.floor(position / count);
      const b = position % count;
      return [error(b, Math.floor(parameterIndex / inputs)), fed(b, parameterIndex % inputs)];
    }
    case 'gradientAccumulator': {
      if (position >= weights) return range(count).map((b) => error(b, position - weights));
      const product = siteKey('gradientProduct', layer);
      const [o, i] = [Math.floor(position / inputs), position % inputs];
      return range(count).flatMap((b) =>
        rounds(product) ? [{ name: `gradientProduct[${o}][${i}][${b}]`, key: product, position: position * count + b }] : [error(b, o), fed(b, i)]);
    }
    case 'gradient':
      return [{ name: 'gradientAccumulator', key: siteKey('gradientAccumulator', layer), position }];
    case 'curvatureMean':
      return [row('curvature')];
    case 'measureMean':
      return [row('loss'), found('measureMean', 0)];
    case 'cusum':
      return [row('loss'), found('measureMean', 0), found('cusum', 0)];
    case 'velocity':
      return [found('velocity', 0), row('curvature'), row('curvatureMean'), learningRate];
    case 'throttle':
      return [...(inUse(plan, 'curvature') ? [row('curvature'), row('curvatureMean')] : []), ...(integrates(law) ? [row('velocity')] : []), learningRate];
    case 'rate':
      return [row('throttle', 'alpha'), learningRate];
    case 'update':
      return [row('rate'), gradient, ...(anchor.law === 'gated' ? [{ name: 'importance', key: siteKey('importance', layer), position }] : [])];
    case 'importance':
      return [anchor.law === 'gated' ? gradient : update(position), found('importance', position)];
    case 'average': {
      const [site, at] = position < weights ? (['weight', position] as const) : (['bias', position - weights] as const);
      return [found('average', position), { name: site, key: siteKey(site, layer), position: at }];
    }
    case 'weight':
      return changed(position);
    case 'bias':
      return changed(weights + position);
    default:
      return [];
  }
}
