/** What is found is the smallest: no bit of it can be spared, and every run of it is one that compare makes. */
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepareFrom, readDocuments, type RunOptions } from '../../src/compare/prepare.js';
import { thresholds } from '../../src/compare/thresholds.js';
import { judgePair } from '../../src/compare/verdict.js';
import { candidates, sizeOf, type Ended } from '../../src/prescribe/candidates.js';
import { Lab } from '../../src/prescribe/lab.js';
import { smallest } from '../../src/prescribe/smallest.js';
import { PART_NAMES } from '../../src/prescribe/widths.js';
import { runPair } from '../../src/run/pair.js';

async function open(options: RunOptions): Promise<{ ended: Ended; lab: Lab }> {
  const documents = await readDocuments(options);
  const prepared = await prepareFrom(documents, options);
  const [variant] = prepared.variants;
  const pair = await runPair(variant!.plan, prepared.dataset);
  return { ended: { prepared, variant: variant!, pair, judged: judgePair(pair, thresholds(prepared.experiment.verdict)) }, lab: new Lab({ documents, options, prepared, variant: variant! }) };
}

describe('bits that are given alike to all sites of a line are taken back where they are not needed', () => {
  it.each([
    ['several sites of one layer', { experiment: 'stress-dead-zone', throttle: ['none'], anchor: ['none'] }, /^activations too coarse/],
    ['layers', { experiment: 'relu-4-8-2', profile: 'enabol-tight', throttle: ['none'], anchor: ['none'] }, /^activations too coarse/],
    ['a sum and what comes behind it', { experiment: 'stress-accumulator', throttle: ['none'], anchor: ['none'] }, /too$/],
  ] as const)('%s', async (_, options, cause) => {
    const { ended, lab } = await open({ ...options, throttle: [...options.throttle], anchor: [...options.anchor] });
    const candidate = candidates(ended).find((one) => cause.test(one.cause))!;
    const saving = (await smallest(ended, lab, candidate, () => undefined))!;
    const alike = candidate.sizes.find(({ bits }) => bits >= saving.size.bits)!;
    expect(alike.widths.size).toBeGreaterThan(1);
    expect(saving.trimmed).toBe(true);
    expect(saving.size.widths.size).toBeLessThan(alike.widths.size);
    const run = async (set: readonly string[]): Promise<string> => (await compare({ ...options, throttle: ['none'], anchor: ['none'], set, tries: false })).runs[0]!.verdict.fixed;
    expect(await run(saving.size.change.set!)).toBe('survives');
    for (const [key, bits] of saving.size.widths) {
      for (const part of PART_NAMES.filter((name) => bits[name] > 0)) {
        const less = sizeOf(ended, { widths: new Map([...saving.size.widths, [key, { ...bits, [part]: bits[part] - 1 }]]) });
        expect(await run(less.change.set ?? []), less.what).not.toBe('survives');
      }
    }
    expect(lab.runs).toBeLessThan(60);
  });
});
