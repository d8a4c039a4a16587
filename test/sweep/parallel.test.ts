/** The line of `sweep plan --parallel`, run by GNU parallel. */
import { expect, it } from 'vitest';
import { inFolder } from '../cli/qrails.js';
import { needCommand, pathWith } from './engine.js';
import { files, journalled, journalText, RUNS, tables } from './small.js';

const PARTS = 3;

it('GNU parallel runs every part once, goes on with one that failed, and the tables are those of one piece', async (context) => {
  needCommand(context, 'parallel');
  await inFolder(files({}, 5), async (folder) => {
    const env = pathWith(folder);
    const shell = (line: string) => folder.shell(line, env);
    const { stdout: line } = await shell(`qrails sweep plan sweep.json --parallel --shards ${PARTS}`);
    folder.write({ 'small.shards/2-of-3': 'in the way' });
    expect((await shell(line)).code).not.toBe(0);
    const first = folder.read('small.joblog');
    await shell('rm small.shards/2-of-3');
    expect(await shell(line)).toMatchObject({ code: 0 });
    const jobs = folder.read('small.joblog').slice(first.length).trimEnd().split('\n');
    expect(jobs.map((job) => job.split('\t')[0])).toEqual(['2']); // only the part that failed
    const parts = Array.from({ length: PARTS }, (_, k) => journalled(journalText(folder, `small.shards/${k + 1}-of-${PARTS}`)));
    expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: RUNS }, (_, run) => run));
    expect((await shell('qrails sweep sweep.json -o whole -q')).code).toBe(0);
    expect(tables(folder, 'small.sweep')).toEqual(tables(folder, 'whole'));
  });
});
