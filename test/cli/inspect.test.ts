/** `qrails inspect`: the whole flight recorder as text and as JSON, of the very run that `qrails compare` makes. */
import { describe, expect, it } from 'vitest';
import type { Comparison } from '../../src/schema/comparison.js';
import { requiredSiteKeys, SITES, type SiteName } from '../../src/site/sites.js';
import { experiment, inFolder, type Ended } from './qrails.js';
import { schemaErrors } from './schemas.js';

const fine = ({ code, stdout, stderr }: Ended): string => {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};
const RUN = ['exp-000c', '--profile', 'enabol-tight', '--throttle', 'gt0/secant', '--steps', '300'];
/** The fixed side of every run without what only the full recorder adds. */
const fixedSides = ({ runs }: Comparison): unknown[] => runs.map(({ fixed }) => ({
  ...fixed,
  sites: Object.fromEntries(Object.entries(fixed.sites).map(([key, { full: _, firstOverflow, ...site }]) => {
    const { operands: _left, ...first } = firstOverflow ?? { operands: undefined };
    return [key, { ...site, firstOverflow: firstOverflow && first }];
  })),
}));

describe('inspect --json', () => {
  it('is a comparison recorded in full: as its schema says, the plan and the bits of compare', () => inFolder({}, async (folder) => {
    const [inspected, compared] = (await Promise.all([folder.qrails(['inspect', ...RUN, '--json']), folder.qrails(['compare', ...RUN, '--json', '--no-tries'])])).map(fine);
    expect(schemaErrors('comparison', inspected!)).toEqual([]);
    const [full, counts] = [inspected!, compared!].map((text) => JSON.parse(text) as Comparison);
    expect(full!.plan.recorder.level).toBe('full');
    expect(counts!.plan.recorder).toEqual({ level: 'counts', stripFrom: [] });
    expect(full!.plan.hash).toBe(counts!.plan.hash);
    expect(full!.runs.map(({ planHash }) => planHash)).toEqual(counts!.runs.map(({ planHash }) => planHash));
    expect(fixedSides(full!)).toEqual(fixedSides(counts!));
    expect(full!.runs.map(({ float }) => float)).toEqual(counts!.runs.map(({ float }) => float));

    let operands = 0;
    for (const { fixed } of full!.runs) {
      for (const { count, full: recorded, overflowHigh, overflowLow, firstOverflow } of Object.values(fixed.sites)) {
        const total = (list: readonly number[]): number => list.reduce((sum, n) => sum + n, 0);
        expect(total(recorded!.histogram)).toBe(count);
        expect(recorded!.strip.count).toHaveLength(full!.plan.recorder.stripFrom.length);
        expect(total(recorded!.strip.count)).toBe(count);
        expect(total(recorded!.strip.overflowHigh)).toBe(overflowHigh);
        expect(total(recorded!.strip.overflowLow)).toBe(overflowLow);
        expect(Math.abs(recorded!.meanError)).toBeLessThanOrEqual(1);
        operands += firstOverflow?.operands?.length ?? 0;
      }
    }
    expect(operands).toBeGreaterThan(0);
    for (const { fixed } of counts!.runs) for (const site of Object.values(fixed.sites)) expect(site.full).toBeNull();
  }));
});

describe('inspect as text', () => {
  it('shows every site that counted with its format and values, and the first overflow of each that overflowed', () => inFolder({}, async (folder) => {
    const [text, json] = (await Promise.all([folder.qrails(['inspect', ...RUN]), folder.qrails(['inspect', ...RUN, '--json'])])).map(fine);
    const { runs, plan } = JSON.parse(json!) as Comparison;
    const lines = text!.split('\n');
    expect(lines[0]).toContain(plan.title);
    for (const run of runs) {
      expect(text).toContain(`plan ${run.planHash.slice(0, 8)}`);
      expect(Object.keys(run.fixed.sites).sort()).toEqual(requiredSiteKeys(1).filter((key) => {
        const name = key.slice(key.indexOf('.') + 1) as SiteName;
        return SITES[name].kind !== 'constant' && name !== 'target';
      }).sort());
      for (const [key, { count, format, overflowHigh, overflowLow, firstOverflow }] of Object.entries(run.fixed.sites)) {
        const rows = lines.filter((line) => line.startsWith(`${key} `) && !line.includes(`plan ${run.planHash.slice(0, 8)}`));
        if (count === 0) {
          expect(rows).toEqual([]);
          continue;
        }
        expect(rows[0]).toContain(format);
        expect(rows[0]).toMatch(new RegExp(` ${count} `));
        expect(rows).toHaveLength(overflowHigh + overflowLow > 0 ? 3 : 1);
        if (firstOverflow) expect(rows[2]).toContain(`step ${firstOverflow.step}, element ${firstOverflow.element}: wanted raw ${firstOverflow.wanted}, got ${firstOverflow.raw}`);
      }
    }
    expect(runs.some(({ fixed }) => Object.values(fixed.sites).some(({ overflowHigh }) => overflowHigh > 0))).toBe(true);
  }));

  it('shows every run of several, and a run of two layers', () => inFolder({ 'deep.json': experiment({ model: { layers: [{ outputs: 3, activation: 'relu' }, { outputs: 1 }] } }) }, async (folder) => {
    const [several, deep] = (await Promise.all([
      folder.qrails(['inspect', '--throttle', 'none,gt0/secant', '--steps', '100']), folder.qrails(['inspect', './deep.json', '--throttle', 'none']),
    ])).map(fine);
    expect(several!.match(/plan [0-9a-f]{8}/g)).toHaveLength(2);
    for (const layer of [0, 1]) for (const name of ['accumulator', 'activation', 'error', 'gradient', 'update', 'weight']) expect(deep).toMatch(new RegExp(`^layer${layer}\\.${name} `, 'm'));
  }));

  it('has no colours in a file', () => inFolder({}, async (folder) => {
    const { code } = await folder.qrails(['inspect', ...RUN, '-q', '-o', 'r.txt'], { env: { FORCE_COLOR: '1' } });
    expect(code).toBe(0);
    expect(folder.read('r.txt')).toContain('layer0.weight');
    expect(folder.read('r.txt')).not.toContain('\u001b');
  }));
});
