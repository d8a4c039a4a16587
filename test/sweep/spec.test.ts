import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { QrailsError } from '../../src/errors.js';
import { loadSweep, validateSweep } from '../../src/sweep/spec.js';

const RATE = 'experiment.phases[1].learningRate';
const list = { path: RATE, values: [0.1, 0.2] };
const drawn = { path: 'sensor.gain[0].value', from: 1, to: 4, draw: 'random' };

const COMPLETE = {
  $schema: '../schema/sweep.schema.json', name: 'complete', title: 'T', about: 'A',
  base: { experiment: 'exp-000c', profile: 'enabol-wide', sensor: 'none', throttle: 'gt0/secant', anchor: 'none', supervisor: 'none', steps: 10, set: ['throttle.chi=1'] },
  axes: [
    list, { paths: ['profile.sites.weight.wordLength', 'profile.sites.weight.fractionLength'], values: [[12, 8], [16, 12]] },
    { path: 'steps', from: 10, to: 30, count: 3, spacing: 'lin' }, { ...drawn, spacing: 'log' }, { path: 'experiment.model.layers[0].outputs', from: 1, to: 4, draw: 'latin-hypercube', integer: true },
  ],
  samples: 1e12, sampleSeed: 7, seeds: { first: 3, count: 5 }, numbers: 'both',
  objectives: [{ measure: 'finalLoss', goal: 'minimise' }, { measure: 'survives', side: 'fixed', goal: 'maximise' }, { measure: 'parameterBits', statistic: 'worst', goal: 'minimise' }],
  constraints: [{ measure: 'survives', atLeast: 0.9 }, { measure: 'overflowShare', side: 'fixed', statistic: 'mean', atMost: 0.01, atLeast: 0 }],
};

const refusal = async (value: unknown): Promise<QrailsError> => {
  const error: unknown = await validateSweep(value, 'mine.json').then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(QrailsError);
  return error as QrailsError;
};

