/** The array script of `sweep plan --slurm`, run by Slurm on this machine: daemons of its own in a temporary folder, with ports of their own. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inFolder, type Folder } from '../cli/qrails.js';
import { needCommand, pathWith } from '../sweep/engine.js';
import { files, journalled, journalText, RUNS, tables } from '../sweep/small.js';

const PARTS = 4;
const DAEMONS = ['slurmd', 'slurmctld', 'munged'];

/** slurm.conf(5): one node, no accounting, no cgroups, a key of its own. */
const config = (dir: string): string => {
  const [node] = hostname().split('.') as [string];
  const port = 20_000 + (process.pid % 20_000);
  return `ClusterName=one
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${port}
SlurmdPort=${port + 1}
AuthType=auth/munge
AuthInfo=socket=${dir}/munge.sock
SlurmUser=${userInfo().username}
SlurmdUser=${userInfo().username}
StateSaveLocation=${dir}/state
SlurmdSpoolDir=${dir}/spool
SlurmctldPidFile=${dir}/slurmctld.pid
SlurmdPidFile=${dir}/slurmd.pid
SlurmctldLogFile=${dir}/slurmctld.log
SlurmdLogFile=${dir}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
NodeName=${node} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} State=UNKNOWN
PartitionName=all Nodes=${node} Default=YES MaxTime=INFINITE State=UP
`;
};

/** Does something while Slurm runs in a folder. */
async function withSlurm<T>(folder: Folder, env: Record<string, string>, work: (shell: (line: string) => string) => Promise<T>): Promise<T> {
  const dir = join(folder.path, 'slurm');
  folder.write({ 'slurm/slurm.conf': config(dir), 'slurm/key': randomBytes(1024), 'slurm/state/.keep': '', 'slurm/spool/.keep': '' });
  const shell = (line: string): string => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', line], { cwd: folder.path, env: { ...process.env, ...env, SLURM_CONF: join(dir, 'slurm.conf') }, encoding: 'utf8', timeout: 300_000 });
    if (status !== 0) throw new Error(`${line} ended with ${status}\n${stdout}${stderr}${DAEMONS.map((name) => (existsSync(join(dir, `${name}.log`)) ? readFileSync(join(dir, `${name}.log`), 'utf8').slice(-2000) : '')).join('\n')}`);
    return stdout;
  };
  try {
    shell(`chmod 755 . slurm && chmod 600 slurm/key && munged --force --key-file=${dir}/key --socket=${dir}/munge.sock --pid-file=${dir}/munged.pid --log-file=${dir}/munged.log --seed-file=${dir}/munged.seed`);
    shell(`slurmctld -f ${dir}/slurm.conf && slurmd -f ${dir}/slurm.conf`);
    shell('for _ in $(seq 100); do sinfo --noheader --format=%T | grep -q idle && exit 0; sleep 0.2; done; exit 1');
    return await work(shell);
  } finally {
    for (const name of DAEMONS) spawnSync('sh', ['-c', `kill $(cat ${name}.pid) && for _ in $(seq 100); do test -e ${name}.pid || exit 0; sleep 0.1; done`], { cwd: dir });
  }
}

it('Slurm runs every part once, and the tables are those of one piece; a part that was cancelled goes on', async (context) => {
  needCommand(context, 'munged', 'slurmctld', 'slurmd', 'sbatch');
  await inFolder(files({}, 6000), async (folder) => {
    await withSlurm(folder, pathWith(folder), async (shell) => {
      shell(`qrails sweep plan sweep.json --slurm --shards ${PARTS} -o sweep.slurm`);
      // One part is ended in the middle, and started again by its id alone.
      const job = shell('sbatch --parsable sweep.slurm').trim();
      shell(`for _ in $(seq 600); do test "$(wc -l < small.shards/2-of-${PARTS}/journal.ndjson 2>/dev/null || echo 0)" -ge 2 && break; sleep 0.05; done; scancel ${job}_2`);
      shell('for _ in $(seq 600); do test -z "$(squeue --noheader)" && exit 0; sleep 0.2; done; exit 1');
      const kept = journalText(folder, `small.shards/2-of-${PARTS}`);
      expect(journalled(kept).length).toBeGreaterThan(0);
      expect(journalled(kept).length).toBeLessThan(RUNS / PARTS);
      shell('sbatch --parsable --wait --array=2 sweep.slurm');
      const parts = Array.from({ length: PARTS }, (_, k) => journalled(journalText(folder, `small.shards/${k + 1}-of-${PARTS}`)));
      expect(journalText(folder, `small.shards/2-of-${PARTS}`).startsWith(kept.slice(0, kept.lastIndexOf('\n') + 1))).toBe(true);
      expect(parts.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: RUNS }, (_, run) => run));
      shell('qrails sweep merge small.shards -q && qrails sweep sweep.json -o whole -q');
      expect(tables(folder, 'small.sweep')).toEqual(tables(folder, 'whole'));

      // Index and count from Slurm itself.
      shell(`printf '#!/bin/sh\\nexec qrails sweep sweep.json --shard auto -o auto/$SLURM_ARRAY_TASK_ID -q\\n' > auto.slurm && sbatch --wait --array=10-16:3 auto.slurm && qrails sweep merge auto -o again -q`);
      expect(tables(folder, 'again')).toEqual(tables(folder, 'whole'));
      return Promise.resolve();
    });
  });
}, 600_000);
