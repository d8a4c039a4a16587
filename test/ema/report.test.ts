/** `qrails ema`: the document, what it says, and the page. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { emaReport } from '../../src/ema/report.js';
import { EMA_FORM_NAMES } from '../../src/ema/forms.js';
import { EMA_QUANTITY_NAMES, type EmaQuantity } from '../../src/ema/quantities.js';
import { ROUNDINGS } from '../../src/format/modes.js';
import { siteFormat } from '../../src/format/quantise.js';
import { EmaReport } from '../../src/schema/ema.js';
import { validate } from '../../src/schema/validate.js';
import { inFolder, ROOT } from '../cli/qrails.js';

const mean = (rounding: (typeof ROUNDINGS)[number]) => siteFormat({ signed: true, wordLength: 16, fractionLength: 15, rounding, overflow: 'SAT' });
const of = (report: EmaReport, id: EmaQuantity) => report.quantities.find((one) => one.id === id)!;

it('is what its schema says, for every form and mode; bands as predicted', async () => {
  for (const form of EMA_FORM_NAMES) {
    for (const rounding of ROUNDINGS) {
      const report = await emaReport({ form, shift: 4, mean: mean(rounding), seed: 1 });
      expect(await validate(EmaReport, JSON.parse(JSON.stringify(report)), 'report')).toEqual(report);
      expect(report.quantities.map(({ id }) => id)).toEqual(EMA_QUANTITY_NAMES);
      for (const id of ['deadBandRising', 'deadBandFalling'] as const) {
        const { predicted, fixed } = of(report, id);
        if (predicted !== null) expect(fixed, `${form} ${rounding} ${id}`).toBe(predicted);
      }
      const { predicted, fixed, deviation } = of(report, 'bias');
      expect(Math.abs(fixed! - predicted!), `${form} ${rounding}: bias ${fixed} for ${predicted}`).toBeLessThan(4 * deviation! + 0.01);
    }
  }
});

it('says where a mean ends, and nothing about what does not happen', async () => {
  const report = await emaReport({ form: 'one', mean: mean('TRN'), input: '0.25' });
  expect(report.settles).toEqual({ fromBelow: { predicted: '8092', measured: '8092' }, fromAbove: { predicted: '8192', measured: '8192' } });
  expect(report.rho).toEqual({ asked: '0.01', used: '0.0099945068359375', raw: '655', betaRaw: '64881', fraction: 16, format: 'ufix16_En16' });
  const still = await emaReport({ form: 'one', mean: { ...mean('RND'), wordLength: 4, fractionLength: 0, rails: ['-8', '7'] } });
  expect(of(still, 'halfLife')).toMatchObject({ fixed: null, float: 70 });
  expect(of(still, 'timeConstant').fixed).toBeNull();
  expect(of(still, 'bias').predicted).toBeNull();
  const zero = await emaReport({ form: 'shift', mean: mean('RND'), input: 0 });
  expect(of(zero, 'halfLife').float).toBeNull();
  expect(of(await emaReport({ form: 'one', rho: '0.9', mean: mean('RND') }), 'cutoff').predicted).toBeNull();
});

it('far from zero nothing is lost in doubles', async () => {
  const report = await emaReport({ form: 'one', mean: siteFormat({ signed: false, wordLength: 63, fractionLength: 60, rounding: 'TRN', overflow: 'SAT' }), signal: { signed: false, wordLength: 63, fractionLength: 61 } });
  const { predicted, fixed, deviation } = of(report, 'bias');
  expect(Math.abs(fixed! - predicted!)).toBeLessThan(4 * deviation!);
  expect(of(report, 'deadBandRising').fixed).toBe(of(report, 'deadBandRising').predicted);
});

it.each([
  [{ rho: '1e-6', coefficient: { signed: false, wordLength: 32, fractionLength: 32 } }, /too small to be measured/],
  [{ guard: 3 }, /rounds once/],
  [{ guard: -1 }, /number of bits/],
  [{ input: '2' }, /outside the rails/],
  [{ input: 'two' }, /input: not a real number/],
])('refuses %j', async (options, words) => {
  await expect(emaReport({ form: 'one', mean: mean('RND'), ...options })).rejects.toThrow(words);
});

it('qrails ema prints both, or the document', async () => {
  await inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['ema', '--form', 'shift', '--shift', '6', '--rounding', 'TRN']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/dead band, rising +63 +63 /);
    expect(stdout).toMatch(/bias on noise +-31\.5 +-31\.\d+ ± /);
    const json = await folder.qrails(['ema', '--form', 'two', '--guard', '6', '--rounding', 'AP_TRN', '--seed', '4', '--json']);
    expect(await validate(EmaReport, JSON.parse(json.stdout) as unknown, 'output')).toMatchObject({ form: 'two', seed: 4, part: { name: 'product', format: 'sfix22_En21', rounding: 'TRN' } });
    for (const [args, words] of [[['--rho', '2'], /ρ: is no share/], [['--format', 'sfix64'], /2 to 63 bits/], [['--form', 'three'], /Allowed choices/], [['--rho', '0.1', '--shift', '3'], /cannot be used with/]] as const) {
      const refused = await folder.qrails(['ema', ...args]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(words);
      expect(refused.stderr).not.toMatch(/ at .*\.js/);
    }
  });
});

it('the tables of docs/ema.md are what the modes say (npm run generate)', () => {
  const { status, stdout } = spawnSync(process.execPath, ['scripts/ema.mjs', '--check'], { cwd: ROOT, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});
