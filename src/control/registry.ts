/**
 * Controllers and their parameters, listed once: schema, CLI help, plan, core ids and docs are made from this.
 * Laws: docs/numerics.md §6 and §7.
 */
import type { SiteName } from '../site/sites.js';

export interface ParameterDefinition {
  readonly type: 'real' | 'integer' | 'boolean';
  /** `lsb`: one last place of the site's format. */
  readonly default: number | boolean | 'lsb';
  readonly minimum?: number;
  readonly maximum?: number;
  /** Site at whose format a real parameter is quantised. */
  readonly site?: SiteName;
  readonly about: string;
}

export const THROTTLE_PARAMETERS = {
  chi: { type: 'real', default: 1.5, minimum: 0, maximum: 4, site: 'throttleTarget', about: 'χ, the stability product α·η·C aimed at (2 is the limit of gradient descent)' },
  rho: { type: 'real', default: 0.05, minimum: 0, maximum: 1, site: 'meanRate', about: 'ρ, rate of the moving mean of C' },
  floor: { type: 'real', default: 'lsb', minimum: 0, maximum: 1, site: 'throttle', about: 'smallest α the law may ask for' },
  firstAlpha: { type: 'real', default: 1, minimum: 0, maximum: 1, site: 'throttle', about: 'α while there is no estimate yet' },
  keepState: { type: 'boolean', default: false, about: 'estimate in every step and keep the estimate when the throttle switches on' },
} as const satisfies Record<string, ParameterDefinition>;

export const ANCHOR_PARAMETERS = {
  lambda: { type: 'real', default: 0.2, minimum: 0, maximum: 1, site: 'anchorRate', about: 'λ, share of the distance to the anchor taken back each step' },
  calibration: { type: 'integer', default: 100, minimum: 2, maximum: 65536, about: 'losses the event detector calibrates on after each lock' },
  window: { type: 'integer', default: 20, minimum: 1, maximum: 4096, about: 'losses in the statistic' },
  ratio: { type: 'real', default: 2.5, minimum: 0, maximum: 16, site: 'eventRatio', about: 'κ, the statistic fires above κ times the calibrated variance' },
  consecutive: { type: 'integer', default: 3, minimum: 1, maximum: 4096, about: 'steps in a row the statistic must be above' },
  hold: { type: 'integer', default: 60, minimum: 1, maximum: 1_000_000, about: 'steps the anchor stays released after an event' },
} as const satisfies Record<string, ParameterDefinition>;

export type ThrottleParameter = keyof typeof THROTTLE_PARAMETERS;
export type AnchorParameter = keyof typeof ANCHOR_PARAMETERS;

export const ESTIMATORS = {
  secant: { id: 1, about: '‖Δg‖ / ‖Δθ‖ between one step and the next; needs a step of history' },
  trace: { id: 2, about: 'batch mean of ‖a‖² (for B = 1 this is NLMS); needs no history' },
} as const;
export type Estimator = keyof typeof ESTIMATORS;

export const THROTTLES = {
  none: { id: 0, estimators: [], parameters: [], about: 'α = 1' },
  gt0: { id: 1, estimators: ['secant', 'trace'], parameters: ['chi', 'rho', 'floor', 'firstAlpha', 'keepState'], about: 'α = min(1, χ / (η·max(C, mean C)))' },
  table: { id: 2, estimators: [], parameters: ['chi', 'firstAlpha', 'keepState'], about: 'largest α of a table that keeps α·η·‖Δg‖ ≤ χ·‖Δθ‖: no divider, no root' },
} as const satisfies Record<string, { id: number; estimators: readonly Estimator[]; parameters: readonly ThrottleParameter[]; about: string }>;
export type ThrottleLaw = keyof typeof THROTTLES;

export const ANCHORS = {
  none: { id: 0, parameters: [], about: 'parameters move freely' },
  fixed: { id: 1, parameters: ['lambda'], about: 'pulls towards where the parameters were when the anchor was switched on' },
  event: { id: 2, parameters: ['lambda', 'calibration', 'window', 'ratio', 'consecutive', 'hold'], about: 'as fixed, but lets go for a while when the loss leaves its calibrated spread, then anchors anew' },
} as const satisfies Record<string, { id: number; parameters: readonly AnchorParameter[]; about: string }>;
export type AnchorLaw = keyof typeof ANCHORS;

/** Numerators over 32 of the table throttle, tried in this order. 5/32 closes the gap between 1/8 and 3/16 in which χ/(ηγ²λmax) of the gain-drift experiment lies. */
export const THROTTLE_TABLE = [32, 28, 24, 20, 16, 12, 8, 6, 5, 4, 2, 1] as const;
export const THROTTLE_TABLE_FRACTION_LENGTH = 5;

/** Every throttle by the name used on the command line and in results: `none`, `gt0/secant`, `gt0/trace`, `table`. */
export const THROTTLE_NAMES: readonly string[] = Object.entries(THROTTLES).flatMap(([law, { estimators }]) =>
  estimators.length === 0 ? [law] : estimators.map((estimator) => `${law}/${estimator}`),
);
export const ANCHOR_NAMES = Object.keys(ANCHORS) as AnchorLaw[];
