/** The data path of a profile as a graph: formats, products, guard bits, shifts and rounding points. The arithmetic is that of docs/numerics.md §5 and §6. */
import { ANCHOR_PARAMETERS } from '../control/registry.js';
import { formatName, type Format } from '../format/format.js';
import { ROUNDING, type Rounding, type RoundingMode } from '../format/modes.js';
import { endRails, quantise } from '../format/quantise.js';
import { toDouble } from '../format/real.js';
import { accumulateGroup } from '../plan/alignment.js';
import { resolveFormats } from '../plan/formats.js';
import type { SiteFormat } from '../schema/plan.js';
import type { Accumulate, Hardware, Profile } from '../schema/profile.js';
import type { DataPath, PathEdge, PathNode, ViewDimensions } from '../schema/profileViews.js';
import { siteKey, siteKeys, siteName, SITES, type SiteName } from '../site/sites.js';
import { divided, fitting, negated, product, railsOf, real, repeated, settle, squared, sum, type Interval } from './explainInterval.js';
import { dividerText, roundingBias } from './explainRules.js';
import { rulesOf } from './rules.js';

/** The network a profile is looked at with where nothing else is said. */
export const VIEW_DIMENSIONS: ViewDimensions = { layers: 1, inputs: 16, batch: 1 };

/** A value on the path: a node, and what it can be. */
interface Value {
  readonly id: string;
  readonly interval: Interval;
  /** Undefined for a quotient or a root. */
  readonly format: Format | undefined;
}

interface Operand {
  readonly value: Value;
  readonly leftShift?: number;
}

interface RoundingPoint {
  /** Where the site rounds in another way than its mode says. */
  readonly rounding?: Rounding;
  /** Roundings of one value that discard something; default 1. */
  readonly times?: number;
  /** Bits that each of them discards, where that is not the whole shift. */
  readonly discarded?: number;
  /** Which updates do not move a weight. */
  readonly lost?: string | undefined;
  readonly notes?: readonly string[];
}

const numbers = (interval: Interval): [number, number] => interval.map(toDouble) as [number, number];
const valueBits = ({ signed, wordLength, fractionLength }: Format): number => wordLength - fractionLength - Number(signed);
const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

/**
 * The data path of a profile: every operation with its operands, every rounding with its shift, and what each value can reach.
 * Ranges are those of full-scale operands: what no data can exceed, not what data will do. The controller is drawn as `gt0/secant` uses it.
 *
 * @param dimensions network it is drawn for; default one layer of 16 inputs and a batch of 1
 * @param where what messages call the profile
 * @throws QrailsError `format` where a resolved word length or rail cannot exist
 * @example explainProfile((await loadProfile('enabol-mid')).value).edges.find(({ to }) => to === 'layer0.activation')?.rightShift // 7
 */
export function explainProfile(profile: Profile, dimensions: Partial<ViewDimensions> = {}, where = profile.name): DataPath {
  const sizes: ViewDimensions = { ...VIEW_DIMENSIONS, ...dimensions };
  const formats = resolveFormats(profile, { layers: sizes.layers, batch: sizes.batch, calibration: ANCHOR_PARAMETERS.calibration.default }, where);
  return new PathBuilder(profile, sizes, formats).build();
}

class PathBuilder {
  private readonly nodes = new Map<string, PathNode>();
  private readonly edges: PathEdge[] = [];
  private readonly sections: DataPath['sections'] = [];
  /** What sites can hold, narrower than their rails where the path says so. */
  private readonly reached = new Map<string, Interval>();
  private readonly rules;
  private readonly hardware: Hardware;

  constructor(private readonly profile: Profile, private readonly sizes: ViewDimensions, private readonly formats: Record<string, SiteFormat>) {
    this.rules = rulesOf(profile);
    this.hardware = profile.hardware ?? {};
  }

