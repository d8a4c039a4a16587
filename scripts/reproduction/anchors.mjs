// §4 of the laws: what the anchors promise, over seeds and precisions.
import { generalRule, overSeeds, seedList, SYSTEMS } from './simulate.mjs';
import { percent, share, shown, table } from './summary.mjs';

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Mean over parameters of the variance in time. */
export function variance(steps) {
  const parameters = steps[0].length;
  let sum = 0;
  for (let p = 0; p < parameters; p++) {
    const centre = mean(steps.map((at) => at[p]));
    sum += mean(steps.map((at) => (at[p] - centre) ** 2));
  }
  return sum / parameters;
}

const NAMES = Object.keys(SYSTEMS);
const HEAD = ['anchor', 'measure', ...NAMES];

const turning = (run) => ({ loss: mean(run.loss.slice(400)), variance: variance(run.parameters.slice(400)), still: variance(run.parameters.slice(600, 700)), events: run.events.at(-1) });
const TURNING = { loss: 'mean training loss from step 400', variance: 'variance of a parameter from step 400', still: 'variance over the last third of a turn', events: 'events' };

/** The tasks: what is run, what is measured, and what is promised of one seed's runs. */
export const TASKS = [
  {
    title: 'After convergence (anchor-converged)', experiment: 'anchor-converged', anchors: ['none', 'ema', 'event', 'fixed'],
    measure: (run) => ({ variance: variance(run.parameters.slice(900)), final: run.finalLoss, events: run.events.at(-1) }),
    keys: { variance: 'variance of a parameter, steps 900 to 1400', final: 'final loss', events: 'events' },
    promises: {
      'after convergence, event varies less than half as much as plain': ({ none, event }) => event.variance < 0.5 * none.variance,
      '… and no more than twice as much as the average of ema': ({ ema, event }) => event.variance < 2 * ema.variance,
    },
  },
  {
    title: 'The concept shifts (anchor-shift)', experiment: 'anchor-shift', anchors: ['none', 'ema', 'event', 'fixed'],
    measure: (run) => ({ final: run.finalLoss, soon: mean(run.loss.slice(500, 520)), fired: run.events[420] - run.events[399], events: run.events.at(-1) }),
    keys: { final: 'final loss', soon: 'training loss 100 steps after the shift', events: 'events' },
    promises: {
      'concept shift: fixed fails (ends above twice the loss of plain)': ({ none, fixed }) => fixed.final > 2 * none.final,
      'concept shift: ema ends lower than event': ({ ema, event }) => ema.final < event.final,
      'concept shift: event fires within 20 steps': ({ event }) => event.fired > 0,
    },
  },
  {
    title: 'Nothing stays: long hold, high threshold (anchor-instability-long)', experiment: 'anchor-instability-long', anchors: ['none', 'ema', 'event'],
    measure: turning, keys: TURNING,
    promises: {
      'sustained instability, long hold: event has a lower mean loss than plain': ({ none, event }) => event.loss < none.loss,
      '… and is steadier than plain between events': ({ none, event }) => event.still < none.still,
    },
  },
  {
    title: 'Nothing stays: short hold (anchor-instability-short)', experiment: 'anchor-instability-short', anchors: ['none', 'ema', 'event'],
    measure: turning, keys: TURNING,
    promises: {
      'sustained instability, short hold: event varies less than half as much as plain over the whole stretch': ({ none, event }) => event.variance < 0.5 * none.variance,
      '… and less than the average of ema': ({ ema, event }) => event.variance < ema.variance,
    },
  },
  {
    title: 'A burst of wrong labels (anchor-burst)', experiment: 'anchor-burst', anchors: ['none', 'ema', 'event', 'fixed'],
    measure: (run) => ({ final: run.finalLoss, during: run.events[680] - run.events[599] }),
    keys: { final: 'final loss', during: 'events during the burst' },
    promises: {
      'documented failure: a burst of wrong labels fires a false event': ({ event }) => event.during > 0,
      '… and event ends higher than plain': ({ none, event }) => event.final > none.final,
    },
  },
];

export async function valuesOf({ experiment, anchors: names, measure }, seeds, systems, set = []) {
  const values = {};
  for (const anchor of names) values[anchor] = await overSeeds({ experiment, anchor, seeds, set, systems, parameters: true }, measure);
  return values;
}

const rowsOf = (values, keys) =>
  Object.entries(values).flatMap(([anchor, of]) => Object.entries(keys).map(([key, label]) => [`\`${anchor}\``, label, ...Object.values(of).map((all) => shown(all.map((value) => value?.[key])))]));

/** Share of the seeds of whose own runs a promise is true, by number system. */
export function kept(values, test) {
  const [first] = Object.values(values);
  return Object.keys(first).map((system) => {
    const runs = first[system].map((_, index) => Object.fromEntries(Object.entries(values).map(([anchor, all]) => [anchor, all[system][index]])));
    return share(runs, (of) => Object.values(of).every((value) => value !== undefined) && test(of));
  });
}

const NARROW = [16, 14, 12, 11, 10, 9, 8, 7, 6];
const INTEGER_BITS = 4;
const NARROW_SEEDS = 10;
/** A promise that fewer seeds keep no longer holds. */
const MOST = 0.8;

export async function anchors(count) {
  const seeds = seedList(count);
  const text = [`## Anchors

A logistic model on ten inputs (sigmoid output; a table of 256 entries in fixed point), B = 16, η = 0.3, 10 % of the labels wrong. Medians over ${count} seeds with 95 % bootstrap intervals; the loss is half the mean square of the error.

`];
  const claims = [];
  const narrow = [];
  const lengths = Object.fromEntries(NARROW.map((length) => [`W = ${length}`, generalRule(length, INTEGER_BITS)]));
  for (const task of TASKS) {
    const values = await valuesOf(task, seeds, SYSTEMS);
    text.push(`### ${task.title}\n\n`, table(HEAD, rowsOf(values, task.keys)), '\n');
    const short = await valuesOf(task, seeds.slice(0, NARROW_SEEDS), lengths);
    for (const [promise, test] of Object.entries(task.promises)) {
      claims.push([promise, ...kept(values, test).map(percent)]);
      const shares = kept(short, test);
      const failing = shares.findIndex((part) => part < MOST);
      narrow.push([promise, ...shares.map(percent), failing < 0 ? 'holds' : `below ${failing === 0 ? `${NARROW[0]} or more` : NARROW[failing - 1]} bits`]);
    }
  }
  const others = await valuesOf({ experiment: 'anchor-shift', anchors: ['elastic', 'gated', 'decay'], measure: (run) => ({ final: run.finalLoss, variance: variance(run.parameters.slice(300, 400)) }) },
    seeds.slice(0, NARROW_SEEDS), SYSTEMS, ['anchor.lambda=0.01', 'anchor.threshold=0.001']);
  text.push('### The other anchors under a shift (λ = 0.01, τ = 0.001)\n\n', table(HEAD, rowsOf(others, { final: 'final loss', variance: 'variance of a parameter before the shift' })));
  text.push('\n### Which promise holds where\n\nShare of the seeds of whose own runs each promise is true.\n\n', table(['promise', ...NAMES], claims));
  text.push(`
### At which word length each stops holding

Formats by the path's general rule from weights ap_fixed<W, ${INTEGER_BITS}>, ${NARROW_SEEDS} seeds; a promise stops holding where fewer than ${percent(MOST)} of them keep it. The loss then has 2W bits of which ${INTEGER_BITS + 10} are before the point, so below about ten bits the detector sees little of it.

`, table(['promise', ...Object.keys(lengths), 'stops'], narrow));
  return text.join('');
}
