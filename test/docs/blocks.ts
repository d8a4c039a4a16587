/**
 * Code blocks of a page of Markdown, and what runs them. A page is worked through from top to bottom in a folder of its own, in which `qrails` is the
 * built command line (`npx qrails` too) and the package can be imported. What a block is for follows from its language:
 *
 * - `sh` is run and has to end well; `console` is run line by line and what it prints compared (`…` stands for anything); `cat FILE` of a file that is not
 *   there yet makes it
 * - `ts` and `js` are run as modules, and `ts` is type-checked; with `vitest` imported they are a test file. What a comment behind a statement says is
 *   compared with its value
 * - `json` has to be JSON, or keys and values of an object; `c` has to compile; `python` is run
 * - `text` and others are shown only
 *
 * A comment before a block says more: `<!-- file: NAME -->` writes it to that file instead; `<!-- output -->` is what the block before printed;
 * `<!-- needs: PROGRAM … -->` leaves it out where a program is not installed, but not in CI; `<!-- in full: WHY -->` runs it
 * with QRAILS_FULL only; `<!-- not run: WHY -->` only shows it. A file of tests in WHY has to be there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, transpileSource } from './source.js';
import { BIN, ended, Folder, ROOT } from '../cli/qrails.js';

export { parse, PAGES, type Block } from './source.js';

/** Of one command, in ms. */
const LONGEST = process.env['QRAILS_FULL'] === '1' ? 1_500_000 : 200_000;
const required = process.env['QRAILS_REQUIRE_ORACLES'] === '1';
const installed = (program: string): boolean => spawnSync('sh', ['-c', `command -v '${program}'`]).status === 0;

/** The text with `…` for anything, compared line by line without spaces at the ends. */
export function shows(shown: string, printed: string): boolean {
  const tidy = (text: string): string => text.split('\n').map((line) => line.trimEnd()).join('\n').trim();
  const pattern = tidy(shown).split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('[^]*?');
  return new RegExp(`^${pattern}$`).test(tidy(printed));
}

/** A folder in which pages are run. */
function workshop(): Folder {
  const folder = new Folder({
    'bin/qrails': `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`,
    // A reader has installed the package: nothing is fetched here.
    'bin/npx': `#!/bin/sh\n[ "$1" = qrails ] || { echo "npx $*" >&2; exit 2; }\nshift\nnpm_command=exec exec '${process.execPath}' '${BIN}' "$@"\n`,
    'bin/npm': '#!/bin/sh\ncase "$1" in ci|install|test) ;; *) echo "npm $*" >&2; exit 2 ;; esac\n',
    'package.json': '{ "type": "module" }\n',
  });
  for (const name of ['qrails', 'npx', 'npm']) chmodSync(join(folder.path, 'bin', name), 0o755);
  mkdirSync(join(folder.path, 'node_modules'));
  symlinkSync(ROOT, join(folder.path, 'node_modules/qrails'));
  symlinkSync(join(ROOT, 'node_modules/vitest'), join(folder.path, 'node_modules/vitest'));
  return folder;
}

