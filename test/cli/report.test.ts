/** `qrails report` and `qrails compare --report`: the file, what is refused, and hostile names and headings on their way into it. */
import { expect, describe, it } from 'vitest';
import type { Comparison } from '../../src/schema/comparison.js';
import { experiment, inFolder, profile, type Ended } from './qrails.js';
import { schemaErrors } from './schemas.js';

const RUN = ['--throttle', 'none', '--steps', '60'];

/** What a run printed, after it ended well. */
function fine({ code, stdout, stderr }: Ended): string {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
}

const island = (page: string, id: string): unknown => JSON.parse(new RegExp(`<script type="application/json" id="qrails-${id}">(.*)</script>`).exec(page)![1]!);

describe('qrails report', () => {
  it('writes one page whose data are those of --json, which are those of compare', () => inFolder({}, async (folder) => {
    const wrote = await folder.qrails(['report', ...RUN, '-o', 'report.html']);
    expect(wrote).toEqual({ code: 0, stdout: '', stderr: 'wrote report.html\n' });
    const [json, again, compared] = (await Promise.all([folder.qrails(['report', ...RUN, '--json']), folder.qrails(['report', ...RUN]), folder.qrails(['compare', ...RUN, '--json'])])).map(fine);
    const page = folder.read('report.html');
    expect(again).toBe(page);
    expect(page.startsWith('<!DOCTYPE html>')).toBe(true);
    expect(page).not.toContain(folder.path);
    expect(schemaErrors('comparison', json!)).toEqual([]);
    const comparison = JSON.parse(json!) as Comparison;
    expect(island(page, 'comparison')).toEqual(comparison);
    expect(comparison.plan.recorder.level).toBe('full');
    const counts = JSON.parse(compared!) as Comparison;
    expect(comparison.runs.map(({ planHash, verdict, float }) => ({ planHash, verdict, float }))).toEqual(counts.runs.map(({ planHash, verdict, float }) => ({ planHash, verdict, float })));
    expect(folder.list()).toEqual(['report.html']);
  }));

  it('shows a map that was made before, and refuses what is none', () => inFolder({ 'bad.json': '{"map":1}', 'nonsense.json': '[' }, async (folder) => {
    fine(await folder.qrails(['map', '--float', '--grid', '3', '--steps', '20', '--json', '-q', '-o', 'map.json']));
    const args = ['report', './mine.json', '-q', '-o', 'r.html'];
    folder.write({ 'mine.json': experiment(), 'short.json': folder.read('map.json').replace(/"cells": \[\s*\{[^}]*\},/, '"cells": [') });
    fine(await folder.qrails([...args, '--map', 'map.json']));
    const page = folder.read('r.html');
    expect(page).toMatch(/<img src="data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+"/);
    expect(island(page, 'maps')).toEqual([JSON.parse(folder.read('map.json'))]);
    for (const file of ['bad.json', 'nonsense.json', 'short.json', 'missing.json']) {
      const { code, stderr } = await folder.qrails(['report', './mine.json', '-o', 'no.html', '--map', file]);
      expect(code).toBe(2);
      expect(stderr).toContain(file);
    }
    expect(folder.list()).not.toContain('no.html');
  }));

  it('shows two layers, one step, and a run that a trap ended', () => inFolder({
    'deep.json': experiment({ model: { layers: [{ outputs: 3, activation: 'relu' }, { outputs: 1 }] } }),
    'one.json': experiment({ phases: [{ steps: 1, batch: 4, learningRate: 0.1 }] }),
    'trap.json': profile({ update: { overflow: 'TRAP' } }),
  }, async (folder) => {
    fine(await folder.qrails(['report', './deep.json', '-q', '-o', 'deep.html']));
    expect(folder.read('deep.html')).toContain('A Hessian is taken for one linear layer only.');
    fine(await folder.qrails(['report', './one.json', '-q', '-o', 'one.html']));
    expect(folder.read('one.html')).toContain('every one of 1 steps');
    fine(await folder.qrails(['report', '--profile', './trap.json', '--throttle', 'none', '--no-tries', '-q', '-o', 'trap.html']));
    expect(folder.read('trap.html')).toContain('ended by a trap at layer0.update');
  }));

  it('refuses a file it cannot write before it runs, and leaves nothing where the run is refused', () => inFolder({}, async (folder) => {
    const absent = await folder.qrails(['report', '-o', 'nowhere/r.html']);
    expect(absent.code).toBe(2);
    expect(absent.stderr).toContain('nowhere/r.html: cannot be written');
    const refused = await folder.qrails(['report', '--profile', 'no-such-target', '-o', 'r.html']);
    expect(refused.code).toBe(2);
    expect(folder.list()).toEqual([]);
  }));
});

