/** The constants that the moving mean and the table throttle work with: those of the plan, or where its law reads none the defaults. */
import { THROTTLE_PARAMETERS } from '../../control/registry.js';
import { quantise } from '../../format/quantise.js';
import { parseReal } from '../../format/real.js';
import type { Plan } from '../../schema/plan.js';
import { formatAt } from '../cSites.js';

export interface ControllerConstants {
  readonly rho: bigint;
  readonly chi: bigint;
  readonly firstAlpha: bigint;
}

/** Raws at `meanRate`, `throttleTarget` and `throttle`. */
export function constantsOf(plan: Plan): ControllerConstants {
  const raw = (name: keyof ControllerConstants): bigint => {
    const stated = plan.throttle[name];
    const { site, default: value } = THROTTLE_PARAMETERS[name];
    return stated === undefined ? quantise(parseReal(value), formatAt(plan, site)).raw : BigInt(stated.raw);
  };
  return { rho: raw('rho'), chi: raw('chi'), firstAlpha: raw('firstAlpha') };
}
