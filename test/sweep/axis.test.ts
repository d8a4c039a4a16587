import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAxis } from '../../src/map/axis.js';
import type { Axis } from '../../src/schema/sweep.js';
import { canonicalPath, createAxis } from '../../src/sweep/axis.js';

const PATH = 'sensor.gain[0].value';
const make = (axis: Axis, { position = 0, seed = 1, samples = 1, reference = false } = {}) => createAxis(axis, position, 'sweep: axes[0]', { seed, samples, reference });
const values = (axis: Axis, setting = {}): unknown[] => {
  const made = make(axis, setting);
  return Array.from({ length: made.size }, (_, index) => made.valuesAt(index)[0]);
};
const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true });

describe('a list', () => {
  it('takes its values, of any kind', () => {
    expect(values({ path: PATH, values: [1, 'a', null, [1, 2], { a: true }] })).toEqual([1, 'a', null, [1, 2], { a: true }]);
  });

  it('of several paths takes rows', () => {
    const made = make({ paths: ['profile.a', 'profile.b'], values: [[1, 2], [3, 4]] });
    expect([made.paths, made.size, made.drawn, made.valuesAt(1)]).toEqual([['profile.a', 'profile.b'], 2, false, [3, 4]]);
    expect(() => make({ paths: ['profile.a', 'profile.b'], values: [[1, 2], [3]] })).toThrow(/^sweep: axes\[0\]: values\[1\] does not have a value for each path[^]*found +1 values[^]*expected +2/);
  });
});

describe('a grid', () => {
  it('has the values of a map, to the last bit', () => {
    fc.assert(fc.property(fc.constantFrom('lin' as const, 'log' as const), finite(1e-6, 1e6), finite(1.001, 1000), fc.integer({ min: 2, max: 200 }), (spacing, from, factor, count) => {
      const to = from * factor;
      expect(values({ path: PATH, from, to, spacing, count })).toEqual(parseAxis(`${PATH}=${spacing}:${from}:${to}:${count}`, '--x').values);
    }));
    expect(values({ path: PATH, from: -1, to: 1, count: 5 })).toEqual([-1, -0.5, 0, 0.5, 1]);
  });

  it('of 10^8 values is described, not held', () => {
    const before = process.memoryUsage().heapUsed;
    const made = make({ path: PATH, from: 0, to: 1, count: 100_000_001 });
    expect(made.valuesAt(12_345_678)).toEqual([0.12345678]);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 20);
  });

  it.each([
    [{ from: 1, to: 1 }, /not in order/], [{ from: 2, to: 1 }, /not in order/], [{ from: 0, to: 1, spacing: 'log' as const }, /above zero/], [{ from: -1e308, to: 1e308 }, /too far apart/],
    [{ from: 1e-300, to: 1e300, spacing: 'log' as const }, /too far apart/], [{ from: 1, to: 1 + 1e-12 }, /told apart/], [{ from: 1, to: 2, spacing: 'log' as const, count: 1e12 }, /told apart/],
    [{ from: 1e9, to: 1e9 + 1, count: 1000 }, /told apart/],
  ])('refuses %j', (bounds, message) => {
    expect(() => make({ path: PATH, count: 5, ...bounds })).toThrow(message);
    expect(() => make({ path: PATH, count: 5, ...bounds })).toThrow(/^sweep: axes\[0\]: /);
  });

  it('that is let through has different values', () => {
    fc.assert(fc.property(fc.constantFrom('lin' as const, 'log' as const), finite(1e-3, 1e3), finite(1e-11, 1e-8), fc.integer({ min: 2, max: 60 }), (spacing, from, share, count) => {
      const axis: Axis = { path: PATH, from, to: from * (1 + share), spacing, count };
      let made: unknown[];
      try {
        made = values(axis);
      } catch {
        return; // refused
      }
      expect(new Set(made).size).toBe(count);
    }), { numRuns: 500 });
  });
});

