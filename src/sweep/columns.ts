/** The two tables of a sweep: a row for each run, a row for each point. */
import { LEVEL } from '../compare/bootstrap.js';
import { percent } from '../compare/figure.js';
import { shareInterval, type ShareInterval } from '../compare/seedsCount.js';
import { VERDICTS, type VerdictName } from '../compare/thresholds.js';
import type { Axis, SweepSide } from '../schema/sweep.js';
import { measuresOf, SWEEP_MEASURES, type SweepMeasureName } from './measures.js';
import { sidesOf, type PointStatistics } from './statistics.js';
import { targetName, targetsOf, targetValue } from './targets.js';
import type { AxisValue, RunResult, SweepSpace } from './types.js';

/** Infinite numbers occur in the table of points only. */
export type Cell = number | string | boolean | null;

/** `text` has in arrays of numbers its place in `codes`, and no place there without them. */
export type ColumnKind = 'integer' | 'number' | 'boolean' | 'text';

export interface Column {
  readonly name: string;
  readonly about: string;
  readonly kind: ColumnKind;
  readonly codes?: ReadonlyMap<string, number>;
}

/** A table: its columns, and how a row comes about. */
export interface Table<Source extends readonly unknown[]> {
  readonly columns: readonly Column[];
  readonly row: (...source: Source) => Cell[];
}

export const codesOf = (texts: Iterable<string>): ReadonlyMap<string, number> => new Map([...new Set(texts)].map((text, code) => [text, code]));
const VERDICT_CODES = codesOf(VERDICTS);
const textOf = (value: AxisValue): string => (typeof value === 'string' ? value : JSON.stringify(value));
/** `dead zone` as in a heading: `deadZone`. */
const heading = (verdict: VerdictName): string => verdict.replace(/ (.)/g, (_, letter: string) => letter.toUpperCase());
const SIDE_ABOUT: Record<SweepSide, string> = { float: 'float64', fixed: 'fixed point' };

interface AxisColumn extends Column {
  readonly cell: (value: AxisValue) => Cell;
}

/** One column for each path of an axis: numbers or booleans where all its values are, else text, of other values their JSON. */
function axisColumns(axis: Axis): AxisColumn[] {
  const numeric = (path: string): AxisColumn => ({ name: path, about: 'axis', kind: 'number', cell: (value) => value as number });
  const listed = (path: string, values: readonly AxisValue[]): AxisColumn => {
    if (values.every((value) => typeof value === 'number')) return numeric(path);
    if (values.every((value) => typeof value === 'boolean')) return { name: path, about: 'axis', kind: 'boolean', cell: (value) => value as boolean };
    return { name: path, about: 'axis', kind: 'text', codes: codesOf(values.map(textOf)), cell: textOf };
  };
  if ('paths' in axis) return axis.paths.map((path, k) => listed(path, axis.values.map((row) => row[k]!)));
  return [('values' in axis) ? listed(axis.path, axis.values) : numeric(axis.path)];
}

/** Headings are the space's own. */
const axesOf = ({ spec, columns }: SweepSpace): AxisColumn[] => spec.axes.flatMap(axisColumns).map((column, k) => ({ ...column, name: columns[k]! }));

/** One row a run. */
export function runTable(space: SweepSpace): Table<[result: RunResult, point: number, values: readonly AxisValue[]]> {
  const axes = axesOf(space);
  const sides = sidesOf(space).map((side) => ({ side, measures: measuresOf(side, space.spec.numbers) }));
  return {
    columns: [
      { name: 'run', about: 'number of the run: point · seeds + place of the seed', kind: 'integer' },
      { name: 'point', about: 'number of the point', kind: 'integer' },
      { name: 'seed', about: 'seed of the run', kind: 'integer' },
      ...axes,
      { name: 'planHash', about: 'plan hash; none where there is no plan', kind: 'text' },
      { name: 'errorCode', about: 'kind of error; none where the run was made', kind: 'text' },
      { name: 'error', about: 'why the run was not made', kind: 'text' },
      ...sides.flatMap(({ side, measures }): Column[] => [
        { name: `${side}.verdict`, about: `${SIDE_ABOUT[side]}: verdict`, kind: 'text', codes: VERDICT_CODES },
        ...measures.map((name): Column => ({ name: `${side}.${name}`, about: `${SIDE_ABOUT[side]}: ${SWEEP_MEASURES[name].about}`, kind: 'number' })),
      ]),
    ],
    row(result, point, values) {
      const { run, hash, error } = result;
      const row: Cell[] = [run, point, space.seedAt(run)];
      for (const [k, { cell }] of axes.entries()) row.push(cell(values[k]!));
      row.push(hash, error?.code ?? null, error?.message ?? null);
      for (const { side, measures } of sides) {
        const ended = result[side];
        row.push(ended?.verdict ?? null);
        for (const name of measures) row.push(ended?.[name] ?? null);
      }
      return row;
    },
  };
}

