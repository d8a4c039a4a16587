import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { findProblems } from '../../src/schema/validate.js';
import { StabilityMap, type MapCell } from '../../src/schema/map.js';
import { stabilityMap, type MapOptions } from '../../src/map/map.js';
import { drawTeacher } from '../../src/signal/teacher.js';
import { loadExperiment } from '../../src/experiment/load.js';

const RATE = 'experiment.phases[0].learningRate';
const GAIN = 'sensor.gain[0].value';

/** λmax(XᵀX/N) of the shipped data by power iteration. */
async function largestEigenvalue(): Promise<number> {
  const { value } = await loadExperiment('exp-001');
  if (value.data.kind !== 'teacher') throw new Error('not drawn');
  const { rows, values, inputs, targets } = drawTeacher(value.data, value.seed!);
  let v = Array<number>(inputs).fill(1);
  let lambda = 0;
  for (let k = 0; k < 200; k++) {
    const next = Array<number>(inputs).fill(0);
    for (let r = 0; r < rows; r++) {
      const row = values.subarray(r * (inputs + targets), r * (inputs + targets) + inputs);
      const dot = row.reduce((sum, x, i) => sum + x * v[i]!, 0);
      row.forEach((x, i) => (next[i]! += (x * dot) / rows));
    }
    lambda = Math.hypot(...next);
    v = next.map((x) => x / lambda);
  }
  return lambda;
}

describe('the map of exp-001', () => {
  it('without a controller, in float64, diverges where η·γ²·λmax > 2, within one cell everywhere', async () => {
    const map = await stabilityMap({ float: true, throttle: ['none'], grid: 11, steps: 400 });
    const lambda = await largestEigenvalue();
    expect(lambda).toBeCloseTo(1.082, 3);
    const { cells, divergedShare } = map.throttles[0]!;
    const [nx, ny] = [11, 11];
    expect([map.x.path, map.y.path]).toEqual([RATE, GAIN]);
    const beyond = (x: number, y: number): boolean => map.x.values[x]! * map.y.values[y]! ** 2 * lambda > 2;
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        expect(map.theory!.margins[y]![x]! / (map.x.values[x]! * map.y.values[y]! ** 2 * lambda)).toBeCloseTo(1, 9);
        const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [x + dx, y + dy] as const)).filter(([cx, cy]) => cx >= 0 && cy >= 0 && cx < nx && cy < ny).map(([cx, cy]) => beyond(cx, cy));
        if (new Set(around).size === 1) expect(cells[y * nx + x]!.state === 'diverged', `cell ${x}, ${y}`).toBe(around[0]);
      }
    }
    expect(divergedShare).toBe(cells.filter(({ state }) => state === 'diverged').length / (nx * ny));
    expect(Math.abs(divergedShare - map.theory!.share)).toBeLessThan(0.04);
    expect(divergedShare).toBeGreaterThan(0.2);
  });

  it('a throttle diverges less, float64 never stalls, the target does', async () => {
    const options = { grid: 5, steps: 500 };
    const [float, fixed] = [await stabilityMap({ ...options, float: true }), await stabilityMap(options)];
    for (const { throttles } of [float, fixed]) {
      expect(throttles.map(({ name }) => name)).toEqual(['none', 'gt0/secant']);
      expect(throttles[1]!.divergedShare).toBeLessThan(throttles[0]!.divergedShare);
    }
    expect(float.throttles.map(({ stalledShare }) => stalledShare)).toEqual([0, 0]);
    expect(fixed.throttles[0]!.stalledShare).toBeGreaterThan(0.05);
    expect([float.numbers, fixed.numbers, fixed.plan.profile]).toEqual(['float64', 'fixed', 'enabol-wide']);
    expect(await findProblems(StabilityMap, fixed as never)).toEqual([]);
  });
});

describe('a cell', () => {
  it.each([['float', true], ['fixed', false]] as const)('is what compare says of the same values (%s)', async (side, float) => {
    const throttle = ['none', 'gt0/secant', 'table'];
    const map = await stabilityMap({ float, throttle, grid: 3, steps: 600 });
    for (const [index, { x, y }] of map.throttles[0]!.cells.entries()) {
      const { runs } = await compare({ experiment: 'exp-001', throttle, steps: 600, set: [`${RATE}=${x}`, `${GAIN}=${y}`], tries: false });
      runs.forEach((run, k) => {
        const cell: MapCell = map.throttles[k]!.cells[index]!;
        expect(cell.divergedAt).toBe(run[side].divergedAt);
        expect(cell.state === 'diverged').toBe(run[side].divergedAt !== null);
        if (cell.state !== 'diverged') {
          expect(cell.finalLoss).toBe(run[side].finalLoss);
          expect(cell.state === 'stalled').toBe(run.verdict[side] === 'dead zone');
        }
      });
    }
    const states = new Set(map.throttles.flatMap(({ cells }) => cells.map(({ state }) => state)));
    expect([...states].sort()).toEqual(float ? ['diverged', 'stable'] : ['diverged', 'stable', 'stalled']);
  });

  it('does not depend on the build of the core or on when it is run', async () => {
    const options = { grid: 3, steps: 100, throttle: ['gt0/secant'] };
    const [one, scalar] = [await stabilityMap(options), await stabilityMap({ ...options, build: 'scalar' })];
    expect(scalar).toEqual(one);
    const [corner] = (await stabilityMap({ ...options, grid: undefined, x: `${RATE}=log:0.141253754462:1.99526231497:2`, y: `${GAIN}=log:2:4:2` })).throttles;
    expect(corner!.cells).toEqual([4, 5, 7, 8].map((k) => one.throttles[0]!.cells[k]));
  });

  it('that traps has diverged', async () => {
    const { throttles } = await stabilityMap({ grid: 2, steps: 100, throttle: ['none'], set: ['profile.sites.activation.overflow=TRAP', 'experiment.divergedLoss=1e30'] });
    expect(throttles[0]!.cells.map(({ state }) => state)).toEqual(['stable', 'stable', 'stable', 'diverged']);
  });

  it('that the target refuses is counted apart; if it refuses all, its reason is told', async () => {
    const map = await stabilityMap({ steps: 5, throttle: ['none'], x: `${RATE}=lin:1:4:4`, y: `${GAIN}=lin:1:2:2` });
    const [{ cells, refusedShare, refusal, divergedShare }] = map.throttles as [(typeof map.throttles)[0]];
    expect(cells.slice(0, 4).map(({ state }) => state === 'refused')).toEqual([false, true, true, true]);
    expect(refusedShare).toBe(0.75);
    expect(refusal).toMatch(/does not fit its format/);
    expect(divergedShare).toBe(cells.filter(({ state }) => state === 'diverged').length / 2);
    expect(map.theory!.margins[0]!.slice(1)).toEqual([null, null, null]);
    await expect(stabilityMap({ steps: 5, x: `${RATE}=lin:3:4:2`, grid: 2 })).rejects.toThrow(/does not fit its format/);
  });
});

