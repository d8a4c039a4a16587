import { Option } from 'commander';
import { once } from 'node:events';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { writeOutputFolder } from '../export/folder.js';
import { DEFAULT_EXPERIMENT } from '../compare/prepare.js';
import { catalogue } from '../play/catalogue.js';
import { readFragment, writeFragment } from '../play/request.js';
import { serve } from '../play/server.js';
import { siteFiles } from '../play/site.js';
import { LAST_SEED, MOST_STEPS } from '../schema/common.js';
import type { PlayResult } from '../schema/play.js';
import type { Command } from './command.js';
import { jsonText, notice, type Context } from './context.js';
import { integer } from './options.js';

interface PlayFlags {
  readonly profile?: string;
  readonly sensor?: string;
  readonly throttle?: string;
  readonly anchor?: string;
  readonly supervisor?: string;
  readonly steps?: number;
  readonly seed?: number;
  readonly set?: string[];
  readonly port?: number;
  readonly build?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function addPlay(program: Command, context: () => Context): void {
  program.command('play').description('the live page: drag formats, rails, gains and rates in a browser, and see float64 and fixed move; the same core, the same bits')
    .argument('[experiment]', `shipped experiment it begins with (default: ${DEFAULT_EXPERIMENT})`)
    .option('-p, --profile <target>', "shipped target (default: the experiment's)")
    .option('-s, --sensor <sensor>', "shipped sensor (default: the experiment's)")
    .option('-t, --throttle <name>', "throttle (default: the experiment's)")
    .option('-a, --anchor <name>', "anchor (default: the experiment's)")
    .option('--supervisor <name>', "supervisor (default: the experiment's)")
    .addOption(new Option('--steps <n>', 'steps in all').argParser(integer(1, MOST_STEPS)))
    .addOption(new Option('--seed <n>', "draws data, weights, order, noise and random rounding (default: the experiment's)").argParser(integer(0, LAST_SEED)))
    .addOption(new Option('--set <path=value>', 'begin with a value changed: profile., sensor., throttle., anchor., supervisor. or experiment.phases (repeatable)').argParser((value: string, before: string[] = []) => [...before, value]))
    .addOption(new Option('--port <n>', 'port on 127.0.0.1 (default: one that is free)').argParser(integer(1, 65535)))
    .option('--build <folder>', 'write the page as files for any static host, and serve nothing')
    .option('-o, --output <folder>', 'the same as --build')
    .option('--force', 'replace the folder if it exists')
    .option('--json', 'print the machine-readable result')
    .option('-q, --quiet', 'no remarks')
    .notes('Served to this machine only, until Ctrl-C. The address holds all that is shown, and can be shared. The page asks for nothing but its own files.')
    .examples(
      ['qrails play', 'prints the address to open'],
      'qrails play exp-000c --profile enabol-tight --port 8080',
      ['qrails play --build site', 'files to put on any static host'],
    )
    .action(async (experiment: string | undefined, flags: PlayFlags & { readonly output?: string }) => {
      const folder = oneFolder(flags);
      const files = await siteFiles();
      const listed = Object.entries(files).map(([name, content]) => ({ name, bytes: content.byteLength }));
      const print = (result: PlayResult, text: string): void => void process.stdout.write(flags.json ? jsonText(result) : `${text}\n`);
      if (folder !== undefined) {
        if (experiment !== undefined || flags.port !== undefined) {
          throw new QrailsError({ code: 'usage', where: '--build', message: 'writes the page as it is', found: experiment === undefined ? '--port' : printable(experiment), expected: 'neither an experiment nor a port', try: 'qrails play --build DIR' });
        }
        await writeOutputFolder(folder, files, { force: flags.force === true });
        if (flags.json) print({ play: 1, folder, files: listed }, '');
        else notice(`wrote ${listed.length} files to ${printable(folder, 400)}; index.html is the page`, flags);
        return;
      }
      const fragment = await firstFragment(experiment, flags);
      const { signal } = context();
      const serving = await serve(files, flags.port);
      const url = fragment === '' ? serving.url : `${serving.url}#${fragment}`;
      print({ play: 1, url, files: listed }, url);
      notice('serving to this machine; Ctrl-C ends it', flags);
      if (!signal.aborted) await once(signal, 'abort');
      await serving.close();
      signal.throwIfAborted();
    });
}

function oneFolder({ build, output }: { readonly build?: string; readonly output?: string }): string | undefined {
  if (build === undefined || output === undefined || build === output) return build ?? output;
  throw new QrailsError({ code: 'usage', where: '--build, --output', message: 'are the same', found: `${printable(build)} and ${printable(output)}`, expected: 'one of them' });
}

/** What the page begins with, as it stands in an address; empty where nothing was chosen. */
async function firstFragment(experiment: string | undefined, { profile, sensor, throttle, anchor, supervisor, steps, seed, set = [] }: PlayFlags): Promise<string> {
  const chosen = Object.entries({ experiment, profile, sensor, throttle, anchor, supervisor, steps, seed }).filter(([, value]) => value !== undefined) as [string, string | number][];
  if (chosen.length + set.length === 0) return '';
  const known = await catalogue();
  const parts = new URLSearchParams([...chosen.map(([name, value]): [string, string] => [name, String(value)]), ...set.map((assignment): [string, string] => ['set', assignment])]);
  return writeFragment(readFragment(parts.toString(), known, DEFAULT_EXPERIMENT), known);
}
