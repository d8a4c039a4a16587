/** Instruments of a run as text: limits, then what each side came to. */
import { figure, percent } from '../compare/figure.js';
import { printable } from '../document/show.js';
import { PLAIN, supervisorText, type Palette } from '../report/terminal.js';
import { STABILITY_LIMIT } from '../schema/map.js';
import type { InstrumentRun, Instruments, InstrumentSide } from '../schema/instruments.js';
import { SIDES, type ValueColumn } from './columns.js';

const LABEL = 36;
const COLUMN = 26;
const NONE = '–';
const NAMES = { float: 'float64', fixed: 'target' } as const;

const number = (value: number | null): string => (value === null ? NONE : figure(value));
/** Limits and cosines are told apart by their later digits. */
const precise = (value: number | null): string => (value === null || value === 0 || Math.abs(value) < 0.001 || Math.abs(value) >= 1000 ? number(value) : String(Number(value.toPrecision(4))));

interface Line {
  readonly label: string;
  readonly text: (side: InstrumentSide) => string;
}

const range = (label: string, name: ValueColumn): Line => ({
  label, text: ({ ranges: { [name]: { min, max } } }) => (min === null ? NONE : figure(min) === figure(max) ? figure(min) : `${figure(min)} … ${figure(max)}`),
});
const end = (label: string, name: ValueColumn, which: 'min' | 'max' | 'last', text = number): Line => ({ label, text: ({ ranges }) => text(ranges[name][which]) });

const LINES: readonly Line[] = [
  end('largest loss', 'loss', 'max'),
  end('last loss', 'loss', 'last'),
  end('last weight error ‖W − W_ref‖', 'weightError', 'last'),
  range('λmax of the Hessian', 'lambdaMax'),
  range('gᵀHg / gᵀg', 'gradientSharpness'),
  range('curvature proxy C', 'curvature'),
  range('throttle α', 'alpha'),
  range('margin η·λmax', 'rawMargin'),
  range('margin α·η·λmax', 'throttledMargin'),
  { label: `  steps with it above ${STABILITY_LIMIT}`, text: ({ unstableShare }) => (unstableShare === null ? NONE : percent(unstableShare)) },
  end('largest spectral radius, throttled', 'throttledRadius', 'max', precise),
  end('smallest update cosine', 'updateCosine', 'min', precise),
  { label: 'most saturated in a step', text: ({ ranges: { saturated: { max } } }) => (max === null ? NONE : percent(max)) },
  { label: 'most underflowed in a step', text: ({ ranges: { underflowed: { max } } }) => (max === null ? NONE : percent(max)) },
  { label: 'batch sharpness at the end (2/η)', text: ({ batchSharpness }) => (batchSharpness ? `${figure(batchSharpness.value)} (${figure(batchSharpness.limit)})` : NONE) },
  { label: 'min-ACC of −loss, phases as tasks', text: ({ stabilityGap }) => number(stabilityGap?.minAccuracy ?? null) },
  { label: 'WC-ACC', text: ({ stabilityGap }) => number(stabilityGap?.worstCase ?? null) },
  { label: 'windowed forgetting by phase', text: ({ stabilityGap }) => stabilityGap?.windowedForgetting.map(figure).join(', ') ?? NONE },
  { label: 'windowed plasticity by phase', text: ({ stabilityGap }) => stabilityGap?.windowedPlasticity.map(figure).join(', ') ?? NONE },
];

function limitsText({ limits }: InstrumentRun): string {
  if (!limits) return 'no limits from theory: they are of one linear layer';
  const { learningRate, batch, rows, gradientDescent, traceBound, meanSquare } = limits;
  const sgd = meanSquare ? `, SGD with batches of ${batch} in the mean square below ${precise(meanSquare.withoutReplacement)} (with replacement ${precise(meanSquare.withReplacement)})` : '';
  return `η is ${precise(learningRate)}; on the ${rows} rows as they arrive at the end gradient descent is stable below ${precise(gradientDescent)}${sgd}; 2/trace is ${precise(traceBound)}`;
}

/**
 * The summary: for every run its limits and both sides' extremes over the measured steps.
 *
 * @param palette colours of a terminal; default none
 */
export function renderInstruments({ plan, every, runs }: Instruments, { palette = PLAIN }: { palette?: Palette } = {}): string {
  const lines = [
    `${palette.bold(printable(plan.title, 200))} ${palette.dim(`(${plan.experiment}) on ${plan.profile}, sensor ${plan.sensor}, ${plan.steps} steps, seed ${plan.seed}${supervisorText(plan)}, measured every ${every === 1 ? 'step' : `${every} steps`}`)}`,
  ];
  for (const run of runs) {
    lines.push('', `${palette.bold(`throttle ${run.throttle}, anchor ${run.anchor}`)} ${palette.dim(`plan ${run.planHash.slice(0, 8)}`)}`, `  ${limitsText(run)}`, '');
    lines.push(palette.dim(`  ${' '.repeat(LABEL)}${SIDES.map((side) => NAMES[side].padEnd(COLUMN)).join('')}`.trimEnd()));
    for (const { label, text } of LINES) {
      const cells = SIDES.map((side) => text(run[side]));
      if (cells.some((cell) => cell !== NONE)) lines.push(`  ${label.padEnd(LABEL)}${cells.map((cell) => cell.padEnd(COLUMN)).join('')}`.trimEnd());
    }
  }
  return `${lines.join('\n')}\n`;
}
