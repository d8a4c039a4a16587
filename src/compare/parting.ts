/**
 * Where two runs of the same learner part. They are taken step by step together and every value of a step is compared, as a real number and
 * exactly, in the order in which the step makes them.
 *
 * Formats of different resolution part at once, at their inputs or starting weights, by what rounding alone explains. Hence two places are
 * looked for: the first value that differs at all, and the first that differs by more than one last place of the coarser of the two formats.
 */
import type { Build } from '../core/load.js';
import type { NumberSystem } from '../core/session.js';
import { rawToReal } from '../format/format.js';
import { fromDouble } from '../format/real.js';
import { accumulateGroup } from '../plan/alignment.js';
import { planSteps } from '../run/pair.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';
import { siteKey } from '../site/sites.js';
import { aligned, type Scaled } from './runningSum.js';
import { operandPlaces, operandValues } from './stepOperands.js';
import { siteOf, stepOrder, takenBack, which, type Which } from './stepOrder.js';
import { SteppedRun, type SiteValues } from './stepValues.js';

/** One value of one side. */
export interface PartValue {
  /** Undefined in the reference, and for what is not yet quantised. */
  readonly raw: bigint | undefined;
  /** The nearest binary64 number. */
  readonly value: number;
}

/** A value that is not the same on both sides, and what went into it. */
export interface Part extends Which {
  /** Key of the site. */
  readonly site: string;
  /** Undefined for a parameter as it starts, before step 0. */
  readonly step: number | undefined;
  /** Last place of the coarser of the two formats. */
  readonly lastPlace: number;
  readonly base: PartValue;
  readonly target: PartValue;
  /** The first 8; where there are more, those that differ come first. */
  readonly operands: readonly { readonly name: string; readonly base: PartValue; readonly target: PartValue }[];
  /** Operands in all. */
  readonly operandCount: number;
}

export interface Parting {
  /** The first value that differs at all; undefined if none does. */
  readonly first: Part | undefined;
  /** The first value that differs by more than a last place of the coarser format; undefined if none does. */
  readonly beyond: Part | undefined;
  /** Steps that were compared: all, until both places are found, or until a side was stopped by a trap. */
  readonly steps: number;
}

/** One of the runs that are taken together. */
export interface Side {
  readonly plan: Plan;
  readonly kind: NumberSystem;
}

export interface PartingOptions {
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the steps done. */
  readonly onProgress?: ((steps: number) => void) | undefined;
}

/** Operands shown of one value. */
const MOST_OPERANDS = 8;
const LOOK_MS = 50;

/**
 * Takes runs together and finds where pairs of them part. It ends as soon as every pair has parted in both ways.
 *
 * @param sides plans of one experiment, seed and sensor, on different targets
 * @param pairs indices of the two sides of each pair: the base, and what is held against it
 * @throws QrailsError where front end or widths do not allow it; an AbortError where `signal` was raised
 */
