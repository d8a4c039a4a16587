/** `qrails profile | sensor | experiment` with `list`, `show` and `validate`; a profile has more in profile.ts. */
import { DEFAULT_EXPERIMENT, DEFAULT_PROFILE, locate, prepare, prepareFrom, readDocuments, type Prepared } from '../compare/prepare.js';
import { list, type DocumentKind } from '../document/catalogue.js';
import { loadDocument } from '../document/load.js';
import { printable } from '../document/show.js';
import { loadExperiment } from '../experiment/load.js';
import { apName, formatName } from '../format/format.js';
import { concernsOfAll, rangesOf } from '../plan/concerns.js';
import { resolveFormats } from '../plan/formats.js';
import { hardwareLines } from '../profile/explainPicture.js';
import { dividerText } from '../profile/explainRules.js';
import { rulesOf } from '../profile/rules.js';
import { loadProfile } from '../profile/load.js';
import { loadSensor } from '../profile/sensor.js';
import { concernText } from '../report/concerns.js';
import type { Concern } from '../schema/concern.js';
import type { AnchorSpec, Experiment, SupervisorSpec, TeacherData, ThrottleSpec } from '../schema/experiment.js';
import type { Listing, Validation } from '../schema/listing.js';
import type { Profile } from '../schema/profile.js';
import type { Sensor } from '../schema/sensor.js';
import { fewestInputs } from '../signal/model.js';
import { createFrontEnd } from '../signal/sensor.js';
import { teacherSize } from '../signal/teacherStages.js';
import { siteKeys, siteName, SITES } from '../site/sites.js';
import type { Command } from './command.js';
import { emit, jsonText, type CommonOptions, type Context } from './context.js';
import { addCommon } from './options.js';
import { addProfileViews } from './profile.js';

interface LoadedDocument<T> {
  readonly value: T;
  /** What it cannot hold or resolve, and what was run to see that. */
  readonly concerns: () => Promise<{ concerns: Concern[]; beside: string }>;
}

