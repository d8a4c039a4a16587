/** Runs a job on the WebAssembly core. Only the core's run is timed: the host writes a queue of batches, then the core runs it. */
import { Session } from '../dist/core/session.js';
import { HASH_SEED, hashWord } from './hash.mjs';

/**
 * One run of a job from its initial weights.
 *
 * @param core exports of a loaded core
 * @param watch true: hash every row (its loss and flags) and read out weights and counters; false: only time
 * @param record level of the recorder
 * @returns `nanoseconds` inside the core's run, and with `watch` the `result` as bench/c/site.h prints it
 */
export function runCore(core, { plan, steps }, data, watch, record = 'counts') {
  let nanoseconds = 0;
  const clocked = (run) => (header, state, count) => {
    const start = process.hrtime.bigint();
    const done = run(header, state, count);
    nanoseconds += Number(process.hrtime.bigint() - start);
    return done;
  };
  const timed = {
    ...core,
    runFixed: clocked(core.runFixed),
    runFixedFull: clocked(core.runFixedFull),
    runFixedWide() {
      throw new Error('this plan needs the 128-bit instance: the C twin would not be its equal');
    },
  };
  const session = new Session(timed, plan, 'fixed', { chunk: 4096, record });
  let hash = HASH_SEED;
  let lastLoss = 0;
  if (watch) {
    const scale = 2 ** plan.sites.loss.fractionLength;
    session.onRow((_step, { loss, flags }) => {
      lastLoss = loss * scale;
      hash = hashWord(hashWord(hashWord(hash, lastLoss | 0), Math.floor(lastLoss / 2 ** 32)), flags);
    });
  }
  for (const batch of batches(plan, steps, data)) session.push(batch);
  session.finish();
  if (!watch) return { nanoseconds };
  const result = {
    weights: session.read('theta')[0],
    gradients: session.read('gradient')[0],
    updates: session.read('update')[0],
    lastLoss: String(lastLoss),
    rows: hash >>> 0,
    sites: countersAsText(session.counters()),
  };
  return { nanoseconds, result };
}

/** Batches in row order, wrapping. A raw times 2^−F is exact, so the front end gives the same raw back. */
function* batches({ sites, data: { rows, inputs: width, targets: outputs }, phases: [{ batch: count }] }, steps, { inputs, targets }) {
  const inputReals = Float64Array.from(inputs, (raw) => raw * 2 ** -sites.input.fractionLength);
  const targetReals = Float64Array.from(targets, (raw) => raw * 2 ** -sites.target.fractionLength);
  for (let k = 0, row = 0; k < steps; k++, row = (row + count) % rows) {
    yield {
      count,
      inputs: inputReals.subarray(row * width, (row + count) * width),
      targets: targetReals.subarray(row * outputs, (row + count) * outputs),
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
