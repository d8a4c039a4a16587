// §5 of the laws: accept or roll back.
import { flagged, overSeeds, seedList } from './simulate.mjs';
import { percent, share, shown, table } from './summary.mjs';

const worst = ({ loss }) => loss.reduce((most, value) => (value > most || Number.isNaN(value) ? (Number.isNaN(value) ? Infinity : value) : most), 0);

/** Largest loss of a step that stayed, less y(θ₀) + (t + 1)·ε: the creep's bound holds where this is not above 0. */
const creep = (run, margin) => Math.max(...run.loss.map((loss, t) => ((run.flags[t] & 32) === 0 ? loss - run.loss[0] - (t + 1) * margin : -Infinity)));

export async function supervisor(count) {
  const seeds = seedList(count);
  const head = ['supervisor', 'measure', 'float64', 'wide', 'mid', 'tight'];
  const burst = [];
  const cases = [['none', []], ['rollback', []], ['rollback', ['supervisor.backoff=0']], ['cusum', []]];
  const creeps = [];
  for (const [name, set] of cases) {
    const values = await overSeeds({ experiment: 'supervisor-burst', supervisor: name, set, seeds }, (run) => ({
      worst: worst(run), final: run.finalLoss, rejected: flagged(run, 'rejected'), creep: creep(run, 0.5),
    }));
    const label = `\`${name}\`${set.length > 0 ? `, ${set[0].replace('supervisor.', '')}` : ''}`;
    for (const [key, what] of [['worst', 'worst loss'], ['final', 'final loss'], ['rejected', 'steps taken back']]) burst.push([label, what, ...Object.values(values).map((of) => shown(of.map((value) => value?.[key])))]);
    if (name === 'rollback') creeps.push([label, 'y ≤ y(θ₀) + (t + 1)·ε in every accepted step', ...Object.values(values).map((of) => percent(share(of, ({ creep: c }) => c <= 0)))]);
  }
  const drift = [];
  for (const [label, name, set] of [['none', 'none', []], ['pure rollback', 'rollback', ['supervisor.backoff=0']], ['with back-off', 'rollback', []], ['with patience 10', 'rollback', ['supervisor.patience=10']]]) {
    const values = await overSeeds({ experiment: 'supervisor-drift', supervisor: name, set, seeds }, (run) => ({ final: run.finalLoss, rejected: flagged(run, 'rejected') }));
    for (const [key, what] of [['final', 'final loss'], ['rejected', 'of 700 steps taken back']]) drift.push([label, what, ...Object.values(values).map((of) => shown(of.map((value) => value?.[key])))]);
  }
  return `## Supervisor

Accept or roll back, ε = 0.5, a = 0.1, over ${count} seeds. The probe is the loss of the next batch with the proposed parameters: it costs no pass of its own.

### Updates 300 times too large for ten steps (supervisor-burst)

${table(head, burst)}
${table(head, creeps)}
### A drift that stays (supervisor-drift)

The loss is above the margin whatever the parameters, so every step is taken back for ever: a failure the law documents. A back-off does not help, as the measurement is that of the parameters restored; taking the loss as it is after a while (\`patience\`) does.

${table(head, drift)}`;
}
