/** What serves the page: to this machine, its own files, and nothing else. */
import { request } from 'node:http';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type Serving } from '../../src/play/server.js';
import { siteFiles } from '../../src/play/site.js';
import { Folder } from '../cli/qrails.js';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

describe('the server', () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await serve(await siteFiles());
  });
  afterAll(() => serving?.close());

  /** Asks for a path as it is: nothing on the way tidies it. */
  const ask = (path: string, { method = 'GET', host = `127.0.0.1:${serving.port}` } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: serving.port, path, method, headers: { host } }, (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (part: string) => (body += part)).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      });
      asked.on('error', reject).end();
    });

  it('serves the page and its files with strict headers', async () => {
    for (const path of ['/', '/index.html', '/?x=1', ...Object.keys(await siteFiles()).map((name) => `/${name}`)]) {
      const { status, headers } = await ask(path);
      expect(status, path).toBe(200);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin' });
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
      expect(headers['content-security-policy']).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    }
    expect((await ask('/')).headers['content-type']).toBe('text/html; charset=utf-8');
    expect((await ask('/', { method: 'HEAD' })).body).toBe('');
  });

  it.each(['/../package.json', '/..%2fpackage.json', '/%2e%2e/package.json', '/./index.html', '//index.html', '/index.html/', '/__proto__', '/constructor', '/toString', '/\\..\\package.json', '/index.html%00', '/etc/passwd'])('has nothing at %s', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it('refuses what is not for it: other hosts, other methods', async () => {
    for (const host of ['example.org', `example.org:${serving.port}`, '127.0.0.1', `127.0.0.1.example.org:${serving.port}`]) expect((await ask('/', { host })).status).toBe(421);
    expect((await ask('/', { host: `localhost:${serving.port}` })).status).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) expect((await ask('/', { method })).status).toBe(405);
  });

  it('listens on the loopback address only, and says so where a port is taken', async () => {
    expect(serving.url).toBe(`http://127.0.0.1:${serving.port}/`);
    await expect(serve({}, serving.port)).rejects.toMatchObject({ parts: { code: 'usage', where: '--port' } });
  });
});

describe('qrails play', () => {
  const folder = new Folder({});
  afterAll(() => folder.remove());

  it('prints the address, serves, and ends with 130 on Ctrl-C', async () => {
    const ended = folder.qrails(['play', 'exp-000c', '--profile', 'enabol-tight', '--set', 'throttle.chi=1.2'], {
      started: (child) => child.stdout!.once('data', (text: Buffer) => {
        void fetch(text.toString().trim()).then(async (response) => expect(await response.text()).toContain('<title>qrails live</title>')).finally(() => child.kill('SIGINT'));
      }),
    });
    const { code, stdout, stderr } = await ended;
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#experiment=exp-000c&profile=enabol-tight&set=throttle\.chi%3D1\.2\n$/);
    expect(stderr).toContain('Ctrl-C');
    expect(code).toBe(130);
  });

  it.each([
    [['play', 'nope'], 'names an experiment that is not here'],
    [['play', '--set', 'experiment.data.rows=5'], 'changes what this page does not'],
    [['play', '--port', '0'], 'integer from 1 to 65535'],
    [['play', '--build', 'a', '-o', 'b'], 'are the same'],
    [['play', 'exp-000c', '--build', 'a'], 'writes the page as it is'],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await folder.qrails(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it('writes the page for any static host, and replaces nothing unasked', async () => {
    const files = await siteFiles();
    expect((await folder.qrails(['play', '--build', 'site', '--json'])).stdout).toBe(`${JSON.stringify({ play: 1, folder: 'site', files: Object.entries(files).map(([name, { byteLength }]) => ({ name, bytes: byteLength })) }, null, 2)}\n`);
    for (const [name, content] of Object.entries(files)) expect(readFileSync(`${folder.path}/site/${name}`).equals(content)).toBe(true);
    expect((await folder.qrails(['play', '-o', 'site'])).code).toBe(2);
    expect((await folder.qrails(['play', '-o', 'site', '--force'])).code).toBe(0);
    expect(new TextDecoder().decode(files['index.html'])).not.toMatch(/(src|href)="(\/|https?:)/);
  });
});
