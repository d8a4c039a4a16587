// §1 and §2 of the laws: the affine teacher under gain drift, each estimator and law.
import { FLOAT, flagged, overSeeds, seedList } from './simulate.mjs';
import { percent, share, shown, table } from './summary.mjs';

const LATE = 10;
const last = (values) => values.slice(-LATE).reduce((sum, value) => sum + value, 0) / LATE;
const worst = ({ loss }) => loss.reduce((most, value) => (value > most ? value : Number.isNaN(value) ? Infinity : most), 0);
const finite = (run) => run.loss.every(Number.isFinite) && Number.isFinite(run.finalLoss);

/** Every throttle of the table, with what is known of it in float64: worst and final loss, α of the last steps. */
const ROWS = [
  { name: 'none', throttle: 'none', known: ['grows', 'grows', '1'] },
  { name: 'gt0/secant', throttle: 'gt0/secant', known: ['177', '2.8e-12', '0.22'] },
  { name: 'gt0/secant, first α 1/32', throttle: 'gt0/secant', set: ['throttle.firstAlpha=1/32'], known: ['3.3', '3e-12', '0.22'] },
  { name: 'gt0/secant, state kept', throttle: 'gt0/secant', set: ['throttle.keepState=true'], known: ['3.3', '2.8e-12', '0.22'] },
  { name: 'gt0/secant-latch, first α 1/32', throttle: 'gt0/secant-latch', set: ['throttle.firstAlpha=1/32'], known: ['3.3', '2.9e-11', '0.174'] },
  { name: 'gt0/lambda', throttle: 'gt0', lambda: true, systems: FLOAT, known: ['3.3', '2.6e-11', '0.173'] },
  { name: 'gt0/trace', throttle: 'gt0/trace', known: ['3.3', '2e-9', '0.14'] },
  { name: 'gt0/rayleigh', throttle: 'gt0/rayleigh', known: ['3.3', '1e-13', '0.22'] },
  { name: 'table', throttle: 'table', known: ['177', '< 1e-12', '3/16 to 1/4'] },
  { name: 'gt1/secant', throttle: 'gt1/secant', known: ['3.3', '3e-12', '0.22'] },
  { name: 'gt1/secant, first α 1', throttle: 'gt1/secant', set: ['throttle.firstAlpha=1'], known: ['393', '3e-12', '0.22'] },
  { name: 'gt2/secant', throttle: 'gt2/secant', known: ['—', '—', 'can cycle'] },
  { name: 'gt2-qa/secant', throttle: 'gt2-qa/secant', known: ['—', '—', '—'] },
  { name: 'nlms', throttle: 'nlms', known: ['—', '—', '—'] },
  { name: 'clip', throttle: 'clip', known: ['—', '—', '—'] },
];

export async function throttles(count) {
  const seeds = seedList(count);
  const text = [];
  const nominal = await overSeeds({ experiment: 'exp-000a', seeds }, (run) => ({ final: run.finalLoss, smooth: finite(run) }));
  const finalOf = (values) => shown(values.map((value) => value?.final));
  text.push('## Nominal learning and gain drift (exp-000a, exp-000b)\n\n');
  text.push(table(['promise', 'expected', 'float64', 'wide', 'mid', 'tight'], [
    ['000A: final loss without drift', '1e-12 in float64', ...Object.values(nominal).map(finalOf)],
    ...(await drift(seeds)),
  ]));
  text.push(`
A published growth of 58 a step is (ηγ²λmax − 1)² at the population's eigenvalue. The precisions stay finite because their rails hold them: they do not learn.

## Throttles under gain drift (exp-000c)

100 drift steps at η = 0.5 and γ = 4 after 20 steps of warm-up, χ = 1.5. The ideal α is 0.173. "Known" is one draw in float64; ours are medians over ${count} seeds of the data with 95 % bootstrap intervals.
The last column says on which share of the seeds the run on a target ended below half of the drifted loss it began with (float64, wide, mid, tight).

`);
  const rows = [];
  for (const { name, known, ...options } of ROWS) {
    const values = await overSeeds({ experiment: 'exp-000c', seeds, ...options }, (run) => ({ max: worst(run), final: run.finalLoss, alpha: last(run.alpha), begin: run.loss[20] }));
    const column = (system, key) => (values[system] ? shown(values[system].map((value) => value?.[key])) : '—');
    const ended = Object.values(values).map((of) => percent(share(of, ({ final, begin }) => final < 0.5 * begin))).join(', ');
    rows.push([`\`${name}\``, known.join('; '), column('float64', 'max'), column('float64', 'final'), column('float64', 'alpha'), column('wide', 'final'), column('mid', 'final'), column('tight', 'final'), ended]);
  }
  text.push(table(['throttle', 'known: worst; final; late α', 'worst loss', 'final loss', 'late α', 'final, wide', 'final, mid', 'final, tight', 'learned'], rows));
  text.push(await plateau(seeds), await streaming(seeds), await cycles(seeds));
  return text.join('');
}

