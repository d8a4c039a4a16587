/** Completion: what is offered, and that bash, zsh and fish offer it. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { candidates } from '../../src/cli/completion/candidates.js';
import { KINDS } from '../../src/cli/completion/kinds.js';
import { COMPLETION_SCRIPTS, QUESTION, SHELLS, type Shell } from '../../src/cli/completion/scripts.js';
import { subcommands, type Command } from '../../src/cli/command.js';
import { createProgram } from '../../src/cli/program.js';
import { list } from '../../src/document/catalogue.js';
import { ROUNDINGS } from '../../src/format/modes.js';
import { BIN, inFolder, type Folder } from './qrails.js';

const program = createProgram(() => { throw new Error('nothing runs here'); }, () => undefined);
const offered = (...words: string[]): string[] => candidates(program, words).words.map(({ word }) => word);
const everyCommand = (command: Command): Command[] => [command, ...subcommands(command).flatMap(everyCommand)];

describe('candidates', () => {
  it.each<[string, string[], string[]]>([
    ['commands', ['comp'], ['compare', 'completion']],
    ['commands of a group', ['baseline', 're'], ['record']],
    ['options', ['compare', '--prof'], ['--profile']],
    ['options behind operands and other options', ['compare', 'exp-000c', '-p', 'enabol-mid', '--json', '--tra'], ['--trace']],
    ['choices', ['compare', '--core', 's'], ['scalar', 'simd']],
    ['choices behind =', ['compare', '--core=s'], ['--core=scalar', '--core=simd']],
    ['shipped targets', ['compare', '--profile', 'enabol-'], ['enabol-mid', 'enabol-tight', 'enabol-wide']],
    ['the next of a list', ['compare', '-p', 'avr-q7,enabol-m'], ['avr-q7,enabol-mid']],
    ['shipped experiments', ['compare', 'exp-000'], ['exp-000a', 'exp-000b', 'exp-000c']],
    ['both operands of a diff', ['profile', 'diff', 'avr-q7', 'enabol-m'], ['enabol-mid']],
    ['the roots of --set', ['compare', '--set', 't'], ['throttle.']],
    ['paths of --set', ['compare', '--set', 'profile.sites.weight.word'], ['profile.sites.weight.wordLength=']],
    ['values of --set', ['compare', '--set', 'throttle.law=gt2'], ['throttle.law=gt2', 'throttle.law=gt2-qa']],
    ['nothing behind a number', ['compare', '--seed', ''], []],
    ['nothing behind --', ['compare', '--', '--prof'], []],
    ['nothing for an option that is not there', ['compare', '--nothing=', 'x', '--nope='], []],
  ])('%s', (_, words, expected) => expect(offered(...words)).toEqual(expected));

  it('every shipped document, with paths beside', () => {
    for (const kind of ['profile', 'sensor', 'experiment'] as const) {
      expect(candidates(program, [kind, 'show', ''])).toMatchObject({ words: list(kind).map((word) => ({ word })), paths: 'files' });
    }
    expect(candidates(program, ['export', 'c', '-o', ''])).toEqual({ words: [], paths: 'folders' });
  });

  it('every rounding mode of a site', () => {
    expect(offered('compare', '--set', 'profile.sites.layer0.weight.rounding=').map((text) => text.split('=')[1])).toEqual(ROUNDINGS);
  });

  it('every placeholder of the program is known', () => {
    const placeholders = everyCommand(program).flatMap((command) => [
      ...command.options.filter(({ argChoices }) => !argChoices).flatMap(({ flags }) => /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1] ?? []),
      ...command.registeredArguments.filter(({ argChoices }) => !argChoices).map((argument) => argument.name()),
    ]);
    expect([...new Set(placeholders)].filter((word) => !(word in KINDS) && word !== 'path=value' && word !== 'other')).toEqual([]);
  });
});

/** Types into a shell in a terminal of its own: each piece is text, then TAB, then what has to be there before the next is typed. */
const TYPIST = `
import fcntl, json, os, pty, re, select, struct, sys, termios, time
shell, setup, pieces = sys.argv[1:4]
child, terminal = pty.fork()
if child == 0:
    os.environ['TERM'] = 'dumb'
    os.execvp(json.loads(shell)[0], json.loads(shell))
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 500, 0, 0))
def wait(*wanted):
    seen, end = '', time.time() + 30
    while not all(text in seen for text in wanted):
        if time.time() > end: sys.exit(f'waited for {wanted}, saw {seen!r}')
        if select.select([terminal], [], [], 0.1)[0]: seen += re.sub(r'\\x1b\\[[0-9;?]*[a-zA-Z]|\\x07', '', os.read(terminal, 65536).decode('utf8', 'replace'))
os.write(terminal, (setup + '; echo READ""Y\\n').encode())
wait('READY')
for typed, then in json.loads(pieces):
    os.write(terminal, typed.encode() + b'\\t')
    wait(then)
os.write(terminal, b'; echo DO""NE\\n')
wait('DONE')
os.write(terminal, b'exit\\n')
os.waitpid(child, 0)
`;

