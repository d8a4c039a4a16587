/** Options that several commands share: how a run is chosen, and how a result is put out. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { DEFAULT_DATA_EXPERIMENT, DEFAULT_EXPERIMENT, DEFAULT_PROFILE, type RunOptions } from '../compare/prepare.js';
import { ANCHOR_NAMES, SUPERVISOR_NAMES, THROTTLE_NAMES } from '../control/registry.js';
import { QrailsError } from '../errors.js';
import { LAST_SEED, MOST_STEPS } from '../schema/common.js';
import type { CommonOptions } from './context.js';

export interface RunFlags extends CommonOptions {
  readonly profile?: string;
  readonly sensor?: string;
  readonly throttle?: string[];
  readonly anchor?: string[];
  readonly supervisor?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly set?: string[];
  readonly data?: string;
  readonly inputs?: string[];
  readonly targets?: string[];
}

/** Words of a comma-separated list. */
export const list = (text: string): string[] => {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === '')) throw new InvalidArgumentError('An entry of the list is empty.');
  return items;
};

/** An integer within bounds, else a message that says which, and why. */
export const integer = (least: number, most: number, why?: string) => (text: string): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most)) throw new InvalidArgumentError(`Expected an integer from ${least} to ${most}${why === undefined ? '' : `: ${why}`}.`);
  return value;
};

const collect = (value: string, before: string[] = []): string[] => [...before, value];

export function addCommon<C extends Command>(command: C): C {
  return command
    .option('--json', 'print the machine-readable result')
    .option('-o, --output <file>', 'write the result to a file, whole or not at all (- is standard output)')
    .option('-q, --quiet', 'no progress and no remarks');
}

export function addRunOptions<C extends Command>(command: C): C {
  return command
    .argument('[experiment]', `shipped name or path to a JSON file (default: ${DEFAULT_EXPERIMENT}; with --data, ${DEFAULT_DATA_EXPERIMENT})`)
    .option('-p, --profile <target>', `hardware target, shipped name or path (default: the experiment's, else ${DEFAULT_PROFILE})`)
    .option('-s, --sensor <sensor>', "what the inputs pass through, shipped name or path (default: the experiment's)")
    .addOption(new Option('-t, --throttle <throttles>', `throttles, comma-separated: ${THROTTLE_NAMES.join(', ')} (default: none and the experiment's)`).argParser(list))
    .addOption(new Option('-a, --anchor <anchors>', `anchors, comma-separated: ${ANCHOR_NAMES.join(', ')} (default: none and the experiment's)`).argParser(list))
    .option('--supervisor <supervisor>', `supervisor: ${SUPERVISOR_NAMES.join(', ')} (default: the experiment's)`)
    .addOption(new Option('--seed <n>', "draws data, weights, order, noise and random rounding (default: the experiment's)").argParser(integer(0, LAST_SEED)))
    .addOption(new Option('--steps <n>', 'steps in all: later phases are cut, or the last goes on').argParser(integer(1, MOST_STEPS)))
    .addOption(new Option('--set <path=value>', 'change one value: profile., sensor., experiment., throttle., anchor. or supervisor. (repeatable)').argParser(collect))
    .option('--data <file>', "a recording, CSV or NPY, in place of the experiment's data; its lags, steps ahead and scaling stay those of the experiment")
    .addOption(new Option('--inputs <columns>', 'its input columns, comma-separated').argParser(list))
    .addOption(new Option('--targets <columns>', 'its target columns, comma-separated').argParser(list));
}

/** Says of `--throttle` and `--anchor`, or of those named, that the command takes one. */
export function takesOne<C extends Command>(command: C, names: readonly ('throttle' | 'anchor')[] = ['throttle', 'anchor']): C {
  for (const name of names) command.options.find(({ long }) => long === `--${name}`)!.description = `one ${name} (default: the experiment's)`;
  return command;
}

/** Flags as options of the library. */
export function runOptions(experiment: string | undefined, flags: RunFlags): RunOptions {
  const { data, inputs, targets } = flags;
  if ((data === undefined) !== (inputs === undefined) || (data === undefined) !== (targets === undefined)) {
    throw new QrailsError({
      code: 'usage', where: '--data', message: 'a recording needs a file, its inputs and its targets',
      found: [data !== undefined && '--data', inputs && '--inputs', targets && '--targets'].filter(Boolean).join(', '),
      expected: '--data, --inputs and --targets together', try: '--data log.csv --inputs a,b --targets y',
    });
  }
  return {
    experiment, profile: flags.profile, sensor: flags.sensor, throttle: flags.throttle, anchor: flags.anchor, supervisor: flags.supervisor, seed: flags.seed, steps: flags.steps, set: flags.set,
    ...(data !== undefined && { data: { file: data, inputs: inputs!, targets: targets! } }),
  };
}
