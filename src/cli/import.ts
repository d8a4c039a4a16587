import { Option } from 'commander';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { QReading } from '../format/notations.js';
import { ORDERS, type Order } from '../import/array.js';
import { BASE_EXPERIMENT, importWeights, listArrays } from '../import/import.js';
import { layersText, shapeText } from '../import/layers.js';
import { IMPORT_KINDS, type ImportKind } from '../import/readers.js';
import { writeOutput } from '../output/file.js';
import type { WeightImport } from '../schema/import.js';
import type { Command } from './command.js';
import { emit, jsonText, notice, type CommonOptions, type Context } from './context.js';
import { columns } from './documents.js';
import { qOption } from './format.js';
import { integer } from './options.js';

interface ImportFlags extends CommonOptions {
  readonly as?: ImportKind;
  readonly into?: string;
  readonly layers?: string;
  readonly format?: string[];
  readonly q?: QReading;
  readonly raw?: boolean;
  readonly array?: string[];
  readonly layer?: number;
  readonly order?: Order;
  readonly final?: boolean;
  readonly profile?: string;
  readonly profileOut?: string;
}

/** Options without a meaning where arrays are only listed. */
const FOR_WRITING = ['into', 'layers', 'array', 'layer', 'order', 'final', 'profile'] as const;
const MOST_LAYERS = 16;
const collect = (value: string, before: string[] = []): string[] => [...before, value];
const kinds = Object.entries(IMPORT_KINDS).map(([name, { about }]) => `${name} ${about}`).join('; ');

export function addImport(program: Command, _context: () => Context): void {
  program.command('import').description('weights of firmware and HDL into an experiment, with their formats; without -o, list what the files hold')
    .argument('<files...>', 'C sources and headers, .mem, COE, MIF, NPY, CSV; - is standard input, with --as')
    .addOption(new Option('--as <kind>', `how every file is read: ${kinds} (default: by its ending)`).choices(Object.keys(IMPORT_KINDS)))
    .option('--into <experiment>', `experiment the weights go into, shipped name or path (default: ${BASE_EXPERIMENT} where its shape fits, else a model of the shape of the arrays)`)
    .option('--layers <sizes>', 'inputs x outputs of each layer: 4x8:relu,8x2')
    .addOption(new Option('-f, --format <format>', 'what integers stand for: sfix16_En15, ap_fixed<16,1> …, or layer0.bias=FORMAT (repeatable)').argParser(collect))
    .addOption(qOption())
    .option('--raw', 'numbers of CSV and floating-point files are raws of the format')
    .addOption(new Option('--array <name>', 'the array that is meant, or layer1.bias=NAME (repeatable)').argParser(collect))
    .addOption(new Option('--layer <n>', 'the layer it is for, from 0').argParser(integer(0, MOST_LAYERS - 1)))
    .addOption(new Option('--order <order>', 'row: row by row, a row an output; column: column by column; cmsis: each row reversed').choices([...ORDERS]))
    .option('--final', 'of an export with --trained, the weights after the run')
    .option('-p, --profile <target>', "target of the experiment, which the values are held to (default: its own)")
    .option('--profile-out <file>', 'write that target with the formats of the values as a profile; the experiment then runs on it')
    .option('-o, --output <file>', 'write the experiment, whole or not at all (- is standard output)')
    .option('--json', 'print what was found and done')
    .option('-q, --quiet', 'no remarks')
    .examples(
      ['qrails import demo.h demo.c', 'what is in there'],
      ['qrails import demo.h demo.c --into exp-000a -o mine.json', 'an export back into its experiment'],
      ['qrails import fir.c --array coeffs --order cmsis -o mine.json', 'a q15_t array of CMSIS-DSP'],
      'qrails import rom.mem -f sfix18_En17 --layers 4x2 -o mine.json --profile-out mine-target.json',
    )
    .action(async (files: string[], flags: ImportFlags) => {
      const { output, profileOut, json } = flags;
      if (output === undefined && profileOut === undefined) {
        const idle = FOR_WRITING.filter((option) => flags[option] !== undefined);
        if (idle.length > 0) {
          throw new QrailsError({ code: 'usage', where: idle.map((option) => `--${option}`).join(', '), message: 'is for the experiment that is written, and none is', expected: '-o or --profile-out too', try: '-o mine.json' });
        }
        await report(await listArrays({ files, ...flags }), flags);
        return;
      }
      if ([output, profileOut, json ? '-' : undefined].filter((path) => path === '-').length > 1) {
        throw new QrailsError({ code: 'usage', where: '--output, --profile-out, --json', message: 'two results on standard output', expected: 'one' });
      }
      if (output === profileOut) throw new QrailsError({ code: 'usage', where: '--output, --profile-out', message: 'are the same file', found: printable(output!, 400), expected: 'two files' });
      const file = (path: string | undefined): string | undefined => (path === '-' ? undefined : path);
      const { document, experiment, profile } = await importWeights({ files, ...flags, experimentFile: file(output), profileFile: file(profileOut) });
      if (json || (output !== '-' && profileOut !== '-')) await report(document, flags);
      for (const [path, value] of [[output, experiment], [profileOut, profile]] as const) {
        if (path === '-') await emit(jsonText(value), {});
        else if (path !== undefined) {
          await writeOutput(path, jsonText(value));
          notice(`wrote ${printable(path, 400)}`, flags);
        }
      }
      for (const remark of remarks(document, profileOut !== undefined)) notice(remark, flags);
    });
}

/** The arrays, and what was noticed. */
async function report(document: WeightImport, flags: CommonOptions): Promise<void> {
  const { arrays, notes } = document;
  const rows = arrays.map(({ name, shape, format, kind, min, max, place, problem }) =>
    [name, problem === null ? shapeText(shape) : '', format ?? (kind === 'real' ? 'real' : '?'), problem === null ? `${min} … ${max}` : problem, place ?? ''].map((cell) => printable(cell, 100)));
  const text = arrays.length === 0 ? 'no arrays\n' : `${columns(['array', 'shape', 'format', 'range', 'place'], rows).join('\n')}\n`;
  await emit(flags.json ? jsonText(document) : text, {});
  for (const note of notes) notice(note, flags);
}

/** What to know before the experiment is run. */
function* remarks({ result }: WeightImport, hasProfile: boolean): Generator<string> {
  if (!result) return;
  if (result.standIn) yield `model ${layersText(result.layers)}; its data are those of a teacher that stands in: put your own in "data", or import --into your experiment`;
  if (hasProfile) return; // which holds all of them
  for (const { site, imported, format, inexact, set } of result.sites) {
    if (inexact === 0) continue;
    yield `${result.profile} has ${format} at ${site} and holds ${inexact === 1 ? 'one value' : `${inexact} values`} not as imported${imported === null ? '' : ` (${imported})`}`;
    if (set.length > 0) yield `  ${set.map((text) => `--set ${text}`).join(' ')}, or --profile-out FILE`;
  }
}
