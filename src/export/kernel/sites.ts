/**
 * The sites that a kernel quantises at. What reaches a site decides its function: the finest fraction length sets its shift, the range its types and
 * whether it can overflow. So a kernel is written twice, first to learn what reaches each site, then for good.
 */
import type { Plan, SiteFormat } from '../../schema/plan.js';
import { siteName, SITES } from '../../site/sites.js';
import { integerType, typeName } from '../cInteger.js';
import { aligned, int64Argument, asWide, leaf, scaled, type CType, type Exact } from './exact.js';
import { settledRange } from './overflow.js';
import { divided, hull, INT64, range, shiftedLeft, shiftedRight, within, type Range } from './range.js';
import { randomKind } from './rounding.js';

/** Exact values on their way into one function of a site. */
export type Use =
  /** The value of fraction length `fraction` is shifted right to that of the site. */
  | {
      readonly kind: 'shift'; readonly fraction: number; readonly range: Range; readonly wide: boolean;
      /** As the host prepares constants: without random bits. */
      readonly prepared: boolean;
    }
  /** A quotient of integers, already at the site's fraction length. */
  | { readonly kind: 'quotient'; readonly numerator: Range; readonly divisor: Range; readonly wide: boolean }
  /** The same with a power of two as divisor, given by its exponent of at most `most`. */
  | { readonly kind: 'power'; readonly numerator: Range; readonly most: number; readonly wide: boolean };

type Shift = Extract<Use, { kind: 'shift' }>;

/** C texts for the place of a quantisation: which element, and which of its quantisations in this step. */
export interface Place {
  readonly element: string;
  readonly index: string;
}
export const ALONE: Place = { element: '0', index: '0' };

/** Name of a site's C function and constants: `layer0_weight`, `squared_norm`. */
export const siteWord = (key: string): string => key.replace(/([a-z0-9])(?=[A-Z])/g, '$1_').replace('.', '_').toLowerCase();

/** Raws of squares are never negative and may need 64 bits. */
export const isSquare = (key: string): boolean => SITES[siteName(key)].kind === 'square';
/** The C type of a site's raws: the smallest that holds them, and a signed one of 64 bits for all others that fit it. */
export function rawType(key: string, format: SiteFormat): CType {
  if (isSquare(key)) return 'uint64_t';
  const type = integerType(format);
  return type.bits === 64 ? 'int64_t' : typeName(type);
}

/** Most bits that are shifted inside 64. */
const LONGEST_SHIFT = 62;

/** Whether the function of a use draws random bits: there is something to discard, and the site is none that the host quantises at. */
export function drawsAt(key: string, { rounding, fractionLength }: SiteFormat, use: Use): boolean {
  return randomKind(rounding) !== undefined && SITES[siteName(key)].kind !== 'constant' && (use.kind !== 'shift' || (use.fraction > fractionLength && !use.prepared));
}

export class Sites {
  readonly uses = new Map<string, Use>();

  /** @param learnt uses of the first time round */
  constructor(private readonly formats: Plan['sites'], private readonly learnt: ReadonlyMap<string, Use> | undefined) {}

  /** Whether some function of the site draws random bits, and takes the place of a value. */
  draws(key: string): boolean {
    return [key, `${key}/quotient`, `${key}/power`].some((name) => this.functionDraws(key, this.learnt?.get(name) ?? this.uses.get(name)));
  }

  private functionDraws(key: string, use: Use | undefined): boolean {
    return use !== undefined && drawsAt(key, this.formats[key]!, use);
  }

  /** Q(x) at a site, as a call. */
  quantise(key: string, x: Exact, place: Place = ALONE): Exact {
    return this.shifted(key, key, x, false, place);
  }

  /** Q(x) at a site as the host prepares a constant, as a call: a random mode rounds to nearest, half to even. */
  prepare(key: string, x: Exact): Exact {
    return this.shifted(`${key}/prepared`, key, x, true, ALONE);
  }

