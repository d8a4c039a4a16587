/** Long runs: what a report leaves out lies between values that it shows, from the run itself to the points in the page. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_POINTS } from '../../src/report/html/decimate.js';
import { CURVE_BINS, Recorder } from '../../src/run/recorder.js';
import type { Row } from '../../src/core/session.js';
import { experiment, inFolder } from '../cli/qrails.js';

const FULL = process.env['QRAILS_FULL'] === '1';
const STEPS = FULL ? 1_000_000 : 12_000;

interface PictureData {
  readonly id: string;
  readonly of: number;
  readonly steps: number[];
  readonly float: (number | null)[];
  readonly fixed: (number | null)[];
}

describe(`a run of ${STEPS} steps`, () => {
  it('has in its report, of every stretch, the smallest and largest value of its trace, and nothing that is not in it', () => inFolder({
    'mine.json': experiment({ phases: [{ steps: STEPS, batch: 1, learningRate: 0.25 }] }),
  }, async (folder) => {
    const { code, stderr } = await folder.qrails(['compare', './mine.json', '--no-tries', '--report', 'r.html', '--trace', 't.csv', '-q']);
    expect([code, stderr]).toEqual([0, '']);
    const page = folder.read('r.html');
    expect(page.length).toBeLessThan(1_080_000 + 200_000);
    const pictures = JSON.parse(/<script type="application\/json" id="qrails-pictures">(.*)<\/script>/.exec(page)![1]!) as PictureData[];
    const rows: Record<string, string>[] = parse(folder.read('t.csv'), { columns: true });
    expect(rows).toHaveLength(STEPS);
    const every = Math.ceil(STEPS / Math.floor(MOST_POINTS / 8));
    for (const [picture, column] of [['picture-0-loss', 'loss'], ['picture-0-weightError', 'weightError'], ['picture-0-margin', 'throttledMargin']] as const) {
      const { of, steps, ...sides } = pictures.find(({ id }) => id === picture)!;
      expect(of).toBe(STEPS);
      expect(steps.length).toBeLessThanOrEqual(MOST_POINTS);
      for (const side of ['float', 'fixed'] as const) {
        const all = rows.map((row) => (row[`${side}.${column}`] === '' ? null : Number(row[`${side}.${column}`])));
        expect(sides[side]).toEqual(steps.map((step) => all[step]));
        expect(new Set(all).size).toBeGreaterThan(side === 'float' || column === 'throttledMargin' ? 3 : 1);
        let at = 0;
        for (let from = 0; from < STEPS; from += every) {
          let to = at;
          while (to < steps.length && steps[to]! < from + every) to++;
          expect(extremes(sides[side].slice(at, to))).toEqual(extremes(all.slice(from, from + every)));
          at = to;
        }
      }
    }
  }), FULL ? 3_600_000 : 60_000);
});

function extremes(values: readonly (number | null)[]): [number, number, boolean] {
  const numbers = values.filter((value) => value !== null);
  return [numbers.reduce((a, b) => Math.min(a, b), Infinity), numbers.reduce((a, b) => Math.max(a, b), -Infinity), values.includes(null)];
}

describe('the recorder', () => {
  const recorded = (losses: readonly number[]): Recorder => {
    const recorder = new Recorder(losses.length, { divergedLoss: 100, lateFrom: Math.floor((3 * losses.length) / 4), stressFrom: 0 });
    losses.forEach((loss, step) => recorder.add(step, { loss, alpha: 1, flags: 0, events: 0 } as Row));
    return recorder;
  };

  it('keeps of every bin the smallest number, the largest loss and the last, whatever came between', () => {
    const loss = fc.oneof({ weight: 6, arbitrary: fc.double({ min: 0, noNaN: true }) }, { weight: 1, arbitrary: fc.constant(NaN) });
    const largest = (losses: readonly number[]): number => losses.reduce((a, b) => Math.max(a, b), -Infinity); // NaN where there is one
    const smallest = (losses: readonly number[]): number => losses.filter((one) => !Number.isNaN(one)).reduce((a, b) => Math.min(a, b), Infinity);
    fc.assert(fc.property(fc.array(loss, { minLength: 1, maxLength: 1500 }), (losses) => {
      const { curve, maxLoss, maxLossAt, late } = recorded(losses);
      const bins = Math.min(CURVE_BINS, losses.length);
      const of = (bin: number): number[] => losses.filter((_, step) => Math.floor((step * bins) / losses.length) === bin);
      for (let bin = 0; bin < bins; bin++) expect([curve.min[bin], curve.max[bin], curve.last[bin]]).toEqual([smallest(of(bin)), largest(of(bin)), of(bin).at(-1)]);
      expect([maxLoss, losses.findIndex((one) => Object.is(one, maxLoss) || one === maxLoss)]).toEqual([largest(losses), maxLossAt]);
      const tail = losses.slice(Math.floor((3 * losses.length) / 4));
      expect([late.minLoss, late.maxLoss]).toEqual([smallest(tail), largest(tail)]);
    }), { numRuns: 200 });
  });
});
