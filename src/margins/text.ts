/** Margins as text: what the plan stands, what it does not, and how sure that is. */
import { figure } from '../compare/figure.js';
import { printable } from '../document/show.js';
import { NONE, PLAIN, supervisorText, type Palette } from '../report/terminal.js';
import type { MarginDirection, MarginEnd, Margins, MarginQuantity, MarginSeeds, MarginWord } from '../schema/margins.js';
import { PARTS } from './registry.js';

/** Directions of drift listed. */
const LISTED = 5;

const counted = (end: MarginEnd): string => (end.refused === null ? `${end.survived}/${end.of}` : 'refused');
const interval = ({ low, high }: { readonly low: number; readonly high: number }): string => `${low.toFixed(2)} to ${high.toFixed(2)}`;
/** Values may have three digits: two would hide a bracket. */
const number = (value: number): string => (value !== 0 && Math.abs(value) < 0.001 ? figure(value) : String(Number(value.toPrecision(3))));
const cell = (end: MarginEnd | null, none: string, text: (value: number) => string = number): string => (end === null ? none : `${text(end.value)} (${counted(end)})`);

interface Bracketed {
  readonly survivesAt: MarginEnd | null;
  readonly failsAt: MarginEnd | null;
  readonly again: readonly number[];
}

/** The two cells of a bracket. */
const cells = ({ survivesAt, failsAt, again }: Bracketed): string[] => [cell(survivesAt, again.length > 0 ? NONE : 'nowhere'), cell(failsAt, 'nothing tried')];
const againText = ({ again, survivesAt }: Bracketed): string => (again.length === 0 ? '' : `survives ${survivesAt === null ? 'only' : 'again'} at ${again.map(number).join(', ')}`);
/** Median and range of the ends of every seed. */
const seedsText = ({ bySeed }: { readonly bySeed: MarginSeeds | null }): string => {
  if (bySeed === null) return NONE;
  const [median, low, high] = [bySeed.median, bySeed.low, bySeed.high].map((value) => (value === null ? 'nowhere' : number(value)));
  return low === high ? low! : `${median} (${low} to ${high})`;
};

/** How far it is from the value as it is to the last one that survives. */
function distance({ now, survivesAt, failsAt, term }: MarginQuantity): string {
  if (survivesAt === null) return NONE;
  const more = failsAt === null ? ' or more' : '';
  if (now === 0) return `${number(survivesAt.value)}${more}`;
  const factor = survivesAt.value / now;
  return `×${number(factor)}${more}${term === null ? '' : ` (γ ${number(term)} → ${number(term * factor)})`}`;
}

/** Bits to spare, or lacking. */
function spare({ wordLength, survivesAt, failsAt }: MarginWord): string {
  if (survivesAt === null) return NONE;
  const bits = wordLength - survivesAt.value;
  return `${bits > 0 ? `${bits} to spare` : bits === 0 ? 'none to spare' : `${-bits} lacking`}${failsAt === null ? ', or more' : ''}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[], palette: Palette): string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => [...row[column]!].length)));
  const line = (row: readonly string[]): string => row.map((text, column) => text.padEnd(widths[column]! + text.length - [...text].length)).join('  ').trimEnd();
  return rows.length === 0 ? [] : [palette.dim(line(head)), ...rows.map(line), ''];
}

/** `+ − 0 0`: signs of a direction, channel by channel. */
const signs = ({ direction }: MarginDirection): string => direction.map((value) => (value === 0 ? '0' : value > 0 ? '+' : '−')).join(' ');

export function renderMargins({ plan, share, needed, now, sensorOn, quantities, words, drift }: Margins, { palette = PLAIN }: { palette?: Palette } = {}): string {
  const tried = drift?.tried ?? [];
  // Of a plan that does not survive as it is most words are no way out.
  const telling = words.filter(({ survivesAt, again }) => survivesAt !== null || again.length > 0);
  const hopeless = words.filter((word) => !telling.includes(word));
  const measured = words.filter(({ outputs }) => outputs);
  const part = words.some(({ followers }) => followers.length > 0) ? words.filter(({ followers }, k) => followers.length > 0 && words.findIndex(({ site }) => site === words[k]!.site) === k) : [];
  return [
    palette.bold(printable(plan.title)),
    `target ${printable(plan.profile)} · sensor ${printable(plan.sensor)} · throttle ${plan.throttle}, anchor ${plan.anchor}${supervisorText(plan)} · ${plan.seeds === 1 ? `seed ${plan.first}` : `seeds ${plan.first} to ${plan.first + plan.seeds - 1}`}`,
    `survives: at least ${needed} of ${plan.seeds} ${plan.seeds === 1 ? 'seed' : 'seeds'} (${number(100 * share)} %). As it is ${now.survived} of ${now.of} do (of all seeds ${interval(now)}, at 95 %): ${now.survives ? palette.green('it survives') : palette.red('it does not survive')}`,
    ...(now.same ? ['every seed gives the same run: the counts say nothing of chance'] : []),
    ...(sensorOn || (quantities.length === 0 && drift === null) ? [] : ['no phase has the sensor on: for gain, offset, noise and drift all have']),
    '',
    ...table(['', 'now', 'survives at', 'fails at', 'seed by seed', 'margin', ''],
      quantities.map((quantity) => [`${quantity.sense} ${quantity.label}`, number(quantity.now), ...cells(quantity), seedsText(quantity), distance(quantity), againText(quantity)]), palette),
    ...table(['word length', 'now', 'bits', 'survives at', 'fails at', 'seed by seed', 'margin', ''],
      telling.map((word) => [word.site, word.format, word.part, ...cells(word), seedsText(word), spare(word), againText(word)]), palette),
    ...(hopeless.length > 0 ? [palette.dim(`nowhere: ${hopeless.map(({ site, part: of }) => `${site} (${of})`).join(', ')}`), ''] : []),
    ...(measured.length > 0 ? [palette.dim(`judged by the outputs, for the target's own loss is rounded with it: ${[...new Set(measured.map(({ site }) => site))].join(', ')}`)] : []),
    ...part.map(({ site, followers }) => palette.dim(`with ${site}: ${followers.join(', ')}`)),
    ...(words.length > 0 ? [palette.dim(Object.entries(PARTS).map(([name, about]) => `${name}: bits ${about}`).join('; ')), ''] : []),
    ...table(['drift, gains 1 + ε·d', 'survives at ε', 'fails at ε', ''], tried.slice(0, LISTED).map((one, rank) => [`${signs(one)}${rank === 0 ? '  (worst)' : ''}`, ...cells(one), againText(one)]), palette),
    ...(drift !== null && tried.length === 0 ? [palette.dim('drift: it does not survive without any'), ''] : []),
    ...(tried.length > LISTED ? [palette.dim(`${tried.length - LISTED} directions more; none fails before the worst`), ''] : []),
  ].join('\n').replace(/\n*$/, '\n');
}
