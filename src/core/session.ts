/**
 * A run inside the core: writes a plan into its memory, feeds batches, reads out rows, parameters and counters. One session at a time
 * per core instance; `kind` chooses the number system.
 */
import {
  ANCHORS, ANCHOR_PARAMETERS, averages, BALANCE_PARAMETERS, ESTIMATORS, SIGMOID, SUPERVISORS, SUPERVISOR_PARAMETERS, THROTTLES, THROTTLE_PARAMETERS, weighs, type EstimatorDefinition,
} from '../control/registry.js';
import { QrailsError } from '../errors.js';
import { ArrayQuantiser, copyCounters, ERROR_BITS, HISTOGRAM_BINS, newCounters, quantise, TALLIED, type Counters, type Tally } from '../format/quantise.js';
import { accumulateGroup, alignPlan, quantumFraction, type Alignment } from '../plan/alignment.js';
import { drawnAlike } from '../plan/drawn.js';
import { scaled } from '../format/real.js';
import type { Constant, Plan, SiteFormat } from '../schema/plan.js';
import { DIVIDERS } from '../schema/profile.js';
import type { RecordLevel } from '../run/levels.js';
import { LAYER_SITES, RUN_SITES, siteKey, siteKeys, siteName, SITES, type SiteName } from '../site/sites.js';
import { RECORDS, SITE_COUNTERS } from './abi.js';
import type { CoreExports } from './load.js';
import { lanePairs, lanePlanes, laneScratch, lanesOf, lanesOfReference, NO_LANES, squaresInRegister, takesLanes, writeLane } from './lanes.js';
import { Arena, RecordView } from './memory.js';
import { writeSite } from './siteRecord.js';
import type { RunState } from './state.js';
import { stateFields, type StateField } from './stateFields.js';

export type NumberSystem = 'fixed' | 'float';

/** One step's batch after the front end: binary64 values, row-major. */
export interface Batch {
  readonly count: number;
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
  /** The same values as the batch before. */
  readonly unchanged?: boolean;
  readonly phase: number;
}

/** What a step left behind. Real values; in a fixed run the nearest double to the raw. */
export interface Row {
  loss: number;
  alpha: number;
  rate: number;
  curvature: number;
  curvatureMean: number;
  flags: number;
  events: number;
}

export interface SessionOptions {
  /** Steps between two visits of the host; 1 to look at every step. */
  readonly chunk?: number;
  /** Forces the 128-bit instance (tests). */
  readonly wide?: boolean;
  /** What is recorded at every site; default `counts`. Never changes a bit of the run. */
  readonly record?: RecordLevel;
  /** Keys of sites at which a binary64 run rounds as the target does: docs/numerics.md §9.1. Default none: the reference. */
  readonly chosen?: readonly string[];
  /** Where its memory begins; default the first byte that is the host's. */
  readonly base?: number | undefined;
  /** Bytes of memory from there on, of what so many a session takes. */
  readonly room?: (size: number) => number;
  /** Whether `restart` will be asked for: keeps what is written at first, up to `MOST_KEPT` bytes. */
  readonly restarts?: boolean;
}

/** Of a session that is larger, writing it anew is little beside running it. */
const MOST_KEPT = 2 ** 20;

const newTally = (full: boolean): Float64Array => new Float64Array(TALLIED.length + (full ? 1 + HISTOGRAM_BINS : 0));
const tallyInto = (list: Float64Array, counters: Counters): void => {
  list[0] = counters.count;
  list[1] = counters.overflowHigh;
  list[2] = counters.overflowLow;
  list[3] = counters.underflow;
  list[4] = counters.nearRail;
  if (!counters.full) return;
  list[TALLIED.length] = counters.full.errorSum;
  list.set(counters.full.histogram, TALLIED.length + 1);
};
const addTally = (counters: Counters, added: Float64Array, times: number): void => {
  TALLIED.forEach((field, i) => (counters[field] += times * added[i]!));
  if (!counters.full) return;
  counters.full.errorSum += times * added[TALLIED.length]!;
  counters.full.histogram.forEach((_, bin, histogram) => (histogram[bin]! += times * added[TALLIED.length + 1 + bin]!));
};

/** Inputs or targets, as the host prepares them. */
interface Prepared {
  /** Where all its words lie in memory. */
  readonly words: Float64Array | Int32Array | BigInt64Array;
  /** Undefined where nothing is rounded. */
  readonly quantiser: ArrayQuantiser | undefined;
  /** What a raw is multiplied by. */
  readonly place: number;
  readonly width: number;
  /** What the last block added to its counters, and how these stood before. */
  readonly added: Float64Array;
  readonly before: Float64Array;
}

/** Where the fields of BATCH and ROW stand, in words of 32 bits. */
const words = <const T extends string>(offsets: Readonly<Record<T, number>>): Readonly<Record<T, number>> =>
  Object.fromEntries(Object.entries<number>(offsets).map(([field, offset]) => [field, offset / 4])) as Record<T, number>;
const BATCH_WORDS = words(RECORDS.BATCH.offsets as Record<'inputs' | 'targets' | 'count' | 'divisor', number>);
const ROW_WORDS = words(RECORDS.ROW.offsets as Record<keyof Row, number>);
const ROW_VALUES = ['loss', 'alpha', 'rate', 'curvature', 'curvatureMean'] as const satisfies readonly (keyof Row)[];

