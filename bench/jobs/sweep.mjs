import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from '../../dist/compare/prepare.js';
import { createExecutor } from '../../dist/sweep/execute.js';
import { createSpace } from '../../dist/sweep/space.js';
import { sweep as runSweep } from '../../dist/sweep/sweep.js';
import { setOf, toRaw } from '../plans.mjs';

const GAINS = 20;
/** Of the runs, so many are compared one by one. */
const COMPARED = 1000;

/**
 * A sweep of short plans: the learner of exp-000 on 32 rows, full batch, 64 steps, over learning rates, gains and seeds. `product` is `qrails sweep` as it
 * is, with planning, journal and table.
 */
export async function sweep({ quick }) {
  const rates = quick ? 2 : 50, seeds = quick ? 5 : 100, steps = 64;
  const set = ['experiment.data.rows=32', 'experiment.divergedLoss=1e9'];
  const base = { experiment: 'exp-001', profile: 'enabol-mid', sensor: 'constant-gain', throttle: 'none', anchor: 'none', steps };
  const spec = {
    name: 'bench', base: { ...base, set },
    axes: [
      { path: 'experiment.phases[0].learningRate', from: 0.01, to: 0.2, spacing: 'log', count: rates },
      { path: 'sensor.gain[0].value', from: 1, to: 4, count: GAINS },
    ],
    seeds: { first: 1, count: seeds }, numbers: 'fixed',
  };
  const space = await createSpace(spec, process.cwd());
  const datasets = [];
  let plan;
  for (let seed = 1; seed <= seeds; seed++) {
    const prepared = await prepare({ ...base, throttle: ['none'], anchor: ['none'], set, seed });
    datasets.push(prepared.dataset);
    plan ??= prepared.variants[0].plan;
  }
  const { rows, inputs: width, targets: outputs } = plan.data;
  const rowsOf = ({ values }, from, to, gain) => Array.from({ length: rows }, (_, r) => Array.from(values.subarray(r * (width + outputs) + from, r * (width + outputs) + to), (v) => v * gain));
  const gains = Array.from({ length: GAINS }, (_, point) => space.valuesAt(point)[1]);
  const sets = gains.flatMap((gain) => datasets.map((dataset) => setOf(plan, rowsOf(dataset, 0, width, gain), rowsOf(dataset, width, width + outputs, 1))));
  const [phase] = plan.phases;
  const plans = Array.from({ length: rates }, (_, rate) => {
    const [value] = space.valuesAt(rate * GAINS);
    return { ...plan, phases: [{ ...phase, learningRate: { value, raw: String(toRaw(value, plan.sites.learningRate)) } }] };
  });
  const runOf = (run) => {
    const point = Math.floor(run / seeds);
    return { set: (point % GAINS) * seeds + (run % seeds), plan: plans[Math.floor(point / GAINS)] };
  };
  const chosen = (count) => Array.from({ length: count }, (_, k) => Math.floor((k * space.runs) / count));
  const some = chosen(Math.min(COMPARED, space.runs));
  return {
    title: `sweep of ${space.runs.toLocaleString('en')} plans of ${steps} steps`, source: 'exp-000', peer: 'linear', rows, defines: ['RATE_OF_RUN'], long: true, compared: ['loud'],
    timed: () => ({ steps, sets, runs: chosen(space.runs).map(runOf) }),
    // A step more: its loss is the final loss, which is what the sweep tells of a run.
    loud: () => ({ steps: steps + 1, sets, runs: some.map(runOf) }),
    product: {
      /** Final losses, as raws, of the runs of `loud`. */
      async losses(build) {
        const executor = createExecutor(space, { build });
        const losses = [];
        for (const run of some) losses.push((await executor.run(run)).fixed.finalLoss * 2 ** plan.sites.loss.fractionLength);
        return losses;
      },
      /** Runs all of it on so many threads. */
      async run(workers, build) {
        const folder = mkdtempSync(join(tmpdir(), 'qrails-bench-sweep-'));
        try {
          await runSweep({ spec, output: folder, workers, build });
        } finally {
          rmSync(folder, { recursive: true, force: true });
        }
      },
    },
  };
}
