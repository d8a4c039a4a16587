/** What array engines read. Run by the engines themselves in parallel.test.ts and slurm.test.ts. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kubernetesManifest, parallelLine, slurmScript } from '../../src/sweep/scripts.js';

const PARTS = { name: 'wide-net', path: "it's here/wide net.json", text: '{\n  "name": "wide-net"\n}\n', shards: 16 };

/** What a shell makes of text: a function stands in for every command it would run. */
function words(text: string, command: string): string[] {
  const { stdout, status } = spawnSync('bash', ['-c', `exec() { "$@"; }; ${command}() { cat 2>/dev/null </dev/null; printf '%s\\n' "$@"; }\n${text}`], { encoding: 'utf8', env: { ...process.env, SLURM_CPUS_PER_TASK: '4' } });
  expect(status).toBe(0);
  return stdout.trimEnd().split('\n');
}

describe('what an engine reads', () => {
  it('Slurm: an array from 1, every task the part of its id, with the cores it was given', () => {
    const script = slurmScript(PARTS);
    expect(script).toMatch(/^#!\/bin\/bash\n/);
    expect(script).toContain('#SBATCH --array=1-16\n');
    expect(script).toContain('#SBATCH --job-name=wide-net\n');
    expect(words(script, 'qrails')).toEqual(['sweep', PARTS.path, '--shard', 'auto/16', '--resume', '--workers', '4', '--quiet']);
    expect(script).not.toContain('MaxArraySize');
    expect(slurmScript({ ...PARTS, shards: 1001 })).toContain('MaxArraySize');
  });

  it('GNU parallel: one line that merges when all parts are done', () => {
    const line = parallelLine(PARTS);
    expect(line.trimEnd()).not.toContain('\n');
    const [given, merged] = line.split(' && ') as [string, string];
    const parallel = words(given.replace(/^seq 16 \| /, ''), 'parallel');
    expect(given).toMatch(/^seq 16 \| /);
    expect(parallel.slice(0, -1)).toEqual(['-N0', '--joblog', 'wide-net.joblog', '--resume-failed']);
    expect(words(parallel.at(-1)!, 'qrails')).toEqual(['sweep', PARTS.path, '--shard', 'auto/16', '--resume', '--workers', '1', '--quiet']);
    expect(words(merged, 'qrails')).toEqual(['sweep', 'merge', 'wide-net.shards']);
    expect(() => parallelLine({ ...PARTS, path: '{#}.json' })).toThrow(/braces/);
  });

  it('Kubernetes: the specification, and an Indexed Job that finds it', async () => {
    const [configMap, job] = parseAllDocuments(await kubernetesManifest(PARTS)).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as unknown;
    }) as unknown as [{ metadata: { name: string }; data: object }, { metadata: { name: string }; spec: Record<string, unknown> & { template: { spec: { containers: Record<string, unknown>[]; volumes: object[] } } } }];
    expect(configMap).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'qrails-wide-net' }, data: { 'wide-net.json': PARTS.text } });
    expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job', spec: { completionMode: 'Indexed', completions: 16, parallelism: 16, template: { spec: { restartPolicy: 'Never' } } } });
    const { containers: [container], volumes } = job.spec.template.spec;
    expect(container).toMatchObject({ command: ['qrails', 'sweep', './wide-net.json', '--shard', 'auto/16', '--resume', '--workers', '1', '--quiet'], workingDir: '/sweep' });
    expect(container!['volumeMounts']).toContainEqual({ name: 'specification', mountPath: '/sweep/wide-net.json', subPath: 'wide-net.json', readOnly: true });
    expect(volumes).toContainEqual({ name: 'specification', configMap: { name: 'qrails-wide-net' } });
    expect(await kubernetesManifest({ ...PARTS, image: 'mine:1', claim: 'disk' })).toMatch(/image: mine:1[^]*claimName: disk/);
    await expect(kubernetesManifest({ ...PARTS, text: ' '.repeat(2 ** 20) })).rejects.toThrow(/too large for a ConfigMap/);
  });

  it.each([['a_b.c', 'qrails-a-b-c'], [`${'x'.repeat(39)}-y`, `qrails-${'x'.repeat(39)}`], ['0', 'qrails-0']])('names of objects are labels: %s', async (name, expected) => {
    expect(await kubernetesManifest({ ...PARTS, name })).toContain(`\n  name: ${expected}\n`);
  });
});
