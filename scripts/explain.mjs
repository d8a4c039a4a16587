// Figures and tables of docs/explain, from runs through the public API.
//   node scripts/explain.mjs           writes what changed
//   node scripts/explain.mjs --check   writes nothing; names stale files and exits with 1
import { createTrace, prepare, runPair } from '../dist/index.js';
import { chart } from './explain/chart.mjs';
import { keep, read, table, withBlock } from './page.mjs';

/** First step with the sensor on. */
const stressStart = ({ phases }) => phases.slice(0, phases.findIndex(({ sensor }) => sensor)).reduce((sum, { steps }) => sum + steps, 0);

/** Digits a measured value deserves. */
const figure = (value) => (value === null || !Number.isFinite(value) ? 'none' : String(Number(value.toPrecision(2))).replaceAll('-', '−').replace('e+', 'e'));

/** Rows of the trace of every variant that the options ask for. */
async function traces(options) {
  const { variants, dataset } = await prepare(options);
  const runs = [];
  for (const { plan, throttle, anchor } of variants) {
    const rows = [];
    await runPair(plan, dataset, { onStep: createTrace(plan, dataset, { throttle, anchor }, (row) => { rows.push(row); }) });
    runs.push({ plan, throttle, anchor, rows });
  }
  return runs;
}

/** A column, what is not finite as infinite: it is drawn at the upper end. */
const column = (rows, name) => rows.map((row) => row[name] ?? Infinity);
const last = (rows, name) => rows.at(-1)[name];

async function throttle() {
  const runs = await traces({ experiment: 'exp-000c', throttle: ['none', 'gt0/secant', 'gt0/trace'] });
  const jump = stressStart(runs[0].plan);
  const name = (run) => (run.throttle === 'none' ? 'no throttle' : run.throttle);
  return {
    figure: chart({
      title: 'Loss and throttle of a learner whose input gain jumps to 4', xLabel: 'step', marks: [{ at: jump, text: 'gain × 4' }],
      panels: [
        { label: 'loss, float64', log: true, range: [1e-6, 1e6], series: runs.map((run) => ({ name: name(run), values: column(run.rows, 'float.loss') })) },
        { label: 'loss, enabol-mid', log: true, range: [1e-6, 1e6], series: runs.map((run) => ({ name: name(run), values: column(run.rows, 'fixed.loss') })) },
        { label: 'α·η·λmax, float64', log: true, range: [0.1, 10], series: runs.map((run) => ({ name: name(run), values: column(run.rows, 'float.throttledMargin') })) },
      ],
      height: 150,
    }),
    table: table(['throttle', 'η·λmax before', 'after', 'α·η·λmax at the end', 'worst loss, float64', 'worst loss, target', 'final loss, float64', 'final loss, target'], runs.map(({ rows, ...run }) => [
      name(run), rows[jump - 1]['float.rawMargin'], rows[jump]['float.rawMargin'], last(rows, 'float.throttledMargin'),
      Math.max(...column(rows, 'float.loss')), Math.max(...column(rows, 'fixed.loss')), last(rows, 'float.loss'), last(rows, 'fixed.loss'),
    ].map((value) => (typeof value === 'number' ? figure(value) : value ?? 'none')))),
  };
}

async function anchor() {
  const runs = await traces({ experiment: 'anchor-event', throttle: ['none'], anchor: ['none', 'fixed', 'event'] });
  const { plan } = runs[0];
  const jump = stressStart(plan);
  const hold = plan.phases[0].steps;
  const name = (run) => (run.anchor === 'none' ? 'no anchor' : run.anchor);
  const spread = (rows) => {
    const held = column(rows.slice(hold, jump), 'fixed.weightError');
    return Math.max(...held) - Math.min(...held);
  };
  return {
    figure: chart({
      title: 'Weight error and loss of a learner without an anchor, with a fixed one and with one that lets go', xLabel: 'step', marks: [{ at: hold, text: 'anchors on' }, { at: jump, text: 'gain × 4' }],
      panels: [
        { label: 'weight error, enabol-wide', range: [0, 2.5], series: runs.map((run) => ({ name: name(run), values: column(run.rows, 'fixed.weightError') })) },
        { label: 'loss, enabol-wide', log: true, range: [1e-3, 10], series: runs.map((run) => ({ name: name(run), values: column(run.rows, 'fixed.loss') })) },
      ],
      height: 170,
    }),
    table: table(['anchor', 'weights wander while held by', 'weight error 100 steps after the jump', 'at the end', 'times it let go'], runs.map(({ rows, ...run }) => [
      name(run), figure(spread(rows)), figure(rows[jump + 100]['fixed.weightError']), figure(last(rows, 'fixed.weightError')), String(last(rows, 'fixed.events')),
    ])),
  };
}

