/**
 * Holds a learner in a test suite: the gain-drift learner with its throttle, on the ENABOL MID target.
 * It fails when a bit of the fixed-point run moves, or when fixed point comes to lie further from float64 than the baseline allows.
 *
 * In a project of your own: import { checkBaseline, checkText, loadBaseline } from 'qrails';
 * A change that is meant: docs/baseline.md, "When something moved".
 */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { checkBaseline } from '../../src/check/check.js';
import { loadBaseline } from '../../src/check/file.js';
import { checkText } from '../../src/check/print.js';

const FILE = fileURLToPath(new URL('learner.baseline.json', import.meta.url));

it('the learner still does what it did', async () => {
  const { baseline, directory } = await loadBaseline(FILE);
  const check = await checkBaseline(baseline, { directory });
  expect(check.passed, `\n${checkText(check)}`).toBe(true);
});