/** Runs every block of a page; what went wrong, by line. Ends at the first, as later blocks build on earlier ones. */
export async function runPage(page: string): Promise<string[]> {
  const folder = workshop();
  const env = {
    ...process.env, PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}`, NO_COLOR: '1', LC_ALL: 'C.UTF-8',
    npm_command: undefined, npm_config_loglevel: undefined, VITEST: undefined, VITEST_MODE: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined, NODE_OPTIONS: undefined, NODE_ENV: undefined,
  };
  const run = async (command: string, ...args: string[]): Promise<{ code: number | null; text: string }> => {
    const { code, stdout, stderr } = await ended(spawn(command, args, { cwd: folder.path, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST, killSignal: 'SIGKILL' }));
    return { code, text: stdout + stderr };
  };
  let printed = '';
  const wellEnded = async (...line: [string, ...string[]]): Promise<string | undefined> => {
    const { code, text } = await run(...line);
    printed = text;
    return code === 0 ? undefined : `ended with ${code}\n${text}`;
  };
  const runners: Record<string, (text: string, line: number) => string | undefined | Promise<string | undefined>> = {
    sh: (text) => wellEnded('bash', '-euo', 'pipefail', '-c', `exec 2>&1\n${text}`),
    console: async (text) => {
      for (const [command, shown] of commandsOf(text)) {
        const made = /^cat ([\w.-]+)$/.exec(command)?.[1];
        if (made !== undefined && !existsSync(join(folder.path, made))) folder.write({ [made]: shown });
        const { text: out } = await run('bash', '-c', `exec 2>&1\n${command}`);
        if (!shows(shown, out)) return `$ ${command}\nprinted\n${out}\nis not what is shown`;
      }
      return undefined;
    },
    ts: (text, line) => runModule(transpileSource(text), line),
    js: (text, line) => runModule(text, line),
    json: (text) => {
      try {
        JSON.parse(/^\s*"/.test(text) ? `{${text}}` : text);
        return undefined;
      } catch (error) {
        return String(error);
      }
    },
    c: (text, line) => {
      const file = `block${line}.c`;
      folder.write({ [file]: text });
      return wellEnded('sh', '-c', `cc -std=c99 -Wall -Wextra -fsyntax-only -I. $(ls -d */ | sed 's/^/-I/') ${file}`);
    },
    python: (text) => wellEnded('python3', '-c', text),
  };
  const runModule = (text: string, line: number): Promise<string | undefined> => {
    const isTest = /from 'vitest'/.test(text);
    const file = `block${line}${isTest ? '.test' : ''}.js`;
    folder.write({ [file]: asserting(text) });
    return isTest ? wellEnded(process.execPath, join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', '.', file) : wellEnded(process.execPath, file);
  };
  try {
    for (const { language, text, line, marks } of parse(readFileSync(join(ROOT, page), 'utf8'))) {
      const problem = await (async () => {
        if (marks['not run'] !== undefined) return existing(marks['not run']);
        if (marks['in full'] !== undefined && process.env['QRAILS_FULL'] !== '1') return existing(marks['in full']);
        if (marks['needs'] !== undefined && !required && !marks['needs'].split(' ').every(installed)) return undefined;
        if (marks['output'] !== undefined) return shows(text, printed) ? undefined : `printed\n${printed}\nis not what is shown`;
        if (marks['file'] !== undefined) {
          mkdirSync(dirname(join(folder.path, marks['file'])), { recursive: true });
          writeFileSync(join(folder.path, marks['file']), text);
          return undefined;
        }
        return runners[language]?.(text, line);
      })();
      if (problem !== undefined) return [`${page}:${line}: ${problem}`];
    }
    return [];
  } finally {
    folder.remove();
  }
}

/** The module with its comments held to: `value; // 1` and `const name = value; // 1`. */
function asserting(text: string): string {
  let held = 0;
  const lines = text.split('\n').map((line) => {
    const [, name, statement, shown] = /^(?:const (\w+) = )?([^\s/].*); \/\/ (['"\d[{-].*|true|false|null)$/.exec(line) ?? [];
    if (statement === undefined) return line;
    held++;
    return name === undefined ? `shown.deepEqual(${statement}, ${shown});` : `const ${name} = ${statement}; shown.deepEqual(${name}, ${shown});`;
  });
  return `${held > 0 ? "import shown from 'node:assert/strict';\n" : ''}${lines.join('\n')}`;
}

/** Tests that a reason names have to be there. */
function existing(why: string): string | undefined {
  const missing = (why.match(/\btest\/[\w/.]+\.test\.ts/g) ?? []).filter((file) => !existsSync(join(ROOT, file)));
  return missing.length === 0 ? undefined : `there is no ${missing.join(', ')}`;
}

/** Commands behind `$ `, gone on in the next line behind a backslash, each with what is shown below it. */
function commandsOf(text: string): [command: string, shown: string][] {
  const found: [string, string][] = [];
  let open = false;
  for (const line of text.replace(/\n$/, '').split('\n')) {
    if (line.startsWith('$ ')) found.push([line.slice(2), '']);
    else if (open) found.at(-1)![0] += `\n${line}`;
    else if (found.length > 0) found.at(-1)![1] += `${line}\n`;
    open = (line.startsWith('$ ') || open) && line.endsWith('\\');
  }
  return found;
}
