/** The bench: its C twins and the core bit for bit on short runs of every job, and what it writes of its measurements. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCore, type CoreExports } from '../../src/core/load.js';
import { FULL } from '../oracles/tool.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Counters {
  readonly overflowHigh: string;
  readonly overflowLow: string;
}
interface Result {
  readonly weights: readonly number[];
  readonly sites: Readonly<Record<string, Counters>>;
}
interface Data {
  readonly runs: readonly unknown[];
}
interface Job {
  readonly timed: () => Data;
  readonly loud: () => Data;
}
type Modules = {
  readonly JOBS: Readonly<Record<string, (options: { quick: boolean }) => Job | Promise<Job>>>;
  readonly runCore: (core: CoreExports, data: Data, watch: boolean) => { readonly results: readonly Result[] };
  readonly compile: (job: Job, flagSet: string, directory: string) => string;
  readonly writeData: (name: string, data: Data, directory: string) => string;
  readonly nativeResults: (program: string, file: string) => readonly Result[];
  readonly differences: (a: unknown, b: unknown) => readonly string[];
};

/** The bench is plain JavaScript, over the compiled package. */
async function modules(): Promise<Modules> {
  const parts = await Promise.all(['jobs', 'core', 'native', 'differences'].map((name) => import(new URL(`../../bench/${name}.mjs`, import.meta.url).href) as Promise<object>));
  return Object.assign({}, ...parts) as Modules;
}

type Figures = Readonly<Record<string, unknown>>;
/** Of every job. */
const FIGURES = ['perSecond', 'perSecondWhole', 'perSecondO3', 'perSecondNative', 'ratioToO3', 'ratioToNative', 'ratioToNativeWhole', 'ratioToNativeFullRecorder'];

const directory = mkdtempSync(join(tmpdir(), 'qrails-bench-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const bench = (...args: string[]) => spawnSync(process.execPath, ['bench/run.mjs', ...args], { cwd: ROOT, encoding: 'utf8' });

describe('the bench', () => {
  beforeEach((context) => {
    if (spawnSync('gcc', ['--version']).status === 0) return;
    if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error('gcc is not installed, and QRAILS_REQUIRE_ORACLES is set');
    context.skip('gcc is not installed: there is no C to compare with');
  });
  let m: Modules;
  let core: CoreExports;
  beforeAll(async () => {
    m = await modules();
    core = await loadCore();
  });

  it('finds the same bits in core and C for every job and build', () => {
    const file = join(directory, 'bits.json');
    const { status, stderr } = bench('--quick', '--pairs', '0', '--json', file);
    expect({ status, differs: stderr.includes('differ') }, stderr).toEqual({ status: 0, differs: false });
    const { jobs } = JSON.parse(readFileSync(file, 'utf8')) as { jobs: { id: string; bitsEqual: boolean }[] };
    expect([...new Set(jobs.map(({ id }) => id))]).toEqual(Object.keys(m.JOBS));
    expect(jobs.filter(({ bitsEqual }) => !bitsEqual)).toEqual([]);
  }, 600_000);

  // The library of SystemC takes long to compile.
  it(`writes its figures as JSON${FULL ? ', those of peers too' : ''}`, () => {
    const file = join(directory, 'report.json');
    const { status, stdout, stderr } = bench('--quick', '--pairs', '1', '--jobs', FULL ? 'lms,relu,map,sweep' : 'exp-000', '--json', file, ...(FULL ? [] : ['--without-peers']));
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('start-up: qrails --version');
    const { jobs, startUp } = JSON.parse(readFileSync(file, 'utf8')) as { jobs: Figures[]; startUp: Figures };
    expect(startUp['ratio']).toBeGreaterThan(0);
    for (const job of jobs) {
      for (const name of FIGURES) expect(job[name], `${String(job['id'])}: ${name}`).toBeGreaterThan(0);
      if (job['id'] === 'sweep') for (const name of ['runsPerSecond', 'runsPerSecondTwoWorkers', 'ratioTwoWorkers']) expect(job[name]).toBeGreaterThan(0);
      for (const of of ['core', 'O3', 'native']) expect((job['peakBytes'] as Figures)[of]).toBeGreaterThan(2 ** 20);
      if (!FULL || job !== jobs.find(({ id }) => id === job['id'])) continue;
      for (const name of ['ScFixed', 'ScFixedFast']) {
        expect(job[`ratioTo${name}`]).toBeGreaterThan(0);
        expect((job['peers'] as Record<string, Figures>)[name]).toMatchObject({ bitsEqual: true });
      }
    }
  }, 600_000);

  it.each(['lms', 'exp-000', 'dense', 'relu', 'seeds', 'map'])('drives signals of %s into both rails', async (id) => {
    const { results } = m.runCore(core, (await m.JOBS[id]!({ quick: true })).loud(), true);
    for (const site of ['activation', 'error', 'gradient']) {
      const seen = results.flatMap(({ sites }) => Object.entries(sites).filter(([key]) => key.endsWith(`.${site}`)).map(([, counters]) => counters));
      expect(seen.some(({ overflowHigh }) => overflowHigh !== '0'), `${site}, high`).toBe(true);
      // A product of two words, one of them on its lower rail, is the only way past a rail in q15: the upper one.
      const oneSided = id === 'lms' && site === 'gradient';
      expect(seen.some(({ overflowLow }) => overflowLow !== '0'), `${site}, low`).toBe(!oneSided);
    }
  });

  it('tells a run that began one last place apart', async () => {
    const job = await m.JOBS['lms']!({ quick: true });
    const data = job.timed() as { steps: number; runs: { plan: { initial: [{ weightsRaw: string[][] }] } }[] };
    data.steps = 64;
    const { results } = m.runCore(core, data, true);
    data.runs[0]!.plan.initial[0].weightsRaw[0]![3] = '1';
    const other = m.nativeResults(m.compile(job, 'O3', directory), m.writeData('other', data, directory));
    expect(m.differences(results, other)).toContainEqual(expect.stringContaining('0.weights.3: '));
  });
});

describe('options of the bench', () => {
  it.each([
    [['--jobs', 'nix'], '--jobs nix'],
    [['--pairs', '-1'], '--pairs'],
    [['--quick', '--record'], '--record'],
    [['--fast'], '--fast'],
  ])('%j is refused', (args, named) => {
    const { status, stderr } = bench(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(named);
  });
});
