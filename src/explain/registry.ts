/** Words of an explanation, once: schema, text and docs are made from these lists. */

/** What brought a run down. */
export const CAUSES = {
  'step too large': 'α·η·λmax stays above 2: every update overshoots, in float64 too',
  range: 'a site is too narrow for the values it has to hold; float64 learns',
  resolution: 'a site is too coarse for the values it has to tell apart; float64 learns',
  throttle: 'the throttle itself: it aims beyond the limit, bounds something else, or holds α where nothing moves',
  anchor: 'the anchor holds parameters that have to move',
  supervisor: 'the supervisor takes back what had to be learned',
  learner: 'float64 fails as well, whatever was tried: the model cannot do better with what reaches it',
  none: 'nothing failed',
} as const;
export type Cause = keyof typeof CAUSES;
export const CAUSE_NAMES = Object.keys(CAUSES) as Cause[];

/** What happens in a run, in the order of causes within a step. */
export const EVENT_KINDS = {
  stress: 'the sensor sets in',
  limit: 'α·η·λmax passes 2',
  overflow: 'a site meets a rail for the first time',
  throttle: 'the throttle takes α down',
  supervisor: 'the supervisor takes a step back for the first time',
  anchor: 'the anchor lets go for the first time',
  worst: 'the largest loss',
  diverged: 'the loss of float64 passes the limit of the experiment',
  lost: 'for the first time no parameter moves although there is a gradient',
  stall: 'nothing moves any more',
} as const;
export type EventKind = keyof typeof EVENT_KINDS;
export const EVENT_NAMES = Object.keys(EVENT_KINDS) as EventKind[];
