// §3 of the laws: the precision maps, and the stress families on them.
import { FLOAT, overSeeds, seedList, SYSTEMS } from './simulate.mjs';
import { percent, shown, table } from './summary.mjs';

const overflowShare = (counters, site) => (counters[site] ? (counters[site].overflowHigh + counters[site].overflowLow) / counters[site].count : 0);

export async function precision(count) {
  const seeds = seedList(count);
  const rows = [];
  for (const throttle of ['none', 'gt0/secant']) {
    const values = await overSeeds({ experiment: 'exp-000c', throttle, seeds, systems: SYSTEMS }, (run) => ({
      final: run.finalLoss, gradient: overflowShare(run.counters, 'layer0.gradient'), still: run.flags.slice(-20).filter((flags) => (flags & 1) !== 0).length / 20,
    }));
    const each = (key, show) => Object.entries(values).map(([system, of]) => (system === 'float64' && key !== 'final' ? '—' : show(of.map((value) => value?.[key]))));
    const middle = (all) => percent([...all].sort((a, b) => a - b)[all.length >> 1]);
    rows.push([`\`${throttle}\``, 'final loss', ...each('final', shown)], [`\`${throttle}\``, 'gradients on their rails', ...each('gradient', middle)], [`\`${throttle}\``, 'stalled steps of the last 20', ...each('still', middle)]);
  }
  const sums = [];
  for (const [name, set] of [['⌈log2 B⌉ more integer bits (the default)', []], ["the accumulator's own width", ['profile.sites.gradientAccumulator.wordLength=14', 'profile.sites.gradientAccumulator.fractionLength=8']]]) {
    const { tight } = await overSeeds({ experiment: 'exp-000c', throttle: 'gt0/secant', set, seeds, systems: { tight: SYSTEMS.tight } }, (run) => ({ share: overflowShare(run.counters, 'layer0.gradientAccumulator'), final: run.finalLoss }));
    sums.push([name, shown(tight.map(({ share }) => 100 * share)), shown(tight.map(({ final }) => final))]);
  }
  const nominal = await overSeeds({ experiment: 'relu-4-8-2', throttle: 'none', seeds: seeds.slice(0, 10), systems: { ...FLOAT, wide: SYSTEMS.wide, mid: SYSTEMS.mid, tight: SYSTEMS.tight } }, (run) => run.finalLoss);
  return `## Precision maps

Under gain drift (exp-000c). Wide follows float64; tight without a throttle cycles with its gradient on the rails; tight with a throttle converges to the floor of its dead zone.

${table(['throttle', 'measure', 'float64', 'wide', 'mid', 'tight'], rows)}
The sum of a batch needs room: with B = 1000 and the accumulator's own 14 bits TIGHT saturates it most of the time (known: 92 %).

${table(['gradient accumulator of TIGHT', 'saturated, %', 'final loss'], sums)}
Two layers (relu-4-8-2, γ = 1, no offset), final loss: float64 ${shown(nominal.float64)}, wide ${shown(nominal.wide)}, mid ${shown(nominal.mid)}, tight ${shown(nominal.tight)}.
With η = 0.01 and B = 16 most updates are below a last place of the coarser formats: small rates with a coarse update stall.
The stability map over η and γ is [a page of its own](map.md).

`;
}
