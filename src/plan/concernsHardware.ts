/** Formats that ask for more than the silicon has: the multiplier, the widest register for sums, the right shift. */
import { formatName } from '../format/format.js';
import type { Plan, SiteFormat } from '../schema/plan.js';
import type { Profile } from '../schema/profile.js';
import { siteKey, siteKeys, siteName, SITES, type SiteName } from '../site/sites.js';
import { alignPlan } from './alignment.js';
import { alphaVaries, bitsOf, counted, fedBy, inUse, longest, option, options, products, reformatted, spanOf, type Examined, type Report } from './concernsExact.js';
import { forwardSum, gradientSums, type Sum } from './concernsSums.js';

interface Product {
  readonly keys: readonly [string, string];
  /** Site at which the target may round it before it is added; the others are rounded at once where they go. */
  readonly site?: string;
}

/** Every product of a step by its operands. */
function productsOf(plan: Plan): Product[] {
  return plan.layers.flatMap((_, layer): Product[] => [
    { keys: [siteKey('weight', layer), fedBy(plan, layer).key], site: siteKey('product', layer) },
    { keys: [siteKey('error', layer), fedBy(plan, layer).key], site: siteKey('gradientProduct', layer) },
    ...(layer < plan.layers.length - 1 ? [{ keys: [siteKey('weight', layer + 1), siteKey('error', layer + 1)] as const }] : []),
    { keys: ['rate', siteKey('gradient', layer)] },
  ]);
}

export function examineHardware(examined: Examined, report: Report): void {
  const { hardware } = examined.profile;
  if (hardware?.multiplier) reportMultiplier(examined, hardware.multiplier, report);
  if (hardware?.accumulator) reportAccumulator(examined, hardware.accumulator.wordLength, report);
  if (hardware?.shift) reportShifts(examined, hardware.shift, report);
}

/** Options for another word length at the cost, or to the good, of the fraction: whole numbers stay. */
function resized(profile: Profile, key: string, format: SiteFormat, wordLength: number, bits = wordLength - format.wordLength): string {
  return options(profile, key, format, reformatted(format, { wordLength, fractionLength: format.fractionLength + bits }));
}

type Multiplier = NonNullable<NonNullable<Examined['profile']['hardware']>['multiplier']>;

function reportMultiplier({ plan, profile }: Examined, { operands, product }: Multiplier, report: Report): void {
  const ascending = operands.toSorted((a, b) => a - b) as [number, number];
  for (const { keys, site } of productsOf(plan)) {
    const formats = keys.map((key) => plan.sites[key]!) as [SiteFormat, SiteFormat];
    const order = formats[0].wordLength <= formats[1].wordLength ? ([0, 1] as const) : ([1, 0] as const);
    const tooWide = order.filter((operand, place) => formats[operand].wordLength > ascending[place]!);
    const named = keys.map((key, operand) => `${key} (${formats[operand]!.wordLength} bits)`).join(' × ');
    if (tooWide.length > 0) {
      const widest = tooWide.at(-1)!;
      report({
        code: 'multiplier-operands', severity: 'note', where: keys[widest], message: 'needs more than one multiplication: an operand is wider than the multiplier takes',
        found: named, expected: `${ascending.join(' × ')} bits`,
        try: tooWide.map((operand) => resized(profile, keys[operand], formats[operand], ascending[order.indexOf(operand)]!)).join(' '),
      });
      continue;
    }
    const bits = bitsOf(products(spanOf(formats[0]), spanOf(formats[1])), formats[0].signed || formats[1].signed);
    const stated = site === undefined ? undefined : plan.sites[site];
    const kept = stated?.wordLength ?? bits;
    if (site === undefined || kept <= product) continue;
    const fraction = (stated?.fractionLength ?? formats[0].fractionLength + formats[1].fractionLength) - (kept - product);
    report({
      code: 'multiplier-product', severity: 'warning', where: site,
      message: stated ? 'keeps more bits of a product than the multiplier gives' : 'products are exact here, but the multiplier drops bits of them',
      found: `${kept} bits of ${named}`, expected: `at most ${product} bits`,
      try: `${option(profile, site, 'wordLength', product)} ${option(profile, site, 'fractionLength', fraction)}`,
    });
  }
}

