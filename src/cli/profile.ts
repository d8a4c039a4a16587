/** `qrails profile new | diff | explain`. */
import { lstat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Option } from 'commander';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { QReading } from '../format/notations.js';
import { createProfile, schemaReference } from '../profile/create.js';
import { askProfile, type Conversation } from '../profile/createDialogue.js';
import { PROFILE_QUESTIONS } from '../profile/createQuestions.js';
import { diffProfiles } from '../profile/diff.js';
import { renderProfileDiff } from '../profile/diffText.js';
import { explainProfile, VIEW_DIMENSIONS } from '../profile/explain.js';
import { renderDataPath, type PictureOptions } from '../profile/explainPicture.js';
import { loadProfile } from '../profile/load.js';
import { PLAIN } from '../report/terminal.js';
import type { ViewDimensions } from '../schema/profileViews.js';
import type { Command } from './command.js';
import { emit, jsonText, notice, type CommonOptions, type Context } from './context.js';
import { qOption } from './format.js';
import { addCommon, integer } from './options.js';

interface ViewFlags extends CommonOptions, ViewDimensions {
  readonly ascii?: boolean;
}

type NewFlags = CommonOptions & { readonly yes?: boolean; readonly force?: boolean; readonly q?: QReading } & Readonly<Record<string, unknown>>;

/** Columns where standard output is no terminal. */
const PAGE_WIDTH = 80;
const MOST_LAYERS = 16;
const MOST = 1_000_000;

/** Adds what only profiles have to their group of commands. */
export function addProfileViews(group: Command, context: () => Context): void {
  addNew(group, context);
  addDiff(group, context);
  addExplain(group, context);
}

