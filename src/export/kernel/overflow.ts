/** The overflow modes as C: from the rounded value `r` to the result `raw`, with rails and masks as constants. docs/numerics.md §2. */
import { integerLiteral } from '../cInteger.js';
import type { SiteFormat } from '../../schema/plan.js';
import { int64Literal } from './exact.js';
import { clamped, hull, range, within, type Range } from './range.js';

/** How `r` and `raw` are held. */
export interface Rounded {
  /** `r` is of type wide, else int64_t. */
  readonly wide: boolean;
  /** What `r` can be. */
  readonly range: Range;
  /** `raw` is uint64_t, for words of unsigned 64 bits, else int64_t. */
  readonly unsigned: boolean;
}

/** Statements that make `raw`, and the conditions under which `r` was above or below the rails; undefined where it cannot be. */
export interface OverflowCode {
  readonly constants: readonly (readonly [name: string, value: string])[];
  readonly lines: readonly string[];
  readonly above: string | undefined;
  readonly below: string | undefined;
}

export const railsOf = ({ rails }: SiteFormat): Range => range(BigInt(rails[0]), BigInt(rails[1]));

/** What the results of a site can be. */
export function settledRange(rounded: Range, format: SiteFormat): Range {
  const rails = railsOf(format);
  if (within(rounded, rails)) return rounded;
  if (format.overflow === 'WRAP' || format.overflow === 'WRAP_SM') return rails;
  return format.overflow === 'SAT_ZERO' ? hull(clamped(rounded, rails), range(0n, 0n)) : clamped(rounded, rails);
}

const uint64Literal = (value: bigint): string => integerLiteral(value, { signed: false, bits: 64 });

/**
 * @param name of the site's constants: `LAYER0_WEIGHT`
 * @param trap statement that marks the site of a TRAP
 */
export function overflowCode(format: SiteFormat, { wide, range: of, unsigned }: Rounded, name: string, trap: string): OverflowCode {
  const rails = railsOf(format);
  const literal = (value: bigint): string => (unsigned ? uint64Literal(value) : int64Literal(value));
  const beyond = (rail: string, operator: '>' | '<'): string => {
    if (wide) return `wide_compare(r, ${unsigned ? 'wide_unsigned' : 'wide_of'}(${rail})) ${operator} 0`;
    return `r ${operator} ${unsigned ? `(int64_t)${rail}` : rail}`;
  };
  const above = of.high > rails.high ? beyond(`${name}_HIGH`, '>') : undefined;
  const below = of.low < rails.low ? beyond(`${name}_LOW`, '<') : undefined;
  const type = unsigned ? 'uint64_t' : 'int64_t';
  const low = wide ? 'r.low' : '(uint64_t)r';
  const kept = unsigned ? low : wide ? 'signed_of(r.low)' : 'r';
  if (above === undefined && below === undefined) return { constants: [], lines: [`const ${type} raw = ${kept};`], above, below };

  const constants: [string, string][] = [];
  if (above !== undefined) constants.push([`${name}_HIGH`, literal(rails.high)]);
  if (below !== undefined) constants.push([`${name}_LOW`, literal(rails.low)]);
  const common = { constants, above, below };
  switch (format.overflow) {
    case 'SAT':
    case 'SAT_SYM':
    case 'TRAP':
    case 'SAT_ZERO': {
      const instead = (rail: string): string => (format.overflow === 'SAT_ZERO' ? '0' : rail);
      const branch = (condition: string, rail: string, second = false): string[] => {
        const test = `${second ? 'else ' : ''}if (${condition})`;
        return format.overflow === 'TRAP' ? [`${test} {`, `    raw = ${instead(rail)};`, `    ${trap}`, '}'] : [`${test} raw = ${instead(rail)};`];
      };
      const lines = [
        `${type} raw = ${kept};`,
        ...(above === undefined ? [] : branch(above, `${name}_HIGH`)),
        ...(below === undefined ? [] : branch(below, `${name}_LOW`, above !== undefined)),
      ];
      return { ...common, lines };
    }
    case 'WRAP':
    case 'WRAP_SM': {
      const wrapped = wrapLines(format, wide, common, name);
      return { ...common, constants: [...constants, ...wrapped.constants], lines: wrapped.lines };
    }
  }
}

