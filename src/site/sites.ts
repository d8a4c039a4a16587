/**
 * The sites of a step: every place where an exact value is rounded into a format. This list is the only one; schemas, plan, core
 * offsets, reports and docs are made from it. The meaning of each is in docs/numerics.md §3 and §5–7.
 */

/**
 * `signal` 2–32 bits; `accumulator` up to 64; `metric` controller state, saturating, up to 63 unsigned; `square` a metric that holds
 * squares, up to 64 unsigned; `constant` quantised by the host only.
 */
export type SiteKind = 'signal' | 'accumulator' | 'metric' | 'square' | 'constant';

export interface SiteDefinition {
  readonly kind: SiteKind;
  /** True: one per layer, key `layer0.name`. False: one per run, key `name`. */
  readonly perLayer: boolean;
  /** Where the format comes from when a profile does not state it; absent = a profile must state it. */
  readonly fallback?: string;
  /** True: without a format of its own the site is not there, and its values stay exact. */
  readonly optional?: true;
  readonly about: string;
}

export const SITES = {
  input: { kind: 'signal', perLayer: false, about: 'a delivered sample, after the front end' },
  target: { kind: 'signal', perLayer: false, fallback: 'as activation', about: 'what the output should have been' },
  product: { kind: 'accumulator', perLayer: true, optional: true, about: 'weight × activation, where the target rounds it before it is added; exact unless stated' },
  accumulator: { kind: 'accumulator', perLayer: true, about: 'running sum of weight × activation, bias last' },
  activation: { kind: 'signal', perLayer: true, about: 'output of a layer, before ReLU' },
  error: { kind: 'signal', perLayer: true, fallback: 'as activation', about: 'output minus target; behind the output, the back-propagated sum' },
  gradientProduct: { kind: 'accumulator', perLayer: true, optional: true, about: 'error × activation, where the target rounds it before it is added; exact unless stated' },
  gradientAccumulator: {
    kind: 'accumulator',
    perLayer: true,
    fallback: 'accumulator with ⌈log2 B⌉ more integer bits (at most 64 bits in all)',
    about: 'running sum of error × activation over the batch',
  },
  gradient: { kind: 'signal', perLayer: true, about: 'batch mean of error × activation' },
  update: { kind: 'signal', perLayer: true, about: 'rate × gradient' },
  anchorPull: { kind: 'signal', perLayer: true, fallback: 'as update', about: 'λ × (parameter − anchor)' },
  importance: { kind: 'signal', perLayer: true, fallback: 'ufix16_En12', about: 'how much an anchor holds on to a parameter: mean of importance, or sum of gradients' },
  weight: { kind: 'signal', perLayer: true, about: 'stored weight' },
  bias: { kind: 'signal', perLayer: true, fallback: 'as weight', about: 'stored bias' },
  average: { kind: 'signal', perLayer: true, fallback: 'weight with eight more fraction bits (at most 32 bits in all)', about: 'moving mean of a parameter' },
  loss: { kind: 'accumulator', perLayer: false, about: 'half mean squared error of the batch' },
  squaredNorm: { kind: 'square', perLayer: false, fallback: 'ufix64_En32', about: 'exact sum of squares, quantised once' },
  norm: { kind: 'metric', perLayer: false, fallback: 'unsigned, six fraction bits more than the finest parameter', about: 'integer root of a squared norm' },
  curvature: { kind: 'metric', perLayer: false, fallback: 'ufix32_En16', about: 'curvature estimate C of the throttle' },
  curvatureMean: { kind: 'metric', perLayer: false, fallback: 'ufix40_En24', about: 'moving mean of C' },
  velocity: { kind: 'metric', perLayer: false, fallback: 'sfix32_En24', about: 'velocity of an integrating throttle' },
  throttle: { kind: 'signal', perLayer: false, fallback: 'ufix16_En15', about: 'throttle α, in (0, 1]' },
  rate: { kind: 'signal', perLayer: false, fallback: 'ufix16_En15', about: 'α × learning rate' },
  lossMean: { kind: 'metric', perLayer: false, fallback: 'loss with ⌈log2 n⌉ more integer bits', about: 'sum of the losses the event detector calibrates on' },
  lossVariance: { kind: 'square', perLayer: false, fallback: 'ufix64_En32', about: 'n² times the variance of those losses' },
  statistic: { kind: 'square', perLayer: false, fallback: 'ufix64_En32', about: "sum over the window of the squared distance from the mean, n² scaled" },
  measureMean: { kind: 'metric', perLayer: false, fallback: 'loss with eight more fraction bits', about: 'mean of the losses the supervisor accepted' },
  cusum: { kind: 'metric', perLayer: false, fallback: 'as measureMean', about: 'sum of the excesses of losses over that mean' },
  share: { kind: 'signal', perLayer: false, fallback: 'ufix16_En15', about: "a loss's share of the gradient" },
  shareMean: { kind: 'metric', perLayer: false, fallback: 'ufix32_En24', about: 'moving mean of a share' },
  learningRate: { kind: 'constant', perLayer: false, fallback: 'as rate', about: 'learning rate η of a phase' },
  throttleTarget: { kind: 'constant', perLayer: false, fallback: 'ufix16_En14', about: 'χ, the product α·η·C the throttle aims at, or the norm it clips to' },
  meanRate: { kind: 'constant', perLayer: false, fallback: 'ufix16_En15', about: 'ρ of the moving mean, gains of controllers' },
  normRail: { kind: 'constant', perLayer: false, fallback: 'ufix32_En16', about: 'κ of the rails throttle' },
  anchorRate: { kind: 'constant', perLayer: false, fallback: 'ufix16_En15', about: 'λ of the anchor, rates of its means' },
  eventRatio: { kind: 'constant', perLayer: false, fallback: 'ufix16_En12', about: 'κ, how far above the calibrated variance an event lies' },
  reciprocal: { kind: 'constant', perLayer: false, fallback: 'ufix16_En16', about: '1/B where the target multiplies by a quantised reciprocal' },
} as const satisfies Record<string, SiteDefinition>;

