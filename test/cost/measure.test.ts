/** The kernel on emulated boards: what is measured is the core's own run, and says what costs more. */
import { describe, expect, it, type TestContext } from 'vitest';
import { prepare } from '../../src/compare/prepare.js';
import { BOARDS, missingTool } from '../../src/cost/boards.js';
import { measure, type Measurements } from '../../src/cost/measure.js';
import { stepWork } from '../../src/cost/work.js';

const ON = ['cortex-m0', 'cortex-m4', 'rv32imac', 'avr'];

async function needBoards(context: TestContext): Promise<void> {
  for (const board of BOARDS.filter(({ name }) => ON.includes(name))) {
    const missing = await missingTool(board);
    if (missing === undefined) continue;
    if (process.env['QRAILS_REQUIRE_ORACLES']) throw new Error(`${missing} is not installed, and QRAILS_REQUIRE_ORACLES is set`);
    context.skip(`${missing} is not installed: nothing is measured`);
  }
}

async function measured(profile: string, batch: number, throttle: string, boards = ON, set: string[] = []): Promise<Measurements & { multiplications: number }> {
  const { variants: [variant], dataset } = await prepare({
    experiment: 'exp-000c', profile, throttle: [throttle], anchor: ['none'], steps: 30, set: [`experiment.phases[0].batch=${batch}`, `experiment.phases[1].batch=${batch}`, ...set],
  });
  const { plan } = variant!;
  return { ...(await measure(plan, dataset, boards)), multiplications: stepWork(plan).flatMap(({ products }) => products).reduce((sum, { count }) => sum + count, 0) };
}

const middle = (steps: readonly number[]): number => [...steps].sort((a, b) => a - b)[steps.length >> 1]!;

describe('measuring', () => {
  it('counts the same each time, more for more samples, and more for a throttle', async (context) => {
    await needBoards(context);
    const [small, again, large, plain] = [await measured('enabol-mid', 4, 'gt0/secant'), await measured('enabol-mid', 4, 'gt0/secant'), await measured('enabol-mid', 16, 'gt0/secant'), await measured('enabol-mid', 4, 'none')];
    expect(small.notMeasured).toEqual([]);
    expect(small.measured.map(({ board }) => board)).toEqual(ON);
    expect(again).toEqual(small);
    for (const [index, one] of small.measured.entries()) {
      expect(one.steps).toHaveLength(3);
      expect(one.unit).toBe(one.board === 'avr' ? 'cycles' : 'instructions');
      const [a, b, c] = [one, large.measured[index]!, plain.measured[index]!];
      // every product takes an instruction at least
      expect(Math.min(...a.steps)).toBeGreaterThan(small.multiplications);
      expect(middle(b.steps) - middle(a.steps)).toBeGreaterThan(large.multiplications - small.multiplications);
      expect(middle(c.steps)).toBeLessThan(middle(a.steps));
      expect(c.code.text).toBeLessThan(a.code.text);
      expect(c.stateBytes).toBeLessThan(a.stateBytes);
    }
    const of = (board: string): number => middle(small.measured.find((one) => one.board === board)!.steps);
    // no product of 64 bits, no long multiply-accumulate: the smaller core takes more of its instructions
    expect(of('cortex-m0')).toBeGreaterThan(of('cortex-m4'));
  });

  it('says where a kernel does not fit, and where the run traps', async (context) => {
    await needBoards(context);
    const { measured: on, notMeasured } = await measured('cortex-m4-q15', 1000, 'none', ['avr']);
    expect([on, notMeasured]).toEqual([[], ['avr: the kernel does not fit AVR ATmega1284P, atmega1284p']]);
    const trapped = await measured('enabol-mid', 4, 'none', ['cortex-m4'], ['profile.sites.activation.overflow=TRAP', 'profile.sites.activation.rails=[-0.25,0.25]']);
    expect([trapped.measured, trapped.notMeasured]).toEqual([[], [expect.stringMatching(/^layer0\.activation traps at step 0/)]]);
  });
});
