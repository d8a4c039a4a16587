/** What a design costs: bits of its words, passes of the target's multiplier, or memory. From the cost model of `qrails cost`. */
import { cost } from '../cost/cost.js';
import { QrailsError } from '../errors.js';
import type { Plan } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import type { Design } from './design.js';

export const ADVISE_COSTS = {
  bits: 'word lengths of the proposed sites, added up',
  memory: 'bits of parameters, state and working arrays (qrails cost)',
  multipliers: "products a step, each as many as it takes of the target's multiplier (qrails cost)",
} as const;
export type AdviseCost = keyof typeof ADVISE_COSTS;
export const ADVISE_COST_NAMES = Object.keys(ADVISE_COSTS) as AdviseCost[];

export const bitsOf = (design: Design): number => Object.values(design).reduce((sum, { whole, fraction }) => sum + whole + fraction, 0);

/** The unit of a cost is one of its own; bits settle ties. */
const TIE = 2 ** -20;

/**
 * @param planOf makes the plan of a design
 * @throws QrailsError `usage` for multipliers on a target that names none
 */
export function costOf(kind: AdviseCost, profile: Profile, planOf: (design: Design) => Promise<Plan>): (design: Design) => Promise<number> {
  if (kind === 'bits') return (design) => Promise.resolve(bitsOf(design));
  if (kind === 'multipliers' && profile.hardware?.multiplier === undefined) {
    throw new QrailsError({ code: 'usage', where: '--cost', message: `${profile.name} names no multiplier`, found: kind, expected: 'a target with hardware.multiplier, or another cost', try: '--cost bits' });
  }
  return async (design) => {
    const { memory, passes } = cost(await planOf(design), profile);
    return (kind === 'memory' ? memory.ram.bits + memory.flash.bits : passes!) + TIE * bitsOf(design);
  };
}
