import { beforeAll, describe, expect, it } from 'vitest';
import { applySet, type SettableDocuments } from '../../src/document/set.js';
import type { ErrorCode } from '../../src/errors.js';
import { loadExperiment } from '../../src/experiment/load.js';
import { loadProfile } from '../../src/profile/load.js';
import { loadSensor } from '../../src/profile/sensor.js';
import type { Sensor } from '../../src/schema/sensor.js';
import { failure } from './failure.js';

let documents: SettableDocuments & { sensor: Sensor };
beforeAll(async () => {
  const profile = (await loadProfile('enabol-mid')).value;
  const { throttle: _throttle, anchor: _anchor, ...experiment } = (await loadExperiment('exp-000c')).value;
  const sensor = (await loadSensor('step-gain-4')).value;
  documents = { profile, sensor, experiment };
});
const set = (...assignments: string[]) => applySet(documents, assignments);

describe('applySet', () => {
  it('changes copies', async () => {
    const before = structuredClone(documents);
    const { experiment, profile } = await set('experiment.seed=7', 'profile.sites.weight.wordLength=14');
    expect(experiment.seed).toBe(7);
    expect(profile.sites!.weight!.wordLength).toBe(14);
    expect(documents).toEqual(before);
  });

  it('reads values as JSON where they are, else as text', async () => {
    const { experiment } = await set('throttle.chi=1.25', 'throttle.firstAlpha=1/32', 'throttle.keepState=true', 'experiment.phases[0].batch=all', 'experiment.title=5');
    expect(experiment.throttle).toMatchObject({ chi: 1.25, firstAlpha: '1/32', keepState: true });
    expect(experiment.phases[0]!.batch).toBe('all');
    expect(experiment.title).toBe('5');
    expect((await set('sensor.adc={"wordLength": 8, "fullScale": [0, 1]}')).sensor.adc).toEqual({ wordLength: 8, fullScale: [0, 1] });
    expect((await set('experiment.title="a=b"')).experiment.title).toBe('a=b');
  });

  it('takes defaults where the experiment states no throttle or anchor', async () => {
    expect((await set('throttle.firstAlpha=1/32')).experiment.throttle).toEqual({ law: 'gt0', estimator: 'secant', firstAlpha: '1/32' });
    expect((await set('anchor.law=fixed')).experiment.anchor).toEqual({ law: 'fixed' });
    expect((await set('experiment.anchor.lambda=0.1')).experiment.anchor).toEqual({ law: 'none', lambda: 0.1 });
    expect((await set('experiment.seed=1')).experiment).not.toHaveProperty('throttle');
    const given = await applySet({ ...documents, throttle: { law: 'table' } }, ['throttle.chi=1']);
    expect(given.experiment.throttle).toEqual({ law: 'table', chi: 1 });
    const stated = await applySet({ ...documents, experiment: { ...documents.experiment, throttle: { law: 'none' } } }, ['throttle.chi=1']);
    expect(stated.experiment.throttle).toEqual({ law: 'none', chi: 1 });
  });

  it('reaches sites whose key has a dot, and makes what is missing on the way', async () => {
    const { profile } = await set('profile.sites.layer0.weight.wordLength=14', 'profile.sites.layer0.weight.fractionLength=10', 'profile.sites.layer12.bias={"wordLength":12,"fractionLength":8}');
    expect((profile.sites as Record<string, unknown>)['layer0.weight']).toEqual({ wordLength: 14, fractionLength: 10 });
    expect(profile.sites).toHaveProperty(['layer12.bias', 'wordLength'], 12);
    expect((await set('experiment.verdict.survives=0.2')).experiment.verdict).toEqual({ survives: 0.2 });
  });

  it('takes an index as [1] or .1, and the one after the last', async () => {
    expect((await set('experiment.phases.1.steps=3')).experiment.phases[1]!.steps).toBe(3);
    expect((await set('experiment.phases[1].steps=3')).experiment.phases[1]!.steps).toBe(3);
    const added = await set('experiment.phases[2].steps=9', 'experiment.phases[2].batch=1', 'experiment.phases[2].learningRate=1/4');
    expect(added.experiment.phases[2]).toEqual({ steps: 9, batch: 1, learningRate: '1/4' });
    expect((await set('sensor.offset[0]={"kind":"constant","value":1}')).sensor.offset).toHaveLength(1);
    expect((await set('experiment.data.weights[0][3]=0.5')).experiment.data).toHaveProperty('weights.0.3', 0.5);
  });

  const cases: [assignment: string, code: ErrorCode, ...parts: string[]][] = [
    ['throttle', 'usage', '--set throttle: is not an assignment', 'expected  path=value'],
    ['=3', 'usage', 'is not an assignment'],
    ['profle.sites.weight.wordLength=3', 'usage', 'does not say what to change', 'found     profle', 'try       profile.sites.weight.wordLength'],
    ['profile={}', 'usage', 'sets all of profile at once'],
    ['experiment..seed=3', 'usage', 'empty part'],
    ['experiment.__proto__.polluted=1', 'usage', '__proto__ is not allowed'],
    ['profile.sites.constructor=1', 'usage', 'constructor is not allowed'],
    ['experiment.data={"__proto__": {"polluted": 1}}', 'invalid', '__proto__ is not allowed'],
    ['profile.sites.weight.wordlength=14', 'invalid', '--set profile.sites.weight.wordlength=14: sites.weight.wordlength is not a known key', 'try       wordLength'],
    ['profile.sites.layer0.wieght.wordLength=14', 'invalid', 'sites.layer0.wieght is not a known key', 'try       layer0.weight'],
    ['profile.site.weight.wordLength=14', 'invalid', 'site is not a known key', 'try       sites'],
    ['throttle.firstAlph=1/32', 'invalid', 'throttle.firstAlph is not a known key', 'try       firstAlpha'],
    ['throttle.law=gt9', 'invalid', 'throttle.law has an unknown value', 'try       "gt0"'],
    ['experiment.phases[5].steps=3', 'usage', 'phases has no entry 5', '0 to 1, or 2 to add one'],
    ['experiment.phases.first.steps=3', 'usage', 'phases has no entry first'],
    ['experiment.phases[2].steps=3', 'invalid', 'phases[2].learningRate is missing'],
    ['experiment.seed.x=3', 'usage', 'seed holds a value, not parts', 'found     46'],
    ['experiment.seed=-1', 'invalid', '--set experiment.seed=-1: seed = -1 is out of range'],
    ['sensor.gain[0].kind=constant', 'invalid', 'gain[0].at is not a known key'],
    ['profile.sites.weight.rails=[-1, 99]', 'format', 'profile with --set profile.sites.weight.rails=[-1, 99]: sites.weight.rails[1] = 99 lies outside the format'],
    ['profile.sites.layer0.weight.wordLength=40', 'format', 'sites.layer0.weight.wordLength = 40 is out of range'],
  ];
  it.each(cases)('refuses %s', async (assignment, code, ...parts) => {
    const message = await failure(code, () => set(assignment));
    for (const part of parts) expect(message).toContain(part);
    expect({}).not.toHaveProperty('polluted');
  });

  it('blames the assignment a problem comes from', async () => {
    const message = await failure('invalid', () => set('experiment.seed=3', 'experiment.phases[0].steps=0', 'experiment.title=x'));
    expect(message).toMatch(/^--set experiment\.phases\[0\]\.steps=0: phases\[0\]\.steps = 0 is out of range/);
  });

  it('needs the document it changes', async () => {
    const message = await failure('usage', () => applySet({ profile: documents.profile, experiment: documents.experiment }, ['sensor.noise.standardDeviation=1']));
    expect(message).toContain('there is no sensor to change');
  });
});