describe('axes', () => {
  it('may change the target, and the data', async () => {
    const widths = await stabilityMap({ steps: 50, x: 'profile.sites.weight.wordLength=lin:12:16:3', y: 'throttle.chi=lin:0.5:1.5:2' });
    expect(widths.throttles[0]!.cells[0]!.finalLoss).not.toBe(widths.throttles[0]!.cells[2]!.finalLoss);
    const seeds = await stabilityMap({ steps: 50, x: 'experiment.seed=lin:1:3:3', grid: 3 });
    expect(new Set(seeds.theory!.margins[0]).size).toBe(3);
  });

  it('know no theory for several layers, or batches smaller than the data', async () => {
    expect((await stabilityMap({ steps: 5, grid: 2, set: ['experiment.phases[0].batch=10'] })).theory).toBe(null);
    const layers = 'experiment.model.layers=[{"outputs":3},{"outputs":2}]';
    expect((await stabilityMap({ steps: 5, grid: 2, set: [layers, 'experiment.model.initial={"kind":"glorot"}'] })).theory).toBe(null);
  });

  it.each<[MapOptions, RegExp]>([
    [{ x: 'experiment.phases[0].lerningRate=log:0.1:1:3' }, /--x [^]*lerningRate/],
    [{ y: 'sensor.gain[7].value=lin:1:4:3' }, /--y [^]*no entry 7/],
    [{ y: 'experiment.__proto__.x=lin:1:4:3' }, /--y [^]*__proto__/],
    [{ x: 'nothing.here=lin:1:4:3' }, /--x [^]*does not say what to change/],
    [{ x: 'experiment.phases[0].batch=lin:1:2:3' }, /--x experiment\.phases\[0\]\.batch=1\.5/],
    [{ x: `${GAIN}=lin:1:2:2` }, /both vary the same value/],
    [{ grid: 1e9 }, /--grid: a wrong number/], [{ grid: NaN }, /--grid/], [{ grid: 1 }, /--grid/],
    [{ draws: 1e6 }, /--draws: a wrong number/],
    [{ draws: 2, set: ['experiment.model.initial={"kind":"zero"}'] }, /--draws: the initial weights are set already/],
    [{ anchor: ['none', 'fixed'] }, /--anchor: a map has one anchor/],
    [{ throttle: ['gt9'] }, /--throttle: there is none of this name/],
  ])('%j is refused', async (options, message) => {
    await expect(stabilityMap({ steps: 2, ...(options.grid === undefined && { grid: 3 }), ...options })).rejects.toMatchObject({ name: 'QrailsError', message: expect.stringMatching(message) });
  });
});

describe('draws', () => {
  it('take the weights their seeds draw, and leave all else', async () => {
    const options = { float: true, throttle: ['gt0/secant'], grid: 5, steps: 30 };
    const [own, drawn] = [await stabilityMap(options), await stabilityMap({ ...options, draws: 3 })];
    const { draws, ...rest } = drawn.throttles[0]!;
    expect({ ...rest, draws: null }).toEqual(own.throttles[0]);
    expect(drawn.theory).toEqual(own.theory);
    const shares: number[] = [];
    for (const seed of [1, 2, 3]) {
      const { variants } = await prepare({ experiment: 'exp-001', seed, set: ['experiment.model.initial={"kind":"glorot"}'] });
      const initial = { kind: 'values', layers: [{ weights: variants[0]!.plan.initial[0]!.weights }] };
      shares.push((await stabilityMap({ ...options, set: [`experiment.model.initial=${JSON.stringify(initial)}`] })).throttles[0]!.divergedShare);
    }
    expect(draws!.each).toEqual(shares.map((divergedShare, k) => ({ seed: k + 1, divergedShare, stalledShare: 0 })));
    expect(draws!.divergedShare).toEqual({ mean: expect.closeTo((shares[0]! + shares[1]! + shares[2]!) / 3, 12), min: Math.min(...shares), max: Math.max(...shares) });
    expect(new Set([...shares, rest.divergedShare]).size).toBeGreaterThan(1);
  });
});

it('ends with an AbortError where it is told to', async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  const running = stabilityMap({ grid: 41, float: true, signal: stop.signal, onProgress: (done, of) => {
    seen.push(done / of);
    stop.abort();
  } });
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen).toHaveLength(1);
});
