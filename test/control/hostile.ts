/** Runs made to hurt: plans with every controller, batches that no sensor should deliver, and what is seen after each step. */
import fc from 'fast-check';
import { ANCHORS, ESTIMATORS, SUPERVISORS, THROTTLES, THROTTLE_ALIASES, type AnchorLaw, type Estimator, type EstimatorDefinition, type ThrottleAlias, type ThrottleLaw } from '../../src/control/registry.js';
import type { CoreExports } from '../../src/core/load.js';
import { Session, type Batch, type NumberSystem, type Row } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import { buildPlan } from '../../src/plan/build.js';
import { rulesOf } from '../../src/profile/rules.js';
import type { Experiment, ThrottleSpec } from '../../src/schema/experiment.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Profile } from '../../src/schema/profile.js';
import { Random } from '../oracle/random.js';

const INPUTS = 3;
const OUTPUTS = 2;

/** Sample i of channel c in step t, from −1 to 1; `random` is drawn anew for each value, `held` once for all steps. */
const PATTERNS: Readonly<Record<string, (at: { t: number; i: number; c: number; random: number; held: number }) => number>> = {
  zero: () => 0,
  constant: () => 0.5,
  alternating: ({ t }) => (t % 2 === 0 ? 1 : -1),
  checkered: ({ t, i, c }) => ((t + i + c) % 2 === 0 ? 1 : -1),
  random: ({ random }) => random,
  repeated: ({ held }) => held,
  spike: ({ t, i, random }) => (t % 5 === 4 && i === 0 ? Math.sign(random) : random / 64),
};

/** Largest magnitudes of the data: on a target as shares of the rail of its site, 0 standing for a last place; in the reference as they are. */
const SHARES = [1, 1, 0.25, 0];
const MAGNITUDES = [1, 8, 1e6, 1e-12, 1e-160, 5e-324];

const segment = fc.record({
  pattern: fc.constantFrom(...Object.keys(PATTERNS)), steps: fc.integer({ min: 2, max: 9 }), magnitude: fc.nat(), batch: fc.constantFrom(1, 2, 4),
  learningRate: fc.constantFrom(0.5, 0.5, 0.125, 0), throttle: fc.boolean(), anchor: fc.boolean(), supervisor: fc.boolean(), everything: fc.boolean(),
});
const throttle = fc.record({
  chi: fc.constantFrom(1.5, 0.25, 3, 0), rho: fc.constantFrom(0.05, 0, 1), gain: fc.constantFrom(0.1, 1), momentum: fc.constantFrom(0.8, 0, 1), tau: fc.constantFrom(1, 0.01),
  rowRail: fc.constantFrom(4, 0.5), columnRail: fc.constantFrom(4, 0.5), biasRail: fc.constantFrom(4, 0.25), floor: fc.constantFrom(undefined, 0, 0.25),
  firstAlpha: fc.constantFrom(undefined, 0, 0.5), keepState: fc.boolean(), holdCurvature: fc.boolean(),
});
const anchor = fc.record({
  lambda: fc.constantFrom(undefined, 1, 0), averageRate: fc.constantFrom(undefined, 1, 0.5), importanceRate: fc.constantFrom(0.5, 1), importance: fc.constantFrom('mas', 'ewc', 'si'),
  threshold: fc.constantFrom(0, 1e-4, 0.5), power: fc.constantFrom(1, 2), calibration: fc.integer({ min: 2, max: 5 }), window: fc.integer({ min: 1, max: 3 }),
  ratio: fc.constantFrom(2.5, 0.25), consecutive: fc.integer({ min: 1, max: 2 }), hold: fc.integer({ min: 1, max: 3 }),
});
const supervisor = fc.record({
  margin: fc.constantFrom(0.25, 0.01, 0), rate: fc.constantFrom(0.1, 1), slack: fc.constantFrom(0.25, 0), limit: fc.constantFrom(0.5, 0), backoff: fc.integer({ min: 0, max: 4 }),
  recovery: fc.integer({ min: 1, max: 3 }), patience: fc.constantFrom(0, 1, 3),
});

/** What a run is drawn from, besides its throttle and anchor. */
export const situations = fc.record({
  profile: fc.nat(), seed: fc.nat({ max: 2 ** 31 - 1 }), wide: fc.boolean(), layers: fc.constantFrom(1, 2), bias: fc.boolean(), sign: fc.boolean(), balanced: fc.boolean(),
  sigmoid: fc.boolean(), segments: fc.array(segment, { minLength: 1, maxLength: 4 }), throttle, anchor, supervisor, supervisorLaw: fc.constantFrom('none', 'rollback', 'cusum'),
});
export type Situation = typeof situations extends fc.Arbitrary<infer T> ? T : never;

/** The law and the estimator a throttle's name stands for. */
export function lawOf(name: string): { law: ThrottleLaw; estimator: Estimator | undefined } {
  if (Object.hasOwn(THROTTLE_ALIASES, name)) return THROTTLE_ALIASES[name as ThrottleAlias];
  const [law, estimator] = name.split('/') as [ThrottleLaw, Estimator | undefined];
  return { law, estimator };
}

const stated = (values: Readonly<Record<string, unknown>>, taken: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(taken.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]));

