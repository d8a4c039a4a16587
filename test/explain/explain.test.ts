/** Explanations of the shipped stresses: the right cause of each, and nothing that is not so. */
import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { explain } from '../../src/explain/explain.js';
import { readersOf } from '../../src/explain/fed.js';
import type { Cause } from '../../src/explain/registry.js';
import { renderExplanation } from '../../src/explain/text.js';
import { widened } from '../../src/explain/widened.js';
import type { ComparisonRun } from '../../src/schema/comparison.js';
import type { Explanation, ExplanationChange } from '../../src/schema/explanation.js';
import { SCHEMAS } from '../../src/schema/index.js';
import { findProblems } from '../../src/schema/validate.js';

interface Expected {
  readonly cause: Cause;
  readonly site?: string;
  readonly sensor?: string;
  /** Kinds of event that must be told, in this order. */
  readonly events: readonly string[];
  /** A change that must be among the smallest, as its options begin. */
  readonly change?: string;
}

/** What each stress is made to show, by experiment and throttle. */
const STRESSES: Record<string, Expected> = {
  'stress-accumulator none': { cause: 'range', site: 'layer0.accumulator', events: ['overflow', 'stall'], change: '--set profile.sites.accumulator.wordLength=17' },
  'stress-clipping none': { cause: 'step too large', sensor: 'gain', events: ['stress', 'limit', 'overflow', 'worst', 'diverged'], change: '--throttle gt0/secant' },
  'stress-clipping clip': { cause: 'throttle', sensor: 'gain', events: ['stress', 'throttle', 'limit'], change: '--throttle gt0/secant' },
  'stress-dead-column gt0/secant': { cause: 'none', events: ['stress', 'stall'] },
  'stress-dead-zone none': { cause: 'resolution', site: 'layer0.weight', events: ['lost', 'stall'] },
  'stress-gain none': { cause: 'step too large', sensor: 'gain', events: ['stress', 'limit', 'overflow', 'diverged', 'worst'], change: '--throttle gt0/secant' },
  'stress-gain gt0/secant': { cause: 'none', events: ['stress', 'throttle'] },
  'stress-learning-rate none': { cause: 'step too large', events: ['limit', 'overflow', 'worst', 'diverged'], change: '--throttle gt0/secant' },
  'stress-learning-rate gt0/secant': { cause: 'none', events: ['limit', 'overflow', 'worst', 'throttle'] },
  'stress-norm-rails none': { cause: 'step too large', sensor: 'gain', events: ['stress', 'limit', 'overflow', 'worst', 'diverged'] },
  'stress-norm-rails rails/secant': { cause: 'throttle', sensor: 'gain', events: ['stress', 'throttle', 'limit', 'worst'], change: '--set throttle.chi=1.75' },
  'stress-offset none': { cause: 'step too large', sensor: 'offset', events: ['stress', 'limit', 'overflow', 'worst', 'diverged'], change: '--throttle gt0/secant' },
  'stress-offset gt0/secant': { cause: 'resolution', site: 'layer0.weight', events: ['stress', 'limit', 'worst', 'throttle', 'stall'], change: '--set profile.sites.weight.wordLength=13' },
  'stress-optimiser-state gt0/secant': { cause: 'throttle', events: ['stress', 'throttle', 'worst', 'stall'], change: '--set throttle.floor=1/64' },
  'stress-rails none': { cause: 'range', site: 'layer0.weight', events: ['overflow', 'stall'], change: '--set profile.sites.weight.wordLength=9' },
  'stress-spike gt0/trace': { cause: 'none', events: ['stress', 'worst', 'throttle', 'stall'] },
};

const named = (name: string): { experiment: string; throttle: [string] } => {
  const [experiment, throttle] = name.split(' ') as [string, string];
  return { experiment, throttle: [throttle] };
};
const found = new Map<string, Explanation>();
const of = (name: string): Explanation => found.get(name)!;

