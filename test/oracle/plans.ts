/**
 * Random valid plans with the deliveries to run them: small networks, every site with a format of its own. By default formats fit the
 * magnitudes the network will have, so that learning moves; `wild` ones are drawn without looking.
 */
import { ANCHOR_NAMES, ANCHORS, THROTTLE_NAMES, THROTTLES, type AnchorLaw, type Estimator, type ThrottleLaw } from '../../src/control/registry.js';
import { OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import { ACCUMULATE, BATCH_DIVISION, MAC_ORDERS } from '../../src/schema/profile.js';
import { SITES, siteKeys, type SiteDefinition, type SiteName } from '../../src/site/sites.js';
import type { Constant, Plan, PlanAnchor, PlanPhase, PlanThrottle, SiteFormat } from '../../src/schema/plan.js';
import { fromBinary64, parseFormat, quantiseExact, railsOf } from './exact.js';
import { Random } from './random.js';
import type { Delivered } from './state.js';
import { widestExact } from './widths.js';

export interface PlanOptions {
  /** Formats drawn without regard to magnitudes: constant saturation, wrapping and underflow. */
  readonly wild?: boolean;
  /** Short words only: every exact value stays within 60 bits, so that 63 are enough everywhere. */
  readonly narrow?: boolean;
  /** One of `THROTTLE_NAMES`; otherwise drawn. */
  readonly throttle?: string;
  readonly anchor?: AnchorLaw;
  /** Number of TRAP sites; otherwise few plans have any. */
  readonly traps?: number;
}

/** Exact values of a generated plan stay within this many bits, well inside the 127 of docs/numerics.md §10. */
const WIDEST = 120;
const WIDEST_NARROW = 60;

/** The same seed and options always give the same plan. */
export function randomPlan(seed: number, options: PlanOptions = {}): { plan: Plan; deliveries: Delivered[] } {
  const random = new Random(seed);
  const limit = options.narrow === true ? WIDEST_NARROW : WIDEST;
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const draft = new Draft(random, options);
    if (widestExact(draft.plan) <= limit) return { plan: draft.plan, deliveries: draft.deliver() };
  }
  throw new RangeError(`seed ${seed}: no plan within ${limit} bits`);
}

type Layer = Plan['layers'][number];

/** Typical magnitudes of one layer, all in real units. */
interface LayerScale {
  readonly output: number;
  readonly delta: number;
  readonly gradient: number;
}

class Draft {
  readonly plan: Plan;
  private readonly random: Random;
  private readonly wild: boolean;
  private readonly narrow: boolean;
  private readonly traps: number;
  /** Typical magnitude of an input and of a weight. */
  private readonly inputScale: number;
  private readonly weightScale: number;
  private readonly nonNegativeInputs: boolean;
  private readonly scales: LayerScale[];
  private readonly rateScale: number;

  constructor(random: Random, options: PlanOptions) {
    this.random = random;
    this.wild = options.wild === true;
    this.narrow = options.narrow === true;
    this.traps = options.traps ?? (random.chance(0.03) ? random.integer(1, 2) : 0);
    const broad = !this.narrow && random.chance(0.2);
    this.inputScale = 2 ** (broad ? random.integer(-12, 12) : random.integer(-3, 3));
    this.weightScale = 2 ** (broad ? random.integer(-12, 8) : random.integer(-3, 1));
    this.nonNegativeInputs = random.chance(0.3);

    const layers = this.layers();
    const [law, estimator] = (options.throttle ?? random.pick(THROTTLE_NAMES)).split('/') as [ThrottleLaw, Estimator | undefined];
    const anchor = options.anchor ?? random.pick(ANCHOR_NAMES);
    const calibration = random.integer(2, 6);
    const window = random.integer(1, 4);
    this.scales = this.layerScales(layers);
    this.rateScale = 2 ** random.between(-4, 0) * Math.min(...this.scales.map(({ gradient }) => this.weightScale / gradient));
    const sites = this.sites(layers, calibration, window);

    this.plan = {
      plan: 1,
      numerics: 1,
      layers,
      initial: layers.map((layer, l) => this.initial(layer, sites[`layer${l}.weight`]!, sites[`layer${l}.bias`]!)),
      data: { rows: 64, inputs: layers[0]!.inputs, targets: layers[layers.length - 1]!.outputs, sha256: '0'.repeat(64) },
      order: 'sequential',
      lastBatch: 'keep',
      seed: random.word(),
      phases: this.phases(sites['learningRate']!),
      sensor: {},
      sites,
      accumulate: {
        accumulator: random.chance(0.2) ? random.integer(1, 5) : random.pick(ACCUMULATE),
        gradientAccumulator: random.chance(0.2) ? random.integer(1, 5) : random.pick(ACCUMULATE),
        order: random.pick(MAC_ORDERS),
      },
      divide: random.chance(0.6) ? { method: 'exact' } : random.chance(0.5) ? { method: 'powerOfTwo' } : { method: 'table', bits: random.integer(1, 12) },
      batchDivision: random.pick(BATCH_DIVISION),
      throttle: this.throttle(law, estimator, sites),
      anchor: this.anchor(anchor, calibration, window, sites),
      divergedLoss: 1e6,
      evaluationRows: random.integer(1, 20),
    };
  }

