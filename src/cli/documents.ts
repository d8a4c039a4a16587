/** `qrails profile | sensor | experiment` with `list`, `show` and `validate`. */
import type { Command } from 'commander';
import { locate, prepare } from '../compare/prepare.js';
import { list, type DocumentKind } from '../document/catalogue.js';
import { loadDocument } from '../document/load.js';
import { printable } from '../document/show.js';
import { loadExperiment } from '../experiment/load.js';
import { apName, formatName } from '../format/format.js';
import { resolveFormats } from '../plan/formats.js';
import { loadProfile } from '../profile/load.js';
import { loadSensor } from '../profile/sensor.js';
import type { AnchorSpec, Experiment, ThrottleSpec } from '../schema/experiment.js';
import type { Listing, Validation } from '../schema/listing.js';
import type { Profile } from '../schema/profile.js';
import type { Sensor } from '../schema/sensor.js';
import { createFrontEnd } from '../signal/sensor.js';
import { SITES, siteKeys, type SiteName } from '../site/sites.js';
import { emit, jsonText, type CommonOptions } from './context.js';
import { addCommon } from './options.js';

interface Kind<T> {
  readonly about: string;
  /** Loads and checks everything that can be checked. */
  readonly load: (nameOrPath: string) => Promise<T>;
  readonly describe: (value: T) => string[];
}

const title = (value: { name: string; title?: string | undefined; about?: string | undefined }): string[] => [
  `${value.name}${value.title === undefined ? '' : `: ${value.title}`}`,
  ...(value.about === undefined ? [] : ['', ...wrap(value.about)]),
];

function wrap(text: string, width = 100): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** `gt0/secant, chi 1.5`. */
function controller({ law, estimator, ...parameters }: ThrottleSpec | (AnchorSpec & { estimator?: never })): string {
  return [estimator === undefined ? law : `${law}/${estimator}`, ...Object.entries(parameters).map(([name, value]) => `${name} ${value}`)].join(', ');
}

/** A profile as resolved for one layer and a batch of one. */
const resolved = (profile: Profile, where: string) => resolveFormats(profile, { layers: 1, batch: 1, calibration: 2 }, where);

