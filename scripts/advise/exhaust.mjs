/** The cheapest formats of a few sites by trying all, and what advise proposes for the same. */
import { bitsOf } from '../../dist/advise/cost.js';
import { openLab } from '../../dist/advise/evaluate.js';
import { openSetup } from '../../dist/advise/setup.js';
import { wholeBits } from '../../dist/advise/search.js';
import { advise } from '../../dist/index.js';

/**
 * Small problems: a learner, a target, and the sites whose formats are free; all others are the target's. The requirement is that every seed survives,
 * and where it is named, a largest median loss.
 */
export const PROBLEMS = [
  { experiment: 'exp-000a', profile: 'enabol-mid', throttle: 'none', sites: ['weight'] },
  { experiment: 'exp-000a', profile: 'enabol-mid', throttle: 'none', sites: ['weight', 'update'] },
  { experiment: 'exp-000a', profile: 'enabol-mid', throttle: 'none', sites: ['activation', 'weight'], maxLoss: 0.01 },
  { experiment: 'exp-000a', profile: 'enabol-wide', throttle: 'none', sites: ['gradient', 'update'], maxLoss: 0.002 },
  { experiment: 'exp-000c', profile: 'enabol-mid', throttle: 'gt0/secant', sites: ['weight', 'update'] },
  { experiment: 'exp-000c', profile: 'enabol-mid', throttle: 'gt0/secant', sites: ['input', 'activation'], maxLoss: 0.01 },
  { experiment: 'exp-000c', profile: 'enabol-mid', throttle: 'gt0/trace', sites: ['gradient', 'weight'], maxLoss: 0.01 },
  { experiment: 'exp-000c', profile: 'enabol-wide', throttle: 'gt0/secant', sites: ['accumulator', 'weight'] },
  { experiment: 'exp-000c', profile: 'enabol-wide', throttle: 'table', sites: ['error', 'gradient'] },
  { experiment: 'exp-000b', profile: 'enabol-wide', throttle: 'gt0/trace', sites: ['update', 'weight'] },
  { experiment: 'stress-gain', profile: 'enabol-mid', throttle: 'gt0/secant', sites: ['gradient', 'weight'] },
  { experiment: 'exp-000c', profile: 'enabol-mid', throttle: 'gt0/secant', sites: ['activation', 'update', 'weight'], maxLoss: 0.01 },
];
const SEEDS = 2;
/** Integer bits beyond what the values take, and fraction bits around the fewest a site could do with, that are tried. */
const WHOLE = 1;
const BELOW = 5;
const ABOVE = 4;

/** What advise proposes for a problem, and the cheapest of all formats around it. */
export async function exhaust(problem) {
  const { experiment, profile, throttle, sites, maxLoss } = problem;
  const run = { experiment, profile, throttle: [throttle], anchor: ['none'] };
  const advice = await advise({ ...run, sites, maxLoss, seeds: SEEDS });
  const setup = await openSetup({ ...run, stresses: [undefined], seeds: advice.plan.seeds });
  const lab = await openLab({ setup, requirement: { survive: 1, maxLoss } });
  let least = Infinity;
  let designs = 0;
  const walk = async (rest, design) => {
    // A design that cannot be cheaper than the cheapest found need not be run.
    if (bitsOf(design) + rest.reduce((sum, { bounds: { measured }, leastFraction }) => sum + wholeBits(measured) + leastFraction - BELOW, 0) >= least) return;
    if (rest.length === 0) {
      designs++;
      if ((await lab.evaluate(design)).ok) least = bitsOf(design);
      return;
    }
    const [{ key, bounds: { measured }, leastFraction }, ...others] = rest;
    for (let whole = wholeBits(measured); whole <= wholeBits(measured) + WHOLE; whole++) {
      for (let fraction = leastFraction - BELOW; fraction <= leastFraction + ABOVE; fraction++) if (whole + fraction >= 2) await walk(others, { ...design, [key]: { whole, fraction } });
    }
  };
  await walk(advice.evidence.sites, {});
  return { problem, proposed: advice.cost.proposal, least, designs, tried: advice.evidence.tried[0].runs };
}
