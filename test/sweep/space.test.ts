import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { prepare } from '../../src/compare/prepare.js';
import type { Sweep } from '../../src/schema/sweep.js';
import { createPoints } from '../../src/sweep/points.js';
import { createSpace } from '../../src/sweep/space.js';
import { validateSweep } from '../../src/sweep/spec.js';

const RATE = 'experiment.phases[1].learningRate';
const WORD = 'profile.sites.weight.wordLength';
const directory = mkdtempSync(join(tmpdir(), 'qrails-space-'));
afterAll(() => rmSync(directory, { recursive: true }));

const spaceOf = async (parts: object, from = directory) => createSpace(await validateSweep({ name: 'mine', ...parts }, 'mine.json'), from, 'mine.json');
const hashOf = async (parts: object, from = directory): Promise<string> => (await spaceOf(parts, from)).hash;

/** A shipped document with changes, in a file of its own. */
function write(file: string, from: string, changes: object): string {
  writeFileSync(join(directory, file), JSON.stringify({ ...(JSON.parse(readFileSync(from, 'utf8')) as object), ...changes }));
  return `./${file}`;
}

describe('points', () => {
  it('run with the last axis fastest, and samples slower than all', async () => {
    const space = await spaceOf({
      axes: [{ path: RATE, values: [1, 2] }, { path: 'sensor.gain[0].value', from: 1, to: 4, draw: 'latin-hypercube', integer: true }, { paths: [WORD, 'steps'], values: [[12, 3], [14, 5], [16, 7]] }],
      samples: 4, seeds: { first: 10, count: 2 },
    });
    expect(space).toMatchObject({ points: 24, seeds: 2, runs: 48, firstSeed: 10, columns: [RATE, 'sensor.gain[0].value', WORD, 'steps'] });
    const rows = Array.from({ length: 24 }, (_, point) => space.valuesAt(point));
    expect(rows.slice(0, 6).map(([rate, , word, steps]) => [rate, word, steps])).toEqual([[1, 12, 3], [1, 14, 5], [1, 16, 7], [2, 12, 3], [2, 14, 5], [2, 16, 7]]);
    const gains = rows.map(([, gain]) => gain);
    for (let sample = 0; sample < 4; sample++) expect(new Set(gains.slice(6 * sample, 6 * sample + 6)).size).toBe(1);
    expect([...new Set(gains)].sort()).toEqual([1, 2, 3, 4]);
    expect([0, 1, 2, 47].map(space.seedAt)).toEqual([10, 11, 10, 11]);
    expect(space.optionsAt(23)).toEqual({
      directory, reference: false, throttle: ['gt0/secant'], anchor: ['none'], steps: 7, set: [`${RATE}=2`, `sensor.gain[0].value=${gains[23] as number}`, `${WORD}=16`],
    });
    expect(() => space.valuesAt(24)).toThrow(RangeError);
    expect(() => space.valuesAt(-1)).toThrow(RangeError);
  });

  it('are numbered without gaps, and back', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 4 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 30 }), fc.nat(), (sizes, drawn, samples, random) => {
      const axes: Sweep['axes'] = sizes.map((size, k) => (size === 1 ? { path: `experiment.a${k}`, values: [0] } : { path: `experiment.a${k}`, from: 0, to: 1, count: size }));
      for (let k = 0; k < drawn; k++) axes.splice(random % (axes.length + 1), 0, { path: `experiment.d${k}`, from: 0, to: 1, draw: 'random' });
      const points = createPoints({ name: 'x', axes, ...(drawn > 0 && { samples }) }, 'x');
      expect(points.count).toBe(sizes.reduce((product, size) => product * size, drawn > 0 ? samples : 1));
      for (const point of [0, points.count - 1, random % points.count]) {
        const places = points.placesAt(point);
        expect(points.pointAt(places)).toBe(point);
        for (const [axis, place] of places.entries()) expect(place).toBeLessThan(points.axes[axis]!.size);
      }
    }));
  });

  it('number 10^8 and more without memory, and any is had at once', async () => {
    const before = process.memoryUsage().heapUsed;
    const axis = (path: string) => ({ path, from: 0.01, to: 1, count: 1000 });
    const space = await spaceOf({
      axes: [axis(RATE), axis('experiment.phases[0].learningRate'), { path: 'sensor.gain[0].value', from: 1, to: 4, draw: 'latin-hypercube' }, { path: 'throttle.chi', from: 0.5, to: 2, spacing: 'log', draw: 'random' }],
      samples: 1e6, seeds: { count: 1000 },
    });
    expect([space.points, space.runs]).toEqual([1e12, 1e15]);
    const began = performance.now();
    const rows = [0, 123_456_789, 1e12 - 1].map((point) => space.valuesAt(point));
    for (let k = 0; k < 1000; k++) space.optionsAt(k * 999_999_937);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(rows.map(([rate]) => rate)).toEqual([0.01, 0.461891891892, 1]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20);
  });

  it('are the same in another space of the same specification', async () => {
    const parts = { axes: [{ path: RATE, from: 0.01, to: 1, spacing: 'log', count: 7 }, { path: 'sensor.gain[0].value', from: 1, to: 4, draw: 'latin-hypercube' }], samples: 9 };
    const [one, other] = [await spaceOf(parts), await spaceOf(parts)];
    expect(one.hash).toBe(other.hash);
    // The other way round, so that nothing hangs on the order in which points are asked for.
    const [first, second] = [Array.from({ length: 63 }, (_, point) => one.optionsAt(point)), Array.from({ length: 63 }, (_, point) => other.optionsAt(62 - point)).reverse()];
    expect(first).toEqual(second);
  });

  it('have no axes in a sweep over seeds alone', async () => {
    const space = await spaceOf({ axes: [], seeds: { count: 3 } });
    expect([space.points, space.runs, space.firstSeed, space.valuesAt(0)]).toEqual([1, 3, 46, []]); // exp-000c's own seed
  });
});