beforeAll(async () => {
  for (const name of Object.keys(STRESSES)) found.set(name, await explain(named(name)));
}, 600_000);

/** Runs a change as its options say. */
async function run(name: string, { options }: Pick<ExplanationChange, 'options'>): Promise<ComparisonRun> {
  const given = (option: string): string[] => options.filter((text) => text.startsWith(`--${option} `)).map((text) => text.slice(option.length + 3));
  const { experiment, throttle } = named(name);
  const { runs } = await compare({ experiment, throttle: given('throttle').length > 0 ? given('throttle') : throttle, anchor: ['none'], set: given('set'), tries: false });
  return runs[0]!;
}

describe('every shipped stress', () => {
  it.each(Object.entries(STRESSES))('%s', async (name, { cause, site = null, sensor = null, events, change }) => {
    const explanation = of(name);
    expect(await findProblems(SCHEMAS.explanation, structuredClone(explanation))).toEqual([]);
    expect(explanation.cause).toMatchObject({ kind: cause, site, sensor });
    const kinds = explanation.chain.map(({ kind }) => kind);
    let at = -1;
    for (const kind of events) {
      at = kinds.indexOf(kind as (typeof kinds)[number], at + 1);
      expect(at, `${kind} in ${kinds.join(', ')}`).toBeGreaterThanOrEqual(0);
    }
    expect(explanation.chain.map(({ step }) => step)).toEqual(explanation.chain.map(({ step }) => step).sort((a, b) => a - b));
    if (cause === 'none') {
      expect(explanation.changes).toEqual([]);
      expect(explanation.nearest.length).toBeGreaterThan(2);
    } else {
      expect(explanation.changes.length).toBeGreaterThan(0);
      expect(explanation.changes.length).toBeLessThanOrEqual(3);
      expect(explanation.nearest).toEqual([]);
    }
    if (change !== undefined) expect(explanation.changes.map(({ options }) => options).some((options) => options.includes(change)), JSON.stringify(explanation.changes, null, 1)).toBe(true);
    const text = renderExplanation(explanation);
    for (const { command } of explanation.changes) expect(text).toContain(command);
    for (const { text: happened } of explanation.chain) expect(text).toContain(happened);
  });

  it('comes with two changes at least, wherever it fails', () => {
    for (const [name, { cause, changes }] of found) if (cause.kind !== 'none') expect(changes.length, name).toBeGreaterThan(1);
  });
});