  build(): DataPath {
    const { layers } = this.sizes;
    const last = layers - 1;
    for (let layer = 0; layer < layers; layer++) this.forward(layer);
    this.outputError(last);
    for (let layer = last - 1; layer >= 0; layer--) this.hiddenError(layer);
    for (let layer = 0; layer < layers; layer++) this.gradient(layer);
    this.controller();
    for (let layer = 0; layer < layers; layer++) this.update(layer);
    const { name, title = name, leavesOut = [], hardware } = this.profile;
    return {
      path: 1, profile: name, title, dimensions: this.sizes, divider: dividerText(this.rules), sections: this.sections, nodes: [...this.nodes.values()], edges: this.edges,
      ...(hardware && { hardware }),
      flags: (this.hardware.flags ?? []).map(({ name: flag, kind }) => ({ name: flag, kind, sites: this.edges.filter(({ flags, overflows }) => overflows && flags?.includes(flag)).map(({ to }) => to) })),
      beside: siteKeys(layers).filter((key) => this.formats[key] && !this.nodes.has(key)).map((key) => ({
        site: key, format: formatName(this.formats[key]!), about: SITES[siteName(key)].about,
      })),
      leavesOut,
    };
  }

  private forward(layer: number): void {
    this.section(`forward${this.of(layer)}`);
    const { inputs } = this.sizes;
    const term = this.multiply('product', layer, this.fed(layer), this.stored('weight', layer), `layer${layer}.forward`);
    const total = this.accumulate('accumulator', layer, term, inputs, this.rules.accumulator, { single: this.stored('bias', layer) }, `layer${layer}.forward`);
    this.round(total, 'activation', layer, { notes: layer < this.sizes.layers - 1 ? ['a ReLU, where the layer has one, follows'] : [] });
  }

  private outputError(layer: number): void {
    this.section('error and loss');
    const output = this.stored('activation', layer);
    const target = this.stored('target');
    const difference = this.added('error.difference', 'subtract', 'output − target', [output, { ...target, interval: negated(target.interval) }]);
    const error = this.round(difference, 'error', layer);
    const { batch } = this.sizes;
    const squares = this.operation('loss.mean', 'mean', `Σ error² / ${2 * batch}`, [{ value: error }], divided(repeated(squared(error.interval), batch), 2 * batch), undefined);
    this.round(squares, 'loss', 0);
  }

  private hiddenError(layer: number): void {
    const behind = layer + 1;
    this.section(`error back to layer ${layer}`);
    const outputs = behind === this.sizes.layers - 1 ? 1 : this.sizes.inputs;
    const error = this.stored('error', behind);
    const weight = this.stored('weight', behind);
    const exact = this.product(error, weight, `layer${layer}.back.product`);
    const total = this.operation(`layer${layer}.back.sum`, 'sum', `sum of ${plural(outputs, 'product')}, exact`, [{ value: exact }], repeated(exact.interval, outputs), exact.format);
    this.round(total, 'error', layer, { notes: ['a mask clears it where a ReLU gave 0'] });
  }

  private gradient(layer: number): void {
    this.section(`gradient${this.of(layer)}`);
    const { batch } = this.sizes;
    const error = this.stored('error', layer);
    const term = this.multiply('gradientProduct', layer, error, this.fed(layer), `layer${layer}.gradient`);
    const total = this.accumulate('gradientAccumulator', layer, term, batch, this.rules.gradientAccumulator, { alone: error }, `layer${layer}.gradient`);
    if (batch === 1) this.round(total, 'gradient', layer);
    else this.mean(total, layer);
  }

  /** G / B as the profile divides it. */
  private mean(total: Value, layer: number): void {
    const { batch } = this.sizes;
    const id = `layer${layer}.gradient.mean`;
    const { batchDivision } = this.rules;
    const bits = Math.log2(batch);
    const shifted = (shift: number, label: string): Value => this.operation(id, 'mean', label, [{ value: total }], divided(total.interval, 2 ** shift), { ...total.format!, fractionLength: total.format!.fractionLength + shift });
    let quotient: Value;
    if (Number.isInteger(bits)) quotient = shifted(bits, `÷ ${batch}: the point moves by ${bits}`);
    else if (batchDivision === 'powerOfTwo') quotient = shifted(Math.ceil(bits), `÷ ${2 ** Math.ceil(bits)} for a batch of ${batch}: the point moves by ${Math.ceil(bits)}`);
    else if (batchDivision === 'reciprocal') {
      const reciprocal = this.stored('reciprocal');
      const format = this.formats['reciprocal']!;
      const constant = real(quantise({ numerator: 1n, denominator: BigInt(batch) }, format).raw, format.fractionLength);
      quotient = this.operation(id, 'multiply', `× 1/${batch}, a rounded constant`, [{ value: total }, { value: reciprocal }], product(total.interval, [constant, constant]), productFormat(total.format!, reciprocal.format!));
    } else quotient = this.operation(id, 'mean', `÷ ${batch}, exact quotient`, [{ value: total }], divided(total.interval, batch), undefined);
    this.round(quotient, 'gradient', layer);
  }

