/** What differs between two profiles, and what that changes: ranges, resolutions, guard bits, roundings, overflows. */
import { isDeepStrictEqual } from 'node:util';
import { ANCHOR_PARAMETERS } from '../control/registry.js';
import { formatName } from '../format/format.js';
import { OVERFLOW, ROUNDING } from '../format/modes.js';
import { endRails } from '../format/quantise.js';
import { toDouble } from '../format/real.js';
import { resolveFormats } from '../plan/formats.js';
import type { SiteFormat } from '../schema/plan.js';
import type { Hardware, Profile } from '../schema/profile.js';
import type { DataPath, PathEdge, PathNode, ProfileDiff, ProfileDifference, ViewDimensions } from '../schema/profileViews.js';
import { siteKeys } from '../site/sites.js';
import { explainProfile, VIEW_DIMENSIONS } from './explain.js';
import { railsOf } from './explainInterval.js';
import { biasText, number, ON_OVERFLOW, shiftText, span } from './explainPicture.js';
import { dividerText, whenQuantised } from './explainRules.js';
import { rulesOf, type ProfileRules } from './rules.js';

/** One profile as everything else here sees it. */
interface Side {
  readonly profile: Profile;
  readonly formats: Record<string, SiteFormat>;
  readonly path: DataPath;
  readonly rules: ProfileRules;
}

/**
 * What differs between two profiles once everything they extend and leave to fallbacks is resolved for one network, and what that changes.
 * Names, sources, texts and what they leave out are not compared.
 *
 * @param dimensions network they are compared on; default one layer of 16 inputs and a batch of 1
 * @throws QrailsError `format` where a resolved word length or rail cannot exist
 * @example diffProfiles(mid, tight).sites.map(({ at, effects }) => [at, ...effects])
 */
export function diffProfiles(first: Profile, second: Profile, dimensions: Partial<ViewDimensions> = {}): ProfileDiff {
  const sizes = { ...VIEW_DIMENSIONS, ...dimensions };
  const side = (profile: Profile): Side => ({
    profile, rules: rulesOf(profile), path: explainProfile(profile, sizes),
    formats: resolveFormats(profile, { layers: sizes.layers, batch: sizes.batch, calibration: ANCHOR_PARAMETERS.calibration.default }, profile.name),
  });
  const [a, b] = [side(first), side(second)];
  const sites = siteKeys(sizes.layers).flatMap((key) => siteDifference(key, a, b) ?? []);
  const rules = ruleDifferences(a.rules, b.rules, sizes);
  return {
    diff: 1, a: first.name, b: second.name, dimensions: sizes,
    equal: isDeepStrictEqual(a.formats, b.formats) && isDeepStrictEqual(a.rules, b.rules),
    sites, rules, hardware: hardwareDifferences(a, b), modes: modesOf(a.formats, b.formats),
  };
}

/** `sfix16_En15 RND SAT`, with rails of its own and saturated bits where it has them. */
function formatText(format: SiteFormat | undefined): string | null {
  if (!format) return null;
  const { rounding, overflow, saturatedBits, rails } = format;
  const tight = String(rails) !== String(endRails(format)) ? `, rails ${span(railsOf(format).map(toDouble) as [number, number])}` : '';
  return `${formatName(format)} ${rounding} ${overflow}${saturatedBits ? ` n ${saturatedBits}` : ''}${tight}`;
}

function siteDifference(key: string, a: Side, b: Side): ProfileDifference | undefined {
  const [from, to] = [a.formats[key], b.formats[key]];
  const effects = [...(from && to ? formatEffects(key, from, to) : presence(from, to)), ...pathEffects(key, a, b)];
  const [before, after] = [formatText(from), formatText(to)];
  return before === after && effects.length === 0 ? undefined : { at: key, a: before, b: after, effects };
}

function presence(from: SiteFormat | undefined, to: SiteFormat | undefined): string[] {
  if (!from && to) return ['a rounding point that was not there: the exact value is rounded before it goes on'];
  return from && !to ? ['no rounding point any more: the exact value goes on'] : [];
}