describe('what is planned', () => {
  it('is one plan a point, with the values of the point', async () => {
    const space = await spaceOf({ base: { set: ['throttle.chi=1.25'] }, axes: [{ path: 'profile', values: ['enabol-mid', 'enabol-wide'] }, { path: RATE, values: [0.25, '1/32'] }] });
    const plans = await Promise.all([0, 1, 2, 3].map(async (point) => (await prepare(space.optionsAt(point))).variants));
    expect(plans.map((variants) => variants.length)).toEqual([1, 1, 1, 1]);
    expect(plans.map(([variant]) => [variant!.plan.sites['layer0.weight']!.wordLength, variant!.plan.phases[1]!.learningRate.value])).toEqual([[12, 0.25], [12, 0.03125], [16, 0.25], [16, 0.03125]]);
    expect(new Set(plans.map(([variant]) => variant!.plan.throttle.law))).toEqual(new Set(['gt0']));
  });

  it.each<[string, object]>([
    ['as the experiment has them', { axes: [{ path: 'experiment', values: ['exp-000c', 'exp-000b', 'anchor-event', 'stream'] }], seeds: { first: 1, count: 1 } }],
    ['as axes change their law', { axes: [{ path: 'throttle.law', values: ['gt0', 'none', 'gt1', 'table'] }] }],
    ['as rows change law and estimator', { axes: [{ paths: ['experiment.throttle.law', 'throttle.estimator'], values: [['gt0', 'trace'], ['gt2', 'rayleigh'], ['none', 'trace']] }, { path: 'anchor.law', values: ['none', 'fixed'] }] }],
    ['as axes replace them', { axes: [{ path: 'experiment.throttle', values: [{ law: 'nlms' }, { law: 'clip', tau: 1 }, { law: 'gt0', estimator: 'secant-latch' }] }] }],
    ['as the base makes them', { base: { experiment: 'exp-000b', set: ['throttle.chi=1'] }, axes: [{ path: 'throttle.estimator', values: ['secant', 'trace'] }] }],
    ['where the experiment has none', { base: { experiment: 'relu-4-8-2' }, axes: [{ path: 'throttle.estimator', values: ['secant', 'trace'] }, { path: 'experiment', values: ['relu-4-8-2', 'exp-001'] }], seeds: { first: 1, count: 1 } }],
  ])('has throttle and anchor %s', async (_, parts) => {
    const space = await spaceOf(parts);
    for (let point = 0; point < space.points; point++) {
      const { throttle, anchor, ...others } = space.optionsAt(point);
      const { variants } = await prepare({ ...others, steps: 2 }); // without, and with the experiment's own
      expect([throttle, anchor]).toEqual([[variants.at(-1)!.throttle], [variants.at(-1)!.anchor]]);
    }
  });

  it('has the throttles and anchors that are named', async () => {
    const space = await spaceOf({ base: { anchor: 'fixed' }, axes: [{ path: 'throttle', values: ['none', 'table'] }, { path: 'supervisor', values: ['none'] }] });
    expect([0, 1].map((point) => space.optionsAt(point))).toMatchObject([{ throttle: ['none'], anchor: ['fixed'], supervisor: 'none' }, { throttle: ['table'], anchor: ['fixed'] }]);
  });

  it('reads text back as it is', async () => {
    const space = await spaceOf({ axes: [{ path: 'experiment.title', values: ['12', 'true', 'a "b" = c', '\u2028', '[1]'] }] });
    const titles = await Promise.all([0, 1, 2, 3, 4].map(async (point) => (await prepare({ ...space.optionsAt(point), steps: 1 })).experiment.title));
    expect(titles).toEqual(['12', 'true', 'a "b" = c', '\u2028', '[1]']);
  });
});

