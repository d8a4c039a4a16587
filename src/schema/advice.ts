import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { ADVISE_COST_NAMES, ADVISE_COSTS } from '../advise/cost.js';
import { GUARD_NAMES, GUARDS } from '../advise/guard.js';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { described, runNames, strict, StringEnum } from './common.js';
import { Profile } from './profile.js';

const count = Type.Integer({ minimum: 0 });
const Value = Type.Union([Type.Number(), Type.Null()]);
const nullable = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });
const Interval = strict({ median: Value, low: Value, high: Value }, { description: 'median over seeds and stresses with the ends of its interval; null is not finite, or one run has none' });

const Range = Type.Tuple([Type.Number(), Type.Number()]);
const Bounds = strict(
  {
    measured: described(Range, 'smallest and largest value over all runs in fine formats'),
    interval: nullable(Range, 'what data and parameters as they were can make of it, by interval arithmetic without roundings; null for parameters'),
    affine: nullable(Range, 'the same by affine forms, which know what varies together; never wider'),
    sum: nullable(count, 'word length that holds the exact sum at worst, from the proposed formats; of accumulators'),
  },
  { description: 'of its values' },
);

const Site = strict({
  key: Type.String(),
  format: Type.String(),
  given: Type.String({ description: "the target's own" }),
  rounding: StringEnum(ROUNDINGS, 'mode'),
  overflow: StringEnum(OVERFLOWS, 'mode'),
  bounds: Bounds,
  stallFraction: nullable(Type.Number({ minimum: 0, maximum: 1 }), 'share of the gradients seen that change nothing here, at least: their update is zero, or leaves the parameter as it is; of updates and parameters that only these move'),
  leastFraction: Type.Integer({ description: "fewest fraction bits with which the requirement is met where all other sites are fine; of a controller's site, where the learning step is as proposed and the other controllers as the target has them" }),
  oneBitLess: strict(
    { lost: count, runs: count, overflows: Type.Boolean(), stalls: described(count, 'runs that stall'), medianLoss: Value, refused: Type.Boolean({ description: 'the target cannot run it, or the guard does not allow it' }) },
    { description: 'the proposal with one fraction bit less here, or in the next shorter word' },
  ),
  why: Type.String(),
});
export type AdviceSite = Static<typeof Site>;

const Point = strict({
  cost: Type.Number(),
  bits: count,
  formats: Type.Record(Type.String(), strict({ wordLength: Type.Integer(), fractionLength: Type.Integer(), rounding: StringEnum(ROUNDINGS, 'mode'), overflow: StringEnum(OVERFLOWS, 'mode') }), { description: 'with the modes they were run with' }),
  loss: Interval,
  ok: Type.Boolean({ description: 'meets the requirement' }),
  proposal: Type.Boolean(),
  knee: Type.Boolean({ description: 'furthest below the line from the cheapest to the best, cost against log loss' }),
});
export type AdvicePoint = Static<typeof Point>;

/** What `qrails advise --json` prints. */
export const Advice = strict(
  {
    advice: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({ ...runNames, seeds: Type.Array(count), stresses: Type.Array(Type.String()) }),
    requirement: strict({
      survive: Type.Number({ minimum: 0, maximum: 1, description: 'share of the seeds that must survive under each stress, judged by outputs' }),
      lossRatio: nullable(Type.Number(), 'largest median of final loss over float64'), maxLoss: nullable(Type.Number(), 'largest median final loss'),
      sqnr: nullable(Type.Number(), "smallest median power of float64's outputs over that of the difference from them, on the evaluation batch, dB"),
      guard: StringEnum(GUARD_NAMES, Object.entries(GUARDS).map(([name, about]) => `${name}: ${about}`).join('; ')),
    }),
    proposal: nullable(Profile, 'the target with the proposed formats; null where none meets the requirement'),
    controllers: nullable(
      strict({ throttle: Type.String(), anchor: Type.String(), rate: Type.Number({ description: "multiple of the experiment's learning rates" }) }),
      'what the proposal runs with',
    ),
    cost: strict({
      kind: StringEnum(ADVISE_COST_NAMES, Object.entries(ADVISE_COSTS).map(([name, about]) => `${name}: ${about}`).join('; ')),
      proposal: Value, given: Type.Number({ description: "of the target's own formats" }), givenMeets: Type.Boolean({ description: 'whether those meet the requirement' }),
    }),
    evidence: strict({
      words: nullable(Type.Array(count), 'lengths words can have; null for any'),
      float: Type.Array(strict({ stress: Type.String(), seed: count, verdict: Type.String(), loss: Value })),
      proposal: nullable(
        strict({ runs: count, lost: count, medianLoss: Value, medianLossRatio: Value, medianSqnrDb: Value }),
        'what it came to over seeds and stresses; null where there is none, or a number is not finite',
      ),
      sites: Type.Array(Site),
      tried: Type.Array(strict({ throttle: Type.String(), rate: Type.Number(), cost: nullable(Type.Number(), 'of the cheapest design found; null where none meets the requirement'), designs: count, runs: count })),
    }),
    front: Type.Array(Point, { description: 'designs of which none is both cheaper and better than another, cheapest first' }),
  },
  { $id: 'https://qrails.invalid/schema/advice.schema.json', title: 'qrails advice on formats' },
);
export type Advice = Static<typeof Advice>;

/** What `qrails advise --json` prints for several targets. */
export const TargetAdvice = strict(
  {
    targetAdvice: Type.Literal(1, { description: 'version of this document' }),
    cheapest: nullable(Type.String(), 'the target whose proposal costs least, as it was given; the first of equals; null where none has one'),
    targets: Type.Array(
      strict({
        given: Type.String({ description: 'name or path as it was given' }),
        refused: nullable(strict({ where: Type.Optional(Type.String()), message: Type.String() }), 'why the target cannot run this; else null'),
        advice: nullable(Type.Omit(Advice, [], { additionalProperties: false }), 'null where it is refused'),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/targetAdvice.schema.json', title: 'qrails advice for several targets' },
);
export type TargetAdvice = Static<typeof TargetAdvice>;
