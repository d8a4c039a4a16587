/** The variables of array engines, as sbatch(1), the Kubernetes Job and parallel(1) set them. */
import { describe, expect, it } from 'vitest';
import { engineShard, enginesOf, readShard } from '../../src/sweep/engines.js';

const array = (id: number, least: number, most: number, step: number, count: number): Record<string, string> =>
  Object.fromEntries(Object.entries({ ID: id, MIN: least, MAX: most, STEP: step, COUNT: count }).map(([name, value]) => [`SLURM_ARRAY_TASK_${name}`, String(value)]));

describe('the part of a task', () => {
  it.each([
    ['Slurm, from 0', array(2, 0, 9, 1, 10), undefined, '3/10'],
    ['Slurm, by 3', array(8, 2, 11, 3, 4), undefined, '3/4'],
    ['Slurm, one task', array(5, 5, 5, 1, 1), undefined, '1/1'],
    ['Slurm, some tasks started again', array(9, 3, 9, 1, 2), 16, '9/16'],
    ['Kubernetes', { JOB_COMPLETION_INDEX: '0' }, 16, '1/16'],
    ['Kubernetes, the last', { JOB_COMPLETION_INDEX: '15' }, 16, '16/16'],
    ['GNU parallel', { PARALLEL_SEQ: '16' }, 16, '16/16'],
  ] as const)('%s', (_, environment, count, expected) => {
    const { index, count: of } = engineShard(environment, count);
    expect(`${index}/${of}`).toBe(expected);
    expect(readShard(count === undefined ? 'auto' : `auto/${count}`, environment)).toEqual({ index, count: of });
  });

  it.each([
    ['no engine', {}, undefined, /no task of an array[^]*SLURM_ARRAY_TASK_ID \(Slurm\)/],
    ['one inside another', { ...array(1, 1, 2, 1, 2), PARALLEL_SEQ: '1' }, 2, /one engine runs inside another[^]*SLURM_ARRAY_TASK_ID, PARALLEL_SEQ/],
    ['an array with gaps', array(3, 1, 9, 1, 3), undefined, /gaps[^]*3 tasks, 1 to 9 by 1[^]*auto\/n/],
    ['no count', { JOB_COMPLETION_INDEX: '1' }, undefined, /Kubernetes does not tell how many/],
    ['no count', { PARALLEL_SEQ: '1' }, undefined, /GNU parallel does not tell how many/],
    ['an index too high', { JOB_COMPLETION_INDEX: '16' }, 16, /JOB_COMPLETION_INDEX[^]*0 to 15/],
    ['an index too low', { PARALLEL_SEQ: '0' }, 16, /PARALLEL_SEQ[^]*1 to 16/],
    ['text', { JOB_COMPLETION_INDEX: '\u001b[31m' }, 16, /JOB_COMPLETION_INDEX: is no index[^]*\\u001b/],
    ['half of the variables', { SLURM_ARRAY_TASK_ID: '1' }, undefined, /SLURM_ARRAY_TASK_MIN: is no index[^]*nothing/],
  ] as const)('refuses %s', (_, environment, count, message) => {
    expect(() => engineShard(environment, count)).toThrow(message);
  });

  it('is only looked for where it is asked for', () => {
    expect(readShard('2/3', { PARALLEL_SEQ: '1' })).toEqual({ index: 2, count: 3 });
    expect(() => readShard('auto/0', { PARALLEL_SEQ: '1' })).toThrow(/--shard/);
    expect(enginesOf({ PATH: '/bin' })).toEqual([]);
  });
});