describe('before anything is run', () => {
  it.each<[string, object, RegExp]>([
    ['a wrong path', { axes: [{ path: 'steps', values: [1] }, { path: 'experiment.phases[1].learningRat', values: [1] }] }, /^mine\.json: axes\[1\]\.values\[0\] \(experiment\.phases\[1\]\.learningRat=1\): [^]*try +learningRate/],
    ['a root that is none', { axes: [{ path: 'profil.source', values: ['x'] }] }, /axes\[0\]\.values\[0\] \(profil\.source="x"\): does not say what to change[^]*try +profile\.source/],
    ['an entry that is not there', { axes: [{ path: 'experiment.phases[7].batch', from: 1, to: 3, count: 3 }] }, /^mine\.json: axes\[0\] \(experiment\.phases\[7\]\.batch=1\): phases has no entry 7/],
    ['a last value its schema refuses', { axes: [{ path: 'experiment.phases[1].batch', values: [1, 2, 'none'] }] }, /axes\[0\]\.values\[2\] \(experiment\.phases\[1\]\.batch="none"\)/],
    ['a value between that its schema refuses', { axes: [{ path: 'experiment.phases[1].batch', from: 2, to: 9, count: 7 }] }, /axes\[0\] \(experiment\.phases\[1\]\.batch=3\.16666666667\)/],
    ['numbers drawn where integers belong', { axes: [{ path: 'experiment.phases[1].batch', from: 2, to: 9, draw: 'random' }], samples: 5 }, /axes\[0\] \(experiment\.phases\[1\]\.batch=\d\.\d+\)/],
    ['a wrong assignment of the base', { base: { set: ['steps=3'] }, axes: [] }, /^mine\.json: base\.set\[0\] \(steps=3\): does not say what to change/],
    ['no assignment', { base: { set: ['throttle.chi=1', 'throttle.chi'] }, axes: [] }, /^mine\.json: base\.set\[1\] \(throttle\.chi\): is not an assignment/],
    ['a key that reaches prototypes', { axes: [{ path: 'profile.__proto__.x', values: [1] }] }, /axes\[0\]\.values\[0\] [^]*__proto__ is not allowed/],
    ['a value that reaches prototypes', { axes: [{ path: 'experiment.throttle', values: [JSON.parse('{"__proto__": 1}')] }] }, /__proto__ is not allowed/],
    ['an unknown target', { axes: [{ path: 'profile', values: ['enabol-mid', 'enabol-wid'] }] }, /^mine\.json: axes\[0\]\.values\[1\]: there is no shipped profile "enabol-wid"[^]*try +enabol-mid/],
    ['an unknown experiment in the base', { base: { experiment: 'exp-000' }, axes: [] }, /^mine\.json: base\.experiment: there is no shipped experiment/],
    ['a file that is not there', { axes: [{ path: 'sensor', values: ['./missing.json'] }] }, /^mine\.json: axes\[0\]\.values\[0\]: \.\/missing\.json: no such file/],
    ['a recording that is not there', { base: { experiment: 'stream' }, axes: [{ path: 'experiment.data.file', values: ['../examples/data/seattle-weather.csv', 'none.csv'] }] }, /axes\[0\]\.values\[1\]: none\.csv: no such file/],
    ['experiments that have different seeds', { axes: [{ path: 'experiment', values: ['exp-000c', 'stream'] }] }, /^mine\.json: seeds: the experiments have different seeds[^]*46 \(exp-000c\), 42 \(stream\)[^]*"first": 46/],
    ['seeds past the last', { axes: [], seeds: { first: 4294967295, count: 2 } }, /seeds end there/],
    ['too many runs to count', { axes: [{ path: 'throttle.chi', from: 1, to: 2, draw: 'random' }], samples: 1e12, seeds: { count: 1e6 } }, /too many runs to count/],
  ])('tells of %s', async (_, parts, message) => {
    await expect(spaceOf(parts)).rejects.toThrow(message);
  });

  it('leaves what a target refuses to the runs', async () => {
    const space = await spaceOf({ axes: [{ path: 'profile.sites.weight.rails', values: [[-1, 1], [-1e6, 1e6]] }] });
    await expect(prepare({ ...space.optionsAt(1), steps: 1 })).rejects.toMatchObject({ code: 'format' });
  });

  it('keeps to what its first points have when a target refuses them', async () => {
    const space = await spaceOf({ axes: [{ path: 'profile.sites.weight.rails', values: [[-1e6, 1e6], [-1, 1]] }, { path: 'experiment.throttle', values: [{ law: 'table' }] }] });
    expect(space.optionsAt(1).throttle).toEqual(['table']);
  });
});

