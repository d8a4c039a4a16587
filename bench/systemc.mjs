/** SystemC's fixed-point types as peers, on the first steps of a job's data, which is what their speed allows. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCore } from './core.mjs';
import { differences } from './differences.mjs';
import { nativeResults, nativeTimes, writeData } from './native.mjs';
import { median, range, rounds } from './statistics.mjs';

/** By the name of their figures: `ratioToScFixed`, … */
export const PEERS = { ScFixed: 'sc_fixed', ScFixedFast: 'sc_fixed_fast' };
const FLAGS = ['-O3', '-march=native', '-Wall', '-Wextra', '-Werror', '-Wno-missing-field-initializers'];
/** Multiplications of a whole comparison: some tenths of a second. */
const MOST_PRODUCTS = 200_000;
/** What is asked of a number type that counts nothing. */
const COMPARED = ['steps', 'lastLoss', 'weights', 'gradients', 'updates'];

/** Whether the SystemC library and a C++ compiler are here. */
export function systemcPresent() {
  try {
    execFileSync('g++', ['-E', '-x', 'c++', '-'], { input: '#if !__has_include(<systemc>)\n#error\n#endif\n', stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** Sites by the macros that systemc/*.cpp knows them by. */
const RUN_MACROS = {
  INPUT: 'input', TARGET: 'target', LOSS: 'loss', LEARNING_RATE: 'learningRate', RATE: 'rate', SQUARED_NORM: 'squaredNorm', NORM: 'norm', CURVATURE: 'curvature',
  CURVATURE_MEAN: 'curvatureMean', THROTTLE: 'throttle', THROTTLE_TARGET: 'throttleTarget', MEAN_RATE: 'meanRate',
};
const LAYER_MACROS = {
  ACCUMULATOR: 'accumulator', ACTIVATION: 'activation', ERROR: 'error', GRADIENT_ACCUMULATOR: 'gradientAccumulator', GRADIENT: 'gradient', UPDATE: 'update', WEIGHT: 'weight',
};

/** Compiles systemc/<peer>.cpp for a plan whose layers share their formats. */
function compile(peer, plan, type, directory) {
  const { sites, layers, data, phases: [{ batch }], accumulate, throttle } = plan;
  const program = join(directory, `systemc-${type}`);
  const [{ rounding, overflow }] = Object.values(sites);
  const format = (key) => {
    const { signed, wordLength, fractionLength } = sites[key];
    const sign = signed ? 0 : 1;
    return `${wordLength + sign},${wordLength - fractionLength + sign}`;
  };
  const macros = {
    NUMBER: type, ROUNDING: `sc_dt::SC_${rounding}`, OVERFLOW_MODE: `sc_dt::SC_${overflow}`,
    ROWS: data.rows, BATCH: batch, INPUTS: data.inputs, OUTPUTS: data.targets, HIDDEN: layers[0].outputs,
    SUM_TYPE: accumulate.accumulator === 'each' ? 'number<ACCUMULATOR>' : 'exact',
    ...Object.fromEntries(Object.entries(RUN_MACROS).map(([macro, key]) => [macro, format(key)])),
    ...Object.fromEntries(Object.entries(LAYER_MACROS).map(([macro, name]) => [macro, format(`layer0.${name}`)])),
    ...(throttle.law !== 'none' && { CHI: throttle.chi.raw, RHO: throttle.rho.raw, FLOOR: throttle.floor.raw }),
  };
  const source = fileURLToPath(new URL(`systemc/${peer}.cpp`, import.meta.url));
  const options = Object.entries(macros).map(([name, value]) => `-D${name}=${value}`);
  execFileSync('g++', [...FLAGS, ...options, '-o', program, source, '-lsystemc'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** The beginning of a job's data, so short that every peer is through it in a moment. */
function beginning(data) {
  const [{ plan }] = data.runs;
  const products = 2 * plan.phases[0].batch * plan.layers.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const steps = Math.max(1, Math.min(data.steps, Math.floor(MOST_PRODUCTS / products)));
  const used = new Set();
  // One run more costs as much as the first: no more than two.
  const runs = data.runs.slice(0, 2).map((run) => (used.add(run.set), run));
  return { ...data, steps, chunk: Math.min(data.chunk ?? steps, steps), sets: data.sets.slice(0, Math.max(...used) + 1), runs };
}

/**
 * Every peer on the beginning of a job: whether loss, parameters, gradients and updates are the core's on both data sets, speed, and the core's ratio
 * to it on the same steps.
 */
export async function measurePeers(core, peer, data, pairs, directory) {
  const short = { timed: beginning(data.timed), loud: beginning(data.loud) };
  const files = Object.fromEntries(Object.entries(short).map(([name, of]) => [name, writeData(`systemc-${name}`, of, directory)]));
  const figures = { peers: {} };
  for (const [name, type] of Object.entries(PEERS)) {
    const program = compile(peer, data.timed.runs[0].plan, type, directory);
    const pick = (result) => Object.fromEntries(COMPARED.map((key) => [key, result[key]]));
    const found = Object.keys(short).flatMap((of) => differences(runCore(core, short[of], true).results.map(pick), nativeResults(program, files[of]).map(pick), of));
    if (found.length > 0) console.error(`core and ${type} differ in ${found.length} places (core, SystemC):\n  ${found.slice(0, 20).join('\n  ')}`);
    let steps = 0;
    const measured = await rounds(pairs, {
      core() {
        const run = runCore(core, short.timed, false);
        ({ steps } = run);
        return run.nanoseconds;
      },
      peer: () => nativeTimes(program, files.timed, 1).nanoseconds[0],
    });
    const ratios = measured.map((round) => round.peer / round.core);
    figures.peers[name] = { type, bitsEqual: found.length === 0, steps, perSecond: median(measured.map(({ peer }) => (steps * 1e9) / peer)), spread: range(ratios) };
    figures[`ratioTo${name}`] = median(ratios);
  }
  return figures;
}