  private controller(): void {
    this.section('throttle, as gt0/secant uses it');
    const { layers, inputs } = this.sizes;
    const divider = `divider: ${dividerText(this.rules)}`;
    const outputs = (layer: number): number => (layer === layers - 1 ? 1 : inputs);
    /** Squares of the changes of all gradients, or of all parameters. */
    const changes = (names: readonly (readonly [SiteName, (layer: number) => number])[]): Value[] => Array.from({ length: layers }, (_, layer) => names.map(([name, count]) => {
      const { id, interval, format } = this.stored(name, layer);
      return { id, interval: repeated(squared(sum(interval, negated(interval))), count(layer)), format: { ...format!, fractionLength: 2 * format!.fractionLength } };
    })).flat();
    const gradients = changes([['gradient', (layer) => (inputs + 1) * outputs(layer)]]);
    const parameters = changes([['weight', (layer) => inputs * outputs(layer)], ['bias', outputs]]);
    const [g, w] = [gradients, parameters].map((values) => sum(...values.map(({ interval }) => interval))) as [Interval, Interval];
    const squares = this.added('throttle.squares', 'squares', 'Σ change², of all gradients, then of all parameters', [...gradients, ...parameters], this.formats['squaredNorm']!.fractionLength);
    const squaredNorm = this.round({ ...squares, interval: union(g, w) }, 'squaredNorm');
    const places = this.formats['norm']!.fractionLength;
    const root = this.operation('throttle.root', 'root', 'integer root', [{ value: squaredNorm }], [real(0n, 0), real(integerRoot(squaredNorm.interval[1], 2 * places), places)], undefined);
    const norm = this.round(root, 'norm', 0, { rounding: 'TRN', notes: ['always the floor'] });
    const curvature = this.operation('throttle.curvature', 'divide', 'norm of gradient changes ÷ norm of parameter changes', [{ value: norm }], product(norm.interval, [real(0n, 0), real(1n, -places)]), undefined, [divider]);
    const c = this.round(curvature, 'curvature');
    const rho = this.stored('meanRate');
    const own = this.formats['curvatureMean']!;
    const mean = this.operation('throttle.mean', 'average', 'M + ρ·(C − M)', [{ value: c }, { value: rho }], c.interval, productFormat(c.format!.fractionLength >= own.fractionLength ? c.format! : own, rho.format!));
    const m = this.round(mean, 'curvatureMean');
    const [chi, eta] = [this.stored('throttleTarget'), this.stored('learningRate')];
    const quotient = this.operation('throttle.quotient', 'divide', 'χ ÷ (η × the larger of C and M), at most 1', [{ value: m }, { value: chi }, { value: eta }], [real(0n, 0), real(1n, 0)], undefined, [divider]);
    const alpha = this.round(quotient, 'throttle');
    this.round(this.product(alpha, eta, 'throttle.rate'), 'rate');
  }

  private update(layer: number): void {
    this.section(`update${this.of(layer)}`);
    const step = this.product(this.stored('gradient', layer), this.stored('rate'), `layer${layer}.update.product`);
    const update = this.round(step, 'update', layer);
    const weight = this.stored('weight', layer);
    const pull = this.stored('anchorPull', layer);
    const operands = [{ ...update, interval: negated(update.interval) }, weight, { ...pull, interval: negated(pull.interval) }];
    const moved = this.added(`layer${layer}.update.difference`, 'subtract', 'weight − update − pull of the anchor, if any', operands, this.formats[siteKey('weight', layer)]!.fractionLength);
    this.round(moved, 'weight', layer, { lost: deadZone(update.format!.fractionLength - weight.format!.fractionLength, this.formats[weight.id]!) });
  }

