/** Runs a request: the comparison of the command line, with the curves of its one run. */
import { compare } from '../compare/compare.js';
import { QrailsError } from '../errors.js';
import { Decimator, MOST_POINTS, type Points } from '../report/html/decimate.js';
import { marksOf, type Mark } from '../report/html/marks.js';
import { planSteps } from '../run/pair.js';
import type { Row } from '../core/session.js';
import type { Comparison } from '../schema/comparison.js';
import type { Plan } from '../schema/plan.js';
import { optionsOf, type Request } from './request.js';

/** Curves of a run: first series float64, second fixed; null where there is no finite value. */
export interface Curves {
  readonly loss: Points;
  readonly alpha: Points;
  /** Rate × estimated curvature; empty where nothing estimates. */
  readonly margin: Points;
  /** Of a run on batches, whose losses scatter: what is seen through the scatter. */
  readonly means: Means | undefined;
}

/** Mean losses over equal stretches of steps, the last one perhaps shorter; null where one of them was not finite. */
export interface Means {
  readonly every: number;
  readonly float: readonly (number | null)[];
  readonly fixed: readonly (number | null)[];
}

export interface Played {
  /** What `qrails compare --json` prints for the same options. */
  readonly comparison: Comparison;
  readonly plan: Plan;
  readonly curves: Curves;
  readonly marks: readonly Mark[];
}

export interface PlayOptions {
  /** Whether prescriptions are looked for, which takes several runs; default false. */
  readonly tries?: boolean;
  readonly signal?: AbortSignal;
  /** Told of the curves so far, once a frame, where they are shown step by step. */
  readonly onPart?: (curves: Curves) => void;
}

/** Milliseconds between two parts: a frame. */
const FRAME_MS = 16;
/** Parameters × samples a page runs through, at the most: some ten seconds. */
export const MOST_WORK = 1e9;
/** Shorter runs are seen step by step. */
const LONG = 400;
/** Stretches of a long run. */
const STRETCHES = 100;
/** Where relative paths start: the package's documents, in the page. */
export const DIRECTORY = '/';

/**
 * @throws QrailsError for what cannot be run, or takes longer than a page should; an AbortError where `signal` was raised
 * @example const { comparison } = await play({ experiment: 'exp-000c', profile: 'enabol-mid', sensor: 'none', throttle: 'none', anchor: 'none', supervisor: 'none', set: [] });
 */
export async function play(request: Request, { tries = false, signal, onPart }: PlayOptions = {}): Promise<Played> {
  let plan: Plan | undefined;
  let curves: (() => Curves) | undefined;
  const comparison = await compare({
    ...optionsOf(request), directory: DIRECTORY, tries, signal,
    trace: (variant) => {
      plan = variant.plan;
      checkWork(plan);
      const record = recorder(plan);
      curves = record.curves;
      const shown = onPart !== undefined && planSteps(plan) <= MOST_POINTS; // what is thinned has no beginning that stays
      let told = performance.now();
      return ({ step, floatRow, fixedRow }) => {
        record.add(step, floatRow, fixedRow);
        if (!shown || performance.now() - told < FRAME_MS) return;
        told = performance.now();
        onPart(record.curves());
      };
    },
  });
  const [run] = comparison.runs;
  return { comparison, plan: plan!, curves: curves!(), marks: marksOf(plan!, run!) };
}

function recorder(plan: Plan): { add: (step: number, float: Row, fixed: Row) => void; curves: () => Curves } {
  const make = (): Decimator => new Decimator(planSteps(plan), 2);
  const [loss, alpha, margin] = [make(), make(), make()];
  const means = plan.phases.some(({ batch }) => batch < plan.data.rows) && planSteps(plan) >= LONG ? new MeanRecorder(planSteps(plan)) : undefined;
  const estimates = plan.throttle.estimator !== undefined;
  const both = (decimator: Decimator, step: number, float: number, fixed: number): void =>
    decimator.add(step, [Number.isFinite(float) ? float : null, Number.isFinite(fixed) ? fixed : null]);
  const product = ({ rate, curvature, curvatureMean }: Row): number => rate * Math.max(curvature, curvatureMean);
  return {
    add(step, float, fixed) {
      both(loss, step, float.loss, fixed.loss);
      means?.add(step, float.loss, fixed.loss);
      both(alpha, step, float.alpha, fixed.alpha);
      if (estimates) both(margin, step, product(float), product(fixed));
    },
    curves: () => ({ loss: loss.points(), alpha: alpha.points(), margin: margin.points(), means: means?.means() }),
  };
}

class MeanRecorder {
  readonly #every: number;
  readonly #sums: { float: number; fixed: number; count: number }[] = [];

  constructor(steps: number) {
    this.#every = Math.ceil(steps / STRETCHES);
  }

  add(step: number, float: number, fixed: number): void {
    const sum = (this.#sums[Math.floor(step / this.#every)] ??= { float: 0, fixed: 0, count: 0 });
    sum.float += float;
    sum.fixed += fixed;
    sum.count++;
  }

  means(): Means {
    const side = (name: 'float' | 'fixed'): (number | null)[] => this.#sums.map(({ [name]: sum, count }) => (Number.isFinite(sum) ? sum / count : null));
    return { every: this.#every, float: side('float'), fixed: side('fixed') };
  }
}

function checkWork({ phases, layers }: Plan): void {
  const parameters = layers.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const work = parameters * phases.reduce((sum, { steps, batch }) => sum + steps * batch, 0);
  if (work <= MOST_WORK) return;
  throw new QrailsError({
    code: 'unsupported', where: 'page', message: 'this run is too long for a page', found: `${work.toExponential(1)} products`, expected: `at most ${MOST_WORK.toExponential(0)}`,
    try: 'fewer steps, or qrails compare on the command line',
  });
}