describe('a drawn axis', () => {
  const drawn = (draw: 'random' | 'latin-hypercube', more: object = {}): Axis => ({ path: PATH, from: 0, to: 1, draw, ...more });

  it('of a Latin hypercube has one value in every stratum, on either spacing', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), fc.nat(31), fc.constantFrom('lin' as const, 'log' as const), (samples, seed, position, spacing) => {
      const [from, to] = [0.5, 32];
      const strata = values(drawn('latin-hypercube', { from, to, spacing }), { samples, seed, position }).map((value) => {
        const share = spacing === 'log' ? Math.log2((value as number) / from) / 6 : ((value as number) - from) / (to - from);
        return Math.floor(share * samples);
      });
      expect(strata.sort((a, b) => a - b)).toEqual(Array.from({ length: samples }, (_, stratum) => stratum));
    }), { numRuns: 150 });
  });

  it('of 10^12 samples keeps to its strata, and takes no time', () => {
    const samples = 1e12;
    const made = make(drawn('latin-hypercube', { from: 0, to: samples }), { samples });
    const strata = Array.from({ length: 5000 }, (_, k) => Math.floor(made.valuesAt(k * 199_999_999)[0] as number));
    expect(new Set(strata).size).toBe(5000);
    expect(strata.every((stratum) => stratum >= 0 && stratum < samples)).toBe(true);
  });

  it('jitters inside its strata', () => {
    const samples = 2000;
    const jitter = values(drawn('latin-hypercube'), { samples }).map((value) => ((value as number) * samples) % 1);
    const mean = jitter.reduce((sum, one) => sum + one, 0) / samples;
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * samples));
    expect(Math.min(...jitter)).toBeLessThan(0.01);
    expect(Math.max(...jitter)).toBeGreaterThan(0.99);
  });

  it.each(['random', 'latin-hypercube'] as const)('%s: draws every integer equally often, both bounds included', (draw) => {
    const counts = new Map<unknown, number>();
    for (const value of values(drawn(draw, { from: -2, to: 7, integer: true }), { samples: 10_000 })) counts.set(value, (counts.get(value) ?? 0) + 1);
    expect([...counts.keys()].sort((a, b) => (a as number) - (b as number))).toEqual([-2, -1, 0, 1, 2, 3, 4, 5, 6, 7]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThanOrEqual(draw === 'random' ? 150 : 0);
  });

  it('draws integers of a log axis by ratio', () => {
    const few = values(drawn('latin-hypercube', { from: 1, to: 15, spacing: 'log', integer: true }), { samples: 4000 });
    const share = (low: number, high: number): number => few.filter((value) => (value as number) >= low && (value as number) < high).length;
    expect([share(1, 2), share(2, 4), share(4, 8), share(8, 16)]).toEqual([1000, 1000, 1000, 1000]);
  });

  it('draws within its bounds, evenly by its spacing', () => {
    const log = values(drawn('random', { from: 1e-4, to: 1, spacing: 'log' }), { samples: 4000 }) as number[];
    expect(log.every((value) => value >= 1e-4 && value <= 1)).toBe(true);
    for (const [low, high] of [[1e-4, 1e-3], [1e-3, 1e-2], [1e-2, 1e-1], [1e-1, 1]] as const) {
      expect(Math.abs(log.filter((value) => value >= low && value < high).length - 1000)).toBeLessThan(120);
    }
  });

  it('depends on seed, position and sample only', () => {
    for (const draw of ['random', 'latin-hypercube'] as const) {
      const of = (setting: object) => values(drawn(draw), { samples: 50, ...setting });
      expect(of({})).toEqual(of({}));
      expect(of({ seed: 2 })).not.toEqual(of({}));
      expect(of({ position: 1 })).not.toEqual(of({}));
    }
    expect(values(drawn('random'), { samples: 50 }).slice(0, 10)).toEqual(values(drawn('random'), { samples: 10 }));
  });

  it('keeps its values: they are part of what a sweep is', () => {
    // From an implementation in another language; its power is a library's, ours is not.
    expect(values(drawn('random'), { samples: 3 })).toEqual([0.193322621441138, 0.6892014754303457, 0.33944148779208916]);
    expect(values(drawn('latin-hypercube'), { samples: 3 })).toEqual([0.309863850157812, 0.47762399939616645, 0.6716730911133801]);
    expect(values(drawn('latin-hypercube', { from: 0.001, to: 10, spacing: 'log' }), { samples: 3 })).toEqual([0.017356230159240184, 0.08137593612177979, 0.48606277773446094]);
  });

  it('raises powers as the library does, to a few last places', () => {
    for (const [from, to] of [[1e-9, 1], [0.1, 0.3], [1, 1e12]] as const) {
      const linear = values(drawn('random'), { samples: 200 }) as number[];
      const log = values(drawn('random', { from, to, spacing: 'log' }), { samples: 200 }) as number[];
      for (const [k, share] of linear.entries()) expect(Math.abs(log[k]! / (from * (to / from) ** share) - 1)).toBeLessThan(1e-14);
    }
  });

  it.each([[{ from: 0.5, to: 3 }, /between integers/], [{ from: 0, to: 2 ** 53 }, /between integers/], [{ from: -(2 ** 52), to: 2 ** 53 - 1 }, /between integers/]])('refuses integers %j', (bounds, message) => {
    expect(() => make(drawn('random', { ...bounds, integer: true }))).toThrow(message);
  });
});

