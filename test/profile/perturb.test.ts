/**
 * Every field of a target and of a sensor, changed within its schema in shipped documents: the result is loaded, planned and run for a few steps inside
 * its rails, or refused with the place named. Nothing else may happen.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareFrom, type Documents, type Variant } from '../../src/compare/prepare.js';
import { ANCHOR_NAMES, THROTTLE_NAMES } from '../../src/control/registry.js';
import { list, resolve } from '../../src/document/catalogue.js';
import { readJson, type Json } from '../../src/document/json.js';
import { QrailsError } from '../../src/errors.js';
import { concerns, rangesOf } from '../../src/plan/concerns.js';
import { loadProfile } from '../../src/profile/load.js';
import { loadSensor } from '../../src/profile/sensor.js';
import type { RecordLevel } from '../../src/run/levels.js';
import { runPair } from '../../src/run/pair.js';
import type { Experiment } from '../../src/schema/experiment.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';
import type { Dataset } from '../../src/signal/dataset.js';
import { SITE_NAMES } from '../../src/site/sites.js';
import { changesOf, Donors, fieldsOf, type Change, type Field, type Schema } from './perturb.js';
import { faultsOf } from './sound.js';

const FULL = Boolean(process.env['QRAILS_FULL']);
const RUNS = { numRuns: FULL ? 60 : 4, seed: 20261201 };
/** A case takes milliseconds; this is for one that never ends. */
const TOO_LONG = 30_000;

