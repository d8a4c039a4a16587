/** 4-8-2 ReLU under a gain of 3: formats by the general rule of the ENABOL path, and those advise proposes for the same requirement. */
import { designOf } from '../../dist/advise/design.js';
import { openLab } from '../../dist/advise/evaluate.js';
import { openSetup } from '../../dist/advise/setup.js';
import { advise, prepare, validateProfile } from '../../dist/index.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { table } from '../page.mjs';

const SEEDS = 3;
/** What the rule is about. */
const STEP = ['input', 'accumulator', 'activation', 'error', 'gradientAccumulator', 'gradient', 'update', 'weight', 'bias'];
const RUN = { experiment: 'relu-4-8-2', throttle: ['none'], anchor: ['none'], set: ['sensor.gain[0].value=3'] };

/** ap_fixed<W, I> of weights and inputs to all sites: activation (W, I+2), gradient (W+4, I+2), update (W+4, I), accumulator (W+12, I+8), loss (2W, I+10). */
const ruled = (W, I) => {
  const site = (wordLength, whole) => ({ wordLength, fractionLength: wordLength - whole, source: 'general rule of the ENABOL path' });
  return {
    name: `rule-${W}-${I}`, defaults: { rounding: 'RND', overflow: 'SAT' },
    sites: {
      input: site(W, I), weight: site(W, I), activation: site(W, I + 2), gradient: site(W + 4, I + 2), update: site(W + 4, I), accumulator: site(W + 12, I + 8), loss: site(2 * W, I + 10),
    },
    accumulate: { accumulator: 'each', gradientAccumulator: 'end' }, batch: { division: 'exact', sizes: 'any' },
  };
};

/** The page's block. */
export async function byRule() {
  const folder = mkdtempSync(join(tmpdir(), 'qrails-rule-'));
  try {
    const lab = async (path) => openLab({
      setup: await openSetup({ ...RUN, profile: path, stresses: [undefined], seeds: Array.from({ length: SEEDS }, (_, k) => 42 + k) }), requirement: { survive: 1 },
    });
    let rule;
    for (let W = 10; W <= 28 && !rule; W++) {
      for (let I = 2; I <= 6; I++) {
        const path = join(folder, `rule-${W}-${I}.json`);
        writeFileSync(path, JSON.stringify(await validateProfile(ruled(W, I), path)));
        const advice = await (await lab(path)).evaluate({}, true);
        if (!advice.ok) continue;
        rule = { W, I, path };
        break;
      }
    }
    if (!rule) return 'No W up to 28 and I from 2 to 6 survives.\n';
    const advice = await advise({ ...RUN, profile: rule.path, sites: STEP, seeds: SEEDS });
    const { variants: [{ plan }] } = await prepare({ ...RUN, profile: rule.path });
    const given = designOf(plan, advice.evidence.sites.map(({ key }) => key));
    const format = ({ whole, fraction }) => `ap_fixed<${whole + fraction},${whole}>`;
    return `The cheapest rule that survives is ap_fixed<${rule.W},${rule.I}>: ${advice.cost.given} bits. Proposed: ${advice.cost.proposal} bits, ${Math.round(100 * (1 - advice.cost.proposal / advice.cost.given))} % less.\n\n`
      + table(['site', 'rule', 'proposed'], advice.evidence.sites.map(({ key, format: proposed }) => [key, format(given[key]), proposed]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
