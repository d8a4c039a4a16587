/** Stability maps, made before by `qrails map --json`, as pictures with their numbers. */
import { resolve } from 'node:path';
import { figure, percent } from '../../compare/figure.js';
import { readJson } from '../../document/json.js';
import { printable } from '../../document/show.js';
import { QrailsError } from '../../errors.js';
import { drawMap } from '../../map/picture.js';
import { svgOf } from '../../map/svg.js';
import { StabilityMap, type MapCell } from '../../schema/map.js';
import { validate } from '../../schema/validate.js';
import { html, Markup } from './markup.js';
import { folded, wide } from './table.js';

/** Values of an axis in a table of numbers at the most. */
const MOST_VALUES = 64;

/**
 * Reads a map.
 *
 * @param file path, or `-` for standard input
 * @throws QrailsError `not-found`, `unreadable`, or `invalid` with the place
 * @example renderReport({ comparison, runs, maps: [await loadMap('map.json')] })
 */
export async function loadMap(file: string, directory = process.cwd()): Promise<StabilityMap> {
  const label = file === '-' ? 'standard input' : printable(file, 400);
  const map = await validate(StabilityMap, await readJson(file === '-' ? '-' : resolve(directory, file), label), label);
  const [nx, ny] = [map.x.values.length, map.y.values.length];
  const refuse = (where: string, found: number, expected: number): never => {
    throw new QrailsError({ code: 'invalid', where: `${label}: ${where}`, message: 'not as many as the axes say', found: String(found), expected: String(expected) });
  };
  map.throttles.forEach(({ cells }, index) => {
    if (cells.length !== nx * ny) refuse(`throttles[${index}].cells`, cells.length, nx * ny);
  });
  if (map.theory && map.theory.margins.length !== ny) refuse('theory.margins', map.theory.margins.length, ny);
  map.theory?.margins.forEach((row, y) => {
    if (row.length !== nx) refuse(`theory.margins[${y}]`, row.length, nx);
  });
  return map;
}

const cellText = ({ state, finalLoss }: MapCell): string => (state === 'stable' ? figure(finalLoss) : state === 'stalled' ? `stalled ${figure(finalLoss)}` : state);

/** Every n-th index of a list, so that at most MOST_VALUES are left. */
function some(length: number): number[] {
  const every = Math.ceil(length / MOST_VALUES);
  return Array.from({ length: Math.ceil(length / every) }, (_, k) => k * every);
}

/** The pictures stand in the page as images: nothing in them can run. */
export function mapSection(maps: readonly StabilityMap[]): Markup | undefined {
  if (maps.length === 0) return undefined;
  return html`<section aria-labelledby="maps"><h2 id="maps">Maps</h2>
${maps.map((map) => {
    const drawing = drawMap(map);
    const { x, y, plan, throttles } = map;
    const shares = throttles.map(({ name, divergedShare, stalledShare }) => `${name}: ${percent(divergedShare)} diverged, ${percent(stalledShare)} stalled`).join('; ');
    const [columns, rows] = [some(x.values.length), some(y.values.length)];
    const thinned = columns.length < x.values.length || rows.length < y.values.length;
    return html`<figure><figcaption><h3>${plan.title}</h3><p>Across: <code>${x.path}</code>; upwards: <code>${y.path}</code>. ${shares}. Plan <code>${plan.hash.slice(0, 8)}</code></p></figcaption>
<img src="data:image/svg+xml;base64,${Buffer.from(svgOf(drawing), 'utf8').toString('base64')}" width="${Math.round(drawing.width)}" height="${Math.round(drawing.height)}" alt="${`Stability map over ${x.path} and ${y.path}. ${shares}.`}">
${throttles.map(({ name, cells }) => folded(`Numbers: ${name}`, wide(`Numbers: ${plan.title}, ${name}`, {
      caption: html`Final loss of each cell, or how it ended. Columns: <code>${x.path}</code>, rows: <code>${y.path}</code>${thinned && html`; at most ${MOST_VALUES} values of each, evenly taken`}`,
      head: [html`<code>${y.path}</code>`, ...columns.map((column) => figure(x.values[column]!))],
      rows: rows.map((row) => [figure(y.values[row]!), ...columns.map((column) => cellText(cells[row * x.values.length + column]!))]), className: 'numbers',
    })))}</figure>\n`;
  })}</section>\n`;
}
