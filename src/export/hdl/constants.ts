/** Constants and formats of a plan as integers by name: those that the C header has, so that all languages say the same. */
import { QrailsError } from '../../errors.js';
import { OVERFLOWS, ROUNDINGS } from '../../format/modes.js';
import type { Plan } from '../../schema/plan.js';
import { constantGroups } from '../cConstants.js';
import type { MacroGroup } from '../cMacro.js';
import { siteGroups } from '../cSites.js';
import { integerType } from '../cInteger.js';
import type { Table } from '../cTable.js';
import { tablesOf, type LayerRaws } from '../cTables.js';

/** Modes are of an enumeration: its name and values, by what their constants begin with. */
export const ENUMERATIONS = { ROUNDING: ROUNDINGS, OVERFLOW: OVERFLOWS } as const;
export type EnumerationName = keyof typeof ENUMERATIONS;

export interface HdlConstant {
  /** `LAYER0_WEIGHT_WORD_BITS`. */
  readonly name: string;
  readonly value: bigint;
  readonly comment: string | undefined;
  /** The constant is a value of this enumeration, written as such. */
  readonly of?: { readonly enumeration: EnumerationName; readonly word: string };
  /** A rail: at home in 65 bits with sign, whatever its value. */
  readonly rail: boolean;
}

export interface HdlConstantGroup {
  readonly comment: string;
  readonly constants: readonly HdlConstant[];
}

export interface HdlTables {
  readonly groups: readonly HdlConstantGroup[];
  readonly tables: readonly Table[];
}

/** Elements of all tables of a package together: more are files for memories, not source. */
const MOST_ELEMENTS = 65_536;

/**
 * Constants and tables of a plan.
 *
 * @param finalRaw parameters after a run: tables of their own
 * @throws QrailsError as `tablesOf`
 */
export function namesOf(plan: Plan, finalRaw?: LayerRaws): HdlTables {
  const { tables, groups } = tablesOf(plan, { finalRaw });
  return { groups: integerGroups([...constantGroups(plan, ''), ...groups, ...siteGroups(plan, '')]), tables };
}

/**
 * As `namesOf`, for a package.
 *
 * @throws QrailsError `unsupported` for more elements than a package holds
 */
export function packageOf(plan: Plan, finalRaw?: LayerRaws): HdlTables {
  const names = namesOf(plan, finalRaw);
  const elements = names.tables.reduce((sum, { raws }) => sum + raws.length, 0);
  if (elements > MOST_ELEMENTS) {
    throw new QrailsError({ code: 'unsupported', where: 'export', message: 'too many table elements for a package', found: String(elements), expected: `at most ${MOST_ELEMENTS}`, try: 'qrails export mem' });
  }
  return names;
}

/** Bits of the words that CRC-32 of a table is taken over: those of its C type. */
export const elementBits = ({ format }: Table): number => integerType(format).bits;

const ENUMERATED = /^_?(ROUNDING|OVERFLOW)_([A-Z_]+)$/;

function integerGroups(groups: readonly MacroGroup[]): HdlConstantGroup[] {
  const known = new Map<string, bigint>();
  const found: HdlConstantGroup[] = [];
  for (const { comment, macros } of groups) {
    const constants: HdlConstant[] = [];
    for (const { name, value, comment: note } of macros) {
      const integer = integerOf(value) ?? known.get(value.replace(/^_/, ''));
      // real values (LSB) and texts have no place here
      if (integer === undefined) continue;
      known.set(name, integer);
      const own = ENUMERATED.exec(name);
      if (own && isWord(own[1]!, own[2]!)) continue;
      const refers = ENUMERATED.exec(value);
      const of = refers && isWord(refers[1]!, refers[2]!) ? { enumeration: refers[1] as EnumerationName, word: refers[2]! } : undefined;
      constants.push({ name, value: integer, comment: note, ...(of && { of }), rail: /_RAIL_(LOW|HIGH)$/.test(name) });
    }
    if (constants.length > 0) found.push({ comment, constants });
  }
  return found;
}

const isWord = (enumeration: string, word: string): boolean => (ENUMERATIONS[enumeration as EnumerationName] as readonly string[]).includes(word);

/** The value of an integer as `integerLiteral` and its likes write it; undefined for anything else. */
function integerOf(text: string): bigint | undefined {
  const least = /^\(?INT(8|16|32|64)_MIN\)?$/.exec(text);
  if (least) return -(1n << BigInt(Number(least[1]) - 1));
  const plain = /^\(?(-?)(?:U?INT64_C\()?(0x[0-9A-F]+|\d+)U?\)*$/.exec(text);
  return plain ? BigInt(plain[2]!) * (plain[1] === '-' ? -1n : 1n) : undefined;
}