describe('a specification', () => {
  it('may state everything, or next to nothing', async () => {
    expect(await validateSweep(COMPLETE)).toEqual(COMPLETE);
    expect(await validateSweep({ name: 'one', axes: [] })).toEqual({ name: 'one', axes: [] });
  });

  it.each<[string, object, RegExp]>([
    ['an unknown key', { axes: [], seed: 1 }, /^mine\.json: seed is not a known key[^]*try +seeds/],
    ['no axes', {}, /axes is missing/],
    ['too many axes', { axes: Array.from({ length: 33 }, () => list) }, /axes has 33 entries/],
    ['an axis without values', { axes: [list, { path: RATE }] }, /^mine\.json: axes\[1\]: says not what values it takes[^]*"count" or "draw"/],
    ['a misspelt key of a grid', { axes: [{ path: RATE, from: 1, to: 2, count: 3, spacin: 'log' }] }, /^mine\.json: axes\[0\]: spacin is not a known key[^]*try +spacing/],
    ['a count beside a draw', { axes: [{ ...drawn, count: 3 }], samples: 1 }, /axes\[0\]: count is not a known key/],
    ['an unknown draw', { axes: [{ ...drawn, draw: 'sobol' }], samples: 1 }, /axes\[0\]: draw has an unknown value[^]*random, latin-hypercube/],
    ['a grid of one', { axes: [{ path: RATE, from: 1, to: 2, count: 1 }] }, /axes\[0\]: count = 1 is out of range/],
    ['an empty list', { axes: [{ path: RATE, values: [] }] }, /axes\[0\]: values has 0 entries/],
    ['rows that are no rows', { axes: [{ paths: [RATE], values: [1] }] }, /axes\[0\]: values\[0\] has the wrong type/],
    ['rows too short', { axes: [{ paths: [RATE, 'steps'], values: [[1, 2], [1]] }] }, /axes\[0\]: values\[1\] does not have a value for each path/],
    ['bounds out of order', { axes: [{ path: RATE, from: 2, to: 1, count: 2 }] }, /axes\[0\]: its bounds are not in order/],
    ['samples missing', { axes: [drawn] }, /samples is missing[^]*try +"samples": 100/],
    ['samples for nothing', { axes: [list], samples: 3 }, /samples belongs to axes that are drawn/],
    ['too many samples', { axes: [drawn], samples: 1e13 }, /samples = 10000000000000 is out of range/],
    ['too many points', { axes: Array.from({ length: 4 }, (_, k) => ({ path: `experiment.phases[${k}].learningRate`, from: 0, to: 1, count: 100_000 })) }, /too many points to count/],
    ['a path twice', { axes: [list, { path: 'experiment.phases.1.learningRate', values: [1] }] }, /^mine\.json: axes\[1\]: axes\[0\] varies this path, too/],
    ['a path twice by its short name', { axes: [{ path: 'throttle.chi', values: [1] }, { path: 'experiment.throttle.chi', values: [1] }] }, /axes\[1\]: axes\[0\] varies/],
    ['a path twice in a row', { axes: [{ paths: ['steps', 'steps'], values: [[1, 1]] }] }, /axes\[0\]: axes\[0\] varies/],
    ['the seed as an axis', { axes: [{ path: 'experiment.seed', values: [1] }] }, /axes\[0\]: a sweep sets this elsewhere[^]*"seeds"/],
    ['the seed in the base', { base: { set: ['experiment.seed=1'] }, axes: [] }, /base\.set\[0\]: a sweep sets this elsewhere/],
    ['the name of the target in the experiment', { axes: [{ path: 'experiment.profile', values: ['enabol-mid'] }] }, /the path "profile"/],
    ['a law the base overrides', { base: { throttle: 'none' }, axes: [{ path: 'throttle.law', values: ['gt0'] }] }, /axes\[0\]: has no effect: throttle names the law/],
    ['a law an axis overrides', { axes: [{ path: 'anchor', values: ['none'] }, { path: 'experiment.anchor.law', values: ['fixed'] }] }, /axes\[1\]: has no effect/],
    ['an unknown throttle', { base: { throttle: 'gt0/secand' }, axes: [] }, /^mine\.json: base\.throttle: there is no throttle of this name[^]*try +"gt0\/secant"/],
    ['a throttle a target cannot run', { base: { throttle: 'gt0/lambda' }, axes: [] }, /base\.throttle: there is no throttle/],
    ['standard input as a document', { base: { profile: '-' }, axes: [] }, /base\.profile: standard input/],
    ['an unknown measure', { axes: [], objectives: [{ measure: 'finalLos', goal: 'minimise' }] }, /objectives\[0\]\.measure has an unknown value[^]*try +"finalLoss"/],
    ['a statistic of a share', { axes: [], objectives: [{ measure: 'survives', statistic: 'mean', goal: 'maximise' }] }, /objectives\[0\]: survives is a share/],
    ['a measure that the side does not have', { axes: [], objectives: [{ measure: 'parameterBits', side: 'float', goal: 'minimise' }] }, /objectives\[0\]: there is no parameterBits here/],
    ['a measure that takes both sides', { axes: [], numbers: 'fixed', constraints: [{ measure: 'lossRatio', atMost: 2 }] }, /constraints\[0\]: there is no lossRatio here/],
    ['a side that is not run', { axes: [], numbers: 'float64', objectives: [{ measure: 'finalLoss', side: 'fixed', goal: 'minimise' }] }, /objectives\[0\]: only float64 is run/],
    ['a constraint without a bound', { axes: [], constraints: [{ measure: 'finalLoss' }] }, /constraints\[0\]: allows everything/],
    ['a constraint nothing keeps', { axes: [], constraints: [{ measure: 'finalLoss', atMost: 1, atLeast: 2 }] }, /constraints\[0\]: allows nothing/],
    ['no seeds', { axes: [], seeds: { count: 0 } }, /seeds\.count = 0 is out of range/],
  ])('is refused with %s', async (_, parts, message) => {
    const error = await refusal({ name: 'mine', ...parts });
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^mine\.json/);
  });

  it('of float64 alone may have a throttle that only it can run', async () => {
    await expect(validateSweep({ name: 'x', numbers: 'float64', base: { throttle: 'gt0/lambda' }, axes: [] })).resolves.toBeDefined();
  });

  it.each([null, 1, 'x', [], { axes: 1 }, { name: 'x', axes: [null] }, { name: 'x', axes: [[]] }, { name: 'x', axes: [{ path: {}, values: 3 }] }])('is refused as %j', async (value) => {
    expect((await refusal(value)).code).toBe('invalid');
  });
});

describe('loading', () => {
  const directory = mkdtempSync(join(tmpdir(), 'qrails-sweep-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const write = (name: string, text: string): string => (writeFileSync(join(directory, name), text), name);

  it('says where paths start', async () => {
    expect(await loadSweep(write('good.json', JSON.stringify(COMPLETE)), directory)).toEqual({ value: COMPLETE, name: 'complete', file: 'good.json', baseDirectory: directory });
  });

  it.each([
    ['{"name": "x", "axes": [}', /bad\.json:1:24: malformed JSON/], ['{"name": "x", "axes": [], "__proto__": {}}', /__proto__ is not allowed/], ['{"name": "x", "axes": [], "axes": []}', /given twice/], ['', /is empty/],
  ])('refuses %s', async (text, message) => {
    await expect(loadSweep(write('bad.json', text), directory)).rejects.toThrow(message);
  });

  it('names a file that is not there', () => expect(loadSweep('none.json', directory)).rejects.toThrow(/^none\.json: no such file/));
});

