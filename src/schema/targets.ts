import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { VERDICTS } from '../compare/thresholds.js';
import { FixedSide, FloatSide, RaisedFlag } from './comparison.js';
import { Raw } from './plan.js';
import { StringEnum, strict, runNames } from './common.js';

/** The targets are listed one by one. */
const { profile: _, ...names } = runNames;

const count = Type.Integer({ minimum: 0 });
const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const verdict = StringEnum(VERDICTS, 'verdict');
const Name = Type.String({ description: "a target's name, or where two have the same, as it was given" });

const Ran = strict({
  planHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  weight: Type.String({ description: 'format in layer 0: sfix12_En8 and the like' }),
  accumulator: Type.String(),
  finalLoss: FloatSide.properties.finalLoss,
  finalLossRaw: Raw,
  lossRatio: Type.Union([Type.Number(), Type.Null()], { description: 'final loss over that of the reference; null where that is none' }),
  verdict,
  why: Type.Array(Type.String()),
  firstOverflow: nullable(strict({ site: Type.String(), step: count, element: count, name: Type.String(), wanted: Raw, raw: Raw })),
  steps: Type.Integer({ minimum: 0, description: 'steps run: fewer than planned after a trap' }),
  stalledSteps: count,
  trapped: FixedSide.properties.trapped,
  flags: Type.Optional(Type.Array(RaisedFlag)),
});

export const TargetRow = strict({
  target: Name,
  title: Type.String(),
  given: Type.String({ description: 'name or path as it was given' }),
  refused: nullable(strict({ where: Type.Optional(Type.String()), message: Type.String() }, { description: 'why the target cannot run this; else null' })),
  ran: nullable(Ran),
});
export type TargetRow = Static<typeof TargetRow>;

const PartValue = strict({
  raw: Type.Optional(Type.String({ pattern: Raw.pattern!, description: 'raw; absent in the reference, and for what is not yet quantised' })),
  value: Type.Union([Type.Number(), Type.Null()], { description: 'nearest binary64 number; null where it is not finite' }),
});

/** A value that is not the same on two sides. */
export const Part = strict({
  site: Type.String({ description: 'key: layer0.weight, rate' }),
  step: nullable(Type.Integer({ minimum: 0, description: 'null: a parameter as it starts, before step 0' })),
  element: Type.Integer({ minimum: 0, description: 'docs/numerics.md §2' }),
  index: Type.Integer({ minimum: 0, description: 'which product of the element; 0 elsewhere' }),
  name: Type.String({ description: 'site and element as a person reads them: layer0.activation[17][1], sample and output' }),
  lastPlace: Type.Number({ description: 'of the coarser of the two formats' }),
  base: PartValue,
  target: PartValue,
  operands: Type.Array(strict({ name: Type.String(), base: PartValue, target: PartValue }), { description: 'what went into it, as far as a step keeps it; the first 8' }),
  operandCount: Type.Integer({ minimum: 0, description: 'operands in all' }),
});
export type Part = Static<typeof Part>;

export const TargetParting = strict({
  base: Type.String({ description: 'float64, or the target the others are held against' }),
  target: Name,
  first: nullable(Part),
  beyond: nullable(Part),
  steps: Type.Integer({ minimum: 0, description: 'steps compared: until both places were found, a trap, or the end' }),
}, { description: 'first: the first value that differs at all. beyond: the first that differs by more than one last place of the coarser format' });
export type TargetParting = Static<typeof TargetParting>;

/** What `qrails compare --profile a,b,c --json` prints: a learner on several targets. */
export const TargetComparison = strict(
  {
    targetComparison: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      ...names, seed: count, steps: count,
      stressFrom: Type.Integer({ minimum: 0, description: 'first step of the first phase with the sensor on' }),
      throttle: Type.String(), anchor: Type.String(),
    }),
    reference: strict({ finalLoss: FloatSide.properties.finalLoss, finite: Type.Boolean({ description: 'every loss was finite' }), stalledSteps: count, verdict, why: Type.Array(Type.String()) }, { description: 'float64' }),
    targets: Type.Array(TargetRow, { description: 'in the order given; the first that runs is the base' }),
    parts: Type.Array(TargetParting, { description: 'the base against float64, then every other target against the base' }),
  },
  { $id: 'https://qrails.invalid/schema/targets.schema.json', title: 'qrails comparison of targets' },
);
export type TargetComparison = Static<typeof TargetComparison>;
