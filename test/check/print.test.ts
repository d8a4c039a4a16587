import { describe, expect, it } from 'vitest';
import { makeBaseline } from '../../src/check/baseline.js';
import { holdAgainst } from '../../src/check/check.js';
import { checkText } from '../../src/check/print.js';
import { changed, compared, DIVERGING, edited, RECORDED, RUN } from './made.js';

const moved = changed(({ fixed, float, verdict, difference }) => {
  fixed.finalWeightsRaw[0]![0]![1] = '-52';
  fixed.meanLoss = 0.10000123;
  float.maxLoss = 2 + 1e-9;
  difference.weightSqnrDb = 40;
  verdict.fixed = 'dead zone';
});

describe('a check as text', () => {
  it('says in its first line how it went', () => {
    const same = holdAgainst(RECORDED, compared(RUN));
    expect(checkText(same)).toBe(`passed  ${same.held} values held, none moved; the comparison is the recorded one\n`);
    expect(checkText(holdAgainst(RECORDED, compared(moved)))).toMatch(/^failed {2}\d+ values held, 4 moved too far, 1 moved and allowed to\n/);
    const within = holdAgainst(RECORDED, compared(changed(({ float }) => (float.maxLoss = 2 + 1e-9))));
    expect(checkText(within)).toMatch(/^passed {2}\d+ values held, 1 moved and allowed to\n/);
  });

  it('shows what moved in columns, failures first, with as many digits as show it', () => {
    expect(checkText(holdAgainst(RECORDED, compared(moved)))).toContain(`
throttle table, anchor none
  metric                          recorded          now  allowed
  verdict.fixed                   survives    dead zone  survives       FAILED  no parameter moved from step 90 on
  weightSqnrDb                       47.12           40  at least 44.1  FAILED
  fixed.meanLoss                       0.1     0.100001  exact          FAILED
  fixed.finalWeightsRaw[0][0][1]       -51          -52  exact          FAILED
  float.maxLoss                          2  2.000000001  ± 2e-9         ok
`);
  });

  it('gives the reason of each failed bound and tolerance once', () => {
    const text = checkText(holdAgainst(RECORDED, compared(moved)));
    expect(text.match(/fixed\.\* {2}/g)).toHaveLength(1);
    expect(text).toMatch(/\nwhat is allowed, and why\n(.*\n)* {2}weightSqnrDb {2}proposed: 3 dB/);
    expect(text).not.toContain('float.*');
  });

  it('cuts long tables, run by run, failures first', () => {
    const both = makeBaseline(compared(RUN, DIVERGING), {});
    const text = checkText(holdAgainst(both, compared(moved, changed(({ fixed }) => (fixed.meanLoss = 3), DIVERGING))), { rows: 2 });
    expect(text).toContain('and 3 rows more');
    expect(text).toContain('throttle none, anchor none');
    expect(text).not.toContain('float.maxLoss');
  });

  it('colours only through what it is given', () => {
    const check = holdAgainst(RECORDED, compared(moved));
    expect(checkText(check)).not.toContain('\u001b');
    const painted = checkText(check, { paint: (style, text) => `<${style}>${text}</${style}>` });
    expect(painted).toMatch(/^<failed>failed<\/failed>/);
    expect(painted.replace(/<\/?(passed|failed|quiet)>/g, '')).toBe(checkText(check));
  });

  it('prints nothing a terminal would act on', () => {
    const hostile = edited(({ runs, names }) => {
      names.profile = '\u001b[2J';
      runs[0]!.bounds.lossRatio = { atMost: 0, why: 'x\u001b]0;y\u0007' };
    });
    expect(checkText(holdAgainst(hostile, compared(moved)))).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
