/** Help, man page and docs/cli.md: examples first, in every command, of options that are there; and what is meant by a word that is not. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { subcommands, type Command } from '../../src/cli/command.js';
import { createProgram } from '../../src/cli/program.js';
import { calls, problems } from './commandLines.js';
import { inFolder, ROOT } from './qrails.js';

const program = createProgram(() => { throw new Error('nothing runs here'); }, () => undefined);
const everyCommand = (command: Command, name = ''): [string, Command][] =>
  [[name, command], ...subcommands(command).flatMap((sub) => everyCommand(sub, `${name} ${sub.name()}`.trim()))];
const COMMANDS = everyCommand(program);

it.each(COMMANDS)('help of `qrails %s` tells what it is, then examples, then usage', (_, command) => {
  const text = command.helpInformation();
  const [what, examples, usage] = [command.description().slice(0, 30), '\nExamples:\n  $ ', `\nUsage: qrails`].map((part) => text.indexOf(part));
  expect(what).toBe(0);
  expect(examples).toBeGreaterThan(what!);
  expect(usage).toBeGreaterThan(examples!);
});

it.each(COMMANDS)('examples of `qrails %s` name commands and options that exist', (name, command) => {
  expect(command.shownExamples.length).toBeGreaterThan(0);
  for (const [line] of command.shownExamples) {
    expect(calls(line), line).not.toEqual([]);
    for (const words of calls(line)) expect(problems(program, words), line).toEqual([]);
  }
  if (name !== '' && subcommands(command).length === 0) expect(command.shownExamples.some(([line]) => line.includes(`qrails ${name}`))).toBe(true);
});

it('the man page and docs/cli.md are what the commands say (node scripts/cli.mjs)', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/cli.mjs', '--check'], { cwd: ROOT, encoding: 'utf8' });
  expect(stdout + stderr).toBe('');
  expect(status).toBe(0);
});

const hasMan = spawnSync('man', ['--version']).status === 0;
it.skipIf(!hasMan && process.env['QRAILS_REQUIRE_ORACLES'] !== '1')('man shows the page without a warning', () => {
  const { status, stdout, stderr } = spawnSync('man', ['-l', '--warnings', 'docs/qrails.1'], { cwd: ROOT, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100', MAN_KEEP_FORMATTING: undefined } });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  for (const [name] of COMMANDS.filter(([, command]) => command !== program && subcommands(command).length === 0)) expect(stdout).toMatch(new RegExp(`^ {3}${name}$`, 'm'));
});

describe('did you mean', () => {
  it.concurrent.each([
    ['a command', 'compar', '(Did you mean compare?)'],
    ['a command of a group', 'baseline recrod', '(Did you mean record?)'],
    ['an option', 'compare --profle enabol-mid', '(Did you mean --profile?)'],
    ['an option beside values', 'quantize --fromat sfix8_En4 1', 'try       --format'],
    ['a choice', 'compare --core smid', 'Allowed choices are debug, scalar, simd.'],
    ['a shell', 'completion fsh', 'Allowed choices are bash, zsh, fish.'],
    ['a target', 'compare --profile enabol-mide', 'try       enabol-mid'],
    ['a sensor', 'compare --sensor mpu6050', 'try       mpu-6050'],
    ['an experiment', 'compare exp-000d', 'try       exp-000'],
    ['a throttle', 'compare --throttle gt0/secnat', 'try       --throttle gt0/secant'],
    ['an anchor', 'compare --anchor evnt', 'try       --anchor event'],
    ['a supervisor', 'compare --supervisor rolback', 'try       --supervisor rollback'],
    ['a root of --set', 'compare --set throtle.chi=1', 'try       throttle.chi'],
    ['a key of --set', 'compare --set throttle.ch=1', 'try       chi'],
    ['a rounding mode', 'quantize -f sfix8_En4 --rounding RDN 1', 'try       RND'],
  ])('%s', (_, line, says) => inFolder({}, async (folder) => {
    const { code, stdout, stderr } = await folder.qrails(line.split(' '));
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
  }));
});