describe('whole names', () => {
  it('take names, or numbers of steps', () => {
    expect(values({ path: 'throttle', values: ['none', 'gt0/secant'] })).toEqual(['none', 'gt0/secant']);
    expect(values({ path: 'steps', from: 10, to: 1000, spacing: 'log', count: 3 })).toEqual([10, 100, 1000]);
    expect(values({ path: 'throttle', values: ['gt0/lambda'] }, { reference: true })).toEqual(['gt0/lambda']);
  });

  it.each<[Axis, RegExp]>([
    [{ path: 'throttle', values: ['none', 'gt0/secand'] }, /^sweep: axes\[0\]\.values\[1\]: there is no throttle of this name[^]*try +"gt0\/secant"/],
    [{ path: 'throttle', values: ['gt0/lambda'] }, /no throttle of this name/], [{ path: 'anchor', values: ['nome'] }, /try +"none"/], [{ path: 'supervisor', values: [1] }, /not the name of a supervisor/],
    [{ path: 'profile', values: ['-'] }, /standard input/], [{ path: 'sensor', values: [''] }, /not the name of a sensor/], [{ path: 'profile', from: 1, to: 2, count: 2 }, /takes names/],
    [{ path: 'steps', values: [10, 0] }, /values\[1\]: is not a number of steps/], [{ path: 'steps', from: 1, to: 4, count: 3 }, /values\[1\]: is not a number of steps/],
    [{ path: 'steps', from: 1, to: 9, draw: 'random' }, /steps are integers/], [{ path: 'steps', from: 0, to: 9, draw: 'random', integer: true }, /axes\[0\]\.from: is not a number of steps/],
    [{ path: 'steps', from: 1, to: 1e6, count: 1e6 }, /too many numbers of steps/], [{ path: 'profile.a=1', values: [1] }, /cannot hold "="/],
    [{ paths: ['profile', 'anchor'], values: [['enabol-mid', 'none'], ['enabol-mid', 'never']] }, /values\[1\]: there is no anchor/],
  ])('refuse %j', (axis, message) => {
    expect(() => make(axis)).toThrow(message);
  });
});

it('a path has one spelling', () => {
  expect(['throttle.chi', 'experiment.throttle.chi', 'experiment.phases[1].batch', 'experiment.phases.1.batch', 'throttle', 'profile.sites.layer0.weight.wordLength'].map(canonicalPath)).toEqual([
    'experiment.throttle.chi', 'experiment.throttle.chi', 'experiment.phases.1.batch', 'experiment.phases.1.batch', 'throttle', 'profile.sites.layer0.weight.wordLength',
  ]);
});
