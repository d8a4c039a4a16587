import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { portableOptions } from '../../src/check/paths.js';
import { failure } from '../document/failure.js';

const directory = resolve('/srv/project');

describe('options of a baseline', () => {
  it('keep names and every option that decides what is run', () => {
    const options = {
      experiment: 'exp-000c', profile: 'enabol-mid', sensor: 'none', throttle: ['none'], anchor: ['fixed'], seed: 7, steps: 50, set: ['throttle.chi=1'],
    };
    expect(portableOptions({ ...options, directory, build: 'scalar', tries: true } as object, directory)).toEqual(options);
    expect(portableOptions({}, directory)).toEqual({});
  });

  it('keep paths as they were given, where the baseline lies beside', () => {
    const options = { profile: 'targets/mine.json', sensor: './s.json', data: { file: 'log.csv', inputs: ['a'], targets: ['b'] } };
    expect(portableOptions({ ...options, directory }, directory)).toEqual(options);
  });

  it.each([
    ['targets/mine.json', 'held', '../targets/mine.json'],
    ['held/mine.json', 'held', './mine.json'],
    ['./plain', '.', './plain'],
    ['./plain', 'held', '../plain'],
    ['held/plain', 'held', './plain'],
    ['enabol-mid', 'held', 'enabol-mid'],
    [resolve('/elsewhere/mine.json'), 'held', resolve('/elsewhere/mine.json')],
  ])('see %s from folder %s as %s', (profile, folder, seen) => {
    expect(portableOptions({ profile, directory }, resolve(directory, folder)).profile).toBe(seen);
  });

  it('see recordings as paths, whatever they are called', () => {
    const { data } = portableOptions({ data: { file: 'log', inputs: ['a'], targets: ['b'] }, directory }, resolve(directory, 'held'));
    expect(data?.file).toBe('../log');
  });

  it('refuse standard input', async () => {
    expect(await failure('usage', () => portableOptions({ profile: '-' }, directory))).toContain('--profile');
  });
});
