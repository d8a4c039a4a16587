/**
 * Makes a plan: everything a run needs, with every default filled in, every format resolved and every constant already raw.
 * This is the only place where real constants become raws.
 */
import {
  ANCHORS, ANCHOR_PARAMETERS, BALANCES, BALANCE_PARAMETERS, ESTIMATORS, MOST_LOSSES, parameterDefault, SUPERVISORS, SUPERVISOR_PARAMETERS, THROTTLES, THROTTLE_ALIASES, THROTTLE_PARAMETERS, THROTTLE_TABLE, THROTTLE_TABLE_FRACTION_LENGTH, weighs,
  type EstimatorDefinition, type ParameterDefinition, type ThrottleAlias, type ThrottleLaw,
} from '../control/registry.js';
import { sigmoidTable } from '../control/sigmoid.js';
import { QrailsError } from '../errors.js';
import { formatName, rawRange } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import { parseReal, scaled, toDouble, type Rational } from '../format/real.js';
import { rulesOf } from '../profile/rules.js';
import type { AnchorSpec, BalanceSpec, Experiment, SupervisorSpec, ThrottleSpec } from '../schema/experiment.js';
import type { Constant, Plan, PlanAnchor, PlanBalance, PlanPhase, PlanSupervisor, PlanThrottle, SiteFormat } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import type { Sensor } from '../schema/sensor.js';
import type { Dataset } from '../signal/dataset.js';
import { stepsPerPass } from '../signal/order.js';
import { sensorModel } from '../signal/model.js';
import type { SiteName } from '../site/sites.js';
import { alignPlan } from './alignment.js';
import { checkDivider, checkLearns } from './concerns.js';
import { draftOf, drawPlan } from './drawn.js';
import { resolveFormats } from './formats.js';
import { freeze } from './freeze.js';
import { initialValues } from './initial.js';

/** What a plan is made from, but for what a seed draws. */
export interface DraftParts {
  readonly profile: Profile;
  readonly sensor: Sensor;
  readonly experiment: Experiment;
  /** Rows and columns of the data, whatever is in them. */
  readonly shape: Pick<Dataset, 'rows' | 'inputs' | 'targets' | 'names'>;
  readonly throttle: ThrottleSpec;
  readonly anchor: AnchorSpec;
  /** Default `none`. */
  readonly supervisor?: SupervisorSpec | undefined;
  /** Steps in all: later phases are cut, or the last one goes on. */
  readonly steps?: number | undefined;
}

/** The seed is the experiment's. */
export interface PlanParts extends Omit<DraftParts, 'shape'> {
  readonly dataset: Dataset;
}

export const DEFAULT_SEED = 42;
const DEFAULT_DIVERGED_LOSS = 1e6;
const DEFAULT_EVALUATION_ROWS = 1000;

/**
 * Builds the plan of one run.
 *
 * @returns frozen: its hash names what is run
 * @throws QrailsError `invalid` where shapes do not fit, `format` for a constant that does not fit its format or becomes zero in it,
 *   `unsupported` for what the target cannot do
 * @example const plan = buildPlan({ profile, sensor, experiment, dataset, throttle: { law: 'none' }, anchor: { law: 'none' } });
 */
export function buildPlan({ dataset, ...parts }: PlanParts): Plan {
  return draftPlan({ ...parts, shape: dataset })(dataset, parts.experiment.seed);
}

/**
 * Builds all of a plan that does not depend on the seed, once for any number of seeds.
 *
 * @returns the plan under a seed, for rows of the same shape; plans of one draft are `drawnAlike`. Throws QrailsError `format` for initial weights that do not fit
 * @throws QrailsError as `buildPlan`
 * @example const planOf = draftPlan({ …, shape: dataset }); const plans = [planOf(dataset, 1), planOf(other, 2)];
 */
