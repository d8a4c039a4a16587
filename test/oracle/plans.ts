/**
 * Random valid plans with the deliveries to run them: small networks, every site with a format of its own. By default formats fit the
 * magnitudes the network will have, so that learning moves; `wild` ones are drawn without looking.
 */
import {
  ANCHOR_NAMES, ANCHORS, ESTIMATORS, REFERENCE_THROTTLE_NAMES, SUPERVISOR_NAMES, SUPERVISORS, THROTTLE_ALIASES, THROTTLE_NAMES, THROTTLES,
  type AnchorLaw, type Estimator, type EstimatorDefinition, type SupervisorLaw, type ThrottleAlias, type ThrottleLaw,
} from '../../src/control/registry.js';
import { OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import { ACCUMULATE, BATCH_DIVISION, MAC_ORDERS } from '../../src/schema/profile.js';
import { SITES, siteKeys, type SiteDefinition, type SiteName } from '../../src/site/sites.js';
import type { Constant, Plan, PlanAnchor, PlanBalance, PlanPhase, PlanSupervisor, PlanThrottle, SiteFormat } from '../../src/schema/plan.js';
import { fromBinary64, parseFormat, quantiseExact, railsOf } from './exact.js';
import { Random } from './random.js';
import { sigmoidRaws } from './sigmoid.js';
import type { Delivered } from './state.js';
import { widestExact, widestRegister } from './widths.js';

export interface PlanOptions {
  /** Formats drawn without regard to magnitudes: constant saturation, wrapping and underflow. */
  readonly wild?: boolean;
  /** Short words only: every exact value stays within 60 bits, so that 63 are enough everywhere. */
  readonly narrow?: boolean;
  /** One of `THROTTLE_NAMES`, or of `REFERENCE_THROTTLE_NAMES` for a plan that only the reference can run; otherwise drawn. */
  readonly throttle?: string;
  /** Throttles are drawn from those of the reference. */
  readonly reference?: boolean;
  readonly anchor?: AnchorLaw;
  readonly supervisor?: SupervisorLaw;
  readonly balance?: boolean;
  readonly errorRule?: Plan['errorRule'];
  /** Of the last layer. */
  readonly activation?: 'linear' | 'sigmoid';
  /** Number of TRAP sites; otherwise few plans have any. */
  readonly traps?: number;
}

/** Exact values of a generated plan stay within this many bits, well inside the 127 of docs/numerics.md §10. */
const WIDEST = 120;
const WIDEST_NARROW = 60;
/** And what §10 names within one 64-bit register. */
const WIDEST_REGISTER = 62;
/** Keeps the draws of what came later apart, so that the others stay what they were. */
const LATER = 0x5bd1e995;

/** The same seed and options always give the same plan. */
export function randomPlan(seed: number, options: PlanOptions = {}): { plan: Plan; deliveries: Delivered[] } {
  const random = new Random(seed);
  const later = new Random(seed ^ LATER);
  const limit = options.narrow === true ? WIDEST_NARROW : WIDEST;
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const draft = new Draft(random, later, options);
    if (widestExact(draft.plan) <= limit && widestRegister(draft.plan) <= WIDEST_REGISTER) return { plan: draft.plan, deliveries: draft.deliver() };
  }
  throw new RangeError(`seed ${seed}: no plan within ${limit} bits`);
}

type Layer = Plan['layers'][number];

/** Typical magnitudes of one layer, all in real units. */
interface LayerScale {
  /** z, before the activation. */
  readonly sum: number;
  readonly output: number;
  readonly delta: number;
  readonly gradient: number;
}

/** The laws of a plan, as drawn. */
interface Laws {
  readonly throttle: ThrottleLaw;
  readonly estimator: Estimator | undefined;
  readonly alias: ThrottleAlias | undefined;
  readonly anchor: AnchorLaw;
  /** p of the gated anchor. */
  readonly power: number;
  readonly supervisor: SupervisorLaw;
}

