/** What controllers leave in a result: steps that were taken back, parameters that are an average, a last layer that is not linear. */
import { beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { prepare } from '../../src/compare/prepare.js';
import { FLAGS } from '../../src/core/abi.js';
import { quantise } from '../../src/format/quantise.js';
import { scaled } from '../../src/format/real.js';
import { renderInspection } from '../../src/report/inspect.js';
import { renderComparison } from '../../src/report/terminal.js';
import { figuresTable } from '../../src/report/html/figures.js';
import { runPair } from '../../src/run/pair.js';
import { createTrace, type TraceRow } from '../../src/run/trace.js';
import { Comparison } from '../../src/schema/comparison.js';
import { validate } from '../../src/schema/validate.js';
import { inFolder } from '../cli/qrails.js';

describe('a supervisor', () => {
  const options = { experiment: 'exp-000c', throttle: ['none'], supervisor: 'rollback', steps: 60 };
  let result: Comparison;
  beforeAll(async () => {
    result = await compare({ ...options, tries: false, record: 'full' });
  });

  it('has the steps it took back counted on each side, as the flags of the run say', async () => {
    const { variants: [variant], dataset } = await prepare(options);
    const flagged = { float: 0, fixed: 0 };
    const rows: TraceRow[] = [];
    const trace = createTrace(variant!.plan, dataset, { throttle: 'none', anchor: 'none' }, (row) => void rows.push(row));
    await runPair(variant!.plan, dataset, {
      onStep: (view) => {
        flagged.float += Number((view.floatRow.flags & FLAGS.rejected) !== 0);
        flagged.fixed += Number((view.fixedRow.flags & FLAGS.rejected) !== 0);
        return trace(view);
      },
    });
    const [{ float, fixed }] = result.runs as [Comparison['runs'][number]];
    expect(flagged.fixed).toBeGreaterThan(10);
    expect({ float: float.rejectedSteps, fixed: fixed.rejectedSteps }).toEqual(flagged);
    // A step that is taken back has no gradient, and moves nothing but back.
    const back = rows.filter((row) => row['fixed.rejected'] === 1);
    expect(back).toHaveLength(flagged.fixed);
    for (const row of back) expect([row['fixed.gradientNorm'], row['fixed.updateCosine'], row['fixed.rate']]).toEqual([null, null, 0]);
    expect(rows.find((row) => row['fixed.rejected'] === 0)!['fixed.gradientNorm']).toBeGreaterThan(0);
  });

  it('is in the result, in the terminal and in the report', async () => {
    await validate(Comparison, result, 'result');
    const { plan } = (await prepare(options)).variants[0]!;
    const [run] = result.runs as [Comparison['runs'][number]];
    const share = `${Math.round((100 * run.fixed.rejectedSteps) / run.fixed.steps)} %`;
    const text = renderComparison(result);
    expect(text).toMatch(/ · supervisor rollback\n/);
    expect(text).toMatch(new RegExp(`steps taken back +\\d+ % +${share}\n`));
    expect(text).toContain(`fixed: the supervisor took back ${share} of the steps`);
    expect(renderInspection(result)).toContain('supervisor rollback');
    expect(figuresTable(run, plan).text).toContain('steps taken back');
    const { runs: [without], ...rest } = await compare({ ...options, supervisor: 'none', tries: false });
    expect(without!.fixed.rejectedSteps).toBe(0);
    expect(renderComparison({ ...rest, runs: [without!] })).not.toMatch(/taken back|supervisor/);
  });

  it('is shown of an experiment, by phase', () => inFolder({}, async (folder) => {
    const { stdout } = await folder.qrails(['experiment', 'show', 'exp-000c']);
    expect(stdout).toMatch(/^phase +length +batch +η +throttle +anchor +supervisor +sensor$/m);
    expect(stdout).toMatch(/^supervisor {2}none$/m);
  }));
});

it('the average of ema is what the final loss, the weight error and the final weights speak of', async () => {
  const { variants: [variant], dataset } = await prepare({ experiment: 'exp-000c', throttle: ['gt0/trace'], anchor: ['ema'], steps: 40 });
  const { plan } = variant!;
  const states: { average: string[]; theta: string[] }[] = [];
  const { fixed, float } = await runPair(plan, dataset, { onStep: (view) => void states.push(view.fixed.save('').values as never) });
  const { average, theta } = states.at(-1)!;
  const { fractionLength } = plan.sites['layer0.average']!;
  const quantised = average.map((raw) => Number(quantise(scaled(BigInt(raw), fractionLength), plan.sites['layer0.weight']!).raw));
  expect(fixed.parametersRaw).toEqual([quantised]);
  expect(fixed.parameters[0]).toEqual(quantised.map((raw) => raw * 2 ** -plan.sites['layer0.weight']!.fractionLength));
  expect(quantised).not.toEqual(theta.map(Number));
  // An average lags behind what is learnt: with a rate of 1 there is none.
  const { variants: [own] } = await prepare({ experiment: 'exp-000c', throttle: ['gt0/trace'], anchor: ['none'], steps: 40 });
  const plain = await runPair(own!.plan, dataset);
  expect(plain.fixed.parametersRaw).toEqual([theta.map(Number)]);
  expect(plain.float.finalLoss).toBeLessThan(float.finalLoss);
});

it('a sigmoid has no least-squares solution to be held against', async () => {
  const { runs: [run] } = await compare({ experiment: 'exp-000a', throttle: ['none'], set: ['experiment.model.layers[0].activation=sigmoid'], steps: 5, tries: false });
  expect([run!.float.weightError, run!.fixed.weightError]).toEqual([null, null]);
});
