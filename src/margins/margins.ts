/** How far a plan is from failing: the largest gain, rate, offset and noise, the shortest words, the drift it stands least. docs/margins.md. */
import { finite } from '../compare/figure.js';
import { prepareFrom, readDocuments, type RunOptions } from '../compare/prepare.js';
import type { Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { planSteps } from '../run/pair.js';
import type { Margins, MarginDirection, MarginEnd, MarginQuantity, MarginSeeds, MarginWord } from '../schema/margins.js';
import { bracket, endOfOne, type Bracket, type Line } from './bracket.js';
import { driftSet, MOST_CHANNELS, searchDirections } from './directions.js';
import { quantitiesOf, roomFor, sensorOn } from './quantities.js';
import { MARGIN_KINDS, PART_NAMES, QUANTITIES, type MarginKind } from './registry.js';
import { Trials } from './trials.js';
import { groupsOf } from './words.js';

export interface MarginsOptions extends RunOptions {
  /** Seeds, 1 to 1000, one after the other from `seed` (default the experiment's). Default 10. */
  readonly seeds?: number | undefined;
  /** A point survives where at least this share of the seeds does, above 0, to 1. Default 0.9. */
  readonly share?: number | undefined;
  /** A bracket is closed where its larger end is within this share of the smaller, 0.001 to 1. Default 0.05. */
  readonly tolerance?: number | undefined;
  /** What is looked for; default everything. */
  readonly of?: readonly MarginKind[] | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

export const DEFAULT_MARGIN_SEEDS = 10;
export const MOST_MARGIN_SEEDS = 1000;
export const DEFAULT_SHARE = 0.9;
export const DEFAULT_TOLERANCE = 0.05;
export const LEAST_TOLERANCE = 0.001;

/**
 * Measures margins on the target, each with everything else as it is.
 *
 * @returns the published result, `schema/margins.schema.json`
 * @throws QrailsError `usage` for a wrong number of seeds, share, tolerance, kind, or several controllers; for anything in documents, data or options that
 *   cannot be; an AbortError where `signal` was raised
 * @example
 * const { quantities } = await margins({ experiment: 'exp-000c', of: ['gain'] });
 * quantities[0].survivesAt.value // the largest factor on the gain
 */
export async function margins(options: MarginsOptions = {}): Promise<Margins> {
  const { seeds = DEFAULT_MARGIN_SEEDS, share = DEFAULT_SHARE, tolerance = DEFAULT_TOLERANCE, of = MARGIN_KINDS, signal } = options;
  check(options, seeds, share, tolerance, of);
  const documents = await readDocuments(options);
  const stated = documents.experiment.value;
  const { build: _build, onProgress, ...run } = options;
  const own = await prepareFrom(documents, {
    ...run, anchor: options.anchor ?? [stated.anchor?.law ?? 'none'], ...(options.throttle === undefined && stated.throttle === undefined && { throttle: ['none'] }),
  });
  // The experiment's own controllers are the last of those that are prepared.
  const variant = own.variants.at(-1)!;
  const prepared = { ...own, variants: [variant] };
  const settled: RunOptions = { ...run, throttle: [variant.throttle], anchor: [variant.anchor] };
  const { plan } = variant;
  const first = plan.seed;
  const needed = Math.ceil(share * seeds - 1e-9);
  const common = { options: settled, first, seeds, needed, build: options.build, signal };
  const trials = new Trials(common);
  // A shorter word may round the very loss that verdicts are read off.
  const outputTrials = new Trials({ ...common, outputs: true });

  const lines = quantitiesOf(prepared, tolerance).filter(({ name }) => of.includes(QUANTITIES[name].kind));
  const groups = of.includes('words') ? await groupsOf(prepared, documents, { ...settled, seed: first }) : [];
  const drifting = of.includes('drift') && roomFor(prepared.sensor, 'gain') && plan.data.inputs <= MOST_CHANNELS;
  const total = lines.length + PART_NAMES.length * groups.length + Number(drifting);
  let done = 0;
  const progress = (what: string): void => onProgress?.(done++, total, what);

  const endOf = async (value: number | null, set: (value: number) => readonly string[], by: Trials): Promise<MarginEnd | null> =>
    (value === null ? null : { value, set: [...set(value)], ...(await by.count(set(value))) });
  const publish = async ({ survivesAt, failsAt, again }: Bracket, set: (value: number) => readonly string[], by = trials) =>
    ({ survivesAt: await endOf(survivesAt, set, by), failsAt: await endOf(failsAt, set, by), again: [...again] });

  const count = await trials.count([]);
  const results = await trials.results([]);
  const same = seeds > 1 && results.every(({ fixed }) => JSON.stringify(fixed) === JSON.stringify(results[0]!.fixed));
  const bySeed = async (line: Line, found: Bracket, set: (value: number) => readonly string[], by = trials): Promise<MarginSeeds | null> => {
    if (seeds === 1 || same || found.survivesAt === null) return null;
    const values: (number | null)[] = [];
    for (let seed = 0; seed < seeds; seed++) values.push(await endOfOne(line, found, (value) => by.survivesUnder(set(value), seed)));
    return overSeeds(values, line);
  };
  const quantities: MarginQuantity[] = [];
  for (const { name, term, set, ...line } of lines) {
    const { label, sense } = QUANTITIES[name];
    progress(`${sense} ${label}`);
    const found = await bracket(line, (value) => trials.survives(set(value)));
    quantities.push({ name, sense, label, now: line.outward[0]!, term, ...(await publish(found, set)), bySeed: await bySeed(line, found, set) });
  }
  const words: MarginWord[] = [];
  for (const { name, followers, outputs, format, wordLength, line, set } of groups) {
    const by = outputs ? outputTrials : trials;
    for (const part of PART_NAMES) {
      progress(`word length of ${name}, ${part}`);
      const found = await bracket(line, (bits) => by.survives(set(part, bits)));
      const setBits = (bits: number): string[] => set(part, bits);
      words.push({ site: name, followers: [...followers], outputs, format, wordLength, part, ...(await publish(found, setBits, by)), bySeed: await bySeed(line, found, setBits, by) });
    }
  }
  let drift: Margins['drift'] = null;
  if (drifting) {
    progress('direction of drift');
    const on = sensorOn(plan);
    const setOf = (direction: readonly number[], norm: number): string[] => [...on, ...driftSet(prepared.sensor, direction, norm)];
    const tried: MarginDirection[] = [];
    // What does not survive without any drift has no worst one.
    const searched = count.survived < needed ? [] : await searchDirections(plan.data.inputs, tolerance, (vector, norm) => trials.survives(setOf(vector, norm)));
    for (const { direction, ...found } of searched) {
      tried.push({ direction: [...direction], ...(await publish(found, (norm) => setOf(direction, norm))) });
    }
    drift = { channels: plan.data.inputs, tried };
  }
  return {
    margins: 1,
    plan: {
      hash: variant.hash, experiment: own.experiment.name, title: own.experiment.title ?? own.experiment.name, profile: own.profile.name, sensor: own.sensor.name, supervisor: plan.supervisor.law,
      throttle: variant.throttle, anchor: variant.anchor, steps: planSteps(plan), first, seeds,
    },
    share, needed, tolerance,
    now: { survives: count.survived >= needed, same, ...count },
    sensorOn: sensorOn(plan).length === 0,
    quantities, words, drift, runs: trials.runs + outputTrials.runs,
  };
}

/** The ends of all seeds, each for itself. A seed without one lies inward of all others. */
function overSeeds(values: readonly (number | null)[], { outward }: Line): MarginSeeds {
  const inmost = outward.at(-1)! > outward[0]! ? -Infinity : Infinity;
  const sorted = Float64Array.from(values, (value) => value ?? inmost).sort();
  const middle = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!] as const;
  return { values: [...values], median: finite(middle[0] === middle[1] ? middle[0] : (middle[0] + middle[1]) / 2), low: finite(sorted[0]!), high: finite(sorted.at(-1)!) };
}

function check(options: MarginsOptions, seeds: number, share: number, tolerance: number, of: readonly string[]): void {
  const usage = (where: string, message: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'usage', where, message, found: printable(found), expected });
  };
  for (const name of ['throttle', 'anchor'] as const) {
    const names = options[name];
    if (names !== undefined && names.length !== 1) usage(`--${name}`, `margins are of one ${name}`, names.join(','), 'one name');
  }
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > MOST_MARGIN_SEEDS) usage('--seeds', 'a wrong number of seeds', String(seeds), `1 to ${MOST_MARGIN_SEEDS}`);
  if (!(share > 0 && share <= 1)) usage('--share', 'is no share of the seeds', String(share), 'above 0, up to 1');
  if (!(tolerance >= LEAST_TOLERANCE && tolerance <= 1)) usage('--tolerance', 'is no share that values may differ by', String(tolerance), `${LEAST_TOLERANCE} to 1`);
  const unknown = of.find((kind) => !(MARGIN_KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined) usage('--of', 'there is no such margin', unknown, `of ${MARGIN_KINDS.join(', ')}`);
}