  /** One delivery a step, some of them smaller than the batch, and one for the final loss. */
  deliver(): Delivered[] {
    const { random, plan } = this;
    const width = plan.data.targets;
    const outputScale = this.scales[this.scales.length - 1]!.output;
    const row = (): number[] => Array.from({ length: plan.data.inputs }, () => random.between(-1, 1));
    const teacher = Array.from({ length: width }, () => row());
    const countOf = (batch: number): number => (random.chance(0.15) ? random.integer(1, batch) : batch);
    const counts = plan.phases.flatMap(({ steps, batch }) => Array.from({ length: steps }, () => countOf(batch)));
    const shiftsAt = random.chance(0.4) ? random.integer(0, counts.length) : Infinity;

    return [...counts, plan.evaluationRows].map((count, step) => {
      const inputs: number[] = [];
      const targets: number[] = [];
      for (let b = 0; b < count; b++) {
        const x = Array.from({ length: plan.data.inputs }, () => this.input());
        inputs.push(...x);
        for (const weights of teacher) {
          const y = weights.reduce((sum, weight, i) => sum + (weight * x[i]!) / this.inputScale, 0) / Math.sqrt(x.length);
          const noise = 0.05 * random.between(-1, 1);
          targets.push(this.target((y * (step >= shiftsAt ? 3 : 1) + noise) * outputScale));
        }
      }
      return { count, inputs: Float64Array.from(inputs), targets: Float64Array.from(targets) };
    });
  }

  /** A sample: uniform, or exactly half way between two raws so that ties occur. */
  private input(): number {
    const { random } = this;
    const x = random.between(this.nonNegativeInputs ? 0 : -1, 1) * 1.5 * this.inputScale;
    const { fractionLength } = this.plan.sites['input']!;
    return random.chance(0.2) ? (Math.floor(x * 2 ** fractionLength) + 0.5) * 2 ** -fractionLength : x;
  }

  /** Targets are data and may leave their format: they do in wild plans. */
  private target(wanted: number): number {
    return this.wild ? wanted : fit(wanted, this.plan.sites['target']!, this.random).value;
  }

  private layers(): Layer[] {
    const { random } = this;
    const depth = random.integer(1, 3);
    const widths = Array.from({ length: depth + 1 }, () => random.integer(1, 6));
    return Array.from({ length: depth }, (_, l) => ({
      inputs: widths[l]!,
      outputs: widths[l + 1]!,
      activation: l < depth - 1 && random.chance(0.7) ? ('relu' as const) : ('linear' as const),
      bias: random.chance(0.5),
    }));
  }

  private layerScales(layers: readonly Layer[]): LayerScale[] {
    const outputs: number[] = [];
    let into = this.inputScale;
    for (const { inputs, bias } of layers) {
      into = this.weightScale * (into * Math.sqrt(inputs) + (bias ? 1 : 0));
      outputs.push(into);
    }
    const deltas: number[] = [];
    let delta = into;
    for (let l = layers.length - 1; l >= 0; l--) {
      deltas[l] = delta;
      delta *= this.weightScale * Math.sqrt(layers[l]!.outputs);
    }
    return layers.map(({ bias }, l) => ({
      output: outputs[l]!,
      delta: deltas[l]!,
      gradient: deltas[l]! * Math.max(l === 0 ? this.inputScale : outputs[l - 1]!, bias ? 1 : 0),
    }));
  }

