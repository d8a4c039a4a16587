/** Maps: shares over rows and columns as shades, with their numbers. */
import { percent } from '../../compare/figure.js';
import { html, type Content, type Markup } from './markup.js';
import { folded, scrolled, wide } from './table.js';

export interface HeatMap {
  /** What it shows; also its name for a screen reader. */
  readonly title: string;
  readonly about: Content;
  readonly rows: readonly { readonly name: string; /** 0 to 1, or null where there is nothing to share. */ readonly shares: readonly (number | null)[] }[];
  /** Name of each column. */
  readonly columns: readonly string[];
  /** What the rows are: `site`. */
  readonly what: string;
  /** What the columns are: `step`. */
  readonly along: string;
}

const CELL = 11;
const ROW = 18;
const NAMES = 190;
const FOOT = 18;
/** Faintest shade of a share above zero: it must be seen. */
const FAINTEST = 0.15;

const shade = (share: number): string => (FAINTEST + (1 - FAINTEST) * Math.sqrt(share)).toFixed(3);

export function heatMapFigure({ title, about, rows, columns, what, along }: HeatMap): Markup {
  const width = NAMES + columns.length * CELL + 2;
  const height = rows.length * ROW + FOOT;
  const worst = rows.map(({ name, shares }) => ({ name, share: Math.max(0, ...shares.map((share) => share ?? 0)) })).reduce((a, b) => (b.share > a.share ? b : a), { name: '', share: 0 });
  return html`<figure><figcaption><h4>${title}</h4><p>${about}</p></figcaption>
${scrolled(title, html`<svg class="map" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${`${title}: ${rows.length} rows; at most ${percent(worst.share)}, at ${worst.name}`}">
${rows.map(({ name, shares }, row) => html`<text x="${NAMES - 8}" y="${row * ROW + 13}" text-anchor="end">${name}</text><rect class="track" x="${NAMES}" y="${row * ROW + 1}" width="${columns.length * CELL}" height="${ROW - 2}"/>${shares.map((share, column) => share !== null && share > 0 && html`<rect class="heat" x="${NAMES + column * CELL}" y="${row * ROW + 1}" width="${CELL - 1}" height="${ROW - 2}" fill-opacity="${shade(share)}"><title>${`${name}, ${along} ${columns[column]!}: ${percent(share)}`}</title></rect>`)}\n`)}
<text x="${NAMES}" y="${height - 4}">${along} ${columns[0]}</text><text x="${width - 2}" y="${height - 4}" text-anchor="end">${along} ${columns.at(-1)}</text></svg>`)}
${folded(`Numbers: ${title}`, wide(`Numbers: ${title}`, {
    caption: `${title}, from ${along}`, head: [what, ...columns],
    rows: rows.map(({ name, shares }) => [name, ...shares.map((share) => (share === null ? '' : share === 0 ? '0' : percent(share)))]),
    className: 'numbers',
  }))}</figure>\n`;
}