describe('qrails compare --report', () => {
  it('writes the page of report beside the answer and the trace', () => inFolder({}, async (folder) => {
    const answer = fine(await folder.qrails(['compare', ...RUN, '--report', 'beside.html', '--trace', 'run.csv', '--json']));
    fine(await folder.qrails(['report', ...RUN, '-q', '-o', 'report.html']));
    expect(folder.read('beside.html')).toBe(folder.read('report.html'));
    expect(island(folder.read('beside.html'), 'comparison')).toEqual(JSON.parse(answer));
    expect(folder.read('run.csv').trimEnd().split('\n')).toHaveLength(61);
    const [withReport, without] = (await Promise.all([folder.qrails(['compare', ...RUN, '--report', 'again.html']), folder.qrails(['compare', ...RUN])])).map(fine);
    expect(withReport).toBe(without);
  }));

  it.each([
    [['--report', 'a.html', '--profile', 'enabol-mid,enabol-wide'], '--report: takes one target'],
    [['--report', 'a.html', '--seeds', '5'], '--seeds, --report: a report is of one seed'],
    [['--report', 'a.csv', '--trace', './a.csv'], '--trace, --report: both name the same file'],
    [['--report', 'a.html', '-o', 'a.html'], '--output, --report: both name the same file'],
    [['--report', 'nowhere/a.html', '--trace', 't.csv'], 'nowhere/a.html: cannot be written'],
    [['--report', 'a.html', '--profile', 'no-such-target', '--trace', 't.csv'], 'no-such-target'],
  ])('refuses %j', (args, says) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', ...args]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
    expect(folder.list()).toEqual([]);
  }));
});

it('hostile titles, file names, flags and CSV headings stand in the page as text', () => {
  const [title, heading] = ['</script><script>hacked=1</script>', '"><img src=x onerror=hacked=1>'];
  const quoted = `"${heading.replaceAll('"', '""')}"`;
  const files = {
    '<svg onload=hacked=1>.json': experiment({ title, data: { kind: 'csv', file: 'log.csv', inputs: [heading, 'b'], targets: ['y'] } }),
    "'<b>.json": profile({ update: { wordLength: 4, fractionLength: 3 } }, { title, hardware: { flags: [{ name: '<i onclick=hacked=1>', kind: 'sticky', sites: ['update'], source: 'made up' }] } }),
    'log.csv': `${quoted},b,y\n${Array.from({ length: 20 }, (_, k) => `${k % 7},${k % 3},${k % 5}`).join('\n')}\n`,
  };
  return inFolder(files, async (folder) => {
    fine(await folder.qrails(['report', './<svg onload=hacked=1>.json', '--profile', "./'<b>.json", '-q', '-o', 'r.html']));
    const page = folder.read('r.html');
    expect(page).toContain('<h1>&lt;/script&gt;&lt;script&gt;hacked=1&lt;/script&gt;</h1>');
    expect(page).toContain('&lt;i onclick=hacked=1&gt;');
    expect(page).not.toMatch(/<(script>hacked|img|svg onload|b>|i )/);
    expect(page.match(/<script/g)).toHaveLength(5);
  });
});
