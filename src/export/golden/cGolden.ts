/** `name_golden.h` and `name_golden.c`: golden values as C arrays. */
import type { Plan } from '../../schema/plan.js';
import { renderGroup, type MacroGroup } from '../cMacro.js';
import { arrayMacros, declareArray, defineArray, goldenArrays } from './arrays.js';
import { originComment, type Origin } from '../origin.js';
import type { Golden } from './run.js';

/** How much of the run a golden covers, in words. */
export function coverage({ steps, planSteps, trapped }: Golden): string {
  if (trapped !== undefined) return `all ${steps.length} steps until ${trapped} trapped, of ${planSteps}`;
  return steps.length === planSteps ? `all ${planSteps} steps` : `the first ${steps.length} of ${planSteps} steps`;
}

/** Where golden values lie: in the program memory of an AVR, elsewhere as any table. */
const programMemory = (upper: string): string =>
  `#ifdef __AVR__\n#include <avr/pgmspace.h>\n#define ${upper}_GOLDEN_PROGMEM PROGMEM\n#else\n#define ${upper}_GOLDEN_PROGMEM\n#endif`;

/**
 * Header and source of the golden values, ASCII only, lines end in \n.
 *
 * @param progmem puts them into the program memory of an AVR
 */
export function goldenC(plan: Plan, golden: Golden, prefix: string, origin: Origin, progmem = false): Record<string, string> {
  const arrays = goldenArrays(plan, golden);
  const upper = prefix.toUpperCase();
  const comment = originComment(plan, origin, `Golden values of ${coverage(golden)}: what must come out, raw by raw.`);
  const attribute = progmem ? ` ${upper}_GOLDEN_PROGMEM` : '';
  const groups: MacroGroup[] = [
    {
      comment: 'what is covered',
      macros: [
        { name: 'GOLDEN_STEPS', value: `${golden.steps.length}U`, comment: `of ${golden.planSteps} in the plan` },
        { name: 'GOLDEN_BATCHES', value: `${golden.batches.length}U`, comment: 'different ones' },
        { name: 'GOLDEN_TRAPPED', value: golden.trappedInside ? '1' : '0', comment: 'whether a TRAP inside the last step ended the run' },
      ],
    },
    { comment: 'lengths of the arrays, and CRC-32 (as in zlib) over the bytes of their elements, lowest first; that of the state is its checksum', macros: arrays.flatMap(arrayMacros) },
  ];
  return {
    [`${prefix}_golden.h`]: text([
      comment,
      `#ifndef ${upper}_GOLDEN_H\n#define ${upper}_GOLDEN_H`,
      '#include <stdint.h>',
      ...(progmem ? [programMemory(upper)] : []),
      ...groups.map((group) => renderGroup(group, upper)),
      '#ifdef __cplusplus\nextern "C" {\n#endif',
      ...arrays.map((array) => declareArray(array, prefix, attribute)),
      '#ifdef __cplusplus\n}\n#endif',
      `#endif /* ${upper}_GOLDEN_H */`,
    ]),
    [`${prefix}_golden.c`]: text([comment, `#include "${prefix}_golden.h"`, ...arrays.map((array) => defineArray(array, prefix, attribute))]),
  };
}

const text = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;
