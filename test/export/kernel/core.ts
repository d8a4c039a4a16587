/** A run in the core, as the lines test/export/kernel/driver.ts prints for the kernel, and the raws that were delivered. */
import { loadCore } from '../../../src/core/load.js';
import { Session, type Row } from '../../../src/core/session.js';
import { stateCrc32 } from '../../../src/core/state.js';
import type { Plan } from '../../../src/schema/plan.js';
import { SITES, siteKeys, type SiteName } from '../../../src/site/sites.js';
import { inUse } from '../../../src/plan/concernsExact.js';
import type { Delivered } from '../../oracle/state.js';

export interface CoreRun {
  /** What the driver reads. */
  readonly input: string;
  /** What it prints: one line a step, then the final loss and outputs. `? ?` for the result of a step whose input or target trapped. */
  readonly lines: string[];
  /** Counters of the kernel's sites, as printed. */
  readonly counters: string[];
}

const HASH = '0'.repeat(64);

/** Sites the kernel numbers, in the order of docs/numerics.md. */
export const kernelSites = (plan: Plan): string[] =>
  siteKeys(plan.layers.length).filter((key) => {
    const name = key.slice(key.indexOf('.') + 1) as SiteName;
    return name !== 'input' && name !== 'target' && SITES[name].kind !== 'constant' && inUse(plan, key);
  });

/** Runs a plan on its deliveries, the last of which is the evaluation; up to a trap. */
export async function runCore(plan: Plan, deliveries: readonly Delivered[]): Promise<CoreRun> {
  const session = new Session(await loadCore(), plan, 'fixed', { chunk: 1 });
  let row: Row | undefined;
  session.onRow((_, latest) => (row = { ...latest }));
  const keys = kernelSites(plan);
  const fed: string[] = [];
  const lines: string[] = [];
  let step = 0;
  let steps = 0;
  for (const [phase, { steps: length }] of plan.phases.entries()) {
    for (let k = 0; k < length && session.trapped === undefined; k++, step++) {
      const delivery = deliveries[step]!;
      session.push({ ...delivery, phase });
      session.finish();
      fed.push([delivery.count, ...session.peek('inputs'), ...session.peek('targets')].join(' '));
      steps++;
      const raw = (field: Parameters<Session['rawOfLastRow']>[0]): string => `${session.rawOfLastRow(field)}`;
      const arrays = (what: 'gradient' | 'update'): string => session.read(what).flat().join(' ');
      // The kernel is handed raws: what trapped before hides from it, and in the core hides what trapped after.
      const hidden = session.trapped === 'input' || session.trapped === 'target';
      lines.push([
        ...(hidden ? ['?', '?'] : session.trapped === undefined ? [0, -1] : [2, keys.indexOf(session.trapped)]),
        raw('loss'), raw('alpha'), raw('rate'), raw('curvature'), raw('curvatureMean'), row!.flags, row!.events, stateCrc32(plan, session.save(HASH)),
        'g', arrays('gradient'), 'u', arrays('update'),
      ].join(' '));
    }
  }
  const counters = session.counters();
  const last = deliveries[deliveries.length - 1]!;
  const loss = session.evaluate({ ...last, phase: plan.phases.length - 1 }).raw!;
  fed.push([last.count, ...session.peek('inputs'), ...session.peek('targets')].join(' '));
  const depth = plan.layers.length - 1;
  const outputs = session.peek('activations', depth).slice(0, plan.layers[depth]!.outputs);
  lines.push(`loss ${loss} ${outputs.join(' ')}`);
  return {
    input: [steps, ...fed, ''].join('\n'),
    lines,
    counters: keys.map((key) => {
      const { count, overflowHigh, overflowLow, underflow, nearRail, min, max } = counters[key]!;
      const word = (value: bigint | undefined): string => `${BigInt.asIntN(64, value ?? 0n)}`;
      return `site ${[count, overflowHigh, overflowLow, underflow, nearRail, word(min), word(max)].join(' ')}`;
    }),
  };
}
