/** The sites of a step whose values can be seen, in the order in which a step makes them (docs/numerics.md §5, §8), and how their values are named. */
import { averages } from '../control/registry.js';
import { inUse } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, SITES, type SiteName } from '../site/sites.js';

/** A site's name and layer from its key; layer 0 for a site of the run. */
export function siteOf(key: string): { readonly name: SiteName; readonly layer: number } {
  const dot = key.indexOf('.');
  return dot < 0 ? { name: key as SiteName, layer: 0 } : { name: key.slice(dot + 1) as SiteName, layer: Number(key.slice('layer'.length, dot)) };
}

/** Sites of controllers whose values are kept: compared where the controllers of a plan have them. */
const KEPT: readonly SiteName[] = ['measureMean', 'cusum', 'shareMean', 'velocity', 'importance', 'average'];

/**
 * Keys in the order of a step: inputs and targets, layer by layer forward, errors and loss, the supervisor, gradients, the throttle, parameters, what follows them.
 * Left out are values that a step keeps nowhere: norms and moments of controllers, and the anchor's pull, which shows in the parameter.
 *
 * @param rounds whether a key of an optional site is there on some side
 */
export function stepOrder(plan: Plan, rounds: (key: string) => boolean): string[] {
  const forward = [...plan.layers.keys()];
  const last = plan.layers.length - 1;
  const gated = plan.anchor.law === 'gated';
  const of = (layer: number, ...names: SiteName[]): string[] => names.map((name) => siteKey(name, layer));
  return [
    'input', 'target',
    ...forward.flatMap((layer) => of(layer, 'product', 'accumulator', 'activation')),
    ...of(last, 'error'), 'loss', 'measureMean', 'cusum', 'shareMean',
    ...forward.slice(0, last).reverse().flatMap((layer) => of(layer, 'error')),
    ...forward.flatMap((layer) => of(layer, 'gradientProduct', 'gradientAccumulator', 'gradient')),
    'curvature', 'curvatureMean', 'velocity', 'throttle', 'rate',
    // A gate opens before the update, an average follows all of them.
    ...forward.flatMap((layer) => [...(gated ? of(layer, 'importance') : []), ...of(layer, 'update', 'weight', 'bias')]),
    ...(averages(plan.anchor.law) ? forward.flatMap((layer) => of(layer, 'importance', 'average')) : []),
  ].filter((key) => {
    const { name } = siteOf(key);
    return 'optional' in SITES[name] ? rounds(key) : !KEPT.includes(name) || inUse(plan, key);
  });
}

/** What there is in a step that the supervisor took back, beside α, the rate and the parameters it went back to: nothing behind its verdict. */
export function takenBack(plan: Plan, key: string): boolean {
  const { name, layer } = siteOf(key);
  const forward: readonly SiteName[] = ['input', 'target', 'product', 'accumulator', 'activation', 'loss', 'measureMean', 'cusum', 'throttle', 'rate', 'weight', 'bias'];
  return forward.includes(name) || (name === 'error' && layer === plan.layers.length - 1);
}

/** Which value of a site one is. */
export interface Which {
  /** As the counters number it: docs/numerics.md §2. */
  readonly element: number;
  /** Which product of the element; 0 elsewhere. */
  readonly index: number;
  /** `input[17][3]`, `layer0.weight[1][3]`, `layer0.gradient[bias 1]`, `loss`. */
  readonly name: string;
}

/** A value by its site and element, the element as the counters number it. */
export function elementName(plan: Plan, key: string, element: number): string {
  const { name, layer } = siteOf(key);
  const { inputs, outputs } = plan.layers[layer]!;
  const row = (width: number): string => `${key}[${Math.floor(element / width)}][${element % width}]`;
  switch (name) {
    case 'input':
      return row(plan.data.inputs);
    case 'target':
      return row(plan.data.targets);
    case 'product':
    case 'accumulator':
    case 'activation':
    case 'error':
      return row(outputs);
    case 'bias':
      return `${key}[${element - inputs * outputs}]`;
    default:
      if (!SITES[name].perLayer) return name === 'shareMean' ? `${key}[${element}]` : key;
      return element < inputs * outputs ? row(inputs) : `${key}[bias ${element - inputs * outputs}]`;
  }
}

/** The value at a position among those of a site in one step of `count` samples. */
export function which(plan: Plan, key: string, position: number, count: number): Which {
  const { name, layer } = siteOf(key);
  const { inputs, outputs } = plan.layers[layer]!;
  // Products are listed sum by sum.
  const terms = { product: inputs, gradientProduct: count }[name as string];
  const element = terms === undefined ? position + (name === 'bias' ? inputs * outputs : 0) : Math.floor(position / terms);
  const index = terms === undefined ? 0 : position % terms;
  return { element, index, name: `${elementName(plan, key, element)}${terms === undefined ? '' : `[${index}]`}` };
}