// Where documents stand as they do in the package: recorded terms name their files relative to it.
const root = mkdtempSync(join(tmpdir(), 'qrails-perturb-'));
const folder = join(root, 'hw-profiles', 'perturbed');
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  symlinkSync(fileURLToPath(new URL('../../examples', import.meta.url)), join(root, 'examples'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** Small, and with everything a step can have: two layers, ReLU, biases, a batch left over, controllers and sensor off and on. */
const experiment = (batch: number): Experiment => ({
  name: 'small',
  model: { layers: [{ outputs: 3, activation: 'relu', bias: true }, { outputs: 2, bias: true }], initial: { kind: 'glorot', scale: 0.5 } },
  data: { kind: 'teacher', rows: 11, weights: [[1.25, -0.75, 0.5, 0.2], [-0.4, 0.9, 1.1, -0.6]], noise: 0.1 },
  phases: [
    { steps: 3, batch, learningRate: 0.5, throttle: false, anchor: false, sensor: false },
    { steps: 9, batch, learningRate: 0.25, sensor: true },
  ],
  throttle: { law: 'none' },
  anchor: { law: 'event', calibration: 2, window: 1, ratio: 0.5, consecutive: 1, hold: 2 },
});
let dataset: Dataset | undefined;
let written = 0;

const circumstances = fc.record({
  throttle: fc.constantFrom(...THROTTLE_NAMES.filter((name) => !name.endsWith('rayleigh'))), // that is for one layer only
  anchor: fc.constantFrom(...ANCHOR_NAMES),
  batch: fc.constantFrom(4, 1, 5),
  record: fc.constantFrom<RecordLevel[]>('counts', 'counts', 'full'),
  /** Whether the plan is asked for its concerns, which takes longer than to run it. */
  examined: fc.constantFrom(false, false, true),
});
type Circumstances = typeof circumstances extends fc.Arbitrary<infer T> ? T : never;

/** Values for fields that no shipped document has, or few: by chance alone hardly one would be let through. */
const rails = (low: number, high: number): Json => ({ sites: { weight: { rails: [low, high] } } });
const recorded = (column: string): Json => ({
  supply: { nominal: 3.3, terms: [{ kind: 'recorded', file: '../../examples/data/seattle-weather.csv', column, scale: 0.01 }] },
});

/** Kinds of document that are perturbed, and what the other one is meanwhile. */
const others = { profile: await loadProfile('enabol-wide'), sensor: await loadSensor('step-gain-4') };
const KINDS = {
  profile: {
    first: 'enabol-mid',
    examples: [rails(-1, 0.5), rails(-0.5, 1), rails(0, 1)],
    load: async (path: string) => ({ ...others, profile: await loadProfile(path) }),
  },
  sensor: {
    first: 'none',
    examples: [recorded('temp_min'), recorded('temp_max')],
    load: async (path: string) => ({ ...others, sensor: await loadSensor(path) }),
  },
} as const;
type Kind = keyof typeof KINDS;

/** What a refusal can name: parts of the documents, sites, and places of the experiment. */
const PLACES = [
  ...Object.keys(SCHEMAS.profile.properties), ...Object.keys(SCHEMAS.sensor.properties), ...SITE_NAMES,
  'phases', 'model', 'throttle', 'anchor', 'channel', 'column', 'file',
];
const PLACE = new RegExp(`\\b(${PLACES.join('|')})\\b`);

/** Loads, plans and runs a changed document. */
async function attempt(kind: Kind, change: Change, { throttle, anchor, batch, record, examined }: Circumstances): Promise<'ran' | 'refused'> {
  expect(await findProblems(SCHEMAS[kind], change.document)).toEqual([]);
  const path = join(folder, `${++written}.json`);
  writeFileSync(path, JSON.stringify(change.document));
  try {
    const value = experiment(batch);
    const documents: Documents = { ...(await KINDS[kind].load(path)), experiment: { value, name: value.name, file: 'small', baseDirectory: folder } };
    const prepared = await prepareFrom(documents, { throttle: [throttle], anchor: [anchor] }, dataset);
    ({ dataset } = prepared);
    const [{ plan }] = prepared.variants as [Variant];
    if (examined) concerns(plan, prepared.profile, rangesOf(dataset));
    expect(faultsOf(await runPair(plan, dataset, { record }))).toEqual([]);
    return 'ran';
  } catch (error) {
    if (!(error instanceof QrailsError)) throw error;
    expect(error.message.replace(path, ''), 'names a place').toMatch(PLACE);
    return 'refused';
  }
}

/** Nodes of a schema that can have more than one value: what `fieldsOf` must find, counted without it. */
function countNodes(schema: Schema): number {
  const { properties = {}, patternProperties = {}, items = [], anyOf = [] } = schema;
  const inner = [...Object.values(properties), ...Object.values(patternProperties), ...(Array.isArray(items) ? (items as Schema[]) : [items as Schema]), ...anyOf];
  return inner.reduce((sum, child) => sum + countNodes(child), schema.const === undefined && schema.anyOf === undefined ? 1 : 0);
}

describe.each(Object.keys(KINDS) as Kind[])('a %s with one field changed', (kind) => {
  const schema = SCHEMAS[kind] as Schema;
  const fields = fieldsOf(schema);
  const documents: [name: string, document: Json][] = [];
  let donors: Donors;
  const outcomes = { ran: 0, refused: 0 };
  beforeAll(async () => {
    const { first, examples } = KINDS[kind];
    for (const name of [first, ...list(kind).filter((other) => other !== first)]) {
      const { path, label } = resolve(kind, name);
      documents.push([name, await readJson(path, label)]);
    }
    donors = new Donors(schema, [...documents.map(([, document]) => document), ...examples]);
  });

  it('knows every place of the schema', () => {
    expect(fields).toHaveLength(countNodes(schema) - 1); // the document itself is none
    expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length);
  });

  it.each(fields)('$name', async (field: Field) => {
    const changes = fc.constantFrom(...documents).chain(([name, document]) => changesOf(field, name, document, donors));
    await fc.assert(
      fc.asyncProperty(changes, circumstances, async (change, given) => {
        outcomes[await attempt(kind, change, given)]++;
      }),
      { ...RUNS, timeout: TOO_LONG },
    );
  });

  it('is run more often than it is refused', () => {
    const { ran, refused } = outcomes;
    if (ran + refused < fields.length * RUNS.numRuns) return; // not every field was asked for
    expect(ran).toBeGreaterThan(refused);
    expect(refused).toBeGreaterThan(fields.length);
  });
});