/** What a throttle's name stands for. */
function namedThrottle(name: string): Pick<Laws, 'throttle' | 'estimator' | 'alias'> {
  if (Object.hasOwn(THROTTLE_ALIASES, name)) {
    const alias = name as ThrottleAlias;
    return { alias, throttle: THROTTLE_ALIASES[alias].law, estimator: THROTTLE_ALIASES[alias].estimator };
  }
  const [throttle, estimator] = name.split('/') as [ThrottleLaw, Estimator | undefined];
  return { throttle, estimator, alias: undefined };
}

class Draft {
  readonly plan: Plan;
  private readonly wild: boolean;
  private readonly narrow: boolean;
  private readonly traps: number;
  /** Typical magnitude of an input and of a weight. */
  private readonly inputScale: number;
  private readonly weightScale: number;
  private readonly nonNegativeInputs: boolean;
  private readonly scales: LayerScale[];
  private readonly rateScale: number;
  private readonly laws: Laws;
  /** Largest sums of magnitudes of the initial parameters: into one output, out of one input, of a bias. */
  private readonly rails: Readonly<Record<'rowRail' | 'columnRail' | 'biasRail', number>>;

  constructor(
    private readonly random: Random,
    private readonly later: Random,
    options: PlanOptions,
  ) {
    this.wild = options.wild === true;
    this.narrow = options.narrow === true;
    this.traps = options.traps ?? (random.chance(0.03) ? random.integer(1, 2) : 0);
    const broad = !this.narrow && random.chance(0.2);
    this.inputScale = 2 ** (broad ? random.integer(-12, 12) : random.integer(-3, 3));
    this.weightScale = 2 ** (broad ? random.integer(-12, 8) : random.integer(-3, 1));
    this.nonNegativeInputs = random.chance(0.3);

    const drawn = this.layers();
    const names = options.reference === true ? REFERENCE_THROTTLE_NAMES : THROTTLE_NAMES;
    this.laws = {
      ...namedThrottle(options.throttle ?? random.pick(names)),
      anchor: options.anchor ?? random.pick(ANCHOR_NAMES),
      power: later.integer(1, 2),
      supervisor: options.supervisor ?? later.pick(SUPERVISOR_NAMES),
    };
    const calibration = random.integer(2, 6);
    const window = random.integer(1, 4);
    const sigmoid = options.activation === undefined ? later.chance(0.2) : options.activation === 'sigmoid';
    const sign = options.errorRule === undefined ? later.chance(0.15) : options.errorRule === 'sign';
    const shaped = this.shaped(drawn, sigmoid);
    const balanced = shaped.length > 1 && (options.balance ?? later.chance(0.2));
    const layers = balanced ? splittable(shaped) : shaped;
    this.scales = this.layerScales(layers, sign);
    const least = Math.min(...this.scales.map(({ gradient }) => this.weightScale / gradient));
    // a gated update is a share of the rate, whatever the gradient
    this.rateScale = 2 ** random.between(-4, 0) * (this.laws.anchor === 'gated' ? this.weightScale : least);
    const sites = this.sites(layers, calibration, window);
    const initial = layers.map((layer, l) => this.initial(layer, sites[`layer${l}.weight`]!, sites[`layer${l}.bias`]!));
    this.rails = largestSums(initial);
    const last = layers.length - 1;
    const errorOne = sign ? oneAt(sites[`layer${last}.error`]!) : undefined;

    this.plan = {
      plan: 1,
      numerics: 1,
      layers,
      initial,
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
      errorRule: errorOne === undefined ? 'difference' : 'sign',
      ...(errorOne && { errorOne }),
      ...(sigmoid && { sigmoid: sigmoidRaws(sites[`layer${last}.activation`]!) }),
      throttle: this.throttle(sites),
      anchor: this.anchor(calibration, window, sites),
      supervisor: this.supervisor(sites),
      ...(balanced && this.balance(layers, sites)),
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
    const classes = plan.layers[plan.layers.length - 1]!.activation === 'sigmoid';
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
          targets.push(this.target(classes ? Number(y + noise > 0) : (y * (step >= shiftsAt ? 3 : 1) + noise) * outputScale));
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

  /** What the laws and the last activation ask of the network: one layer for some estimators. */
  private shaped(layers: readonly Layer[], sigmoid: boolean): Layer[] {
    const { estimator } = this.laws;
    const [first, last] = [layers[0]!, layers[layers.length - 1]!];
    const single = estimator !== undefined && (ESTIMATORS[estimator] as EstimatorDefinition).singleLayer === true;
    const end: Layer = { ...last, ...(single && { inputs: first.inputs }), activation: sigmoid ? 'sigmoid' : 'linear' };
    return single ? [end] : [...layers.slice(0, -1), end];
  }

  private layerScales(layers: readonly Layer[], sign: boolean): LayerScale[] {
    const sums: number[] = [];
    const outputs: number[] = [];
    let into = this.inputScale;
    for (const { inputs, bias, activation } of layers) {
      const sum = this.weightScale * (into * Math.sqrt(inputs) + (bias ? 1 : 0));
      into = activation === 'sigmoid' ? 1 : sum;
      sums.push(sum);
      outputs.push(into);
    }
    const deltas: number[] = [];
    let delta = sign ? 1 : into;
    for (let l = layers.length - 1; l >= 0; l--) {
      deltas[l] = delta;
      delta *= this.weightScale * Math.sqrt(layers[l]!.outputs);
    }
    return layers.map(({ bias }, l) => ({
      sum: sums[l]!,
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
      supervisor: this.later.chance(0.75),
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

  private throttle(sites: Record<string, SiteFormat>): PlanThrottle {
    const { random, later, laws: { throttle: law, estimator, alias } } = this;
    const near = (scale: number): Constant => fit(scale * (later.chance(0.1) ? later.between(0.8, 1) : later.between(1, 1.5)), sites['normRail']!, later);
    const constants = {
      chi: fit(random.between(0.25, 2.5), sites['throttleTarget']!, random),
      rho: fit(random.chance(0.1) ? 0 : random.between(0.05, 0.9), sites['meanRate']!, random),
      floor: fit(random.chance(0.3) ? 0 : 2 ** random.between(-8, -1), sites['throttle']!, random),
      firstAlpha: fit(random.chance(0.4) ? 1 : random.between(0.1, 1), sites['throttle']!, random),
      keepState: random.chance(0.4),
      holdCurvature: later.chance(0.6),
      gain: fit(later.between(0.02, 0.6), sites['meanRate']!, later),
      momentum: fit(later.chance(0.1) ? 0 : later.between(0.1, 0.95), sites['meanRate']!, later),
      tau: fit(this.gradientNorm * 2 ** later.between(-5, 0), sites['throttleTarget']!, later),
      rowRail: near(this.rails.rowRail),
      columnRail: near(this.rails.columnRail),
      biasRail: near(this.rails.biasRail),
    };
    const stated = alias === undefined ? {} : Object.fromEntries(Object.entries(THROTTLE_ALIASES[alias].parameters).map(([name, value]) => [name, fit(value, sites['meanRate']!, later)]));
    // the integrators mostly begin at 0
    if (later.chance(0.6) && (law === 'gt1' || law === 'gt2' || law === 'gt2-qa')) constants.firstAlpha = fit(0, sites['throttle']!, later);
    const taken = Object.fromEntries(THROTTLES[law].parameters.map((name) => [name, constants[name]]));
    return { law, ...(estimator === undefined ? {} : { estimator }), ...taken, ...stated };
  }

  /** Typical norm of a gradient over all parameters. */
  private get gradientNorm(): number {
    return Math.sqrt(this.scales.reduce((total, { gradient }) => total + 4 * gradient ** 2, 0));
  }

  private anchor(calibration: number, window: number, sites: Record<string, SiteFormat>): PlanAnchor {
    const { random, later, laws: { anchor: law, power } } = this;
    const rate = (low: number, high: number): Constant => fit(later.between(low, high), sites['anchorRate']!, later);
    const values = {
      lambda: fit(random.between(0.02, 0.6), sites['anchorRate']!, random),
      calibration,
      window,
      ratio: fit(random.between(0.3, 4), sites['eventRatio']!, random),
      consecutive: random.integer(1, 3),
      hold: random.integer(1, 6),
      averageRate: rate(0.02, 0.9),
      importanceRate: rate(0.05, 0.9),
      importance: later.pick(['mas', 'ewc', 'si']),
      threshold: this.threshold(sites),
      power,
    };
    // an elastic pull is a product with an importance that is mostly small
    if (law === 'elastic') values.lambda = rate(0.3, 1);
    return { law, ...Object.fromEntries(ANCHORS[law].parameters.map((name) => [name, values[name]])) };
  }

  /** τ of the gated anchor near the square of some gradient, now and then exactly one. */
  private threshold(sites: Record<string, SiteFormat>): number {
    const { later } = this;
    const l = later.integer(0, this.scales.length - 1);
    const gradient = this.scales[l]!.gradient * 2 ** later.between(-5, 0);
    const { fractionLength } = sites[`layer${l}.gradient`]!;
    const raw = Math.round(gradient * 2 ** fractionLength);
    const exact = later.chance(0.4) && raw < 2 ** 26 && fractionLength > -30;
    return Math.min(1e6, later.chance(0.1) ? 0 : (exact ? raw * 2 ** -fractionLength : gradient) ** 2);
  }

  /** Margins so small that some steps are taken back. */
  private supervisor(sites: Record<string, SiteFormat>): PlanSupervisor {
    const { later, laws: { supervisor: law } } = this;
    const loss = this.scales[this.scales.length - 1]!.output ** 2;
    const share = (low: number, high: number): Constant => fit(later.chance(0.2) ? 0 : loss * 2 ** later.between(low, high), sites['loss']!, later);
    const values = {
      margin: share(-7, -1),
      slack: share(-7, -1),
      limit: share(-5, 0),
      rate: fit(later.between(0.05, 0.9), sites['meanRate']!, later),
      backoff: later.integer(0, 5),
      recovery: later.integer(1, 4),
      patience: later.chance(0.4) ? 0 : later.integer(1, 4),
    };
    return { law, ...Object.fromEntries(SUPERVISORS[law].parameters.map((name) => [name, values[name]])) };
  }

  /** Losses of one or more outputs each; none where an equal share of them has no raw. */
  private balance(layers: readonly Layer[], sites: Record<string, SiteFormat>): { balance?: PlanBalance } {
    const { later } = this;
    const outputs = [1];
    for (let left = layers[layers.length - 1]!.outputs - 1; left > 0; left--) {
      if (outputs.length < 2 || later.chance(0.6)) outputs.push(1);
      else outputs[outputs.length - 1]!++;
    }
    const equal = 1 / outputs.length;
    const balance: PlanBalance = {
      law: 'norms',
      outputs,
      firstShare: fit(equal, sites['share']!, later),
      firstMean: fit(equal, sites['shareMean']!, later),
      shareRate: fit(later.between(0.05, 0.9), sites['meanRate']!, later),
      floor: fit(later.between(0.01, 0.3), sites['shareMean']!, later),
      warmup: later.integer(0, 5),
    };
    return balance.firstShare!.value === equal && balance.firstMean!.value === equal ? { balance } : {};
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
    const { power, anchor } = this.laws;
    const importanceScale = ({ gradient }: LayerScale): number =>
      anchor === 'gated' ? (power === 2 ? 20 * gradient ** 2 : 20 * gradient) : rateScale * gradient;

    const magnitude = (name: SiteName, l: number): number => {
      const scale = scales[l]!;
      switch (name) {
        case 'input': return inputScale;
        case 'target': return outputScale;
        case 'accumulator': case 'product': return 2 * scale.sum;
        case 'activation': return 2 * Math.max(scale.sum, scale.output);
        case 'error': return 2 * scale.delta;
        case 'gradientAccumulator': return 9 * scale.gradient;
        case 'gradient': case 'gradientProduct': return 2 * scale.gradient;
        case 'update': return anchor === 'gated' ? rateScale : rateScale * scale.gradient;
        case 'anchorPull': return anchor === 'elastic' ? (importanceScale(scale) * weightScale) / 4 : weightScale / 2;
        case 'importance': return importanceScale(scale);
        case 'weight': case 'bias': case 'average': return weightScale;
        case 'loss': case 'measureMean': return lossScale;
        case 'cusum': return 4 * lossScale;
        case 'squaredNorm': return squareScale;
        case 'norm': return Math.sqrt(squareScale);
        case 'curvature': case 'curvatureMean': return curvatureScale;
        case 'rate': case 'learningRate': return rateScale;
        case 'lossMean': return calibration * lossScale;
        case 'lossVariance': return (calibration * lossScale) ** 2;
        case 'statistic': return window * (calibration * lossScale) ** 2;
        case 'velocity': return 2;
        case 'share': case 'shareMean': return 1;
        case 'normRail': return 6 * weightScale;
        case 'throttle': case 'meanRate': case 'anchorRate': case 'reciprocal': return 1;
        case 'throttleTarget': return this.laws.throttle === 'clip' ? 4 * this.gradientNorm : 4;
        case 'eventRatio': return 4;
      }
    };

    const formats: Record<string, SiteFormat> = {};
    for (const key of siteKeys(layers.length)) {
      const name = siteName(key);
      if ((SITES[name] as SiteDefinition).optional && !random.chance(0.25)) continue;
      const l = SITES[name].perLayer ? Number(key.slice('layer'.length, key.indexOf('.'))) : layers.length - 1;
      formats[key] = LATER_SITES.includes(name) ? this.laterFormat(name, magnitude(name, l)) : this.format(name, magnitude(name, l));
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

  /** A format of a site that came later: drawn apart from the others, now and then so coarse that little is left. */
  private laterFormat(name: SiteName, magnitude: number): SiteFormat {
    const { later, narrow, laws: { anchor, power } } = this;
    const format = this.format(name, magnitude, later);
    const coarse = later.chance(0.12) ? later.integer(3, 10) : 0;
    const fraction = format.fractionLength - (SITES[name].kind === 'constant' ? 0 : coarse);
    if (name !== 'importance' || anchor !== 'gated') return { ...format, fractionLength: Math.max(-64, fraction) };
    // sums of magnitudes: never below zero, and a root where p is 2
    const fractionLength = power === 2 ? Math.min(narrow ? 8 : 31, Math.max(0, fraction)) : fraction;
    if (!format.signed) return { ...format, fractionLength };
    const { saturatedBits: _, ...rest } = format;
    return { ...rest, fractionLength, overflow: 'SAT', rails: rails('SAT', true, format.wordLength) };
  }

  private format(name: SiteName, magnitude: number, random = this.random): SiteFormat {
    const { wild, narrow } = this;
    const { kind } = SITES[name];
    const rounding = random.pick(ROUNDINGS);
    if (name === 'throttle') {
      const signed = random.chance(0.2);
      const fractionLength = narrow ? random.integer(5, 8) : random.integer(5, signed ? 30 : 31);
      const wordLength = random.integer(fractionLength + (signed ? 2 : 1), narrow ? fractionLength + 3 : 32);
      return { signed, wordLength, fractionLength, rounding, ...this.overflow(name, signed, wordLength, random) };
    }
    if (name === 'reciprocal') {
      const fractionLength = random.integer(4, narrow ? 8 : 30);
      const wordLength = fractionLength + random.integer(-1, 2);
      return { signed: false, wordLength, fractionLength, rounding, overflow: 'SAT', rails: rails('SAT', false, wordLength) };
    }

    const signed = this.signed(name, random);
    const wordLength = this.wordLength(kind, signed, random);
    const head = kind === 'constant' ? 1 : random.integer(1, 3);
    const fitting = wordLength - (signed ? 1 : 0) - Math.ceil(Math.log2(magnitude)) - head;
    const drawn = wild && random.chance(0.15) ? random.integer(-8, wordLength + 8) : wild ? fitting + random.integer(-4, 4) : fitting;
    // constants below 1 must stay reachable
    const fractionLength = Math.min(128, Math.max(-64, kind === 'constant' ? fitting : drawn));
    return { signed, wordLength, fractionLength, rounding, ...this.overflow(name, signed, wordLength, random) };
  }

  /** An overflow mode with rails to match; never TRAP, which is set at the end. */
  private overflow(name: SiteName, signed: boolean, wordLength: number, random: Random): Pick<SiteFormat, 'overflow' | 'saturatedBits' | 'rails'> {
    const { wild } = this;
    const others = mayOverflow(name) && random.chance(wild ? 0.6 : 0.35);
    const overflow = others ? random.pick(OVERFLOWS.filter((mode) => mode !== 'SAT' && mode !== 'TRAP' && (signed || mode !== 'WRAP_SM'))) : 'SAT';
    if (overflow === 'SAT') {
      const tight = SITES[name].kind !== 'constant' && name !== 'throttle' && random.chance(wild ? 0.3 : 0.15);
      return { overflow, rails: tight ? this.tighten(rails(overflow, signed, wordLength), random) : rails(overflow, signed, wordLength) };
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
    formats[key] = { ...format, overflow: 'TRAP', rails: random.chance(0.75) ? this.tighten(wide, random, 1, 20) : wide };
  }

  /** Values that can be negative are mostly signed, values that cannot mostly unsigned. */
  private signed(name: SiteName, random: Random): boolean {
    const { wild } = this;
    const { kind } = SITES[name];
    if (name === 'velocity') return !random.chance(0.1);
    if (kind === 'metric' || kind === 'square' || kind === 'constant' || name === 'loss' || name === 'rate' || name === 'importance') return random.chance(0.15);
    if (name === 'input' && this.nonNegativeInputs) return random.chance(0.3);
    return !random.chance(wild ? 0.25 : 0.03);
  }

  private wordLength(kind: (typeof SITES)[SiteName]['kind'], signed: boolean, random: Random): number {
    const { wild, narrow } = this;
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
  private tighten([low, high]: [string, string], random: Random, least = 40, most = 100): [string, string] {
    const share = (end: string): bigint => (BigInt(end) * BigInt(random.integer(random.chance(0.2) ? 0 : least, most))) / 100n;
    const tight: [bigint, bigint] = [share(low), share(high)];
    return tight[0] < tight[1] ? [`${tight[0]}`, `${tight[1]}`] : [low, high];
  }
}

/** Sites that came after the others. */
const LATER_SITES: readonly SiteName[] = ['importance', 'average', 'velocity', 'measureMean', 'cusum', 'share', 'shareMean', 'normRail'];

/** Largest sums of magnitudes of parameters: into one output, out of one input, of a bias. */
function largestSums(initial: Plan['initial']): Record<'rowRail' | 'columnRail' | 'biasRail', number> {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + Math.abs(value), 0);
  const most = (sums: readonly number[]): number => Math.max(2 ** -8, ...sums);
  return {
    rowRail: most(initial.flatMap(({ weights }) => weights.map(sum))),
    columnRail: most(initial.flatMap(({ weights }) => weights[0]!.map((_, i) => sum(weights.map((row) => row[i]!))))),
    biasRail: most(initial.flatMap(({ bias }) => bias.map(Math.abs))),
  };
}

/** The layers with at least two outputs, for losses of their own. */
function splittable(layers: readonly Layer[]): Layer[] {
  const last = layers[layers.length - 1]!;
  return [...layers.slice(0, -1), { ...last, outputs: Math.max(2, last.outputs) }];
}

/** 1 as an error, where it stays a number above zero. */
function oneAt(siteFormat: SiteFormat): Constant | undefined {
  const { raw } = quantiseExact({ n: 1n, f: 0 }, parseFormat(siteFormat));
  return raw > 0n ? { value: 1, raw: `${raw}` } : undefined;
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
