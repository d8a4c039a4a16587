/** What the two oracles take and report; `N` is `bigint` (raws) for the fixed-point one and `number` for the reference. */
import type { Plan } from '../../src/schema/plan.js';

/** The samples of one step after the front end, row by row. */
export interface Delivered {
  readonly count: number;
  /** count × inputs of the network. */
  readonly inputs: Float64Array;
  /** count × outputs of the network. */
  readonly targets: Float64Array;
}

/** Per layer: weights row by row, then biases. */
export type Parameters<N> = N[][];

/** What controllers carry from step to step by the names of docs/state.md, integers as numbers; what never was set is missing. */
export type Controllers<N> = Readonly<Record<string, readonly N[]>>;

export interface StepState<N = bigint> {
  readonly step: number;
  readonly loss: N;
  readonly alpha: N;
  readonly rate: N;
  /** C of the throttle, 0 while it never had one. */
  readonly curvature: N;
  /** M of the throttle, 0 while it never had one. */
  readonly curvatureMean: N;
  readonly infeasible: boolean;
  /** The supervisor took the parameters back; gradients and updates are 0. */
  readonly rejected: boolean;
  readonly stalled: boolean;
  readonly zeroUpdate: boolean;
  /** Whether the anchor pulls in this step. */
  readonly pulling: boolean;
  /** Events of the anchor so far in the run, this step included. */
  readonly events: number;
  /** After the step; so are the parameters below. */
  readonly controllers: Controllers<N>;
  readonly weights: Parameters<N>;
  readonly gradients: Parameters<N>;
  readonly updates: Parameters<N>;
}

export interface Outcome<N> {
  readonly finalWeights: Parameters<N>;
  readonly finalLoss: N;
  readonly losses: N[];
  readonly stalledSteps: number;
  readonly zeroUpdateSteps: number;
  readonly infeasibleSteps: number;
  readonly rejectedSteps: number;
  readonly events: number;
}

/** Whether a controller starts in a step: the first of a phase with it on that follows one with it off, or starts the run. */
export function startsIn({ phases }: Plan, phase: number, stepOfPhase: number, controller: 'throttle' | 'anchor' | 'supervisor'): boolean {
  return stepOfPhase === 0 && phases[phase]![controller] && phases[phase - 1]?.[controller] !== true;
}

/** The loss that each output of the last layer belongs to. */
export function lossOfOutput({ balance }: Plan): number[] {
  return (balance?.outputs ?? []).flatMap((outputs, loss) => Array<number>(outputs).fill(loss));
}

/** The next delivery; a run needs one for every step and one for the final loss. */
export function nextDelivery(iterator: Iterator<Delivered>, inputs: number, outputs: number): Delivered {
  const { done, value } = iterator.next();
  if (done === true) throw new RangeError('too few deliveries: one for every step and one for the final loss');
  const { count } = value;
  if (count < 1 || value.inputs.length !== count * inputs || value.targets.length !== count * outputs) {
    throw new RangeError('a delivery has the wrong shape');
  }
  return value;
}

/** The delivery for the final loss, past those of the `skipped` steps that a trap has left out. */
export function finalDelivery(iterator: Iterator<Delivered>, skipped: number, inputs: number, outputs: number): Delivered {
  for (let step = 0; step < skipped; step++) nextDelivery(iterator, inputs, outputs);
  return nextDelivery(iterator, inputs, outputs);
}