export class Session {
  #plan: Plan;
  readonly kind: NumberSystem;
  readonly #core: CoreExports;
  readonly #alignment: Alignment | undefined;
  readonly #wide: boolean;
  readonly #record: RecordLevel;
  /** Sites that round: those of the plan in a fixed run, those chosen in a binary64 one. */
  readonly #rounds: (key: string) => boolean;
  readonly #mixed: boolean;
  readonly #view: DataView;
  readonly #buffer: ArrayBuffer;
  readonly #header: RecordView;
  readonly #state: RecordView;
  readonly #sites = new Map<string, RecordView>();
  /** Keys of the sites that count in a step. */
  readonly #counting: readonly string[];
  /** Of memory that it takes. */
  readonly bytes: number;
  /** Where its records begin, and the queue behind them. */
  readonly records: { readonly header: number; readonly state: number; readonly end: number };
  readonly #divisors = new Map<number, number>();
  readonly #divisorBase: number;
  readonly #chunk: number;
  readonly #capacity: number;
  readonly #parameters: number;
  readonly #addresses: { theta: number; gradient: number; update: number; batches: number; rows: number; samples: number; targets: number };
  readonly #size: number;
  readonly #layerArrays: readonly { activations: number; errors: number }[];
  #samples!: Prepared;
  #answers!: Prepared;
  #inputs: ArrayQuantiser | undefined;
  #targets: ArrayQuantiser | undefined;
  /** Whether the same values are always rounded alike. */
  #repeatable = true;
  /** What the constructor wrote, from the header on; undefined where it is not kept. */
  readonly #written: Uint8Array | undefined;
  readonly #batchWords: Int32Array;
  readonly #rowWords: Int32Array;
  readonly #rowReals: Float64Array;
  readonly #scales: { loss: number; alpha: number; rate: number; curvature: number; curvatureMean: number };

  #step = 0;
  #queued = 0;
  #used = 0;
  #block = { at: 0, count: 0 };
  /** Deliveries of the last block that are not counted yet. */
  #again = 0;
  #phase = -1;
  #trapped: string | undefined;

