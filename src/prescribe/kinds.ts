/** Kinds of change; of each kind the smallest that saves a run is told. In the order in which they are preferred. */
export const CHANGE_KINDS = {
  throttle: 'another throttle',
  setting: 'another setting of the throttle or the supervisor',
  anchor: 'another anchor',
  supervisor: 'no supervisor',
  rate: 'another learning rate',
  rounding: 'stochastic rounding',
  whole: 'more integer bits',
  fraction: 'more fraction bits',
  several: 'two changes together',
} as const;
export type ChangeKind = keyof typeof CHANGE_KINDS;
export const CHANGE_NAMES = Object.keys(CHANGE_KINDS) as ChangeKind[];