  /** What a layer is fed. */
  private fed(layer: number): Value {
    return layer === 0 ? this.stored('input') : this.stored('activation', layer - 1);
  }

  private of(layer: number): string {
    return this.sizes.layers === 1 ? '' : `, layer ${layer}`;
  }

  private section(title: string): void {
    this.sections.push({ title, nodes: [] });
  }

  private place(id: string): void {
    this.sections.at(-1)!.nodes.push(id);
  }

  /** The value a site holds; its node is made on first sight. */
  private stored(name: SiteName, layer = 0): Value {
    const id = siteKey(name, layer);
    const { signed, wordLength, fractionLength, rounding, overflow, rails } = this.formats[id]!;
    const own = railsOf(this.formats[id]!);
    const interval = this.reached.get(id) ?? own;
    if (!this.nodes.has(id)) {
      const title = this.sizes.layers > 1 && SITES[name].perLayer ? `${name} ${layer}` : name;
      const tight = String(rails) !== String(endRails({ signed, wordLength, fractionLength, overflow }));
      const notes = tight ? [`rails ${numbers(own).join(' and ')}`] : [];
      this.nodes.set(id, { id, kind: 'site', title, site: name, signed, wordLength, fractionLength, range: numbers(interval), rounding, overflow, notes });
    }
    return { id, interval, format: { signed, wordLength, fractionLength } };
  }

  private operation(id: string, operation: NonNullable<PathNode['operation']>, title: string, operands: readonly Operand[], interval: Interval, format: Format | undefined, notes: string[] = []): Value {
    this.nodes.set(id, { id, kind: 'operation', title, operation, ...format, range: numbers(interval), notes });
    for (const { value, leftShift = 0 } of operands) this.edges.push({ from: value.id, to: id, kind: 'operand', leftShift, rightShift: 0, exact: true, notes: [] });
    this.place(id);
    return { id, interval, format };
  }

  /** A product, with what the hardware multiplier makes of it. */
  private product(a: Value, b: Value, id: string): Value {
    const [left, right] = [a.format!, b.format!];
    const bits = (own: Format, other: Format): number => own.wordLength + Number(!own.signed && other.signed);
    const operands: [number, number] = [bits(left, right), bits(right, left)];
    const value = this.operation(id, 'multiply', `${operands[0]} × ${operands[1]} bits`, [{ value: a }, { value: b }], product(a.interval, b.interval), productFormat(left, right));
    const { multiplier } = this.hardware;
    const passes = multiplier ? passesOf(operands, multiplier.operands) : null;
    const node = this.nodes.get(id)!;
    node.multiplier = { operands, product: value.format!.wordLength, passes, kept: multiplier?.product ?? null };
    if (passes !== null) node.notes.push(`${passes === 1 ? 'one pass' : `${passes} passes`} of the ${multiplier!.operands.join(' × ')} multiplier`);
    if (passes === 1 && multiplier!.product < node.multiplier.product) node.notes.push(`the multiplier keeps ${multiplier!.product} of ${node.multiplier.product} bits`);
    return value;
  }

  /** A product behind its own site, where it has one. */
  private multiply(name: 'product' | 'gradientProduct', layer: number, a: Value, b: Value, place: string): Value {
    const exact = this.product(a, b, `${place}.product`);
    return this.formats[siteKey(name, layer)] ? this.round(exact, name, layer) : exact;
  }

  /** A sum of values of different fraction lengths, each shifted left to the finest. */
  private added(id: string, operation: 'subtract' | 'squares', title: string, values: readonly Value[], own = -Infinity): Value {
    const fractionLength = Math.max(own, ...values.map(({ format }) => format!.fractionLength));
    const interval = sum(...values.map((value) => value.interval));
    const operands = values.map((value) => ({ value, leftShift: fractionLength - value.format!.fractionLength }));
    return this.operation(id, operation, title, operands, interval, sumFormat(interval, fractionLength));
  }

