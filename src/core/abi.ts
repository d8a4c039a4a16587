/**
 * What host and core agree on: records in linear memory, field by field. `scripts/generate.mjs` writes assembly/abi.ts from this,
 * so no offset is typed twice.
 *
 * Field types: `i32`; `i64`; `histogram`, an i64 for each number of leading zeros; `lanes`, a vector of 16 bytes; `planes`, pairs of such; `value`, eight bytes that hold an i64 raw in a fixed run and an f64 in the reference; `ptr`, an address.
 */
import { ANCHORS, ANCHOR_PARAMETERS, ESTIMATORS, SIGMOID, SUPERVISORS, THROTTLES, THROTTLE_TABLE } from '../control/registry.js';
import { OVERFLOWS } from '../format/modes.js';
import { ERROR_BITS, HISTOGRAM_BINS } from '../format/quantise.js';
import { DIVIDERS } from '../schema/profile.js';
import { LAYER_SITES, RUN_SITES } from '../site/sites.js';

/** Levels of the counts of a site, and higher planes of a level: see PLANES. */
export const PLANE_LEVELS = 4;
const PLANE_PAIRS = 16;

export type FieldType = 'i32' | 'i64' | 'value' | 'ptr' | 'histogram' | 'lanes' | 'planes';
export interface RecordLayout {
  readonly size: number;
  readonly offsets: Readonly<Record<string, number>>;
  readonly types: Readonly<Record<string, FieldType>>;
}

const width = { i32: 4, ptr: 4, i64: 8, value: 8, histogram: 8 * HISTOGRAM_BINS, lanes: 16, planes: 2 * 16 * PLANE_PAIRS } as const;
const alignment = (type: FieldType): number => Math.min(8, width[type]);

/** Lays fields out in the order given, each aligned to its size, at most eight bytes. */
function record(fields: Readonly<Record<string, FieldType>>): RecordLayout {
  const offsets: Record<string, number> = {};
  let at = 0;
  for (const [name, type] of Object.entries(fields)) {
    at = Math.ceil(at / alignment(type)) * alignment(type);
    offsets[name] = at;
    at += width[type];
  }
  return { size: Math.ceil(at / 8) * 8, offsets, types: fields };
}

const pick = <T extends FieldType>(names: readonly string[], type: T): Record<string, T> => Object.fromEntries(names.map((name) => [name, type]));

