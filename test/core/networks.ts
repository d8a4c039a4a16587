/** Networks to try lanes on, with batches: rows that end inside, at and behind a group of lanes, and values that never, sometimes and always are near a rail. */
import type { Batch } from '../../src/core/session.js';
import { QrailsError } from '../../src/errors.js';
import { OVERFLOWS, ROUNDING, ROUNDINGS, type RoundingMode } from '../../src/format/modes.js';
import { buildPlan } from '../../src/plan/build.js';
import type { Plan } from '../../src/schema/plan.js';
import type { Profile } from '../../src/schema/profile.js';
import { Random } from '../oracle/random.js';

const ROUNDS_BY_ADDENDS = ROUNDINGS.filter((mode) => (ROUNDING[mode] as RoundingMode).addend !== undefined);

export interface Case {
  readonly plan: Plan;
  readonly batches: readonly Batch[];
}

/** Words of 5 to 24 bits: the shortest for words of a lane, longer ones with long sums for words of 64 bits, of up to 16 bits with exact sums for pairs of products. */
function caseOf(seed: number): Case {
  const random = new Random(seed);
  const paired = random.chance(0.25), long = paired || random.chance(0.5);
  const word = (): number => (paired ? random.integer(9, 16) : long ? random.integer(12, 24) : random.integer(5, 9));
  const weight = word(); // holds ±4: what glorot draws
  const overflow = random.pick(OVERFLOWS.filter((mode) => mode !== 'TRAP'));
  const site = (wordLength: number, fractionLength: number) => ({ wordLength, fractionLength, overflow });
  const near = (wordLength: number) => site(wordLength, wordLength - random.integer(1, 4));
  const each = paired ? 'end' : random.pick(['each', 'end', 'pair', 3] as const);
  const sums = (): { wordLength: number; fractionLength: number } => (long ? site(random.integer(28, 44), random.integer(16, 28)) : site(random.integer(10, 20), random.integer(5, 12)));
  const profile: Profile = {
    name: 'lanes',
    defaults: { rounding: random.pick([...ROUNDS_BY_ADDENDS, 'RND', 'RND', 'TRN']), overflow: 'SAT' },
    sites: {
      input: near(word()), target: near(word()), weight: site(weight, weight - 3), bias: near(word()), activation: near(word()), error: near(word()), gradient: near(word()), update: near(word()),
      accumulator: { ...sums(), rounding: random.pick(ROUNDS_BY_ADDENDS) }, gradientAccumulator: sums(), loss: { wordLength: 48, fractionLength: 16 },
      rate: long ? { wordLength: 20, fractionLength: 19 } : { wordLength: 8, fractionLength: 7 },
    },
    accumulate: { accumulator: each, gradientAccumulator: paired ? 'end' : random.pick(['each', 'end', 4] as const) },
    batch: { division: random.pick(['exact', 'powerOfTwo', 'reciprocal'] as const), sizes: 'any' },
  };
  const inputs = random.integer(1, paired ? 29 : 13), outputs = random.integer(1, 9);
  const bias = random.chance(0.6);
  const counts = [random.integer(1, 11), random.pick(paired ? [8, 16] : [1, 2, 4, 8, 16])];
  const plan = buildPlan({
    profile, sensor: { name: 'none' }, throttle: { law: 'none' }, anchor: { law: 'none' }, supervisor: { law: 'none' },
    experiment: {
      name: 'lanes', seed, data: { kind: 'teacher', rows: 16, weights: [] }, evaluation: { rows: 5 },
      model: {
        layers: [...(random.chance(0.5) ? [{ outputs: random.integer(1, 11), activation: random.pick(['relu', 'linear'] as const), bias }] : []), { outputs, bias }],
        initial: { kind: 'glorot', scale: random.pick([0.5, 0.5, 2]) },
      },
      phases: counts.map((batch) => ({ steps: 4, batch, learningRate: random.pick([0.0625, 0.25, 0.9]), throttle: false, anchor: false, supervisor: false })),
    },
    dataset: { rows: 16, inputs, targets: outputs, values: new Float64Array(), sha256: '0'.repeat(64), names: [] },
  });
  const scale = random.pick([0.01, 0.3, 1, 1, 4]);
  const batches = plan.phases.flatMap(({ steps, batch: count }, phase) =>
    Array.from({ length: steps }, (): Batch => {
      // Now and then one value that no rail holds.
      const values = (width: number): Float64Array => Float64Array.from({ length: count * width }, () => (random.chance(0.01) ? 100 : scale * random.between(-1, 1)));
      return { count, phase, inputs: values(inputs), targets: values(outputs) };
    }));
  return { plan, batches };
}

/** The first so many cases that are no plans without sense. */
export function drawn(count: number): (Case & { readonly seed: number })[] {
  const cases: (Case & { readonly seed: number })[] = [];
  for (let seed = 0; cases.length < count; seed++) {
    try {
      cases.push({ seed, ...caseOf(seed) });
    } catch (error) {
      if (!(error instanceof QrailsError)) throw error;
    }
  }
  return cases;
}
