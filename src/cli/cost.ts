/** `qrails cost`: operations, widths and memory of a step, and which controllers a target can afford. */
import { InvalidArgumentError, Option } from 'commander';
import { BOARD_NAMES } from '../cost/boards.js';
import { costReport } from '../cost/report.js';
import { renderCost } from '../cost/text.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, type Context } from './context.js';
import { addCommon, addRunOptions, integer, runOptions, takesOne, type RunFlags } from './options.js';

interface CostFlags extends RunFlags {
  readonly ram?: number;
  readonly measure?: readonly string[] | true;
}

/** Largest memory that can be asked about. */
const MOST_RAM = 2 ** 40;

export function addCost(program: Command, context: () => Context): void {
  addCommon(takesOne(addRunOptions(program.command('cost').description('what a step costs on a target: operations, widths, memory; and which controllers it can afford'))))
    .addOption(new Option('--ram <bytes>', 'memory for state and a step: what needs more cannot be afforded').argParser(integer(1, MOST_RAM)))
    .addOption(new Option('--measure [boards]', `compile the kernel and count what its last steps execute on emulated boards: ${BOARD_NAMES.join(', ')} (default all)`).argParser(boards))
    .notes(`
Several targets: --profile takes names or paths, comma-separated. One throttle, anchor and supervisor, default the experiment's own; the table of controllers has each by itself.
Counts are derived from the plan, and are those of its largest step with the throttle on, the anchor pulling and the supervisor accepting.`)
    .examples(
      'qrails cost --profile avr-q7',
      'qrails cost --profile cortex-m0-q15,dsp48e1 --throttle table',
      'qrails cost anchor-event --profile avr-q7 --ram 2048',
      'qrails cost exp-000c --profile cortex-m4-q15 --measure cortex-m4',
    )
    .action(async (experiment: string | undefined, flags: CostFlags) => {
      const { signal, palette, wrap } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      await emitFrom(async () => {
        const { profile, throttle, anchor, ...options } = runOptions(experiment, flags);
        const report = await costReport({
          ...options, signal, ram: flags.ram, ...(profile !== undefined && { profiles: names(profile) }), throttle: one('--throttle', throttle), anchor: one('--anchor', anchor),
          ...(flags.measure !== undefined && { measure: flags.measure === true ? BOARD_NAMES : flags.measure }),
        });
        return flags.json ? jsonText(report) : renderCost(report, toFile ? {} : { palette, wrap });
      }, flags);
    });
}

/** Boards as `--measure` takes them. */
function boards(text: string): string[] {
  const found = text.split(',').map((item) => item.trim());
  const unknown = found.find((name) => !BOARD_NAMES.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no board ${printable(JSON.stringify(unknown))}. Boards: ${BOARD_NAMES.join(', ')}.`);
  return found;
}

function names(profile: string): string[] {
  const list = profile.split(',').map((entry) => entry.trim());
  if (list.includes('')) throw new QrailsError({ code: 'usage', where: '--profile', message: 'an entry of the list is empty', found: printable(profile), expected: 'names or paths between commas' });
  if (new Set(list).size < list.length) throw new QrailsError({ code: 'usage', where: '--profile', message: 'a target is named twice', found: printable(profile), expected: 'each target once' });
  return list;
}

/** The only name of a list. */
function one(option: string, list: readonly string[] | undefined): string | undefined {
  if (list !== undefined && list.length > 1) throw new QrailsError({ code: 'usage', where: option, message: 'costs are those of one plan', found: printable(list.join(',')), expected: 'one name' });
  return list?.[0];
}
