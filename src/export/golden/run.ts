/** Golden values: what the core says at every step of a run, raw by raw, so that an implementation on a target can be held to it. */
import { loadCore, type Build } from '../../core/load.js';
import { Session, type Batch } from '../../core/session.js';
import { stateCrc32, type RunState } from '../../core/state.js';
import { QrailsError } from '../../errors.js';
import { ROUNDING, type RoundingMode } from '../../format/modes.js';
import { hashJson } from '../../plan/hash.js';
import { planSteps } from '../../run/pair.js';
import type { Plan } from '../../schema/plan.js';
import type { Dataset } from '../../signal/dataset.js';
import { deliveries } from '../../signal/delivery.js';

/** Value fields of a row, in its order; raws at the sites of `ROW_SITES`. */
export const ROW_FIELDS = ['loss', 'alpha', 'rate', 'curvature', 'curvatureMean'] as const;
export type RowField = (typeof ROW_FIELDS)[number];

/** Words a golden holds where no number of steps was asked for. */
export const GOLDEN_BUDGET = 262_144;
/** Words above which a golden is refused. */
export const GOLDEN_LIMIT = 4_194_304;

/** What a step, or the evaluation, was given: raws at sites `input` and `target`, sample by sample. */
export interface GoldenBatch {
  readonly count: number;
  readonly inputs: readonly number[];
  readonly targets: readonly number[];
}

export interface GoldenStep {
  /** Index into `batches`. */
  readonly batch: number;
  readonly row: Readonly<Record<RowField, bigint>>;
  /** Bits of `FLAGS`. */
  readonly flags: number;
  readonly events: number;
  /** Raws after the step: each layer's weights row by row, then its biases. */
  readonly parameters: readonly (readonly number[])[];
  /** Of the state after the step. */
  readonly stateCrc32: string;
}

export interface Golden {
  readonly steps: readonly GoldenStep[];
  /** Steps of the plan in all; more than are covered where the run is longer than fits, or a TRAP ended it. */
  readonly planSteps: number;
  /** Every batch once, in the order of first use. */
  readonly batches: readonly GoldenBatch[];
  /** The loss of the evaluation batch with the parameters after the last covered step, and the outputs of its first sample. */
  readonly evaluation: { readonly batch: number; readonly loss: bigint; readonly outputs: readonly number[] };
  /** Key of the site whose TRAP ended the run in the last step. */
  readonly trapped: string | undefined;
  /** Whether a site inside the step did: of `input` and `target` a kernel, which is given raws, knows nothing. */
  readonly trappedInside: boolean;
  /** After the last covered step, without counters. */
  readonly state: Pick<RunState, 'step' | 'values'>;
  readonly stateCrc32: string;
  /** Words it holds: what the budget counts. */
  readonly words: number;
}

export interface GoldenOptions {
  /** Steps to cover; default as many as fit in `GOLDEN_BUDGET` words, at least one. */
  readonly steps?: number | undefined;
  readonly build?: Build | undefined;
}

/**
 * Runs the fixed side of a plan step by step and keeps what it did. Batches of the same raws are kept once.
 *
 * @throws QrailsError `unsupported` where the steps asked for, or a single one, need more than `GOLDEN_LIMIT` words; as `deliveries` for data of another plan
 * @example const golden = await goldenRun(plan, dataset, { steps: 20 });
 */
export async function goldenRun(plan: Plan, dataset: Dataset, options: GoldenOptions = {}): Promise<Golden> {
  const [evaluation] = deliveries(plan, dataset, { lastOnly: true });
  return goldenOf(plan, deliveries(plan, dataset), { ...evaluation!, inputs: evaluation!.inputs.slice(), targets: evaluation!.targets.slice() }, options);
}

/**
 * As `goldenRun`, from batches after the front end.
 *
 * @param batches at least one a step; read no further than needed
 */