/** What another format changes, whatever comes in. */
function formatEffects(key: string, from: SiteFormat, to: SiteFormat): string[] {
  const effects: string[] = [];
  const ranges = [from, to].map((format) => railsOf(format).map(toDouble) as [number, number]);
  const [before, after] = ranges.map(([low, high]) => Math.max(-low, high)) as [number, number];
  const ratio = after / before;
  const alike = ranges[0]!.every((end, side) => Math.abs(end - ranges[1]![side]!) <= 2 ** -Math.min(from.fractionLength, to.fractionLength));
  if (!alike) {
    const times = Number((ratio >= 1 ? ratio : 1 / ratio).toPrecision(3));
    effects.push(`${times === 1 ? 'range' : ratio > 1 ? `${number(times)} times the range` : `1/${number(times)} of the range`}: ${span(ranges[0]!)} → ${span(ranges[1]!)}`);
  }
  const finer = to.fractionLength - from.fractionLength;
  if (finer !== 0) {
    const bits = `${Math.abs(finer)} ${Math.abs(finer) === 1 ? 'bit' : 'bits'}`;
    effects.push(`${bits} ${finer > 0 ? 'finer' : 'coarser'}: a last place is 2^${-from.fractionLength} → 2^${-to.fractionLength}`);
  }
  if (from.rounding !== to.rounding) effects.push(key === 'norm' ? 'its rounding mode does not show: it takes the floor' : `rounds ${to.rounding} instead of ${from.rounding}`);
  if (from.overflow !== to.overflow) effects.push(`what does not fit is made to ${ON_OVERFLOW[to.overflow]} instead of to ${ON_OVERFLOW[from.overflow]}`);
  if (from.saturatedBits !== to.saturatedBits) effects.push(`saturated bits of an overflow: ${from.saturatedBits ?? 0} → ${to.saturatedBits ?? 0}`);
  return effects;
}

const edgeInto = ({ path }: Side, key: string): PathEdge | undefined => path.edges.find(({ to, kind }) => to === key && kind === 'rounding');
const nodeOf = ({ path }: Side, id: string): PathNode | undefined => path.nodes.find((node) => node.id === id);

/** What changes where a value enters a site: its shift, its bias, whether it can overflow, what a sum holds. */
function pathEffects(key: string, a: Side, b: Side): string[] {
  const effects: string[] = [];
  const changed = (text: (side: Side) => string | undefined, say: (before: string, after: string) => string): void => {
    const [before, after] = [text(a), text(b)];
    if (before !== undefined && after !== undefined && before !== after) effects.push(say(before, after));
  };
  changed((side) => guard(nodeOf(side, key)), (before, after) => `guard bits: ${before} → ${after}`);
  changed((side) => held(nodeOf(side, key)), (before, after) => `full-scale products before it overflows: ${before} → ${after}`);
  changed((side) => shifted(edgeInto(side, key)), (before, after) => `shift on the way in: ${before} → ${after}`);
  changed((side) => drift(edgeInto(side, key)), (before, after) => `bias of the rounding: ${before} → ${after}`);
  changed((side) => edgeInto(side, key)?.lost, (before, after) => `${before} → ${after}`);
  changed((side) => spills(edgeInto(side, key)), (before, after) => `full-scale operands: ${before} → ${after}`);
  return effects;
}

const guard = (node: PathNode | undefined): string | undefined => node?.accumulator && String(node.accumulator.guardBits);
const held = (node: PathNode | undefined): string | undefined => node?.accumulator && (node.accumulator.fullScaleProducts ?? 'any number');
const shifted = (edge: PathEdge | undefined): string | undefined => edge && shiftText(edge).split(' · ')[0]!.replace('\u00a0', ' ');
function drift(edge: PathEdge | undefined): string | undefined {
  if (edge?.bias === undefined) return undefined;
  const text = edge.exact ? undefined : biasText(edge.bias);
  return text === undefined ? 'none' : `${text}${edge.times! > 1 ? `, ${edge.times} times` : ''}`;
}
const spills = (edge: PathEdge | undefined): string | undefined => edge && (edge.overflows ? `can ${ON_OVERFLOW[edge.overflow!]}` : 'cannot overflow');