export function draftPlan(parts: DraftParts): (dataset: Pick<Dataset, 'sha256'>, seed?: number) => Plan {
  const { profile, sensor, experiment, shape } = parts;
  const rules = rulesOf(profile);
  const layers = resolveLayers(experiment, shape);
  const timing = resolvePhases(parts, shape.rows);
  const calibration = Number(parts.anchor.calibration ?? ANCHOR_PARAMETERS.calibration.default);
  const sites = resolveFormats(profile, { layers: layers.length, batch: Math.max(...timing.map(({ batch }) => batch)), calibration }, profile.name);
  checkTarget(profile, timing);

  const constant = (site: SiteName, value: number | string, where: string): Constant => quantiseConstant(value, sites[site]!, site, where);
  const phases = timing.map(({ learningRate, ...phase }, index): PlanPhase => ({
    ...phase,
    learningRate: constant('learningRate', learningRate, `phases[${index}].learningRate`),
  }));
  const throttle = resolveThrottle(parts.throttle, constant, sites['throttle']!);
  const anchor: PlanAnchor = { law: parts.anchor.law, ...resolveParameters('anchor', ANCHORS[parts.anchor.law], ANCHOR_PARAMETERS, parts.anchor, constant) };
  const { supervisor: guard = { law: 'none' } } = parts;
  const supervisor: PlanSupervisor = { law: guard.law, ...resolveParameters('supervisor', SUPERVISORS[guard.law], SUPERVISOR_PARAMETERS, guard, constant) };
  const balance = experiment.balance && experiment.balance.law !== 'none' ? resolveBalance(experiment.balance, layers, profile, constant) : undefined;
  checkControllers(profile, layers, throttle, anchor, sites);
  const last = layers.length - 1;
  const signed = experiment.model.errorRule === 'sign';

  const { rows, inputs, targets } = shape;
  const draft = draftOf({
    plan: 1,
    numerics: 1,
    layers,
    initial: [],
    data: { rows, inputs, targets, sha256: '' },
    order: experiment.order ?? 'sequential',
    lastBatch: experiment.lastBatch ?? 'keep',
    seed: DEFAULT_SEED,
    phases,
    sensor: sensorModel(sensor),
    sites,
    accumulate: { accumulator: rules.accumulator, gradientAccumulator: rules.gradientAccumulator, order: rules.order },
    divide: { method: rules.divider, ...(rules.dividerBits !== undefined && { bits: rules.dividerBits }) },
    batchDivision: rules.batchDivision,
    errorRule: experiment.model.errorRule ?? 'difference',
    ...(signed && { errorOne: signStep(sites[`layer${last}.error`]!, `${profile.name}: sites.layer${last}.error`) }),
    ...(layers[last]!.activation === 'sigmoid' && { sigmoid: sigmoidTable(sites[`layer${last}.activation`]!) }),
    throttle,
    anchor,
    supervisor,
    ...(balance && { balance }),
    divergedLoss: experiment.divergedLoss ?? DEFAULT_DIVERGED_LOSS,
    evaluationRows: Math.min(experiment.evaluation?.rows ?? DEFAULT_EVALUATION_ROWS, rows),
  });
  const { sensor: _sensor, ...rest } = draft;
  freeze(rest);
  alignPlan(draft); // refuses widths that cannot be simulated
  checkLearns(draft, profile);
  const initialOf = initialValues(experiment.model.initial, layers, sites);
  return ({ sha256 }, seed = DEFAULT_SEED) =>
    drawPlan(draft, { initial: initialOf(seed), data: Object.freeze({ rows, inputs, targets, sha256 }), seed });
}

