/** Which overflow flags of the hardware would have risen in a run, and when: `hardware.flags` of a profile read against the counters of its sites. */
import { printable } from '../document/show.js';
import type { Counters } from '../format/quantise.js';
import type { Recording } from '../run/pair.js';
import type { RaisedFlag } from '../schema/comparison.js';
import type { Hardware, Profile } from '../schema/profile.js';
import { siteOf } from './stepOrder.js';

export type Flag = NonNullable<Hardware['flags']>[number];
type Counted = Pick<Counters, 'overflowHigh' | 'overflowLow'> & { readonly firstOverflow: { readonly step: number } | undefined };

/**
 * Reads flags against counters. An overflow is one quantisation beyond a rail at one of the flag's sites, in any layer; each is taken to be one cycle.
 *
 * @param sites counters by key; of two sites that overflow first in the same step the one listed first is named
 * @returns for each flag whether, when and where it rose first, the overflows above and below, and what it shows after the run: 1 or 0 (`sticky`: nothing
 *   in a run clears it), overflows modulo 2^bits (`counter`; without `bits` all of them), cycles high (`oneCycle`)
 * @example raisedFlags([{ name: 'Q', kind: 'sticky', sites: ['activation'] }], recording.counters)[0].raised // { step: 21, site: 'layer0.activation' }
 */
export function raisedFlags(flags: readonly Flag[], sites: Readonly<Record<string, Counted>>): RaisedFlag[] {
  return flags.map(({ name, kind, bits, sites: names }) => {
    const watched = Object.entries(sites).filter(([key]) => names.includes(siteOf(key).name));
    const high = watched.reduce((sum, [, { overflowHigh }]) => sum + overflowHigh, 0);
    const low = watched.reduce((sum, [, { overflowLow }]) => sum + overflowLow, 0);
    const overflows = high + low;
    let raised: RaisedFlag['raised'] = null;
    for (const [site, { firstOverflow }] of watched) {
      if (firstOverflow && (raised === null || firstOverflow.step < raised.step)) raised = { step: firstOverflow.step, site };
    }
    const shows = { sticky: Number(overflows > 0), counter: bits === undefined ? overflows : overflows % 2 ** bits, oneCycle: overflows }[kind];
    return { name, kind, ...(kind === 'counter' && bits !== undefined && { bits }), raised, high, low, shows };
  });
}

/** The flags of a profile after a run, as a result has them: nothing where it states none. The targets, which count apart, count too. */
export function flagsOf({ hardware }: Profile, { counters, targetCounters }: Recording): { flags?: RaisedFlag[] } {
  return hardware?.flags && hardware.flags.length > 0 ? { flags: raisedFlags(hardware.flags, { ...counters, ...(targetCounters && { target: targetCounters }) }) } : {};
}

/** One line: `Q set at step 21 by layer0.activation; OVC shows 3 after 67 overflows (6 bits), first at step 21 by layer0.accumulator; V never`. */
export function flagsText(flags: readonly RaisedFlag[]): string {
  return flags.map(({ name: text, kind, bits, raised, high, low, shows }) => {
    const name = printable(text);
    if (raised === null) return `${name} never`;
    const at = `at step ${raised.step} by ${raised.site}`;
    if (kind === 'sticky') return `${name} set ${at}`;
    if (kind === 'oneCycle') return `${name} high for ${shows} cycle${shows === 1 ? '' : 's'}, first ${at}`;
    return `${name} shows ${shows} after ${high + low} overflow${high + low === 1 ? '' : 's'}${bits === undefined ? '' : ` (${bits} bits)`}, first ${at}`;
  }).join('; ');
}
