/** One learning step of a shipped target on raw operands, as the core does it: for lanes that ask the target's own instructions. */
import type { CoreExports } from '../../src/core/load.js';
import { Session } from '../../src/core/session.js';
import { siteFormat, type Counters } from '../../src/format/quantise.js';
import { buildPlan } from '../../src/plan/build.js';
import { resolveFormats } from '../../src/plan/formats.js';
import { loadProfile } from '../../src/profile/load.js';
import type { Plan, SiteFormat } from '../../src/schema/plan.js';
import type { Profile } from '../../src/schema/profile.js';
import type { Random } from '../oracle/random.js';

/** Raws of a step of one linear layer without a bias: weights [output][input], inputs [sample][input], targets [sample][output]. */
export interface Operands {
  readonly weights: number[][];
  readonly inputs: number[][];
  readonly targets: number[][];
  readonly rate: number;
}

/** Everything the step leaves, raws in the order of docs/numerics.md §5. */
export interface Step {
  readonly accumulators: bigint[];
  /** Sums of error × input over the batch, weight by weight. */
  readonly gradientSums: bigint[];
  readonly activations: bigint[];
  readonly errors: bigint[];
  readonly gradients: bigint[];
  readonly updates: bigint[];
  readonly weights: bigint[];
  /** Learning rate at the site `rate`. */
  readonly rate: bigint;
  readonly counters: Record<string, Counters>;
}

export const shipped = async (name: string): Promise<Profile> => (await loadProfile(name)).value;

/** A copy of a profile with one property of a site replaced: what the lanes must notice. */
export function altered(profile: Profile, site: keyof NonNullable<Profile['sites']>, property: object): Profile {
  const copy = structuredClone(profile);
  const sites = copy.sites as Record<string, object>;
  sites[site] = { ...sites[site], ...property };
  return copy;
}

export const formatsOf = (profile: Profile, batch = 1): Record<string, SiteFormat> =>
  resolveFormats(profile, { layers: 1, batch, calibration: 1 }, profile.name);

/** Rails and their neighbours, and what lies around zero. */
export function edgesOf({ rails }: SiteFormat): number[] {
  const [low, high] = rails.map(Number) as [number, number];
  return [...new Set([low, low + 1, -1, 0, 1, high - 1, high])].filter((raw) => raw >= low && raw <= high);
}

/** A raw of a format: anywhere, an edge, or small. */
export function anyRaw(random: Random, format: SiteFormat): number {
  const [low, high] = format.rails.map(Number) as [number, number];
  return random.pick([
    () => low + (random.word() % (high - low + 1)),
    () => low + (random.word() % (high - low + 1)),
    () => random.pick(edgesOf(format)),
    () => Math.max(low, random.integer(-200, 200)),
  ])();
}

const real = (raw: number, { fractionLength }: SiteFormat): number => raw * 2 ** -fractionLength;

/** Operands of a step drawn at random; a quarter of the rows lie in the outer half of one side, so that their sums reach the rails. */
export function randomOperands(random: Random, profile: Profile, { outputs, inputs, batch }: { outputs: number; inputs: number; batch: number }): Operands {
  const formats = formatsOf(profile, batch);
  const rows = (count: number, columns: number, format: SiteFormat): number[][] =>
    Array.from({ length: count }, () => {
      const rail = Number(random.pick(format.rails));
      const loud = random.chance(0.25);
      return Array.from({ length: columns }, () => (loud ? Math.trunc(rail * random.between(0.5, 1)) : anyRaw(random, format)));
    });
  return {
    weights: rows(outputs, inputs, formats['layer0.weight']!),
    inputs: rows(batch, inputs, formats['input']!),
    targets: rows(batch, outputs, formats['target']!),
    rate: Math.max(1, anyRaw(random, formats['learningRate']!)),
  };
}