export async function findPartings(sides: readonly Side[], pairs: readonly (readonly [number, number])[], dataset: Dataset, options: PartingOptions = {}): Promise<Parting[]> {
  const runs = await Promise.all(sides.map(({ plan, kind }) => SteppedRun.open(plan, kind, options.build)));
  const found = pairs.map(([base, target]) => new Pairing(runs[base]!, runs[target]!));
  const { plan } = sides[0]!;
  const steps = planSteps(plan);
  let looked = performance.now();
  for (const batch of deliveries(plan, dataset)) {
    const open = found.filter(({ settled }) => !settled);
    if (batch.step === steps || open.length === 0) break;
    for (const run of new Set(open.flatMap(({ base, target }) => [base, target]))) run.step(batch);
    for (const pairing of open) pairing.compare(batch.step);
    if (performance.now() - looked < LOOK_MS) continue;
    looked = performance.now();
    options.onProgress?.(batch.step);
    options.signal?.throwIfAborted();
    // Lets a Ctrl-C be heard.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** Products, and the sums they go into. */
const SUMS = [['product', 'accumulator'], ['gradientProduct', 'gradientAccumulator']] as const;

class Pairing implements Parting {
  first: Part | undefined;
  beyond: Part | undefined;
  steps = 0;
  readonly base: SteppedRun;
  readonly target: SteppedRun;
  readonly #order: readonly string[];
  readonly #foregone: ReadonlySet<string>;

  constructor(base: SteppedRun, target: SteppedRun) {
    this.base = base;
    this.target = target;
    this.#order = stepOrder(base.plan, this.#rounds);
    this.#foregone = new Set(this.#order.filter((key) => this.#sameRule(key)));
    for (const layer of base.plan.layers.keys()) {
      for (const name of ['weight', 'bias'] as const) {
        const key = siteKey(name, layer);
        this.#look(key, undefined, base.source('before', key), target.source('before', key));
      }
    }
  }

  /** Whether nothing more can be found. */
  get settled(): boolean {
    return (this.first !== undefined && this.beyond !== undefined) || this.base.trapped !== undefined || this.target.trapped !== undefined;
  }

  /** Compares the step that both sides have taken. */
  compare(step: number): void {
    const rejected = this.base.rejected || this.target.rejected;
    for (const key of this.#order) {
      if (this.beyond) break;
      if (rejected && !takenBack(this.base.plan, key)) continue;
      if (this.first === undefined && this.#foregone.has(key)) continue;
      this.#look(key, step, this.base.values(key), this.target.values(key));
    }
    this.steps = step + 1;
  }

  readonly #rounds = (key: string): boolean => [this.base, this.target].some(({ kind, plan }) => kind === 'fixed' && plan.sites[key] !== undefined);

  /** Whether both sides make the products and sums of a key by the same rule: where no operand differs, they need not be taken again. */
  #sameRule(key: string): boolean {
    const { name, layer } = siteOf(key);
    const sum = SUMS.find((names) => (names as readonly string[]).includes(name));
    if (!sum) return false;
    const [a, b] = [this.base, this.target].map(({ kind, plan: { sites, accumulate } }) =>
      JSON.stringify([kind, accumulate.order, accumulateGroup(accumulate[sum[1]]), ...sum.map((site) => sites[siteKey(site, layer)])]));
    return a === b;
  }

  #look(key: string, step: number | undefined, base: SiteValues, target: SiteValues): void {
    const coarser = Math.min(base.fractionLength ?? Infinity, target.fractionLength ?? Infinity);
    const sameFormat = base.fractionLength === target.fractionLength;
    for (let position = 0; position < base.numbers.length && !this.beyond; position++) {
      const [a, b] = [base.numbers[position]!, target.numbers[position]!];
      if (sameFormat && a === b) continue;
      const places = distance(scaled(base, position), scaled(target, position), coarser);
      if (places === 'none' || (places === 'within' && this.first)) continue;
      const part = this.#part(key, position, step, base, target, 2 ** -coarser);
      this.first ??= part;
      if (places === 'beyond') this.beyond = part;
    }
  }

  #part(site: string, position: number, step: number | undefined, base: SiteValues, target: SiteValues, lastPlace: number): Part {
    const { plan } = this.base;
    const count = step === undefined ? 1 : this.base.count;
    const all = step === undefined ? [] : operandPlaces(plan, site, position, count, this.#rounds).map((place) => {
      const [from, to] = [operandValues(this.base, place), operandValues(this.target, place)];
      return { name: place.name, base: valueOf(from, place.position), target: valueOf(to, place.position) };
    });
    const differ = ({ base: { value: a }, target: { value: b } }: (typeof all)[number]): boolean => !Object.is(a, b);
    const chosen = all.length > MOST_OPERANDS ? [...all.filter(differ), ...all.filter((operand) => !differ(operand))] : all;
    return {
      ...which(plan, site, position, count), site, step, lastPlace, base: valueOf(base, position), target: valueOf(target, position),
      operands: chosen.slice(0, MOST_OPERANDS), operandCount: all.length,
    };
  }
}

function valueOf({ fractionLength, numbers }: SiteValues, position: number): PartValue {
  const number = numbers[position]!;
  if (fractionLength === undefined) return { raw: undefined, value: Number(number) };
  return { raw: BigInt(number), value: rawToReal(BigInt(number), fractionLength) };
}

/** A value as an integer with a fraction length; undefined where it is not finite. */
function scaled({ fractionLength, numbers }: SiteValues, position: number): Scaled | undefined {
  const number = numbers[position]!;
  if (fractionLength !== undefined) return { raw: BigInt(number), fractionLength };
  if (!Number.isFinite(number)) return undefined;
  const { numerator, denominator } = fromDouble(Number(number));
  return { raw: numerator, fractionLength: denominator.toString(2).length - 1 };
}

/** How far two values are from one another, in last places 2^−coarser: exactly 0, at most 1, or more. */
function distance(a: Scaled | undefined, b: Scaled | undefined, coarser: number): 'none' | 'within' | 'beyond' {
  if (!a || !b) return 'beyond';
  const finest = Math.max(a.fractionLength, b.fractionLength, coarser);
  const difference = aligned(a, finest) - aligned(b, finest);
  if (difference === 0n) return 'none';
  const place = 1n << BigInt(finest - coarser);
  return difference > place || -difference > place ? 'beyond' : 'within';
}