async function drift(seeds) {
  const values = await overSeeds({ experiment: 'exp-000b', seeds, steps: 220 }, (run) => {
    const diverged = run.loss.findIndex((loss) => !Number.isFinite(loss));
    return { diverged: diverged < 0 ? undefined : diverged - 20, growth: run.loss[60] / run.loss[59], warm: run.loss[20 - 1], late: run.loss.at(-1) };
  });
  const growth = (of) => shown(of.map(({ growth: g }) => g));
  const when = (of) => (of.every(({ diverged }) => diverged === undefined) ? 'never: rails' : shown(of.map(({ diverged }) => diverged)));
  return [
    ['000B: growth of the loss a step', '× 58', ...Object.values(values).map(growth)],
    ['000B: drift steps until not finite', '≈ 173 in float64', ...Object.values(values).map(when)],
    ['warm-up of 20 steps: loss at its end', '4e-2 (not converged)', ...Object.values(values).map((of) => shown(of.map(({ warm }) => warm)))],
  ];
}

/** α of gt0 on the secant holds the ideal for about eight steps, then follows the slow modes. */
async function plateau(seeds) {
  const { float64 } = await overSeeds({ experiment: 'exp-000c', throttle: 'gt0/secant', systems: FLOAT, seeds }, (run) => {
    const drifted = run.alpha.slice(21);
    const ideal = drifted[0];
    return drifted.findIndex((alpha) => Math.abs(alpha / ideal - 1) > 0.01);
  });
  return `\nThe plateau of \`gt0/secant\` is transient: α stays within 1 % of its first throttled value for ${shown(float64)} steps (known: about eight), then rises as the secant follows the slow modes.\n`;
}

async function streaming(seeds) {
  const rows = [];
  for (const batch of [1, 8, 32]) {
    for (const throttle of ['gt0/secant', 'gt0/trace', 'gt1/secant']) {
      const set = [`experiment.phases.0.batch=${batch}`, `experiment.phases.1.batch=${batch}`, 'experiment.phases.0.throttle=true', 'experiment.phases.1.steps=2000'];
      const values = await overSeeds({ experiment: 'exp-000c', throttle, set, seeds: seeds.slice(0, 10) }, (run) => ({ final: run.finalLoss, alpha: last(run.alpha) }));
      rows.push([String(batch), `\`${throttle}\``, ...Object.values(values).map((of) => shown(of.map((value) => value?.final))), shown(values.float64.map(({ alpha }) => alpha))]);
    }
  }
  return `
### Streaming

With one sample a step \`gt0\` on the secant dead-locks (two samples that differ look like curvature, α goes to its floor, and the loss stays): a failure the laws document. The trace and \`gt1\` do not. 2000 drift steps, 10 seeds.

${table(['B', 'throttle', 'final, float64', 'wide', 'mid', 'tight', 'late α, float64'], rows)}`;
}

/** gt2's momentum can make α swing for ever. */
async function cycles(seeds) {
  const rows = [];
  for (const [name, set] of [['default (k 0.1, β 0.8)', []], ['k 0.5, β 0.9', ['throttle.gain=0.5', 'throttle.momentum=0.9']]]) {
    for (const throttle of ['gt1/secant', 'gt2/secant', 'gt2-qa/secant']) {
      const values = await overSeeds({ experiment: 'exp-000c', throttle, set, seeds: seeds.slice(0, 10), steps: 420 }, (run) => {
        const late = run.alpha.slice(-100);
        return { swing: Math.max(...late) - Math.min(...late), final: run.finalLoss, infeasible: flagged(run, 'infeasible') / run.flags.length };
      });
      rows.push([name, `\`${throttle}\``, ...Object.values(values).map((of) => shown(of.map((value) => value?.swing))), ...Object.values(values).map((of) => shown(of.map((value) => value?.final)))]);
    }
  }
  return `
### The limit cycle of gt2

Largest minus smallest α over the last 100 of 400 drift steps, and the final loss. With a large gain the momentum of \`gt2\` swings α between its floor and 1 for ever: a failure the laws document. 10 seeds.

${table(['constants', 'throttle', 'swing, float64', 'wide', 'mid', 'tight', 'final, float64', 'wide', 'mid', 'tight'], rows)}`;
}

