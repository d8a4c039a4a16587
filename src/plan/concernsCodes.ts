/** What a plan can be held to account for: every code of `concerns`, once. The schema and the tests of docs/concerns.md are made from this list. */

/** `warning`: can spoil a run. `note`: costs precision or instructions, or only a worst case that may never come. */
export const SEVERITIES = ['warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const CONCERNS = {
  'accumulator-fan-in': 'an accumulator does not hold as many full-scale products as are added in it',
  'accumulator-initial-weights': 'the initial weights alone overflow an accumulator when the inputs are at full scale',
  'stands-still': 'no gradient, however large, moves a parameter in one direction',
  'dead-zone': 'gradients below a threshold move no parameter',
  'throttle-floor': 'at its smallest α the throttle leaves a rate that moves nothing',
  'update-finer': 'updates have more fraction bits than the parameter they change',
  'update-coarser': 'updates have fewer fraction bits than the parameter they change',
  'biased-rounding': 'a rounding mode drifts at a parameter or its update',
  'initial-zero': 'initial weights round to zero',
  'input-range': 'inputs of the data lie outside their rails before any drift',
  'target-range': 'targets of the data lie outside their rails',
  'signal-wraps': 'a signal wraps: what is too large comes out with the other sign',
  'coefficient-inexact': 'a constant is far from its stated value after quantisation',
  'batch-mean': 'the batch mean is not divided by the batch',
  'norm-underflow': 'the throttle does not see the smallest change of a parameter or gradient',
  'secant-samples': 'a throttle takes the difference of two samples for curvature',
  'gain-underflow': 'an integrating throttle never moves its α',
  'rails-broken': 'initial weights lie outside the rails of the throttle',
  'average-dead-band': 'a moving mean of parameters does not follow them',
  'importance-underflow': 'an anchor loses what makes a parameter important',
  'supervisor-strict': 'the supervisor takes back whatever is above the mean at all',
  'supervisor-live-lock': 'the supervisor can take back every step for ever',
  'sigmoid-range': 'a sigmoid never gets to its ends',
  'sign-range': 'the sign of an error is not 1 in its format',
  'multiplier-operands': 'a product has wider operands than the multiplier',
  'multiplier-product': 'the multiplier drops bits of a product that the profile keeps',
  'accumulator-width': 'a sum is wider than the widest register for sums',
  'shift-rounding': 'sites round in a way that a right shift does not',
  'shift-distance': 'a site shifts further than one instruction can',
} as const satisfies Record<string, string>;

export type ConcernCode = keyof typeof CONCERNS;
export const CONCERN_CODES = Object.keys(CONCERNS) as ConcernCode[];
