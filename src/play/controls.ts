/** What can be dragged: derived from the plan that was run and from the registries, each with the assignments that change it. */
import { ANCHOR_PARAMETERS, SUPERVISOR_PARAMETERS, THROTTLE_PARAMETERS, type ParameterDefinition } from '../control/registry.js';
import { rawRange, rawToReal } from '../format/format.js';
import { OVERFLOWS, ROUNDINGS, type Rounding } from '../format/modes.js';
import type { Constant, Plan, SiteFormat } from '../schema/plan.js';
import { siteKeys, siteName, SITES, wordLengthRange } from '../site/sites.js';

interface Common {
  /** Told apart by it. */
  readonly id: string;
  readonly label: string;
  readonly about: string;
}

export interface Slider extends Common {
  readonly kind: 'slider';
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Between two positions; of a logarithmic one there are `POSITIONS`. */
  readonly step: number;
  readonly scale: 'linear' | 'log';
  /** Assignments, as `--set` takes them; a path without a value is forgotten. */
  readonly assign: (value: number) => string[];
}

export interface Choice extends Common {
  readonly kind: 'choice';
  readonly value: string;
  readonly choices: readonly string[];
  readonly assign: (value: string) => string[];
}

export type Control = Slider | Choice;

/** Positions of a logarithmic slider. */
export const POSITIONS = 400;
/** Digits of a value that was dragged. */
const DIGITS = 3;

/** The position of a slider that stands for a value. */
export function positionOf({ scale, minimum, maximum }: Slider, value: number): number {
  if (scale === 'linear') return value;
  return value <= minimum ? 0 : Math.round((POSITIONS * Math.log(value / minimum)) / Math.log(maximum / minimum));
}

/** The value a position stands for: with no more digits than a drag deserves. */
export function valueAt({ scale, minimum, maximum, step }: Slider, position: number): number {
  const value = scale === 'linear' ? position : Number((minimum * (maximum / minimum) ** (position / POSITIONS)).toPrecision(DIGITS));
  return step === 1 ? Math.round(value) : Number(value.toPrecision(12));
}

const log = { scale: 'log', step: 0 } as const;
/** A value that lies outside, because an experiment states it, widens the range. A logarithm has no place for zero and less. */
const slider = (common: Common, more: Omit<Slider, 'kind' | keyof Common>): Slider => {
  const shown = more.scale === 'log' ? Math.max(more.value, Math.min(more.minimum, Math.abs(more.value) || more.minimum)) : more.value;
  return { kind: 'slider', ...common, ...more, minimum: Math.min(more.minimum, shown), maximum: Math.max(more.maximum, shown) };
};

/** η of every phase: one slider where it is the same in all of them. */
export function learningRates({ phases }: Plan): Slider[] {
  const values = phases.map(({ learningRate }) => learningRate.value);
  const range = { ...log, minimum: 1e-4, maximum: 2 };
  const about = 'learning rate, before the throttle';
  const path = (index: number): string => `experiment.phases[${index}].learningRate`;
  if (values.every((value) => value === values[0])) {
    return [slider({ id: 'eta', label: 'η learning rate', about }, { ...range, value: values[0]!, assign: (value) => phases.map((_, index) => `${path(index)}=${value}`) })];
  }
  return values.map((value, index) => slider({ id: `eta${index}`, label: `η phase ${index}`, about }, { ...range, value, assign: (next) => [`${path(index)}=${next}`] }));
}

/** Parameters of the laws that are chosen, χ first. */
export function controllerControls({ throttle, anchor, supervisor }: Plan): Control[] {
  return [
    ...parameters('throttle', THROTTLE_PARAMETERS, throttle),
    ...parameters('anchor', ANCHOR_PARAMETERS, anchor),
    ...parameters('supervisor', SUPERVISOR_PARAMETERS, supervisor),
  ];
}

/** What the core keeps as a constant, and what it does not quantise. */
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : (value as Constant).value);

