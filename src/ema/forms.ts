/** The forms of the moving mean in fixed point, each defined once. Bit for bit: docs/ema.md. */
export const EMA_FORMS = {
  one: { name: 'one rounding', law: 'S ← Q(S + ρ·(x − S))', part: null, about: 'one multiplier, the exact sum rounded once: the law of site curvatureMean' },
  two: { name: 'two products', law: 'S ← Q(Q(β·S) + Q(ρ·x))', part: 'product', about: 'two multipliers, each product rounded before they are added; β + ρ is exactly 1' },
  shift: { name: 'shift only', law: 'S ← Q(S + Q((x − S)·2^−k))', part: 'step', about: 'no multiplier: ρ = 2^−k, the shifted difference rounded before it is added' },
} as const;

export type EmaForm = keyof typeof EMA_FORMS;
export const EMA_FORM_NAMES = Object.keys(EMA_FORMS) as EmaForm[];

/** Keys of the sites whose streams the stochastic modes draw from (docs/numerics.md §2.1). */
export const EMA_SITE = 'ema';
export const emaPartSite = (form: Exclude<EmaForm, 'one'>): string => `${EMA_SITE}.${EMA_FORMS[form].part}`;
