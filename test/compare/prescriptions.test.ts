/** Every prescription is followed: its command, pasted into a shell, ends as the comparison said it would, and better than before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERDICTS } from '../../src/compare/thresholds.js';
import type { Comparison, ComparisonRun, Try } from '../../src/schema/comparison.js';
import { Folder, profile, type Files } from '../cli/qrails.js';

/** Every kind of prescription by how its cause reads. */
const KINDS = {
  'gt0/trace for single samples': /^the step is too large for the drifted input: gt0\/trace scales it down$/,
  'gt0/secant for batches': /^the step is too large for the drifted input: gt0\/secant scales it down$/,
  'gt0/trace for batches': /^the step is too large for the drifted input: gt0\/trace scales it down from its first step$/,
  'the event anchor': /^the anchor holds parameters the drift has made wrong: let it go on evidence$/,
  'no anchor': /^the anchor holds parameters the drift has made wrong: no anchor$/,
  'a patience': /^the supervisor takes back [\d.]+ % of the steps: let it take a loss as it is after 20 in a row$/,
  'the worst site wider': /^layer\d+\.\w+ overflows in [\d.]+ % of its values: \d+ more integer bits? in \w+ \(\w+ → \w+\)$/,
  'every pressed site wider': /^layer\d+\.\w+ overflows in [\d.]+ % of its values, layer.* too: \d+ more integer bits? in \w.*(,| and) \w.*$/,
  'finer update and weight': /^updates round to zero: \d+ more fraction bits in update \(\w+ → \w+\) and weight \(\w+ → \w+\)$/,
  'finer weight': /^updates are smaller than half a last place of weight: \d+ more fraction bits in weight \(\w+ → \w+\)$/,
  'finer everything': /^activations too coarse to leave a gradient: \d+ more fraction bits in /,
  'a small first α': /^the throttle has no history at step \d+ and lets one full step through: a first α of 1\/32$/,
  'input coarser': /^input overflows in [\d.]+ % of its values: \d+ more integer bits? in input, taken from its fraction \(\w+ → \w+\)$/,
  'input wider': /^input overflows in [\d.]+ % of its values: \d+ more integer bits? in input \(\w+ → \w+\)$/,
} as const;

const sites = (assignments: Record<string, number>): string[] => Object.entries(assignments).flatMap(([path, value]) => ['--set', `profile.sites.${path}=${value}`]);
const PRESSED = { 'accumulator.wordLength': 15, 'activation.wordLength': 8, 'target.wordLength': 12, 'target.fractionLength': 7, 'error.wordLength': 10, 'error.fractionLength': 7 };

const COMPARISONS: Record<string, readonly string[]> = {
  'gain drift': [],
  'gain drift, one sample a step': ['exp-000c', '-t', 'none', '--set', 'experiment.phases[0].batch=1', '--set', 'experiment.phases[1].batch=1', '--steps', '1020'],
  'gain drift on q15': ['exp-000b', '-p', 'cortex-m4-q15', '-t', 'none,gt0/secant,gt0/trace', '-a', 'none,fixed', '--seed', '46'],
  'an anchor on q15': ['anchor-event', '-p', 'cortex-m4-q15', '-t', 'none', '-a', 'none,fixed,event'],
  'gain drift under a supervisor': ['exp-000c', '-t', 'none', '--supervisor', 'rollback'],
  'a decay that holds': ['exp-000c', '-t', 'gt0/trace', '-a', 'decay', '--set', 'experiment.anchor={"law":"decay","lambda":0.25}'],
  'a coarse weight': ['exp-000a', '-p', 'enabol-mid', '-t', 'none'],
  'a coarse update': ['exp-000a', '-t', 'none', '--set', 'profile.sites.update.fractionLength=7'],
  'narrow words': ['exp-000a', '-p', 'enabol-mid', '-t', 'none', ...sites(PRESSED)],
  'a narrow input': ['exp-000b', '-p', 'enabol-wide', '-t', 'gt0/secant', ...sites({ 'input.wordLength': 8, 'input.fractionLength': 6 })],
  'words that need quoting': ['stream', '-p', "it's mine/p.json", '--data', 'my log.csv', '--inputs', 'in 1,$HOME', '--targets', '`y`', '--set', 'experiment.title="a; b"'],
};

const FILES: Files = {
  "it's mine/p.json": profile({}, { extends: 'enabol-tight' }),
  'my log.csv': `in 1,$HOME,\`y\`\n${Array.from({ length: 400 }, (_, row) => `${Math.sin(row)},${Math.cos(3 * row)},${Math.sin(row) / 2 - Math.cos(3 * row) / 4}`).join('\n')}\n`,
};

const folder = new Folder(FILES);
afterAll(() => folder.remove());

interface Prescription {
  readonly comparison: string;
  readonly run: ComparisonRun;
  readonly prescription: Try;
}

const outcome = ({ fixed, verdict }: ComparisonRun): Try['after'] => ({
  verdict: verdict.fixed, finalLoss: fixed.finalLoss, maxLoss: fixed.maxLoss, weightError: fixed.weightError,
});
const below = (after: number | null, before: number | null): boolean => after !== null && after < (before ?? Infinity);

let prescriptions: Prescription[] = [];

/** Does something to each, four at a time. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  }));
}

beforeAll(async () => {
  await eachOf(Object.entries(COMPARISONS), async ([comparison, args]) => {
    const { code, stdout, stderr } = await folder.qrails(['compare', ...args, '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    for (const run of (JSON.parse(stdout) as Comparison).runs) for (const prescription of run.verdict.try) prescriptions.push({ comparison, run, prescription });
  });
  // The same command may be prescribed in comparisons that overlap.
  prescriptions = prescriptions.filter(({ prescription: { command } }, index) => prescriptions.findIndex((other) => other.prescription.command === command) === index);
});

describe('prescriptions', () => {
  it.each(Object.entries(KINDS))('%s occurs', (_, cause) => {
    expect(prescriptions.map(({ prescription: { why } }) => why).filter((why) => cause.test(why))).not.toEqual([]);
  });

  it('are all of a known kind', () => {
    for (const { prescription: { why } } of prescriptions) expect(Object.entries(KINDS).filter(([, cause]) => cause.test(why)).map(([kind]) => kind)).toHaveLength(1);
  });

  it('come from every comparison', () => {
    expect(new Set(prescriptions.map(({ comparison }) => comparison))).toEqual(new Set(Object.keys(COMPARISONS)));
  });

  it('say what was before, and are better', () => {
    for (const { run, prescription: { before, after } } of prescriptions) {
      expect(before).toEqual(outcome(run));
      const rank = VERDICTS.indexOf(after.verdict) - VERDICTS.indexOf(before.verdict);
      const lower = below(after.finalLoss, before.finalLoss) || below(after.maxLoss, before.maxLoss) || below(after.weightError, before.weightError);
      expect(rank < 0 || (rank === 0 && lower), `${JSON.stringify(before)} → ${JSON.stringify(after)}`).toBe(true);
    }
  });

  it('can be pasted into a shell and end as they say', async () => {
    expect(prescriptions.length).toBeGreaterThan(Object.keys(KINDS).length);
    await eachOf(prescriptions, async ({ prescription: { command, change, after } }) => {
      for (const option of change) expect(command).toContain(option);
      const { code, stdout, stderr } = await folder.shell(`${command} --json --no-tries`, { HOME: 'expanded' });
      expect(stderr, command).toBe('');
      expect(code, command).toBe(0);
      const { runs } = JSON.parse(stdout) as Comparison;
      expect(runs.map(outcome), command).toEqual([after]);
    });
  });
});