/** The plan of a situation; undefined where the target cannot run it. */
export function planOf(profile: Profile, throttleName: string, anchorLaw: AnchorLaw, drawn: Situation): Plan | undefined {
  const { law, estimator } = lawOf(throttleName);
  const single = estimator !== undefined && (ESTIMATORS[estimator] as EstimatorDefinition).singleLayer === true;
  const deep = !single && drawn.layers === 2;
  const only = rulesOf(profile).batchSizes === 'one';
  const experiment: Experiment = {
    name: 'hostile',
    model: {
      layers: [...(deep ? [{ outputs: 4, activation: 'relu' as const, bias: drawn.bias }] : []), { outputs: OUTPUTS, bias: drawn.bias, ...(drawn.sigmoid && { activation: 'sigmoid' as const }) }],
      ...(drawn.sign && { errorRule: 'sign' as const }),
      initial: { kind: 'glorot', scale: 0.5 },
    },
    data: { kind: 'teacher', rows: 4, weights: [] },
    phases: drawn.segments.map(({ steps, batch, learningRate, throttle, anchor, supervisor, everything }) => ({
      steps, batch: only ? 1 : batch, learningRate, throttle: everything || throttle, anchor: everything || anchor, supervisor: everything || supervisor,
    })),
    seed: drawn.seed,
    evaluation: { rows: 1 },
    ...(drawn.balanced && deep && { balance: { law: 'norms', warmup: 2, shareRate: 0.25 } }),
  };
  const spec = { ...stated(drawn.throttle, THROTTLES[law].parameters), law: throttleName.split('/')[0], ...(estimator && { estimator }) } as ThrottleSpec;
  try {
    return buildPlan({
      profile, sensor: { name: 'none' }, experiment, throttle: spec,
      dataset: { rows: 4, inputs: INPUTS, targets: OUTPUTS, values: new Float64Array(), sha256: '0'.repeat(64), names: [] },
      anchor: { law: anchorLaw, ...stated(drawn.anchor, ANCHORS[anchorLaw].parameters) },
      supervisor: { law: drawn.supervisorLaw, ...stated(drawn.supervisor, SUPERVISORS[drawn.supervisorLaw].parameters) },
    });
  } catch (error) {
    if (error instanceof QrailsError) return undefined;
    throw error;
  }
}

/** A batch for every step, phase after phase. */
export function* batchesOf(plan: Plan, kind: NumberSystem, { segments, seed }: Situation): Generator<Batch> {
  const random = new Random(seed);
  for (const [phase, { steps, batch: count }] of plan.phases.entries()) {
    const { pattern, magnitude } = segments[phase % segments.length]!;
    const { inputs: channels, targets: outputs } = plan.data;
    const held = Array.from({ length: count * (channels + outputs) }, () => random.between(-1, 1));
    const size = (site: 'input' | 'target'): number => {
      const { rails, fractionLength } = plan.sites[site]!;
      if (kind === 'float') return MAGNITUDES[magnitude % MAGNITUDES.length]!;
      const share = SHARES[magnitude % SHARES.length]!;
      return Math.max(share * Number(rails[1]), 1) * 2 ** -fractionLength;
    };
    const values = (t: number, width: number, scale: number, from: number): Float64Array =>
      Float64Array.from({ length: count * width }, (_, at) => scale * PATTERNS[pattern]!({ t, i: Math.floor(at / width), c: at % width, random: random.between(-1, 1), held: held[from + at]! }));
    for (let t = 0; t < steps; t++) {
      const inputs = values(t, channels, size('input'), 0);
      yield { count, phase, inputs, targets: values(t, outputs, -size('target'), count * channels) };
    }
  }
}

/** A step as it is seen from outside. */
export interface Seen {
  readonly phase: number;
  readonly row: Row;
  readonly raws: Readonly<Record<'loss' | 'alpha' | 'rate' | 'curvature' | 'curvatureMean', bigint>>;
  /** Words of the state before and after, by field. */
  readonly before: Words;
  readonly after: Words;
  /** Of this step, layer by layer. */
  readonly gradients: readonly (readonly number[])[];
  readonly updates: readonly (readonly number[])[];
}
export type Words = Readonly<Record<string, readonly string[]>>;

/** Runs a plan step by step, up to a trap. */
export function* run(core: CoreExports, plan: Plan, kind: NumberSystem, situation: Situation): Generator<Seen> {
  const session = new Session(core, plan, kind, { chunk: 1, wide: situation.wide });
  let row: Row | undefined;
  session.onRow((_, seen) => (row = { ...seen }));
  let before = session.save('').values;
  for (const batch of batchesOf(plan, kind, situation)) {
    session.push(batch);
    session.finish();
    if (session.trapped !== undefined) return;
    const after = session.save('').values;
    const raw = (field: keyof Seen['raws']): bigint => session.rawOfLastRow(field);
    yield {
      phase: batch.phase, row: row!, before, after, gradients: session.read('gradient'), updates: session.read('update'),
      raws: { loss: raw('loss'), alpha: raw('alpha'), rate: raw('rate'), curvature: raw('curvature'), curvatureMean: raw('curvatureMean') },
    };
    before = after;
  }
}