describe('what is said was so', () => {
  const FAILED = Object.keys(STRESSES).filter((name) => STRESSES[name]!.cause !== 'none');

  it.each(FAILED)('%s: every change saves the run, and ends as it says', async (name) => {
    for (const change of of(name).changes) {
      const { verdict, fixed } = await run(name, change);
      expect([verdict.fixed, verdict.float, fixed.finalLoss]).toEqual([change.after.verdict, change.after.float, change.after.finalLoss]);
      expect(verdict.fixed).toBe('survives');
    }
  });

  it.each([
    ['stress-offset none', /^--set profile\.sites\.\w+\.(wordLength|fractionLength)=(\d+)$/],
    ['stress-rails none', /^--set profile\.sites\.\w+\.(wordLength|fractionLength)=(\d+)$/],
    ['stress-dead-zone none', /^--set profile\.sites\.\w+\.(wordLength|fractionLength)=(\d+)$/],
    ['stress-clipping clip', /^--set throttle\.(tau)=([\d.]+)$/],
  ])('%s: nothing smaller along the same line would do', async (name, numbers) => {
    let tried = 0;
    for (const change of of(name).changes) {
      // One bit less in each word whose fraction grew, or a τ twice as large.
      const smaller = change.options.map((option) => {
        const [, property, value] = numbers.exec(option) ?? [];
        if (property === undefined || (property === 'wordLength' && !change.options.some((other) => other.startsWith(option.replace(/wordLength=.*/, 'fractionLength'))))) return option;
        return option.replace(/=.*/, `=${property === 'tau' ? 2 * Number(value) : Number(value) - 1}`);
      });
      if (String(smaller) === String(change.options)) continue;
      tried++;
      expect((await run(name, { options: smaller })).verdict.fixed, smaller.join(' ')).not.toBe('survives');
    }
    if (name !== 'stress-offset none') expect(tried).toBeGreaterThan(0);
  });

  it.each(Object.keys(STRESSES))('%s: overflows are those of the run, values and operands', async (name) => {
    const { experiment, throttle } = named(name);
    const { runs: [ran] } = await compare({ experiment, throttle, anchor: ['none'], tries: false, record: 'full' });
    for (const { site, step, overflow } of of(name).chain.filter(({ kind }) => kind === 'overflow')) {
      const counters = site === 'target' ? ran!.fixed.targets : ran!.fixed.sites[site!]!;
      const { wanted, raw, step: at, operands = [] } = counters.firstOverflow!;
      expect([overflow!.wanted, overflow!.raw, step]).toEqual([wanted, raw, at]);
      expect(overflow!.operands).toEqual(operands.map(({ name: operand, value }) => ({ name: operand, value })));
      expect([overflow!.overflows, overflow!.of]).toEqual([counters.overflowHigh + counters.overflowLow, counters.count]);
    }
  });

  it('a site wide enough alone ends as one with eight more bits', async () => {
    for (const [name, site, wordLength] of [['stress-rails none', 'weight', 16], ['stress-accumulator none', 'weight', 24]] as const) {
      const { overflow } = of(name).chain.find((event) => event.site === `layer0.${site}`)!;
      const { fixed, verdict } = await run(name, { options: [`--set profile.sites.${site}.wordLength=${wordLength}`] });
      expect(overflow!.alone).toEqual({ verdict: verdict.fixed, float: verdict.float, finalLoss: fixed.finalLoss });
    }
  });

  it('a clipped weight is short of one last place, and so is what it feeds', () => {
    const { fed } = of('stress-rails none');
    // The weight that saturates at step 32 is read at step 33; nothing else of step 32 is made from it.
    expect(fed.map(({ site, step }) => [step, site]).slice(0, 3)).toEqual([[33, 'layer0.accumulator'], [33, 'layer0.activation'], [33, 'layer0.error']]);
    const [sum] = fed;
    // 3.96875 instead of 4, times an input below 1, rounded to 2^-8.
    expect(sum!.instead - sum!.value).toBeGreaterThan(0);
    expect(sum!.instead - sum!.value).toBeLessThanOrEqual(1 / 32);
  });

  it('agrees with what compare prescribes: whatever saves there is here, no larger', async () => {
    let [agreed, alike] = [0, 0];
    for (const name of FAILED) {
      const { experiment, throttle } = named(name);
      const { runs: [ran] } = await compare({ experiment, throttle, anchor: ['none'] });
      const { changes } = of(name);
      const bits = ({ change }: { readonly change: readonly string[] }): number => change.filter((option) => option.includes('Length')).length;
      for (const prescribed of ran!.verdict.try.filter(({ after }) => after.verdict === 'survives')) {
        const places = (options: readonly string[]): string[] => options.map((option) => option.replace(/=.*/, ''));
        const same = changes.filter(({ options }) => places(options).every((place) => places(prescribed.change).includes(place)));
        // Three changes are told; what compare has beyond them takes more bits than any.
        if (same.length === 0) expect(Math.max(...changes.map((change) => change.bits)), `${name}: ${prescribed.change.join(' ')}`).toBeLessThanOrEqual(bits(prescribed) * 8);
        else agreed++;
        for (const { why, what, command, after } of same.filter(({ options }) => String(options) === String(prescribed.change))) {
          expect([`${why}: ${what}`, command, after.finalLoss]).toEqual([prescribed.why, prescribed.command, prescribed.after.finalLoss]);
          alike++;
        }
      }
    }
    expect(agreed).toBeGreaterThan(4);
    expect(alike).toBeGreaterThan(2);
  });

  it('α falls where the trace says, and why that was not enough', async () => {
    const name = 'stress-optimiser-state gt0/secant';
    const { reaction } = of(name);
    const alphas: number[] = [];
    await compare({ ...named(name), anchor: ['none'], tries: false, trace: () => ({ step, fixedRow }) => void (alphas[step] = fixedRow.alpha) });
    expect(alphas.slice(60, reaction.at!).every((alpha, k, all) => alpha >= 0.9 * (all[k - 1] ?? 1))).toBe(true);
    expect([alphas[reaction.at! - 1], alphas[reaction.at!]]).toEqual([reaction.before, reaction.after]);
    expect(reaction.lowest).toBe(Math.min(...alphas.slice(60)));
    expect(reaction.text).toContain('too far for anything to move');
    expect(of('stress-gain none').reaction).toMatchObject({ at: null, text: 'there is no throttle: nothing scales the step' });
    expect(of('stress-clipping clip').reaction.text).toContain('not far enough');
  });
});

