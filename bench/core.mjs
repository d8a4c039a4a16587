/** Runs a job on the WebAssembly core. Two clocks: inside the core's runs, and over all that the host does for them. */
import { GROUP, goTogether, RunGroup } from '../dist/core/group.js';
import { Session } from '../dist/core/session.js';
import { HASH_SEED, hashLong, hashWord } from './hash.mjs';

/** Steps between two visits of the host, where a job does not say. */
const QUEUE = 4096;

/**
 * All runs of a job, each from its initial parameters: one after another, or side by side where qrails takes them so.
 *
 * @param core exports of a loaded core
 * @param data of the job
 * @param watch true: hash every row and read out parameters and counters; false: only time
 * @param record level of the recorder
 * @param runs those to be run; default all
 * @param apart none side by side
 * @returns `nanoseconds` inside the core's runs, `whole` with sessions, quantising and reading rows, `steps` done, and with `watch` the
 *   `results` as bench/c/harness.h prints them; whether any went `together`
 */
export function runCore(core, data, watch, record = 'counts', runs = data.runs, apart = false) {
  let nanoseconds = 0;
  const clocked = (run) => (...queue) => {
    const start = process.hrtime.bigint();
    const done = run(...queue);
    nanoseconds += Number(process.hrtime.bigint() - start);
    return done;
  };
  const timed = {
    ...core,
    runFixed: clocked(core.runFixed),
    runFixedFull: clocked(core.runFixedFull),
    runFixedSideBySide: clocked(core.runFixedSideBySide),
    runFixedWide() {
      throw new Error('this plan needs the 128-bit instance: the C twin would not be its equal');
    },
  };
  const sets = realSets(data);
  const results = [];
  let steps = 0;
  const start = process.hrtime.bigint();
  // The runs of a job are alike but for what they are made of.
  const together = !apart && record === 'counts' && data.limit === undefined && goTogether(runs.slice(0, GROUP).map(({ plan }) => plan));
  for (let at = 0; at < runs.length; ) {
    const some = runs.slice(at, at + (together && at + GROUP <= runs.length ? GROUP : 1));
    at += some.length;
    if (some.length === 1) alone(some[0]);
    else sideBySide(some);
  }
  return { nanoseconds, whole: Number(process.hrtime.bigint() - start), steps, results, together };

  function alone({ set, plan }) {
    const chunk = data.chunk ?? Math.min(QUEUE, data.steps);
    const session = new Session(timed, plan, 'fixed', { chunk, record });
    const rows = watchRows(session, data, watch);
    let queued = 0;
    for (const batch of batches(plan, data.steps, sets[set])) {
      session.push(batch);
      if (++queued % chunk > 0) continue;
      session.finish();
      if (rows.over) break;
    }
    session.finish();
    steps += session.steps;
    if (watch) results.push(resultOf(session, rows));
  }

  function sideBySide(four) {
    const group = new RunGroup(timed, four.map(({ plan }) => plan), 'fixed');
    const rows = group.sessions.map((session) => watchRows(session, data, watch));
    const queues = four.map(({ set, plan }) => batches(plan, data.steps, sets[set]));
    for (let k = 0; k < data.steps; k++) {
      const next = queues.map((queue) => queue.next().value);
      if (group.sessions.some((session, j) => session.runsBefore(next[j]))) group.run();
      group.sessions.forEach((session, j) => session.push(next[j]));
    }
    group.run();
    for (const [j, session] of group.sessions.entries()) {
      steps += session.steps;
      if (watch) results.push(resultOf(session, rows[j]));
    }
  }
}

/** Looks at every row where something asks for it: whether the loss is `over` the limit, and with `watch` a hash over the rows and the last loss. */
function watchRows(session, { limit = Infinity }, watch) {
  const seen = { over: false, hash: HASH_SEED, lastLoss: 0 };
  const { sites, throttle } = session.plan;
  const raw = (value, site) => value * 2 ** sites[site].fractionLength;
  const controlled = throttle.law !== 'none';
  if (!watch && limit === Infinity) return seen;
  session.onRow((_step, { loss, flags, alpha, rate, curvature, curvatureMean }) => {
    if (!(loss <= limit)) seen.over = true;
    if (!watch) return;
    seen.lastLoss = raw(loss, 'loss');
    seen.hash = hashWord(hashLong(seen.hash, seen.lastLoss), flags);
    if (!controlled) return;
    for (const value of [raw(alpha, 'throttle'), raw(rate, 'rate'), raw(curvature, 'curvature'), raw(curvatureMean, 'curvatureMean')]) seen.hash = hashLong(seen.hash, value);
  });
  return seen;
}

function resultOf(session, { hash, lastLoss }) {
  return {
    steps: session.steps,
    lastLoss: String(lastLoss),
    rows: hash >>> 0,
    weights: session.read('theta').flat(),
    gradients: session.read('gradient').flat(),
    updates: session.read('update').flat(),
    sites: countersAsText(session.counters()),
  };
}

const REALS = new WeakMap();

/** The sets as a front end delivers them. A raw times 2^−F is exact, so quantising gives the same raw back. */
function realSets(data) {
  const { sites } = data.runs[0].plan;
  const reals = (raws, site) => Float64Array.from(raws, (raw) => raw * 2 ** -sites[site].fractionLength);
  if (!REALS.has(data)) REALS.set(data, data.sets.map(({ inputs, targets }) => ({ inputs: reals(inputs, 'input'), targets: reals(targets, 'target') })));
  return REALS.get(data);
}

/** Batches in row order, wrapping. */
function* batches({ data: { rows, inputs: width, targets: outputs }, phases: [{ batch: count }] }, steps, { inputs, targets }) {
  for (let k = 0, row = 0; k < steps; k++, row = (row + count) % rows) {
    yield {
      count,
      inputs: inputs.subarray(row * width, (row + count) * width),
      targets: targets.subarray(row * outputs, (row + count) * outputs),
      unchanged: k > 0 && count === rows,
      phase: 0,
    };
  }
}

/** Counters of the sites a step of the core has quantised at; all integers as text. The host's own front end is left out. */
function countersAsText(all) {
  const entries = Object.entries(all).filter(([key, { count }]) => key !== 'input' && count > 0);
  return Object.fromEntries(
    entries.map(([key, { count, overflowHigh, overflowLow, underflow, nearRail, min, max, firstOverflow: first }]) => {
      const values = { count, overflowHigh, overflowLow, underflow, nearRail, min, max };
      if (first) Object.assign(values, { firstStep: first.step, firstElement: first.element, firstWanted: first.wanted, firstRaw: first.raw });
      return [key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))];
    }),
  );
}
