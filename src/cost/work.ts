/**
 * What a step has to compute, counted from the plan alone: for each site the exact products, quotients, roots, additions and comparisons behind it, and how
 * often it rounds. The order and the meaning of everything are those of docs/numerics.md §5–§7; docs/cost.md says what counts as one operation.
 */
import { accumulateGroup } from '../plan/alignment.js';
import { alphaVaries, fedBy } from '../plan/concernsExact.js';
import type { Phase } from '../schema/cost.js';
import type { Plan } from '../schema/plan.js';
import { siteKey, type SiteName } from '../site/sites.js';
import { detectorWork, parameterWork, updateWork } from './anchorWork.js';
import { backwardWork } from './backwardWork.js';
import { balanceWork } from './balanceWork.js';
import { aligned, magnitude, operandOf, type Operand } from './operand.js';
import { isPowerOfTwo, largestBatch, product, roundings, type Parts, type Work } from './rows.js';
import { supervisorWork } from './supervisorWork.js';
import { throttleWork } from './throttleWork.js';

/**
 * The work of one step in a run's steady state: throttle on, with history, taking its quotients (or trying its whole table, or searching as long as it can); the
 * supervisor accepts; the anchor pulls, its detector watches a full window, its gates are open; the warm-up of a balance is over. Steps in which the detector calibrates instead of watching have rows of their own.
 *
 * @param batch samples of the step; default the largest of the plan
 * @returns a row for each site at which something is quantised, in the order of a step; a balance has its own for the sites that it shares with other parts
 * @example stepWork(plan).find(({ site }) => site === 'layer0.accumulator')?.additions
 */
export function stepWork(plan: Plan, batch = largestBatch(plan)): Work[] {
  const rows: Work[] = [];
  const row = (phase: Phase, site: string, parts: Parts): void => {
    rows.push({ site, phase, when: 'step', products: [], divisions: [], additions: 0, comparisons: 0, roots: 0, quantisations: 0, ...parts });
  };
  const { layers } = plan;
  const last = layers.length - 1;
  const operand = (name: SiteName, layer = 0): Operand => operandOf(plan.sites[siteKey(name, layer)]!);
  const fed = (layer: number): Operand => operandOf(fedBy(plan, layer).format);
  const fedName = (layer: number): string => (layer === 0 ? 'input' : 'activation');

  layers.forEach(({ inputs, outputs, bias, activation }, l) => {
    const sums = batch * outputs;
    const terms = product(`weight × ${fedName(l)}`, operand('weight', l), fed(l), sums * inputs);
    const rounded = plan.sites[siteKey('product', l)] !== undefined;
    if (rounded) row('forward', siteKey('product', l), { products: [terms], quantisations: terms.count });
    const group = accumulateGroup(plan.accumulate.accumulator);
    row('forward', siteKey('accumulator', l), {
      products: rounded ? [] : [terms], additions: sums * (inputs + Number(bias)), quantisations: sums * (roundings(inputs, group) + Number(bias && group > 0)),
    });
    // The index of a sigmoid's table is moved to its middle and clipped at both ends.
    const [additions, comparisons] = { linear: [0, 0], relu: [0, sums], sigmoid: [sums, 2 * sums] }[activation] as [number, number];
    row('forward', siteKey('activation', l), { additions, comparisons, quantisations: sums });
  });

  const errors = batch * layers[last]!.outputs;
  row('backward', siteKey('error', last), { additions: errors, comparisons: plan.errorRule === 'sign' ? errors : 0, quantisations: errors });
  const error = operand('error', last);
  const squares = magnitude(plan, siteKey('error', last)) ** 2n * BigInt(errors);
  row('loss', 'loss', {
    products: [product('error²', error, error, errors)], additions: errors, quantisations: 1,
    ...(!isPowerOfTwo(batch) && { divisions: [aligned(plan, 'loss', [squares, 2 * plan.sites[siteKey('error', last)]!.fractionLength], [BigInt(2 * batch), 0])] }),
  });

  supervisorWork(plan, row);
  detectorWork(plan, row);

  balanceWork(plan, batch, row);
  backwardWork(plan, batch, layers.length, row);
  throttleWork(plan, batch, row);

  const rate = product('α × η', operand('throttle'), operandOf(plan.sites['learningRate']!));
  row('update', 'rate', { products: alphaVaries(plan) ? [rate] : [], quantisations: 1 });
  layers.forEach(({ inputs, outputs, bias }, l) => {
    const arrays = ([['weight', inputs * outputs], ['bias', bias ? outputs : 0]] as const).filter(([, count]) => count > 0);
    updateWork(plan, l, arrays.reduce((sum, [, count]) => sum + count, 0), row);
    parameterWork(plan, l, arrays, row);
  });
  return rows;
}
