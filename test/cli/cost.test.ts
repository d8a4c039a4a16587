/** `qrails cost`: the table and its JSON, several targets, budgets, and what is refused. */
import { describe, expect, it } from 'vitest';
import { CONTROLLER_CHOICES } from '../../src/cost/controllers.js';
import type { CostReport } from '../../src/schema/cost.js';
import { experiment, inFolder, profile, type Ended } from './qrails.js';
import { schemaErrors } from './schemas.js';

const fine = ({ code, stdout, stderr }: Ended): string => {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};

describe('cost', () => {
  it('prints operations, widths, memory and controllers, as text and as its schema says', () => inFolder({}, async (folder) => {
    const args = ['cost', '--profile', 'avr-q7'];
    const [text, json] = (await Promise.all([folder.qrails(args), folder.qrails([...args, '--json'])])).map(fine);
    expect(schemaErrors('cost', json!)).toEqual([]);
    const { targets: [target] } = JSON.parse(json!) as CostReport;
    const { total, memory, passes } = target!.cost!;
    const row = (name: string): string[] => text!.split('\n').find((line) => line.startsWith(`  ${name}  `))!.trim().split(/ {2,}/).slice(1);
    expect(row('a step')).toEqual([total.multiplications, total.additions, total.comparisons, total.divisions, total.roots, total.quantisations].map(String));
    expect(row('all products')).toEqual([String(passes)]);
    expect(row('RAM')).toEqual([memory.ram.bits, memory.ram.bytes].map(String));
    expect(text).toMatch(/\n {2}controller +multiply .*\n {2}none .* yes\n/);
    for (const name of ['throttle gt2-qa/trace', 'anchor elastic', 'supervisor cusum']) expect(text).toMatch(new RegExp(`\\n {2}${name} .* yes\\n`));
    expect(text!.match(/ yes$/gm)).toHaveLength(CONTROLLER_CHOICES.length);
    for (const line of text!.split('\n')) expect([...line].length).toBeLessThanOrEqual(150);
  }));

  it('costs several targets, and goes on where one refuses', () => inFolder({ 'mine.json': experiment(), 'one.json': profile({}, { name: 'one', batch: { sizes: 'one' } }) }, async (folder) => {
    const args = ['cost', './mine.json', '--profile', './one.json,enabol-mid,dsp48e1'];
    const [text, json] = (await Promise.all([folder.qrails(args), folder.qrails([...args, '--json'])])).map(fine);
    const { targets } = JSON.parse(json!) as CostReport;
    expect(targets.map(({ refused, cost, controllers }) => [refused === null, cost !== null, controllers.length])).toEqual([[false, false, 0], [true, true, CONTROLLER_CHOICES.length], [true, true, CONTROLLER_CHOICES.length]]);
    expect(schemaErrors('cost', json!)).toEqual([]);
    expect(text).toMatch(/\none: refused: .*cannot run this batch\n\nenabol-mid plan /);
    // the profile of enabol names no multiplier
    expect(targets.map(({ cost }) => cost?.passes ?? null)).toEqual([null, null, expect.any(Number)]);
  }));

  it('says what does not fit a memory, into a file as well', () => inFolder({ 'mine.json': experiment() }, async (folder) => {
    const { code, stderr } = await folder.qrails(['cost', './mine.json', '--profile', 'avr-q7', '--ram', '60', '-o', 'cost.txt'], { env: { FORCE_COLOR: '1' } });
    expect([code, stderr]).toEqual([0, 'wrote cost.txt\n']);
    const text = folder.read('cost.txt');
    expect(text).toMatch(/ no\n +\d+ bytes of RAM: /);
    expect(text).toMatch(/none .* yes\n/);
    expect(text).not.toContain('\u001b');
  }));

  it('measures nothing where there are no tools, and says so', () => inFolder({ 'mine.json': experiment() }, async (folder) => {
    const text = fine(await folder.qrails(['cost', './mine.json', '--measure', 'cortex-m0,avr'], { env: { PATH: folder.path } }));
    expect(text).toContain('not measured cortex-m0: arm-none-eabi-gcc is not installed\n');
    expect(text).toContain('not measured avr: avr-gcc is not installed\n');
    expect(text).not.toContain('rv32imac');
  }));

  it.each([
    [['--measure', 'z80'], /There is no board "z80"\. Boards: cortex-m0, /],
    [['--ram', '0'], /Expected an integer from 1 /],
    [['--profile', 'avr-q7,avr-q7'], /--profile: a target is named twice/],
    [['--profile', 'avr-q7,'], /--profile: an entry of the list is empty/],
    [['--profile', 'avr-q8'], /try +avr-q7/],
    [['--throttle', 'none,table'], /--throttle: costs are those of one plan/],
    [['--anchor', 'none,fixed'], /--anchor: costs are those of one plan/],
    [['--throttle', 'gt0/secant', '--set', 'profile.divide={"method":"none"}'], /has no way to divide/],
  ])('refuses %j', (args, message) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(['cost', ...args]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect([code, stdout]).toEqual([2, '']);
  }));
});