async function deadZones() {
  const SETS = [
    ['as it is', []],
    ['one more fraction bit', ['profile.sites.weight.wordLength+1', 'profile.sites.weight.fractionLength+1']],
    ['three more', ['profile.sites.weight.wordLength+3', 'profile.sites.weight.fractionLength+3']],
    ['rounded stochastically', ['profile.sites.weight.rounding=STOCHASTIC']],
  ];
  const base = (await prepare({ experiment: 'stress-dead-zone', throttle: ['none'] })).variants[0].plan.sites['layer0.weight'];
  const set = (text) => text.replace(/(\w+)\+(\d)$/, (_, key, more) => `${key}=${base[key] + Number(more)}`);
  const runs = [];
  for (const [name, sets] of SETS) runs.push({ name, ...(await traces({ experiment: 'stress-dead-zone', throttle: ['none'], set: sets.map(set) }))[0] });
  const stalled = (rows) => column(rows, 'fixed.stalled').filter((value) => value === 1).length / rows.length;
  return {
    figure: chart({
      title: 'Loss of a learner whose weights are too coarse for its learning rate', xLabel: 'step',
      panels: [{ label: 'loss', log: true, range: [1e-3, 3], series: [{ name: 'float64', values: column(runs[0].rows, 'float.loss') }, ...runs.map(({ name, rows }) => ({ name, values: column(rows, 'fixed.loss') }))] }],
    }),
    table: table(['weight', 'its last place', 'steps stalled', 'mean loss of the last 500 steps'], [
      ['float64', '–', '0 %', figure(mean(column(runs[0].rows, 'float.loss').slice(-500)))],
      ...runs.map(({ name, plan, rows }) => [name, `2^−${plan.sites['layer0.weight'].fractionLength}`, `${Math.round(100 * stalled(rows))} %`, figure(mean(column(rows, 'fixed.loss').slice(-500)))]),
    ]),
  };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

async function roundingBias() {
  const MODES = ['TRN', 'TRN_ZERO', 'RND', 'RND_CONV', 'STOCHASTIC'];
  const runs = [];
  for (const mode of MODES) {
    const { variants: [{ plan }], dataset } = await prepare({ experiment: 'exp-000a', throttle: ['none'], set: [`profile.sites.weight.rounding=${mode}`] });
    const lastPlaces = 2 ** plan.sites['layer0.weight'].fractionLength;
    const values = [];
    await runPair(plan, dataset, {
      onStep: ({ fixed, float }) => {
        const [[raws], [reals]] = [fixed.read('theta'), float.read('theta')];
        values.push(mean(raws.map((raw, index) => Number(raw) - reals[index] * lastPlaces)));
      },
    });
    runs.push({ mode, values });
  }
  return {
    figure: chart({
      title: 'How far the weights of a target lie from those of float64, by rounding mode', xLabel: 'step',
      panels: [{ label: 'weights − float64, last places', range: [-12, 4], series: runs.map(({ mode, values }) => ({ name: mode, values })) }],
    }),
    table: table(['rounding at `weight`', 'mean error of the last 1000 steps, last places'], runs.map(({ mode, values }) => [`\`${mode}\``, figure(mean(values.slice(-1000)))])),
  };
}

const PAGES = { throttle, anchor, 'dead-zones': deadZones, 'rounding-bias': roundingBias };
const texts = {};
for (const [name, make] of Object.entries(PAGES)) {
  const { figure: svg, table: rows } = await make();
  texts[`docs/explain/${name}.svg`] = svg;
  texts[`docs/explain/${name}.md`] = withBlock(read(`docs/explain/${name}.md`), 'measured', rows);
}
keep(texts);