  constructor(core: CoreExports, plan: Plan, kind: NumberSystem, options: SessionOptions = {}) {
    this.#core = core;
    this.#plan = plan;
    this.kind = kind;
    const chosen = new Set(options.chosen ?? []);
    this.#mixed = kind === 'float' && chosen.size > 0;
    this.#rounds = (key) => plan.sites[key] !== undefined && (kind === 'fixed' || chosen.has(key));
    // A run that may end at any step is looked at after every step, so that no input is counted that no step used.
    const traps = Object.entries(plan.sites).some(([key, { overflow }]) => overflow === 'TRAP' && this.#rounds(key));
    this.#chunk = traps ? 1 : (options.chunk ?? 1024);
    const estimator: EstimatorDefinition | undefined = plan.throttle.estimator && ESTIMATORS[plan.throttle.estimator];
    if (kind === 'fixed' && estimator?.floatOnly) {
      throw new QrailsError({
        code: 'unsupported', where: 'throttle.estimator', message: 'no target can run it', found: plan.throttle.estimator!, expected: 'an estimator for targets', try: `${plan.throttle.law}/secant`,
      });
    }
    this.#alignment = kind === 'fixed' ? alignPlan(plan) : undefined;
    this.#record = options.record ?? 'counts';
    this.#wide = options.wide === true || this.#alignment?.narrow === false;
    this.#size = kind === 'fixed' && !this.#wide ? 4 : 8;
    const { layers, data, phases } = plan;
    const maxBatch = Math.max(plan.evaluationRows, ...phases.map(({ batch }) => batch));
    this.#capacity = Math.max(2 * maxBatch, 4096);
    this.#parameters = layers.reduce((sum, { inputs, outputs, bias }) => sum + outputs * (inputs + (bias ? 1 : 0)), 0);

    const arena = new Arena(core.memory, options.base ?? core.heapBase());
    const header = arena.reserve(RECORDS.HEADER.size);
    const state = arena.reserve(RECORDS.STATE.size);
    const keys = siteKeys(layers.length);
    const siteBase = arena.reserve(keys.length * RECORDS.SITE.size);
    const layerTable = arena.reserve(layers.length * RECORDS.LAYER.size);
    this.#divisorBase = arena.reserve((phases.length * 2 + 2 + 64) * RECORDS.DIVISOR.size);
    const array = (elements: number): number => arena.reserve(elements * this.#size);
    this.#layerArrays = layers.map(({ outputs }) => ({ activations: array(maxBatch * outputs), errors: array(maxBatch * outputs) }));
    const parameters = {
      theta: array(this.#parameters),
      gradient: array(this.#parameters),
      update: array(this.#parameters),
    };
    const lastTheta = array(this.#parameters);
    const lastGradient = array(this.#parameters);
    const anchor = array(this.#parameters);
    const average = array(averages(plan.anchor.law) ? this.#parameters : 0);
    const importance = array(weighs(plan.anchor.law) ? this.#parameters : 0);
    const snapshot = array(plan.supervisor.law === 'none' ? 0 : this.#parameters);
    const sigmoid = array(plan.sigmoid ? SIGMOID.entries : 0);
    const scratch = arena.reserve(plan.throttle.estimator === 'lambda' ? 16 * (layers[0]!.inputs + 1) : 0);
    const { outputs: losses = [] } = plan.balance ?? {};
    const lossOutputs = arena.reserve(4 * losses.length), shares = arena.reserve(8 * losses.length), lossNorms = arena.reserve(8 * losses.length);
    const wholeErrors = array(losses.length === 0 ? 0 : maxBatch * layers.at(-1)!.outputs);
    const lanes = this.#alignment ? (this.#wide ? [] : lanesOf(plan, this.#alignment, this.#record)) : this.#mixed ? [] : lanesOfReference(plan);
    const recordsLanes = kind === 'fixed' && this.#record === 'full' && takesLanes(lanes);
    const scratchOfLanes = arena.reserve(laneScratch(layers)), pairsOfLanes = arena.reserve(lanePairs(plan, lanes));
    const planes = new Map((recordsLanes ? lanePlanes(plan) : []).map(([key, bytes]) => [key, arena.reserve(bytes)]));
    const window = arena.reserve((plan.anchor.window ?? 1) * 8);
    // Behind this all is written before it is read.
    const queue = arena.reserve(this.#chunk * RECORDS.BATCH.size);
    this.#addresses = { ...parameters, batches: queue, rows: arena.reserve(this.#chunk * RECORDS.ROW.size), samples: array(this.#capacity * data.inputs), targets: array(this.#capacity * data.targets) };
    this.bytes = arena.size;
    this.#buffer = arena.commit(header, options.room?.(this.bytes));
    this.#view = new DataView(this.#buffer);
    this.records = { header, state, end: queue };

    this.#header = new RecordView(this.#view, 'HEADER', header);
    this.#state = new RecordView(this.#view, 'STATE', state);
    // A site that is not in the plan is an empty record for the reference, and has no address in the layer's.
    this.#counting = keys.filter((key) => {
      const name = siteName(key);
      return SITES[name].kind !== 'constant' && name !== 'target' && this.#rounds(key);
    });
    keys.forEach((key, index) => {
      const site = new RecordView(this.#view, 'SITE', siteBase + index * RECORDS.SITE.size);
      this.#sites.set(key, site);
      const format = plan.sites[key];
      if (!format || !this.#rounds(key)) return;
      writeSite(site, key, format, { left: [], shift: 0, ...this.#alignment?.sites[key], record: this.#record });
      if (kind === 'fixed') writeLane(site);
      site.setInt('lanePlanes', planes.get(key) ?? 0);
      if (this.#mixed) site.setReal('place', 2 ** -format.fractionLength);
    });
    let first = 0;
    layers.forEach(({ inputs, outputs, activation, bias }, index) => {
      const record = new RecordView(this.#view, 'LAYER', layerTable + index * RECORDS.LAYER.size);
      record.setInt('inputs', inputs);
      record.setInt('outputs', outputs);
      record.setInt('relu', activation === 'relu' ? 1 : 0);
      record.setInt('sigmoid', activation === 'sigmoid' ? 1 : 0);
      record.setInt('hasBias', bias ? 1 : 0);
      record.setInt('first', first);
      record.setInt('activations', this.#layerArrays[index]!.activations);
      record.setInt('errors', this.#layerArrays[index]!.errors);
      for (const name of LAYER_SITES) if (plan.sites[siteKey(name, index)]) record.setInt(name, this.#sites.get(siteKey(name, index))!.address);
      const { laneRate, ...parts } = lanes[index] ?? NO_LANES;
      for (const [field, kind] of Object.entries(parts)) record.setInt(field, kind);
      record.setRaw('laneRate', laneRate);
      if (this.#alignment) {
        const { norms, parameters, gates } = this.#alignment;
        for (const [kind, left] of Object.entries(norms[index]!)) record.setInt(`norm${kind[0]!.toUpperCase()}${kind.slice(1)}`, left);
        for (const [field, shift] of Object.entries(parameters[index]!)) record.setInt(field, shift);
        record.setRaw('gate', gates[index]!);
      } else record.setReal('gate', plan.anchor.threshold ?? 0);
      first += outputs * (inputs + (bias ? 1 : 0));
    });
    this.#writeHeader({ layers: layers.length, layerTable, parameters: this.#parameters, lastTheta, lastGradient, anchor, average, importance, snapshot, sigmoid, scratch, window, lanes: takesLanes(lanes) ? 1 : 0, laneScratch: scratchOfLanes, lanePairs: pairsOfLanes, losses: losses.length, lossOutputs, shares, lossNorms, wholeErrors, ...this.#addresses });
    this.#writeBalance(losses, lossOutputs, shares);
    if (kind === 'fixed') plan.sigmoid?.forEach((raw, entry) => this.#put(sigmoid, entry, Number(raw)));
    if (options.restarts === true && queue - header <= MOST_KEPT) this.#written = new Uint8Array(this.#buffer, header, queue - header).slice();
    this.#writeDrawn();
    this.#batchWords = new Int32Array(this.#buffer, this.#addresses.batches, (this.#chunk * RECORDS.BATCH.size) / 4);
    this.#rowWords = new Int32Array(this.#buffer, this.#addresses.rows, (this.#chunk * RECORDS.ROW.size) / 4);
    this.#rowReals = new Float64Array(this.#buffer, this.#addresses.rows, (this.#chunk * RECORDS.ROW.size) / 8);
    const scale = (name: SiteName): number => (kind === 'fixed' ? 2 ** -plan.sites[name]!.fractionLength : 1);
    this.#scales = { loss: scale('loss'), alpha: scale('throttle'), rate: scale('rate'), curvature: scale('curvature'), curvatureMean: scale('curvatureMean') };
  }

  get plan(): Plan {
    return this.#plan;
  }

  /**
   * Begins anew, with a plan that differs from the session's in seed, initial weights and rows at the most; listeners stay.
   *
   * @returns false, with nothing done, for another plan, or a session that was not made to restart
   */
  restart(plan: Plan): boolean {
    if (!this.#written || !drawnAlike(this.#plan, plan)) return false;
    this.#plan = plan;
    new Uint8Array(this.#buffer, this.#header.address, this.#written.length).set(this.#written);
    [this.#step, this.#queued, this.#used, this.#again, this.#phase, this.#trapped] = [0, 0, 0, 0, -1, undefined];
    this.#divisors.clear();
    this.#block = { at: 0, count: 0 };
    this.#writeDrawn();
    return true;
  }

  /** Seed, initial weights, and what prepares the rows. */
  #writeDrawn(): void {
    const { kind, plan, plan: { data, seed } } = this;
    this.#header.setRaw('seed', BigInt(seed));
    this.#writeInitialWeights();
    const frontEnd = (key: string, full: boolean): ArrayQuantiser | undefined => (this.#rounds(key) ? new ArrayQuantiser(plan.sites[key]!, { key, seed, full }) : undefined);
    this.#inputs = frontEnd('input', this.#record === 'full');
    this.#targets = frontEnd('target', false);
    this.#repeatable = this.#inputs?.repeatable !== false && this.#targets?.repeatable !== false;
    const prepared = (key: 'input' | 'target', address: number, width: number, quantiser: ArrayQuantiser | undefined): Prepared => ({
      words: this.#array(address, this.#capacity * width), quantiser, width, place: kind === 'float' ? 2 ** -plan.sites[key]!.fractionLength : 1, added: newTally(quantiser?.counters.full !== undefined), before: newTally(quantiser?.counters.full !== undefined),
    });
    this.#samples = prepared('input', this.#addresses.samples, data.inputs, this.#inputs);
    this.#answers = prepared('target', this.#addresses.targets, data.targets, this.#targets);
  }

  /** Writes a constant: its raw, or its real value, rounded if `site` is chosen. */
  #setValue(record: RecordView, field: string, constant: Constant | undefined, site?: SiteName): void {
    if (!constant) return;
    if (this.kind === 'fixed') record.setRaw(field, BigInt(constant.raw));
    else record.setReal(field, site && this.#rounds(site) ? Number(constant.raw) * 2 ** -this.plan.sites[site]!.fractionLength : constant.value);
  }

  #writeHeader(addresses: Record<string, number>): void {
    const { plan } = this;
    const header = this.#header;
    for (const [field, value] of Object.entries(addresses)) if (field in RECORDS.HEADER.offsets) header.setInt(field, value);
    for (const name of RUN_SITES) header.setInt(name, this.#sites.get(name)!.address);
    header.setInt('accumulatorGroup', accumulateGroup(plan.accumulate.accumulator));
    header.setInt('gradientGroup', accumulateGroup(plan.accumulate.gradientAccumulator));
    header.setInt('squares', squaresInRegister(plan));
    header.setInt('descending', plan.accumulate.order === 'descending' ? 1 : 0);
    header.setInt('divider', DIVIDERS.indexOf(plan.divide.method));
    header.setInt('dividerBits', plan.divide.bits ?? 0);
    header.setInt('throttleLaw', THROTTLES[plan.throttle.law].id);
    if (plan.throttle.estimator) header.setInt('estimator', ESTIMATORS[plan.throttle.estimator].id);
    header.setInt('keepState', plan.throttle.keepState ? 1 : 0);
    header.setInt('holdCurvature', plan.throttle.holdCurvature ? 1 : 0);
    header.setInt('anchorLaw', ANCHORS[plan.anchor.law].id);
    header.setInt('calibration', plan.anchor.calibration ?? 0);
    header.setInt('windowLength', plan.anchor.window ?? 0);
    header.setInt('consecutive', plan.anchor.consecutive ?? 0);
    header.setInt('hold', plan.anchor.hold ?? 0);
    header.setInt('power', plan.anchor.power ?? 0);
    header.setInt('importanceKind', Math.max(0, (ANCHOR_PARAMETERS.importance.choices as readonly string[]).indexOf(plan.anchor.importance ?? '')));
    header.setInt('supervisorLaw', SUPERVISORS[plan.supervisor.law].id);
    for (const name of ['backoff', 'recovery', 'patience'] as const) header.setInt(name, plan.supervisor[name] ?? 0);
    for (const name of ['chi', 'rho', 'gain', 'momentum', 'rowRail', 'columnRail', 'biasRail', 'floor', 'firstAlpha'] as const) this.#setValue(header, name, plan.throttle[name], THROTTLE_PARAMETERS[name].site);
    for (const name of ['lambda', 'averageRate', 'importanceRate', 'ratio'] as const) this.#setValue(header, name, plan.anchor[name], ANCHOR_PARAMETERS[name].site);
    for (const name of ['margin', 'slack', 'limit'] as const) this.#setValue(header, name, plan.supervisor[name], SUPERVISOR_PARAMETERS[name].site);
    this.#setValue(header, 'supervisorRate', plan.supervisor.rate, SUPERVISOR_PARAMETERS.rate.site);
    if (plan.throttle.tau) this.#setValue(header, 'normTarget', plan.throttle.tau, THROTTLE_PARAMETERS.tau.site);
    else this.#setValue(header, 'normTarget', { value: 2 ** -quantumFraction(plan), raw: '1' });
    this.#setValue(header, 'errorOne', plan.errorOne);
    const one = plan.sites['throttle']!.fractionLength;
    this.#setValue(header, 'one', { value: 1, raw: String(1n << BigInt(Math.max(0, one))) });
    for (const [field, shift] of Object.entries(this.#alignment?.control ?? {})) header.setInt(field, shift);
  }

  #writeBalance(losses: readonly number[], lossOutputs: number, shares: number): void {
    const { balance } = this.plan;
    if (!balance) return;
    losses.forEach((outputs, index) => {
      this.#view.setInt32(lossOutputs + 4 * index, outputs, true);
      if (this.kind === 'fixed') this.#view.setBigInt64(shares + 8 * index, BigInt(balance.firstMean!.raw), true);
      else this.#view.setFloat64(shares + 8 * index, 1 / losses.length, true);
    });
    const header = this.#header;
    header.setInt('warmup', balance.warmup!);
    this.#setValue(header, 'shareRate', balance.shareRate, BALANCE_PARAMETERS.shareRate.site);
    this.#setValue(header, 'shareFloor', balance.floor, BALANCE_PARAMETERS.floor.site);
    this.#setValue(header, 'firstShare', balance.firstShare);
  }

  #writeInitialWeights(): void {
    let index = 0;
    this.plan.initial.forEach(({ weights, bias, weightsRaw, biasRaw }, layer) => {
      const write = (name: 'weight' | 'bias', reals: readonly number[], raws: readonly string[]): void => {
        const key = siteKey(name, layer);
        const rounds = this.#rounds(key);
        const place = this.kind === 'fixed' ? 1 : 2 ** -this.plan.sites[key]!.fractionLength;
        for (let k = 0; k < reals.length; k++) this.#put(this.#addresses.theta, index++, rounds ? Number(raws[k]!) * place : reals[k]!);
      };
      write('weight', weights.flat(), weightsRaw.flat());
      write('bias', bias, biasRaw);
    });
  }

  #put(address: number, index: number, value: number): void {
    const at = address + index * this.#size;
    if (this.kind === 'float') this.#view.setFloat64(at, value, true);
    else if (this.#size === 4) this.#view.setInt32(at, value, true);
    else this.#view.setBigInt64(at, BigInt(value), true);
  }

  #array(address: number, length: number): Float64Array | Int32Array | BigInt64Array {
    if (this.kind === 'float') return new Float64Array(this.#buffer, address, length);
    return this.#size === 4 ? new Int32Array(this.#buffer, address, length) : new BigInt64Array(this.#buffer, address, length);
  }

  /** Address of the divisor record of a batch size: how the batch mean is taken. */
  #divisor(count: number): number {
    const known = this.#divisors.get(count);
    if (known !== undefined) return known;
    const slots = this.plan.phases.length * 2 + 66;
    const address = this.#divisorBase + (this.#divisors.size % slots) * RECORDS.DIVISOR.size;
    // With the table full, all queued batches are run before a record is used again.
    if (this.#divisors.size >= slots) {
      this.#flush();
      this.#divisors.clear();
      return this.#divisor(count);
    }
    const record = new RecordView(this.#view, 'DIVISOR', address);
    const set = (field: string, value: number): void => (this.kind === 'fixed' ? record.setRaw(field, BigInt(value)) : record.setReal(field, value));
    set('count', count);
    set('twice', 2 * count);
    set('multiplier', 1);
    const { batchDivision } = this.plan;
    const power = Math.ceil(Math.log2(count));
    const exactPower = 2 ** power === count;
    record.setInt('quotient', this.kind === 'float' || (!exactPower && batchDivision === 'exact') ? 1 : 0);
    if (this.#alignment) {
      const { batchBits } = this.#alignment;
      if (exactPower || batchDivision !== 'reciprocal') record.setInt('left', batchBits - power);
      else {
        const site = this.plan.sites['reciprocal']!;
        record.setRaw('multiplier', quantise({ numerator: 1n, denominator: BigInt(count) }, site).raw);
        record.setInt('left', batchBits - site.fractionLength);
      }
    }
    this.#divisors.set(count, address);
    return address;
  }

  /** Places a batch's values in memory; the index of its first sample. */
  #place(batch: Batch): number {
    const { count } = batch;
    if (batch.unchanged && this.#repeatable && this.#block.count === count) {
      this.#again++;
      this.#used = Math.max(this.#used, this.#block.at + count);
      return this.#block.at;
    }
    if (this.#used + count > this.#capacity) this.#flush();
    const at = this.#used;
    this.#fill(this.#samples, batch.inputs, at, count);
    this.#fill(this.#answers, batch.targets, at, count);
    this.#used += count;
    this.#block.at = at;
    this.#block.count = count;
    return at;
  }

  /** Writes the values of samples that were delivered, rounded where their site does, and keeps what that added to its counters. */
  #fill({ words, quantiser, place, width, added, before }: Prepared, values: Float64Array, sample: number, samples: number): void {
    const at = sample * width, count = samples * width;
    if (!quantiser) {
      for (let i = 0; i < count; i++) words[at + i] = values[i]!;
      return;
    }
    this.#countAgain();
    tallyInto(before, quantiser.counters);
    const step = this.#step + this.#queued;
    if (words instanceof BigInt64Array) for (let i = 0; i < count; i++) words[at + i] = BigInt(quantiser.one(values[i]!, step, i));
    else quantiser.into(words, values, step, place, at, count);
    tallyInto(added, quantiser.counters);
    for (let i = 0; i < added.length; i++) added[i]! -= before[i]!;
  }

  /** Counts the last block as often as the same values were delivered once more. */
  #countAgain(): void {
    if (this.#again === 0) return;
    if (this.#inputs) addTally(this.#inputs.counters, this.#samples.added, this.#again);
    if (this.#targets) addTally(this.#targets.counters, this.#answers.added, this.#again);
    this.#again = 0;
  }

  /** Writes the record of the next batch of the queue. Placing its values may run the queue, so its slot is looked up afterwards. */
  #writeBatch(batch: Batch): void {
    const at = this.#place(batch);
    const divisor = this.#divisor(batch.count);
    const slot = (this.#queued * RECORDS.BATCH.size) / 4;
    const words = this.#batchWords;
    words[slot + BATCH_WORDS.inputs] = this.#addresses.samples + at * this.#samples.width * this.#size;
    words[slot + BATCH_WORDS.targets] = this.#addresses.targets + at * this.#answers.width * this.#size;
    words[slot + BATCH_WORDS.count] = batch.count;
    words[slot + BATCH_WORDS.divisor] = divisor;
  }

  #onRow: ((step: number, row: Row) => void) | undefined;
  readonly #row: Row = { loss: 0, alpha: 0, rate: 0, curvature: 0, curvatureMean: 0, flags: 0, events: 0 };

  /** Called for every finished step, in order; the row object is used again. */
  onRow(listener: (step: number, row: Row) => void): void {
    this.#onRow = listener;
  }

  /** Steps that wait to be run. */
  get queued(): number {
    return this.#queued;
  }

  /** Steps done. */
  get steps(): number {
    return this.#step;
  }

  /** Key of the site whose TRAP overflowed and ended the run; undefined while none has. */
  get trapped(): string | undefined {
    return this.#trapped;
  }

  /** Queues one step on a batch; runs the queue when it is full or the phase changes. Does nothing after a trap. */
  push(batch: Batch): void {
    if (batch.phase !== this.#phase || this.#queued === this.#chunk) this.#flush();
    if (this.#trapped !== undefined) return;
    if (batch.phase !== this.#phase) this.#enterPhase(batch.phase);
    this.#writeBatch(batch);
    this.#queued++;
  }

  /** Runs everything queued. */
  finish(): void {
    this.#flush();
  }

  #enterPhase(index: number): void {
    const { phases } = this.plan;
    const phase = phases[index]!;
    const before = index > 0 ? phases[index - 1] : undefined;
    const header = this.#header;
    this.#setValue(header, 'eta', phase.learningRate, 'learningRate');
    header.setInt('throttleOn', phase.throttle ? 1 : 0);
    header.setInt('anchorOn', phase.anchor ? 1 : 0);
    header.setInt('supervisorOn', phase.supervisor ? 1 : 0);
    const keep = this.plan.throttle.keepState === true;
    header.setInt('throttleStart', keep ? Number(index === 0) : Number(phase.throttle && !before?.throttle));
    header.setInt('anchorStart', Number(phase.anchor && !before?.anchor));
    header.setInt('supervisorStart', Number(phase.supervisor && !before?.supervisor));
    this.#phase = index;
  }

  /** Whether the queue has to be run before this batch joins it. */
  runsBefore({ phase, count, unchanged }: Batch): boolean {
    return this.#queued > 0 && (phase !== this.#phase || this.#queued === this.#chunk || (!unchanged && this.#used + count > this.#capacity));
  }

  /** Takes the steps out of the queue that the core is about to run; how many. Whoever does so says how many were done: `ran`. */
  takeQueue(): number {
    this.#countAgain();
    const steps = this.#queued;
    this.#queued = this.#used = 0; // the next samples go where the processor still has the first
    this.#header.setRaw('step', BigInt(this.#step));
    return steps;
  }

  #flush(): void {
    const steps = this.takeQueue();
    if (steps === 0) return;
    const run =
      this.#mixed ? this.#core.runMixed
      : this.kind === 'float' ? this.#core.runFloat
      : this.#wide ? this.#core.runFixedWide
      : this.#record === 'full' ? this.#core.runFixedFull
      : this.#record === 'off' ? this.#core.runFixedOff
      : this.#core.runFixed;
    this.ran(run(this.#header.address, this.#state.address, steps));
  }

  /** Hands on the rows of so many steps that the core has run. */
  ran(done: number): void {
    if (this.#onRow) for (let k = 0; k < done; k++) this.#onRow(this.#step + k, this.#readRow(k));
    this.#step += done;
    const trapped = this.#header.int('trapped');
    // Inputs and targets are quantised before the step begins.
    const first = ([['input', this.#inputs], ['target', this.#targets]] as const).find(
      ([key, quantiser]) => this.plan.sites[key]!.overflow === 'TRAP' && quantiser && quantiser.counters.firstOverflow !== undefined,
    );
    if (first) [this.#trapped] = first;
    else if (trapped !== 0) this.#trapped = [...this.#sites].find(([, { address }]) => address === trapped)![0];
  }

  #readRow(slot: number): Row {
    const at = (slot * RECORDS.ROW.size) / 4;
    const row = this.#row;
    const words = this.#rowWords;
    if (this.kind === 'float') {
      const reals = this.#rowReals;
      for (const field of ROW_VALUES) row[field] = reals[(at + ROW_WORDS[field]) / 2]!;
    } else {
      const scales = this.#scales;
      for (const field of ROW_VALUES) {
        const word = at + ROW_WORDS[field];
        row[field] = (words[word + 1]! * 2 ** 32 + (words[word]! >>> 0)) * scales[field];
      }
    }
    row.flags = words[at + ROW_WORDS.flags]!;
    row.events = words[at + ROW_WORDS.events]!;
    return row;
  }

  /** The raw of a value field of the last finished row of the queue; fixed runs, `chunk` 1. */
  rawOfLastRow(field: 'loss' | 'alpha' | 'rate' | 'curvature' | 'curvatureMean'): bigint {
    return this.#view.getBigInt64(this.#addresses.rows + (RECORDS.ROW.offsets as Record<string, number>)[field]!, true);
  }

  /**
   * The loss of a batch with the parameters as they are, or with their average where the anchor is one, without a step. Real and, in a fixed run, raw. Read counters before.
   */
  evaluate(batch: Batch): { loss: number; raw: bigint | undefined } {
    this.#flush();
    const stored = this.#averaged ? this.#array(this.#addresses.theta, this.#parameters).slice() : undefined;
    if (stored) this.read('evaluated').flat().forEach((value, index) => this.#put(this.#addresses.theta, index, value));
    const inputs = this.#inputs;
    const counts = inputs && copyCounters(inputs.counters);
    this.#writeBatch(batch); // the queue is empty
    this.#countAgain();
    const run = this.#mixed ? this.#core.lossMixed : this.kind === 'float' ? this.#core.lossFloat : this.#wide ? this.#core.lossFixedWide : this.#core.lossFixed;
    this.#header.setRaw('step', BigInt(this.#step));
    run(this.#header.address);
    if (inputs) Object.assign(inputs.counters, counts);
    if (stored) (this.#array(this.#addresses.theta, this.#parameters) as Float64Array).set(stored as Float64Array);
    const { loss } = this.#readRow(0);
    return { loss, raw: this.kind === 'fixed' ? this.rawOfLastRow('loss') : undefined };
  }

  /** Words of a field of the state, and how to write one. */
  #stateWords({ name, place, count, integer }: StateField): { read: (index: number) => bigint; write: (index: number, word: bigint) => void } {
    if (place === 'record') {
      if (integer) return { read: () => BigInt(this.#state.int(name)), write: (_, word) => this.#state.setInt(name, Number(word)) };
      return { read: () => this.#state.raw(name), write: (_, word) => this.#state.setRaw(name, word) };
    }
    const at = this.#header.int(name);
    if (this.#size === 8 || name === 'window' || name === 'shares') {
      const words = new BigInt64Array(this.#buffer, at, count);
      return { read: (index) => words[index]!, write: (index, word) => (words[index] = word) };
    }
    const words = new Int32Array(this.#buffer, at, count);
    return { read: (index) => BigInt(words[index]!), write: (index, word) => (words[index] = Number(word)) };
  }

  /**
   * The run as it stands after its last step, as a value (docs/state.md).
   *
   * @param planHash of the session's plan
   */
  save(planHash: string): RunState {
    this.#flush();
    const values = Object.fromEntries(
      stateFields(this.plan).map((field) => {
        const { read } = this.#stateWords(field);
        return [field.name, Array.from({ length: field.count }, (_, index) => String(read(index)))];
      }),
    );
    const state: RunState = { state: 1, planHash, kind: this.kind, step: this.#step, values };
    if (this.kind === 'float') return state;
    const sites: NonNullable<RunState['sites']> = {};
    for (const [key, site] of this.#sites) {
      if (!this.plan.sites[key]) continue;
      const fields = Object.fromEntries(SITE_COUNTERS.map((field) => [field, [String(site.raw(field))]]));
      sites[key] = { ...fields, ...(this.#record === 'full' && { histogram: this.#histogram(site).map(String) }) };
    }
    for (const [key, quantiser] of [['input', this.#inputs], ['target', this.#targets]] as const) sites[key] = countersToWords(quantiser!.finish());
    return { ...state, sites };
  }

  /**
   * Goes on where a state was taken: parameters, controllers, counters and the step are the state's. Before anything is pushed.
   *
   * @param state of this plan and number system (`checkState`)
   * @throws RangeError if it is of the other number system, or the session has begun
   */
  restore(state: RunState): void {
    if (state.kind !== this.kind) throw new RangeError(`a ${state.kind} state in a ${this.kind} session`);
    if (this.#step > 0 || this.#queued > 0) throw new RangeError('the session has begun');
    for (const field of stateFields(this.plan)) {
      const { write } = this.#stateWords(field);
      state.values[field.name]!.forEach((word, index) => write(index, BigInt(word)));
    }
    for (const [key, words] of Object.entries(state.sites ?? {})) {
      const site = this.#sites.get(key);
      if (!site) continue;
      if (key === 'input') this.#inputs?.resume(countersFromWords(words));
      else if (key === 'target') this.#targets?.resume(countersFromWords(words));
      else {
        for (const field of SITE_COUNTERS) site.setRaw(field, BigInt(words[field]?.[0] ?? 0));
        words['histogram']?.forEach((word, bin) => this.#view.setBigInt64(this.#histogramAt(site, bin), BigInt(word), true));
      }
    }
    this.#step = state.step;
    // Inside a phase nothing switches on again.
    let left = state.step;
    const phase = this.plan.phases.findIndex(({ steps }) => (left -= steps) <= 0);
    if (state.step > 0) {
      this.#enterPhase(phase);
      this.#header.setInt('throttleStart', 0);
      this.#header.setInt('anchorStart', 0);
      this.#header.setInt('supervisorStart', 0);
    }
  }

  #histogramAt(site: RecordView, bin: number): number {
    return site.address + RECORDS.SITE.offsets['histogram']! + 8 * (HISTOGRAM_BINS - 1 - bin);
  }

  #histogram(site: RecordView): number[] {
    return Array.from({ length: HISTOGRAM_BINS }, (_, bin) => Number(this.#view.getBigInt64(this.#histogramAt(site, bin), true)));
  }

  /** Whether a loss is measured with the average of the parameters. */
  get #averaged(): boolean {
    return this.plan.anchor.law === 'ema' && this.plan.phases[this.#phase]?.anchor === true;
  }

  /**
   * Parameters, last gradients or last updates of each layer, weights row by row and then biases; raws in a fixed run. `evaluated`: the parameters that a
   * loss is measured with: the average of the anchor `ema`, quantised as the parameters are, else the parameters.
   */
  read(what: 'theta' | 'gradient' | 'update' | 'evaluated'): number[][] {
    const averaged = what === 'evaluated' && this.#averaged;
    const all = this.#array(averaged ? this.#header.int('average') : this.#addresses[what === 'evaluated' ? 'theta' : what], this.#parameters);
    let first = 0;
    return this.plan.layers.map(({ inputs, outputs, bias }, layer) => {
      const size = outputs * (inputs + (bias ? 1 : 0));
      const value = (k: number): number => Number(all[first + k]!);
      const { fractionLength } = this.plan.sites[siteKey('average', layer)]!;
      const quantised = (k: number): number =>
        Number(quantise(scaled(BigInt(all[first + k]!), fractionLength), this.plan.sites[siteKey(k < inputs * outputs ? 'weight' : 'bias', layer)]!).raw);
      const values = Array.from({ length: size }, (_, k) => (averaged && this.kind === 'fixed' ? quantised(k) : value(k)));
      first += size;
      return values;
    });
  }

  /**
   * Arrays of the batch that was run last, while no other has been queued: what a layer was fed, its outputs after ReLU, its errors, or the
   * targets. Row by row; raws in a fixed run.
   */
  peek(what: 'inputs' | 'activations' | 'errors' | 'targets', layer = 0): number[] {
    const { inputs, outputs } = this.plan.layers[layer]!;
    if (what === 'inputs' && layer > 0) return this.peek('activations', layer - 1);
    const { at, count } = this.#block;
    const { data } = this.plan;
    const [address, width] =
      what === 'inputs' ? [this.#addresses.samples + at * data.inputs * this.#size, inputs]
      : what === 'targets' ? [this.#addresses.targets + at * data.targets * this.#size, data.targets]
      : [this.#layerArrays[layer]![what], outputs];
    const words = this.#array(address, count * width);
    const values = new Array<number>(words.length);
    for (let i = 0; i < values.length; i++) values[i] = Number(words[i]!);
    return values;
  }

  /** Counters of every site that counts in a step, by key. Empty for the reference; in a mixed run of the chosen sites. */
  counters(): Record<string, Counters> {
    return this.#counted((key, site) => (key === 'input' ? copyCounters(this.#inputs!.finish()) : this.#readCounters(site, this.plan.sites[key]!)));
  }

  /** What of `counters` adds up: less to read. */
  tallies(): Record<string, Tally> {
    return this.#counted((key, site): Tally => {
      if (key !== 'input') return { count: site.number('count'), overflowHigh: site.number('overflowHigh'), overflowLow: site.number('overflowLow'), underflow: site.number('underflow'), nearRail: site.number('nearRail') };
      const { count, overflowHigh, overflowLow, underflow, nearRail } = this.#inputs!.counters;
      return { count, overflowHigh, overflowLow, underflow, nearRail };
    });
  }

  #counted<T>(read: (key: string, site: RecordView) => T): Record<string, T> {
    this.#flush();
    const result: Record<string, T> = {};
    for (const key of this.#counting) result[key] = read(key, this.#sites.get(key)!);
    return result;
  }

  /** Counters of the targets, which the host prepares: not part of a step. */
  targetCounters(): Counters {
    this.#countAgain();
    return this.#targets ? copyCounters(this.#targets.finish()) : newCounters();
  }

  #readCounters(site: RecordView, format: SiteFormat): Counters {
    const count = site.number('count');
    const firstStep = site.number('firstStep');
    const word = (field: string): bigint => (format.signed ? site.raw(field) : BigInt.asUintN(64, site.raw(field)));
    return {
      count,
      overflowHigh: site.number('overflowHigh'),
      overflowLow: site.number('overflowLow'),
      underflow: site.number('underflow'),
      nearRail: site.number('nearRail'),
      stalled: site.number('stalled'),
      min: count > 0 ? word('min') : undefined,
      max: count > 0 ? word('max') : undefined,
      firstOverflow:
        firstStep < 0 ? undefined
        : { step: firstStep, element: site.number('firstElement'), index: site.number('firstIndex'), wanted: site.raw('firstWanted'), raw: word('firstRaw') },
      full:
        this.#record !== 'full' ? undefined
        : {
            histogram: this.#histogram(site),
            errorSum: site.number('errorSum') * 2 ** -site.int('errorBits') + site.number('quotientErrorSum') * 2 ** -ERROR_BITS,
          },
    };
  }
}

/** Counters that the host keeps, as the words of a state. */
function countersToWords({ count, overflowHigh, overflowLow, underflow, nearRail, min, max, firstOverflow, full }: Counters): Record<string, string[]> {
  const word = (value: number | bigint): string[] => [String(value)];
  return {
    ...Object.fromEntries(Object.entries({ count, overflowHigh, overflowLow, underflow, nearRail }).map(([name, value]) => [name, word(value)])),
    ...(min !== undefined && max !== undefined && { min: word(min), max: word(max) }),
    ...(firstOverflow && {
      firstStep: word(firstOverflow.step), firstElement: word(firstOverflow.element), firstIndex: word(firstOverflow.index), firstWanted: word(firstOverflow.wanted), firstRaw: word(firstOverflow.raw),
    }),
    ...(full && { errorSum: word(BigInt(full.errorSum * 2 ** ERROR_BITS)), histogram: full.histogram.map(String) }),
  };
}

function countersFromWords(words: Record<string, string[]>): Counters {
  const number = (name: string): number => Number(words[name]?.[0] ?? 0);
  const raw = (name: string): bigint | undefined => (words[name] ? BigInt(words[name][0]!) : undefined);
  return {
    count: number('count'), overflowHigh: number('overflowHigh'), overflowLow: number('overflowLow'), underflow: number('underflow'), nearRail: number('nearRail'),
    min: raw('min'), max: raw('max'), stalled: 0,
    firstOverflow: words['firstStep'] && { step: number('firstStep'), element: number('firstElement'), index: number('firstIndex'), wanted: raw('firstWanted')!, raw: raw('firstRaw')! },
    full: words['histogram'] && { histogram: words['histogram'].map(Number), errorSum: number('errorSum') * 2 ** -ERROR_BITS },
  };
}
