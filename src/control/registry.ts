/**
 * Controllers and their parameters, listed once: schema, CLI help, plan, core ids and docs are made from this.
 * Laws: docs/numerics.md §6 and §7, with the figures and sources of their defaults in docs/reproduction.md.
 */
import type { SiteName } from '../site/sites.js';

export interface ParameterDefinition {
  readonly type: 'real' | 'integer' | 'boolean' | 'choice';
  /** `lsb`: one last place of the site's format. */
  readonly default: number | boolean | string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** What a choice chooses from; its place is its number in the core. */
  readonly choices?: readonly string[];
  /** Site at whose format a real parameter is quantised; without one it stays a binary64 number. */
  readonly site?: SiteName;
  readonly about: string;
}

/** A controller's law. */
interface LawDefinition<P extends string> {
  /** Its number in the core and in exported headers. */
  readonly id: number;
  readonly parameters: readonly P[];
  /** Where it departs from the parameters' own defaults. */
  readonly defaults?: Readonly<Partial<Record<P, number | boolean | string>>>;
  /** Whether it takes quotients while it runs. */
  readonly divides: boolean;
  readonly about: string;
}

export const THROTTLE_PARAMETERS = {
  chi: { type: 'real', default: 1.5, minimum: 0, maximum: 4, site: 'throttleTarget', about: 'χ, the stability product α·η·C aimed at (2 is the limit of gradient descent)' },
  rho: { type: 'real', default: 0.05, minimum: 0, maximum: 1, site: 'meanRate', about: 'ρ, rate of the moving mean of C' },
  gain: { type: 'real', default: 0.1, minimum: 0, maximum: 1, site: 'meanRate', about: 'k, gain of the integrator' },
  momentum: { type: 'real', default: 0.8, minimum: 0, maximum: 1, site: 'meanRate', about: 'β, share of its velocity the integrator keeps' },
  tau: { type: 'real', default: 1, minimum: 0, maximum: 4, site: 'throttleTarget', about: 'τ, largest norm of a gradient' },
  rowRail: { type: 'real', default: 4, minimum: 0, maximum: 65536, site: 'normRail', about: 'κ_row, largest Σ|w| into one output' },
  columnRail: { type: 'real', default: 4, minimum: 0, maximum: 65536, site: 'normRail', about: 'κ_column, largest Σ|w| out of one input' },
  biasRail: { type: 'real', default: 4, minimum: 0, maximum: 65536, site: 'normRail', about: 'κ_bias, largest |b|' },
  floor: { type: 'real', default: 'lsb', minimum: 0, maximum: 1, site: 'throttle', about: 'smallest α the law may ask for' },
  firstAlpha: { type: 'real', default: 1, minimum: 0, maximum: 1, site: 'throttle', about: 'α while there is no estimate yet' },
  keepState: { type: 'boolean', default: false, about: 'estimate in every step and keep the estimate when the throttle switches on' },
  holdCurvature: { type: 'boolean', default: true, about: 'keep C where ‖Δθ‖ underflows; else ‖Δθ‖ counts as one last place' },
} as const satisfies Record<string, ParameterDefinition>;

export const ANCHOR_PARAMETERS = {
  lambda: { type: 'real', default: 0.2, minimum: 0, maximum: 1, site: 'anchorRate', about: 'λ, share of the distance to the anchor taken back each step' },
  averageRate: { type: 'real', default: 0.01, minimum: 0, maximum: 1, site: 'anchorRate', about: 'μ, share of the distance the average follows each step' },
  importanceRate: { type: 'real', default: 0.5, minimum: 0, maximum: 1, site: 'anchorRate', about: 'ν, rate of the mean of importance' },
  importance: { type: 'choice', choices: ['mas', 'ewc', 'si'], default: 'mas', about: 'φ, what makes a parameter important: |u|, u² or |u·(θ − θ̄)|' },
  threshold: { type: 'real', default: 0.5, minimum: 0, maximum: 1e6, about: 'τ, a parameter is updated where g² is larger' },
  power: { type: 'integer', default: 1, minimum: 1, maximum: 2, about: 'p of the sum of |g|^p' },
  calibration: { type: 'integer', default: 100, minimum: 2, maximum: 65536, about: 'losses the event detector calibrates on after each lock' },
  window: { type: 'integer', default: 20, minimum: 1, maximum: 4096, about: 'losses in the statistic' },
  ratio: { type: 'real', default: 2.5, minimum: 0, maximum: 16, site: 'eventRatio', about: 'κ, the statistic fires above κ times the calibrated variance' },
  consecutive: { type: 'integer', default: 3, minimum: 1, maximum: 4096, about: 'steps in a row the statistic must be above' },
  hold: { type: 'integer', default: 60, minimum: 1, maximum: 1_000_000, about: 'steps the anchor stays released after an event' },
} as const satisfies Record<string, ParameterDefinition>;

