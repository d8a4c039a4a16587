/** What separates one verdict from the next: each threshold with its default, once. Set with `--set experiment.verdict.NAME=…`. */
export const VERDICT_THRESHOLDS = {
  diverged: { default: 1000, about: 'diverged: the mean loss of the last quarter is at least this multiple of the starting loss' },
  survives: { default: 0.1, about: 'survives: the final excess loss is at most this share of the starting excess loss' },
  pressure: { default: 0.05, about: 'limit cycle: some site of the loop overflows in at least this share of its values over the last quarter' },
  stall: { default: 0.25, about: 'dead zone: at least this share of the last quarter is stalled' },
  deadZone: { default: 0.0005, about: 'dead zone: the excess loss left while stalled is more than this share of the starting excess loss' },
  likeFloat: { default: 1.5, about: 'survives, too: the final loss is at most this multiple of a float64 run that survives' },
} as const;
export type VerdictThreshold = keyof typeof VERDICT_THRESHOLDS;
export type Thresholds = Record<VerdictThreshold, number>;

export const VERDICTS = ['survives', 'degraded', 'dead zone', 'limit cycle', 'diverged'] as const;
export type VerdictName = (typeof VERDICTS)[number];

const DEFAULTS = Object.fromEntries(Object.entries(VERDICT_THRESHOLDS).map(([name, { default: value }]) => [name, value])) as Thresholds;

export const thresholds = (stated: Partial<Thresholds> | undefined): Thresholds => ({ ...DEFAULTS, ...stated });
