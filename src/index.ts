/**
 * qrails: fixed-point and edge-hardware simulation for online learning.
 * What is not exported here is private.
 *
 * @example
 * import { compare } from 'qrails';
 * const { runs } = await compare({ experiment: 'exp-000c', profile: 'enabol-mid' });
 */
export { compare, type CompareOptions } from './compare/compare.js';
export { prepare, throttleName, DEFAULT_EXPERIMENT, DEFAULT_PROFILE, DEFAULT_SENSOR, type Prepared, type RunOptions, type Variant } from './compare/prepare.js';
export { compareTargets, type CompareTargetsOptions } from './compare/targets.js';
export { leastSquares, weightError, type Reference } from './compare/reference.js';
export { VERDICTS, VERDICT_THRESHOLDS, type VerdictName } from './compare/thresholds.js';
export { ANCHORS, ANCHOR_NAMES, ANCHOR_PARAMETERS, ESTIMATORS, THROTTLES, THROTTLE_NAMES, THROTTLE_PARAMETERS, THROTTLE_TABLE } from './control/registry.js';
export { list as listDocuments, type DocumentKind } from './document/catalogue.js';
export { QrailsError, type ErrorCode, type ErrorParts } from './errors.js';
export { loadExperiment, validateExperiment } from './experiment/load.js';
export { exportC, type ExportCOptions } from './export/c.js';
export { exportBundle, type Bundle, type BundleOptions } from './export/golden/bundle.js';
export { goldenOf, goldenRun, type Golden, type GoldenOptions } from './export/golden/run.js';
export { exportKernel } from './export/kernel/kernel.js';
export { writeOutputFolder } from './export/folder.js';
export { resolveOverflow, resolveRounding, VOCABULARIES, type Vocabulary } from './format/aliases.js';
export { rawText, realText } from './format/decimal.js';
export { explainFormat } from './format/explain.js';
export { apName, formatName, rawRange, rawToReal, type Format } from './format/format.js';
export { OVERFLOW, OVERFLOWS, ROUNDING, ROUNDINGS, type Overflow, type Rounding } from './format/modes.js';
export { NOTATION_NAMES, NOTATIONS, Q_READINGS, type Notation } from './format/notations.js';
export { quantise, siteFormat, type Counters, type FirstOverflow, type Quantised } from './format/quantise.js';
export { fromDouble, parseReal, toDouble, type Rational } from './format/real.js';
export { parseFormat, printFormat, type FormatTextOptions, type NotationName, type QReading, type TextFormat } from './format/text.js';
export { buildPlan, type PlanParts } from './plan/build.js';
export { concerns, concernsOfAll, rangesOf, type Concern, type Ranges } from './plan/concerns.js';
export { checkState, stateBytes, stateCrc32, type RunState } from './core/state.js';
export { hashJson } from './plan/hash.js';
export { createProfile, type ProfileAnswers } from './profile/create.js';
export { diffProfiles } from './profile/diff.js';
export { renderProfileDiff } from './profile/diffText.js';
export { explainProfile } from './profile/explain.js';
export { renderDataPath, type PictureOptions } from './profile/explainPicture.js';
export { loadProfile, validateProfile } from './profile/load.js';
export { loadSensor, validateSensor } from './profile/sensor.js';
export { renderComparison, PLAIN, type Palette } from './report/terminal.js';
export { runPair, type Pair, type PairOptions, type Recording, type StepView } from './run/pair.js';
export { createTrace, FIXED_COLUMNS, SHARED_COLUMNS, SIDE_COLUMNS, TRACE_COLUMNS, type TraceRow } from './run/trace.js';
export type { Comparison, ComparisonRun, FixedSide, FloatSide, SiteCounters, Try } from './schema/comparison.js';
export type { AnchorSpec, Data, Experiment, Phase, ThrottleSpec } from './schema/experiment.js';
export type { FormatExplanation } from './schema/format.js';
export type { ExportManifest } from './schema/listing.js';
export type { Plan, SiteFormat } from './schema/plan.js';
export type { Profile, ProfileSite } from './schema/profile.js';
export type { DataPath, PathEdge, PathNode, ProfileDiff, ProfileDifference, ViewDimensions } from './schema/profileViews.js';
export type { TargetComparison, TargetParting, TargetRow } from './schema/targets.js';
export type { QuantizeCase, QuantizeResult } from './schema/quantize.js';
export type { Sensor } from './schema/sensor.js';
export { loadDataset, type Dataset } from './signal/dataset.js';
export { deliveries, type Delivered } from './signal/delivery.js';
export { SITES, siteKey, siteKeys, type SiteKind, type SiteName } from './site/sites.js';
export { VERSION } from './version.js';
