/** Engines that run the shards of a sweep: how each tells a task which one it is. The variables are those of their manuals. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { checkShard, parseShard, type Shard } from './shard.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface Engine {
  readonly title: string;
  /** Variable that holds the index; set in every task of the engine and nowhere else. */
  readonly index: string;
  /** Whether indices count from 0 or from 1, in what `sweep plan` writes. */
  readonly first: 0 | 1;
  /** Index from 1 and count, where the engine tells both. */
  readonly whole?: (number: (name: string) => number) => Shard;
}

/** By the flag of `sweep plan` that writes its file. */
export const ENGINES = {
  slurm: {
    title: 'Slurm', index: 'SLURM_ARRAY_TASK_ID', first: 1, // sbatch(1)
    whole: (number) => {
      const [least, most, step, count] = ['MIN', 'MAX', 'STEP', 'COUNT'].map((name) => number(`SLURM_ARRAY_TASK_${name}`)) as [number, number, number, number];
      if (count > 1 && least + step * (count - 1) !== most) {
        throw new QrailsError({
          code: 'usage', where: 'SLURM_ARRAY_TASK_MIN, _MAX, _STEP, _COUNT', message: 'the array has gaps: its number of tasks is not that of the parts',
          found: `${count} tasks, ${least} to ${most} by ${step}`, expected: 'equal steps', try: '--shard auto/n, with ids from 1 to n',
        });
      }
      return { index: count === 1 ? 1 : (number('SLURM_ARRAY_TASK_ID') - least) / step + 1, count };
    },
  },
  kubernetes: { title: 'Kubernetes', index: 'JOB_COMPLETION_INDEX', first: 0 }, // an Indexed Job
  parallel: { title: 'GNU parallel', index: 'PARALLEL_SEQ', first: 1 }, // parallel(1)
} as const satisfies Record<string, Engine>;
export type EngineName = keyof typeof ENGINES;
export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];

/** Engines whose task this is, by their variables. */
export const enginesOf = (environment: Environment): EngineName[] => ENGINE_NAMES.filter((name) => environment[ENGINES[name].index] !== undefined);

/**
 * The shard of this task of an array. With a count only the index is read, which stays right where some tasks of an array are started again by themselves;
 * without, Slurm tells it.
 *
 * @throws QrailsError `usage` outside of an engine, inside of two, where a variable is no number or not one of the shards, or where a count is needed
 * @example engineShard({ JOB_COMPLETION_INDEX: '2' }, 16) // { index: 3, count: 16 }
 */
export function engineShard(environment: Environment, count?: number): Shard {
  const [name, other] = enginesOf(environment);
  const where = '--shard auto';
  const known = ENGINE_NAMES.map((each) => `${ENGINES[each].index} (${ENGINES[each].title})`).join(', ');
  if (name === undefined) throw new QrailsError({ code: 'usage', where, message: 'this is no task of an array', found: 'none of the variables', expected: known, try: '--shard i/n' });
  if (other !== undefined) {
    throw new QrailsError({ code: 'usage', where, message: 'one engine runs inside another', found: [name, other].map((each) => ENGINES[each].index).join(', '), expected: 'one of them', try: '--shard i/n' });
  }
  const number = (variable: string): number => {
    const text = environment[variable] ?? '';
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new QrailsError({ code: 'usage', where: variable, message: 'is no index', found: text === '' ? 'nothing' : printable(text), expected: 'a whole number', try: '--shard i/n' });
  };
  const { title, index, first, whole }: Engine = ENGINES[name];
  if (count !== undefined) {
    const shard = { index: number(index) - first + 1, count };
    if (shard.index >= 1 && shard.index <= count) return checkShard(shard, where);
    throw new QrailsError({ code: 'usage', where: index, message: 'is the index of none of the parts', found: printable(environment[index]!), expected: `${first} to ${count - 1 + first}` });
  }
  if (whole) return checkShard(whole(number), where);
  throw new QrailsError({ code: 'usage', where, message: `${title} does not tell how many tasks there are`, expected: '--shard auto/n', try: '--shard auto/16' });
}

/**
 * A shard as `--shard` takes it: `i/n`, `auto`, or `auto/n`.
 *
 * @throws QrailsError `usage`
 * @example readShard('auto/16', process.env)
 */
export function readShard(text: string, environment: Environment): Shard {
  const [, count] = /^auto(?:\/(\d{1,9}))?$/.exec(text) ?? [];
  if (text === 'auto') return engineShard(environment);
  if (count === undefined) return parseShard(text);
  return engineShard(environment, checkShard({ index: 1, count: Number(count) }).count);
}
