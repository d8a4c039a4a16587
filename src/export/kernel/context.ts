/** What every part of the generator works with: the plan, its names in C, and its raws as exact values. */
import { averages, keepsHistory, pulls } from '../../control/registry.js';
import { QrailsError } from '../../errors.js';
import { alphaVaries, inUse } from '../../plan/concernsExact.js';
import type { Constant, Plan, SiteFormat } from '../../schema/plan.js';
import { siteKey, siteKeys, siteName, SITES, type SiteName } from '../../site/sites.js';
import { formatAt } from '../cSites.js';
import { macroWord } from '../cText.js';
import { constant, leaf, type CType, type Exact } from './exact.js';
import { railsOf } from './overflow.js';
import { hull, range, type Range } from './range.js';
import { rawType, Sites, type Use } from './sites.js';

/** Numbers of one layer. */
export interface LayerShape {
  readonly index: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly parameters: number;
  readonly bias: boolean;
  readonly relu: boolean;
  readonly sigmoid: boolean;
}

/** Sites whose raws are never negative, whatever their format. */
const NEVER_NEGATIVE: readonly SiteName[] = ['squaredNorm', 'norm', 'curvature', 'curvatureMean', 'lossVariance', 'statistic', 'throttle', 'cusum'];

export class Kernel {
  readonly sites: Sites;
  readonly layers: readonly LayerShape[];
  /** Samples of the largest batch of a step. */
  readonly batch: number;
  /** Samples of the largest evaluation. */
  readonly evaluation: number;

  /** @param learnt what reached each site the first time round */
  constructor(readonly plan: Plan, readonly prefix: string, learnt?: ReadonlyMap<string, Use>) {
    this.sites = new Sites(plan.sites, learnt);
    this.layers = plan.layers.map(({ inputs, outputs, bias, activation }, index) => ({
      index, inputs, outputs, bias, relu: activation === 'relu', sigmoid: activation === 'sigmoid', weights: inputs * outputs, parameters: outputs * (inputs + (bias ? 1 : 0)),
    }));
    this.batch = Math.max(...plan.phases.map(({ batch }) => batch));
    this.evaluation = Math.max(this.batch, plan.evaluationRows);
  }

  /** The prefix of macros. */
  get macro(): string {
    return this.prefix.toUpperCase();
  }

  /** A macro of the source: `LAYER0_INPUTS`. */
  size(layer: LayerShape, what: 'INPUTS' | 'OUTPUTS' | 'WEIGHTS' | 'PARAMETERS'): string {
    return `LAYER${layer.index}_${what}`;
  }

  format(name: SiteName, layer = 0): SiteFormat {
    return formatAt(this.plan, name, layer);
  }

  /** The C type of the raws of a site. */
  type(name: SiteName, layer = 0): CType {
    return rawType(siteKey(name, layer), this.format(name, layer));
  }

  /** What a raw of the site can be. */
  range(name: SiteName, layer = 0): Range {
    const rails = railsOf(this.format(name, layer));
    if (NEVER_NEGATIVE.includes(name)) return range(0n, rails.high);
    // a sign is not held to the rails
    const one = name === 'error' && layer === this.layers.length - 1 ? this.errorOne : undefined;
    return one === undefined ? rails : hull(rails, range(rails.low < 0n ? -one : 0n, one));
  }

  /** A raw of a site that stands in the C text `text`. */
  raw(name: SiteName, layer: number, text: string, type: CType = this.type(name, layer)): Exact {
    return leaf(text, type, this.range(name, layer), this.format(name, layer).fractionLength);
  }

  /** What layer `layer` is fed: an input, or an output of the layer before. */
  fed(layer: number, text: string): Exact {
    if (layer === 0) return this.raw('input', 0, text);
    const value = this.raw('activation', layer - 1, text);
    return this.layers[layer - 1]!.relu ? { ...value, range: range(0n, value.range.high > 0n ? value.range.high : 0n) } : value;
  }

  /** A constant of the plan. */
  constant(site: SiteName, value: Constant | undefined, where: string): Exact {
    if (!value) throw new QrailsError({ code: 'invalid', where, message: 'the plan has no value for it, but its law reads it' });
    return constant(BigInt(value.raw), this.format(site).fractionLength);
  }

  /** The learning rate of a phase in the C text `text`. */
  learningRate(text: string): Exact {
    const raws = this.plan.phases.map(({ learningRate }) => BigInt(learningRate.raw));
    return leaf(text, 'int64_t', hull(...raws.map((raw) => range(raw, raw))), this.format('learningRate').fractionLength);
  }

  /** The raw of alpha = 1. */
  get one(): bigint {
    return 1n << BigInt(Math.max(0, this.format('throttle').fractionLength));
  }

  /** What alpha can be. JAM makes a first alpha or a floor of 1 one last place more. */
  get alphaRange(): Range {
    const { law, floor, firstAlpha } = this.plan.throttle;
    const all = [floor, firstAlpha].map((constant) => range(0n, BigInt(constant?.raw ?? 0)));
    return hull(range(0n, this.one), ...all, ...(law === 'table' ? [this.range('throttle')] : []));
  }

  /** Whether alpha can be anything but 1. */
  get alphaVaries(): boolean {
    return alphaVaries(this.plan);
  }

  /** 1 as an error, where the last layer learns from signs. */
  get errorOne(): bigint | undefined {
    const { errorOne } = this.plan;
    return errorOne === undefined || BigInt(errorOne.raw) === 0n ? undefined : BigInt(errorOne.raw);
  }

  /** Keys of the sites at which the kernel quantises, in the order of a step. */
  get keys(): string[] {
    return siteKeys(this.layers.length).filter((key) => {
      const name = siteName(key);
      return name !== 'input' && name !== 'target' && SITES[name].kind !== 'constant' && inUse(this.plan, key);
    });
  }

  /** The macro that numbers a site. */
  siteMacro(key: string): string {
    return `${this.macro}_SITE_${macroWord(key)}`;
  }

  /** Whether the state keeps parameters and gradients of the step before. */
  get keepsDifferences(): boolean {
    return keepsHistory(this.plan.throttle);
  }

  /** Whether the anchor pulls towards something. */
  get pulls(): boolean {
    return pulls(this.plan.anchor.law);
  }

  /** Whether that is a copy of the parameters. */
  get keepsCopy(): boolean {
    return this.pulls && this.plan.anchor.law !== 'decay';
  }

  get averages(): boolean {
    return averages(this.plan.anchor.law);
  }

  get supervised(): boolean {
    return this.plan.supervisor.law !== 'none';
  }

  /** Whether any site of a step draws random bits. */
  get draws(): boolean {
    return this.keys.some((key) => this.sites.draws(key));
  }

  get traps(): boolean {
    return this.keys.some((key) => this.plan.sites[key]!.overflow === 'TRAP');
  }
}

/** Lines with so many spaces before each. */
export const indented = (lines: readonly string[], spaces = 4): string[] => lines.map((line) => (line === '' ? '' : `${' '.repeat(spaces)}${line}`));
