/** Watches a run a second time: α of every step, and how close α·η·λmax comes to 2. */
import type { Build } from '../core/load.js';
import { FLAGS } from '../core/abi.js';
import type { Session } from '../core/session.js';
import { hessianExtremes, isLinearLayer } from '../instruments/hessian.js';
import { parametersOf } from '../instruments/perStep.js';
import { lateStart, planSteps, runPair, type StepView } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { siteKey, type SiteName } from '../site/sites.js';

/** α·η·λmax of one step of the target: λmax of the Hessian of the batch it learned from. */
export interface Product {
  readonly step: number;
  readonly value: number;
}

/** A step in which no parameter moved although there was a gradient: the largest of what was lost. */
export interface Lost {
  readonly step: number;
  /** Key of the site of the parameter with the largest gradient. */
  readonly site: string;
  readonly gradient: number;
  readonly update: number;
  /** Half a last place of what it was to move. */
  readonly half: number;
}

export interface Watched {
  /** α of the target after every step, of the first of them where there are very many; NaN where the throttle is off. */
  readonly alpha: Float64Array;
  /** At some steps, in order. */
  readonly products: readonly Product[];
  /** The same over the last quarter: the median, NaN where none was finite. */
  readonly lateProduct: number;
  /** The largest, NaN where none was finite. */
  readonly lateMost: number;
  /** The first step in which nothing moved, and those looked at in any case. */
  readonly lost: readonly Lost[];
  /** The first step the supervisor took back; undefined if none. */
  readonly rejectedAt: number | undefined;
}

/** Steps whose α is kept. */
const MOST_KEPT = 1_000_000;
/** Hessians taken, of one linear layer and of any other network. */
const HESSIANS = { linear: 512, other: 96 } as const;
/** Work of one Hessian in multiplications, beyond which fewer are taken. */
const MOST_WORK = 2e9;

/** Where gradient descent ends: α·η·λmax of 2. */
export const LIMIT = 2;

/** The parameter with the largest gradient of the last step. */
function largestLost(session: Session, step: number): Lost {
  const { plan } = session;
  const [gradients, updates] = [session.read('gradient'), session.read('update')];
  let lost: Lost | undefined;
  for (const [layer, { inputs, outputs }] of plan.layers.entries()) {
    const real = (name: SiteName, raw: number): number => Math.abs(raw) * 2 ** -plan.sites[siteKey(name, layer)]!.fractionLength;
    for (const [k, raw] of gradients[layer]!.entries()) {
      const gradient = real('gradient', raw);
      if (lost && gradient <= lost.gradient) continue;
      const parameter = siteKey(k < inputs * outputs ? 'weight' : 'bias', layer);
      lost = { step, site: parameter, gradient, update: real('update', updates[layer]![k]!), half: 2 ** -(plan.sites[parameter]!.fractionLength + 1) };
    }
  }
  return lost!;
}

/** @param moments steps that are looked at in any case */
export async function watch(plan: Plan, dataset: Dataset, moments: readonly number[], options: { readonly build?: Build | undefined; readonly signal?: AbortSignal | undefined }): Promise<Watched> {
  const steps = planSteps(plan);
  const linear = isLinearLayer(plan.layers);
  const parameters = plan.layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + Number(bias)), 0);
  const batch = Math.max(...plan.phases.map((phase) => phase.batch));
  const width = linear ? plan.data.inputs : parameters;
  const affordable = Math.floor(MOST_WORK / (batch * parameters * width));
  const every = Math.ceil(steps / Math.max(1, Math.min(linear ? HESSIANS.linear : HESSIANS.other, affordable)));
  const wanted = new Set(moments.filter((step) => step >= 0 && step < steps));
  const alpha = new Float64Array(Math.min(steps, MOST_KEPT)).fill(NaN);
  const products: Product[] = [];
  const lost: Lost[] = [];
  let rejectedAt: number | undefined;
  let before: Float64Array = Float64Array.from(plan.initial.flatMap(({ weights, bias }) => [...weights.flat(), ...bias]));
  const onStep = ({ step, batch: { count }, fixed, fixedRow }: StepView): void => {
    const values = (what: 'inputs' | 'targets', key: string): Float64Array => Float64Array.from(fixed.peek(what), (value) => value * 2 ** -plan.sites[key]!.fractionLength);
    if ((fixedRow.flags & FLAGS.throttled) !== 0 && step < alpha.length) alpha[step] = fixedRow.alpha;
    if ((fixedRow.flags & FLAGS.rejected) !== 0) rejectedAt ??= step;
    if ((fixedRow.flags & FLAGS.stalled) !== 0 && (lost.length === 0 || wanted.has(step))) lost.push(largestLost(fixed, step));
    if (step % every === 0 || wanted.has(step)) {
      // What it learned from, in its own formats: an input on a rail is not what was delivered.
      const samples = { count, inputs: values('inputs', 'input'), targets: values('targets', 'target') };
      const most = hessianExtremes(plan.layers, before, samples)?.max;
      if (most !== undefined && Number.isFinite(most)) products.push({ step, value: fixedRow.rate * most });
    }
    // The Hessian of a linear layer is the same everywhere.
    if (!linear) before = parametersOf(fixed);
  };
  await runPair(plan, dataset, { build: options.build, signal: options.signal, onStep });
  const late = products.filter(({ step }) => step >= lateStart(plan)).map(({ value }) => value).sort((a, b) => a - b);
  return { alpha, products, lateProduct: late.length > 0 ? late[late.length >> 1]! : NaN, lateMost: late.at(-1) ?? NaN, lost, rejectedAt };
}

/** The first step that was looked at whose product is above the limit. */
export const firstBeyond = ({ products }: Watched): Product | undefined => products.find(({ value }) => value > LIMIT);
