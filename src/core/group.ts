/**
 * Four runs side by side: sessions of one core, each in a region of memory laid out like the first, and two more regions for what lanes read and count
 * (assembly/runs/region.ts). For plans that differ in what moves no bit of a format: rows, initial weights, seed, sensor, rates, constants of controllers.
 *
 *     heapBase()
 *     | run 0 | run 1 | run 2 | run 3 | shadow | shadow | words of all four: θ, g, u, inputs, activations, errors |
 */
import { alignPlan } from '../plan/alignment.js';
import { ofDraft } from '../plan/drawn.js';
import type { Plan } from '../schema/plan.js';
import { RECORDS } from './abi.js';
import { lanesOf } from './lanes.js';
import type { CoreExports } from './load.js';
import { RecordView } from './memory.js';
import { Session, type NumberSystem } from './session.js';

/** Runs in a group: words of 32 bits in a vector. */
export const GROUP = 4;
const SHADOWS = 2;
/** Steps between two visits of the host: what four runs have queued should stay close to the processor. */
const CHUNK = 256;
/**
 * Where runs gain by going together, as measured (`online` of bench/README.md): where the batch of one fills no lanes, or its layers are many and
 * small. With more products in a step's forward pass one run fills the lanes as well, and nothing has to be gathered from four; of a shorter run
 * most is its session.
 */
const FEWEST_STEPS = 512;
const FEW_SAMPLES = 2;
const MOST_PRODUCTS = 1024;
/** Bytes of words side by side: they stay close to the processor. */
const MOST_SHARED = 2 ** 18;

const largestBatch = ({ phases }: Plan): number => Math.max(...phases.map(({ batch }) => batch));

/** Bytes for the words of all four runs. */
const sharedBytes = (plan: Plan): number => {
  const { layers, data } = plan;
  const parameters = layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + Number(bias)), 0);
  return 16 * (3 * parameters + largestBatch(plan) * (data.inputs + 2 * layers.reduce((sum, { outputs }) => sum + outputs, 0)));
};

/** What plans have to have in common to be run side by side; undefined for one that cannot be. */
const commonOf = ofDraft((plan): { readonly key: string | undefined } => {
  const { layers, phases, sites, accumulate, batchDivision, evaluationRows, throttle, anchor, supervisor, balance, errorOne } = plan;
  if (balance || errorOne || sharedBytes(plan) > MOST_SHARED) return { key: undefined };
  const alignment = alignPlan(plan);
  if (!alignment.narrow || !lanesOf(plan, alignment).every((lanes) => lanes.lanesForward && lanes.lanesError && lanes.lanesGradient && lanes.lanesUpdate)) return { key: undefined };
  return { key: JSON.stringify([layers, phases.map(({ learningRate: _, ...phase }) => phase), sites, accumulate, batchDivision, evaluationRows, throttle.law, throttle.estimator, anchor.law, anchor.window, supervisor.law]) };
});

/** Whether these plans can be run as a group. Never changes a bit of any. */
export function canGoTogether(plans: readonly Plan[]): boolean {
  if (plans.length !== GROUP) return false;
  const [first, ...others] = plans.map((plan) => commonOf(plan).key);
  return first !== undefined && others.every((key) => key === first);
}

/** Whether runs of a plan gain by going together, where they can. */
export function gainsTogether(plan: Plan): boolean {
  const { layers, phases } = plan, batch = largestBatch(plan);
  const steps = phases.reduce((sum, phase) => sum + phase.steps, 0), products = batch * layers.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  return steps >= FEWEST_STEPS && products <= MOST_PRODUCTS && (batch <= FEW_SAMPLES || layers.length > 1);
}

/** Both. */
export const goTogether = (plans: readonly Plan[]): boolean => gainsTogether(plans[0]!) && canGoTogether(plans);

export class RunGroup {
  readonly sessions: readonly Session[];
  readonly kind: NumberSystem;
  readonly #core: CoreExports;
  readonly #stride: number;

  /**
   * @param core which the group has to itself
   * @param plans that `canGoTogether`
   * @throws QrailsError `unsupported` for more memory than there is
   */
  constructor(core: CoreExports, plans: readonly Plan[], kind: NumberSystem) {
    const [plan] = plans as [Plan];
    [this.#core, this.kind] = [core, kind];
    const first = new Session(core, plan, kind, { restarts: true, chunk: CHUNK, room: (size) => size * (GROUP + SHADOWS) + sharedBytes(plan) });
    const base = first.records.header, stride = (this.#stride = first.bytes);
    this.sessions = [first, ...plans.slice(1).map((other, k) => new Session(core, other, kind, { restarts: true, chunk: CHUNK, base: base + (k + 1) * stride }))];
    if (kind === 'fixed') for (let k = 0; k < SHADOWS; k++) this.#castShadow(plan, (GROUP + k) * stride);
  }

  /** The records of run 0 once more, `distance` bytes on, with the words of all runs for arrays. */
  #castShadow(plan: Plan, distance: number): void {
    const { header, end } = this.sessions[0]!.records;
    const { buffer } = this.#core.memory;
    new Uint8Array(buffer).copyWithin(header + distance, header, end);
    const view = new DataView(buffer);
    const moved = (name: 'HEADER' | 'LAYER', address: number): RecordView => {
      const record = new RecordView(view, name, address);
      for (const [field, type] of Object.entries(RECORDS[name].types)) if (type === 'ptr' && record.int(field) !== 0) record.setInt(field, record.int(field) + distance);
      return record;
    };
    let at = header + (GROUP + SHADOWS) * this.#stride;
    const take = (words: number): number => (at += 16 * words) - 16 * words;
    const shadow = moved('HEADER', header + distance);
    const parameters = shadow.int('parameters'), batch = largestBatch(plan);
    for (const field of ['theta', 'gradient', 'update']) shadow.setInt(field, take(parameters));
    shadow.setInt('laneScratch', take(batch * plan.data.inputs));
    plan.layers.forEach(({ outputs }, index) => {
      const layer = moved('LAYER', shadow.int('layerTable') + index * RECORDS.LAYER.size);
      for (const field of ['activations', 'errors']) layer.setInt(field, take(batch * outputs));
    });
  }

  /** Begins anew, as `Session.restart` does. */
  restart(plans: readonly Plan[]): boolean {
    return this.sessions.every((session, k) => session.restart(plans[k]!));
  }

  /** Runs what is queued: side by side, where every run has as many steps of it. */
  run(): void {
    const steps = this.sessions.map((session) => session.queued);
    const { kind, sessions: [first] } = this;
    if (kind === 'float' || steps[0] === 0 || this.sessions.some((session, k) => steps[k] !== steps[0] || session.steps !== first!.steps)) {
      for (const session of this.sessions) session.finish();
      return;
    }
    for (const session of this.sessions) session.takeQueue();
    const { header, state } = first!.records;
    const done = this.#core.runFixedSideBySide(header, state, this.#stride, steps[0]!);
    for (const session of this.sessions) session.ran(done);
  }
}
