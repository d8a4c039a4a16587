/** One side of a run, taken step by step, with every value of the step that was taken last. What the core keeps is read; products and running sums are taken again. */
import { FLAGS } from '../core/abi.js';
import { loadCore, type Build } from '../core/load.js';
import { Session, type NumberSystem, type Row } from '../core/session.js';
import type { RunState } from '../core/state.js';
import { stateFields } from '../core/stateFields.js';
import { ROUNDING, type RoundingMode } from '../format/modes.js';
import { quantise } from '../format/quantise.js';
import { randomWords, siteStream, type RandomWords } from '../format/random.js';
import { accumulateGroup } from '../plan/alignment.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import type { Delivered } from '../signal/delivery.js';
import { siteKey, SITES, type SiteName } from '../site/sites.js';
import { aligned, rational, runningSum } from './runningSum.js';
import { siteOf } from './stepOrder.js';

/** Values of a site in one step, by position. */
export interface SiteValues {
  /** F of the raws; undefined in the reference, whose numbers are the values themselves. */
  readonly fractionLength: number | undefined;
  readonly numbers: readonly (number | bigint)[];
}

/** What an operand may be beside the value of a site: the front end's binary64 numbers, what the step found, and errors as they are learnt from: signs, or shares. */
export type Source = 'delivered' | 'stated' | 'before' | 'learnt';

/** Fields of the state that are values of sites. */
const STATE_FIELDS = { velocity: 'velocity', measureMean: 'measureMean', cusum: 'cusum', shareMean: 'shares', importance: 'importance', average: 'average' } as const;
const isState = (name: SiteName): name is keyof typeof STATE_FIELDS => name in STATE_FIELDS;

/** Fields of a row that are values of sites. */
const ROW_FIELDS = { loss: 'loss', curvature: 'curvature', curvatureMean: 'curvatureMean', throttle: 'alpha', rate: 'rate' } as const;

/** The exact product of two raws. */
function multiply(a: number, b: number): bigint {
  const product = a * b;
  return Number.isSafeInteger(product) ? BigInt(product) : BigInt(a) * BigInt(b);
}

export class SteppedRun {
  readonly plan: Plan;
  readonly kind: NumberSystem;
  readonly #session: Session;
  readonly #values = new Map<string, SiteValues>();
  readonly #keepsState: boolean;
  #before: number[][];
  #state: RunState | undefined;
  #stateBefore: RunState | undefined;
  #row: Row | undefined;
  #batch: Delivered | undefined;