const KINDS = {
  profile: {
    about: 'hardware targets: the format, rounding and overflow of every site',
    load: async (nameOrPath) => {
      const { value, file } = await loadProfile(nameOrPath);
      resolved(value, file);
      return value;
    },
    describe: (profile: Profile) => {
      const sites = resolved(profile, profile.name);
      const rows = siteKeys(1).map((key) => {
        const name = key.slice(key.indexOf('.') + 1) as SiteName;
        const format = sites[key]!;
        const stated = (profile.sites as Record<string, unknown> | undefined)?.[name] !== undefined;
        return [name, formatName(format), apName(format), format.rounding, format.overflow, stated ? SITES[name].about : `${SITES[name].about} (by default)`];
      });
      const { accumulate, batch } = profile;
      return [
        ...title(profile), '',
        ...columns(['site', 'format', '', 'rounding', 'overflow', 'what it is'], rows), '',
        `accumulator quantised: ${accumulate?.accumulator ?? 'each'}; gradientAccumulator: ${accumulate?.gradientAccumulator ?? 'end'}`,
        `batch mean: ${batch?.division ?? 'exact'}; batch sizes: ${batch?.sizes ?? 'any'}`,
        ...(profile.leavesOut ? ['', 'leaves out:', ...profile.leavesOut.map((text) => `  - ${text}`)] : []),
        ...(profile.source === undefined ? [] : ['', ...wrap(`source: ${profile.source}`)]),
      ];
    },
  } satisfies Kind<Profile>,
  sensor: {
    about: 'front ends: gain, offset, noise and converter over time',
    load: async (nameOrPath) => {
      const { value, file } = await loadSensor(nameOrPath);
      const channels = [...(value.gain ?? []), ...(value.offset ?? []), ...(value.noise ? [value.noise] : [])].flatMap(({ channels: all }) => all ?? []);
      try {
        createFrontEnd(value, Math.max(0, ...channels) + 1, 0);
      } catch (error) {
        locate(error, {}, { sensor: file });
      }
      return value;
    },
    describe: (sensor: Sensor) => {
      const { temperature, gain = [], offset = [], noise, adc } = sensor;
      const term = (kind: string) => (value: (typeof gain)[number]): string =>
        `${kind.padEnd(12)}${value.kind === 'step' ? `${value.value} from clock ${value.at} on` : value.kind === 'temperature' ? `${value.perDegree} per °C` : value.value}${value.channels ? `, inputs ${value.channels.join(', ')}` : ''}`;
      return [
        ...title(sensor), '',
        ...(temperature ? [`temperature ${temperature.from} → ${temperature.to} °C over ${temperature.steps} steps, calibrated at ${temperature.reference} °C`] : []),
        ...gain.map(term('gain')), ...offset.map(term('offset')),
        ...(noise ? [`noise       ${noise.standardDeviation} standard deviation`] : []),
        ...(adc ? [`ADC         ${adc.wordLength} bits over ${adc.fullScale.join(' to ')}, ${adc.rounding ?? 'TRN'}`] : []),
        ...(sensor.leavesOut ? ['', 'leaves out:', ...sensor.leavesOut.map((text) => `  - ${text}`)] : []),
      ];
    },
  } satisfies Kind<Sensor>,
  experiment: {
    about: 'what is learned: model, data, phases, controllers',
    load: async (nameOrPath) => (await prepare({ experiment: nameOrPath })).experiment,
    describe: (experiment: Experiment) => {
      const { data, model, phases } = experiment;
      return [
        ...title(experiment), '',
        `data        ${data.kind === 'csv' ? `${data.file}: ${count(data.inputs.length, 'input')} × ${count(data.lags ?? 1, 'row')} → ${count(data.targets.length, 'target')}, ${count(data.ahead ?? 0, 'row')} ahead` : `affine teacher, ${data.rows} rows, ${data.weights[0]!.length} → ${data.weights.length}`}`,
        `layers      ${model.layers.map(({ outputs, activation = 'linear', bias }) => `${outputs} ${activation}${bias ? ' with bias' : ''}`).join(', ')}`,
        ...columns(['phase', 'length', 'batch', 'η', 'throttle', 'anchor', 'sensor'], phases.map((phase, index) => [
          phase.name ?? String(index), phase.steps === undefined ? `${phase.epochs} epochs` : `${phase.steps} steps`, String(phase.batch), String(phase.learningRate),
          ...[phase.throttle ?? true, phase.anchor ?? true, phase.sensor ?? false].map((on) => (on ? 'on' : 'off')),
        ])),
        `target      ${experiment.profile ?? '(none named)'}; sensor ${experiment.sensor ?? 'none'}; seed ${experiment.seed ?? 42}`,
        `throttle    ${controller(experiment.throttle ?? { law: 'none' })}`,
        `anchor      ${controller(experiment.anchor ?? { law: 'none' })}`,
      ];
    },
  } satisfies Kind<Experiment>,
};

/** Left-aligned columns, two spaces apart. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...row[column]!].length)));
  return all.map((row) => row.map((cell, column) => cell + ' '.repeat(widths[column]! - [...cell].length)).join('  ').trimEnd());
}

export function addDocuments(program: Command): void {
  for (const kind of Object.keys(KINDS) as DocumentKind[]) {
    const { about, load, describe } = KINDS[kind] as unknown as Kind<{ name: string; title?: string; about?: string }>;
    const group = program.command(kind).description(about);
    addCommon(group.command('list').description(`shipped ${kind}s`)).action(async (flags: CommonOptions) => {
      const items: Listing['items'] = [];
      for (const name of list(kind)) {
        const { value } = await loadDocument(kind, name);
        items.push({ name, title: value.title ?? name, about: value.about ?? '' });
      }
      const listing: Listing = { listing: 1, kind, items };
      await emit(flags.json ? jsonText(listing) : `${columns(['name', 'title'], items.map(({ name, title: text }) => [name, text])).join('\n')}\n`, flags);
    });
    addCommon(group.command('show').description(`one ${kind}, with everything it extends`).argument('<name>', 'shipped name, path, or - for standard input')).action(
      async (name: string, flags: CommonOptions) => {
        const value = await (kind === 'experiment' ? loadExperiment(name).then((loaded) => loaded.value) : load(name));
        await emit(flags.json ? jsonText(value) : `${describe(value).map((line) => printable(line, Infinity)).join('\n')}\n`, flags);
      },
    );
    addCommon(group.command('validate').description('check a file; exit code 2 and a message if it is not valid').argument('<file>', 'path, shipped name, or - for standard input')).action(
      async (name: string, flags: CommonOptions) => {
        const value = await load(name);
        const result: Validation = { validation: 1, kind, name: value.name, valid: true };
        await emit(flags.json ? jsonText(result) : `${printable(name, 400)}: valid ${kind} ${value.name}\n`, flags);
      },
    );
  }
}
