// §1, §6 and §7 of the laws: measures of stability, moving means, balance.
import { filterEmaFloat } from '../../dist/ema/filter.js';
import { emaResponse } from '../../dist/ema/response.js';
import { measure } from '../../dist/instruments/instruments.js';
import { overSeeds, seedList, SYSTEMS } from './simulate.mjs';
import { figure, shown, table } from './summary.mjs';

/** Limits of η for the affine teacher, from the rows of a seed. */
async function limits(count) {
  const known = { 1: 1.245, 4: 1.697, 8: 1.774, 32: 1.829 };
  const rows = [];
  for (const [batch, expected] of Object.entries(known)) {
    const found = [];
    for (let seed = 1; seed <= count; seed++) {
      const { runs } = await measure({ experiment: 'exp-000a', seed, throttle: ['none'], anchor: ['none'], steps: 1, set: [`experiment.phases.0.batch=${batch}`] });
      found.push(runs[0].limits);
    }
    rows.push([batch, String(expected), shown(found.map(({ meanSquare }) => meanSquare.withReplacement)), shown(found.map(({ gradientDescent }) => gradientDescent)), shown(found.map(({ traceBound }) => traceBound))]);
  }
  return `### Limits of the learning rate

Of the affine teacher (exp-000a), ${count} draws of 1000 rows. Known: 2/λmax = 1.846 for the population, λmax of a draw 1.0837 ± 0.0182; 2/tr = 1.5.

${table(['B', 'mean-square limit, known', 'ours', '2/λmax', '2/tr'], rows)}`;
}

async function gap() {
  const rows = [];
  for (const [label, anchor, set] of [['none', 'none', []], ['ema', 'ema', []], ['elastic, λ = 0.5', 'elastic', []], ['decay, λ = 0.001', 'decay', ['anchor.lambda=0.001']], ['fixed, λ = 0.2', 'fixed', ['anchor.lambda=0.2']]]) {
    for (const profile of ['enabol-wide', 'enabol-tight']) {
      const { runs: [run] } = await measure({ experiment: 'tasks-3', profile, throttle: ['none'], anchor: [anchor], set });
      const sides = profile === 'enabol-wide' ? { float64: run.float, wide: run.fixed } : { tight: run.fixed };
      for (const [side, { stabilityGap: of }] of Object.entries(sides)) rows.push([label, side, ...[of.minAccuracy, of.worstCase, Math.max(...of.windowedForgetting), Math.max(...of.windowedPlasticity)].map(figure)]);
    }
  }
  return `### The stability gap (tasks-3)

Three tasks one after another; a task's "accuracy" is minus its loss. min-ACC: mean over earlier tasks of the worst since they were learned; WC-ACC joins it with the newest task; WF and WP: largest fall and rise within ten evaluations.

${table(['anchor', 'side', 'min-ACC', 'WC-ACC', 'WF', 'WP'], rows)}`;
}

function averages() {
  const { timeConstant, halfLife, settlingRule, cutoffRule, varianceRatio, nyquistGain } = emaResponse(0.01);
  const decibel = 20 * Math.log10(nyquistGain);
  const laws = table(['quantity of β = 0.99', 'known', 'ours'], [
    ['time constant, steps', '100', figure(timeConstant)], ['half-life, steps', '68.97', halfLife.toFixed(2)], ['95 % settling by the rule 3τ, steps', '300', figure(settlingRule)],
    ['−3 dB, cycles a step', '0.0016', figure(cutoffRule)], ['standard deviation of white noise ÷', '14.1', (1 / Math.sqrt(varianceRatio)).toFixed(1)], ['gain at Nyquist, dB', '−46', decibel.toFixed(1).replace('-', '−')],
  ]);
  return laws;
}

async function balance(count) {
  const shares = await filterEmaFloat(Float64Array.from({ length: 400 }, () => 0.002), 0.01, 0.5);
  const constants = table(['steps of a constant share of 0.002, K = 2', 'known', 'ours'], [[1, '0.495020'], [100, '0.184284'], [400, '0.010939']].map(([steps, known]) => [String(steps), known, shares[steps - 1].toFixed(6)]));
  const rows = [];
  for (const law of ['none', 'norms']) {
    const values = await overSeeds({ experiment: 'balance-2', seeds: seedList(count), set: [`experiment.balance.law=${law}`] }, (run) => ({ losses: run.outputLosses, share: run.shares[0] }));
    for (const [index, name] of ['large loss', 'small loss'].entries()) rows.push([`\`${law}\``, name, ...Object.values(values).map((of) => shown(of.map((value) => value?.losses[index])))]);
    if (law === 'norms') rows.push([`\`${law}\``, 'share of the large loss', ...Object.values(values).map((of) => shown(of.map((value) => value?.share)))]);
  }
  return `${constants}
Two losses that share a hidden layer (balance-2), ${count} seeds:

${table(['balance', 'at the end', ...Object.keys(SYSTEMS)], rows)}`;
}


export async function measures(count) {
  return `## Measures of stability

${await limits(Math.min(count, 10))}
${await gap()}
## Moving means and balance

${averages()}
Dead bands and biases of the three fixed-point forms, predicted and measured: [ema.md](ema.md).

${await balance(Math.min(count, 10))}`;
}