export const RECORDS = {
  /** A quantiser with its counters. `left…`: shifts that align the terms of the exact value before it is rounded; see src/plan/alignment.ts. */
  SITE: record({
    shift: 'i32', left0: 'i32', left1: 'i32', left2: 'i32',
    base: 'i64', lsb: 'i64', sign: 'i64',
    edgeLow: 'i64', edgeHigh: 'i64', min: 'i64', max: 'i64', underflow: 'i64', count: 'i64',
    low: 'i64', high: 'i64', nearLow: 'i64', nearHigh: 'i64',
    /** How it rounds: see ROUND_KINDS. */
    kind: 'i32', up: 'i32', overflow: 'i32', saturatedBits: 'i32', wordLength: 'i32', signed: 'i32',
    /** Tells its random bits from those of other sites. */
    stream: 'i64',
    overflowHigh: 'i64', overflowLow: 'i64', nearRail: 'i64',
    firstStep: 'i64', firstElement: 'i64', firstIndex: 'i64', firstWanted: 'i64', firstRaw: 'i64',
    /** Steps in which its layer stood still at this site: nothing changed (weight, bias), all was zero (update), although there was a gradient. */
    stalled: 'i64',
    /** Full recorder: whether it records; sums of rounding errors, of shifts in 2^-errorBits last places and of quotients in 2^-ERROR_BITS; the `watchSpan` raws from `watchLow` on are inside
     *  everything seen so far and neither near a rail nor beyond, a short cut that every session begins anew; how often a magnitude had so many leading zeros. */
    full: 'i32', errorBits: 'i32', errorSum: 'i64', quotientErrorSum: 'i64', watchLow: 'i64', watchSpan: 'i64', histogram: 'histogram',
    /** The three addends and the edges as words of 32 bits, where lanes.ts proves that they hold; see there. */
    laneBase: 'i32', laneLsb: 'i32', laneSign: 'i32', laneLow: 'i32', laneHigh: 'i32',
    /** What a lane of 64 bits is shifted with, so that it is positive, after the shift. */
    laneBack: 'i64',
    /** Full recorder: what lanes have counted of magnitudes (PLANES of each level, and a log behind them), and where in the log the next go. */
    lanePlanes: 'ptr', laneLogged: 'ptr',
    /** Range of each lane since the run began. */
    laneLeast: 'lanes', laneMost: 'lanes',
    /** 2^−F, the value of a last place; of chosen sites of a binary64 run. */
    place: 'value',
  }),
  /** A dense layer: sizes, where its arrays lie, its sites, and the shifts that align its squares for a squared norm. */
  LAYER: record({
    inputs: 'i32', outputs: 'i32', relu: 'i32', sigmoid: 'i32', hasBias: 'i32',
    /** Index of its first parameter among all. */
    first: 'i32',
    activations: 'ptr', errors: 'ptr',
    ...pick(LAYER_SITES, 'ptr'),
    normGradient: 'i32', normWeight: 'i32', normBias: 'i32', normActivation: 'i32', normOne: 'i32', normInner: 'i32',
    /** Shifts that align: a bias with a product in rayleigh; parameter, product of the rate and limit of the rails; parameter and average; divisor and dividend of the gate. */
    innerBias: 'i32', railWeight: 'i32', railBias: 'i32', railProduct: 'i32', railLimit: 'i32',
    distanceWeight: 'i32', distanceBias: 'i32', distanceAverage: 'i32', gateLeftDividend: 'i32', gateLeftDivisor: 'i32', gateFraction: 'i32',
    /** Largest |g| that the gate keeps out. */
    gate: 'value',
    /** LANES of each part of a step, and the largest rate whose updates they hold, −1 for none. */
    lanesForward: 'i32', lanesError: 'i32', lanesGradient: 'i32', lanesUpdate: 'i32', laneRate: 'i64',
    /** Whether exact sums of products are of words of 16 bits. */
    shortForward: 'i32', shortGradient: 'i32',
  }),
  /** A level of counts of assembly/lanes/planes.ts: blocks so far, and bits of the counts; of the higher ones each plane with an addend that waits. */
  PLANES: record({ blocks: 'i32', ones: 'lanes', twos: 'lanes', fours: 'lanes', eights: 'lanes', pairs: 'planes' }),
  /** One step's batch. */
  BATCH: record({ inputs: 'ptr', targets: 'ptr', count: 'i32', divisor: 'ptr' }),
  /** How G/B is taken for one batch size. */
  DIVISOR: record({ count: 'value', twice: 'value', multiplier: 'value', left: 'i32', quotient: 'i32' }),
  /** What a step leaves behind. */
  ROW: record({ loss: 'value', alpha: 'value', rate: 'value', curvature: 'value', curvatureMean: 'value', flags: 'i32', events: 'i32' }),
  /** Controller state: everything a run carries from step to step besides its parameters. */
  STATE: record({
    history: 'i32', locked: 'i32', holdLeft: 'i32', calibrated: 'i32', seen: 'i32', windowAt: 'i32', above: 'i32', events: 'i32',
    known: 'i32', rejected: 'i32', accepted: 'i32', halvings: 'i32', balanced: 'i32',
    curvature: 'value', curvatureMean: 'value', alpha: 'value', velocity: 'value',
    measureMean: 'value', cusum: 'value',
    lossSum: 'value', squareSum: 'value', squareSumHigh: 'value', lossMean: 'value', lossVariance: 'value',
  }),
  HEADER: record({
    layers: 'i32', layerTable: 'ptr', parameters: 'i32',
    theta: 'ptr', gradient: 'ptr', update: 'ptr', lastTheta: 'ptr', lastGradient: 'ptr', anchor: 'ptr', window: 'ptr',
    average: 'ptr', importance: 'ptr', snapshot: 'ptr', sigmoid: 'ptr', scratch: 'ptr',
    /** Losses that are balanced, 0 where none are; outputs of each (i32), their shares and norms (values), and the errors put aside. */
    losses: 'i32', lossOutputs: 'ptr', shares: 'ptr', lossNorms: 'ptr', wholeErrors: 'ptr', warmup: 'i32',
    batches: 'ptr', rows: 'ptr', step: 'i64', seed: 'i64',
    /** Whether layers may be taken one after another, in lanes; where samples are put side by side, and words of 16 bits. */
    lanes: 'i32', laneScratch: 'ptr', lanePairs: 'ptr',
    /** Site that trapped; 0 while none has. */
    trapped: 'ptr',
    /** Products between two quantisations of a running sum; 0: once at the end. */
    accumulatorGroup: 'i32', gradientGroup: 'i32',
    /** How many squares of an error, a gradient, a parameter or a difference of two a register of 64 bits holds the sum of; 0: not one of all. */
    squares: 'i32',
    /** Products are taken from the last index to the first. */
    descending: 'i32',
    /** How controllers divide, and the index bits of a table of reciprocals. */
    divider: 'i32', dividerBits: 'i32',
    throttleLaw: 'i32', estimator: 'i32', keepState: 'i32', holdCurvature: 'i32', throttleOn: 'i32', throttleStart: 'i32',
    anchorLaw: 'i32', anchorOn: 'i32', anchorStart: 'i32', importanceKind: 'i32', power: 'i32',
    supervisorLaw: 'i32', supervisorOn: 'i32', supervisorStart: 'i32', backoff: 'i32', recovery: 'i32', patience: 'i32',
    calibration: 'i32', windowLength: 'i32', consecutive: 'i32', hold: 'i32',
    eta: 'value', one: 'value', chi: 'value', rho: 'value', floor: 'value', firstAlpha: 'value', lambda: 'value', ratio: 'value',
    gain: 'value', momentum: 'value', rowRail: 'value', columnRail: 'value', biasRail: 'value', averageRate: 'value', importanceRate: 'value',
    margin: 'value', supervisorRate: 'value', slack: 'value', limit: 'value',
    /** What a gradient's norm is held against: τ of clip, the last place of gt2-qa. */
    normTarget: 'value',
    shareRate: 'value', shareFloor: 'value', firstShare: 'value',
    /** 1 as an error where the network learns from the sign; else 0. */
    errorOne: 'value',
    starLeftC: 'i32', starLeftM: 'i32', compareLeftChi: 'i32', compareLeftEta: 'i32', boundLeftChi: 'i32', boundLeftEta: 'i32',
    normCompareLeft: 'i32', normCompareRight: 'i32', normLeftTarget: 'i32', normLeftNorm: 'i32',
    measureLeftLoss: 'i32', marginLeftLoss: 'i32', marginLeftMean: 'i32', limitLeftCusum: 'i32', limitLeftLoss: 'i32', sigmoidShift: 'i32', shareLeftNumerator: 'i32', shareLeftDivisor: 'i32',
    tableLeftGradient: 'i32', tableLeftTheta: 'i32',
    eventLeftLoss: 'i32', eventLeftMean: 'i32', eventLeftStatistic: 'i32', eventLeftVariance: 'i32',
    ...pick(RUN_SITES, 'ptr'),
  }),
} as const satisfies Record<string, RecordLayout>;
export type RecordName = keyof typeof RECORDS;

