/**
 * The instruments of every step: what the trace says of each side, with the Hessian of any network in place of that of one linear layer.
 * Everything is computed in float64 from what the step left behind; looking never changes a bit of the run.
 */
import type { Session } from '../core/session.js';
import { realParameters, type StepView } from '../run/pair.js';
import { createTrace, type TraceRow } from '../run/trace.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { SIDES, sideOf, type InstrumentRow, type Side } from './columns.js';
import type { Extremes } from './eigenvalues.js';
import { hessianExtremes, isLinearLayer } from './hessian.js';
import type { Samples } from './network.js';
import { gradientSharpness } from './sharpness.js';

/** Rows of one step, and what it began with. */
export interface StepInstruments {
  readonly step: number;
  /** The float side's, then the fixed one's unless a TRAP has ended it. */
  readonly rows: readonly InstrumentRow[];
  /** θ: what the step moves. */
  readonly parameters: Readonly<Record<Side, Float64Array>>;
  /** What a loss after the step before would be measured with: θ, or the average an anchor keeps. */
  readonly evaluated: Readonly<Record<Side, Float64Array>>;
}

const finite = (value: number | undefined): number | null => (value !== undefined && Number.isFinite(value) ? value : null);

/** Parameters of a session as real numbers, layer after layer. */
export function parametersOf(session: Session, what: 'theta' | 'evaluated' = 'theta'): Float64Array {
  const theta = session.read(what);
  return Float64Array.from((session.kind === 'fixed' ? realParameters(session.plan, theta) : theta).flat());
}

/** Parameters a run begins with. */
export function initialParameters({ initial, sites }: Plan): Readonly<Record<Side, Float64Array>> {
  const scaled = (raws: readonly string[], key: string): number[] => raws.map((raw) => Number(raw) * 2 ** -sites[key]!.fractionLength);
  return {
    float: Float64Array.from(initial.flatMap(({ weights, bias }) => [...weights.flat(), ...bias])),
    fixed: Float64Array.from(initial.flatMap(({ weightsRaw, biasRaw }, layer) => [...scaled(weightsRaw.flat(), `layer${layer}.weight`), ...scaled(biasRaw, `layer${layer}.bias`)])),
  };
}

/** The batch of the last step as a side has it: its own values, in the target's formats on the target. */
function samplesOf(session: Session): Samples {
  const { data, sites } = session.plan;
  const real = (what: 'inputs' | 'targets', key: string): Float64Array => {
    const scale = session.kind === 'fixed' ? 2 ** -sites[key]!.fractionLength : 1;
    return Float64Array.from(session.peek(what), (value) => value * scale);
  };
  const inputs = real('inputs', 'input');
  return { count: inputs.length / data.inputs, inputs, targets: real('targets', 'target') };
}

/**
 * Watches a run that is looked at after every step (`runPair` with `onStep`).
 *
 * @param every steps between two that are measured; step 0 is. The Hessian is the costly part.
 * @example await runPair(plan, dataset, { onStep: createInstruments(plan, dataset, { throttle, anchor }, 1, ({ rows }) => write(rows)) })
 */
export function createInstruments(
  plan: Plan, dataset: Dataset, names: { throttle: string; anchor: string }, every: number, sink: (measured: StepInstruments) => void | Promise<void>,
): (view: StepView) => Promise<void> {
  let traced: TraceRow = {};
  const trace = createTrace(plan, dataset, names, (row) => void (traced = row));
  let before = initialParameters(plan);
  let evaluated = before;
  /** Of a linear layer, which has the same Hessian until its batch changes. */
  const known: Partial<Record<Side, Extremes>> = {};
  const linear = isLinearLayer(plan.layers);

  const rowOf = (side: Side, session: Session, { step, phase, learningRate }: { step: number; phase: number; learningRate: number }): InstrumentRow => {
    const samples = samplesOf(session);
    const extremes = known[side] ?? hessianExtremes(plan.layers, before[side], samples);
    if (linear && extremes) known[side] = extremes;
    const values = sideOf(traced, side);
    const margin = (rate: number | null): number | null => (extremes && rate !== null ? finite(rate * extremes.max) : null);
    const radius = (rate: number | null): number | null => (extremes && rate !== null ? finite(Math.max(Math.abs(1 - rate * extremes.min), Math.abs(1 - rate * extremes.max))) : null);
    return {
      ...names, step, phase, side, ...values,
      lambdaMin: finite(extremes?.min), lambdaMax: finite(extremes?.max), lambdaResidual: finite(extremes?.residual),
      gradientSharpness: finite(gradientSharpness(plan.layers, before[side], samples)),
      throttledMargin: margin(values.rate), rawMargin: margin(learningRate),
      throttledRadius: radius(values.rate), rawRadius: radius(learningRate),
    };
  };

  return async (view) => {
    const { step, batch } = view;
    await trace(view);
    if (batch.unchanged !== true) for (const side of SIDES) delete known[side];
    if (step % every === 0) {
      const { learningRate } = plan.phases[batch.phase]!;
      const rates = { float: learningRate.value, fixed: Number(learningRate.raw) * 2 ** -plan.sites['learningRate']!.fractionLength };
      const ran = SIDES.filter((side) => view[side].steps > step);
      await sink({ step, rows: ran.map((side) => rowOf(side, view[side], { step, phase: batch.phase, learningRate: rates[side] })), parameters: before, evaluated });
    }
    if ((step + 1) % every !== 0) return;
    before = { float: parametersOf(view.float), fixed: parametersOf(view.fixed) };
    evaluated = { float: parametersOf(view.float, 'evaluated'), fixed: parametersOf(view.fixed, 'evaluated') };
  };
}