  private shifted(name: string, key: string, x: Exact, prepared: boolean, place: Place): Exact {
    const format = this.formats[key]!;
    const finest = Math.max(x.fraction, format.fractionLength);
    const own = aligned(x, finest);
    const before = this.uses.get(name);
    const use = merged(before?.kind === 'shift' ? before : undefined, { fraction: finest, range: own.range, wide: own.type === 'wide', prepared }, format);
    this.uses.set(name, use);
    const last = this.final(name, use);
    const value = aligned(x, last.fraction);
    const shift = finest - format.fractionLength;
    const rounded = shift > 0 ? shiftedRight(own.range, shift) : range(own.range.low, own.range.high | 1n);
    return this.call(`${siteWord(key)}${prepared ? '_prepared' : ''}`, key, last, [last.wide ? asWide(value) : int64Argument(value)], rounded, place);
  }

  /** Q(n / d) at a site, d > 0, as a call. A constant of the host neither counts nor draws. */
  quotient(key: string, n: Exact, d: Exact, place: Place = ALONE): Exact {
    const [numerator, divisor] = this.alignedQuotient(key, n, d);
    const wide = [numerator, divisor].some(({ type, range: of }) => type === 'wide' || !within(of, INT64));
    const name = `${key}/quotient`;
    const before = this.uses.get(name);
    const of = (now: Range, then: (use: Extract<Use, { kind: 'quotient' }>) => Range): Range => (before?.kind === 'quotient' ? hull(now, then(before)) : now);
    const use: Use = {
      kind: 'quotient', wide: wide || before?.wide === true,
      numerator: of(numerator.range, (other) => other.numerator), divisor: of(divisor.range, (other) => other.divisor),
    };
    this.uses.set(name, use);
    const last = this.learnt?.get(name) ?? use;
    const argument = last.wide ? asWide : int64Argument;
    return this.call(`${siteWord(key)}_quotient`, key, use, [argument(numerator), argument(divisor)], divided(numerator.range, divisor.range), place);
  }

  /** Q(n / 2^exponent) at a site for an integer n at its fraction length, the exponent a C expression of at most `most`. */
  byPower(key: string, n: Exact, exponent: string, most: number, place: Place = ALONE): Exact {
    const name = `${key}/power`;
    const before = this.uses.get(name);
    const other = before?.kind === 'power' ? before : undefined;
    const use: Use = {
      kind: 'power', numerator: other ? hull(n.range, other.numerator) : n.range, most: Math.max(most, other?.most ?? 0),
      wide: n.type === 'wide' || !within(n.range, INT64) || most > LONGEST_SHIFT || other?.wide === true,
    };
    this.uses.set(name, use);
    const last = this.learnt?.get(name) ?? use;
    return this.call(`${siteWord(key)}_quotient`, key, use, [last.wide ? asWide(n) : int64Argument(n), exponent], divided(n.range, range(1n, 1n << BigInt(most))), place);
  }

  /** Numerator and divisor as integers whose quotient has the site's fraction length. */
  alignedQuotient(key: string, n: Exact, d: Exact): [Exact, Exact] {
    const shift = this.formats[key]!.fractionLength - n.fraction + d.fraction;
    return [scaled(n, Math.max(0, shift)), scaled(d, Math.max(0, -shift))];
  }

  private call(word: string, key: string, use: Use, values: readonly string[], rounded: Range, { element, index }: Place): Exact {
    const format = this.formats[key]!;
    const drawn = this.functionDraws(key, use) ? [element, index] : [];
    const settled = settledRange(isSquare(key) ? range(rounded.low < 0n ? 0n : rounded.low, rounded.high) : rounded, format);
    return leaf(`quantise_${word}(${['s', ...values, ...drawn].join(', ')})`, rawType(key, format), settled, format.fractionLength);
  }

  private final(key: string, use: Shift): Shift {
    const learnt = this.learnt?.get(key);
    return learnt?.kind === 'shift' ? learnt : use;
  }
}

/** Both uses by one function. */
function merged(before: Shift | undefined, { fraction, range: of, wide, prepared }: Omit<Shift, 'kind'>, format: SiteFormat): Shift {
  const finest = Math.max(fraction, before?.fraction ?? fraction);
  const all = [shiftedLeft(of, finest - fraction), ...(before ? [shiftedLeft(before.range, finest - before.fraction)] : [])];
  const whole = hull(...all);
  return {
    kind: 'shift', fraction: finest, range: whole, prepared,
    wide: wide || before?.wide === true || !within(whole, INT64) || finest - format.fractionLength > LONGEST_SHIFT,
  };
}
