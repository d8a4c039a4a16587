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
  'multiplier-operands': 'a product has wider operands than the multiplier',
  'multiplier-product': 'the multiplier drops bits of a product that the profile keeps',
  'accumulator-width': 'a sum is wider than the widest register for sums',
  'shift-rounding': 'sites round in a way that a right shift does not',
  'shift-distance': 'a site shifts further than one instruction can',
} as const satisfies Record<string, string>;

export type ConcernCode = keyof typeof CONCERNS;
export const CONCERN_CODES = Object.keys(CONCERNS) as ConcernCode[];