function resolveLayers({ model }: Experiment, dataset: DraftParts['shape']): Plan['layers'] {
  const layers: Plan['layers'] = [];
  let inputs = dataset.inputs;
  model.layers.forEach(({ outputs, activation = 'linear', bias = false }, index) => {
    const last = index === model.layers.length - 1;
    if (activation === (last ? 'relu' : 'sigmoid')) {
      throw new QrailsError({
        code: 'invalid', where: `model.layers[${index}].activation`, message: last ? 'ReLU belongs to hidden layers' : 'the sigmoid belongs to the last layer',
        found: activation, expected: last ? 'linear or sigmoid' : 'linear or relu',
      });
    }
    layers.push({ inputs, outputs, activation, bias });
    inputs = outputs;
  });
  if (inputs !== dataset.targets) {
    throw new QrailsError({
      code: 'invalid', where: `model.layers[${layers.length - 1}].outputs`, message: 'the last layer and the data do not fit',
      found: `${inputs} outputs`, expected: `${dataset.targets}, one for each target (${dataset.names.slice(dataset.inputs).join(', ')})`,
    });
  }
  return layers;
}

type Timing = Omit<PlanPhase, 'learningRate'> & { learningRate: number | string };

function resolvePhases({ experiment, steps }: DraftParts, rows: number): Timing[] {
  const lastBatch = experiment.lastBatch ?? 'keep';
  const phases = experiment.phases.map((phase, index): Timing => {
    const where = `phases[${index}]`;
    const batch = phase.batch === 'all' ? rows : phase.batch;
    if (batch > rows) {
      throw new QrailsError({ code: 'invalid', where: `${where}.batch`, message: 'the batch is larger than the data', found: String(batch), expected: `at most ${rows} samples, or "all"` });
    }
    if ((phase.steps === undefined) === (phase.epochs === undefined)) {
      throw new QrailsError({ code: 'invalid', where, message: 'a phase lasts either steps or epochs', found: phase.steps === undefined ? 'neither' : 'both', expected: 'one of them' });
    }
    return {
      steps: phase.steps ?? stepsPerPass(rows, batch, lastBatch, phase.epochs),
      batch,
      learningRate: phase.learningRate,
      throttle: phase.throttle ?? true,
      anchor: phase.anchor ?? true,
      supervisor: phase.supervisor ?? true,
      sensor: phase.sensor ?? false,
    };
  });
  if (steps === undefined) return phases;
  const cut: Timing[] = [];
  let left = steps;
  for (const [index, phase] of phases.entries()) {
    const last = index === phases.length - 1;
    const taken = last ? left : Math.min(phase.steps, left);
    if (taken > 0) cut.push({ ...phase, steps: taken });
    left -= taken;
  }
  return cut;
}

function checkTarget(profile: Profile, phases: readonly Timing[]): void {
  const rule = rulesOf(profile).batchSizes;
  phases.forEach(({ batch }, index) => {
    const fits = rule === 'any' || (rule === 'one' ? batch === 1 : Number.isInteger(Math.log2(batch)));
    if (!fits) {
      throw new QrailsError({
        code: 'unsupported', where: `phases[${index}].batch`, message: `${profile.name} cannot run this batch`, found: String(batch),
        expected: rule === 'one' ? '1' : 'a power of two', try: `--set experiment.phases[${index}].batch=${rule === 'one' ? 1 : 2 ** Math.floor(Math.log2(batch))}`,
      });
    }
  });
}

function quantiseConstant(value: number | string, format: SiteFormat, site: string, where: string): Constant {
  const exact = parseReal(value);
  const { raw, overflow, underflow } = quantise(exact, format);
  if (overflow !== 0 || underflow) {
    const [low, high] = format.rails.map((rail) => toDouble(scaled(BigInt(rail), format.fractionLength)));
    throw new QrailsError({
      code: 'format', where, message: underflow ? 'becomes zero in its format' : 'does not fit its format', found: String(value),
      expected: `${underflow ? `at least ${2 ** -format.fractionLength}` : `${low} to ${high}`} (${formatName(format)})`,
      try: otherFormat(exact, format, site) ?? 'another value or format',
    });
  }
  return { value: toDouble(exact), raw: String(raw) };
}

