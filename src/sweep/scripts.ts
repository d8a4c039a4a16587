/** What array engines read: a Slurm array script, a Kubernetes Indexed Job, a GNU parallel line. Each runs every shard of a sweep, and goes on with one that was ended. */
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { VERSION } from '../version.js';
import { shardsFolder } from './folder.js';

export interface ScriptParts {
  /** Name of the sweep: a plain file name. */
  readonly name: string;
  /** Path of the specification, as the tasks see it from where they start. */
  readonly path: string;
  /** Its text, for engines that hand it to their tasks. */
  readonly text: string;
  readonly shards: number;
  /** Container image with this tool in it; Kubernetes only. */
  readonly image?: string | undefined;
  /** Volume claim that the shards are written to; Kubernetes only. */
  readonly claim?: string | undefined;
}

export const DEFAULT_IMAGE = `qrails:${VERSION}`;
export const DEFAULT_CLAIM = 'qrails';
/** Where a pod finds the volume, and works. */
const VOLUME = '/sweep';
/** Memory a pod may take: docs/cluster.md says what a sweep takes. */
const POD_MEMORY = '1Gi';
/** Times a pod of an index is started again. */
const RETRIES = 10;
/** Exit code of wrong input: the same in every pod. */
const WRONG_INPUT = 2;
/** Largest data of a ConfigMap, bytes. */
const CONFIG_MAP_LIMIT = 2 ** 20;
/** Largest id of an array where slurm.conf does not say MaxArraySize. */
const LAST_ARRAY_ID = 1000;

/** A word of a POSIX shell. */
export const word = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
/** A path that no command takes for an option. */
export const pathWord = (path: string): string => word(path.startsWith('-') ? `./${path}` : path);

const merge = (name: string): string => `qrails sweep merge ${word(shardsFolder(name))}`;

/** For `sbatch`: ids 1 to n. A task that is requeued, after a node failed or its time was over, goes on from its journal. */
export function slurmScript({ name, path, shards }: ScriptParts): string {
  return `#!/bin/bash
# ${shards} parts of the sweep ${name}. Afterwards: ${merge(name)}
# Both at once: sbatch --dependency=afterok:$(sbatch --parsable ${name}.slurm) --wrap=${word(merge(name))}
${shards > LAST_ARRAY_ID ? `# More than ${LAST_ARRAY_ID} tasks need a larger MaxArraySize in slurm.conf.\n` : ''}\
#SBATCH --job-name=${name}
#SBATCH --array=1-${shards}
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=${name}-%A_%a.log
exec qrails sweep ${pathWord(path)} --shard auto/${shards} --resume --workers "$SLURM_CPUS_PER_TASK" --quiet
`;
}

/** For a shell: one job a core, or one a core of every machine in `--sshloginfile`. Started again with the same line, only parts that failed or are missing run. */
export function parallelLine({ name, path, shards }: ScriptParts): string {
  if (path.includes('{')) throw new QrailsError({ code: 'usage', where: printable(path), message: 'GNU parallel would replace what is in braces', expected: 'a path without {' });
  const command = `qrails sweep ${pathWord(path)} --shard auto/${shards} --resume --workers 1 --quiet`;
  return `seq ${shards} | parallel -N0 --joblog ${word(`${name}.joblog`)} --resume-failed ${word(command)} && ${merge(name)}\n`;
}

/** For `kubectl apply -f`: the specification as a ConfigMap, and an Indexed Job. Documents it names by path are looked for in the volume. */
export async function kubernetesManifest({ name, path, text, shards, image = DEFAULT_IMAGE, claim = DEFAULT_CLAIM }: ScriptParts): Promise<string> {
  if (Buffer.byteLength(text) > CONFIG_MAP_LIMIT - 1024) {
    throw new QrailsError({ code: 'unsupported', where: printable(path), message: 'is too large for a ConfigMap', found: `${Buffer.byteLength(text)} bytes`, expected: `less than ${CONFIG_MAP_LIMIT}`, try: 'a grid in place of a list' });
  }
  const { stringify } = await import('yaml');
  const label = name.replaceAll(/[^a-z0-9-]+/g, '-').slice(0, 40).replace(/^-+|-+$/g, '') || 'sweep';
  const object = `qrails-${label}`;
  const file = `${name}.json`;
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: object }, data: { [file]: text } };
  const job = {
    apiVersion: 'batch/v1', kind: 'Job', metadata: { name: object },
    spec: {
      completionMode: 'Indexed', completions: shards, parallelism: shards, backoffLimitPerIndex: RETRIES,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
          { action: 'FailJob', onExitCodes: { containerName: 'sweep', operator: 'In', values: [WRONG_INPUT] } },
        ],
      },
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [{
            name: 'sweep', image, workingDir: VOLUME,
            command: ['qrails', 'sweep', `./${file}`, '--shard', `auto/${shards}`, '--resume', '--workers', '1', '--quiet'],
            resources: { requests: { cpu: '1', memory: POD_MEMORY }, limits: { memory: POD_MEMORY } },
            volumeMounts: [{ name: 'volume', mountPath: VOLUME }, { name: 'specification', mountPath: `${VOLUME}/${file}`, subPath: file, readOnly: true }],
          }],
          volumes: [{ name: 'volume', persistentVolumeClaim: { claimName: claim } }, { name: 'specification', configMap: { name: object } }],
        },
      },
    },
  };
  return `# ${shards} parts of the sweep ${name}, written to the volume ${claim}, which all nodes must be able to write to (ReadWriteMany).
# Afterwards, where that volume is: ${merge(name)}
${[configMap, job].map((part) => stringify(part, { lineWidth: 0 })).join('---\n')}`;
}
