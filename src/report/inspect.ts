/** The flight recorder of one run as text: every site with its range, pressure, rounding error, histogram, strip over time and first overflow. */
import { figure, percent } from '../compare/figure.js';
import type { Comparison, SiteCounters } from '../schema/comparison.js';
import { heading, PLAIN, supervisorText, type Palette } from './terminal.js';

const BLOCKS = [...' ▁▂▃▄▅▆▇█'];
const STRIP = 32;

/** Numbers as blocks, each as a share of the largest; anything above zero shows. */
function blocks(values: readonly number[], largest = Math.max(...values)): string {
  return values.map((value) => BLOCKS[value === 0 || largest === 0 ? 0 : Math.max(1, Math.ceil((value / largest) * (BLOCKS.length - 1)))]).join('');
}

/** Bits of magnitude of a format: the bins of its histogram besides zero. */
function magnitudeBits(format: string): number {
  const [, sign, width] = /^([su])fix(\d+)/.exec(format)!;
  return Number(width) - (sign === 's' ? 1 : 0);
}

function folded(values: readonly number[], columns: number): number[] {
  const width = Math.min(columns, values.length);
  return Array.from({ length: width }, (_, c) => values.slice(Math.floor((c * values.length) / width), Math.floor(((c + 1) * values.length) / width)).reduce((sum, value) => sum + value, 0));
}

/**
 * Every run of a comparison that was recorded in full.
 *
 * The histogram reads from the last place (left) to the rail (right), zeros in front of the bar; the strip shows overflows over time.
 */
export function renderInspection({ plan, runs }: Comparison, { palette = PLAIN }: { palette?: Palette } = {}): string {
  const lines = [`${palette.bold(plan.title)} ${palette.dim(`(${plan.experiment}) on ${plan.profile}, sensor ${plan.sensor}, ${plan.steps} steps, seed ${plan.seed}${supervisorText(plan)}`)}`];
  for (const run of runs) {
    lines.push('', `${palette.bold(heading(run))} ${palette.dim(`plan ${run.planHash.slice(0, 8)}`)}: ${run.verdict.fixed}`, '');
    const sites = Object.entries(run.fixed.sites).filter(([, { count }]) => count > 0);
    const name = Math.max(...sites.map(([key]) => key.length));
    const head = `${'site'.padEnd(name)}  ${'format'.padEnd(13)}${'values'.padStart(9)}  ${'over ↑'.padStart(7)}${'over ↓'.padStart(8)}${'near'.padStart(8)}${'under'.padStart(8)}${'stalled'.padStart(8)}  ${'smallest'.padStart(9)}${'largest'.padStart(9)}${'bias'.padStart(9)}  zeros, log2 |raw| to the rail`;
    lines.push(palette.dim(head));
    for (const [key, site] of sites) lines.push(siteLine(key.padEnd(name), site, plan.steps, palette));
    const pressed = sites.filter(([, { overflowHigh, overflowLow }]) => overflowHigh + overflowLow > 0);
    if (pressed.length > 0) lines.push('', palette.dim(`overflows over time, steps 0 to ${plan.steps - 1}`));
    for (const [key, { full }] of pressed) {
      const { strip } = full!;
      const over = folded(strip.overflowHigh.map((high, i) => high + strip.overflowLow[i]!), STRIP);
      const counts = folded(strip.count, STRIP);
      lines.push(`${key.padEnd(name)}  ${palette.red(`▕${blocks(over.map((n, i) => (counts[i] ? n / counts[i] : 0)), 1)}▏`)}`);
    }
    if (pressed.length > 0) lines.push('', palette.dim('first overflow of each site'));
    for (const [key, { firstOverflow }] of [...pressed].sort(([, a], [, b]) => a.firstOverflow!.step - b.firstOverflow!.step)) {
      const { step, element, wanted, raw, operands = [] } = firstOverflow!;
      const from = operands.length > 0 ? ` from ${operands.map((operand) => `${operand.name} = ${figure(operand.value)}`).join(', ')}` : '';
      lines.push(`${key.padEnd(name)}  step ${step}, element ${element}: wanted raw ${wanted}, got ${raw}${from}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function siteLine(name: string, site: SiteCounters, steps: number, palette: Palette): string {
  const share = (n: number, width: number): string => (n === 0 ? '·' : percent(n / site.count)).padStart(width);
  const [zeros = 0, ...bins] = site.full!.histogram;
  const range = bins.concat(Array<number>(Math.max(0, magnitudeBits(site.format) - bins.length)).fill(0));
  // The square root lets small bins be seen beside large ones.
  const bar = blocks(range.map(Math.sqrt));
  const over = site.overflowHigh + site.overflowLow > 0;
  return (
    `${over ? palette.red(name) : name}  ${site.format.padEnd(13)}${String(site.count).padStart(9)}  ${share(site.overflowHigh, 7)}${share(site.overflowLow, 8)}${share(site.nearRail, 8)}${share(site.underflow, 8)}` +
    `${(site.stalledSteps === 0 ? '·' : percent(site.stalledSteps / steps)).padStart(8)}  ${figure(site.min).padStart(9)}${figure(site.max).padStart(9)}${biasText(site.full!.meanError).padStart(9)}  ${percent(zeros / site.count).padStart(5)} ${palette.cyan(`▕${bar}▏`)}`
  );
}

const biasText = (error: number): string => (Math.abs(error) < 5e-4 ? '0' : `${error > 0 ? '+' : ''}${error.toFixed(3)}`);