function ruleDifferences(a: ProfileRules, b: ProfileRules, { inputs, batch }: ViewDimensions): ProfileDifference[] {
  const rules: [at: string, text: (rules: ProfileRules) => string, effects: () => string[]][] = [
    ['accumulate.accumulator', ({ accumulator }) => String(accumulator), () => [quantisedEffect(a.accumulator, b.accumulator, inputs, 'forward sum')]],
    ['accumulate.gradientAccumulator', ({ gradientAccumulator }) => String(gradientAccumulator), () => [quantisedEffect(a.gradientAccumulator, b.gradientAccumulator, batch, 'gradient sum')]],
    ['accumulate.order', ({ order }) => order, () => ['shows only where a sum rounds or overflows on the way']],
    ['divide', ({ divider, dividerBits }) => `${divider}${dividerBits === undefined ? '' : ` ${dividerBits}`}`, () => [`${dividerText(a)} → ${dividerText(b)}`]],
    ['batch.division', ({ batchDivision }) => batchDivision, () => [Number.isInteger(Math.log2(batch)) ? `no difference for a batch of ${batch}: every rule shifts where it is a power of two` : `the mean over a batch of ${batch} is taken in another way`]],
    ['batch.sizes', ({ batchSizes }) => batchSizes, () => [`batches it runs: ${b.batchSizes === 'any' ? 'any' : b.batchSizes === 'one' ? '1 only' : 'powers of two only'}`]],
  ];
  return rules.flatMap(([at, text, effects]) => (text(a) === text(b) ? [] : [{ at, a: text(a), b: text(b), effects: effects() }]));
}

function quantisedEffect(from: ProfileRules['accumulator'], to: ProfileRules['accumulator'], products: number, what: string): string {
  return `a ${what} of ${products} ${products === 1 ? 'product' : 'products'} is quantised ${whenQuantised(to)}, was ${whenQuantised(from)}`;
}

function hardwareDifferences(a: Side, b: Side): ProfileDifference[] {
  const parts: [keyof Hardware, (hardware: Hardware) => string | null, string[]][] = [
    ['multiplier', ({ multiplier: m }) => (m ? `${m.operands.join(' × ')} bits, ${m.product} kept` : null), passEffects(a, b)],
    ['accumulator', ({ accumulator }) => (accumulator ? `${accumulator.wordLength} bits` : null), []],
    ['shift', ({ shift }) => (shift ? `${shift.right}${shift.most === undefined ? '' : `, at most ${shift.most}`}` : null), []],
    ['flags', ({ flags }) => (flags ? flags.map(({ name, kind, bits, sites }) => `${name} (${kind}${bits === undefined ? '' : ` of ${bits} bits`}): ${sites.join(', ')}`).join('; ') || 'none' : null), []],
  ];
  const [before, after] = [a, b].map(({ profile }) => profile.hardware ?? {}) as [Hardware, Hardware];
  return parts.flatMap(([part, text, effects]) => {
    const [from, to] = [text(before), text(after)];
    return from === to && effects.length === 0 ? [] : [{ at: `hardware.${part}`, a: from, b: to, effects }];
  });
}

/** Products that take another number of passes through the multiplier. */
function passEffects(a: Side, b: Side): string[] {
  return a.path.nodes.flatMap(({ id, multiplier }) => {
    const [before, after] = [multiplier?.passes, nodeOf(b, id)?.multiplier?.passes];
    return before == null || after == null || before === after ? [] : [`${id}: ${before} → ${after} passes`];
  });
}

/** Modes that one of two sites has and the other has not. */
function modesOf(a: Side['formats'], b: Side['formats']): ProfileDiff['modes'] {
  const about: Record<string, { about: string }> = { ...ROUNDING, ...OVERFLOW };
  const modes = new Set<string>();
  for (const [key, from] of Object.entries(a)) {
    const to = b[key];
    for (const mode of ['rounding', 'overflow'] as const) if (to && from[mode] !== to[mode]) modes.add(from[mode]).add(to[mode]);
  }
  return Object.keys(about).filter((mode) => modes.has(mode)).map((mode) => ({ mode, about: about[mode]!.about }));
}
