/** The proposal as a profile: the target with the proposed formats, each with its reason. */
import { siteName } from '../site/sites.js';
import { hashJson } from '../plan/hash.js';
import type { Advice, AdviceSite } from '../schema/advice.js';
import type { Plan } from '../schema/plan.js';
import type { Profile, ProfileSite } from '../schema/profile.js';
import { profileWith, type Design, type Modes } from './design.js';
import type { Lab } from './evaluate.js';
import { planOf } from './scenario.js';

export function proposalOf(profile: Profile, design: Design, plan: Plan, sites: readonly AdviceSite[], modes: Modes): NonNullable<Advice['proposal']> {
  const layers = plan.layers.length;
  const { extends: _, ...proposed } = profileWith(profile, design, layers, modes);
  const reasoned = { ...proposed.sites } as Record<string, ProfileSite>;
  for (const { key, why } of sites) {
    const place = layers === 1 ? siteName(key) : key;
    reasoned[place] = { ...reasoned[place], source: `qrails advise: ${why}` };
  }
  return {
    ...proposed, name: `${profile.name}-advised`.slice(0, 64), title: `${profile.title ?? profile.name}, formats as advised`.slice(0, 200), sites: reasoned,
    about: `Formats that qrails advise proposes for plan ${hashJson(plan).slice(0, 8)} in place of those of ${profile.name}.`,
  };
}

/**
 * Holds a proposal to what was run: in every scenario the profile as it is printed makes the plan that met the requirement.
 *
 * @throws Error where it does not, or where that plan stalls, overflows or falls short: a bug
 */
export async function checkProposal({ setup, evaluate }: Lab, proposal: Profile, design: Design, modes: Modes): Promise<void> {
  const { ok, stalls, overflows } = await evaluate(design, true, modes);
  if (!ok || stalls > 0 || Object.keys(overflows).length > 0) throw new Error(`the proposal ${stalls > 0 ? 'stalls' : ok ? 'overflows' : 'falls short'}`);
  for (const scenario of setup.scenarios) {
    const { documents } = scenario;
    const printed = await planOf(setup, { ...scenario, documents: { ...documents, profile: { ...documents.profile, value: proposal } } }, {});
    if (hashJson(printed) !== hashJson(await planOf(setup, scenario, design, modes))) throw new Error(`the proposal as a profile is another plan under seed ${scenario.seed}`);
  }
}
