/** The engine of advice: the same for any number of threads, goes on where it was, refuses what stalls, and cannot overflow where that is asked. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { advise } from '../../src/advise/advise.js';
import { boundsOf } from '../../src/advise/bounds.js';
import { variablesOf, withDesign } from '../../src/advise/design.js';
import { fine, observe, type Range } from '../../src/advise/observe.js';
import { planOf, runDesign } from '../../src/advise/scenario.js';
import { wholeBits } from '../../src/advise/search.js';
import { leastMoving, stallFraction } from '../../src/advise/stall.js';
import { openSetup } from '../../src/advise/setup.js';
import { adviseTargets } from '../../src/advise/targets.js';
import { renderTargetAdvice } from '../../src/advise/text.js';
import { compare } from '../../src/compare/compare.js';
import { loadCore } from '../../src/core/load.js';
import { prepare } from '../../src/compare/prepare.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';
import { Interrupted } from '../../src/sweep/interrupted.js';

const folder = mkdtempSync(join(tmpdir(), 'qrails-engine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = { experiment: 'exp-000a', profile: 'enabol-mid', throttle: ['none'], seeds: 3, steps: 200, set: ['experiment.phases[0].batch=32'], sites: ['update', 'weight'], maxLoss: 0.2 };
const alone = await advise({ ...SMALL, workers: 1 });

it('is the same for any number of threads', async () => {
  expect(alone.proposal).not.toBeNull();
  expect(await advise({ ...SMALL, workers: 2 })).toEqual(alone);
  expect(await advise({ ...SMALL, workers: 3 })).toEqual(alone);
});

describe('a journal', () => {
  const journal = join(folder, 'journal');
  const runsIn = (): string[] => readFileSync(join(journal, 'journal.ndjson'), 'utf8').split('\n').slice(1, -1)
    .flatMap((line) => (JSON.parse(line) as { results: { key: string }[] }).results.map(({ key }) => key));

  it('is gone on with after an interruption, repeats nothing, and ends the same', async () => {
    const stop = new AbortController();
    const first = advise({ ...SMALL, workers: 1, journal, signal: stop.signal, onProgress: (_done, _of, what) => { if (what.includes('designs')) stop.abort(); } });
    await expect(first).rejects.toThrow(Interrupted);
    const done = runsIn();
    expect(done.length).toBeGreaterThan(0);
    expect(done.length).toBeLessThan(alone.evidence.tried[0]!.runs);
    await expect(advise({ ...SMALL, workers: 1, journal })).rejects.toMatchObject({ parts: { code: 'output' } });
    // Torn in writing: the last line is run again.
    const path = join(journal, 'journal.ndjson');
    truncateSync(path, readFileSync(path).length - 20);
    expect(await advise({ ...SMALL, workers: 2, journal, resume: true })).toEqual(alone);
    const all = runsIn();
    expect(all.slice(0, done.length - 1)).toEqual(done.slice(0, -1));
    expect(new Set(all).size).toBe(all.length);
  });

  it('makes no run again once all are there', async () => {
    const before = runsIn().length;
    expect(await advise({ ...SMALL, workers: 1, journal, resume: true })).toEqual(alone);
    expect(runsIn()).toHaveLength(before);
  });

  it('serves another requirement, and refuses another experiment', async () => {
    const copy = join(folder, 'copy');
    cpSync(journal, copy, { recursive: true });
    const { cost: looser } = await advise({ ...SMALL, maxLoss: 0.4, workers: 1, journal: copy, resume: true });
    expect(looser.proposal).toBeLessThanOrEqual(alone.cost.proposal!);
    await expect(advise({ ...SMALL, steps: 199, workers: 1, journal: copy, resume: true })).rejects.toMatchObject({ parts: { code: 'invalid' } });
  });

  it('ends with 130 at a Ctrl-C and says how to go on', async () => {
    const kept = join(folder, 'kept');
    const args = ['bin/qrails.js', 'advise', 'exp-000a', '--throttle', 'none', '--seeds', '3', '--journal', kept, '--workers', '1'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += String(text)));
    let sent = false;
    const began = setInterval(() => {
      try {
        if (readFileSync(join(kept, 'journal.ndjson'), 'utf8').split('\n').length > 3 && !sent) sent = child.kill('SIGINT'); // a second one would end it at once
      } catch {
        // not there yet
      }
    }, 20);
    const code = await new Promise((done) => child.on('exit', done));
    clearInterval(began);
    expect(code).toBe(130);
    expect(said).toMatch(/\d+ runs are done and kept in .*\n {2}go on {5}(npx )?qrails advise exp-000a .*--resume\n/);
  });
});

it('without a journal a Ctrl-C ends with 130, leaves nothing behind and says what would keep runs', async () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const args = ['bin/qrails.js', 'advise', 'exp-000a', '--throttle', 'none', '--seeds', '3', '--workers', '1', '--svg', join(empty, 'front.svg'), '-o', join(empty, 'mine.json')];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += String(text)));
  let sent = false;
  // The picture has a temporary name from the start.
  const began = setInterval(() => {
    if (!sent && readdirSync(empty).length > 0) sent = child.kill('SIGINT');
  }, 20);
  const code = await new Promise((done) => child.on('exit', done));
  clearInterval(began);
  expect(code).toBe(130);
  expect(said).toMatch(/^interrupted; nothing was left behind: only a journal keeps runs, to go on with\n {2}next time (npx )?qrails advise exp-000a .*--journal FOLDER\n$/);
  expect(readdirSync(empty)).toEqual([]);
});

describe('bounds', () => {
  it('of data and parameters hold what was measured but for roundings, and affine ones are no wider', async () => {
    const setup = await openSetup({ ...SMALL, throttle: ['none'], anchor: ['none'], stresses: [undefined], seeds: [42, 43] });
    const plans = await Promise.all(setup.scenarios.map(async (scenario) => {
      const keys = variablesOf(await planOf(setup, scenario, {}));
      return planOf(setup, scenario, Object.fromEntries(keys.map((key) => [key, fine(key)])));
    }));
    const core = await loadCore();
    const seen = plans.map((plan, index) => observe(core, plan, setup.scenarios[index]!.dataset));
    const bounds = boundsOf(plans[0]!, seen);
    expect(Object.keys(bounds)).toEqual(expect.arrayContaining(['input', 'layer0.accumulator', 'layer0.activation', 'layer0.error', 'layer0.gradientAccumulator', 'layer0.gradient', 'layer0.update']));
    for (const [key, { interval, affine }] of Object.entries(bounds)) {
      for (const { ranges } of seen) {
        const measured = ranges[key] ?? [0, 0];
        const slack = 1e-3 * (interval[1] - interval[0]);
        for (const [low, high] of [interval, affine!]) {
          expect(low, key).toBeLessThanOrEqual(measured[0] === 0 ? Infinity : measured[0] + slack);
          expect(high, key).toBeGreaterThanOrEqual(measured[1] === 0 ? -Infinity : measured[1] - slack);
        }
      }
      expect(affine![0]).toBeGreaterThanOrEqual(interval[0]);
      expect(affine![1]).toBeLessThanOrEqual(interval[1]);
    }
    // An output and its target come from the same inputs.
    const width = ([low, high]: Range): number => high - low;
    const { interval, affine } = bounds['layer0.error']!;
    expect(width(affine!)).toBeLessThan(0.95 * width(interval));
  });

  it('as a guard: no such site overflows, whatever the data', async () => {
    const sites = ['accumulator', 'error', 'update'];
    const { proposal, evidence, requirement } = await advise({ ...SMALL, sites, guard: 'interval', workers: 1 });
    expect(requirement.guard).toBe('interval');
    const [sum] = evidence.sites;
    const { wordLength, fractionLength } = proposal!.sites!.accumulator!;
    expect(wordLength! - fractionLength!).toBeGreaterThan(wholeBits(sum!.bounds.measured));
    expect(sum!.why).toContain('cannot overflow');
    const profile = join(folder, 'guarded.json');
    writeFileSync(profile, JSON.stringify(proposal));
    // Inputs far beyond their rails: they come in at the rails.
    const far = ['experiment.phases[0].sensor=true', 'sensor.gain=[{"kind":"constant","value":-300}]'];
    const { runs: [run] } = await compare({ ...SMALL, profile, anchor: ['none'], set: [...SMALL.set, ...far], tries: false });
    const overflows = (key: string): number => run!.fixed.sites[key]!.overflowHigh + run!.fixed.sites[key]!.overflowLow;
    expect(overflows('input')).toBeGreaterThan(0);
    for (const { key } of evidence.sites) expect(overflows(key), key).toBe(0);
  });
});

describe('stalls', () => {
  it('are where the predictor says: one bit below what still moves, nothing does', async () => {
    const setup = await openSetup({ ...SMALL, throttle: ['none'], anchor: ['none'], stresses: [undefined], seeds: [42] });
    const [scenario] = setup.scenarios as [(typeof setup.scenarios)[number]];
    const keys = variablesOf(await planOf(setup, scenario, {}));
    const fineDesign = Object.fromEntries(keys.map((key) => [key, fine(key)]));
    const plan = await planOf(setup, scenario, fineDesign);
    const core = await loadCore();
    const seen = [observe(core, plan, scenario.dataset)];
    for (const key of ['layer0.update', 'layer0.weight']) {
      const whole = wholeBits(seen[0]!.ranges[key]!) + 6; // room for words that are all but empty
      const least = leastMoving(plan, key, whole, keys, seen)!;
      const stalls = async (fraction: number): Promise<boolean> => (await runDesign(core, setup, 0, { ...fineDesign, [key]: { whole, fraction } }, {})).stalls;
      expect(await stalls(least - 1), key).toBe(true);
      expect(stallFraction(withDesign(plan, { [key]: { whole, fraction: least - 1 } }), 'layer0.weight', seen), key).toBe(1);
      expect(await stalls(least + 6), key).toBe(false);
    }
  });

  it('a proposal has no weights that never move', async () => {
    const run = { experiment: 'relu-4-8-2', throttle: ['none'], anchor: ['none'], steps: 240, set: ['experiment.phases[0].learningRate=0.05', 'experiment.verdict.survives=0.9', 'experiment.phases[0].steps=240'] };
    const { proposal, evidence } = await advise({ ...run, seeds: 1, sites: ['update', 'weight'], workers: 2 });
    const profile = join(folder, 'moving.json');
    writeFileSync(profile, JSON.stringify(proposal));
    const { plan } = (await prepare({ ...run, profile })).variants[0]!;
    const { runs: [compared] } = await compare({ ...run, profile, tries: false });
    for (const layer of plan.layers.keys()) expect(compared!.fixed.sites[`layer${layer}.weight`]!.stalledSteps).toBeLessThan(240);
    for (const { key, stallFraction } of evidence.sites) {
      expect(stallFraction, key).not.toBeNull();
      expect(stallFraction, key).toBeLessThan(1);
    }
  });
});

it('gives advice for several targets and names the one that does with least', async () => {
  const { profile: _, ...run } = SMALL;
  const both = await adviseTargets({ ...run, profiles: ['enabol-wide', 'enabol-mid'], workers: 1 });
  expect(await findProblems(SCHEMAS.targetAdvice, structuredClone(both))).toEqual([]);
  expect(both.targets[1]!.advice).toEqual(alone);
  const costs = both.targets.map(({ advice }) => advice!.cost.proposal!);
  expect(both.cheapest).toBe(['enabol-wide', 'enabol-mid'][costs.indexOf(Math.min(...costs))]);
  expect(renderTargetAdvice(both)).toContain(`${both.cheapest} does with least (bits)`);
  await expect(adviseTargets({ ...run, profiles: ['enabol-mid', 'enabol-mid'] })).rejects.toMatchObject({ parts: { where: '--profile' } });
});