export type SiteName = keyof typeof SITES;
export const SITE_NAMES = Object.keys(SITES) as SiteName[];
export const LAYER_SITES = SITE_NAMES.filter((name) => SITES[name].perLayer);
export const RUN_SITES = SITE_NAMES.filter((name) => !SITES[name].perLayer && SITES[name].kind !== 'constant');

/** The site of a key: `weight` of `layer0.weight`. */
export const siteName = (key: string): SiteName => key.slice(key.indexOf('.') + 1) as SiteName;

/** `siteKey('weight', 1)` is `layer1.weight`; run sites ignore the layer. */
export function siteKey(name: SiteName, layer = 0): string {
  return SITES[name].perLayer ? `layer${layer}.${name}` : name;
}

/** Keys of every site of a network with this many layers, in the order of a step. */
export function siteKeys(layers: number): string[] {
  const keys: string[] = [];
  for (const name of SITE_NAMES) {
    if (SITES[name].perLayer) for (let layer = 0; layer < layers; layer++) keys.push(siteKey(name, layer));
    else keys.push(name);
  }
  return keys;
}

/** Keys of the sites that every plan of such a network has: all but the optional ones. */
export function requiredSiteKeys(layers: number): string[] {
  return siteKeys(layers).filter((key) => !(SITES[siteName(key)] as SiteDefinition).optional);
}

/** Smallest and largest word length of a kind of site (docs/numerics.md §1). */
export function wordLengthRange(kind: SiteKind, signed: boolean): readonly [number, number] {
  if (kind === 'signal' || kind === 'constant') return [2, 32];
  if (kind === 'square') return [2, 64];
  return [2, signed ? 64 : 63];
}
