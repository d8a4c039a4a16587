/** Word lengths as margins: bits taken from the fraction or from the whole part of a site, its followers with it. */
import { prepareFrom, type Documents, type Prepared, type RunOptions } from '../compare/prepare.js';
import { QrailsError } from '../errors.js';
import { formatName } from '../format/format.js';
import { inUse, longest } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import { SITE_NAMES, SITES, siteKey, siteName, type SiteDefinition, type SiteName } from '../site/sites.js';
import { between, type Line } from './bracket.js';
import type { Part } from './registry.js';

/** A site whose format the profile states, or that has a format of its own, in all layers. */
export interface Group {
  readonly name: SiteName;
  /** Sites in use whose formats change with it, because the profile leaves them to a fallback. */
  readonly followers: readonly string[];
  readonly format: string;
  /** Word length of its first layer. */
  readonly wordLength: number;
  /** Line of word lengths of the first layer for one part. */
  readonly line: Line;
  /** Whether the loss that the target sees is rounded here, or at a follower: it is no measure of such a change, outputs are. */
  readonly outputs: boolean;
  /** Assignments that give it another word length. */
  readonly set: (part: Part, wordLength: number) => string[];
}

/** What the target reads its loss off. */
const MEASURES: readonly SiteName[] = ['target', 'error', 'loss'];
const MOST_BITS = 64;
/** Bits taken off, or added, in a scan. */
const SCANNED = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48];

const keysOf = (plan: Plan, name: SiteName): string[] => (SITES[name].perLayer ? plan.layers.map((_, layer) => siteKey(name, layer)) : [name]);

/**
 * The groups of a plan, in the order of the sites of a step.
 *
 * @param options of the run, for the plan of a group one bit shorter: it tells what follows
 */
export async function groupsOf({ profile, dataset, variants }: Prepared, documents: Documents, options: RunOptions): Promise<Group[]> {
  const { plan } = variants[0]!;
  const stated = (profile.sites ?? {}) as Record<string, unknown>;
  const groups: Group[] = [];
  for (const name of SITE_NAMES) {
    const { kind, fallback } = SITES[name] as SiteDefinition;
    const keys = keysOf(plan, name).filter((key) => inUse(plan, key));
    if (kind === 'constant' || keys.length === 0) continue;
    const layered = keys.some((key) => key !== name && stated[key] !== undefined);
    if (!layered && stated[name] === undefined && (fallback === undefined || !/^[su]fix/.test(fallback))) continue;
    const [first] = keys as [string];
    const format = plan.sites[first]!;
    const set = (part: Part, wordLength: number): string[] => {
      const off = format.wordLength - wordLength;
      return (layered ? keys : [first]).flatMap((key) => {
        const own = plan.sites[key]!;
        const path = `profile.sites.${layered ? key : name}`;
        // Both are stated, even one that stays: a fallback may be all there is.
        return off === 0 ? [] : [`${path}.wordLength=${own.wordLength - off}`, `${path}.fractionLength=${own.fractionLength - (part === 'fraction' ? off : 0)}`];
      });
    };
    const shortest = Math.min(...keys.map((key) => plan.sites[key]!.wordLength)) - 2;
    const most = Math.min(MOST_BITS, ...keys.map((key) => longest(key, plan.sites[key]!) - plan.sites[key]!.wordLength));
    const reach = (room: number): number[] => [...SCANNED.filter((bits) => bits < room), ...(room > 0 ? [room] : [])];
    const followers = await followersOf(set('fraction', format.wordLength - 1), set('fraction', format.wordLength + 1), keys);
    groups.push({
      name, followers, format: formatName(format), wordLength: format.wordLength, set,
      outputs: [name, ...followers.map(siteName)].some((changed) => MEASURES.includes(changed)),
      line: { outward: [0, ...reach(shortest)].map((bits) => format.wordLength - bits), inward: reach(most).map((bits) => format.wordLength + bits), between },
    });
  }
  return groups;

  async function followersOf(shorter: readonly string[], longer: readonly string[], own: readonly string[]): Promise<string[]> {
    for (const change of [shorter, longer]) {
      try {
        const { variants: [changed] } = await prepareFrom(documents, { ...options, set: [...(options.set ?? []), ...change] }, dataset);
        return Object.keys(plan.sites).filter((key) => !own.includes(key) && inUse(plan, key) && formatName(changed!.plan.sites[key]!) !== formatName(plan.sites[key]!));
      } catch (error) {
        if (!(error instanceof QrailsError)) throw error; // a change this target does not allow
      }
    }
    return [];
  }
}
