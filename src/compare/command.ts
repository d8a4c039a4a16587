/** The command line of a run, to be pasted. */
import type { RunOptions } from './prepare.js';

/** Options of one run: one throttle, one anchor. */
export interface CommandOptions extends Omit<RunOptions, 'throttle' | 'anchor'> {
  readonly throttle?: string | undefined;
  readonly anchor?: string | undefined;
}

/** Quotes a word for a POSIX shell where it needs it. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * The `qrails compare` that makes this run and no other.
 *
 * @example compareCommand({ experiment: 'exp-000c', set: ['throttle.chi=1'] }) // qrails compare exp-000c --set throttle.chi=1
 */
export function compareCommand({ experiment, profile, sensor, data, throttle, anchor, supervisor, seed, steps, set = [] }: CommandOptions): string {
  const options: Record<string, string | number | undefined> = {
    profile, sensor, data: data?.file, inputs: data?.inputs.join(','), targets: data?.targets.join(','), throttle, anchor, supervisor, seed, steps,
  };
  const words = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  return ['qrails', 'compare', ...(experiment === undefined ? [] : [experiment]), ...words, ...set.flatMap((assignment) => ['--set', assignment])].map(shellWord).join(' ');
}
