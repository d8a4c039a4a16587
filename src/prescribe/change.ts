/** A change of a run, as options of `qrails compare`: applied, written out and made a command. */
import { compareCommand } from '../compare/command.js';
import type { Prepared, RunOptions, Variant } from '../compare/prepare.js';

/** What is changed; whatever is left out stays. */
export interface Change {
  readonly throttle?: string;
  readonly anchor?: string;
  readonly supervisor?: string;
  /** `path=value` assignments, behind those of the run. */
  readonly set?: readonly string[];
}

/** The options of a change. @example optionsOf({ throttle: 'table', set: ['throttle.chi=1'] }) // ['--throttle table', '--set throttle.chi=1'] */
export const optionsOf = ({ throttle, anchor, supervisor, set = [] }: Change): string[] => [
  ...Object.entries({ throttle, anchor, supervisor }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`])), ...set.map((assignment) => `--set ${assignment}`),
];

/** The options of a run with a change: one throttle, one anchor. */
export const changed = (options: RunOptions, variant: Pick<Variant, 'throttle' | 'anchor'>, { throttle, anchor, supervisor, set = [] }: Change): RunOptions => ({
  ...options, throttle: [throttle ?? variant.throttle], anchor: [anchor ?? variant.anchor], supervisor: supervisor ?? options.supervisor, set: [...(options.set ?? []), ...set],
});

/** The command that makes a run with a change and no other run, to be pasted. `experiment` tells whether an anchor has to be named. */
export function commandOf(options: RunOptions, variant: Pick<Variant, 'throttle' | 'anchor'>, change: Change, { experiment }: Pick<Prepared, 'experiment'>): string {
  const { throttle, anchor, ...rest } = changed(options, variant, change);
  const unsaid = change.anchor === undefined && anchor![0] === 'none' && (experiment.anchor?.law ?? 'none') === 'none';
  return compareCommand({ ...rest, throttle: throttle![0], anchor: unsaid ? undefined : anchor![0] });
}
