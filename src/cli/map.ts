import { Option } from 'commander';
import { resolve } from 'node:path';
import { DEFAULT_DATA_EXPERIMENT } from '../compare/prepare.js';
import { REFERENCE_THROTTLE_NAMES, THROTTLE_NAMES } from '../control/registry.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { FEWEST_VALUES, MOST_VALUES } from '../map/axis.js';
import { DEFAULT_MAP_EXPERIMENT, MOST_DRAWS, stabilityMap } from '../map/map.js';
import { drawMap } from '../map/picture.js';
import { mapPng } from '../map/print.js';
import { svgOf } from '../map/svg.js';
import { mapCsv, mapNpy, mapParquet } from '../map/tables.js';
import { renderMap } from '../map/text.js';
import type { OutputFile } from '../output/file.js';
import { renderMapReport } from '../report/html/mapPage.js';
import type { StabilityMap } from '../schema/map.js';
import { openBeside } from './beside.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, notice, type Context } from './context.js';
import { addCommon, addRunOptions, integer, runOptions, takesOne, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

/** Files a map is written to, by option. */
const FILES = {
  svg: { about: 'picture as SVG', make: (map) => svgOf(drawMap(map)) },
  png: { about: 'the same picture as PNG', make: mapPng },
  csv: { about: 'cells, one a row', make: mapCsv },
  parquet: { about: 'the same rows as Parquet', make: mapParquet },
  npy: { about: 'cells as a NumPy array [throttle][y][x][column]', make: mapNpy },
  report: { about: 'areas, picture and cells as one HTML file', make: renderMapReport },
} as const satisfies Record<string, { about: string; make: (map: StabilityMap) => string | Uint8Array | Promise<Uint8Array> }>;
type FileOption = keyof typeof FILES;
const FILE_OPTIONS = Object.keys(FILES) as FileOption[];

interface MapFlags extends RunFlags, Partial<Record<FileOption, string>> {
  readonly x?: string;
  readonly y?: string;
  readonly grid?: number;
  readonly float?: boolean;
  readonly draws?: number;
}

export function addMap(program: Command, context: () => Context): void {
  const command = addCommon(addRunOptions(program.command('map').description('a stability map over any two parameters: where it diverges, where it stalls, what theory says')))
    .option('--x <axis>', 'across: PATH=log:FROM:TO:COUNT or PATH=lin:…, a path as --set takes it (default: 41 learning rates of the last phase, 10^-2 to 10^0.3)')
    .option('--y <axis>', "upwards, likewise (default: 41 values of the sensor's first gain, 1 to 4)")
    .addOption(new Option('--grid <n>', 'values on both axes, in place of their counts').argParser(integer(FEWEST_VALUES, MOST_VALUES)))
    .option('--float', 'run float64 in place of the target')
    .addOption(new Option('--draws <n>', 'so many more maps, each with other initial weights: mean and range of the areas').argParser(integer(1, MOST_DRAWS)));
  for (const [name, { about }] of Object.entries(FILES)) command.option(`--${name} <file>`, about);
  command.registeredArguments[0]!.description = `shipped name or path to a JSON file (default: ${DEFAULT_MAP_EXPERIMENT}; with --data, ${DEFAULT_DATA_EXPERIMENT})`;
  takesOne(command, ['anchor']);
  const beside = REFERENCE_THROTTLE_NAMES.filter((name) => !THROTTLE_NAMES.includes(name));
  command.options.find(({ long }) => long === '--throttle')!.description += `; with --float also ${beside.join(', ')}`;
  command.notes(`Every cell is a run of its own, with the same bits as compare gives for the same values; one that blows up is given up. See docs/map.md.`)
.examples(
  ['qrails map --float --grid 21', 'float64, a coarse grid'],
  ['qrails map --throttle none,gt0/trace,table --png map.png', 'three controllers on a target'],
  'qrails map --profile enabol-tight --svg map.svg --parquet map.parquet',
  'qrails map --grid 21 --report map.html',
  'qrails map --float --throttle gt0/secant,gt0/lambda --grid 21 --draws 20',
  "qrails map exp-000c --x 'profile.sites.weight.wordLength=lin:8:16:9' --y 'throttle.chi=lin:0.5:2:7'",
)
    .action(async (experiment: string | undefined, flags: MapFlags) => {
      const { signal, palette, width } = context();
      const toFile = flags.output !== undefined && flags.output !== '-';
      checkDifferent(flags);
      await emitFrom(() => intoFiles(flags, async () => {
        const { x, y, grid, float, draws } = flags;
        const result = await withProgress(flags, (onProgress) => stabilityMap({ ...runOptions(experiment, flags), x, y, grid, float, draws, signal, onProgress }));
        return { result, text: flags.json ? jsonText(result) : renderMap(result, toFile ? {} : { palette, width }) };
      }), flags);
    });
}

/** Two results cannot go into one file. */
function checkDifferent(flags: MapFlags): void {
  const named = [...FILE_OPTIONS, 'output' as const].flatMap((option) => (flags[option] === undefined || (option === 'output' && flags[option] === '-') ? [] : [{ option, path: resolve(flags[option]) }]));
  const twice = named.find(({ path }, index) => named.findIndex((other) => other.path === path) < index);
  if (twice === undefined) return;
  const first = named.find(({ path }) => path === twice.path)!;
  throw new QrailsError({ code: 'usage', where: `--${first.option}, --${twice.option}`, message: 'both name the same file', found: printable(flags[twice.option]!), expected: 'two files' });
}

/** Opens the files before the map is made, so that one that cannot be written is told at once; none is under its name before all are made. */
async function intoFiles(flags: MapFlags, make: () => Promise<{ result: StabilityMap; text: string }>): Promise<string> {
  const open: { option: FileOption; file: OutputFile }[] = [];
  try {
    for (const option of FILE_OPTIONS) if (flags[option] !== undefined) open.push({ option, file: await openBeside(`--${option}`, flags[option]) });
    const { result, text } = await make();
    for (const { option, file } of open) await file.write(await FILES[option].make(result));
    for (const { option, file } of open) {
      await file.close();
      notice(`wrote ${printable(flags[option]!, 400)}`, flags);
    }
    return text;
  } catch (error) {
    for (const { file } of open) await file.discard();
    throw error;
  }
}
