/** Names other tools give to the modes of src/format/modes.ts, each where it means exactly the same. */
import { closest } from '../document/closest.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { OVERFLOWS, ROUNDINGS, type Overflow, type Rounding } from './modes.js';

export interface Vocabulary {
  /** Whose names they are. */
  readonly about: string;
  readonly rounding: Readonly<Record<string, Rounding>>;
  readonly overflow: Readonly<Record<string, Overflow>>;
  /** What a type of this family has where it states none. */
  readonly defaults?: { readonly rounding: Rounding; readonly overflow: Overflow };
  /** Names that none of our modes equals, with what they would mean. */
  readonly missing?: Readonly<Record<string, string>>;
}

/** Quantisation modes of IEEE 1666; AC and AP types have the same. */
const SYSTEMC_ROUNDINGS = ['TRN', 'TRN_ZERO', 'RND', 'RND_ZERO', 'RND_INF', 'RND_MIN_INF', 'RND_CONV'] as const satisfies readonly Rounding[];
const AC_OVERFLOWS = ['WRAP', 'SAT', 'SAT_ZERO', 'SAT_SYM'] as const satisfies readonly Overflow[];
const DEFAULTS = { rounding: 'TRN', overflow: 'WRAP' } as const;

const prefixed = <Mode extends string>(prefix: string, modes: readonly Mode[]): Record<string, Mode> => Object.fromEntries(modes.map((mode) => [prefix + mode, mode]));

export const VOCABULARIES = {
  ap: { about: 'Vitis HLS, ap_fixed', rounding: prefixed('AP_', SYSTEMC_ROUNDINGS), overflow: prefixed('AP_', [...AC_OVERFLOWS, 'WRAP_SM']), defaults: DEFAULTS },
  ac: { about: 'Algorithmic C, ac_fixed', rounding: prefixed('AC_', [...SYSTEMC_ROUNDINGS, 'RND_CONV_ODD']), overflow: prefixed('AC_', AC_OVERFLOWS), defaults: DEFAULTS },
  sc: { about: 'SystemC, sc_fixed', rounding: prefixed('SC_', SYSTEMC_ROUNDINGS), overflow: prefixed('SC_', [...AC_OVERFLOWS, 'WRAP_SM']), defaults: DEFAULTS },
  matlab: {
    about: 'MATLAB, RoundingMethod and OverflowAction',
    rounding: { Floor: 'TRN', Zero: 'TRN_ZERO', Nearest: 'RND', Round: 'RND_INF', Convergent: 'RND_CONV' },
    overflow: { Saturate: 'SAT', Wrap: 'WRAP' },
    missing: { Ceiling: 'towards plus infinity' },
  },
} as const satisfies Record<string, Vocabulary>;

const ALL: readonly Vocabulary[] = Object.values(VOCABULARIES);

/**
 * The rounding mode of a name of ours, of Vitis HLS, Algorithmic C, SystemC or MATLAB.
 *
 * @param where what a message calls the place: an option, a line
 * @throws QrailsError `invalid` for a name that none of our modes equals
 * @example resolveRounding('Convergent', '--rounding') // 'RND_CONV'
 */
export const resolveRounding = (name: string, where: string): Rounding => resolve(name, where, 'rounding', ROUNDINGS);

/** As `resolveRounding`, for an overflow mode: `Saturate`, `AP_SAT_SYM`, `WRAP`. */
export const resolveOverflow = (name: string, where: string): Overflow => resolve(name, where, 'overflow', OVERFLOWS);

function resolve<Mode extends string>(name: string, where: string, kind: 'rounding' | 'overflow', own: readonly Mode[]): Mode {
  if ((own as readonly string[]).includes(name)) return name as Mode;
  for (const { [kind]: names } of ALL) {
    if (Object.hasOwn(names, name)) return names[name] as Mode;
  }
  const aliases = ALL.flatMap(({ [kind]: names }) => Object.keys(names));
  const meaning = kind === 'rounding' ? ALL.map(({ missing = {} }) => (Object.hasOwn(missing, name) ? missing[name] : undefined)).find(Boolean) : undefined;
  const repair = closest(name, [...own, ...aliases]);
  throw new QrailsError({
    code: 'invalid', where, found: printable(name),
    message: meaning === undefined ? `an unknown ${kind} mode` : `no ${kind} mode of ours does this (${meaning})`,
    expected: `one of ${own.join(', ')}, or a name of Vitis HLS, Algorithmic C, SystemC or MATLAB for one of them`,
    ...(meaning === undefined ? repair !== undefined && { try: repair } : { try: 'quantise the negated value with TRN, and negate the raw' }),
  });
}

/** How a vocabulary spells a mode; undefined where it has no word for it. */
export function spelling<Mode extends string>(names: Readonly<Record<string, Mode>>, mode: Mode): string | undefined {
  return Object.keys(names).find((name) => names[name] === mode);
}