export const SUPERVISOR_PARAMETERS = {
  margin: { type: 'real', default: 0.5, minimum: 0, maximum: 1e6, site: 'loss', about: 'ε, how far a loss may lie above the mean of accepted ones' },
  rate: { type: 'real', default: 0.1, minimum: 0, maximum: 1, site: 'meanRate', about: 'a, rate of that mean' },
  slack: { type: 'real', default: 0.5, minimum: 0, maximum: 1e6, site: 'loss', about: 'excess of a loss over the mean that is taken for noise' },
  limit: { type: 'real', default: 1, minimum: 0, maximum: 1e6, site: 'loss', about: 'h, sum of excesses above which parameters are taken back' },
  backoff: { type: 'integer', default: 4, minimum: 0, maximum: 15, about: 'most halvings of α after rejections; 0: none' },
  recovery: { type: 'integer', default: 10, minimum: 1, maximum: 1_000_000, about: 'accepted steps that undo one halving' },
  patience: { type: 'integer', default: 0, minimum: 0, maximum: 1_000_000, about: 'rejections in a row after which the loss is taken as it is; 0: never' },
} as const satisfies Record<string, ParameterDefinition>;

export const BALANCE_PARAMETERS = {
  shareRate: { type: 'real', default: 0.01, minimum: 0, maximum: 1, site: 'meanRate', about: 'ρ, rate of the mean of a loss\'s share (1 − β)' },
  floor: { type: 'real', default: 0.05, minimum: 0, maximum: 0.5, site: 'shareMean', about: 'smallest share before they are made to sum to one again' },
  warmup: { type: 'integer', default: 100, minimum: 0, maximum: 100_000_000, about: 'steps with equal shares' },
} as const satisfies Record<string, ParameterDefinition>;

export type BalanceParameter = keyof typeof BALANCE_PARAMETERS;
export type ThrottleParameter = keyof typeof THROTTLE_PARAMETERS;
export type AnchorParameter = keyof typeof ANCHOR_PARAMETERS;
export type SupervisorParameter = keyof typeof SUPERVISOR_PARAMETERS;

export interface EstimatorDefinition {
  readonly id: number;
  /** Whether it compares a step with the one before. */
  readonly history: boolean;
  readonly divides: boolean;
  /** For networks of one layer only. */
  readonly singleLayer?: true;
  /** In the reference only. */
  readonly floatOnly?: true;
  readonly about: string;
}
export const ESTIMATORS = {
  secant: { id: 1, history: true, divides: true, about: '‖Δg‖ / ‖Δθ‖ between one step and the next; needs a step of history' },
  trace: { id: 2, history: false, divides: false, about: 'batch mean of ‖a‖² (for B = 1 this is NLMS); needs no history' },
  'secant-latch': { id: 3, history: true, divides: true, about: 'largest ‖Δg‖ / ‖Δθ‖ so far' },
  rayleigh: { id: 4, history: false, divides: true, singleLayer: true, about: 'curvature along the gradient, ‖Xg‖² / (B·‖g‖²); one layer only' },
  lambda: { id: 5, history: false, divides: true, singleLayer: true, floatOnly: true, about: 'largest eigenvalue of the batch by power iteration; one layer, reference only' },
} as const satisfies Record<string, EstimatorDefinition>;
export type Estimator = keyof typeof ESTIMATORS;

