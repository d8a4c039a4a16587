/** Writes the tables of so many runs that nobody ran, and prints what is held in memory on the way: bytes on the heap and in buffers, after a collection. */
import { SWEEP_MEASURE_NAMES } from '../../dist/sweep/measures.js';
import { writeTables } from '../../dist/sweep/tables.js';

const [folder, count, formats] = process.argv.slice(2);
const [seeds, points] = [10, Number(count) / 10];
const space = {
  spec: { name: 'many', numbers: 'fixed', axes: [{ path: 'steps', from: 0, to: 1, count: points }], objectives: [{ measure: 'finalLoss', goal: 'minimise' }, { measure: 'alphaMin', goal: 'maximise' }] },
  hash: '0'.repeat(64), points, seeds, runs: points * seeds, firstSeed: 0, columns: ['steps'],
  valuesAt: (point) => [point / points], optionsAt: () => ({}), seedAt: (run) => run % seeds,
};
const held = [];

function* results() {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
  for (let run = 0; run < space.runs; run++) {
    if (run > 0 && run % Math.floor(space.runs / 10) === 0) {
      globalThis.gc();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      held.push(heapUsed + arrayBuffers);
    }
    const fixed = { verdict: next() < 0.5 ? 'survives' : 'degraded' };
    for (const name of SWEEP_MEASURE_NAMES) fixed[name] = next() < 0.1 ? null : next();
    yield { run, hash: String(run).padStart(64, '0'), float: null, fixed, error: null };
  }
}

const { runs } = await writeTables(folder, space, results(), formats.split(','));
process.stdout.write(JSON.stringify({ held, rows: runs }));
