/** The document schemas, each with the file it is published in. `scripts/generate.mjs` writes schema/*.schema.json from this list. */
import type { TSchema } from '@sinclair/typebox';
import { Advice, TargetAdvice } from './advice.js';
import { Baseline } from './baseline.js';
import { BaselineDiff, BaselineSummary } from './baselineViews.js';
import { ErrorBudget } from './budget.js';
import { Check } from './check.js';
import { Comparison } from './comparison.js';
import { CostReport } from './cost.js';
import { Experiment } from './experiment.js';
import { Explanation } from './explanation.js';
import { FormatExplanation } from './format.js';
import { EmaReport } from './ema.js';
import { Instruments } from './instruments.js';
import { WeightImport } from './import.js';
import { ExportManifest, Listing, Validation } from './listing.js';
import { StabilityMap } from './map.js';
import { Margins } from './margins.js';
import { Plan } from './plan.js';
import { PlayResult } from './play.js';
import { Profile } from './profile.js';
import { DataPath, ProfileDiff } from './profileViews.js';
import { QuantizeCase, QuantizeResult } from './quantize.js';
import { SeedComparison } from './seeds.js';
import { Sensor } from './sensor.js';
import { RunState } from './state.js';
import { Sweep } from './sweep.js';
import { SweepResult } from './sweepResult.js';
import { SweepPart, SweepPlan } from './sweepViews.js';
import { TargetComparison } from './targets.js';

export const SCHEMAS = {
  profile: Profile, sensor: Sensor, experiment: Experiment, plan: Plan, comparison: Comparison, targets: TargetComparison, map: StabilityMap, seeds: SeedComparison, baseline: Baseline, check: Check,
  state: RunState, listing: Listing, validation: Validation, export: ExportManifest, import: WeightImport, ema: EmaReport, instruments: Instruments, budget: ErrorBudget, margins: Margins, explanation: Explanation, advice: Advice, targetAdvice: TargetAdvice,
  format: FormatExplanation, quantizeCase: QuantizeCase, quantizeResult: QuantizeResult,
  dataPath: DataPath, profileDiff: ProfileDiff, baselineSummary: BaselineSummary, baselineDiff: BaselineDiff, cost: CostReport,
  sweep: Sweep, sweepResult: SweepResult, sweepPlan: SweepPlan, sweepPart: SweepPart, play: PlayResult,
} as const satisfies Record<string, TSchema>;
export type SchemaName = keyof typeof SCHEMAS;

/** A published schema: path in the package and content. */
export interface SchemaFile {
  readonly file: string;
  readonly text: () => string;
}

/** Every schema as the JSON Schema (draft-07) file editors read. */
export const SCHEMA_FILES: readonly SchemaFile[] = Object.entries(SCHEMAS).map(([name, schema]) => ({
  file: `schema/${name}.schema.json`,
  text: () => `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }, null, 2)}\n`,
}));
