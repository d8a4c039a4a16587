/** C export: a header and a source file with the formats, constants and tables of a plan. docs/export.md. */
import type { Plan } from '../schema/plan.js';
import { attributeDefinition, programMemory } from './cAttribute.js';
import { assertions, type Assertion } from './cAssert.js';
import { declareCheck, defineCheck, tableList } from './cCheck.js';
import { originLines } from './origin.js';
import { constantGroups } from './cConstants.js';
import { renderGroup } from './cMacro.js';
import { siteGroups } from './cSites.js';
import { declareTable, defineTable } from './cTable.js';
import { tablesOf, type LayerRaws } from './cTables.js';
import { identifierOf } from './cText.js';

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
  /** One file, `name.h`, with `static` definitions, for any number of units. */
  readonly singleHeader?: boolean;
  /** Tables in the program memory of an AVR, with macros to read them; everywhere else as without. */
  readonly progmem?: boolean;
  /** Adds every table of weights in the order of CMSIS-DSP, `…_cmsis`: rows reversed. */
  readonly cmsisOrder?: boolean;
  /** Stands after the declarator of every table: `__attribute__((section(".coef"), aligned(4)))`. */
  readonly attribute?: string;
}

/**
 * The plan as C90/C99/C11 source: `name.h` declares, `name.c` defines, or one `name.h` does both. The same arguments give the same bytes: no clock, no path.
 *
 * Raws are written as they are: nothing rounds or saturates here, except the throttle table and the reciprocals of batches, which are quantised
 * at their sites as in docs/numerics.md, and the drift of the sensor (`driftSchedule`). Types are the smallest stdint types that hold the word length.
 *
 * @returns file contents by file name, ASCII only, lines end in \n
 * @throws QrailsError `usage` for a name that cannot begin an identifier or an attribute that is none; `invalid` for a plan whose raws do not fit its
 *   layers or formats; `unsupported` for a network too large for source files
 * @example const { files } = exportC(plan, { name: 'demo', title: 'gain drift', profile: 'enabol-mid', sensor: 'none', planHash, toolVersion: '1.0.0' });
 */
export function exportC(plan: Plan, options: ExportCOptions): { files: Record<string, string> } {
  const { singleHeader: single = false, progmem = false } = options;
  const prefix = identifierOf(options.name);
  const macroPrefix = prefix.toUpperCase();
  const { tables, groups } = tablesOf(plan, options);
  const origin = originLines(plan, options);
  const asserted = assertionText(assertions(plan, tables, macroPrefix), prefix);
  const head = [
    ...(progmem ? [programMemory(macroPrefix)] : []),
    attributeDefinition(macroPrefix, options),
    ...[...constantGroups(plan, macroPrefix), ...groups, tableList(tables, prefix), ...siteGroups(plan, macroPrefix)].map((group) => renderGroup(group, macroPrefix)),
  ];
  const defined = [asserted, ...tables.map((table) => defineTable(table, prefix, macroPrefix, single)), defineCheck(tables, prefix, { local: single, progmem })];
  const declared = [...tables.map((table) => declareTable(table, prefix, macroPrefix)), declareCheck(prefix)];
  const extern = ['#ifdef __cplusplus\nextern "C" {\n#endif', ...declared, '#ifdef __cplusplus\n}\n#endif'];
  return {
    files: {
      [`${prefix}.h`]: text([
        ['/*', ...origin, ' *', ...LEGEND, ' */'].join('\n'),
        `#ifndef ${macroPrefix}_H\n#define ${macroPrefix}_H`,
        single ? '#include <limits.h>\n#include <stdint.h>' : '#include <stdint.h>',
        ...head,
        ...(single ? defined : extern),
        `#endif /* ${macroPrefix}_H */`,
      ]),
      ...(!single && { [`${prefix}.c`]: text([['/*', ...origin, ' */'].join('\n'), `#include "${prefix}.h"\n\n#include <limits.h>`, ...defined]) }),
    },
  };
}

const LEGEND = [
  ' * A raw r stands for r * 2^-FRAC_BITS = r * LSB. SCALE is 2^FRAC_BITS and exists where that is an integer of at',
  ' * most 64 bits. RAIL_LOW and RAIL_HIGH are the smallest and largest raw a site lets through. CRC32 (as in zlib) is',
  ' * taken over the elements of a table in order, each as the bytes of its type, lowest byte first.',
];

function assertionText(asserted: readonly Assertion[], prefix: string): string {
  return [
    '/* What the arithmetic relies on: an array of negative size stops the compiler where one does not hold. */',
    ...asserted.map(({ name, condition }) => `typedef char ${prefix}_assert_${name}[(${condition}) ? 1 : -1];`),
  ].join('\n');
}

const text = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
