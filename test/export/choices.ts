/** Which controllers meet in a test: all of them, and the pairs that share code or state. */
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES, type AnchorLaw, type SupervisorLaw } from '../../src/control/registry.js';
import { FULL } from '../oracles/tool.js';

export interface Choice {
  readonly throttle: string;
  readonly anchor: AnchorLaw;
  readonly supervisor: SupervisorLaw;
}

const supervisors = (index: number): SupervisorLaw => SUPERVISOR_NAMES[index % SUPERVISOR_NAMES.length]!;

/** Every throttle, and every pair of anchor and supervisor. */
const SOME: readonly Choice[] = Array.from({ length: Math.max(THROTTLE_NAMES.length, ANCHOR_NAMES.length * SUPERVISOR_NAMES.length) }, (_, k) => ({
  throttle: THROTTLE_NAMES[k % THROTTLE_NAMES.length]!, anchor: ANCHOR_NAMES[k % ANCHOR_NAMES.length]!, supervisor: supervisors(Math.floor(k / ANCHOR_NAMES.length)),
}));

/** Every throttle with every anchor, supervisors in turn. */
const ALL: readonly Choice[] = THROTTLE_NAMES.flatMap((throttle, t) => ANCHOR_NAMES.map((anchor, a) => ({ throttle, anchor, supervisor: supervisors(t + a) })));

export const CHOICES = FULL ? ALL : SOME;