/** A law that takes an estimator is asked with the first one unless another is named. */
const ALL_ESTIMATORS = Object.keys(ESTIMATORS) as Estimator[];
const ESTIMATED = ['chi', 'rho', 'floor', 'firstAlpha', 'keepState', 'holdCurvature'] as const;

interface ThrottleDefinition extends LawDefinition<ThrottleParameter> {
  readonly estimators: readonly Estimator[];
}
export const THROTTLES = {
  none: { id: 0, estimators: [], divides: false, parameters: [], about: 'α = 1' },
  gt0: { id: 1, estimators: ALL_ESTIMATORS, divides: true, parameters: ESTIMATED, about: 'α = min(1, χ / (η·max(C, mean C)))' },
  table: { id: 2, estimators: [], divides: false, parameters: ['chi', 'firstAlpha', 'keepState'], about: 'largest α of a table that keeps α·η·‖Δg‖ ≤ χ·‖Δθ‖: no divider, no root' },
  gt1: { id: 3, estimators: ALL_ESTIMATORS, divides: false, parameters: [...ESTIMATED, 'gain'], defaults: { firstAlpha: 0, floor: 0 }, about: 'α += k·(χ − α·η·C): an integrator' },
  gt2: { id: 4, estimators: ALL_ESTIMATORS, divides: false, parameters: [...ESTIMATED, 'gain', 'momentum'], defaults: { firstAlpha: 0, floor: 0 }, about: 'gt1 with momentum; can limit-cycle' },
  'gt2-qa': { id: 5, estimators: ALL_ESTIMATORS, divides: true, parameters: [...ESTIMATED, 'gain', 'momentum'], defaults: { firstAlpha: 0, floor: 0 }, about: 'gt2 between the smallest α that still moves a parameter and the largest that is stable' },
  rails: { id: 6, estimators: ALL_ESTIMATORS, divides: true, parameters: [...ESTIMATED, 'rowRail', 'columnRail', 'biasRail'], about: 'gt0, and the largest α that keeps row and column sums of |w| inside rails' },
  clip: { id: 7, estimators: [], divides: true, parameters: ['tau', 'floor'], about: 'gradient clipping, α = min(1, τ / ‖g‖): a baseline' },
} as const satisfies Record<string, ThrottleDefinition>;
export type ThrottleLaw = keyof typeof THROTTLES;

/** Other names for a law with parameters of its own. */
export const THROTTLE_ALIASES = {
  nlms: { law: 'gt0', estimator: 'trace', parameters: { rho: 0 }, about: 'normalised LMS: gt0 on the trace of the batch, without a mean' },
} as const satisfies Record<string, { law: ThrottleLaw; estimator: Estimator; parameters: Partial<Record<ThrottleParameter, number>>; about: string }>;
export type ThrottleAlias = keyof typeof THROTTLE_ALIASES;

export const ANCHORS = {
  none: { id: 0, divides: false, parameters: [], about: 'parameters move freely' },
  fixed: { id: 1, divides: false, parameters: ['lambda'], about: 'pulls towards where the parameters were when the anchor was switched on' },
  event: { id: 2, divides: false, parameters: ['lambda', 'calibration', 'window', 'ratio', 'consecutive', 'hold'], about: 'as fixed, but lets go for a while when the loss leaves its calibrated spread, then anchors anew' },
  decay: { id: 3, divides: false, parameters: ['lambda'], defaults: { lambda: 0.001 }, about: 'pulls towards zero: weight decay, leaky LMS' },
  ema: { id: 4, divides: false, parameters: ['averageRate'], about: 'Polyak average: learns as without an anchor, and is evaluated at a moving mean of the parameters' },
  elastic: {
    id: 5, divides: false, parameters: ['lambda', 'averageRate', 'importanceRate', 'importance'], defaults: { lambda: 0.5, averageRate: 0.5 },
    about: 'pulls each parameter towards its moving mean, the more the more important it was',
  },
  gated: { id: 6, divides: true, parameters: ['threshold', 'power'], about: 'updates only parameters with large gradients, each the less the more it was updated before' },
} as const satisfies Record<string, LawDefinition<AnchorParameter>>;
export type AnchorLaw = keyof typeof ANCHORS;