function parameters(controller: string, definitions: Readonly<Record<string, ParameterDefinition>>, plan: object): Control[] {
  const stated = plan as Readonly<Record<string, unknown>>;
  return Object.entries(definitions).filter(([name]) => stated[name] !== undefined).map(([name, definition]): Control => {
    const path = `${controller}.${name}`;
    const [symbol, ...rest] = definition.about.split(', ');
    const common = { id: path, label: rest.length > 0 && symbol!.length < 9 ? `${symbol} ${words(name)}` : words(name), about: definition.about };
    if (definition.type === 'boolean' || definition.type === 'choice') {
      return { kind: 'choice', ...common, value: String(stated[name]), choices: definition.choices ?? ['true', 'false'], assign: (value) => [`${path}=${value}`] };
    }
    const assign = (value: number): string[] => [`${path}=${value}`];
    const [value, minimum, maximum] = [numberOf(stated[name]), definition.minimum!, definition.maximum!];
    if (definition.type === 'integer') return slider(common, maximum <= 64 ? { value, minimum, maximum, step: 1, scale: 'linear', assign } : { value, minimum: Math.max(1, minimum), maximum: Math.min(maximum, 10_000), step: 1, scale: 'log', assign });
    return slider(common, maximum <= 4 ? { value, minimum, maximum, step: maximum / POSITIONS, scale: 'linear', assign } : { value, ...log, minimum: 2 ** -6, maximum: Math.min(maximum, 2 ** 12), assign });
  });
}

/** `rowRail` is `row rail`. */
const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** γ, offset, noise and converter of the front end. A sensor without a gain or an offset of its own gets one as soon as it is dragged. */
export function sensorControls({ sensor }: Plan): Slider[] {
  const term = (list: 'gain' | 'offset', neutral: number): { value: number; assign: (value: number) => string[] } => {
    const terms = sensor[list] ?? [];
    const index = terms.findIndex((one) => 'value' in one);
    const at = `sensor.${list}[${index < 0 ? terms.length : index}]`;
    const found = terms[index];
    return {
      value: found && 'value' in found ? found.value : neutral,
      assign: (value) => [...(found ? [] : [`${at}.kind=constant`]), `${at}.value=${value}`],
    };
  };
  const noise = sensor.noise?.standardDeviation ?? 0;
  return [
    slider({ id: 'gamma', label: 'γ gain', about: 'what inputs are multiplied by while the sensor is on' }, { ...log, minimum: 1 / 16, maximum: 16, ...term('gain', 1) }),
    slider({ id: 'offset', label: 'offset', about: 'what is added to inputs while the sensor is on' }, { minimum: -2, maximum: 2, step: 0.01, scale: 'linear', ...term('offset', 0) }),
    slider({ id: 'noise', label: 'noise', about: 'standard deviation of noise on inputs' }, { value: noise, minimum: 0, maximum: 0.5, step: 0.002, scale: 'linear', assign: (value) => [`sensor.noise.standardDeviation=${value}`] }),
    ...(sensor.adc ? [slider({ id: 'adc', label: 'converter bits', about: 'word length of the ADC' }, { value: sensor.adc.wordLength, minimum: 2, maximum: 24, step: 1, scale: 'linear', assign: (value) => [`sensor.adc.wordLength=${value}`] })] : []),
  ];
}

/** Sites whose formats can be changed, in the order of a step. */
export const siteKeysOf = (plan: Plan): string[] => siteKeys(plan.layers.length).filter((key) => plan.sites[key] !== undefined && SITES[siteName(key)].kind !== 'constant');


/** Where a profile states a site: for all layers at once where there is one. */
const pathOf = (plan: Plan, key: string): string => `profile.sites.${plan.layers.length === 1 ? siteName(key) : key}`;

/** Parts that a rail is dragged in. */
const RAIL_PARTS = 64;
/** Rails are stated as doubles, which hold raws up to here. */
const EXACT = 53;
const FRACTIONS = { minimum: -8, maximum: 40 } as const;

const railsOf = (format: SiteFormat): [bigint, bigint] => [BigInt(format.rails[0]), BigInt(format.rails[1])];
/** Whether its rails are narrower than the format. */
const tight = (format: SiteFormat): boolean => {
  const [ends, rails] = [rawRange(format), railsOf(format)];
  return (format.overflow === 'SAT' || format.overflow === 'TRAP') && (rails[0] !== ends[0] || rails[1] !== ends[1]);
};

/** Rails as an assignment. */
const railsText = (path: string, fractionLength: number, low: bigint, high: bigint): string => `${path}.rails=[${rawToReal(low, fractionLength)},${rawToReal(high, fractionLength)}]`;

/** Rails that were narrower than a format stay where they were, as far as the new format has them. */
function refitted(path: string, before: SiteFormat, after: SiteFormat): string[] {
  if (!tight(before)) return [];
  const shift = BigInt(Math.abs(after.fractionLength - before.fractionLength));
  const moved = (raw: bigint): bigint => (after.fractionLength >= before.fractionLength ? raw << shift : raw / (1n << shift));
  const [least, most] = rawRange(after);
  const [low, high] = railsOf(before).map(moved) as [bigint, bigint];
  return [railsText(path, after.fractionLength, low < least ? least : low, high > most ? most : high > 0n ? high : 1n)];
}

