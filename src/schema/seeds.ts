import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { DRAWN, SEED_MEASURES, type Drawn, type SeedMeasureName } from '../compare/seedsMeasures.js';
import { VERDICTS, type VerdictName } from '../compare/thresholds.js';
import { described, StringEnum, strict, runNames } from './common.js';

const count = Type.Integer({ minimum: 0 });
const share = Type.Number({ minimum: 0, maximum: 1 });
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Value = Type.Union([Type.Number(), Type.Null()]);
const perMeasure = <T extends TSchema>(schema: (about: string) => T): Record<SeedMeasureName, T> =>
  Object.fromEntries(Object.entries(SEED_MEASURES).map(([name, { about }]) => [name, schema(about)])) as Record<SeedMeasureName, T>;

/** A median with its interval. */
export const SeedMedian = strict({ median: Value, low: Value, high: Value }, { description: 'median over the seeds and the ends of its interval; null is +∞' });
export type SeedMedian = Static<typeof SeedMedian>;

/** A share of the seeds with its interval. */
export const SeedShare = strict({ count, share, low: share, high: share }, { description: 'seeds, their share, and the ends of its Wilson interval' });
export type SeedShare = Static<typeof SeedShare>;

export const SeedSide = strict({
  verdicts: strict(Object.fromEntries(VERDICTS.map((name) => [name, SeedShare])) as Record<VerdictName, typeof SeedShare>),
  medians: strict(
    perMeasure((about) => Type.Union([SeedMedian, Type.Null()], { description: about })),
    { description: 'a run that diverged counts as +∞ in losses and weight error; null where no run has the quantity' },
  ),
  values: strict(
    { verdict: Type.Array(StringEnum(VERDICTS, 'verdict')), ...perMeasure((about) => Type.Array(Value, { description: about })) },
    { description: 'as measured, in the order of the seeds; null where there is none, or it is not finite' },
  ),
});
export type SeedSide = Static<typeof SeedSide>;

export const SeedRun = strict({
  throttle: Type.String(),
  anchor: Type.String(),
  float: SeedSide,
  fixed: SeedSide,
  lossRatio: described(SeedMedian, 'median of the final loss of a seed, fixed over float; null is +∞'),
  planHashes: Type.Array(Hash, { description: 'in the order of the seeds' }),
});
export type SeedRun = Static<typeof SeedRun>;

export const PairedSide = strict({
  ratio: described(SeedMedian, 'exponential of the median, over the seeds, of the log ratio of final losses, this run over the first; null is +∞'),
  better: Type.Integer({ minimum: 0, description: 'seeds with a lower final loss than in the first run' }),
  ties: count,
  worse: count,
  betterShare: strict({ share, low: share, high: share }, { description: 'share of better seeds, ties counted half, and the ends of its Wilson interval' }),
  signTest: described(share, 'p of the exact two-sided sign test, without ties'),
});
export type PairedSide = Static<typeof PairedSide>;

/** What `qrails compare --seeds N --json` prints. */
export const SeedComparison = strict(
  {
    seedComparison: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: described(Hash, "of the list of plan hashes, seed by seed, each seed's in the order of `runs`; draws the resamples"),
      ...runNames,
      first: described(count, 'first seed; the others follow one by one'),
      seeds: Type.Integer({ minimum: 2 }),
      drawn: Type.Array(StringEnum(Object.keys(DRAWN) as Drawn[], Object.entries(DRAWN).map(([name, about]) => `${name}: ${about}`).join('; ')), { description: 'what a seed draws', minItems: 1 }),
      steps: count,
      stressFrom: Type.Integer({ minimum: 0, description: 'first step of the first phase with the sensor on' }),
    }),
    bootstrap: strict({
      replicates: count, level: share,
      coverage: described(share, 'how often the interval of a median holds that of a continuous population: exactly for an odd number of seeds, at least for an even one'),
    }),
    runs: Type.Array(SeedRun),
    against: Type.Array(strict({ throttle: Type.String(), anchor: Type.String(), float: PairedSide, fixed: PairedSide }), { description: 'every further run against the first, paired by seed' }),
  },
  { $id: 'https://qrails.invalid/schema/seeds.schema.json', title: 'qrails comparison over seeds' },
);
export type SeedComparison = Static<typeof SeedComparison>;