function addNew(group: Command, context: () => Context): void {
  const command = addCommon(group.command('new').description('ask a dozen questions and write a valid profile'))
    .argument('[file]', 'where it is written (default: NAME.json here)')
    .option('-y, --yes', 'take the default of everything that is not given')
    .option('-f, --force', 'replace a file that is there')
    .addOption(qOption());
  for (const { option, takes, question, accepts } of PROFILE_QUESTIONS) command.option(`--${option} <${takes}>`, `${question}: ${accepts}`);
  command
    .notes(`Without a terminal, every answer is given as an option, or --yes takes the defaults.`)
    .examples(
      'qrails profile new',
      'qrails profile new mine.json --extends cortex-m4-q15 --weight sfix16_En13 --yes',
      "qrails profile new --name mine --weight 'ap_fixed<12,4,AP_RND,AP_SAT>' --yes --json",
    )
    .action(async (file: string | undefined, flags: NewFlags) => {
      const destination = destinationOf(file, flags);
      if (destination !== undefined) await refuseExisting(destination, flags);
      const { signal, palette } = context();
      const given = Object.fromEntries(PROFILE_QUESTIONS.flatMap(({ key, option }) => {
        const text = flags[option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
        return text === undefined ? [] : [[key, text as string]];
      }));
      const answers = await askProfile({
        given, defaults: flags.yes === true, q: flags.q, name: destination === undefined || destination === '-' ? undefined : basename(destination, '.json'),
        conversation: process.stdin.isTTY ? terminal(signal, process.stderr.isTTY ? palette : PLAIN) : undefined,
      });
      const path = destination ?? `${answers.name}.json`;
      if (destination === undefined) await refuseExisting(path, flags);
      const profile = await createProfile(answers);
      const schema = path === '-' ? undefined : schemaReference(path);
      signal.throwIfAborted();
      await emit(jsonText({ ...(schema !== undefined && { $schema: schema }), ...profile }), { ...flags, output: path });
      if (path !== '-') notice(`look at it with: qrails profile explain ${printable(loadable(path), 400)}`, flags);
    });
}

/** Questions go to standard error: standard output is for the profile. */
const terminal = (signal: AbortSignal, palette: Conversation['palette']): Conversation => ({
  input: process.stdin, output: process.stderr, terminal: process.stderr.isTTY, signal, interrupt: () => process.kill(process.pid, 'SIGINT'), ...(palette && { palette }),
});

/** Where the profile goes: `-` for standard output, undefined for a file named after it. */
function destinationOf(file: string | undefined, { output, json }: NewFlags): string | undefined {
  if (file !== undefined && output !== undefined) throw new QrailsError({ code: 'usage', where: '--output', message: 'the file is given twice', found: `${printable(file)} and ${printable(output)}`, expected: 'one of them' });
  return file ?? output ?? (json ? '-' : undefined);
}

async function refuseExisting(path: string, { force }: NewFlags): Promise<void> {
  if (path === '-' || force === true) return;
  const exists = await lstat(path).then(() => true, () => false);
  if (exists) throw new QrailsError({ code: 'output', where: printable(path, 400), message: 'is there already', try: '--force replaces it' });
}

/** A path as other commands take it: one without a slash or `.json` would be the name of a shipped target. */
const loadable = (path: string): string => (/[\\/]/.test(path) || path.endsWith('.json') ? path : `./${path}`);

function addDiff(group: Command, context: () => Context): void {
  addView(group.command('diff').description('what differs between two profiles, and what that changes'))
    .argument('<profile>', 'shipped name, path, or - for standard input')
    .argument('<other>', 'likewise')
    .option('--exit-code', 'end with 1 if they differ')
    .examples(
      'qrails profile diff enabol-mid enabol-tight',
      'qrails profile diff cortex-m4-q15 ./mine.json --inputs 64 --batch 32 --json',
    )
    .action(async (a: string, b: string, flags: ViewFlags & { readonly exitCode?: boolean }) => {
      const [first, second] = [await loadProfile(a), await loadProfile(b)];
      const difference = diffProfiles(first.value, second.value, dimensionsOf(flags));
      await emit(flags.json ? jsonText(difference) : renderProfileDiff(difference, pictureOptions(flags, context())), flags);
      if (flags.exitCode && !(difference.equal && difference.hardware.length === 0)) process.exitCode = 1;
    });
}

function addExplain(group: Command, context: () => Context): void {
  addView(group.command('explain').description('the data path as a picture: formats, products, guard bits, shifts and rounding points'))
    .argument('<profile>', 'shipped name, path, or - for standard input')
    .notes(`
Boxes are stored words; × + − Σ are exact; an arrow rounds: ≫ bits dropped, ≪ bits added, rounding mode, overflow mode.
Guard bits g: 2^g full-scale products fill the accumulator. Bias: mean of result minus exact value where the dropped bits are evenly spread.`)
    .examples(
      'qrails profile explain cortex-m4-q15',
      'qrails profile explain ./mine.json --layers 2 --inputs 64 --batch 32',
    )
    .action(async (name: string, flags: ViewFlags) => {
      const { value, file } = await loadProfile(name);
      const path = explainProfile(value, dimensionsOf(flags), file);
      await emit(flags.json ? jsonText(path) : renderDataPath(path, pictureOptions(flags, context())), flags);
    });
}

function addView(command: Command): Command {
  const { layers, inputs, batch } = VIEW_DIMENSIONS;
  return addCommon(command)
    .addOption(new Option('--layers <n>', 'layers of the network').argParser(integer(1, MOST_LAYERS)).default(layers))
    .addOption(new Option('--inputs <n>', 'inputs of every layer').argParser(integer(1, MOST)).default(inputs))
    .addOption(new Option('--batch <n>', 'samples of a step').argParser(integer(1, MOST)).default(batch))
    .option('--ascii', 'ASCII characters only (default where the locale is not UTF-8)');
}

const dimensionsOf = ({ layers, inputs, batch }: ViewFlags): ViewDimensions => ({ layers, inputs, batch });

function pictureOptions({ ascii, output }: ViewFlags, { wrap, palette }: Context): PictureOptions {
  const toFile = output !== undefined && output !== '-';
  return { width: toFile || wrap === Infinity ? PAGE_WIDTH : wrap, ascii: ascii === true || !utf8(process.env), palette: toFile ? PLAIN : palette };
}

/** Whether the locale can show the picture; one that is not set says nothing. */
function utf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG;
  return locale === undefined || locale === '' || /utf-?8/i.test(locale);
}