interface Kind<T> {
  readonly about: string;
  /** A shipped one worth looking at. */
  readonly example: string;
  /** Loads and checks everything that can be checked. */
  readonly load: (nameOrPath: string) => Promise<LoadedDocument<T>>;
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
function controller({ law, estimator, ...parameters }: ThrottleSpec | ((AnchorSpec | SupervisorSpec) & { estimator?: never })): string {
  return [estimator === undefined ? law : `${law}/${estimator}`, ...Object.entries(parameters).map(([name, value]) => `${name} ${value}`)].join(', ');
}

const inputsOf = ({ channels }: { readonly channels?: readonly number[] | undefined }): string =>
  channels === undefined ? '' : channels.length > 8 ? `, ${channels.length} inputs` : `, inputs ${channels.join(', ')}`;

/** A gain, offset or supply term: `gain        step: at 20, value 4`. */
const term = (label: string) => ({ kind, ...rest }: { readonly kind: string; readonly channels?: readonly number[]; readonly source?: string }): string => {
  const { channels, source: _source, ...law } = rest;
  const words = Object.entries(law).map(([key, value]) => (Array.isArray(value) ? `${value.length} ${key}` : `${key} ${String(value)}`));
  return `${label.padEnd(12)}${kind}: ${words.join(', ')}${inputsOf({ channels })}`;
};

/** A profile as resolved for one layer and a batch of one. */
const resolved = (profile: Profile, where: string) => resolveFormats(profile, { layers: 1, batch: 1, calibration: 2 }, where);

const KINDS = {
  profile: {
    about: 'hardware targets: the format, rounding and overflow of every site',
    example: DEFAULT_PROFILE,
    load: async (nameOrPath) => {
      const loaded = await loadProfile(nameOrPath);
      resolved(loaded.value, loaded.file);
      return {
        value: loaded.value,
        concerns: async () => {
          const prepared = await prepareFrom({ ...(await readDocuments({})), profile: loaded }, { throttle: ['none'] });
          return { concerns: concernsIn(prepared), beside: `with ${prepared.experiment.name}:` };
        },
      };
    },
    describe: (profile: Profile) => {
      const sites = resolved(profile, profile.name);
      const rows = siteKeys(1).flatMap((key) => {
        const name = siteName(key);
        const format = sites[key];
        if (!format) return [];
        const stated = (profile.sites as Record<string, unknown> | undefined)?.[name] !== undefined;
        return [[name, formatName(format), apName(format), format.rounding, format.overflow, stated ? SITES[name].about : `${SITES[name].about} (by default)`]];
      });
      const rules = rulesOf(profile);
      return [
        ...title(profile), '',
        ...columns(['site', 'format', '', 'rounding', 'overflow', 'what it is'], rows), '',
        `accumulator quantised: ${rules.accumulator}; gradientAccumulator: ${rules.gradientAccumulator}; order: ${rules.order}`,
        `divider: ${dividerText(rules)}`,
        `batch mean: ${rules.batchDivision}; batch sizes: ${rules.batchSizes}`,
        ...hardwareLines(profile.hardware).map((line) => `hardware ${line}`),
        ...(profile.leavesOut ? ['', 'leaves out:', ...profile.leavesOut.map((text) => `  - ${text}`)] : []),
        ...(profile.source === undefined ? [] : ['', ...wrap(`source: ${profile.source}`)]),
      ];
    },
  } satisfies Kind<Profile>,
  sensor: {
    about: 'front ends: gain, offset, noise and converter over time',
    example: 'mpu-6050',
    load: async (nameOrPath) => {
      const { value, file } = await loadSensor(nameOrPath);
      try {
        createFrontEnd(value, fewestInputs(value), 0);
      } catch (error) {
        locate(error, {}, { sensor: file });
      }
      return { value, concerns: () => Promise.resolve({ concerns: [], beside: '' }) };
    },
    describe: (sensor: Sensor) => {
      const { temperature, gain = [], supply, offset = [], dead = [], noise, adc } = sensor;
      return [
        ...title(sensor), '',
        ...(temperature ? [`temperature ${temperature.from} → ${temperature.to} °C over ${temperature.steps} steps${temperature.kind === undefined ? '' : ` (${temperature.kind})`}, calibrated at ${temperature.reference} °C`] : []),
        ...gain.map(term('gain')),
        ...(supply ? [`supply      ${supply.nominal} V nominal${supply.ratiometric ? ', ratiometric' : ''}${inputsOf(supply)}`, ...supply.terms.map(term('supply'))] : []),
        ...offset.map(term('offset')),
        ...dead.map(({ at, value = 0, channels }) => `dead        ${value} from clock ${at} on${inputsOf({ channels })}`),
        ...(noise ? [`noise       ${noise.standardDeviation} standard deviation${inputsOf(noise)}`] : []),
        ...(adc ? [`ADC         ${adc.wordLength} bits, ${adc.signed ? 'signed' : 'unsigned'}, over ${adc.fullScale.join(' to ')}, ${adc.rounding ?? 'TRN'}${adc.rails ? `, clipped at ${adc.rails.join(' and ')}` : ''}`] : []),
        ...(sensor.leavesOut ? ['', 'leaves out:', ...sensor.leavesOut.map((text) => `  - ${text}`)] : []),
      ];
    },
  } satisfies Kind<Sensor>,
  experiment: {
    about: 'what is learned: model, data, phases, controllers',
    example: DEFAULT_EXPERIMENT,
    load: async (nameOrPath) => {
      const prepared = await prepare({ experiment: nameOrPath });
      return { value: prepared.experiment, concerns: () => Promise.resolve({ concerns: concernsIn(prepared), beside: `on ${prepared.profile.name}:` }) };
    },
    describe: (experiment: Experiment) => {
      const { data, model, phases } = experiment;
      return [
        ...title(experiment), '',
        `data        ${data.kind !== 'teacher' ? `${data.file}: ${count(data.inputs.length, 'input')} × ${count(data.lags ?? 1, 'row')} → ${count(data.targets.length, 'target')}, ${count(data.ahead ?? 0, 'row')} ahead` : teacherText(data)}`,
        `layers      ${model.layers.map(({ outputs, activation = 'linear', bias }) => `${outputs} ${activation}${bias ? ' with bias' : ''}`).join(', ')}${model.errorRule === 'sign' ? '; learns by the sign of its error' : ''}`,
        ...columns(['phase', 'length', 'batch', 'η', 'throttle', 'anchor', 'supervisor', 'sensor'], phases.map((phase, index) => [
          phase.name ?? String(index), phase.steps === undefined ? `${phase.epochs} epochs` : `${phase.steps} steps`, String(phase.batch), String(phase.learningRate),
          ...[phase.throttle ?? true, phase.anchor ?? true, phase.supervisor ?? true, phase.sensor ?? false].map((on) => (on ? 'on' : 'off')),
        ])),
        `target      ${experiment.profile ?? '(none named)'}; sensor ${experiment.sensor ?? 'none'}; seed ${experiment.seed ?? 42}`,
        `throttle    ${controller(experiment.throttle ?? { law: 'none' })}`,
        `anchor      ${controller(experiment.anchor ?? { law: 'none' })}`,
        `supervisor  ${controller(experiment.supervisor ?? { law: 'none' })}`,
      ];
    },
  } satisfies Kind<Experiment>,
};

/** What plans cannot hold or resolve. */
const concernsIn = ({ variants, profile, dataset }: Prepared): Concern[] => concernsOfAll(variants.map(({ plan }) => plan), profile, rangesOf(dataset));

/** Left-aligned columns, two spaces apart. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => [...row[column]!].length)));
  return all.map((row) => row.map((cell, column) => cell + ' '.repeat(widths[column]! - [...cell].length)).join('  ').trimEnd());
}

/** What a teacher is, in a line. */
function teacherText(data: TeacherData): string {
  const { inputs, targets } = teacherSize(data);
  return [
    `${data.hidden ? `teacher with ${data.hidden.weights.length} hidden neurons` : 'affine teacher'}, ${data.rows} rows, ${inputs} → ${targets}`,
    ...(data.labels ? ['labels'] : []), ...(data.flips ? ['some flipped'] : []), ...(data.changes ? [count(data.changes.length, 'change')] : []),
  ].join(', ');
}

export function addDocuments(program: Command, context: () => Context): void {
  for (const kind of Object.keys(KINDS) as DocumentKind[]) {
    const { about, example, load, describe } = KINDS[kind] as unknown as Kind<{ name: string; title?: string; about?: string }>;
    const group = program.command(kind).description(about);
    addCommon(group.command('list').description(`shipped ${kind}s`)).examples(`qrails ${kind} list`).action(async (flags: CommonOptions) => {
      const items: Listing['items'] = [];
      for (const name of list(kind)) {
        const { value } = await loadDocument(kind, name);
        items.push({ name, title: value.title ?? name, about: value.about ?? '' });
      }
      const listing: Listing = { listing: 1, kind, items };
      await emit(flags.json ? jsonText(listing) : `${columns(['name', 'title'], items.map(({ name, title: text }) => [name, text])).join('\n')}\n`, flags);
    });
    addCommon(group.command('show').description(`one ${kind}, with everything it extends`).argument(`<${kind}>`, 'shipped name, path, or - for standard input')).examples(`qrails ${kind} show ${example}`).action(
      async (name: string, flags: CommonOptions) => {
        const { value } = await (kind === 'experiment' ? loadExperiment(name) : load(name));
        await emit(flags.json ? jsonText(value) : `${describe(value).map((line) => printable(line, Infinity)).join('\n')}\n`, flags);
      },
    );
    addCommon(group.command('validate').description('check a file; exit code 2 and a message if it is not valid').argument(`<${kind}>`, 'path, shipped name, or - for standard input')).examples(`qrails ${kind} validate mine.json`).action(
      async (name: string, flags: CommonOptions) => {
        const { value, concerns: find } = await load(name);
        const { concerns, beside } = await find();
        const result: Validation = { validation: 1, kind, name: value.name, valid: true, concerns };
        const noted = concerns.length === 0 ? '' : `${beside}\n${concerns.map((concern) => `  ${concern.severity} ${concernText(concern)}\n`).join('')}`;
        await emit(flags.json ? jsonText(result) : `${printable(name, 400)}: valid ${kind} ${value.name}\n${noted}`, flags);
      },
    );
    if (kind === 'profile') addProfileViews(group, context);
  }
}
