/**
 * One row a step with everything that can be said of it, for both sides. The quantities are those logged for the gain-drift experiments:
 * loss, RMSE, weight error, norms, update cosine, curvature and its mean, throttle, effective rate, eigenvalues of the Hessian, margins,
 * spectral radius of the update map, flags, and rail pressure. Everything is computed in float64 from what the step left behind;
 * looking never changes a bit of the run.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { leastSquares, REFERENCE_INPUTS, weightError, type Reference } from '../compare/reference.js';
import { FLAGS } from '../core/abi.js';
import type { Batch, Row, Session } from '../core/session.js';
import type { Counters } from '../format/quantise.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { realParameters, type StepView } from './pair.js';

/** Columns of each side, with what they mean. */
export const SIDE_COLUMNS = {
  loss: 'half mean squared error of the batch before the step',
  rmse: 'root of the mean squared error of an output',
  weightError: '‖W − W_ref‖, W_ref the least-squares solution of the evaluation batch',
  parameterNorm: '‖θ‖ before the step',
  gradientNorm: '‖g‖',
  rawUpdateNorm: 'η·‖g‖, what an unthrottled step would be',
  updateNorm: '‖θ after − θ before‖, what was applied',
  updateCosine: 'cosine between −g and the applied step: a throttle keeps it at 1',
  curvature: 'C, the estimator',
  curvatureMean: 'its moving mean',
  alpha: 'throttle α',
  rate: 'α·η as applied',
  throttledMargin: 'α·η·λmax: unstable above 2',
  rawMargin: 'η·λmax',
  throttledRadius: 'spectral radius of θ ↦ θ − α·η·H·θ',
  rawRadius: 'spectral radius of θ ↦ θ − η·H·θ',
  finite: '1 while the loss is finite',
  diverged: '1 while the loss is above the divergence threshold',
  stalled: '1 if no parameter moved although there is a gradient',
  pulling: '1 if the anchor pulls',
  events: 'times the anchor has let go',
  rejected: '1 if the supervisor took the parameters back',
} as const;

/** Columns of the fixed side alone: shares of all values quantised in the step. */
export const FIXED_COLUMNS = {
  saturated: 'share beyond a rail',
  nearRail: 'share within 5 % of a rail',
  underflowed: 'share that became zero',
} as const;

/** Columns both sides share. λ are eigenvalues of XᵀX/B of the delivered batch: the Hessian of one linear layer. */
export const SHARED_COLUMNS = { lambdaMin: 'smallest eigenvalue of the Hessian', lambdaMax: 'largest eigenvalue of the Hessian' } as const;

export const TRACE_COLUMNS: readonly string[] = [
  'throttle', 'anchor', 'step', 'phase', ...Object.keys(SHARED_COLUMNS),
  ...Object.keys(SIDE_COLUMNS).map((name) => `float.${name}`),
  ...Object.keys(SIDE_COLUMNS).map((name) => `fixed.${name}`),
  ...Object.keys(FIXED_COLUMNS).map((name) => `fixed.${name}`),
];

export type TraceRow = Record<string, string | number | null>;

