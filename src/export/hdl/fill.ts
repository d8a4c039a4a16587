/** Vectors of every unit: operands of the run, edges and seeded random ones, each with what the exact quantiser makes of it. */
import { THROTTLE_TABLE } from '../../control/registry.js';
import type { RandomWords } from '../../format/random.js';
import type { Plan } from '../../schema/plan.js';
import type { Dataset } from '../../signal/dataset.js';
import { deliveries, type Delivered } from '../../signal/delivery.js';
import type { Range } from '../kernel/range.js';
import { Draw, drawRanges, edges } from './draw.js';
import { holdToCore, quantiseOperand, runOperands, type Chain, type ChoiceStep, type MeanStep, type Met, type RunOperands } from './run.js';
import { unitsOf, type EmaUnit, type MacUnit, type QuantiseUnit, type Quantiser, type Raw, type ThrottleUnit, type Unit } from './units.js';
import type { Vectors } from './vectors.js';

/** A unit with its vectors. */
export interface TestedUnit {
  readonly unit: Unit;
  readonly vectors: Vectors;
}

export interface HdlBench {
  readonly units: readonly TestedUnit[];
  /** Steps of the run that operands are from. */
  readonly steps: number;
}

/** Random operands from each range of a site. */
const DRAWN = 24;
/** Cycles of running sums of a unit, shared among the layers; some sums in any case, the longest cut. */
const CYCLES = 1536;
const LEAST_MET = 2;
const LEAST_DRAWN = 4;
const MOST_TERMS = 1024;
/** Drawn steps of a controller. */
const DRAWN_STEPS = 128;

/**
 * The units of a plan with their vectors. The same plan and data give the same rows.
 *
 * @throws QrailsError as `deliveries` for data of another plan
 */
export function benchOf(plan: Plan, dataset: Dataset): Promise<HdlBench> {
  return benchFrom(plan, deliveries(plan, dataset));
}

/** As `benchOf`, from batches after the front end: one a step. */
export async function benchFrom(plan: Plan, batches: Iterable<Delivered>): Promise<HdlBench> {
  const units = unitsOf(plan);
  const run = await runOperands(plan, batches, units);
  return { units: units.map((unit) => ({ unit, vectors: { ports: unit.ports, rows: rowsOf(plan, unit, run) } })), steps: run.steps };
}

function rowsOf(plan: Plan, unit: Unit, run: RunOperands): bigint[][] {
  const draw = new Draw(plan.seed, unit.name);
  switch (unit.kind) {
    case 'quantise':
      return quantiseRows(unit, run.met.get(unit.quantiser.key) ?? [], draw);
    case 'mac':
      return macRows(unit, run.chains.get(`${unit.chains}${unit.layer}`) ?? [], draw, Math.floor(CYCLES / plan.layers.length));
    case 'ema':
      return emaRows(unit, run.means, draw);
    case 'throttle':
      return throttleRows(unit, run.choices, plan, draw);
  }
}

const bit = (value: boolean): bigint => (value ? 1n : 0n);
/** The top bits of the 128 that a stochastic mode draws. */
const randomTop = (random: RandomWords, bits: number): bigint => ((random(0) << 64n) | random(1)) >> BigInt(128 - bits);
const randomField = ({ random, shift }: Quantiser, words: RandomWords): bigint[] => (random ? [randomTop(words, shift + 1)] : []);

function quantiseRows({ quantiser }: QuantiseUnit, met: readonly Met[], draw: Draw): bigint[][] {
  const { operand, format } = quantiser;
  const drawn = [...edges(operand, format), ...drawRanges(operand, format).flatMap((of) => Array.from({ length: DRAWN }, () => draw.within(of)))];
  return [...met, ...drawn.map((x): Met => ({ x, random: draw.words() }))].map((one) => {
    const { raw, overflow } = quantiseOperand(quantiser, one);
    return [one.x, ...randomField(quantiser, one.random), raw, bit(overflow > 0), bit(overflow < 0)];
  });
}

/** Raws a port takes: what the value can be. */
const rangeOf = ({ value: { range } }: Raw): Range => range;