/** Every combination of edges in `inputs` weights and as many inputs. */
export function edgeOperands(profile: Profile, inputs: number): Operands {
  const formats = formatsOf(profile);
  const every = (edges: number[]): number[][] => {
    let rows: number[][] = [[]];
    for (let i = 0; i < inputs; i++) rows = rows.flatMap((row) => edges.map((edge) => [...row, edge]));
    return rows;
  };
  const weights = every(edgesOf(formats['layer0.weight']!));
  // As many samples as a power of two, so that no target has to divide.
  const rows = every(edgesOf(formats['input']!));
  const samples = Array.from({ length: 2 ** Math.ceil(Math.log2(rows.length)) }, (_, b) => rows[b % rows.length]!);
  const targets = edgesOf(formats['target']!);
  return {
    weights,
    inputs: samples,
    targets: samples.map((_, b) => weights.map((__, o) => targets[(b + o) % targets.length]!)),
    rate: Number(formats['learningRate']!.rails[1]),
  };
}

function planOf(profile: Profile, { weights, inputs, targets, rate }: Operands): Plan {
  const formats = formatsOf(profile, inputs.length);
  const [outputs, width] = [weights.length, weights[0]!.length];
  const initial = weights.map((row) => row.map((raw) => real(raw, formats['layer0.weight']!)));
  return buildPlan({
    profile,
    sensor: { name: 'none' },
    experiment: {
      name: 'step',
      model: { layers: [{ outputs }], initial: { kind: 'values', layers: [{ weights: initial }] } },
      data: { kind: 'teacher', rows: inputs.length, weights: [] },
      phases: [{ steps: 1, batch: inputs.length, learningRate: `${rate}/${2 ** formats['learningRate']!.fractionLength}` }],
      evaluation: { rows: 1 },
    },
    dataset: { rows: inputs.length, inputs: width, targets: targets[0]!.length, values: new Float64Array(), sha256: '0'.repeat(64), names: [] },
    throttle: { law: 'none' },
    anchor: { law: 'none' },
  });
}

/** Bits of one look at a sum: as wide as a signal may be. */
const WINDOW = 32;

/** One step of the profile in the core. The batch is a power of two. */
export function learn(core: CoreExports, profile: Profile, operands: Operands): Step {
  const plan = planOf(profile, operands);
  const delivered = {
    count: operands.inputs.length,
    inputs: Float64Array.from(operands.inputs.flat(), (raw) => real(raw, plan.sites['input']!)),
    targets: Float64Array.from(operands.targets.flat(), (raw) => real(raw, plan.sites['target']!)),
    phase: 0,
  };
  const run = (one: Plan): Session => {
    const session = new Session(core, one, 'fixed', { chunk: 1 });
    session.push(delivered);
    session.finish();
    return session;
  };
  const bigs = (raws: number[]): bigint[] => raws.map(BigInt);

  const session = run(plan);
  const step = {
    activations: bigs(session.peek('activations')),
    errors: bigs(session.peek('errors')),
    gradients: bigs(session.read('gradient')[0]!),
    updates: bigs(session.read('update')[0]!),
    weights: bigs(session.read('theta')[0]!),
    rate: session.rawOfLastRow('rate'),
    counters: session.counters(),
  };

  // A step keeps no sum. It is seen, all its bits, through windows: a site behind it that takes 32 bits of it instead of what the profile says.
  const sums = (site: string, behind: string, scale: number, read: (session: Session) => number[]): bigint[] => {
    const { wordLength, fractionLength, signed } = plan.sites[site]!;
    const windows = Array.from({ length: Math.ceil(wordLength / WINDOW) }, (_, i) => {
      const format = siteFormat({ signed: true, wordLength: WINDOW, fractionLength: fractionLength + scale - i * WINDOW, rounding: 'TRN', overflow: 'WRAP' });
      return read(run({ ...plan, sites: { ...plan.sites, [behind]: format } }));
    });
    return windows[0]!.map((_, k) => {
      const bits = windows.reduce((raw, seen, i) => raw | (BigInt.asUintN(WINDOW, BigInt(seen[k]!)) << BigInt(i * WINDOW)), 0n);
      return signed ? BigInt.asIntN(wordLength, bits) : BigInt.asUintN(wordLength, bits);
    });
  };
  return {
    ...step,
    accumulators: sums('layer0.accumulator', 'layer0.activation', 0, (one) => one.peek('activations')),
    // A mean of 2^k samples has k fraction bits more than the sum.
    gradientSums: sums('layer0.gradientAccumulator', 'layer0.gradient', Math.log2(operands.inputs.length), (one) => one.read('gradient')[0]!),
  };
}