  private phases(learningRate: SiteFormat): PlanPhase[] {
    const { random } = this;
    const count = random.integer(1, 4);
    const total = random.integer(Math.max(3, count), 40);
    return Array.from({ length: count }, (_, p) => ({
      steps: Math.floor((total * (p + 1)) / count) - Math.floor((total * p) / count),
      batch: random.integer(1, 9),
      learningRate: fit(this.rateScale * 2 ** random.between(-1, 1), learningRate, random),
      throttle: random.chance(0.7),
      anchor: random.chance(0.7),
      sensor: random.chance(0.5),
    }));
  }

  private initial({ inputs, outputs, bias }: Layer, weight: SiteFormat, biasFormat: SiteFormat): Plan['initial'][number] {
    const { random } = this;
    const draw = (format: SiteFormat): Constant => fit(random.chance(0.05) ? 0 : random.between(-1, 1) * 1.5 * this.weightScale, format, random);
    const weights = Array.from({ length: outputs }, () => Array.from({ length: inputs }, () => draw(weight)));
    const biases = bias ? Array.from({ length: outputs }, () => draw(biasFormat)) : [];
    return {
      weights: weights.map((row) => row.map(({ value }) => value)),
      bias: biases.map(({ value }) => value),
      weightsRaw: weights.map((row) => row.map(({ raw }) => raw)),
      biasRaw: biases.map(({ raw }) => raw),
    };
  }

  private throttle(law: ThrottleLaw, estimator: Estimator | undefined, sites: Record<string, SiteFormat>): PlanThrottle {
    const { random } = this;
    const constants = {
      chi: fit(random.between(0.25, 2.5), sites['throttleTarget']!, random),
      rho: fit(random.chance(0.1) ? 0 : random.between(0.05, 0.9), sites['meanRate']!, random),
      floor: fit(random.chance(0.3) ? 0 : 2 ** random.between(-8, -1), sites['throttle']!, random),
      firstAlpha: fit(random.chance(0.4) ? 1 : random.between(0.1, 1), sites['throttle']!, random),
      keepState: random.chance(0.4),
    };
    const taken = Object.fromEntries(THROTTLES[law].parameters.map((name) => [name, constants[name]]));
    return { law, ...(estimator === undefined ? {} : { estimator }), ...taken };
  }

  private anchor(law: AnchorLaw, calibration: number, window: number, sites: Record<string, SiteFormat>): PlanAnchor {
    const { random } = this;
    const values = {
      lambda: fit(random.between(0.02, 0.6), sites['anchorRate']!, random),
      calibration,
      window,
      ratio: fit(random.between(0.3, 4), sites['eventRatio']!, random),
      consecutive: random.integer(1, 3),
      hold: random.integer(1, 6),
    };
    return { law, ...Object.fromEntries(ANCHORS[law].parameters.map((name) => [name, values[name]])) };
  }