type Side = 'float' | 'fixed';
const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);
const norm = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Makes the rows of one run. `sink` gets every row, in order. */
export function createTrace(
  plan: Plan, dataset: Dataset, names: { throttle: string; anchor: string }, sink: (row: TraceRow) => void | Promise<void>,
): (view: StepView) => void | Promise<void> {
  const reference = referenceOf(plan, dataset);
  const before: Record<Side, number[][] | undefined> = { float: undefined, fixed: undefined };
  let counters: Record<string, Counters> = {};
  let eigenvalues: { min: number; max: number } | undefined;
  const outputs = plan.layers.at(-1)!.outputs;

  const parameters = (session: Session): number[][] => (session.kind === 'fixed' ? realParameters(plan, session.read('theta')) : session.read('theta'));
  const gradients = (session: Session): number[] =>
    session.read('gradient').flatMap((layer, l) => {
      const scale = session.kind === 'fixed' ? 2 ** -plan.sites[`layer${l}.gradient`]!.fractionLength : 1;
      return layer.map((value) => value * scale);
    });
  before.float = plan.initial.map(({ weights, bias }) => [...weights.flat(), ...bias]);
  before.fixed = realParameters(plan, plan.initial.map(({ weightsRaw, biasRaw }) => [...weightsRaw.flat(), ...biasRaw].map(Number)));

  const side = (kind: Side, session: Session, row: Row, eta: number): Record<keyof typeof SIDE_COLUMNS, number | null> => {
    const old = before[kind]!;
    const now = parameters(session);
    before[kind] = now;
    const flat = old.flat();
    const rejected = (row.flags & FLAGS.rejected) !== 0;
    const g = gradients(session);
    const step = now.flat().map((value, k) => value - flat[k]!);
    // A step that is taken back has no gradient: what is kept is that of a step before.
    const gradientNorm = rejected ? NaN : norm(g);
    const updateNorm = norm(step);
    const along = step.reduce((sum, value, k) => sum - value * g[k]!, 0);
    const radius = (rate: number): number | null =>
      eigenvalues ? finite(Math.max(Math.abs(1 - rate * eigenvalues.min), Math.abs(1 - rate * eigenvalues.max))) : null;
    return {
      loss: finite(row.loss),
      rmse: finite(Math.sqrt((2 * row.loss) / outputs)),
      weightError: reference ? finite(weightError(plan, reference, old[0]!)) : null,
      parameterNorm: finite(norm(flat)),
      gradientNorm: finite(gradientNorm),
      rawUpdateNorm: finite(eta * gradientNorm),
      updateNorm: finite(updateNorm),
      updateCosine: finite(along / (gradientNorm * updateNorm)),
      curvature: finite(row.curvature),
      curvatureMean: finite(row.curvatureMean),
      alpha: finite(row.alpha),
      rate: finite(row.rate),
      throttledMargin: eigenvalues ? finite(row.rate * eigenvalues.max) : null,
      rawMargin: eigenvalues ? finite(eta * eigenvalues.max) : null,
      throttledRadius: radius(row.rate),
      rawRadius: radius(eta),
      finite: Number(Number.isFinite(row.loss)),
      diverged: Number(!(row.loss <= plan.divergedLoss)),
      stalled: Number((row.flags & FLAGS.stalled) !== 0),
      pulling: Number((row.flags & FLAGS.pulling) !== 0),
      events: row.events,
      rejected: Number(rejected),
    };
  };

  return (view) => {
    const { step, batch } = view;
    if (batch.unchanged !== true || eigenvalues === undefined) eigenvalues = hessianEigenvalues(plan, batch);
    const learningRate = plan.phases[batch.phase]!.learningRate;
    const etaFixed = Number(learningRate.raw) * 2 ** -plan.sites['learningRate']!.fractionLength;
    const after = view.fixed.counters();
    const row: TraceRow = {
      ...names, step, phase: batch.phase, lambdaMin: finite(eigenvalues?.min), lambdaMax: finite(eigenvalues?.max),
      ...prefixed('float', side('float', view.float, view.floatRow, learningRate.value)),
      ...prefixed('fixed', side('fixed', view.fixed, view.fixedRow, etaFixed)),
      ...prefixed('fixed', pressure(after, counters)),
    };
    counters = after;
    return sink(row);
  };
}

function prefixed(prefix: string, values: Record<string, number | null>): TraceRow {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

/** Shares over all sites of what one step added to the counters. */
function pressure(after: Record<string, Counters>, before: Record<string, Counters>): Record<keyof typeof FIXED_COLUMNS, number> {
  const total = (field: 'count' | 'overflowHigh' | 'overflowLow' | 'underflow' | 'nearRail'): number =>
    Object.entries(after).reduce((sum, [key, counts]) => sum + counts[field] - (before[key]?.[field] ?? 0), 0);
  const count = total('count');
  return { saturated: (total('overflowHigh') + total('overflowLow')) / count, nearRail: total('nearRail') / count, underflowed: total('underflow') / count };
}

/** Extreme eigenvalues of XᵀX/B, with a column of ones for a bias; undefined for other than one linear layer, or values that are not finite. */
function hessianEigenvalues(plan: Plan, { inputs, count }: Batch): { min: number; max: number } | undefined {
  const [layer, ...behind] = plan.layers;
  if (layer?.activation !== 'linear' || behind.length > 0 || layer.inputs > REFERENCE_INPUTS) return undefined;
  const width = layer.inputs + (layer.bias ? 1 : 0);
  const gram = Matrix.zeros(width, width);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) {
      const xi = i < layer.inputs ? inputs[row * layer.inputs + i]! : 1;
      for (let j = 0; j <= i; j++) gram.set(i, j, gram.get(i, j) + (xi * (j < layer.inputs ? inputs[row * layer.inputs + j]! : 1)) / count);
    }
  }
  for (let i = 0; i < width; i++) for (let j = i + 1; j < width; j++) gram.set(i, j, gram.get(j, i));
  if (!gram.to1DArray().every(Number.isFinite)) return undefined;
  const { realEigenvalues } = new EigenvalueDecomposition(gram, { assumeSymmetric: true });
  return { min: Math.min(...realEigenvalues), max: Math.max(...realEigenvalues) };
}

/** The least-squares solution of the evaluation batch. */
function referenceOf(plan: Plan, dataset: Dataset): Reference | undefined {
  for (const batch of deliveries(plan, dataset, { lastOnly: true })) return leastSquares(plan, batch);
  return undefined;
}