export async function goldenOf(plan: Plan, batches: Iterable<Batch>, evaluation: Batch, options: GoldenOptions = {}): Promise<Golden> {
  const all = planSteps(plan);
  const wanted = Math.min(options.steps ?? all, all);
  const limit = options.steps === undefined ? GOLDEN_BUDGET : GOLDEN_LIMIT;
  const session = new Session(await loadCore(options.build), plan, 'fixed', { chunk: 1, record: 'counts' });
  const hash = hashJson(plan);
  const store = new BatchStore(plan);
  const parameters = session.read('theta').flat().length;
  let state: RunState = session.save(hash);
  // the row, the index of the batch, the checksum; for the evaluation its loss and the final state
  const perStep = ROW_FIELDS.length + 2 + 1 + 1 + parameters;
  const reserved = store.most(evaluation);
  let words = 1 + Object.values(state.values).flat().length + reserved;

  const steps: GoldenStep[] = [];
  let rowEnd = { flags: 0, events: 0 };
  session.onRow((_, { flags, events }) => (rowEnd = { flags, events }));
  for (const batch of batches) {
    if (steps.length === wanted || session.trapped !== undefined) break;
    const needed = words + perStep + store.most(batch);
    if (needed > (steps.length === 0 ? GOLDEN_LIMIT : limit)) {
      if (limit === GOLDEN_BUDGET && steps.length > 0) break;
      throw tooLong(steps.length, needed);
    }
    session.push(batch);
    session.finish();
    state = session.save(hash);
    const [index, added] = store.index({ count: batch.count, inputs: session.peek('inputs'), targets: session.peek('targets') });
    words += perStep + added;
    steps.push({
      batch: index,
      row: Object.fromEntries(ROW_FIELDS.map((field) => [field, session.rawOfLastRow(field)])) as Record<RowField, bigint>,
      ...rowEnd,
      parameters: session.read('theta'),
      stateCrc32: stateCrc32(plan, state),
    });
  }
  const trappedInside = session.trapped !== undefined && Object.entries(session.counters()).some(
    ([key, { overflowHigh, overflowLow }]) => key !== 'input' && plan.sites[key]!.overflow === 'TRAP' && overflowHigh + overflowLow > 0,
  );
  const { count, inputs, targets, phase } = evaluation;
  const { raw } = session.evaluate({ count, inputs, targets, phase });
  const [batch, added] = store.index({ count, inputs: session.peek('inputs'), targets: session.peek('targets') });
  words += added - reserved;
  return {
    steps, planSteps: all, batches: store.batches,
    evaluation: { batch, loss: raw!, outputs: session.peek('activations', plan.layers.length - 1).slice(0, plan.data.targets) },
    trapped: session.trapped, trappedInside,
    state: { step: state.step, values: state.values }, stateCrc32: stateCrc32(plan, state), words,
  };
}

/** Batches by content, each once. */
class BatchStore {
  readonly batches: GoldenBatch[] = [];
  readonly #known = new Map<string, number>();
  readonly #width: number;
  readonly #repeatable: boolean;

  constructor({ data, sites }: Plan) {
    this.#width = data.inputs + data.targets;
    this.#repeatable = ['input', 'target'].every((key) => (ROUNDING[sites[key]!.rounding] as RoundingMode).random === undefined);
  }

  /** Words a batch may add. */
  most({ count, unchanged }: Batch): number {
    return unchanged && this.#repeatable && this.batches.length > 0 ? 0 : this.#words(count);
  }

  /** Its index, and the words it added. */
  index(batch: GoldenBatch): [index: number, added: number] {
    const content = `${batch.inputs.join()};${batch.targets.join()}`;
    const known = this.#known.get(content);
    if (known !== undefined) return [known, 0];
    this.#known.set(content, this.batches.push(batch) - 1);
    return [this.batches.length - 1, this.#words(batch.count)];
  }

  /** Its values, its count and where it begins. */
  #words(count: number): number {
    return count * this.#width + 2;
  }
}

const tooLong = (steps: number, needed: number): QrailsError => new QrailsError({
  code: 'unsupported', where: 'export c --golden', message: `golden values of ${steps + 1} ${steps === 0 ? 'step' : 'steps'} are too many`, found: `${needed} words`, expected: `at most ${GOLDEN_LIMIT}`,
  try: steps === 0 ? 'smaller batches, or fewer rows of evaluation' : `--golden-steps ${steps}`,
});

/** State before the first step: what the core begins with. */
export async function initialState(plan: Plan, build?: Build): Promise<Pick<RunState, 'step' | 'values'>> {
  const { step, values } = new Session(await loadCore(build), plan, 'fixed', { chunk: 1 }).save(hashJson(plan));
  return { step, values };
}
