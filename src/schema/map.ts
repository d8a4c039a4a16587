import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { FEWEST_VALUES, MOST_VALUES, SPACINGS } from '../map/axis.js';
import { strict, StringEnum, runNames } from './common.js';

/** The margin η·λmax at which plain gradient descent ceases to converge. */
export const STABILITY_LIMIT = 2;
export const CELL_STATES = ['stable', 'stalled', 'diverged', 'refused'] as const;
export type CellState = (typeof CELL_STATES)[number];

const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const nullable = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });

const Axis = strict({
  path: Type.String({ description: 'as --set takes it' }),
  spacing: StringEnum(SPACINGS, 'lin: equal differences; log: equal ratios'),
  values: Type.Array(Type.Number(), { minItems: FEWEST_VALUES, maxItems: MOST_VALUES, description: 'ascending' }),
});

const Cell = strict({
  x: Type.Number(),
  y: Type.Number(),
  state: StringEnum(CELL_STATES, 'diverged: a loss above divergedLoss or not finite, or a TRAP; stalled: not diverged, and the dead-zone rule of docs/verdicts.md holds; refused: the target cannot run it; stable: the others'),
  divergedAt: nullable(Type.Integer({ minimum: 0 }), 'first such step; the number of steps where only the final loss is'),
  finalLoss: nullable(Type.Number(), 'where the cell has not diverged'),
});
export type MapCell = Static<typeof Cell>;

const Spread = strict({ mean: share('over the draws'), min: share('smallest'), max: share('largest') });

const Draws = strict({
  count: Type.Integer({ minimum: 1 }),
  divergedShare: Spread,
  stalledShare: Spread,
  each: Type.Array(strict({ seed: Type.Integer({ minimum: 0, description: 'that draws the initial weights, and nothing else' }), divergedShare: share(''), stalledShare: share('') })),
});

/** What `qrails map --json` prints. */
export const StabilityMap = strict(
  {
    map: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'over the plans of all cells' }),
      ...runNames,
      profile: Type.String({ description: 'target the plans were made for; with numbers float64 only its constants count' }),
      anchor: Type.String(),
      seed: Type.Integer({ minimum: 0 }),
      steps: Type.Integer({ minimum: 1, description: 'of the longest cell' }),
      divergedLoss: Type.Number(),
    }),
    numbers: StringEnum(['float64', 'fixed'] as const, 'number system the cells ran in'),
    x: Axis,
    y: Axis,
    theory: nullable(
      strict({
        limit: Type.Literal(STABILITY_LIMIT, { description: 'margin above which plain gradient descent diverges' }),
        share: share('of the cells with a margin, above the limit'),
        margins: Type.Array(Type.Array(nullable(Type.Number(), 'of one cell')), { description: 'η·λmax(XᵀX/N) of each cell, [y][x]; null where the target refuses it' }),
      }),
      'null for more than one layer, or batches that are not all rows',
    ),
    throttles: Type.Array(
      strict({
        name: Type.String(),
        divergedShare: share('of the cells that ran'),
        stalledShare: share('of the cells that ran'),
        refusedShare: share('of all cells'),
        refusal: nullable(Type.String(), 'why the first of them was refused'),
        cells: Type.Array(Cell, { description: 'row by row: x runs first' }),
        draws: nullable(Draws, 'the same map with other initial weights'),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/map.schema.json', title: 'qrails map' },
);
export type StabilityMap = Static<typeof StabilityMap>;
export type MapThrottle = StabilityMap['throttles'][number];
export type MapDraws = Static<typeof Draws>;