/** Bits of what is added exactly between two quantisations, and of the running sum beside it. */
function exactBits({ format, term, fractionLength, count, group, last }: Sum): number {
  const finest = Math.max(format.fractionLength, fractionLength, last?.fractionLength ?? fractionLength);
  const running = format.wordLength + finest - format.fractionLength;
  // Whether it wraps once or on the way is the same where no fraction is dropped.
  if (finest === format.fractionLength && format.overflow === 'WRAP' && !format.saturatedBits) return running;
  const terms = BigInt(group === 0 ? count : Math.min(count, group));
  const end = (side: 0 | 1): bigint => ((term[side] * terms) << BigInt(finest - fractionLength)) + (group === 0 && last ? last.span[side] << BigInt(finest - last.fractionLength) : 0n);
  return Math.max(bitsOf([end(0), end(1)], format.signed), group > 0 && count > group ? running : 0);
}

function reportAccumulator({ plan, profile }: Examined, most: number, report: Report): void {
  const sums = new Map(plan.layers.flatMap((_, layer) => [forwardSum(plan, layer), gradientSums(plan, layer)[0]!]).map((sum) => [sum.key, sum]));
  for (const key of siteKeys(plan.layers.length)) {
    const name = siteName(key);
    if ((SITES[name].kind !== 'accumulator' && name !== 'squaredNorm') || !inUse(plan, key)) continue;
    const { wordLength } = plan.sites[key]!;
    const sum = sums.get(key);
    // What is quantised after each product is added to one product at a time.
    const exact = sum && sum.group !== 1 ? exactBits(sum) : 0;
    if (wordLength <= most && exact <= most) continue;
    const added = sum && (sum.group === 0 ? sum.count : Math.min(sum.group, sum.count));
    report({
      code: 'accumulator-width', severity: 'note', where: key,
      message: exact > most ? `${counted(added!, 'product')} added exactly before rounding need more than one register` : 'is kept in more than one register',
      found: exact > most ? `${exact} bits at worst` : `${wordLength} bits`, expected: `at most ${most} bits`,
      try: [...(wordLength > most ? [resized(profile, key, plan.sites[key]!, most)] : []), ...(exact > most ? [`--set profile.accumulate.${name}=each`] : [])].join(' '),
    });
  }
}

type Shift = NonNullable<NonNullable<Examined['profile']['hardware']>['shift']>;

/** Rounded by the host, by the rule of the site alone, or as a quotient: no shift. */
const NO_SHIFT: readonly SiteName[] = ['input', 'target', 'norm', 'loss', 'curvature', 'share'];

function reportShifts({ plan, profile }: Examined, { right, most }: Shift, report: Report): void {
  const alignment = alignPlan(plan);
  const shifted = siteKeys(plan.layers.length).filter((key) =>
    SITES[siteName(key)].kind !== 'constant' && !NO_SHIFT.includes(siteName(key)) && inUse(plan, key) && (alignment.sites[key]?.shift ?? 0) > 0
    // With α = 1 the rate is the learning rate; behind a gate the update is a quotient.
    && (key !== 'rate' || alphaVaries(plan)) && !(siteName(key) === 'update' && plan.anchor.law === 'gated'));
  for (const key of shifted.filter((site) => plan.sites[site]!.rounding !== right)) {
    report({
      code: 'shift-rounding', severity: 'note', where: key, message: 'another rounding than a right shift of this target: extra instructions each time',
      found: plan.sites[key]!.rounding, expected: `${right}, which a shift right amounts to`, try: option(profile, key, 'rounding', right),
    });
  }
  for (const key of most === undefined ? [] : shifted.filter((site) => alignment.sites[site]!.shift > most)) {
    const { shift } = alignment.sites[key]!;
    const format = plan.sites[key]!;
    report({
      code: 'shift-distance', severity: 'note', where: key, message: 'is shifted further than one instruction can', found: `${shift} places right into ${formatName(format)}`, expected: `at most ${most}`,
      try: `${most! > 0 ? `${Math.ceil(shift / most!)} shifts` : 'no shift'}, or ${resized(profile, key, format, Math.min(longest(key, format), format.wordLength + shift - most!), shift - most!)}`,
    });
  }
}
