import { Option } from 'commander';
import { BUILDS, type Build } from '../core/load.js';
import { QrailsError } from '../errors.js';
import { loadMap } from '../report/html/maps.js';
import { report } from '../report/html/report.js';
import { DEFAULT_PARTING } from '../run/pair.js';
import type { StabilityMap } from '../schema/map.js';
import type { Command } from './command.js';
import { share } from './compare.js';
import { emitFrom, jsonText, type Context } from './context.js';
import { addCommon, addRunOptions, runOptions, type RunFlags } from './options.js';
import { withProgress } from './progress.js';

interface ReportFlags extends RunFlags {
  readonly core?: Build;
  readonly part: number;
  readonly tries?: boolean;
  readonly map?: string[];
}

export function addReport(program: Command, context: () => Context): void {
  addCommon(addRunOptions(program.command('report').description('the comparison as one HTML file that opens anywhere, offline: verdicts, curves, sites, first events, plan')))
    .addOption(new Option('--core <build>', 'build of the core (same bits)').choices(Object.keys(BUILDS)))
    .addOption(new Option('--part <share>', 'losses part where they differ by more than this share').default(DEFAULT_PARTING).argParser(share))
    .option('--no-tries', 'look for no prescriptions')
    .option('--map <file>', 'show a map, too, that `qrails map --json` made (repeatable)', (file: string, before: string[] = []) => [...before, file])
    .notes(`With --json it prints what the page shows, as compare does. Every step is looked at, so it takes longer than compare; long runs are decimated, extremes kept.`)
    .examples(
      'qrails report -o report.html',
      'qrails report exp-000c --profile enabol-tight --throttle none,gt0/secant,table -o tight.html',
      'qrails map --json -o map.json && qrails report --map map.json -o report.html',
      ['qrails compare --report report.html', 'the same, beside the first screen'],
    )
    .action(async (experiment: string | undefined, flags: ReportFlags) => {
      if (flags.output === undefined && !flags.json && process.stdout.isTTY === true) {
        throw new QrailsError({ code: 'usage', where: 'standard output', message: 'is a terminal, and the report a page', expected: 'a file', try: '-o report.html' });
      }
      if (flags.json && flags.map !== undefined) throw new QrailsError({ code: 'usage', where: '--json, --map', message: 'a map is shown in the page alone', expected: 'one of them' });
      const maps: StabilityMap[] = [];
      for (const file of flags.map ?? []) maps.push(await loadMap(file));
      await emitFrom(async () => {
        const { comparison, html } = await withProgress(flags, (onProgress) =>
          report({ ...runOptions(experiment, flags), signal: context().signal, build: flags.core, parting: flags.part, tries: flags.tries, maps, onProgress }));
        return flags.json ? jsonText(comparison) : html;
      }, flags);
    });
}
