/** Other rounding and overflow modes for a proposal: at each site the first of a list with which it still does. */
import type { Overflow, Rounding } from '../format/modes.js';
import type { Plan } from '../schema/plan.js';
import type { Design, Modes } from './design.js';
import type { Lab } from './evaluate.js';

export interface Choices {
  /** Cheapest first. */
  readonly roundings?: readonly Rounding[] | undefined;
  readonly overflows?: readonly Overflow[] | undefined;
}

/** One site after the other; where none of a list does, the target's own mode stays. */
export async function chooseModes(lab: Lab, design: Design, plan: Plan, { roundings, overflows }: Choices): Promise<Modes> {
  let modes: Modes = {};
  for (const key of Object.keys(design)) {
    for (const rounding of roundings ?? []) if (await take(key, { rounding })) break;
    for (const overflow of overflows ?? []) if (await take(key, { overflow })) break;
  }
  return modes;

  /** Whether the proposal does with a mode at a site. */
  async function take(key: string, mode: { readonly rounding: Rounding } | { readonly overflow: Overflow }): Promise<boolean> {
    const own = plan.sites[key]!;
    if (Object.entries(mode).every(([name, value]) => own[name as 'rounding' | 'overflow'] === value)) return true;
    const next: Modes = { ...modes, [key]: { ...modes[key], ...mode } };
    if (!(await lab.evaluate(design, false, next)).ok) return false;
    modes = next;
    return true;
  }
}
