/**
 * What is worth knowing about a plan before it runs: formats that cannot hold what is asked of them, rates that move nothing, roundings that drift, more than
 * the silicon has. Everything is worked out exactly from the plan, and nothing of it changes a bit. docs/concerns.md.
 */
import { ANCHORS, ESTIMATORS, THROTTLES } from '../control/registry.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { quantise } from '../format/quantise.js';
import type { Concern } from '../schema/concern.js';
import type { Plan, PlanAnchor, PlanThrottle } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import type { Dataset } from '../signal/dataset.js';
import { SITE_NAMES, siteName } from '../site/sites.js';
import { CONCERN_CODES, SEVERITIES } from './concernsCodes.js';
import { examineAnchor } from './concernsAnchor.js';
import { examineControl } from './concernsControl.js';
import { finer, options, real, type Ranges } from './concernsExact.js';
import { examineHardware } from './concernsHardware.js';
import { examineLearning, finerPath } from './concernsLearning.js';
import { canMove, fullRate, isGated, learningPhases, learningRate, ONE, pathsOf, rateOf, updateOf } from './concernsMoves.js';
import { examineOutput } from './concernsOutput.js';
import { examineSums } from './concernsSums.js';
import { examineSupervisor } from './concernsSupervisor.js';
import { examineThrottle } from './concernsThrottle.js';
import { batchSizes, examineValues } from './concernsValues.js';

export type { Concern } from '../schema/concern.js';
export type { Ranges } from './concernsExact.js';

/**
 * Everything worth knowing about a plan, warnings first, then in the order of the sites of a step. What holds at several sites in the same words is said once.
 *
 * @param profile the target the plan was made for: repairs name its sites, and its `hardware` is held against them
 * @param ranges of the data, where they are known: `rangesOf(dataset)`
 * @example concerns(plan, profile).map(({ where, message }) => `${where} ${message}`)
 */
export function concerns(plan: Plan, profile: Profile, ranges?: Ranges): Concern[] {
  return concernsOfAll([plan], profile, ranges);
}

/** The concerns of several plans for one target, those they share once. */
export function concernsOfAll(plans: readonly Plan[], profile: Profile, ranges?: Ranges): Concern[] {
  const found = new Map<string, Concern>();
  for (const plan of plans) {
    for (const examine of [examineSums, examineLearning, examineValues, examineControl, examineThrottle, examineAnchor, examineSupervisor, examineOutput, examineHardware]) {
      examine({ plan, profile, ranges }, (concern) => {
        const { where, try: repair, ...what } = concern;
        const identity = JSON.stringify(what);
        const known = found.get(identity);
        found.set(identity, known ? { ...known, where: union(known.where, where, ', '), try: repair.startsWith('--set ') ? union(known.try, repair, ' --set ') : known.try } : concern);
      });
    }
  }
  const place = ({ where }: Concern): number => (SITE_NAMES as string[]).indexOf(siteName(where.split(', ')[0]!)) + 1 || Infinity;
  const rank = (a: number, b: number): number => (a === b ? 0 : a - b);
  return [...found.values()].sort((a, b) =>
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || rank(place(a), place(b)) || CONCERN_CODES.indexOf(a.code) - CONCERN_CODES.indexOf(b.code));
}

/** Two lists in a text as one, without repetition. */
function union(a: string, b: string, separator: string): string {
  const parts = (text: string): string[] => ` ${text}`.split(separator).map((part) => part.trim());
  return [...new Set([...parts(a), ...parts(b)])].join(separator).trim();
}