  /**
   * A running sum, quantised as the profile says.
   *
   * @param single what is added last, by itself
   * @param alone what is summed in place of the products for a bias
   */
  private accumulate(name: 'accumulator' | 'gradientAccumulator', layer: number, term: Value, terms: number, quantised: Accumulate, { single, alone }: { readonly single?: Value; readonly alone?: Value }, place: string): Value {
    const key = siteKey(name, layer);
    const format = this.formats[key]!;
    const fractionLength = Math.max(format.fractionLength, term.format!.fractionLength, single?.format!.fractionLength ?? -Infinity);
    const group = accumulateGroup(quantised);
    const roundings = group === 0 ? 1 : Math.ceil(terms / group) + Number(single !== undefined);
    // A gradient is the sum of products for a weight, of errors for a bias.
    const products = alone ? union(repeated(term.interval, terms), repeated(alone.interval, terms)) : repeated(term.interval, terms);
    const interval = sum(products, ...(single ? [single.interval] : []));
    const operands = [term, ...(single ? [single] : [])].map((value) => ({ value, leftShift: fractionLength - value.format!.fractionLength }));
    const total = this.operation(`${place}.sum`, 'sum', `sum of ${plural(terms, 'product')}${single ? ', bias last' : ''}`, operands, interval, sumFormat(interval, fractionLength), alone ? ['for a bias, of the errors alone'] : []);
    // A value that is added alone and lies on the grid of the sum is not rounded.
    const lone = group > 0 && single !== undefined && isExact(single.format!.fractionLength - format.fractionLength, format.rounding);
    const value = this.round(total, name, layer, { times: roundings - Number(lone), discarded: Math.max(0, term.format!.fractionLength - format.fractionLength) });
    const { accumulator } = this.hardware;
    const node = this.nodes.get(key)!;
    const held = fitting(term.interval, format);
    node.accumulator = {
      terms, guardBits: valueBits(format) - this.termBits(term), fullScaleProducts: held === undefined ? null : String(held), quantised, order: this.rules.order, roundings,
      registers: accumulator ? Math.ceil(format.wordLength / accumulator.wordLength) : null,
    };
    if (accumulator && format.wordLength > accumulator.wordLength) node.notes.push(`${format.wordLength} bits do not fit the ${accumulator.wordLength}-bit register for sums`);
    return value;
  }

  /** Bits of a full-scale term above the point, its sign left out. */
  private termBits(term: Value): number {
    const node = this.nodes.get(term.id)!;
    if (node.kind === 'site') return valueBits(term.format!);
    return this.edges.filter(({ to }) => to === term.id).reduce((bits, { from }) => bits + valueBits(this.formats[from]!), 0);
  }

  /** Rounds a value into a site. */
  private round(from: Value, name: SiteName, layer = 0, { times = 1, discarded, lost, notes = [], ...mode }: RoundingPoint = {}): Value {
    const key = siteKey(name, layer);
    const format = { ...this.formats[key]!, ...mode };
    const shift = from.format && from.format.fractionLength - format.fractionLength;
    const exact = shift !== undefined && isExact(shift, format.rounding);
    const { overflows, interval } = settle(from.interval, format, exact ? 0 : times - 1);
    const flags = (this.hardware.flags ?? []).filter(({ sites }) => sites.includes(name)).map(({ name: flag }) => flag);
    const { shift: shifter } = this.hardware;
    const all = [...notes];
    if (shifter && shift !== undefined && shift > 0) {
      if (shifter.right !== format.rounding) all.push(`a shift here is ${shifter.right}: ${format.rounding} takes more than the shift`);
      if (shifter.most !== undefined && shift > shifter.most) all.push(`${Math.ceil(shift / shifter.most)} shifts of at most ${shifter.most}`);
    }
    // A weight is read in the forward pass before it is written: what it can hold there are its rails.
    if (!this.nodes.has(key)) this.reached.set(key, interval);
    const value = this.stored(name, layer);
    this.edges.push({
      from: from.id, to: key, kind: 'rounding', leftShift: shift === undefined ? 0 : Math.max(0, -shift), rightShift: shift === undefined ? null : Math.max(0, shift), exact,
      rounding: format.rounding, overflow: format.overflow, ...(shift !== undefined && { bias: roundingBias(format.rounding, discarded ?? shift) }), times: exact ? 0 : times, reach: numbers(from.interval), overflows, flags, ...(lost !== undefined && { lost }), notes: all,
    });
    this.place(key);
    return value;
  }

}

