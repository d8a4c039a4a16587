/** C export: a header and a source file with the formats, constants and tables of a plan. docs/export.md. */
import type { Format } from '../format/format.js';
import type { Plan } from '../schema/plan.js';
import { constantGroups } from './cConstants.js';
import { integerType, typeName, type IntegerType } from './cInteger.js';
import { renderGroup } from './cMacro.js';
import { siteGroups } from './cSites.js';
import { declareTable, defineTable, type Table } from './cTable.js';
import { tablesOf, type LayerRaws } from './cTables.js';
import { commentText, identifierOf } from './cText.js';

export interface ExportCOptions {
  /** Prefix of every identifier and stem of the file names: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  readonly title: string;
  /** Names of the target profile and the sensor, for the provenance comment. */
  readonly profile: string;
  readonly sensor: string;
  readonly planHash: string;
  readonly toolVersion: string;
  /** Parameters after a run: adds tables `…_final` beside the initial ones. */
  readonly finalRaw?: LayerRaws;
}

/**
 * The plan as C90/C99/C11 source: `name.h` declares, `name.c` defines. The same arguments give the same bytes: no clock, no path.
 *
 * Raws are written as they are: nothing rounds or saturates here, except the throttle table and the reciprocal of a batch, which are quantised
 * at their sites as in docs/numerics.md. Types are the smallest stdint types that hold the word length.
 *
 * @returns file contents by file name, ASCII only, lines end in \n
 * @throws QrailsError `usage` for a name that cannot begin an identifier; `invalid` for a plan whose raws do not fit its layers or formats;
 *   `unsupported` for a network too large for source files
 * @example const { files } = exportC(plan, { name: 'demo', title: 'gain drift', profile: 'enabol-mid', sensor: 'none', planHash, toolVersion: '1.0.0' });
 */
export function exportC(plan: Plan, options: ExportCOptions): { files: Record<string, string> } {
  const prefix = identifierOf(options.name);
  const { tables, groups } = tablesOf(plan, options.finalRaw);
  const macroPrefix = prefix.toUpperCase();
  const macros = [...constantGroups(plan, macroPrefix), ...groups, ...siteGroups(plan, macroPrefix)].map((group) => renderGroup(group, macroPrefix));
  return {
    files: {
      [`${prefix}.h`]: header(prefix, macroPrefix, provenance(plan, options), macros, tables),
      [`${prefix}.c`]: source(prefix, macroPrefix, provenance(plan, options), tables, assertions(plan, tables)),
    },
  };
}

function provenance(plan: Plan, { title, profile, sensor, planHash, toolVersion }: ExportCOptions): string[] {
  return [
    ` * ${commentText(title)}`,
    ' *',
    ` * made by  qrails ${commentText(toolVersion)}; do not edit, export again`,
    ` * plan     ${commentText(planHash)}`,
    ` * profile  ${commentText(profile)}`,
    ` * sensor   ${commentText(sensor)}`,
    ` * seed     ${plan.seed}`,
  ];
}

const LEGEND = [
  ' * A raw r stands for r * 2^-FRAC_BITS = r * LSB. SCALE is 2^FRAC_BITS and exists where that is an integer of at',
  ' * most 64 bits. RAIL_LOW and RAIL_HIGH are the smallest and largest raw a site lets through. CRC32 (as in zlib) is',
  ' * taken over the elements of a table in order, each as the bytes of its type, lowest byte first.',
];

function header(prefix: string, macroPrefix: string, origin: readonly string[], macros: readonly string[], tables: readonly Table[]): string {
  return text([
    ['/*', ...origin, ' *', ...LEGEND, ' */'].join('\n'),
    `#ifndef ${macroPrefix}_H\n#define ${macroPrefix}_H`,
    '#include <stdint.h>',
    ...macros,
    '#ifdef __cplusplus\nextern "C" {\n#endif',
    ...tables.map((table) => declareTable(table, prefix, macroPrefix)),
    '#ifdef __cplusplus\n}\n#endif',
    `#endif /* ${macroPrefix}_H */`,
  ]);
}

function source(prefix: string, macroPrefix: string, origin: readonly string[], tables: readonly Table[], asserted: readonly Assertion[]): string {
  return text([
    ['/*', ...origin, ' */'].join('\n'),
    `#include "${prefix}.h"\n\n#include <limits.h>`,
    [
      '/* What the arithmetic relies on: an array of negative size stops the compiler where one does not hold. */',
      ...asserted.map(({ name, condition }) => `typedef char ${prefix}_assert_${name}[(${condition}) ? 1 : -1];`),
    ].join('\n'),
    ...tables.map((table) => defineTable(table, prefix, macroPrefix)),
  ]);
}

interface Assertion {
  readonly name: string;
  readonly condition: string;
}

/**
 * Checked as array sizes and not with _Static_assert, which C90 and C99 lack. Only what is used: no 8-bit type on processors without one.
 * Words up to 16 bits are shifted as int.
 */
function assertions(plan: Plan, tables: readonly Table[]): Assertion[] {
  const sized = ordered(tables.map(({ format }) => format));
  const shifted = ordered(Object.values(plan.sites)).filter(({ signed, bits }) => signed && bits > 16);
  return [
    { name: 'twos_complement', condition: '(-1 & 3) == 3' },
    ...['int', ...shifted.map(typeName)].map((type) => ({ name: `${type}_shifts_right_arithmetically`, condition: `((${type})-1 >> 1) == -1` })),
    ...sized.map((type) => ({ name: `${typeName(type)}_size`, condition: `sizeof(${typeName(type)}) * CHAR_BIT == ${type.bits}U` })),
  ];
}

/** The types of these formats, each once, narrow before wide. */
function ordered(formats: readonly Format[]): IntegerType[] {
  const types = new Map(formats.map(integerType).map((type) => [typeName(type), type]));
  return [...types.values()].sort((a, b) => a.bits - b.bits || Number(a.signed) - Number(b.signed));
}

const text = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
