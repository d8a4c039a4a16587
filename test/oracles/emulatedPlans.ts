/** Small runs that use every part of an exported kernel, for boards that are emulated. */
import { exportBundle, type Bundle } from '../../src/export/golden/bundle.js';
import type { RunOptions } from '../../src/compare/prepare.js';
import { shipped } from '../export/goldenRuns.js';

/** Prefix of the exported files. */
export const PREFIX = 'demo';

const RUNS: Readonly<Record<string, RunOptions>> = {
  'gain drift, gt0/secant with exact quotients': {
    experiment: 'exp-000c', profile: 'enabol-mid', throttle: ['gt0/secant'], anchor: ['none'], steps: 8,
    set: ['experiment.data.rows=12', 'experiment.phases[0].batch=3', 'experiment.phases[0].steps=3', 'experiment.phases[1].batch=5'],
  },
  'table throttle and event anchor on q15': {
    experiment: 'anchor-event', profile: 'cortex-m4-q15', throttle: ['table'], anchor: ['event'], steps: 14,
    set: [
      'experiment.data.rows=16', 'anchor.calibration=3', 'anchor.window=2', 'anchor.consecutive=1', 'anchor.hold=2',
      ...[0, 1, 2].flatMap((phase) => [`experiment.phases[${phase}].batch=4`, `experiment.phases[${phase}].steps=4`, `experiment.phases[${phase}].throttle=true`]),
    ],
  },
  '4-8-2 with ReLU and biases, gt0/trace by a table of reciprocals, stochastic weights': {
    experiment: 'exp-000c', profile: 'avr-q7', throttle: ['gt0/trace'], anchor: ['fixed'], steps: 6,
    set: [
      'experiment.model={"layers":[{"outputs":8,"activation":"relu","bias":true},{"outputs":2,"bias":true}],"initial":{"kind":"glorot"}}',
      'experiment.data.rows=12', 'experiment.phases[0].batch=3', 'experiment.phases[0].steps=2', 'experiment.phases[1].batch=4', 'profile.sites.weight.rounding=STOCHASTIC',
    ],
  },
  'sigmoid, gt2-qa/rayleigh, elastic and rollback': {
    experiment: 'exp-000c', profile: 'cortex-m4-q15', throttle: ['gt2-qa/rayleigh'], anchor: ['elastic'], supervisor: 'rollback', steps: 10,
    set: [
      'experiment.model={"layers":[{"outputs":2,"activation":"sigmoid","bias":true}],"initial":{"kind":"glorot"}}', 'experiment.data.rows=12',
      'experiment.phases[0].batch=3', 'experiment.phases[0].steps=3', 'experiment.phases[1].batch=4', 'throttle.firstAlpha=0.5', 'anchor.importance=si',
      'supervisor.margin=0', 'supervisor.rate=1', 'supervisor.recovery=1', 'supervisor.patience=2',
    ],
  },
  'sign, rails/secant-latch, gated by a root, and cusum': {
    experiment: 'exp-000c', profile: 'avr-q7', throttle: ['rails/secant-latch'], anchor: ['gated'], supervisor: 'cusum', steps: 10,
    set: [
      'experiment.model.errorRule=sign', 'experiment.data.rows=12', 'experiment.phases[0].batch=4', 'experiment.phases[0].steps=3', 'experiment.phases[1].batch=4', 'experiment.phases[0].throttle=true',
      'throttle.holdCurvature=false', 'throttle.rowRail=2.85', 'throttle.columnRail=1.75', 'anchor.power=2', 'anchor.threshold=0.0001', 'supervisor.rate=1', 'supervisor.slack=0', 'supervisor.limit=0.0001',
    ],
  },
  'balance of two losses, gt1/trace, ema': {
    experiment: 'exp-000c', profile: 'enabol-mid', throttle: ['gt1/trace'], anchor: ['ema'], steps: 6,
    set: [
      'experiment.model={"layers":[{"outputs":3,"activation":"relu","bias":true},{"outputs":2}],"initial":{"kind":"glorot"}}', 'experiment.balance={"law":"norms","outputs":[1,1],"warmup":2}',
      'experiment.data.rows=12', 'experiment.phases[0].batch=3', 'experiment.phases[0].steps=2', 'experiment.phases[1].batch=4',
    ],
  },
};
export const RUN_NAMES = Object.keys(RUNS);

const bundles = new Map<string, Promise<Bundle>>();

/** The export of a run: tables, kernel, golden values of every step, self-test. */
export function exported(name: string, progmem: boolean): Promise<Bundle> {
  const key = `${name} ${progmem}`;
  const known = bundles.get(key);
  if (known) return known;
  const made = shipped(RUNS[name]!).then(({ plan, dataset, names }) => exportBundle(plan, dataset, { ...names, name: PREFIX, kernel: true, golden: true, progmem }));
  bundles.set(key, made);
  return made;
}

/** The C files of an export. */
export const sourcesOf = ({ files }: Bundle): Record<string, string> => Object.fromEntries(Object.entries(files).filter((file): file is [string, string] => /\.[ch]$/.test(file[0])));