describe('plans wide enough', () => {
  it('have eight bits more and no rails of their own, where there is room', async () => {
    const { variants: [variant] } = await prepare({ experiment: 'exp-000c', profile: 'enabol-mid', throttle: ['none'], set: ['profile.sites.weight.rails=[-1, 1]'] });
    const { plan } = variant!;
    const wide = widened(plan, ['layer0.weight', 'layer0.accumulator'])!;
    expect(wide.sites['layer0.weight']).toMatchObject({ wordLength: 20, fractionLength: 8, rails: [String(-(2 ** 19)), String(2 ** 19 - 1)] });
    expect(wide.sites['layer0.accumulator']!.wordLength).toBe(32);
    expect(wide.sites['layer0.error']).toEqual(plan.sites['layer0.error']);
    expect(widened({ ...plan, sites: { ...plan.sites, loss: { ...plan.sites['loss']!, wordLength: 64 } } }, ['loss'])).toBeUndefined();
  });

  it('are read by the sites a step makes from them', async () => {
    const { variants: [variant] } = await prepare({ experiment: 'relu-4-8-2', throttle: ['gt0/secant'] });
    const { plan } = variant!;
    expect(readersOf(plan, 'layer0.activation')).toEqual(['layer1.accumulator', 'layer1.gradientAccumulator']);
    expect(readersOf(plan, 'layer1.weight')).toEqual(['layer1.accumulator', 'layer0.error']);
    expect(readersOf(plan, 'throttle')).toEqual(['rate']);
  });
});

it('names the anchor that holds, and the supervisor that takes back', async () => {
  const anchored = await explain({ experiment: 'anchor-shift', throttle: ['none'], anchor: ['fixed'] });
  expect(anchored.cause.kind).toBe('anchor');
  expect(anchored.changes.map(({ kind }) => kind)).toContain('anchor');
  const rejecting = await explain({ experiment: 'supervisor-drift', throttle: ['none'] });
  expect(rejecting.cause.kind).toBe('supervisor');
  expect(rejecting.changes.map(({ options }) => options)).toEqual([['--set supervisor.patience=20'], ['--supervisor none']]);
});

it('is the same again, refuses two throttles, and stops when told', async () => {
  const name = 'stress-clipping clip';
  expect(await explain(named(name))).toEqual(of(name));
  await expect(explain({ throttle: ['none', 'table'] })).rejects.toMatchObject({ exitCode: 2, message: expect.stringContaining('one run is explained') as string });
  await expect(explain({ ...named(name), signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
});

it('runs from the command line', () => {
  const cli = (...args: string[]): string => execFileSync(process.execPath, ['bin/qrails.js', 'explain', 'stress-clipping', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  expect(JSON.parse(cli('--json'))).toEqual(of('stress-clipping clip'));
  expect(cli()).toMatch(/^cause {7}throttle: the throttle clip/m);
});
