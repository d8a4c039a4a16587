/** Figures of both sides of a run, as the terminal has them. */
import { figure, percent } from '../../compare/figure.js';
import { rawToReal } from '../../format/format.js';
import type { ComparisonRun, FloatSide } from '../../schema/comparison.js';
import type { Plan } from '../../schema/plan.js';
import { NONE } from '../terminal.js';
import type { Markup } from './markup.js';
import { table } from './table.js';

/** A whole number as people write it. */
export const counted = (value: number): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');

type Cell = (side: FloatSide) => string;

/** A final loss of the target; zero is below the last place of its format. */
export const fixedLoss = ({ finalLoss }: FloatSide, { sites }: Plan): string => (finalLoss === 0 ? `< ${figure(rawToReal(1n, sites['loss']!.fractionLength))}` : figure(finalLoss));

const step = (at: number | null): string => (at === null ? NONE : `step ${at}`);

const FIGURES: readonly (readonly [string, Cell])[] = [
  ['cross-entropy', ({ crossEntropy }) => (crossEntropy === undefined ? NONE : figure(crossEntropy))],
  ['worst loss', ({ maxLoss, maxLossAt }) => `${figure(maxLoss)} at step ${maxLossAt}`],
  ['mean loss', ({ meanLoss }) => figure(meanLoss)],
  ['diverged', ({ divergedAt }) => step(divergedAt)],
  ['weight error', ({ weightError, finite }) => (weightError === null && finite ? NONE : figure(weightError))],
  ['throttle α: first, median, last', ({ alpha }) => (alpha === null ? 'off' : [alpha.first, alpha.median, alpha.last].map(figure).join(', '))],
  ['steps stalled', ({ stalledSteps, steps }) => `${percent(stalledSteps / steps)} (${counted(stalledSteps)})`],
  ['nothing moved from', ({ stillFrom }) => step(stillFrom)],
  ['steps taken back', ({ rejectedSteps, steps }) => (rejectedSteps === 0 ? NONE : `${percent(rejectedSteps / steps)} (${counted(rejectedSteps)})`)],
  ['anchor let go', ({ events }) => (events === 0 ? NONE : `${events}×`)],
];

export const figuresTable = (run: ComparisonRun, plan: Plan): Markup => table({
  caption: 'Figures of the whole run',
  head: ['figure', 'float64', 'fixed'],
  rows: [['final loss', figure(run.float.finalLoss), fixedLoss(run.fixed, plan)], ...FIGURES.map(([label, cell]) => [label, cell(run.float), cell(run.fixed)]).filter(([, ...cells]) => cells.some((text) => text !== NONE))],
});
