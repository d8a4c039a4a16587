import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LONGEST_CHAIN, loadDocument } from '../../src/document/load.js';
import { loadProfile } from '../../src/profile/load.js';
import { failure } from './failure.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qrails-load-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, value: object): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(value));
}

describe('extends', () => {
  it('merges objects, replaces arrays, inherits no name', async () => {
    await write('base.json', {
      name: 'base', title: 'Base', about: 'base', source: 'book', leavesOut: ['a', 'b'],
      sites: { weight: { wordLength: 12, fractionLength: 8, signed: true }, update: { wordLength: 16, fractionLength: 12 } },
    });
    await write('mine.json', { name: 'mine', extends: './base.json', leavesOut: ['c'], sites: { weight: { wordLength: 14 }, 'layer1.weight': { fractionLength: 9 } } });
    const { value, name, file, baseDirectory } = await loadDocument('profile', 'mine.json', folder);
    expect(value).toEqual({
      name: 'mine', source: 'book', leavesOut: ['c'],
      sites: { weight: { wordLength: 14, fractionLength: 8, signed: true }, update: { wordLength: 16, fractionLength: 12 }, 'layer1.weight': { fractionLength: 9 } },
    });
    expect({ name, file, baseDirectory }).toEqual({ name: 'mine', file: 'mine.json', baseDirectory: folder });
  });

  it('follows paths from the file that says them, and shipped names', async () => {
    await write('parts/deep/base.json', { name: 'base', extends: 'enabol-mid', sites: { weight: { wordLength: 13 } } });
    await write('parts/middle.json', { name: 'middle', extends: 'deep/base.json', sites: { weight: { fractionLength: 9 } } });
    await write('mine.json', { name: 'mine', extends: './parts/middle.json' });
    const { value } = await loadProfile('mine.json', folder);
    expect(value.sites!.weight).toMatchObject({ wordLength: 13, fractionLength: 9 });
    expect(value.sites!.loss).toMatchObject({ wordLength: 24 });
    expect(value).not.toHaveProperty('extends');
    expect(value).not.toHaveProperty('title');
  });

  it('follows sensors too', async () => {
    await write('s.json', { name: 's', extends: 'step-gain-4', noise: { standardDeviation: 0.1 } });
    const { value } = await loadDocument('sensor', 's.json', folder);
    expect(value.gain).toHaveLength(1);
    expect(value.noise).toEqual({ standardDeviation: 0.1 });
  });

  it('refuses a circle, with the chain', async () => {
    await write('a.json', { name: 'a', extends: './b.json' });
    await write('b.json', { name: 'b', extends: './c.json' });
    await write('c.json', { name: 'c', extends: './a.json' });
    const message = await failure('invalid', () => loadDocument('profile', './a.json', folder));
    expect(message).toContain('./a.json: "extends" runs in a circle');
    expect(message).toContain('./a.json → ./b.json → ./c.json → ./a.json');
    await write('self.json', { name: 'self', extends: 'self.json' });
    expect(await failure('invalid', () => loadDocument('sensor', 'self.json', folder))).toContain('self.json → self.json');
  });

  it('refuses a chain that is too long, and takes the longest', async () => {
    for (let i = 0; i < LONGEST_CHAIN; i++) await write(`${i}.json`, { name: `n${i}`, extends: `${i + 1}.json` });
    await write(`${LONGEST_CHAIN}.json`, { name: 'last' });
    const message = await failure('invalid', () => loadDocument('profile', '0.json', folder));
    expect(message).toContain('nested too deep');
    expect(message).toContain('7.json → 8.json');
    expect((await loadDocument('profile', '1.json', folder)).name).toBe('n1');
  });

  it('names the layer that is wrong', async () => {
    await write('base.json', { name: 'base', sites: { wieght: {} } });
    await write('mine.json', { name: 'mine', extends: './base.json' });
    expect(await failure('invalid', () => loadDocument('profile', 'mine.json', folder))).toContain('./base.json: sites.wieght is not a known key');
  });

  it('names the file that extends what is not there', async () => {
    await write('mine.json', { name: 'mine', extends: 'enabol-mdi' });
    const name = await failure('not-found', () => loadDocument('profile', 'mine.json', folder));
    expect(name).toContain('mine.json: extends: there is no shipped profile "enabol-mdi"');
    expect(name).toContain('try       enabol-mid');
    await write('mine.json', { name: 'mine', extends: './gone.json' });
    expect(await failure('not-found', () => loadDocument('profile', 'mine.json', folder))).toContain('./gone.json: no such file');
    await write('mine.json', { name: 'mine', extends: '-' });
    expect(await failure('invalid', () => loadDocument('profile', 'mine.json', folder))).toContain('extends cannot be standard input');
  });

  it('is not for experiments', async () => {
    await write('mine.json', { name: 'mine', extends: 'exp-000a' });
    expect(await failure('invalid', () => loadDocument('experiment', 'mine.json', folder))).toContain('extends is not a known key');
  });
});
