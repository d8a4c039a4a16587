/** What is published: its size, its entries, its types, and that it runs in an empty project and in a browser bundle. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM } from '../report/browser.js';
import { ROOT } from '../cli/qrails.js';
import { execute, pack, remove, type Packed } from './pack.js';

let packed: Packed;
const inProject = (...path: string[]): string => join(packed.folder, ...path);
const node = (...args: string[]) => execute(process.execPath, args, packed.folder);
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

beforeAll(async () => {
  packed = await pack();
});
afterAll(() => remove(packed));

it('keeps to the size that ARCHITECTURE.md states', () => {
  const [, packedMost, unpackedMost] = /at most ([\d.]+) MB packed and ([\d.]+) MB unpacked/.exec(read('ARCHITECTURE.md'))!;
  expect(packed.size).toBeLessThanOrEqual(Number(packedMost) * 1e6);
  expect(packed.unpackedSize).toBeLessThanOrEqual(Number(unpackedMost) * 1e6);
});

it('has what it says it has, and nothing of the workshop', () => {
  for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'docs/qrails.1', 'docs/tutorial.md', 'build/core.wasm', 'build/core.simd.wasm', 'bin/qrails.js', 'examples/data/seattle-weather.csv']) {
    expect(packed.files).toContain(file);
  }
  expect(packed.files.filter((file) => /^(src|test|scripts|assembly|bench|site|\.ci)\/|\.map$|\.tsbuildinfo$/.test(file))).toEqual([]);
});

it('its types are right wherever they are resolved', async () => {
  // core.wasm is no module of TypeScript; the package is ESM alone.
  const { code, stdout, stderr } = await execute(process.execPath, [join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js'), packed.tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'core.wasm'], packed.folder);
  expect(code, stdout + stderr).toBe(0);
});

it('every entry can be imported in an empty project', async () => {
  writeFileSync(inProject('entries.js'), `
    import { createRequire } from 'node:module';
    import { readFileSync } from 'node:fs';
    const { compare, quantise } = await import('qrails');
    const format = await import('qrails/format');
    const { resolve } = createRequire(import.meta.url);
    const core = await WebAssembly.compile(readFileSync(resolve('qrails/core.wasm')));
    const { name } = JSON.parse(readFileSync(resolve('qrails/hw-profiles/targets/enabol-mid.json'), 'utf8'));
    console.log(typeof compare, format.quantise === quantise, name, 'properties' in JSON.parse(readFileSync(resolve('qrails/schema/profile.schema.json'), 'utf8')), WebAssembly.Module.exports(core).some(({ name }) => name === 'runFixed'));
  `);
  expect(await node('entries.js')).toEqual({ code: 0, stdout: 'function true enabol-mid true true\n', stderr: '' });
});

it('its command line gives the same bytes as the one here', async () => {
  const there = await node(inProject('node_modules/qrails/bin/qrails.js'), 'compare', '--json');
  const here = await execute(process.execPath, [join(ROOT, 'bin/qrails.js'), 'compare', '--json'], packed.folder);
  expect(there.stderr).toBe('');
  expect(there.stdout).toBe(here.stdout);
});

it('is cited as it is versioned', () => {
  const { version, license } = JSON.parse(read('package.json')) as { version: string; license: string };
  const citation = read('CITATION.cff');
  for (const line of ['cff-version: 1.2.0', `version: ${version}`, `license: ${license}`]) expect(citation.split('\n')).toContain(line);
  expect(citation).toMatch(/^message: .+$/m);
  expect(citation).toMatch(/^title: .+$/m);
  expect(citation).toMatch(/^authors:\n {2}- name: .+$/m);
  expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## \\[(Unreleased|${version.replaceAll('.', '\\.')})\\]`, 'm'));
});

describe('in a browser, bundled by Vite without configuration', () => {
  const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

  it('formats, the quantiser and the core work', async () => {
    writeFileSync(inProject('index.html'), '<!doctype html><title>x</title><p id="out">nothing</p><script type="module" src="/main.js"></script>');
    writeFileSync(inProject('main.js'), `
      import coreUrl from 'qrails/core.wasm?url';
      import { parseFormat, parseReal, quantise, siteFormat } from 'qrails/format';
      const core = await WebAssembly.compileStreaming(fetch(coreUrl));
      const { raw } = quantise(parseReal('1/3'), siteFormat({ ...parseFormat('ap_fixed<12,4>'), rounding: 'RND', overflow: 'SAT' }));
      document.querySelector('#out').textContent = raw + ' ' + WebAssembly.Module.exports(core).some(({ name }) => name === 'runFixed');
    `);
    const { code, stdout, stderr } = await node(join(ROOT, 'node_modules/vite/bin/vite.js'), 'build');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).not.toContain('externalized');
    expect(existsSync(inProject('dist/index.html'))).toBe(true);

    if (CHROMIUM === undefined) {
      if (process.env['QRAILS_REQUIRE_ORACLES'] === '1') throw new Error('no Chromium');
      return;
    }
    const server = createServer(({ url }, response) => {
      const file = inProject('dist', url === '/' ? 'index.html' : new URL(url!, 'http://x').pathname);
      if (!existsSync(file)) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const { stdout: page } = await execute(CHROMIUM, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${inProject('chromium')}`, '--virtual-time-budget=10000', '--dump-dom', address], packed.folder);
      expect(page).toContain('<p id="out">85 true</p>');
    } finally {
      server.close();
    }
  });
});