/** Format, modes and rails of one site. */
export function siteControls(plan: Plan, key: string): Control[] {
  const format = plan.sites[key]!;
  const path = pathOf(plan, key);
  const { kind } = SITES[siteName(key)];
  const [least, most] = wordLengthRange(kind, format.signed);
  const common = (id: string, label: string, about: string): Common => ({ id: `${key}.${id}`, label, about });
  const changed = (change: Partial<SiteFormat>): SiteFormat => ({ ...format, ...change });
  const saturates = format.overflow === 'SAT' || format.overflow === 'TRAP';
  const metric = kind === 'metric' || kind === 'square';
  return [
    slider(common('wordLength', 'W word length', 'bits, the sign included'), {
      value: format.wordLength, minimum: least, maximum: most, step: 1, scale: 'linear',
      assign: (wordLength) => [`${path}.wordLength=${wordLength}`, ...refitted(path, format, changed({ wordLength }))],
    }),
    slider(common('fractionLength', 'F fraction length', 'bits behind the point: one last place is 2^−F'), {
      value: format.fractionLength, ...FRACTIONS, step: 1, scale: 'linear',
      assign: (fractionLength) => [`${path}.fractionLength=${fractionLength}`, ...refitted(path, format, changed({ fractionLength }))],
    }),
    { kind: 'choice', ...common('rounding', 'rounding', 'what becomes of the bits that are dropped'), value: format.rounding, choices: ROUNDINGS, assign: (value) => [`${path}.rounding=${value}`] },
    {
      kind: 'choice', ...common('overflow', 'overflow', 'what becomes of a value beyond a rail'), value: format.overflow, choices: metric ? ['SAT'] : OVERFLOWS.filter((mode) => format.signed || mode !== 'WRAP_SM'),
      // Only modes that saturate take rails.
      assign: (value) => [`${path}.overflow=${value}`, ...(value === 'SAT' || value === 'TRAP' ? [] : [`${path}.rails`])],
    },
    ...(saturates && format.wordLength <= EXACT ? rails(format, path, common) : []),
  ];
}

function rails(format: SiteFormat, path: string, common: (id: string, label: string, about: string) => Common): Slider[] {
  const [ends, now] = [rawRange(format), railsOf(format)];
  const parts = (side: 0 | 1): number => (side === 1 && now[1] === ends[1] ? RAIL_PARTS : Math.round((RAIL_PARTS * Number(now[side])) / Number(side === 1 ? ends[1] + 1n : ends[0])));
  const raw = (side: 0 | 1, part: number): bigint => {
    if (part >= RAIL_PARTS) return ends[side];
    const end = side === 1 ? ends[1] + 1n : ends[0];
    const value = (end * BigInt(part)) / BigInt(RAIL_PARTS);
    return side === 1 && value < 1n ? 1n : value;
  };
  const one = (side: 0 | 1, name: string): Slider => slider(common(`rail${side}`, `${name} rail /${RAIL_PARTS}`, `${name} rail, in parts of ${RAIL_PARTS} of the format's own`), {
    value: parts(side), minimum: side, maximum: RAIL_PARTS, step: 1, scale: 'linear',
    assign: (part) => [side === 1 ? railsText(path, format.fractionLength, now[0], raw(1, part)) : railsText(path, format.fractionLength, raw(0, part), now[1])],
  });
  return [...(format.signed ? [one(0, 'lower')] : []), one(1, 'upper')];
}

/** Rounding of every site that is not a constant: `mixed` where they differ. */
export function roundingEverywhere(plan: Plan): Choice {
  const keys = siteKeysOf(plan);
  const modes = keys.map((key) => plan.sites[key]!.rounding);
  const uses = (mode: Rounding): number => modes.filter((one) => one === mode).length;
  const most = modes.reduce((best, mode) => (uses(mode) > uses(best) ? mode : best));
  // What differs from most has a rounding of its own, which a default does not reach.
  const own = keys.filter((_, index) => modes[index] !== most);
  return {
    kind: 'choice', id: 'rounding', label: 'rounding, all', about: 'of every site at once', value: own.length === 0 ? most : 'mixed',
    choices: own.length === 0 ? ROUNDINGS : ['mixed', ...ROUNDINGS],
    assign: (value) => (value === 'mixed' ? [] : [`profile.defaults.rounding=${value}`, ...own.map((key) => `${pathOf(plan, key)}.rounding=${value}`)]),
  };
}
