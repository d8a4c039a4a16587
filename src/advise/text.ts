/** Advice as text: what is proposed, why, and what more or fewer bits would buy. */
import { figure, percent } from '../compare/figure.js';
import { printable } from '../document/show.js';
import { NONE, PLAIN, supervisorText, type Palette } from '../report/terminal.js';
import type { Advice, TargetAdvice } from '../schema/advice.js';
import type { AdviseCost } from './cost.js';

const UNITS: Readonly<Record<AdviseCost, string>> = { bits: 'bits', memory: 'bits of memory', multipliers: 'multiplier passes a step' };
/** Points of the front that are shown. */
const SHOWN = 12;

export function renderAdvice({ plan, requirement, controllers, cost, evidence, front, proposal }: Advice, { palette = PLAIN }: { palette?: Palette } = {}): string {
  const wanted = [
    `${percent(requirement.survive)} of the seeds survive under each stress`,
    ...(requirement.lossRatio === null ? [] : [`median loss at most ${figure(requirement.lossRatio)} times float64's`]),
    ...(requirement.maxLoss === null ? [] : [`median loss at most ${figure(requirement.maxLoss)}`]),
    ...(requirement.sqnr === null ? [] : [`median SQNR at least ${figure(requirement.sqnr)} dB`]),
  ].join(', ');
  const unit = UNITS[cost.kind];
  const result = evidence.proposal;
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
    const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
    const line = (cells: readonly string[]): string => cells.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd();
    return [palette.dim(line(head)), ...rows.map(line)];
  };
  const lines = [
    palette.bold(printable(plan.title)),
    `target ${printable(plan.profile)}${supervisorText(plan)} · ${plan.seeds.length === 1 ? `seed ${plan.seeds[0]}` : `seeds ${plan.seeds[0]} to ${plan.seeds.at(-1)}`} · under ${plan.stresses.map((stress) => printable(stress)).join(', ')}`,
    `wanted: ${wanted}, nothing stalls, ${requirement.guard === 'interval' ? 'nothing can overflow' : 'nothing overflows'}`,
    '',
  ];
  const given = `${cost.given} ${unit} as ${printable(plan.profile)} has it${cost.givenMeets ? '' : ', which does not meet this'}`;
  if (!proposal || !controllers) {
    const lost = evidence.float.filter(({ verdict }) => verdict !== 'survives').length;
    lines.push(palette.red('no formats meet this.'), lost > 0 ? `float64 itself does not survive in ${lost} of ${evidence.float.length} runs: it takes another controller or rate` : 'float64 survives; a finer profile of the controllers, another rate or a weaker requirement is needed', given, '');
    return lines.join('\n');
  }
  lines.push(
    `${palette.green(`${cost.proposal} ${unit}`)} · throttle ${controllers.throttle}, anchor ${controllers.anchor}${controllers.rate === 1 ? '' : `, learning rates × ${figure(controllers.rate)}`} · ${given}`,
    `${result!.runs - result!.lost} of ${result!.runs} runs survive · median loss ${figure(result!.medianLoss)}, ${figure(result!.medianLossRatio)} times float64's · median SQNR ${figure(result!.medianSqnrDb)} dB`,
    '',
    ...table(['site', 'format', 'given', 'modes', 'why'], evidence.sites.map(({ key, format, given: own, rounding, overflow, why }) => [key, format, own, `${rounding} ${overflow}`, why])),
    '',
  );
  if (evidence.tried.length > 1) {
    lines.push(...table(['throttle', 'rate', 'cheapest'], evidence.tried.map(({ throttle, rate, cost: least }) => [throttle, `× ${figure(rate)}`, least === null ? NONE : `${least} ${unit}`])), '');
  }
  const at = front.findIndex((point) => point.proposal);
  const from = Math.max(0, Math.min(front.length - SHOWN, (at < 0 ? 0 : at) - SHOWN / 2));
  lines.push(
    ...table(['', unit, 'median loss', 'interval', ''], front.slice(from, from + SHOWN).map((point, k) => [
      String(from + k), String(point.cost), figure(point.loss.median), point.loss.low === null ? NONE : `${figure(point.loss.low)} to ${figure(point.loss.high)}`,
      [point.proposal && 'proposal', point.knee && 'knee', !point.ok && 'not enough'].filter(Boolean).join(', '),
    ])),
    ...(front.length > SHOWN ? [`${front.length - SHOWN} more points in --json`] : []),
    '',
  );
  return lines.join('\n');
}

/** Advice for several targets as text: one after the other, then which of them does with least. */
export function renderTargetAdvice({ cheapest, targets }: TargetAdvice, options: { palette?: Palette } = {}): string {
  const { palette = PLAIN } = options;
  const parts = targets.map(({ given, refused, advice }) =>
    (advice ? renderAdvice(advice, options) : `${palette.bold(printable(given))}\n${palette.red('refused')}: ${printable(refused!.where === undefined ? refused!.message : `${refused!.where}: ${refused!.message}`, 400)}\n`));
  const costs = targets.flatMap(({ given, advice }) => (advice?.cost.proposal == null ? [] : [`${printable(given)} ${advice.cost.proposal}`]));
  return [...parts, cheapest === null ? palette.red('no target meets this.') : `${palette.green(printable(cheapest))} does with least (${UNITS[targets.find(({ advice }) => advice)!.advice!.cost.kind]}): ${costs.join(', ')}`, ''].join('\n');
}