/** The nearest fraction length at which a constant fits a word that is as long, as options. α must still reach 1, and the rate its product with η. */
function otherFormat(exact: Rational, format: SiteFormat, site: string): string | undefined {
  const [low, high] = rawRange(format);
  const names = site === 'learningRate' ? ['rate', site] : [site];
  const values = site === 'throttle' ? [exact, parseReal(1)] : [exact];
  for (const step of [1, 2, 3, 4, 6, 8, 12, 16]) {
    for (const fractionLength of [format.fractionLength + step, format.fractionLength - step]) {
      const fits = values.every((value) => {
        const { overflow, underflow } = quantise(value, { ...format, fractionLength, rails: [String(low), String(high)] });
        return overflow === 0 && !underflow;
      });
      if (fits) return `another format: ${names.map((name) => `--set profile.sites.${name}.fractionLength=${fractionLength}`).join(' ')}`;
    }
  }
  return undefined;
}

type ConstantMaker = (site: SiteName, value: number | string, where: string) => Constant;

function inRange(definition: ParameterDefinition, value: number | string, where: string): number | string {
  const number = toDouble(parseReal(value));
  if (number < definition.minimum! || number > definition.maximum!) {
    throw new QrailsError({ code: 'invalid', where, message: 'out of range', found: String(value), expected: `${definition.minimum} to ${definition.maximum}` });
  }
  return value;
}

/** The law's parameters: those it takes, stated or by default, real ones quantised at their site. */
function resolveParameters<P extends string>(
  controller: 'throttle' | 'anchor' | 'supervisor' | 'balance',
  law: { readonly parameters: readonly P[]; readonly defaults?: Readonly<Partial<Record<P, number | boolean | string>>> },
  definitions: Readonly<Record<P, ParameterDefinition>>,
  spec: { readonly [K in P]?: number | string | boolean },
  constant: ConstantMaker,
  sites: Readonly<Record<string, SiteFormat>> = {},
): Record<string, unknown> {
  const resolve = (name: P): unknown => {
    const definition = definitions[name];
    const value = spec[name] ?? parameterDefault<string>({ id: 0, divides: false, about: '', ...law }, name, definition);
    const where = `${controller}.${name}`;
    if (definition.type !== 'real') return value;
    if (value === 'lsb') return { value: 2 ** -sites[definition.site!]!.fractionLength, raw: '1' };
    const real = inRange(definition, value as number | string, where);
    return definition.site === undefined ? toDouble(parseReal(real)) : constant(definition.site, real, where);
  };
  return Object.fromEntries((Object.keys(definitions) as P[]).filter((name) => law.parameters.includes(name)).map((name) => [name, resolve(name)]));
}

function resolveThrottle(stated: ThrottleSpec, constant: ConstantMaker, format: SiteFormat): PlanThrottle {
  const alias = (THROTTLE_ALIASES as Partial<Record<string, (typeof THROTTLE_ALIASES)[ThrottleAlias]>>)[stated.law];
  const spec = alias ? { ...stated, ...alias.parameters, law: alias.law, estimator: alias.estimator } : stated;
  const law = spec.law as ThrottleLaw;
  const { estimators } = THROTTLES[law] as { estimators: readonly string[] };
  const estimator = estimators.length === 0 ? undefined : (spec.estimator ?? estimators[0]);
  if (estimator !== undefined && !estimators.includes(estimator)) {
    throw new QrailsError({ code: 'invalid', where: 'throttle.estimator', message: `${law} does not take it`, found: estimator, expected: estimators.join(', ') });
  }
  return { law, ...(estimator !== undefined && { estimator }), ...resolveParameters('throttle', THROTTLES[law], THROTTLE_PARAMETERS, spec, constant, { throttle: format }) } as PlanThrottle;
}

