/** The moments it went wrong: the first overflow of each site with its operands, and where float64 and fixed part. */
import type { Part, Parting, PartValue } from '../../compare/parting.js';
import { rawToReal } from '../../format/format.js';
import type { ComparisonRun } from '../../schema/comparison.js';
import type { Plan } from '../../schema/plan.js';
import { NONE } from '../terminal.js';
import { html, type Content, type Markup } from './markup.js';
import { table, wide } from './table.js';

/** A real number with the digits that tell neighbours apart. */
const real = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(9))) : 'not finite');
const withRaw = ({ raw, value }: { raw?: bigint | string | undefined; value: number }): string => `${real(value)}${raw === undefined ? '' : ` (raw ${raw})`}`;

/** In the order in which they happened. */
export function firstOverflows({ fixed: { sites } }: ComparisonRun, plan: Plan, label: string): Markup {
  const first = Object.entries(sites).flatMap(([key, { firstOverflow }]) => (firstOverflow ? [{ key, ...firstOverflow }] : [])).sort((a, b) => a.step - b.step);
  if (first.length === 0) return html`<p>No value went beyond a rail.</p>`;
  return wide(`First overflows: ${label}`, {
    caption: 'First overflow of each site, and the operands it came from as far as a step keeps them',
    head: ['site', 'step', 'element', 'wanted', 'got', 'operands'],
    rows: first.map(({ key, step, element, wanted, raw, operands = [] }) => {
      const value = (text: string): string => withRaw({ raw: text, value: rawToReal(BigInt(text), plan.sites[key]!.fractionLength) });
      return [html`<code>${key}</code>`, step, element, value(wanted), value(raw), operands.length === 0 ? NONE : html`<ul>${operands.map((operand) => html`<li><code>${operand.name}</code> = ${withRaw(operand)}</li>`)}</ul>`];
    }),
  });
}

const place = ({ step, name }: Part): string => `${name}, ${step === undefined ? 'before step 0' : `step ${step}`}`;

function partTable(caption: string, part: Part): Markup {
  const both = (base: PartValue, target: PartValue): [string, string] => [withRaw(base), withRaw(target)];
  const more = part.operandCount - part.operands.length;
  return table({
    caption: html`${caption}: <strong>${place(part)}</strong>`, head: ['what', 'float64', 'fixed'],
    rows: [
      ['value', ...both(part.base, part.target)],
      ...part.operands.map((operand): Content[] => [html`from <code>${operand.name}</code>`, ...both(operand.base, operand.target)]),
      ...(more > 0 ? [[`and ${more} more operands`, '', '']] : []),
    ],
  });
}

/** @param parting undefined where it was not looked for */
export function partedAt({ difference, float, fixed }: ComparisonRun, parting: Parting | undefined): Markup {
  const losses = difference.partedAt === null ? 'Their losses never part.' : `Their losses part at step ${difference.partedAt}.`;
  if (!parting) return html`<p>${losses}</p>`;
  const { first, beyond, steps } = parting;
  if (!first) return html`<p>Every value is the same through step ${steps - 1}. ${losses}</p>`;
  const same = beyond && first.name === beyond.name && first.step === beyond.step && first.index === beyond.index;
  const ended = fixed.trapped !== null && fixed.steps < float.steps ? ` The fixed run was ended by a trap at ${fixed.trapped}.` : '';
  return html`<p>${losses}${ended}</p>
${!same && partTable('First value that differs at all, within a last place, which rounding alone explains', first)}
${beyond ? partTable(same ? 'First value that differs, and by more than a last place' : 'First value that differs by more than a last place', beyond) : html`<p>Never by more than a last place through step ${steps - 1}.</p>`}`;
}
