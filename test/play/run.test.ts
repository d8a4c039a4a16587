/** Runs of the page, without the page: parts, means, limits, interruption. */
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { catalogue, type Catalogue } from '../../src/play/catalogue.js';
import { pictureSvg } from '../../src/play/picture.js';
import { optionsOf, ownRequest, type Request } from '../../src/play/request.js';
import { play, type Curves } from '../../src/play/run.js';

let known: Catalogue;
beforeAll(async () => {
  known = await catalogue();
});
const own = (experiment: string, more: Partial<Request> = {}): Request => ({ ...ownRequest(experiment, known), ...more });

describe('a run', () => {
  it('is that of compare, and what is told of it on the way is its beginning', async () => {
    const request = own('exp-000c', { steps: 600 });
    const parts: Curves[] = [];
    const { comparison, curves, marks } = await play(request, { onPart: (part) => parts.push(part) });
    expect(comparison).toEqual(await compare({ ...optionsOf(request), tries: false }));
    expect(curves.loss.steps).toHaveLength(600);
    expect(curves.loss.values.map((series) => series.at(-1))).not.toContain(null);
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) {
      for (const name of ['loss', 'alpha', 'margin'] as const) {
        part[name].values.forEach((series, side) => expect(series).toEqual(curves[name].values[side]!.slice(0, series.length)));
      }
    }
    expect(marks.map(({ label }) => label)).toContain('stress from 20');
    expect(curves.means).toBeUndefined();
  });

  it('on batches comes with the means of its losses', async () => {
    const { curves: { loss, means } } = await play(own('anchor-event', { steps: 800 }));
    expect(means!.every).toBe(8);
    expect(means!.fixed).toHaveLength(100);
    means!.fixed.forEach((mean, k) => {
      const stretch = loss.values[1]!.slice(8 * k, 8 * k + 8) as number[];
      expect(mean).toBeCloseTo(stretch.reduce((sum, value) => sum + value, 0) / stretch.length, 12);
    });
  });

  it('that is thinned is told of at its end only', async () => {
    let told = 0;
    const { curves } = await play(own('stream'), { onPart: () => told++ });
    expect(curves.loss.every).toBeGreaterThan(1);
    expect(told).toBe(0);
  });

  it('that would take too long is refused before it begins', async () => {
    await expect(play(own('exp-000c', { steps: 1_000_000 }))).rejects.toMatchObject({ parts: { code: 'unsupported', message: 'this run is too long for a page' } });
  });

  it('is given up when it is told to', async () => {
    const interruption = new AbortController();
    const running = play(own('exp-000c', { steps: 100_000 }), { signal: interruption.signal });
    setTimeout(() => interruption.abort(), 300);
    await expect(running).rejects.toHaveProperty('name', 'AbortError');
  });

  it('hostile titles stay text in its picture', async () => {
    const title = '</text><script>alert(1)</script>"\'&\u202e';
    const played = await play(own('exp-000c', { steps: 30 }));
    const picture = pictureSvg({ ...played, comparison: { ...played.comparison, plan: { ...played.comparison.plan, title } } });
    expect(picture).not.toMatch(/<script|\u202e|\son\w+=/);
    expect(picture).toContain('&lt;/text&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e');
  });
});