function macRows(unit: MacUnit, met: readonly Chain[], draw: Draw, cycles: number): bigint[][] {
  const { a, b, single } = unit;
  const most = Math.min(unit.most, MOST_TERMS);
  const count = Math.floor(cycles / (most + 2) / 2);
  const side = (of: Raw, kind: number): bigint => (kind === 0 ? rangeOf(of).low : kind === 1 ? rangeOf(of).high : kind === 2 ? draw.mixed(rangeOf(of)) : draw.within(rangeOf(of)));
  const drawn = Array.from({ length: Math.max(LEAST_DRAWN, count) }, (_, k): Chain => {
    // both ends of the sum first, then ends and zeros among others, then anything
    const kinds: readonly [number, number] = k === 0 ? [0, 0] : k === 1 ? [1, 0] : k === 2 ? [1, 1] : k % 2 === 1 ? [2, 2] : [3, 3];
    const length = k < 3 ? most : 1 + Number(draw.within({ low: 0n, high: BigInt(most - 1) }));
    const words = (index: number, product: 0 | 1): RandomWords => new Draw(index, `${unit.name}/${k}/${product}`).words();
    return {
      terms: Array.from({ length }, () => [side(a, kinds[0]), b ? side(b, kinds[1]) : 1n] as const),
      single: single && side(single, kinds[0]), random: (index) => words(index, 0), productRandom: (index) => words(index, 1),
    };
  });
  const taken = met.slice(0, Math.max(LEAST_MET, count)).map((chain) => ({ ...chain, terms: chain.terms.slice(0, most) }));
  const machine = new Accumulator(unit);
  return [...taken, ...drawn].flatMap((chain) => machine.rows(chain));
}

/** The clocked running sum, as docs/numerics.md §5 has it. */
class Accumulator {
  #sum = 0n;
  #part = 0n;
  #taken = 0;
  #rounded = 0;
  #high = false;
  #low = false;

  constructor(private readonly unit: MacUnit) {}

