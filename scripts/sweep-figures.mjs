// The figures of docs/cluster.md, measured on small sweeps on this machine. Processor time, which a busy machine changes little; not the wall clock.
//   node scripts/sweep-figures.mjs     writes the page's blocks (minutes)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { keep, read, table, withBlock } from './page.mjs';

const PAGE = 'docs/cluster.md';
const FORMATS = ['csv', 'ndjson', 'parquet', 'npy'];
const SEEDS = 5;
/** Points of the two sweeps whose difference is what a run takes, and whose rest is what a start takes. */
const SIZES = [40, 240];
/** Points of a third, of runs as short as can be: for what does not depend on the plan. */
const MANY = 4000;
const TARGET = 1e9;
const CORES = [100, 1000, 10_000];
/** Hours between two ends of a node, and prices of a core-hour: assumptions, to be replaced by one's own. */
const HOURS_BETWEEN = [10, 100, 1000];
const PRICES = [0.01, 0.03, 0.1];
/** Of work not yet in the journal, seconds a worker: an interval under way, and a batch that waits to be written. */
const UNWRITTEN = 0.1 + 0.1;

/** Two plans: one whose steps cost more than everything beside them, and one whose do not. */
const PLANS = {
  'long: exp-000c, 1000 rows a step': { experiment: 'exp-000c' },
  'short: the same, 16 rows a step': { experiment: 'exp-000c', set: ['experiment.data.rows=16'] },
};

const SHORTEST = { experiment: 'exp-000c', steps: 2, set: ['experiment.data.rows=16'] };

const spec = (base, points) => ({ name: 'measured', base, axes: [{ path: 'experiment.phases[1].learningRate', from: 0.01, to: 0.5, count: points }], seeds: { count: SEEDS } });

/** What a function of the library takes in a process of its own: processor seconds, and the most memory it had, MiB. */
function inProcess(folder, call) {
  const program = join(folder, 'measured.mjs');
  writeFileSync(program, `import { mergeSweep, sweep } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    await ${call};
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ seconds: (user + system) / 1e6, memory: process.resourceUsage().maxRSS / 1024 }));`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Sweeps of these sizes in folders of their own, the tables made again from each journal. */
function measured(base, sizes, folder) {
  return sizes.map((points) => {
    const output = join(folder, `${points}`);
    return {
      output, points, runs: points * SEEDS,
      made: inProcess(folder, `sweep(${JSON.stringify({ spec: spec(base, points), output, workers: 1, formats: FORMATS })})`),
      merged: inProcess(folder, `mergeSweep(${JSON.stringify({ folders: [output], output: `${output}-merged`, formats: ['csv'] })})`),
    };
  });
}

const slope = (small, large, what) => (large[what].seconds - small[what].seconds) / (large.runs - small.runs);

/** What something gives in a folder that is gone afterwards. */
function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'qrails-figures-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const measure = (base) => inFolder((folder) => {
  const [small, large] = measured(base, SIZES, folder);
  const perRun = slope(small, large, 'made');
  const bytes = (file) => statSync(join(large.output, file)).size;
  return {
    perRun, start: small.made.seconds - perRun * small.runs, journal: bytes('journal.ndjson') / large.runs,
    runs: Object.fromEntries(FORMATS.map((format) => [format, bytes(`runs.${format}`) / large.runs])),
    points: Object.fromEntries(FORMATS.map((format) => [format, bytes(`points.${format}`) / large.points])),
  };
});

/** What depends on the number of runs, if anything does. */
const { merge, memory } = inFolder((folder) => {
  const [small, large] = measured(SHORTEST, [SIZES[1], MANY], folder);
  return { merge: slope(small, large, 'merged'), memory: [small, large].map(({ runs, made, merged }) => ({ runs, made: made.memory, merged: merged.memory })) };
});

const figure = (value, digits = 2) => String(Number(value.toPrecision(digits)));
const storage = (bytes) => (bytes >= 1e12 ? `${figure(bytes / 1e12)} TB` : `${figure(bytes / 1e9)} GB`);
const time = (seconds) => (seconds >= 2 * 86_400 ? `${figure(seconds / 86_400)} days` : seconds >= 7200 ? `${figure(seconds / 3600)} hours` : `${figure(seconds / 60)} minutes`);
const hours = (seconds) => seconds / 3600;

const names = Object.keys(PLANS);
const found = names.map((name) => measure(PLANS[name]));
const rows = (of) => of.map(([label, cell]) => [label, ...found.map(cell)]);

const taken = table(['measured', ...names], rows([
  ['processor time of a run, ms', ({ perRun }) => figure(perRun * 1000)],
  ['processor time of a start: program, documents, core, s', ({ start }) => figure(start)],
  ['merging a run into a table as CSV, ms', () => figure(merge * 1000)],
  ['journal, bytes a run', ({ journal }) => figure(journal, 3)],
  ...FORMATS.map((format) => [`runs.${format}, bytes a run`, ({ runs }) => figure(runs[format], 3)]),
  ...FORMATS.map((format) => [`points.${format}, bytes a point`, ({ points }) => figure(points[format], 3)]),
]));

const planned = table([`${TARGET.toExponential(0).replace('1e+', '10^')} runs`, ...names], rows([
  ['core-hours', ({ perRun }) => figure(hours(perRun * TARGET))],
  ...CORES.map((cores) => [`time on ${cores} cores`, ({ perRun }) => time((perRun * TARGET) / cores)]),
  ['journals', ({ journal }) => storage(journal * TARGET)],
  ...FORMATS.map((format) => [`tables as ${format}`, ({ runs, points }) => storage((runs[format] + points[format] / SEEDS) * TARGET)]),
  ['merge, on one core, CSV', () => time(merge * TARGET)],
  ...HOURS_BETWEEN.flatMap((between) => [
    [`ends of nodes of one core, one in ${between} hours`, ({ perRun }) => figure(hours(perRun * TARGET) / between)],
    ['… work done twice for them', ({ start }) => `${figure((100 * (start + UNWRITTEN)) / (between * 3600))} %`],
  ]),
  ...PRICES.map((price) => [`cost at ${price} a core-hour`, ({ perRun }) => figure(hours(perRun * TARGET) * price)]),
]));

const peaks = `Most memory of a process with one worker that runs and writes tables in all formats: ${memory.map(({ runs, made }) => `${figure(made, 3)} MiB for ${runs} runs`).join(', ')}; that merges: ${memory.map(({ merged }) => `${figure(merged, 3)} MiB`).join(', ')}.\n`;
const machine = `${cpus()[0].model.trim()}, Node ${process.versions.node}`;
keep({ [PAGE]: withBlock(withBlock(read(PAGE), 'measured', `${taken}\n${peaks}\nOn ${machine}; ${SEEDS} seeds a point, both sides run; from sweeps of ${[...SIZES, MANY].map((points) => points * SEEDS).join(', ')} runs.\n`), 'planned', planned) });