/** Whether a right shift by so much changes nothing: not even with a mode that sets the last bit always. */
const isExact = (shift: number, rounding: Rounding): boolean => shift <= 0 && (ROUNDING[rounding] as RoundingMode).up?.(0, false, false) !== true;

const productFormat = (a: Format, b: Format): Format => ({ signed: a.signed || b.signed, wordLength: a.wordLength + b.wordLength, fractionLength: a.fractionLength + b.fractionLength });

/** Smallest format that holds a sum. */
function sumFormat([low, high]: Interval, fractionLength: number): Format {
  const raw = ({ numerator, denominator }: Interval[number]): bigint => (fractionLength >= 0 ? numerator << BigInt(fractionLength) : numerator >> BigInt(-fractionLength)) / denominator;
  const length = (magnitude: bigint): number => (magnitude === 0n ? 0 : magnitude.toString(2).length);
  const signed = low.numerator < 0n;
  const magnitude = Math.max(length(raw(high)), signed ? length(-raw(low) - 1n) : 0);
  return { signed, wordLength: Math.max(1, magnitude + Number(signed)), fractionLength };
}

/** Products of a p × q multiplier that a product takes: each operand in parts as wide as its port. */
function passesOf([a, b]: readonly [number, number], [p, q]: readonly [number, number]): number {
  const parts = (first: number, second: number): number => Math.ceil(a / first) * Math.ceil(b / second);
  return Math.min(parts(p, q), parts(q, p));
}

/** Which updates are lost on a weight that has `shift` fraction bits less than they. */
function deadZone(shift: number, { rounding, fractionLength }: SiteFormat): string | undefined {
  const { up }: RoundingMode = ROUNDING[rounding];
  if (shift <= 0) return 'every update that is not 0 moves it';
  if (up === undefined) return `an update below 2^${-fractionLength} moves it now and then`;
  // Modes that look at the last bit of the weight for more than a half have no such threshold.
  if (([1, 3] as const).some((kind) => up(kind, false, false) !== up(kind, true, false))) return undefined;
  const lost = (negative: boolean): string => {
    // A small step down leaves more than half of a last place above the next lower code, a small step up less than half above the same one.
    const down = up(3, false, negative) ? (up(1, false, negative) ? 1 : 0.5) : 0;
    const upwards = up(1, false, negative) ? 0 : up(3, false, negative) ? 0.5 : 1;
    const place = (share: number): string => `2^${-fractionLength - (share === 1 ? 0 : 1)}`;
    if (down === upwards) return `an update below ${place(down)} is lost`;
    const way = (share: number, name: string): string => (share === 0 ? `any step ${name} moves it, by at least 2^${-fractionLength}` : `a step ${name} below ${place(share)} is lost`);
    return `${way(down, 'down')}, ${way(upwards, 'up')}`;
  };
  const [above, below] = [lost(false), lost(true)];
  return above === below ? above : `above 0 ${above}; below 0 ${below}`;
}

const union = (a: Interval, b: Interval): Interval => [toDouble(a[0]) <= toDouble(b[0]) ? a[0] : b[0], toDouble(a[1]) >= toDouble(b[1]) ? a[1] : b[1]];

/** ⌊√(x·2^bits)⌋ for x ≥ 0. */
function integerRoot({ numerator, denominator }: Interval[number], bits: number): bigint {
  const square = (bits >= 0 ? numerator << BigInt(bits) : numerator >> BigInt(-bits)) / denominator;
  if (square === 0n) return 0n;
  let root = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
