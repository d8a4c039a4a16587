import { describe, expect, it } from 'vitest';
import { validateExperiment } from '../../src/experiment/load.js';
import { validateSensor } from '../../src/profile/sensor.js';
import { Plan } from '../../src/schema/plan.js';
import { validate } from '../../src/schema/validate.js';
import { failure } from './failure.js';

const teacher = () => ({
  name: 'mine',
  model: { layers: [{ outputs: 1 }], initial: { kind: 'values', layers: [{ weights: [[0.5]] }] } as unknown },
  data: { kind: 'teacher', rows: 10, weights: [[1]] } as Record<string, unknown>,
  phases: [{ steps: 5, batch: 'all', learningRate: 0.5 } as Record<string, unknown>],
  throttle: { law: 'gt0' } as Record<string, unknown>,
});

type Change = (experiment: ReturnType<typeof teacher> & Record<string, unknown>) => unknown;
const experiments: [what: string, change: Change, ...parts: string[]][] = [
  ['unknown key', (e) => (e['phaess'] = []), 'mine.json: phaess is not a known key', 'found     phaess', 'expected  one of $schema, name,', 'try       phases'],
  ['name', (e) => (e.name = 'My Name'), 'name does not have the right form', 'lower-case letters, digits, dots and dashes'],
  ['missing name', (e) => Reflect.deleteProperty(e, 'name'), 'name is missing'],
  ['misspelt kind', (e) => (e.data['kind'] = 'teachr'), 'data.kind has an unknown value', 'expected  one of teacher, csv', 'try       "teacher"'],
  ['no kind', (e) => delete e.data['kind'], 'data.kind is missing', 'expected  one of teacher, csv'],
  ['data is no object', (e) => Object.assign(e, { data: 3 }), 'data does not have the right form', 'found     3', 'an object whose kind is one of teacher, csv'],
  ['key inside a branch', (e) => (e.data['nois'] = 1), 'data.nois is not a known key', 'one of kind, rows, weights, bias, low, high, noise', 'try       noise'],
  ['range inside a branch', (e) => (e.data['rows'] = 0), 'data.rows = 0 is out of range', 'expected  an integer from 1 to 10000000'],
  ['key of another branch', (e) => Object.assign(e.data, { kind: 'csv', file: 'a.csv', inputs: ['a'], targets: ['b'] }), 'data.rows is not a known key', 'also      data.weights is not a known key'],
  ['batch', (e) => (e.phases[0]!['batch'] = 0), 'phases[0].batch does not have the right form', 'found     0', 'an integer from 1 to 10000000 (samples a step), or "all"'],
  ['learning rate', (e) => (e.phases[0]!['learningRate'] = 'fast'), 'phases[0].learningRate', 'a number, or text such as "0.05" or "1/32"'],
  ['law', (e) => (e.throttle['law'] = 'gt9'), 'throttle.law has an unknown value', 'found     "gt9"', 'one of none, gt0, table, gt1,', 'try       "gt0"'],
  ['type', (e) => (e['seed'] = '42'), 'seed has the wrong type', 'found     "42"', 'an integer from 0 to 4294967295', 'try       42 without the quotes'],
  ['boolean', (e) => (e.phases[0]!['sensor'] = 'true'), 'phases[0].sensor has the wrong type', 'try       true without the quotes'],
  ['no phases', (e) => (e.phases = []), 'phases has 0 entries', 'an array of 1 to 100 entries'],
  ['exclusive minimum', (e) => (e['divergedLoss'] = 0), 'divergedLoss = 0 is out of range', 'above 0'],
  ['nested array', (e) => (e.model.initial = { kind: 'values', layers: [{ weights: [[1, 'x']] }] }), 'model.initial.layers[0].weights[0][1] has the wrong type'],
  ['key with an escape sequence', (e) => (e['\u001b[2J'] = 1), '["\\u001b[2J"] is not a known key'],
];

describe('experiments', () => {
  it('lets a sound one through', async () => {
    expect((await validateExperiment(teacher())).name).toBe('mine');
  });

  it.each(experiments)('%s', async (_what, change, ...parts) => {
    const experiment = teacher();
    change(experiment);
    const message = await failure('invalid', () => validateExperiment(experiment, 'mine.json'));
    for (const part of parts) expect(message).toContain(part);
    expect(message).not.toMatch(/anyOf|oneOf|must match|\u001b/);
  });

  it('has exactly the published form', async () => {
    const experiment = teacher();
    Object.assign(experiment.phases[0]!, { lerningRate: 0.5 });
    delete experiment.phases[0]!['learningRate'];
    expect(await failure('invalid', () => validateExperiment(experiment, 'mine.json'))).toBe(
      [
        'mine.json: phases[0].lerningRate is not a known key',
        '  found     lerningRate',
        '  expected  one of name, steps, epochs, learningRate, batch, throttle, anchor, supervisor, sensor',
        '  try       learningRate',
      ].join('\n'),
    );
  });

  it('lists five further problems and counts the rest', async () => {
    const message = await failure('invalid', () => validateExperiment({ ...teacher(), phases: new Array(200).fill(0) }, 'mine.json'));
    expect(message).toContain('phases has 200 entries');
    expect(message.match(/^ {2}also .*/gm)).toHaveLength(6);
    expect(message).toContain('also      195 more');
  });

  it('answers a document with millions of faults quickly', async () => {
    const message = await failure('invalid', () => validateExperiment({ ...teacher(), phases: new Array(3_000_000).fill(0) }, 'mine.json'));
    expect(message).toContain('phases has 3000000 entries');
  });

  it('refuses what is no object', async () => {
    for (const value of [7, null, [], 'text', undefined]) {
      expect(await failure('invalid', () => validateExperiment(value, 'mine.json'))).toContain('the document has the wrong type');
    }
  });
});

describe('sensors', () => {
  const cases: [what: string, value: object, ...parts: string[]][] = [
    ['unknown term', { gain: [{ kind: 'stpe', at: 0, value: 1 }] }, 'gain[0].kind has an unknown value', 'one of constant, step, temperature', 'try       "step"'],
    ['term without its value', { gain: [{ kind: 'step', at: 3 }] }, 'gain[0].value is missing'],
    ['key of another term', { offset: [{ kind: 'constant', value: 1, at: 3 }] }, 'offset[0].at is not a known key'],
    ['channel twice', { noise: { standardDeviation: 1, channels: [2, 0, 2] } }, 'noise.channels', 'is given twice'],
    ['negative noise', { noise: { standardDeviation: -1 } }, 'noise.standardDeviation = -1 is out of range', 'at least 0'],
    ['full scale', { adc: { wordLength: 12, fullScale: [0] } }, 'adc.fullScale has 1 entry', 'an array of 2 entries'],
    ['rounding', { adc: { wordLength: 12, fullScale: [0, 1], rounding: 'RDN' } }, 'adc.rounding has an unknown value', 'try       "RND"'],
  ];
  it.each(cases)('%s', async (_what, value, ...parts) => {
    const message = await failure('invalid', () => validateSensor({ name: 'mine', ...value }, 'mine.json'));
    for (const part of parts) expect(message).toContain(part);
  });
});

it('holds a plan against its schema', async () => {
  expect(await failure('invalid', () => validate(Plan, { plan: 2 }, 'plan.json'))).toContain('plan has an unknown value');
});