  /** A format for every site, from the magnitude its values will have. */
  private sites(layers: readonly Layer[], calibration: number, window: number): Record<string, SiteFormat> {
    const { random, scales, rateScale, weightScale, inputScale } = this;
    const outputScale = scales[scales.length - 1]!.output;
    const gradientScale = Math.max(...scales.map(({ gradient }) => gradient));
    const lossScale = 4 * outputScale ** 2;
    const into = (l: number): number => (l === 0 ? inputScale : scales[l - 1]!.output);
    const parameters = layers.reduce((total, { inputs, outputs, bias }) => total + outputs * (inputs + (bias ? 1 : 0)), 0);
    const traceScale = layers.reduce((total, { inputs, bias }, l) => total + inputs * into(l) ** 2 + (bias ? 1 : 0), 0);
    const curvatureScale = Math.max(4 / rateScale, traceScale);
    const squareScale = Math.max(parameters * gradientScale ** 2, 9 * traceScale);

    const magnitude = (name: SiteName, l: number): number => {
      const scale = scales[l]!;
      switch (name) {
        case 'input': return inputScale;
        case 'target': return outputScale;
        case 'accumulator': case 'activation': case 'product': return 2 * scale.output;
        case 'error': return 2 * scale.delta;
        case 'gradientAccumulator': return 9 * scale.gradient;
        case 'gradient': case 'gradientProduct': return 2 * scale.gradient;
        case 'update': return rateScale * scale.gradient;
        case 'anchorPull': return weightScale / 2;
        case 'weight': case 'bias': return weightScale;
        case 'loss': return lossScale;
        case 'squaredNorm': return squareScale;
        case 'norm': return Math.sqrt(squareScale);
        case 'curvature': case 'curvatureMean': return curvatureScale;
        case 'rate': case 'learningRate': return rateScale;
        case 'lossMean': return calibration * lossScale;
        case 'lossVariance': return (calibration * lossScale) ** 2;
        case 'statistic': return window * (calibration * lossScale) ** 2;
        case 'throttle': case 'meanRate': case 'anchorRate': case 'reciprocal': return 1;
        case 'throttleTarget': case 'eventRatio': return 4;
      }
    };

    const formats: Record<string, SiteFormat> = {};
    for (const key of siteKeys(layers.length)) {
      const name = siteName(key);
      if ((SITES[name] as SiteDefinition).optional && !random.chance(0.25)) continue;
      const l = SITES[name].perLayer ? Number(key.slice('layer'.length, key.indexOf('.'))) : layers.length - 1;
      formats[key] = this.format(name, magnitude(name, l));
    }
    // what hardware does: a sum as fine as its products
    layers.forEach((_, l) => {
      if (this.wild || !random.chance(0.4)) return;
      const sum = formats[`layer${l}.accumulator`]!;
      const fine = formats[`layer${l}.weight`]!.fractionLength + formats[l === 0 ? 'input' : `layer${l - 1}.activation`]!.fractionLength;
      const wordLength = Math.min(sum.signed ? 64 : 63, sum.wordLength - sum.fractionLength + fine);
      if (wordLength < 2) return;
      const saturated = sum.saturatedBits === undefined ? {} : { saturatedBits: Math.min(sum.saturatedBits, wordLength) };
      formats[`layer${l}.accumulator`] = { ...sum, ...saturated, wordLength, fractionLength: fine, rails: rails(sum.overflow, sum.signed, wordLength) };
    });
    for (let trap = 0; trap < this.traps; trap++) this.setTrap(formats);
    return formats;
  }

  private format(name: SiteName, magnitude: number): SiteFormat {
    const { random, wild, narrow } = this;
    const { kind } = SITES[name];
    const rounding = random.pick(ROUNDINGS);
    if (name === 'throttle') {
      const signed = random.chance(0.2);
      const fractionLength = narrow ? random.integer(5, 8) : random.integer(5, signed ? 30 : 31);
      const wordLength = random.integer(fractionLength + (signed ? 2 : 1), narrow ? fractionLength + 3 : 32);
      return { signed, wordLength, fractionLength, rounding, ...this.overflow(name, signed, wordLength) };
    }
    if (name === 'reciprocal') {
      const fractionLength = random.integer(4, narrow ? 8 : 30);
      const wordLength = fractionLength + random.integer(-1, 2);
      return { signed: false, wordLength, fractionLength, rounding, overflow: 'SAT', rails: rails('SAT', false, wordLength) };
    }

    const signed = this.signed(name);
    const wordLength = this.wordLength(kind, signed);
    const head = kind === 'constant' ? 1 : random.integer(1, 3);
    const fitting = wordLength - (signed ? 1 : 0) - Math.ceil(Math.log2(magnitude)) - head;
    const drawn = wild && random.chance(0.15) ? random.integer(-8, wordLength + 8) : wild ? fitting + random.integer(-4, 4) : fitting;
    // constants below 1 must stay reachable
    const fractionLength = Math.min(128, Math.max(-64, kind === 'constant' ? fitting : drawn));
    return { signed, wordLength, fractionLength, rounding, ...this.overflow(name, signed, wordLength) };
  }

  /** An overflow mode with rails to match; never TRAP, which is set at the end. */
  private overflow(name: SiteName, signed: boolean, wordLength: number): Pick<SiteFormat, 'overflow' | 'saturatedBits' | 'rails'> {
    const { random, wild } = this;
    const others = mayOverflow(name) && random.chance(wild ? 0.6 : 0.35);
    const overflow = others ? random.pick(OVERFLOWS.filter((mode) => mode !== 'SAT' && mode !== 'TRAP' && (signed || mode !== 'WRAP_SM'))) : 'SAT';
    if (overflow === 'SAT') {
      const tight = SITES[name].kind !== 'constant' && name !== 'throttle' && random.chance(wild ? 0.3 : 0.15);
      return { overflow, rails: tight ? this.tighten(rails(overflow, signed, wordLength)) : rails(overflow, signed, wordLength) };
    }
    const saturates = (overflow === 'WRAP' || overflow === 'WRAP_SM') && random.chance(0.5);
    return { overflow, ...(saturates && { saturatedBits: random.integer(0, wordLength) }), rails: rails(overflow, signed, wordLength) };
  }