/** Interactive shells without anybody's settings. */
const SHELL_LINES = { bash: ['bash', '--norc', '--noprofile', '-i'], zsh: ['zsh', '-f', '-i'] } as const;
const SETUP = { bash: 'source ./completion', zsh: 'autoload -Uz compinit; compinit -D -u; source ./completion' } as const;

/** A folder in which `qrails` completes as the built one does, and otherwise writes down what it was called with. */
async function withShell<T>(shell: Shell, work: (folder: Folder, env: NodeJS.ProcessEnv) => T | Promise<T>): Promise<T> {
  return inFolder({
    'completion': COMPLETION_SCRIPTS[shell].text, 'my-notes.json': '{}', 'tables/x': '',
    'bin/qrails': `#!/bin/sh\n[ "$1" = ${QUESTION} ] && exec '${process.execPath}' '${BIN}' "$@"\nprintf '%s\\n' "$@" > ran\n`,
  }, async (folder) => {
    chmodSync(join(folder.path, 'bin/qrails'), 0o755);
    return await work(folder, { ...process.env, PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}`, HOME: folder.path, LC_ALL: 'C.UTF-8' });
  });
}

const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
/** Skips where a shell is not installed, but not in CI. */
const inShell = (...tools: string[]) => it.skipIf(process.env['QRAILS_REQUIRE_ORACLES'] !== '1' && !tools.every(installed));

describe('in a shell', () => {
  it.each(SHELLS)('`qrails completion %s` prints what is sourced', (shell) => inFolder({}, async (folder) => {
    expect(await folder.qrails(['completion', shell])).toEqual({ code: 0, stdout: COMPLETION_SCRIPTS[shell].text, stderr: '' });
  }));

  describe.each(['bash', 'zsh'] as const)('%s', (shell) => {
    inShell(shell, 'python3')('completes commands, options, names, lists, values behind = and files as they are typed', () => withShell(shell, (folder, env) => {
      const pieces = [
        ['qrails compa', 'compare '], ['--profi', '--profile '], ['enabol-mid,cortex-m33', 'enabol-mid,cortex-m33-q15 '],
        ['--set profile.sites.weight.wordL', 'profile.sites.weight.wordLength='], ['12 --core=si', '--core=simd '], ['--data my-n', 'my-notes.json '],
      ];
      const { status, stderr } = spawnSync('python3', ['-c', TYPIST, JSON.stringify(SHELL_LINES[shell]), SETUP[shell], JSON.stringify(pieces)], { cwd: folder.path, env, encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
      expect(folder.read('ran').trim().split('\n').map((word) => word.trim())).toEqual([
        'compare', '--profile', 'enabol-mid,cortex-m33-q15', '--set', 'profile.sites.weight.wordLength=12', '--core=simd', '--data', 'my-notes.json',
      ]);
    }));
  });

  inShell('fish')('fish lists the same', () => withShell('fish', (folder, env) => {
    const asked = (line: string): string[] => {
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `source ./completion; complete -C '${line}'`], { cwd: folder.path, env, encoding: 'utf8' });
      expect(stderr).toBe('');
      return stdout.trim().split('\n').map((text) => text.split('\t')[0]!);
    };
    expect(asked('qrails compa')).toEqual(['compare']);
    expect(asked('qrails compare --profile enabol-mid,cortex-m33')).toEqual(['enabol-mid,cortex-m33-q15']);
    expect(asked('qrails compare --core=s')).toEqual(['--core=scalar', '--core=simd']);
    expect(asked('qrails compare --set profile.sites.weight.wordL')).toEqual(['profile.sites.weight.wordLength=']);
    expect(asked('qrails compare --data my-n')).toEqual(['my-notes.json']);
    expect(asked('qrails export c -o tab')).toEqual(['tables/']);
  }));
});