/** What stands in a point's row behind its axes. */
interface PointColumn extends Column {
  readonly cell: (point: PointStatistics, feasible: boolean) => Cell;
}

function verdictColumns(side: SweepSide, verdict: VerdictName, seeds: number): PointColumn[] {
  const name = `${side}.${heading(verdict)}`;
  const column = (suffix: string, about: string, pick: (share: ShareInterval) => number): PointColumn => ({
    name: name + suffix, about: `${SIDE_ABOUT[side]}: ${about}`, kind: 'number', cell: (point) => pick(shareInterval(point.sides[side]!.verdicts[verdict], point.seeds)),
  });
  return [
    column('', `share of all seeds whose verdict is ${verdict}`, ({ share }) => share),
    ...(seeds === 1 ? [] : [column('.low', 'lower end of its Wilson interval', ({ low }) => low), column('.high', 'upper end', ({ high }) => high)]),
  ];
}

function measureColumns(side: SweepSide, name: SweepMeasureName, seeds: number): PointColumn[] {
  const column = (suffix: string, about: string, kind: ColumnKind, pick: (sample: NonNullable<PointStatistics['sides'][SweepSide]>['measures'][typeof name]) => number | null): PointColumn => ({
    name: `${side}.${name}.${suffix}`, about: `${SIDE_ABOUT[side]}: ${about}`, kind, cell: (point) => pick(point.sides[side]!.measures[name]),
  });
  return [
    column('median', `median over the seeds that have it: ${SWEEP_MEASURES[name].about}${SWEEP_MEASURES[name].unbounded ? '; a run that diverged counts as +∞' : ''}`, 'number', ({ median }) => median),
    ...(seeds === 1 ? [] : [
      column('low', `lower end of the median's bootstrap interval at ${percent(LEVEL)}; none below two values`, 'number', ({ interval }) => interval?.[0] ?? null),
      column('high', 'upper end', 'number', ({ interval }) => interval?.[1] ?? null),
    ]),
    column('count', 'seeds that have it', 'integer', ({ count }) => count),
  ];
}

/** One row a point: intervals only where there are several seeds. What objectives and constraints use beside medians and shares has columns, too. */
export function pointTable(space: SweepSpace): Table<[point: number, values: readonly AxisValue[], statistics: PointStatistics, feasible: boolean]> {
  const axes = axesOf(space);
  const { seeds, spec } = space;
  const { objectives, constraints } = targetsOf(spec);
  const targets = [...objectives, ...constraints].filter(({ measure, statistic }) => measure !== 'survives' && statistic !== 'median');
  const columns: PointColumn[] = [
    ...(spec.constraints ? [{ name: 'feasible', about: 'whether all constraints hold', kind: 'boolean' as const, cell: (_: PointStatistics, feasible: boolean) => feasible }] : []),
    { name: 'failed', about: 'seeds whose plan could not be made or run', kind: 'integer', cell: ({ failed }) => failed },
    ...sidesOf(space).flatMap((side) => [...VERDICTS.flatMap((verdict) => verdictColumns(side, verdict, seeds)), ...measuresOf(side, spec.numbers).flatMap((name) => measureColumns(side, name, seeds))]),
    ...new Map(targets.map((target): [string, PointColumn] => [
      targetName(target), { name: targetName(target), about: `${SIDE_ABOUT[target.side]}: for an objective or constraint`, kind: 'number', cell: (point) => targetValue(target, point) },
    ])).values(),
  ];
  return {
    columns: [{ name: 'point', about: 'number of the point', kind: 'integer' }, ...axes, ...columns],
    row(point, values, statistics, feasible) {
      const row: Cell[] = [point];
      for (const [k, { cell }] of axes.entries()) row.push(cell(values[k]!));
      for (const { cell } of columns) row.push(cell(statistics, feasible));
      return row;
    },
  };
}