/** Fields of a site's record that count: a run carries them along, but no bit of it depends on them. */
export const SITE_COUNTERS = [
  'count', 'overflowHigh', 'overflowLow', 'underflow', 'nearRail', 'min', 'max', 'firstStep', 'firstElement', 'firstIndex', 'firstWanted', 'firstRaw', 'stalled',
  'errorSum', 'quotientErrorSum',
] as const satisfies readonly (keyof (typeof RECORDS)['SITE']['types'])[];

/** Vectors of four words that the full recorder counts at a time; and of any that kernels put aside before they look. */
export const LANE_BLOCK = 32;

/** How a site rounds: by addends (fast path), by the table `up`, or by random bits. */
export const ROUND_KINDS = { addend: 0, table: 1, fraction: 2, equal: 3 } as const;

/** Lanes of a part of a step: none, four words of 32 bits or two of 64, that round by one addend (TRN, RND) or by all three; two doubles of the reference. */
export const LANES = { none: 0, wordsOne: 1, wordsRaw: 2, wordsThree: 3, longsOne: 4, longsThree: 5, reals: 6 } as const;

/** Bits of a row's flags. */
export const FLAGS = { stalled: 1, zeroUpdate: 2, infeasible: 4, pulling: 8, throttled: 16, rejected: 32 } as const;

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).replaceAll('-', '_').toUpperCase();

/** Source text of assembly/abi.ts. */
export function abiSource(): string {
  const lines = ['// Generated from src/core/abi.ts by scripts/generate.mjs. Do not edit.', ''];
  const constant = (name: string, value: number): void => void lines.push(`export const ${name}: i32 = ${value};`);
  for (const [name, { size, offsets }] of Object.entries(RECORDS)) {
    constant(`${name}_SIZE`, size);
    for (const [field, offset] of Object.entries(offsets)) constant(`${name}_${snake(field)}`, offset);
    lines.push('');
  }
  for (const [name, kind] of Object.entries(ROUND_KINDS)) constant(`ROUND_${snake(name)}`, kind);
  for (const [name, kind] of Object.entries(LANES)) constant(`LANES_${snake(name)}`, kind);
  for (const [name, bit] of Object.entries(FLAGS)) constant(`FLAG_${snake(name)}`, bit);
  for (const [name, { id }] of Object.entries(THROTTLES)) constant(`THROTTLE_${snake(name)}`, id);
  for (const [name, { id }] of Object.entries(ESTIMATORS)) constant(`ESTIMATOR_${snake(name)}`, id);
  for (const [name, { id }] of Object.entries(ANCHORS)) constant(`ANCHOR_${snake(name)}`, id);
  for (const [name, { id }] of Object.entries(SUPERVISORS)) constant(`SUPERVISOR_${snake(name)}`, id);
  ANCHOR_PARAMETERS.importance.choices.forEach((name, id) => constant(`IMPORTANCE_${snake(name)}`, id));
  constant('SIGMOID_ENTRIES', SIGMOID.entries);
  DIVIDERS.forEach((name, id) => constant(`DIVIDER_${snake(name)}`, id));
  OVERFLOWS.forEach((name, id) => constant(`OVERFLOW_${name}`, id));
  constant('ERROR_BITS', ERROR_BITS);
  constant('PLANE_LEVELS', PLANE_LEVELS);
  constant('PLANE_PAIRS', PLANE_PAIRS);
  constant('LANE_BLOCK', LANE_BLOCK);
  constant('TABLE_LENGTH', THROTTLE_TABLE.length);
  lines.push(`export const TABLE: StaticArray<i32> = [${THROTTLE_TABLE.join(', ')}];`, '');
  return lines.join('\n');
}
