// docs/map.md: the maps of exp-001 on a reduced grid, as the compiled host and core make them.
//   node scripts/map.mjs           writes figures, cells and tables (minutes)
//   node scripts/map.mjs --check   writes nothing: computes some of the cells and draws again, makes figures and tables from the stored cells, names what is stale and exits with 1
import { percent } from '../dist/compare/figure.js';
import { drawMap, mapCsv, stabilityMap, svgOf } from '../dist/index.js';
import { read, table, withBlock, write } from './page.mjs';

const GRID = 21;
/** Its values are every fifth of the grid's. */
const CHECKED_GRID = 5;
const THROTTLES = ['none', 'gt0/secant', 'gt0/trace', 'table', 'gt1/secant', 'gt2-qa/secant'];
const KINDS = { 'float64': { float: true, throttle: THROTTLES }, 'enabol-wide': { profile: 'enabol-wide', throttle: THROTTLES } };
/** What an unthrottled step can throw out is thrown out in a few steps: other weights need no more. */
const DRAWING = { float: true, throttle: THROTTLES, grid: 11, steps: 50 };
const DRAWS = 100;
const CHECKED_DRAWS = 2;
const DRAWS_FILE = 'docs/map/exp-001-draws.csv';
const PAGE = 'docs/map.md';

const cellsFile = (kind) => `docs/map/exp-001-${kind}.csv`;

const check = process.argv.includes('--check');
const wanted = new Map();

/** The map whose cells are those of a CSV; everything else is that of a coarser map. */
function fromCsv(text, coarse) {
  const rows = text.trimEnd().split('\n').slice(1).map((row) => row.split(','));
  const values = (column) => [...new Set(rows.map((row) => Number(row[column])))];
  const number = (cell) => (cell === '' ? null : Number(cell));
  const [x, y] = [{ ...coarse.x, values: values(1) }, { ...coarse.y, values: values(2) }];
  const margins = y.values.map((_, row) => rows.slice(row * x.values.length, (row + 1) * x.values.length).map((cells) => number(cells[6])));
  return {
    ...coarse, x, y, theory: { ...coarse.theory, margins, share: margins.flat().filter((margin) => margin > coarse.theory.limit).length / margins.flat().length },
    throttles: coarse.throttles.map((throttle) => {
      const cells = rows.filter(([name]) => name === throttle.name).map((row) => ({ x: number(row[1]), y: number(row[2]), state: row[3], divergedAt: number(row[4]), finalLoss: number(row[5]) }));
      const share = (state) => cells.filter((cell) => cell.state === state).length / cells.length;
      return { ...throttle, divergedShare: share('diverged'), stalledShare: share('stalled'), cells };
    }),
  };
}

const stale = [];
const maps = {};
for (const [kind, options] of Object.entries(KINDS)) {
  const file = cellsFile(kind);
  const coarse = await stabilityMap({ ...options, grid: CHECKED_GRID });
  const stored = check ? read(file) : mapCsv(await stabilityMap({ ...options, grid: GRID }));
  const rows = new Set(stored.split('\n'));
  if (mapCsv(coarse).split('\n').some((row) => !rows.has(row))) stale.push(file);
  if (check && stale.includes(file)) continue;
  wanted.set(file, stored);
  maps[kind] = fromCsv(stored, coarse);
  wanted.set(`docs/map/exp-001-${kind}.svg`, svgOf(drawMap(maps[kind])));
}

const drawing = await stabilityMap({ ...DRAWING, draws: check ? CHECKED_DRAWS : DRAWS });
const drawn = [['seed', ...DRAWING.throttle], ...drawing.throttles[0].draws.each.map(({ seed }, k) => [seed, ...drawing.throttles.map(({ draws }) => draws.each[k].divergedShare)])];
const drawnText = drawn.map((row) => `${row.join(',')}\n`).join('');
const draws = check ? read(DRAWS_FILE) : drawnText;
if (!draws.startsWith(drawnText)) stale.push(DRAWS_FILE);
wanted.set(DRAWS_FILE, draws);

if (stale.length === 0) {
  const kinds = Object.keys(KINDS);
  const [{ throttles, theory }] = Object.values(maps);
  const areas = table(
    ['controller', ...kinds.map((kind) => `${kind}: diverged`), ...kinds.map((kind) => `${kind}: stalled`)],
    throttles.map(({ name }, k) => [name, ...kinds.map((kind) => percent(maps[kind].throttles[k].divergedShare)), ...kinds.map((kind) => percent(maps[kind].throttles[k].stalledShare))]),
  );
  const columns = draws.trimEnd().split('\n').slice(1).map((row) => row.split(',').slice(1).map(Number));
  const spread = table(
    ['controller', 'own weights', 'mean', 'smallest', 'median', 'largest'],
    DRAWING.throttle.map((name, k) => {
      const shares = columns.map((row) => row[k]).sort((a, b) => a - b);
      const [mean, median] = [shares.reduce((sum, share) => sum + share, 0) / shares.length, shares[(shares.length - 1) >> 1]];
      return [name, ...[drawing.throttles[k].divergedShare, mean, shares[0], median, shares.at(-1)].map(percent)];
    }),
  );
  wanted.set(PAGE, withBlock(withBlock(read(PAGE), 'areas', `${areas}\nTheory without a controller: ${percent(theory.share)} of the cells.\n`), 'draws', spread));
}
for (const [file, text] of wanted) {
  if (read(file) === text) continue;
  stale.push(file);
  if (!check) write(file, text);
}
if (stale.length > 0) console.log([...new Set(stale)].map((file) => `${check ? 'stale' : 'wrote'} ${file}`).join('\n'));
if (check && stale.length > 0) {
  console.error('run: node scripts/map.mjs');
  process.exitCode = 1;
}