describe('the hash', () => {
  const parts = { axes: [{ path: RATE, values: [0.1, 0.2] }] };

  it('does not depend on names, remarks, and what is made of the runs', async () => {
    const hash = await hashOf(parts);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashOf({ ...parts, name: 'other', title: 'T', about: 'A', $schema: 's', objectives: [{ measure: 'finalLoss', goal: 'minimise' }], constraints: [{ measure: 'finalLoss', atMost: 1 }] })).toBe(hash);
  });

  it('depends on everything a run depends on', async () => {
    const drawn = { axes: [{ path: RATE, from: 0.1, to: 0.2, draw: 'random' }], samples: 3 };
    const all = [
      parts, { axes: [{ path: RATE, values: [0.1, 0.3] }] }, { ...parts, base: { profile: 'enabol-wide' } }, { ...parts, base: { set: ['throttle.chi=1'] } }, { ...parts, seeds: { count: 2 } }, { ...parts, numbers: 'fixed' },
      drawn, { ...drawn, samples: 4 }, { ...drawn, sampleSeed: 2 },
    ];
    const hashes = await Promise.all(all.map((one) => hashOf(one)));
    expect(new Set(hashes).size).toBe(all.length);
  });

  it('depends on the content of documents and recordings, not on where they are', async () => {
    const experiment = 'experiments/stream.json';
    const { data } = JSON.parse(readFileSync(experiment, 'utf8')) as { data: object };
    writeFileSync(join(directory, 'own.csv'), readFileSync('examples/data/seattle-weather.csv'));
    const sweep = { base: { experiment: write('own.json', experiment, { data: { ...data, file: 'own.csv' } }), profile: write('target.json', 'hw-profiles/targets/enabol-mid.json', { extends: 'enabol-mid' }) }, axes: [] };
    const hash = await hashOf(sweep);
    mkdirSync(join(directory, 'moved'));
    for (const file of ['own.json', 'own.csv', 'target.json']) writeFileSync(join(directory, 'moved', file), readFileSync(join(directory, file)));
    expect(await hashOf(sweep, join(directory, 'moved'))).toBe(hash);

    writeFileSync(join(directory, 'own.csv'), readFileSync(join(directory, 'moved', 'own.csv'), 'utf8').replace('12.8', '12.9'));
    expect(await hashOf(sweep)).not.toBe(hash);
    writeFileSync(join(directory, 'own.csv'), readFileSync(join(directory, 'moved', 'own.csv')));
    expect(await hashOf(sweep)).toBe(hash);
    write('own.json', experiment, { data: { ...data, file: 'own.csv' }, about: 'other words' });
    expect(await hashOf(sweep)).toBe(hash);
    write('own.json', experiment, { data: { ...data, file: 'own.csv' }, divergedLoss: 5 });
    expect(await hashOf(sweep)).not.toBe(hash);
    rmSync(join(directory, 'own.csv'));
    await expect(spaceOf(sweep)).rejects.toThrow(/own\.json: own\.csv: no such file/);
  });

  it('depends on every document of a list', async () => {
    const gains = (value: number) => write('sensor.json', 'hw-profiles/sensors/constant-gain.json', { gain: [{ kind: 'constant', value }] });
    const sweep = { axes: [{ path: 'sensor', values: ['none', gains(2), 'step-gain-4'] }] };
    const hash = await hashOf(sweep);
    gains(3);
    expect(await hashOf(sweep)).not.toBe(hash);
  });

  it('depends on every recording of a long list', async () => {
    const files = Array.from({ length: 70 }, (_, k) => `recording-${k}.csv`);
    const fill = (file: string, value: number): void => writeFileSync(join(directory, file), `a,b\n1,${value}\n`);
    for (const file of files) fill(file, 2);
    const data = { kind: 'csv', file: files[0], inputs: ['a'], targets: ['b'] };
    const sweep = { base: { experiment: write('many.json', 'experiments/stream.json', { data }) }, axes: [{ path: 'experiment.data.file', values: files }] };
    const seen = new Set([await hashOf(sweep)]);
    for (const file of [files[1]!, files[40]!, files[68]!]) {
      fill(file, 3);
      seen.add(await hashOf(sweep));
    }
    expect(seen.size).toBe(4);
  });
});
