/** Kernel export: a plan's learning step as self-contained C99. docs/export.md. */
import { alignPlan } from '../../plan/alignment.js';
import type { Plan } from '../../schema/plan.js';
import { anchorText } from './anchor.js';
import { averageText } from './average.js';
import { backwardText } from './backward.js';
import { balanceText } from './balance.js';
import { Kernel } from './context.js';
import { countersText } from './counters.js';
import { reciprocalTable } from './divide.js';
import { elasticText } from './elastic.js';
import { exampleText } from './example.js';
import { forwardText, sizeMacros } from './forward.js';
import { gatedText } from './gated.js';
import { headerText } from './header.js';
import { neededHelpers } from './helpers.js';
import { INT128_HELPERS } from './int128.js';
import { INT64_HELPERS } from './int64.js';
import { meanText } from './mean.js';
import { RANDOM_HELPERS } from './random.js';
import { normFunction, siteFunction } from './site.js';
import { initText, saveText } from './state.js';
import { phaseText, stepText } from './step.js';
import { supervisorText } from './supervisor.js';
import { throttleText } from './throttle.js';
import { updateText } from './update.js';

export interface KernelOptions {
  /** Begins every public identifier and file name; `identifierOf` makes one. */
  readonly prefix: string;
  /** Lines of the comment that says where the files come from, each beginning ` *` and safe in a comment (`commentText`). */
  readonly origin: readonly string[];
}

/**
 * The plan's step as C99 for firmware: `prefix_kernel.h` and `prefix_kernel.c` do what the core does, bit for bit, with integers only, without a heap
 * and without anything C leaves open; `prefix_example.c` shows their use. Sites round and saturate as docs/numerics.md says, each in a function of its own.
 * The same arguments give the same bytes.
 *
 * @returns file contents by file name, ASCII only, lines end in \n
 * @throws QrailsError `unsupported` for a plan that needs more than 127 bits or has too many parameters; `invalid` for raws that do not fit their sites
 * @example const files = exportKernel(plan, { prefix: 'demo', origin: [' * gain drift'] }); // files['demo_kernel.c']
 */
export function exportKernel(plan: Plan, { prefix, origin }: KernelOptions): Record<string, string> {
  alignPlan(plan); // refuses what the core refuses
  const first = new Kernel(plan, prefix);
  body(first);
  const kernel = new Kernel(plan, prefix, first.sites.uses);
  return {
    [`${prefix}_kernel.h`]: headerText(kernel, origin),
    [`${prefix}_kernel.c`]: source(kernel, origin),
    [`${prefix}_example.c`]: exampleText(kernel, origin),
  };
}

/** Everything that calls the functions of sites, by chapter. */
function body(kernel: Kernel): (readonly [title: string, blocks: readonly string[]])[] {
  return [
    ['forward, error and loss (numerics.md section 5)', forwardText(kernel)],
    ['hidden errors and gradients (section 5)', [...meanText(kernel), ...backwardText(kernel)]],
    ['division (section 6.4)', reciprocalTable(kernel)],
    ['throttle (section 6)', throttleText(kernel)],
    ['anchor (section 7)', [...anchorText(kernel), ...averageText(kernel), ...elasticText(kernel), ...gatedText(kernel)]],
    ['supervisor (section 7.1)', supervisorText(kernel)],
    ['balance (section 7.2)', balanceText(kernel)],
    ['update (section 5)', updateText(kernel)],
    ['state (docs/state.md)', [...initText(kernel), ...saveText(kernel)]],
    ['step (section 8)', stepText(kernel)],
  ];
}

function source(kernel: Kernel, origin: readonly string[]): string {
  const { prefix } = kernel;
  const chapters = body(kernel);
  const sites = siteFunctions(kernel);
  const text = [sites, ...chapters.flatMap(([, blocks]) => blocks)].flat().join('\n\n');
  const wide = { name: 'wide', text: `typedef ${prefix}_wide wide;` };
  const event = kernel.plan.anchor.law === 'event';
  const helpers = neededHelpers(text + countersText(kernel, text), [
    ...INT64_HELPERS, ...INT128_HELPERS.map((helper) => (event && helper.name === 'wide' ? wide : helper)), ...RANDOM_HELPERS,
  ]);
  const chapter = (title: string, blocks: readonly string[]): string[] => (blocks.length === 0 ? [] : [`/* ---- ${title} ---- */`, ...blocks]);
  return `${[
    ['/*', ...origin, ' */'].join('\n'),
    `#include "${prefix}_kernel.h"\n\n#include <stddef.h>`,
    sizeMacros(kernel),
    phaseText(kernel),
    ...chapter('arithmetic', helpers),
    countersText(kernel, text),
    ...chapter('sites: Q of section 2, the exact value is x / 2^(shift + F) or n / d', sites),
    ...chapters.flatMap(([title, blocks]) => chapter(title, blocks)),
  ].join('\n\n')}\n`;
}

/** One function for each way a site is used, in the order of a step. */
function siteFunctions(kernel: Kernel): string[] {
  const { plan, prefix, sites } = kernel;
  const keys = [...kernel.keys, ...(sites.uses.has('reciprocal/quotient') ? ['reciprocal'] : [])];
  return keys.flatMap((key) => {
    const context = { prefix, key, format: plan.sites[key]!, defined: new Set<string>() };
    if (key === 'norm') return [normFunction(context, 2 * kernel.format('norm').fractionLength - kernel.format('squaredNorm').fractionLength, kernel.range('squaredNorm'))];
    return [key, `${key}/prepared`, `${key}/quotient`, `${key}/power`].flatMap((name) => {
      const use = sites.uses.get(name);
      return use ? [siteFunction(context, use)] : [];
    });
  });
}