  rows({ terms, single, random, productRandom }: Chain): bigint[][] {
    const { unit } = this;
    const { quantiser, product, b, group } = unit;
    const row = (enable: boolean, first: boolean, last: boolean, isSingle: boolean, factors: readonly [bigint, bigint], c: bigint, index: number): bigint[] => [
      bit(enable), bit(first), bit(last), ...(unit.single ? [bit(isSingle)] : []), factors[0], ...(b ? [factors[1]] : []), ...(unit.single ? [c] : []),
      ...(product ? randomField(product, productRandom(index)) : []), ...randomField(quantiser, random(this.#rounded)),
    ];
    const outputs = (): bigint[] => [this.#sum, bit(this.#high), bit(this.#low)];
    this.#rounded = 0;
    const rows = terms.map((factors, k) => {
      const first = k === 0;
      const last = k === terms.length - 1;
      if (first) this.#sum = this.#part = 0n;
      if (first) this.#taken = 0;
      const given = row(true, first, last, false, factors, 0n, k);
      const exact = factors[0] * factors[1];
      const term = product ? quantiseOperand(product, { x: exact << BigInt(product.operand.fraction - unit.a.value.fraction - b!.value.fraction), random: productRandom(k) }).raw : exact;
      this.#part += term << BigInt(unit.left.term);
      this.#taken++;
      this.#settle(group === 0 ? last && !unit.single : last || this.#taken === group, random);
      return [...given, ...outputs()];
    });
    if (unit.single) {
      const given = row(true, false, false, true, [0n, 0n], single!, terms.length);
      this.#part += single! << BigInt(unit.left.single);
      this.#settle(true, random);
      rows.push([...given, ...outputs()]);
    }
    // a cycle without enable, whatever stands at the ports
    rows.push([...row(false, true, true, false, terms[0]!, single ?? 0n, 0), ...outputs()]);
    return rows;
  }

  #settle(now: boolean, random: Chain['random']): void {
    this.#high = this.#low = false;
    if (!now) return;
    const { quantiser, left } = this.unit;
    const { raw, overflow } = quantiseOperand(quantiser, { x: (this.#sum << BigInt(left.sum)) + this.#part, random: random(this.#rounded) });
    [this.#sum, this.#part, this.#taken, this.#high, this.#low] = [raw, 0n, 0, overflow > 0, overflow < 0];
    this.#rounded++;
  }
}

function emaRows(unit: EmaUnit, met: readonly MeanStep[], draw: Draw): bigint[][] {
  const { quantiser, left, rho, sample } = unit;
  const drawn = Array.from({ length: DRAWN_STEPS }, (_, k): MeanStep => ({
    clear: k % 32 === 0, enable: k % 8 !== 7, sample: k % 2 === 0 ? draw.within(rangeOf(sample)) : draw.mixed(rangeOf(sample)), random: draw.words(),
  }));
  let [mean, high, low] = [0n, false, false];
  return [...met, ...drawn].map(({ clear, enable, sample: c, random, expected }, step) => {
    if (clear) [mean, high, low] = [0n, false, false];
    if (enable) {
      const x = (mean << BigInt(left.sum)) + ((rho * ((c << BigInt(left.sample)) - (mean << BigInt(left.mean)))) << BigInt(left.product));
      const { raw, overflow } = quantiseOperand(quantiser, { x, random });
      [mean, high, low] = [raw, overflow > 0, overflow < 0];
    }
    holdToCore('moving mean', step, mean, expected);
    return [bit(enable), bit(clear), c, ...randomField(quantiser, random), mean, bit(high), bit(low)];
  });
}

function throttleRows(unit: ThrottleUnit, met: readonly ChoiceStep[], plan: Plan, draw: Draw): bigint[][] {
  const { quantiser, left, chi, firstAlpha, square } = unit;
  const rates = plan.phases.map(({ learningRate }) => BigInt(learningRate.raw));
  const squares = rangeOf(square).low < 0n ? { ...rangeOf(square), low: 0n } : rangeOf(square);
  const drawn = Array.from({ length: DRAWN_STEPS }, (_, k): ChoiceStep => {
    const eta = rates[k % rates.length]!;
    const squareTheta = k % 16 === 15 ? 0n : limited(draw.within({ low: 1n, high: 1n << BigInt(1 + (k % 24)) }), squares);
    return { clear: k % 32 === 0, enable: k % 8 !== 7, eta, squareTheta, squareGradient: limited(boundary(unit, eta, squareTheta, k), squares), random: draw.words() };
  });
  let [alpha, share, infeasible] = [firstAlpha, 0n, false];
  return [...met, ...drawn].map(({ clear, enable, eta, squareTheta, squareGradient, random, expected }, step) => {
    if (clear) [alpha, share, infeasible] = [firstAlpha, 0n, false];
    if (enable) {
      infeasible = false;
      if (squareTheta !== 0n) {
        const limit = (chi * chi * (squareTheta + 1n)) << BigInt(left.theta);
        const feasible = THROTTLE_TABLE.map(BigInt).find((a) => ((a * eta) ** 2n * squareGradient) << BigInt(left.gradient) <= limit);
        infeasible = feasible === undefined;
        share = feasible ?? BigInt(THROTTLE_TABLE.at(-1)!);
        alpha = quantiseOperand(quantiser, { x: share << BigInt(left.share), random }).raw;
      }
    }
    holdToCore('table throttle', step, alpha, expected);
    return [bit(enable), bit(clear), eta, squareTheta, squareGradient, ...randomField(quantiser, random), alpha, share, bit(infeasible)];
  });
}

const limited = (value: bigint, { low, high }: Range): bigint => (value < low ? low : value > high ? high : value);

/** S_g at which one of the shares, or none, is just small enough, or one more. */
function boundary({ left, chi }: ThrottleUnit, eta: bigint, squareTheta: bigint, k: number): bigint {
  const share = BigInt(THROTTLE_TABLE[(k >> 1) % THROTTLE_TABLE.length]!);
  const limit = (chi * chi * (squareTheta + 1n)) << BigInt(left.theta);
  const scale = ((share * eta) ** 2n) << BigInt(left.gradient);
  return scale === 0n ? 0n : limit / scale + BigInt(k & 1);
}

