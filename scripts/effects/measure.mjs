// Measurements by name, the file they are kept in, and what is said of the values of several seeds.

/** Seeds of every measurement that draws. */
export const SEEDS = 25;
/** Student's t of 24 degrees of freedom, 97.5 %. */
const STUDENT = 2.064;
const DIGITS = 6;

/**
 * Measures what a section asks for, seed by seed, so that data is drawn once.
 *
 * @param points `{ key, seeds, run }`: `run(seed)` gives numbers by name; `seeds` default `SEEDS`
 * @param most seeds at the most
 * @returns lines of the file, `key/name,value of the first seed,…`
 */
export async function measure(points, most = SEEDS, onSeed = () => {}) {
  const values = new Map();
  for (let seed = 1; seed <= most; seed++) {
    for (const { key, seeds = SEEDS, run } of points) {
      if (seed > seeds) continue;
      for (const [name, value] of Object.entries(await run(seed))) {
        const place = `${key}/${name}`;
        if (!values.has(place)) values.set(place, []);
        values.get(place).push(value);
      }
    }
    onSeed(seed);
  }
  return linesOf(values);
}

const linesOf = (values) => [...values].map(([key, list]) => `${[key, ...list.map((value) => String(Number(value.toPrecision(DIGITS))))].join(',')}\n`).join('');

/** By key the values of the seeds. */
export const parse = (text) => new Map(text.split('\n').filter((line) => line !== '').map((line) => {
  const [key, ...values] = line.split(',');
  return [key, values.map(Number)];
}));

/** Mean of the seeds with its 95 % interval (Student). */
export function mean(values) {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length);
  return { mean: middle, low: middle - STUDENT * spread, high: middle + STUDENT * spread };
}

/** The line y = a + b·x of least squares. */
export function slope(points) {
  const [x, y] = [0, 1].map((k) => points.reduce((sum, point) => sum + point[k], 0) / points.length);
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