  /** Makes some site a TRAP site, mostly with rails so tight that they are met now and then. */
  private setTrap(formats: Record<string, SiteFormat>): void {
    const { random } = this;
    const keys = Object.keys(formats).filter((key) => mayOverflow(siteName(key)) && siteName(key) !== 'throttle');
    const key = random.pick(keys);
    const { saturatedBits: _, ...format } = formats[key]!;
    const wide = rails('TRAP', format.signed, format.wordLength);
    formats[key] = { ...format, overflow: 'TRAP', rails: random.chance(0.75) ? this.tighten(wide, 1, 20) : wide };
  }

  /** Values that can be negative are mostly signed, values that cannot mostly unsigned. */
  private signed(name: SiteName): boolean {
    const { random, wild } = this;
    const { kind } = SITES[name];
    if (kind === 'metric' || kind === 'square' || kind === 'constant' || name === 'loss' || name === 'rate') return random.chance(0.15);
    if (name === 'input' && this.nonNegativeInputs) return random.chance(0.3);
    return !random.chance(wild ? 0.25 : 0.03);
  }

  private wordLength(kind: (typeof SITES)[SiteName]['kind'], signed: boolean): number {
    const { random, wild, narrow } = this;
    if (narrow) {
      const [shortest, longest] = { constant: [4, 6], signal: [5, 9], accumulator: [8, 14], metric: [8, 14], square: [12, 22] }[kind] as [number, number];
      return random.integer(shortest, longest);
    }
    if (kind === 'constant') return random.integer(4, 20);
    if (kind === 'signal') {
      if (wild) return random.chance(0.15) ? 32 : random.integer(2, 32);
      return random.chance(0.05) ? random.integer(3, 6) : random.chance(0.08) ? 32 : random.integer(7, 22);
    }
    const widest = kind === 'square' || signed ? 64 : 63;
    if (random.chance(0.1)) return widest;
    if (wild) return random.integer(2, widest);
    return kind === 'square' ? random.integer(40, 64) : random.integer(14, 44);
  }

  /** Rails somewhere inside the format, mostly at `least` to `most` percent of its ends, 0 between them; one of them may be 0. */
  private tighten([low, high]: [string, string], least = 40, most = 100): [string, string] {
    const { random } = this;
    const share = (end: string): bigint => (BigInt(end) * BigInt(random.integer(random.chance(0.2) ? 0 : least, most))) / 100n;
    const tight: [bigint, bigint] = [share(low), share(high)];
    return tight[0] < tight[1] ? [`${tight[0]}`, `${tight[1]}`] : [low, high];
  }
}

function siteName(key: string): SiteName {
  return (key.split('.')[1] ?? key) as SiteName;
}

/** Controller metrics saturate (docs/numerics.md §2), constants that overflow are refused (§3). */
function mayOverflow(name: SiteName): boolean {
  return SITES[name].kind === 'signal' || SITES[name].kind === 'accumulator';
}

function rails(overflow: SiteFormat['overflow'], signed: boolean, wordLength: number): [string, string] {
  const [low, high] = railsOf(overflow, signed, wordLength);
  return [`${low}`, `${high}`];
}

/** A constant for a site: `wanted` where it quantises in range and not to zero, otherwise some number the format holds. */
function fit(wanted: number, siteFormat: SiteFormat, random: Random): Constant {
  const format = parseFormat(siteFormat);
  const { raw, overflow, underflow } = quantiseExact(fromBinary64(wanted), format);
  if (overflow === 'none' && !underflow) return { value: wanted, raw: `${raw}` };
  const usable = underflow ? 1n : (format.high * BigInt(random.integer(1, 100))) / 100n || 1n;
  // odd, as JAM leaves no other
  const instead = format.high === 0n ? format.low | 1n : (usable - 1n) | 1n;
  return { value: Number(instead) * 2 ** -format.fractionLength, raw: `${instead}` };
}