function resolveBalance(spec: BalanceSpec, layers: Plan['layers'], profile: Profile, constant: ConstantMaker): PlanBalance {
  const last = layers[layers.length - 1]!;
  const outputs = spec.outputs ?? Array<number>(last.outputs).fill(1);
  if (layers.length < 2) throw new QrailsError({ code: 'unsupported', where: 'balance', message: 'losses are balanced by what they share', found: 'one layer', expected: 'a hidden layer' });
  if (outputs.length < 2 || outputs.reduce((sum, count) => sum + count, 0) !== last.outputs) {
    throw new QrailsError({ code: 'invalid', where: 'balance.outputs', message: 'every output belongs to one of two losses or more', found: outputs.join(' + '), expected: `numbers that add up to ${last.outputs}` });
  }
  if (outputs.length > MOST_LOSSES) throw new QrailsError({ code: 'unsupported', where: 'balance.outputs', message: 'too many losses', found: String(outputs.length), expected: `at most ${MOST_LOSSES}` });
  if (rulesOf(profile).divider === 'none') throw new QrailsError({ code: 'unsupported', where: 'balance', message: `${profile.name} has no way to divide, and shares are quotients`, found: spec.law, expected: 'none' });
  const equal = `1/${outputs.length}`;
  return {
    law: spec.law, outputs: [...outputs], firstShare: constant('share', equal, 'balance'), firstMean: constant('shareMean', equal, 'balance'),
    ...resolveParameters('balance', BALANCES[spec.law], BALANCE_PARAMETERS, spec, constant),
  };
}

/** What controllers ask of the network and the target. */
function checkControllers(profile: Profile, layers: Plan['layers'], throttle: PlanThrottle, anchor: PlanAnchor, sites: Readonly<Record<string, SiteFormat>>): void {
  const estimator: EstimatorDefinition | undefined = throttle.estimator && ESTIMATORS[throttle.estimator];
  if (estimator?.singleLayer && layers.length > 1) {
    throw new QrailsError({ code: 'unsupported', where: 'throttle.estimator', message: `${throttle.estimator} is for networks of one layer`, found: `${layers.length} layers`, expected: '1', try: `--throttle ${throttle.law}/secant` });
  }
  checkDivider(profile, throttle, anchor);
  if (throttle.law === 'table') checkTable(sites['throttle']!, throttle, `${profile.name}: sites.throttle`);
  layers.forEach((_, layer) => {
    const { signed, overflow } = sites[`layer${layer}.importance`]!;
    if (weighs(anchor.law) && signed && (overflow === 'WRAP' || overflow === 'WRAP_SM')) {
      throw new QrailsError({
        code: 'unsupported', where: `${profile.name}: sites.layer${layer}.importance`, message: `the importance that ${anchor.law} keeps could come out negative`, found: `signed, ${overflow}`,
        expected: 'an unsigned format, or one that saturates', try: '--set profile.sites.importance.signed=false',
      });
    }
  });
}

/** The table holds its α while nothing moves: an α of 0 would be held for ever. */
function checkTable(format: SiteFormat, { firstAlpha }: PlanThrottle, where: string): void {
  const smallest = quantise({ numerator: BigInt(THROTTLE_TABLE.at(-1)!), denominator: 1n << BigInt(THROTTLE_TABLE_FRACTION_LENGTH) }, format);
  if (smallest.raw <= 0n) {
    throw new QrailsError({ code: 'format', where, message: 'the smallest α of the table becomes zero in its format, and would be held for ever', found: formatName(format), expected: 'a last place of 1/32 or less', try: '--set profile.sites.throttle.fractionLength=5' });
  }
  if (firstAlpha!.raw === '0') throw new QrailsError({ code: 'invalid', where: 'throttle.firstAlpha', message: 'the table holds its α while nothing moves, so it would stay', found: '0', expected: 'more than 0' });
}

/** 1 as an error, where the network learns from the sign of its errors. */
function signStep(format: SiteFormat, where: string): Constant {
  const { raw } = quantise(parseReal(1), format);
  if (raw <= 0n) {
    throw new QrailsError({ code: 'format', where, message: '1 does not come out positive in this format, and the network learns from the sign of its errors', found: formatName(format), expected: 'a format that holds 1, or saturates below it' });
  }
  return { value: 1, raw: String(raw) };
}
