/** Any point of a front as a profile. */
import { siteName } from '../site/sites.js';
import { QrailsError } from '../errors.js';
import type { Advice } from '../schema/advice.js';
import type { Profile, ProfileSite } from '../schema/profile.js';

/**
 * The profile of one point of the front: the proposal with that point's formats.
 *
 * @param index 0 is the cheapest
 * @throws QrailsError `usage` where there is no such point
 * @example profileAt(advice, advice.front.findIndex(({ knee }) => knee))
 */
export function profileAt({ proposal, front }: Advice, index: number): Profile {
  const point = front[index];
  if (!proposal || !point) throw new QrailsError({ code: 'usage', where: '--point', message: 'the front has no such point', found: String(index), expected: front.length > 0 && proposal ? `0 to ${front.length - 1}` : 'a front' });
  const layered = Object.keys(point.formats).some((key) => /^layer[1-9]/.test(key));
  const sites = { ...proposal.sites } as Record<string, ProfileSite>;
  for (const [key, format] of Object.entries(point.formats)) {
    const place = layered ? key : siteName(key);
    sites[place] = { ...sites[place], ...format, source: `qrails advise: point ${index} of the front, ${point.cost} in cost` };
  }
  return { ...proposal, sites: sites };
}
