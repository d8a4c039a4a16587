/** The command line as a process: interrupted, read by `head`, and asked for help. */
import { expect, describe, it } from 'vitest';
import { VERSION } from '../../src/version.js';
import { inFolder } from './qrails.js';

/** Long enough never to end by itself. */
const LONG = ['compare', '--steps', '20000000', '--trace', 'run.csv', '--json', '-o', 'result.json'];
const SINGLE_SAMPLES = ['--set', 'experiment.phases[0].batch=1', '--set', 'experiment.phases[1].batch=1'];

/** Waits until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((later) => setTimeout(later, 20));
}

describe('a long run', () => {
  it.concurrent.each([
    ['SIGINT', 130, [...LONG, '--throttle', 'none']],
    ['SIGTERM', 143, [...LONG, '--throttle', 'none', ...SINGLE_SAMPLES]],
    ['SIGINT', 130, ['baseline', 'record', '--steps', '20000000', '-o', 'result.json']],
  ] as const)('ends at %s with %i and leaves nothing behind', (signal, exitCode, args) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(args, {
      started: (child) => void until(() => folder.list().length > 0).then(() => setTimeout(() => child.kill(signal), 200)),
    });
    expect(stderr).toBe('interrupted; nothing was left behind\n');
    expect(stdout).toBe('');
    expect(code).toBe(exitCode);
    expect(folder.list()).toEqual([]);
  }));
});

describe('a reader that has seen enough', () => {
  it.concurrent.each(['compare', 'compare --json', 'profile show enabol-mid', 'compare --help'])('%s', (args) => inFolder({}, async (folder) => {
    const { stdout, stderr } = await folder.shell(`qrails ${args} | head -n 1`);
    expect(stderr).toBe('');
    expect(stdout.split('\n')).toHaveLength(2);
  }));

  it('a full disk is told', () => inFolder({}, async (folder) => {
    const { code, stderr } = await folder.shell('test -c /dev/full || { echo "standard output: cannot be written (ENOSPC)" >&2; exit 2; }; qrails profile list > /dev/full');
    expect(stderr).toBe('standard output: cannot be written (ENOSPC)\n');
    expect(code).toBe(2);
  }));
});

describe('help', () => {
  it('the version is told at once', () => inFolder({}, async (folder) => {
    const began = performance.now();
    const answers = await Promise.all([folder.qrails(['--version']), folder.qrails(['-V'])]);
    expect(performance.now() - began).toBeLessThan(3000);
    for (const answer of answers) expect(answer).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
  }));

  it.concurrent.each<[string, readonly string[]]>([
    ['--help', ['compare', 'export', 'baseline', 'check', 'profile', 'sensor', 'experiment', '--version', 'Examples:']],
    ['compare --help', ['[experiment]', '--profile', '--sensor', '--throttle', 'gt0/trace', '--anchor', 'event', '--seed', '--steps', '--set', '--data', '--inputs', '--targets', '--json', '--output', '--quiet', '--trace', '--core', '--part', '--no-tries', 'Examples:']],
    ['export c --help', ['[experiment]', '--profile', '--output <folder>', '--name', '--trained', '--force', '--json', '--quiet', 'Examples:']],
    ['baseline record --help', ['--about', '--output', '--throttle', 'Examples:']],
    ['baseline update --help', ['<baseline>', '--output']],
    ['check --help', ['<baseline>', '--json', '--output', '--quiet', 'exit code 1']],
    ['profile --help', ['list', 'show', 'validate']],
    ['sensor show --help', ['<sensor>', '--json', '--output']],
    ['experiment validate --help', ['<experiment>', '--json']],
    ['help compare', ['--throttle']],
  ])('%s', (args, says) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(args.split(' '));
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const text of says) expect(stdout).toContain(text);
  }));
});