export const SUPERVISORS = {
  none: { id: 0, divides: false, parameters: [], about: 'every step stays' },
  rollback: { id: 1, divides: false, parameters: ['margin', 'rate', 'backoff', 'recovery', 'patience'], about: 'takes parameters back when the loss they give lies too far above the mean of accepted ones' },
  cusum: { id: 2, divides: false, parameters: ['slack', 'limit', 'rate', 'backoff', 'recovery', 'patience'], about: 'takes parameters back when the summed excess of their losses passes a limit' },
} as const satisfies Record<string, LawDefinition<SupervisorParameter>>;
export type SupervisorLaw = keyof typeof SUPERVISORS;

export const BALANCES = {
  none: { id: 0, divides: false, parameters: [], about: 'every output counts the same' },
  norms: { id: 1, divides: true, parameters: ['shareRate', 'floor', 'warmup'], about: 'weighs losses against the norms of their gradients on what they share' },
} as const satisfies Record<string, LawDefinition<BalanceParameter>>;
export type BalanceLaw = keyof typeof BALANCES;
/** Most losses that can be balanced. */
export const MOST_LOSSES = 16;

/** The law's own default of a parameter, or the parameter's. */
export function parameterDefault<P extends string>(law: LawDefinition<P>, name: P, definition: ParameterDefinition): number | boolean | string {
  return law.defaults?.[name] ?? definition.default;
}

/** Whether a throttle compares each step with the one before: it then keeps the last gradient and parameters. */
export const keepsHistory = ({ law, estimator }: { readonly law: ThrottleLaw; readonly estimator?: Estimator | undefined }): boolean =>
  law === 'table' || (estimator !== undefined && ESTIMATORS[estimator].history);
/** Whether a throttle's α is a state: held or integrated from step to step. */
export const keepsAlpha = (law: ThrottleLaw): boolean => law === 'table' || integrates(law);
export const integrates = (law: ThrottleLaw): boolean => law === 'gt1' || law === 'gt2' || law === 'gt2-qa';
/** Whether a throttle takes the norm of the gradient itself. */
export const measuresGradient = (law: ThrottleLaw): boolean => law === 'clip' || law === 'gt2-qa';
/** Whether an anchor pulls towards a copy of the parameters. */
export const pulls = (law: AnchorLaw): boolean => law === 'fixed' || law === 'event' || law === 'decay';
/** Whether an anchor keeps a moving mean of the parameters. */
export const averages = (law: AnchorLaw): boolean => law === 'ema' || law === 'elastic';
/** Whether an anchor keeps an importance of every parameter. */
export const weighs = (law: AnchorLaw): boolean => law === 'elastic' || law === 'gated';

/** Numerators over 32 of the table throttle, tried in this order. 5/32 closes the gap between 1/8 and 3/16 in which χ/(ηγ²λmax) of the gain-drift experiment lies. */
export const THROTTLE_TABLE = [32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1] as const;
export const THROTTLE_TABLE_FRACTION_LENGTH = 5;

/** Entries of the sigmoid's table, over −limit … limit. docs/numerics.md §5. */
export const SIGMOID = { entries: 256, limit: 8 } as const;

const namesOf = (taken: (estimator: EstimatorDefinition) => boolean): string[] =>
  Object.entries(THROTTLES).flatMap(([law, { estimators }]) =>
    estimators.length === 0 ? [law] : estimators.filter((estimator) => taken(ESTIMATORS[estimator])).map((estimator) => `${law}/${estimator}`),
  );
/** Every throttle a target can run, by the name used on the command line and in results: `none`, `gt0/secant`, `gt0/trace`, …, `table`, `nlms`. */
export const THROTTLE_NAMES: readonly string[] = [...namesOf(({ floatOnly }) => !floatOnly), ...Object.keys(THROTTLE_ALIASES)];
/** Those, and what only the reference can run. */
export const REFERENCE_THROTTLE_NAMES: readonly string[] = [...namesOf(() => true), ...Object.keys(THROTTLE_ALIASES)];
export const ANCHOR_NAMES = Object.keys(ANCHORS) as AnchorLaw[];
export const SUPERVISOR_NAMES = Object.keys(SUPERVISORS) as SupervisorLaw[];