/** Smallest and largest input and target of prepared data. */
export function rangesOf({ rows, inputs, targets, values }: Dataset): Ranges {
  const range = (from: number, to: number): [number, number] => {
    let [low, high] = [Infinity, -Infinity];
    for (let row = 0; row < rows; row++) {
      for (let column = from; column < to; column++) {
        const value = values[row * (inputs + targets) + column]!;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    return [low, high];
  };
  return { inputs: range(0, inputs), targets: range(inputs, inputs + targets) };
}

/**
 * Refuses a throttle that needs quotients on a target that has no way to divide.
 *
 * @throws QrailsError `unsupported`
 */
export function checkDivider({ name, divide }: Profile, { law, estimator }: PlanThrottle, anchor: PlanAnchor): void {
  if (divide?.method !== 'none') return;
  const refuse = (where: string, found: string, choice: string): never => {
    throw new QrailsError({ code: 'unsupported', where, message: `${name} has no way to divide, and ${found} takes quotients`, found, expected: 'a law without a quotient', try: choice });
  };
  if (ANCHORS[anchor.law].divides) refuse('anchor.law', anchor.law, '--anchor fixed');
  if (THROTTLES[law].divides) refuse('throttle.law', law, `--throttle ${THROTTLE_WITHOUT_DIVIDER}`);
  if (estimator !== undefined && ESTIMATORS[estimator].divides) refuse('throttle.estimator', `${law}/${estimator}`, `--throttle ${THROTTLE_WITHOUT_DIVIDER}`);
}
/** The first throttle that takes no quotient at all. */
const THROTTLE_WITHOUT_DIVIDER = Object.entries(THROTTLES).find(([, { estimators, parameters, divides }]) => !divides && estimators.length === 0 && parameters.length > 0)![0];

/**
 * Refuses a plan that cannot learn at all: a reciprocal of a batch that is zero in its format, or rates at which not even the largest gradients move a
 * parameter in any phase that has a learning rate.
 *
 * @throws QrailsError `format`
 */
export function checkLearns(plan: Plan, profile: Profile): void {
  if (plan.batchDivision === 'reciprocal') checkReciprocals(plan, profile);
  const phases = learningPhases(plan);
  const paths = plan.layers.flatMap((_, layer) => pathsOf(plan, layer));
  // What a gate divides an update by may make it any size.
  if (phases.length === 0 || phases.some((phase) => isGated(plan, phase)) || phases.some((phase) => paths.some((path) => canMove(path, fullRate(plan, phase))))) return;
  const phase = phases.reduce((most, next) => (fullRate(plan, next) > fullRate(plan, most) ? next : most));
  const [path] = paths as [(typeof paths)[number]];
  const rate = fullRate(plan, phase);
  const high = BigInt(path.gradient.rails[1]);
  throw new QrailsError({
    code: 'format', where: `phases[${phase}].learningRate`, message: 'not even the largest gradient moves a parameter: nothing can be learned',
    found: `a rate of ${real(rate, path.rate.fractionLength)} × a gradient of at most ${real(high, path.gradient.fractionLength)}: an update of ${real(updateOf(path, rate, high), path.update.fractionLength)}`,
    expected: `an update that changes ${siteName(path.key)}, ${formatName(path.parameter)} ${path.parameter.rounding}`,
    try: finerPath({ plan, profile }, path, (next) => canMove(next, rateOf(next.rate, learningRate(plan, phase), ONE))) ?? 'a larger learning rate',
  });
}

function checkReciprocals(plan: Plan, profile: Profile): void {
  const format = plan.sites['reciprocal']!;
  for (const { size, where } of batchSizes(plan)) {
    const exact = { numerator: 1n, denominator: BigInt(size) };
    if (Number.isInteger(Math.log2(size)) || quantise(exact, format).raw !== 0n) continue;
    const repaired = finer('reciprocal', format, (candidate) => quantise(exact, candidate).raw !== 0n);
    throw new QrailsError({
      code: 'format', where, message: `1/${size} becomes zero in its format, and every gradient with it`, found: `1/${size}`, expected: `at least ${real(1n, format.fractionLength)} (${formatName(format)})`,
      try: repaired ? options(profile, 'reciprocal', format, repaired) : 'a smaller batch',
    });
  }
}
