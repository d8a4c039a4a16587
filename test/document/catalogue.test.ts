import { readFileSync } from 'node:fs';
import { dirname, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DOCUMENT_KINDS, list, resolve } from '../../src/document/catalogue.js';
import { loadExperiment } from '../../src/experiment/load.js';
import { loadProfile } from '../../src/profile/load.js';
import { loadSensor } from '../../src/profile/sensor.js';
import { failure } from './failure.js';

const LOADERS = { profile: loadProfile, sensor: loadSensor, experiment: loadExperiment };
const shipped = DOCUMENT_KINDS.flatMap((kind) => list(kind).map((name) => ({ kind, name })));

describe('every shipped document', () => {
  it('is listed', () => {
    expect(list('profile')).toEqual(expect.arrayContaining(['cortex-m4-q15', 'enabol-mid', 'enabol-tight', 'enabol-wide']));
    expect(list('experiment')).toEqual(expect.arrayContaining(['anchor-event', 'exp-000a', 'exp-000b', 'exp-000c', 'stream']));
    expect(list('sensor')).not.toHaveLength(0);
  });

  it.each(shipped)('$kind $name loads, under the name of its file', async ({ kind, name }) => {
    const { value, file } = await LOADERS[kind](name);
    expect(value.name).toBe(name);
    expect(file.endsWith(`/${name}.json`)).toBe(true);
    expect(value.title).toBeDefined();
  });

  it.each(shipped.filter(({ kind }) => kind === 'experiment'))('$kind $name names documents and data that are there', async ({ name }) => {
    const { value, baseDirectory } = await loadExperiment(name);
    expect(value.profile).toBeDefined();
    await loadProfile(value.profile!, baseDirectory);
    if (value.sensor !== undefined) await loadSensor(value.sensor, baseDirectory);
    expect(value.phases.some(({ sensor }) => sensor === true)).toBe(value.sensor !== undefined);
    if (value.data.kind === 'csv') {
      const head = readFileSync(resolvePath(baseDirectory, value.data.file), 'utf8').split('\n', 1)[0]!.split(',');
      const columns = [...value.data.inputs, ...value.data.targets].map((column) => (typeof column === 'string' ? column : column.column));
      expect(head).toEqual(expect.arrayContaining(columns));
    }
  });

  it.each(shipped)('$kind $name names its schema by a path that is right', ({ kind, name }) => {
    const { path } = resolve(kind, name);
    const { $schema } = JSON.parse(readFileSync(path, 'utf8')) as { $schema?: string };
    if (kind === 'sensor' && $schema === undefined) return;
    expect(resolvePath(dirname(path), $schema!)).toBe(fileURLToPath(new URL(`../../schema/${kind}.schema.json`, import.meta.url)));
  });
});

describe('resolve', () => {
  it('takes text with a slash, or that ends in .json, as a path from the directory given', () => {
    expect(resolve('profile', 'mine.json', '/project').path).toBe('/project/mine.json');
    expect(resolve('profile', './mine', '/project')).toEqual({ label: './mine', path: '/project/mine', directory: '/project' });
    expect(resolve('profile', '../a/b.json', '/project/x')).toEqual({ label: '../a/b.json', path: '/project/a/b.json', directory: '/project/a' });
    expect(resolve('profile', '-', '/project')).toEqual({ label: '(standard input)', path: '-', directory: '/project' });
  });

  it('does not take a bare name as a file', async () => {
    const near = await failure('not-found', () => resolve('profile', 'enabol-mdi'));
    expect(near).toContain('there is no shipped profile "enabol-mdi"');
    expect(near).toContain('try       enabol-mid');
    const far = await failure('not-found', () => resolve('sensor', 'my-own-sensor'));
    expect(far).toContain('a path: it has a slash or ends in .json');
    expect(far).toContain('try       ./my-own-sensor or my-own-sensor.json, if it is a file');
    await failure('not-found', () => resolve('profile', ''));
    await failure('not-found', () => resolve('profile', '..'));
  });
});
