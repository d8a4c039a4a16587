/** An explanation as text: what brought it down, in which order, what the controller did, and what would have saved it. */
import { figure } from '../compare/figure.js';
import { printable } from '../document/show.js';
import { colourOf, PLAIN, supervisorText, type Palette } from '../report/terminal.js';
import type { Explanation, ExplanationEvent } from '../schema/explanation.js';
import { digits } from './chain.js';

/** Values told of what the first overflow fed, and operands of it. */
const FED = 6;
const OPERANDS = 4;
const INDENT = ' '.repeat(12);

function eventLines({ step, site, text, overflow }: ExplanationEvent, isCause: boolean, palette: Palette): string[] {
  const head = `  step ${String(step).padEnd(6)} ${isCause ? palette.bold(text) : text}`;
  if (!overflow || site === null) return [head];
  const from = overflow.operands.slice(0, OPERANDS).map(({ name, value }) => `${name} ${digits(value)}`).join(', ');
  const more = overflow.operands.length > OPERANDS ? ', …' : '';
  return [
    head,
    ...(from === '' ? [] : [palette.dim(`${INDENT} from ${from}${more}`)]),
    ...(overflow.readers.length === 0 ? [] : [palette.dim(`${INDENT} feeds ${overflow.readers.join(', ')}`)]),
    ...(overflow.alone ? [palette.dim(`${INDENT} wide enough alone: ${overflow.alone.verdict}, final loss ${figure(overflow.alone.finalLoss)}`)] : []),
  ];
}

export function renderExplanation({ plan, ended, cause, chain, fed, reaction, changes, nearest, runs }: Explanation, { palette = PLAIN, program = 'qrails' }: { palette?: Palette; program?: string } = {}): string {
  const verdict = (name: Explanation['ended']['verdict']): string => palette[colourOf[name]](name);
  const failed = cause.kind !== 'none';
  const opening = chain.find(({ kind }) => kind === 'overflow');
  return [
    palette.bold(`${printable(plan.title)} (${printable(plan.experiment)})`),
    `target ${printable(plan.profile)} · sensor ${printable(plan.sensor)} · throttle ${plan.throttle}, anchor ${plan.anchor}${supervisorText(plan)} · seed ${plan.seed} · plan ${plan.hash.slice(0, 8)}`,
    `float64 ${verdict(ended.float)}, target ${verdict(ended.verdict)}, final loss ${figure(ended.finalLoss)}`,
    ...ended.why.map((text) => palette.dim(`  ${text}`)),
    '',
    `${palette.bold('cause')}       ${failed ? `${cause.kind}: ${cause.text}` : 'nothing failed'}`,
    ...(cause.also === null ? [] : [`${INDENT}${cause.also}`]),
    '',
    ...(chain.length > 0 ? [palette.bold('what happened'), ...chain.flatMap((event) => eventLines(event, event.site !== null && event.site === cause.site, palette)), ''] : []),
    ...(fed.length > 0 ? [
      palette.bold(`what ${opening?.site ?? 'it'} fed, and what would have been had it been wide enough`),
      ...fed.slice(0, FED).map(({ site, step, differ, of, name, value, instead }) => `  step ${String(step).padEnd(6)} ${site}: ${differ} of ${of} differ, ${name} ${digits(value)} instead of ${digits(instead)}`),
      '',
    ] : []),
    `${palette.bold('controller')}  ${reaction.text}`,
    '',
    ...(changes.length > 0
      ? [palette.bold('smallest changes that would have saved it, each was run'), ...changes.flatMap(({ why, what, command, after }) => [`  ${why}: ${what} → ${after.verdict}, final loss ${figure(after.finalLoss)}`, `    ${command.replace(/^qrails\b/, program)}`]), '']
      : failed ? ['nothing that was tried would have saved it', ''] : []),
    ...(nearest.length > 0 ? [palette.bold('nearest to failing, each was run'), ...nearest.map(({ text, set }) => `  ${text}${set.length > 0 ? palette.dim(`  ${set.map((assignment) => `--set ${assignment}`).join(' ')}`) : ''}`), ''] : []),
    palette.dim(`${runs} runs`),
    '',
  ].join('\n');
}