  private constructor(session: Session) {
    this.#session = session;
    this.plan = session.plan;
    this.kind = session.kind;
    this.#before = session.read('theta');
    this.#keepsState = stateFields(this.plan).some(({ name }) => (Object.values(STATE_FIELDS) as string[]).includes(name));
    session.onRow((_, row) => (this.#row = row));
  }

  /** @throws QrailsError where the widths of the plan do not allow it */
  static async open(plan: Plan, kind: NumberSystem, build?: Build): Promise<SteppedRun> {
    return new SteppedRun(new Session(await loadCore(build), plan, kind, { chunk: 1 }));
  }

  /** Site whose TRAP ended the run. */
  get trapped(): string | undefined {
    return this.#session.trapped;
  }

  /** Whether the supervisor took the step back: what lies behind its verdict was not computed. */
  get rejected(): boolean {
    return (this.#row!.flags & FLAGS.rejected) !== 0;
  }

  /** Samples in the step. */
  get count(): number {
    return this.#batch!.count;
  }

  /** Takes one step; values are those of this step from now on, until `batch` is reused. */
  step(batch: Delivered): void {
    this.#before = this.#session.read('theta');
    if (this.#keepsState) this.#stateBefore = this.#saved();
    this.#state = undefined;
    this.#values.clear();
    this.#batch = batch;
    this.#session.push(batch);
    this.#session.finish();
  }

  /** Values of a site that `stepOrder` lists, or of the constant `learningRate`. A product that is rounded nowhere is exact. */
  values(key: string): SiteValues {
    let values = this.#values.get(key);
    if (!values) this.#values.set(key, (values = this.#take(key)));
    return values;
  }

  /** Values that are no site's of the step. */
  source(from: Source, key: string): SiteValues {
    const { name, layer } = siteOf(key);
    if (from === 'before') return isState(name) ? this.#fromState(key, name, layer, this.#stateBefore!) : this.#parameters(key, this.#before);
    if (from === 'learnt') return { fractionLength: this.#fraction(key), numbers: this.#session.peek('errors', layer) };
    const { inputs, targets } = this.#batch!;
    return { fractionLength: undefined, numbers: Array.from(from === 'delivered' ? inputs : targets) };
  }

  #saved(): RunState {
    return (this.#state ??= this.#session.save(''));
  }

  /** Values of a site that lie in the state. */
  #fromState(key: string, name: keyof typeof STATE_FIELDS, layer: number, { values }: RunState): SiteValues {
    const words = values[STATE_FIELDS[name]]!.map(BigInt);
    const sizes = this.plan.layers.map(({ inputs, outputs, bias }) => outputs * (inputs + Number(bias)));
    const first = sizes.slice(0, layer).reduce((sum, size) => sum + size, 0);
    const own = SITES[name].perLayer ? words.slice(first, first + sizes[layer]!) : words;
    return { fractionLength: this.#fraction(key), numbers: this.kind === 'fixed' ? own : [...new Float64Array(BigInt64Array.from(own).buffer)] };
  }

  /** e = Q(ŷ − y), where the core keeps in its place what is learnt from. */
  #outputErrors(key: string, layer: number): SiteValues {
    const [outputs, targets] = [this.values(siteKey('activation', layer)), this.values('target')];
    if (this.kind === 'float') return { fractionLength: undefined, numbers: (outputs.numbers as number[]).map((output, k) => output - (targets.numbers[k] as number)) };
    const format = this.plan.sites[key]!;
    const finest = Math.max(outputs.fractionLength!, targets.fractionLength!);
    const at = ({ fractionLength, numbers }: SiteValues, k: number): bigint => aligned({ raw: BigInt(numbers[k]!), fractionLength: fractionLength! }, finest);
    const numbers = outputs.numbers.map((_, k) => quantise(rational({ raw: at(outputs, k) - at(targets, k), fractionLength: finest }), format, this.#random(key, format, k)?.(0)).raw);
    return { fractionLength: format.fractionLength, numbers };
  }

  #fraction(key: string): number | undefined {
    return this.kind === 'fixed' ? this.plan.sites[key]!.fractionLength : undefined;
  }

  #take(key: string): SiteValues {
    const { name, layer } = siteOf(key);
    const session = this.#session;
    const fractionLength = (): number | undefined => this.#fraction(key);
    switch (name) {
      case 'input':
        return { fractionLength: fractionLength(), numbers: session.peek('inputs') };
      case 'target':
        return { fractionLength: fractionLength(), numbers: session.peek('targets') };
      case 'activation':
        return { fractionLength: fractionLength(), numbers: session.peek('activations', layer) };
      case 'error':
        if (layer === this.plan.layers.length - 1 && (this.plan.errorRule === 'sign' || this.plan.balance)) return this.#outputErrors(key, layer);
        return { fractionLength: fractionLength(), numbers: session.peek('errors', layer) };
      case 'gradient':
      case 'update':
        return { fractionLength: fractionLength(), numbers: session.read(name)[layer]! };
      case 'weight':
      case 'bias':
        return this.#parameters(key, session.read('theta'));
      case 'product':
        return this.#products(key, this.#forwardPairs(layer));
      case 'gradientProduct':
        return this.#products(key, this.#gradientPairs(layer));
      case 'accumulator':
        return this.#sums(key, 'product', accumulateGroup(this.plan.accumulate.accumulator));
      case 'gradientAccumulator':
        return this.#sums(key, 'gradientProduct', accumulateGroup(this.plan.accumulate.gradientAccumulator));
      case 'learningRate': {
        const { raw, value } = this.plan.phases[this.#batch!.phase]!.learningRate;
        return { fractionLength: fractionLength(), numbers: [this.kind === 'fixed' ? BigInt(raw) : value] };
      }
      default: {
        if (isState(name)) return this.#fromState(key, name, layer, this.#saved());
        const field = ROW_FIELDS[name as keyof typeof ROW_FIELDS];
        return { fractionLength: fractionLength(), numbers: [this.kind === 'fixed' ? session.rawOfLastRow(field) : this.#row![field]] };
      }
    }
  }

  #parameters(key: string, theta: readonly (readonly number[])[]): SiteValues {
    const { name, layer } = siteOf(key);
    const { inputs, outputs } = this.plan.layers[layer]!;
    const weights = inputs * outputs;
    return { fractionLength: this.#fraction(key), numbers: name === 'weight' ? theta[layer]!.slice(0, weights) : theta[layer]!.slice(weights) };
  }

  /** Both factors of every product of a layer's forward sums: element by element, input by input. */
  #forwardPairs(layer: number): Pairs {
    const { inputs, outputs } = this.plan.layers[layer]!;
    const weights = this.#before[layer]!;
    const fed = this.#session.peek('inputs', layer);
    const left: number[] = [];
    const right: number[] = [];
    for (let element = 0; element < this.count * outputs; element++) {
      const sample = Math.floor(element / outputs);
      const output = element % outputs;
      for (let i = 0; i < inputs; i++) {
        left.push(weights[output * inputs + i]!);
        right.push(fed[sample * inputs + i]!);
      }
    }
    return { left, right, sites: [siteKey('weight', layer), layer === 0 ? 'input' : siteKey('activation', layer - 1)] };
  }

  /** Both factors of every product of a layer's gradient sums: weight by weight, sample by sample. */
  #gradientPairs(layer: number): Pairs {
    const { inputs, outputs } = this.plan.layers[layer]!;
    const errors = this.#session.peek('errors', layer);
    const fed = this.#session.peek('inputs', layer);
    const left: number[] = [];
    const right: number[] = [];
    for (let weight = 0; weight < inputs * outputs; weight++) {
      const output = Math.floor(weight / inputs);
      for (let b = 0; b < this.count; b++) {
        left.push(errors[b * outputs + output]!);
        right.push(fed[b * inputs + (weight % inputs)]!);
      }
    }
    return { left, right, sites: [siteKey('error', layer), layer === 0 ? 'input' : siteKey('activation', layer - 1)] };
  }

  #products(key: string, { left, right, sites }: Pairs): SiteValues {
    if (this.kind === 'float') return { fractionLength: undefined, numbers: left.map((a, k) => a * right[k]!) };
    const exact = this.#fraction(sites[0])! + this.#fraction(sites[1])!;
    const products = left.map((a, k) => multiply(a, right[k]!));
    const format = this.plan.sites[key];
    if (!format) return { fractionLength: exact, numbers: products };
    const { name, layer } = siteOf(key);
    const terms = name === 'product' ? this.plan.layers[layer]!.inputs : this.count;
    const rounded = products.map((raw, k) => quantise(rational({ raw, fractionLength: exact }), format, this.#random(key, format, Math.floor(k / terms))?.(k % terms)).raw);
    return { fractionLength: format.fractionLength, numbers: rounded };
  }

  /** Sums of a layer: of products, then for a forward sum its bias; for the gradient of a bias the sum of its errors. */
  #sums(key: string, productName: SiteName, group: number): SiteValues {
    const { layer, name } = siteOf(key);
    const { inputs, outputs, bias } = this.plan.layers[layer]!;
    const { fractionLength, numbers: products } = this.values(siteKey(productName, layer));
    const forward = name === 'accumulator';
    const terms = forward ? inputs : this.count;
    const biases = this.#before[layer]!.slice(inputs * outputs);
    const errors = forward ? [] : this.#session.peek('errors', layer);
    const ordered = <T>(list: T[]): T[] => (this.plan.accumulate.order === 'descending' ? list.reverse() : list);
    if (this.kind === 'float') {
      const total = (numbers: number[], last = 0): number => ordered(numbers).reduce((sum, value) => sum + value, 0) + last;
      const numbers = Array.from({ length: products.length / terms }, (_, k) => total((products as number[]).slice(k * terms, (k + 1) * terms), forward && bias ? biases[k % outputs]! : 0));
      if (!forward && bias) numbers.push(...biases.map((_, o) => total(errors.filter((__, k) => k % outputs === o))));
      return { fractionLength: undefined, numbers };
    }
    const format = this.plan.sites[key]!;
    const sum = (element: number, list: bigint[], fraction: number, last?: bigint): bigint =>
      runningSum(ordered(list), fraction, last === undefined ? undefined : { raw: last, fractionLength: this.#fraction(siteKey('bias', layer))! }, format, group, this.#random(key, format, element));
    const numbers = Array.from({ length: products.length / terms }, (_, k) =>
      sum(k, (products as bigint[]).slice(k * terms, (k + 1) * terms), fractionLength!, forward && bias ? BigInt(biases[k % outputs]!) : undefined));
    if (!forward && bias) {
      numbers.push(...biases.map((_, o) => sum(inputs * outputs + o, errors.filter((__, k) => k % outputs === o).map(BigInt), this.#fraction(siteKey('error', layer))!)));
    }
    return { fractionLength: format.fractionLength, numbers };
  }

  /** Random bits of the quantisations of an element, by index; undefined for a mode that draws none. */
  #random(key: string, { rounding }: SiteFormat, element: number): ((index: number) => RandomWords) | undefined {
    if ((ROUNDING[rounding] as RoundingMode).random === undefined) return undefined;
    return (index) => randomWords(this.plan.seed, this.#batch!.step, siteStream(key), element, index);
  }
}

interface Pairs {
  readonly left: readonly number[];
  readonly right: readonly number[];
  /** Whose raws the two are. */
  readonly sites: readonly [string, string];
}
