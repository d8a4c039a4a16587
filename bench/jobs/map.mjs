import { prepare } from '../../dist/compare/prepare.js';
import { parseAxis } from '../../dist/map/axis.js';
import { setOf, toRaw } from '../plans.mjs';

/** Steps between two looks at whether a cell has blown up, as src/map/cell.ts has it. */
const CHUNK = 32;

/** The cells of `qrails map` on exp-001: learning rates across, gains upwards, full batch, no controller. A cell whose loss passes 100 is given up. */
export async function map({ quick }) {
  const { variants: [{ plan }], dataset } = await prepare({ experiment: 'exp-001', throttle: ['none'], anchor: ['none'] });
  const { rows, inputs: width, targets: outputs, values } = dataset;
  const rowsOf = (from, to, gain) => Array.from({ length: rows }, (_, r) => Array.from(values.subarray(r * (width + outputs) + from, r * (width + outputs) + to), (v) => v * gain));
  const data = (count, steps, limit) => () => {
    const rates = parseAxis(`rate=log:0.01:1.99526231497:${count}`, 'rate').values;
    const gains = parseAxis(`gain=log:1:4:${count}`, 'gain').values;
    const [phase] = plan.phases;
    return {
      steps, limit, chunk: CHUNK,
      sets: gains.map((gain) => setOf(plan, rowsOf(0, width, gain), rowsOf(width, width + outputs, 1))),
      runs: gains.flatMap((_, set) =>
        rates.map((value) => {
          const learningRate = { value, raw: String(toRaw(value, plan.sites.learningRate)) };
          return { set, plan: { ...plan, phases: [{ ...phase, learningRate }] } };
        }),
      ),
    };
  };
  return {
    title: 'EXP-001 map, 41 × 41 cells, 1000 steps', source: 'map', peer: 'linear', rows, long: true,
    timed: data(quick ? 5 : 41, quick ? 64 : 1000, plan.divergedLoss), loud: data(5, 64, Infinity),
  };
}
