/** `--report` of map and sweep: the page beside the result, what is refused, hostile text on its way into it. */
import { describe, expect, it } from 'vitest';
import type { StabilityMap } from '../../src/schema/map.js';
import type { SweepResult } from '../../src/schema/sweepResult.js';
import { experiment, inFolder, type Ended } from './qrails.js';

function fine({ code, stdout, stderr }: Ended): string {
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

const island = (page: string, id: string): unknown => JSON.parse(new RegExp(`<script type="application/json" id="qrails-${id}">(.*)</script>`).exec(page)![1]!);
const HOSTILE = '</script><img src=x onerror=hacked=1>';

/** Nothing runs, nothing is asked for. */
function inert(page: string): void {
  expect(page).toMatch(/content="default-src &#39;none&#39;; style-src &#39;sha256-[A-Za-z0-9+/=]+&#39;; img-src data:; base-uri &#39;none&#39;; form-action &#39;none&#39;"/);
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).not.toMatch(/<script>|<img src=x| on[a-z]+="|https?:/);
}

describe('map --report', () => {
  it('has areas, picture and cells of the map that is printed', () => inFolder({ 'h.json': experiment({ title: HOSTILE }) }, async (folder) => {
    const args = ['map', '--grid', '3', '--steps', '20', '-q'];
    const map = JSON.parse(fine(await folder.qrails([...args, '--report', 'm.html', '--json']))) as StabilityMap;
    const page = folder.read('m.html');
    inert(page);
    expect(island(page, 'maps')).toEqual([map]);
    expect(page).toContain(map.plan.hash);
    expect(page).toMatch(/<img src="data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+"/);
    for (const { name } of map.throttles) expect(page).toMatch(new RegExp(`<th scope="row">${name}</th>`));
    expect(folder.list()).toEqual(['h.json', 'm.html']);
    fine(await folder.qrails(['map', './h.json', '--grid', '2', '--x', 'experiment.phases[0].learningRate=lin:0.1:0.2:2', '--y', 'experiment.phases[1].learningRate=lin:0.1:0.2:2', '--report', 'h.html', '-q', '-o', 'h.txt']));
    inert(folder.read('h.html'));
    expect(folder.read('h.html')).toContain('<h1>&lt;/script&gt;&lt;img src=x onerror=hacked=1&gt;</h1>');
  }));

  it('is refused on standard output', () => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['map', '--grid', '3', '--steps', '20', '--report', '-']);
    expect([code, stdout, stderr.split('\n')[0]]).toEqual([2, '', expect.stringContaining('--report: standard output has the result')]);
    expect(folder.list()).toEqual([]);
  }));
});

const SPEC = {
  name: 'small', title: HOSTILE, base: { experiment: './e.json', profile: 'enabol-mid' },
  axes: [
    { paths: ['profile.sites.weight.wordLength', 'profile.sites.weight.fractionLength'], values: [[8, 4], [16, 12], [40, 60]] },
    { path: 'experiment.phases[1].learningRate', values: [0.05, 0.2] },
  ],
  seeds: { count: 2 },
  constraints: [{ measure: 'survives', atLeast: 0 }],
  objectives: [{ measure: 'parameterBits', goal: 'minimise' }, { measure: 'meanLoss', goal: 'minimise' }],
};
const FILES = { 's.json': JSON.stringify(SPEC), 'e.json': experiment() };

describe('sweep --report', () => {
  it('has verdicts, errors, best points, front and files of the result that is printed, also from parts', () => inFolder(FILES, async (folder) => {
    const result = JSON.parse(fine(await folder.qrails(['sweep', 's.json', '-q', '--json', '--format', 'csv,parquet', '--report', 's.html']))) as SweepResult;
    const page = folder.read('s.html');
    inert(page);
    expect(island(page, 'sweep')).toEqual(result);
    expect(result.failed).toBeGreaterThan(0);
    for (const { message } of result.errors.listed) expect(page).toContain(message.split('\n')[0]!.slice(0, 40));
    for (const { file, sha256 } of result.files) for (const text of [file, sha256]) expect(page).toContain(`<code>${text}</code>`);
    for (const { name } of [...result.tables.runs, ...result.tables.points]) expect(page).toContain(`<code>${name}</code>`);
    expect(result.front!.points.length).toBeGreaterThan(1);
    expect(page.match(/<circle class="(of-front|best)"/g)).toHaveLength(result.front!.points.length);
    for (const { point } of result.front!.points) expect(page).toMatch(new RegExp(`<title>(best: )?point ${point}: fixed parameter bits`));
    for (const { point } of result.best) expect(page).toContain(`<th scope="row">${point}</th>`);
    expect(page).toContain('<h1>&lt;/script&gt;&lt;img src=x onerror=hacked=1&gt;</h1>');

    fine(await folder.qrails(['sweep', 's.json', '-q', '--shard', '1/2', '--json']));
    fine(await folder.qrails(['sweep', 's.json', '-q', '--shard', '2/2', '--json']));
    fine(await folder.qrails(['sweep', 'merge', 'small.shards', '-q', '-o', 'merged', '--format', 'csv,parquet', '--report', 'merged.html']));
    expect(folder.read('merged.html')).toBe(page);
  }), 60_000);

  it.each([
    [['--report', '-'], /--report: standard output has the result/],
    [['--report', 'nowhere/r.html'], /nowhere\/r\.html: cannot be written/],
    [['--report', 'out/r.html', '-o', 'out'], /--report: the folder of a sweep holds nothing else/],
    [['--report', 'r.html', '--shard', '1/2'], /--shard, --report: a report is of the whole sweep/],
  ])('refuses %j before anything is run', (args, says) => inFolder(FILES, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['sweep', 's.json', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(says);
    expect(folder.list()).toEqual(['e.json', 's.json']);
  }));
});