function wrapLines(
  { signed, wordLength, saturatedBits = 0, overflow }: SiteFormat, wide: boolean, { above, below }: Pick<OverflowCode, 'above' | 'below'>, name: string,
): { constants: [string, string][]; lines: string[] } {
  const low = wide ? 'r.low' : '(uint64_t)r';
  /** Bit `index` of r, 0 or 1. */
  const bit = (index: number): string => (index >= 64 ? `(r.high >> ${index - 64}) & 1U` : index === 0 ? `${low} & 1U` : `(${low} >> ${index}) & 1U`);
  const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
  const magnitude = overflow === 'WRAP_SM';
  const sign = 1n << BigInt(wordLength - 1);
  /** The number of the format whose word these bits are. */
  const read = (bits: string): string =>
    wordLength === 64 ? `signed_of(${bits})` : signed ? `(int64_t)((${bits} & ${name}_WORD) ^ ${name}_SIGN) - (int64_t)${name}_SIGN` : `(int64_t)(${bits} & ${name}_WORD)`;
  const constants: [string, string][] = [];
  if (wordLength < 64) constants.push([`${name}_WORD`, uint64Literal(ones(wordLength))]);
  if (wordLength < 64 && signed) constants.push([`${name}_SIGN`, uint64Literal(sign)]);

  if (saturatedBits === 0) {
    if (!magnitude) return { constants, lines: [`const int64_t raw = ${read(`${wide ? 'r.low' : '(uint64_t)r'}`)};`] };
    // Inside the rails bits W and W - 1 are both the sign, and nothing changes.
    constants.push([`${name}_REST`, uint64Literal(ones(wordLength - 1))]);
    return {
      constants,
      lines: [
        `const uint64_t top = ${bit(wordLength)};`,
        `const uint64_t body = top == (${bit(wordLength - 1)}) ? ${low} : ~${wide ? 'r.low' : `(${low})`};`,
        `const uint64_t bits = (top << ${wordLength - 1}) | (body & ${name}_REST);`,
        `const int64_t raw = ${read('bits')};`,
      ],
    };
  }
  // The n top bits say which rail: all of them for unsigned, the sign and its inverses for signed.
  const kept = wordLength - saturatedBits;
  const n = BigInt(saturatedBits);
  const topHigh = signed ? (1n << (n - 1n)) - 1n : ones(saturatedBits);
  const topLow = signed ? 1n << (n - 1n) : 0n;
  const shifted = (top: bigint): string => uint64Literal(top << BigInt(kept));
  constants.push([`${name}_REST`, uint64Literal(ones(kept))]);
  if (above !== undefined) constants.push([`${name}_TOP_HIGH`, shifted(topHigh)]);
  if (below !== undefined) constants.push([`${name}_TOP_LOW`, shifted(topLow)]);
  const branch = (condition: string, rail: 'HIGH' | 'LOW', top: bigint): string[] => [
    `if (${condition}) {`,
    `    const uint64_t body = ${magnitude ? `(${bit(kept)}) == ${top & 1n}U ? ${low} : ~${wide ? 'r.low' : `(${low})`}` : low};`,
    `    const uint64_t bits = ${name}_TOP_${rail} | (body & ${name}_REST);`,
    `    raw = ${read('bits')};`,
    '}',
  ];
  return {
    constants,
    lines: [
      `int64_t raw = ${wide ? 'signed_of(r.low)' : 'r'};`,
      ...(above === undefined ? [] : branch(above, 'HIGH', topHigh)),
      ...(below === undefined ? [] : branch(below, 'LOW', topLow)),
    ],
  };
}
