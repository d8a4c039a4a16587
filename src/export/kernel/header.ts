/** The header of a kernel: its types, the state with all its arrays, and the functions. */
import { integrates, keepsAlpha, weighs } from '../../control/registry.js';
import { FLAGS } from '../../core/abi.js';
import { formatName } from '../../format/format.js';
import type { SiteName } from '../../site/sites.js';
import { macroWord } from '../cText.js';
import { eventCounts } from './anchor.js';
import { evaluatesAverage } from './average.js';
import { lossesOf } from './balance.js';
import { indented, type Kernel } from './context.js';
import { countersType } from './counters.js';
import { int64Literal, uint32Literal } from './exact.js';
import { railsOf } from './overflow.js';
import { stateBytesOf } from './state.js';

/** @param origin lines of a comment, each beginning ` *` */
export function headerText(kernel: Kernel, origin: readonly string[]): string {
  const { prefix, macro, plan } = kernel;
  return [
    ['/*', ...origin, ' *', ...ABOUT, ' */'].join('\n'),
    `#ifndef ${macro}_KERNEL_H\n#define ${macro}_KERNEL_H`,
    '#include <stdint.h>',
    sizes(kernel),
    [
      '/* Sites, as the state numbers them: the first that trapped, and, with counters, what each has seen. */',
      ...table([
        ['SITE_NONE', '(-1)'],
        ...kernel.keys.map((key, index): [string, string] => [`SITE_${macroWord(key)}`, String(index)]),
        ['SITES', String(kernel.keys.length)],
      ], macro),
    ].join('\n'),
    [
      '/*',
      ' * Flags of a row: no parameter moved, or every update was zero, although a gradient was not; no alpha the throttle may take fits; the anchor',
      ' * pulls; the throttle is on; the supervisor took the parameters back, and nothing else happened.',
      ' */',
      ...table(Object.entries(FLAGS).map(([name, bit]) => [macroWord(name), uint32Literal(bit)]), macro),
    ].join('\n'),
    [
      `/* Raws of an input (${formatName(kernel.format('input'))}), a target (${formatName(kernel.format('target'))}) and an output (${formatName(kernel.format('activation', plan.layers.length - 1))}). */`,
      `typedef ${kernel.type('input')} ${prefix}_input_t;`,
      `typedef ${kernel.type('target')} ${prefix}_target_t;`,
      `typedef ${kernel.type('activation', plan.layers.length - 1)} ${prefix}_output_t;`,
    ].join('\n'),
    [
      '/* What a step leaves behind: raws of loss, throttle, rate, curvature and curvatureMean, flags, and the events of the anchor so far. */',
      'typedef struct {',
      ...indented(['int64_t loss;', 'int64_t alpha;', 'int64_t rate;', 'int64_t curvature;', 'int64_t curvature_mean;', 'uint32_t flags;', 'uint32_t events;']),
      `} ${prefix}_row;`,
    ].join('\n'),
    countersType(kernel),
    ...(plan.anchor.law === 'event' ? [`/* high * 2^64 + low, in two's complement */\ntypedef struct {\n    uint64_t low;\n    uint64_t high;\n} ${prefix}_wide;`] : []),
    stateType(kernel),
    '#ifdef __cplusplus\nextern "C" {\n#endif',
    functions(kernel),
    '#ifdef __cplusplus\n}\n#endif',
    `#endif /* ${macro}_KERNEL_H */`,
    '',
  ].join('\n\n').replace(/\n\n$/, '\n');
}

const ABOUT = [
  ' * The learning step of this plan in C99: integers only, no heap, nothing that C leaves open. It makes the raws that docs/numerics.md',
  ' * defines, bit for bit. All memory is in the state; give it static storage, it may be large.',
];

/** `#define` lines, values in one column. */
function table(rows: readonly (readonly [name: string, value: string])[], macro: string): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `#define ${macro}_${name.padEnd(width)} ${value}`);
}

function sizes(kernel: Kernel): string {
  const { macro, plan, batch, evaluation } = kernel;
  const steps = plan.phases.reduce((sum, phase) => sum + phase.steps, 0);
  const rail = (name: 'input' | 'target'): [string, string][] => {
    const { low, high } = railsOf(kernel.format(name));
    const word = macroWord(name);
    const literal = (value: bigint): string => (value < 0n ? `(${int64Literal(value)})` : int64Literal(value));
    return [[`${word}_LOW`, literal(low)], [`${word}_HIGH`, literal(high)]];
  };
  return [
    '/* Channels of a sample; samples of the largest batch and evaluation; steps; bytes of a saved state; ends of what may be delivered. */',
    ...table([
      ['INPUTS', uint32Literal(plan.layers[0]!.inputs)],
      ['OUTPUTS', uint32Literal(plan.layers[plan.layers.length - 1]!.outputs)],
      ['BATCH', uint32Literal(batch)],
      ['EVALUATION', uint32Literal(evaluation)],
      ['STEPS', `UINT64_C(${steps})`],
      ['STATE_BYTES', uint32Literal(stateBytesOf(kernel))],
      ...rail('input'),
      ...rail('target'),
    ], macro),
  ].join('\n');
}

function stateType(kernel: Kernel): string {
  const { prefix, macro, plan, layers, keepsDifferences } = kernel;
  const fields: string[] = ['uint64_t step; /* steps done */', `int16_t trapped; /* site whose TRAP overflowed first, ${macro}_SITE_NONE while none has */`];
  if (kernel.draws) fields.push('uint64_t step_hash; /* random bits of the step begin with it */');
  for (const { index: l, inputs, outputs, weights, parameters, bias } of layers) {
    const last = l === layers.length - 1;
    const format = (name: 'weight' | 'bias' | 'gradient' | 'update' | 'activation' | 'error'): string => formatName(kernel.format(name, l));
    const array = (name: string, type: string, length: string, about: string): void => {
      fields.push(`${type} layer${l}_${name}[${length}];${about === '' ? '' : ` /* ${about} */`}`);
    };
    const parameter = (name: 'weight' | 'bias', length: number, about: string): void => {
      array(name, kernel.type(name, l), String(length), about);
      if (keepsDifferences) array(`${name}_before`, kernel.type(name, l), String(length), 'before the last update');
      if (kernel.keepsCopy) array(`${name}_anchor`, kernel.type(name, l), String(length), '');
      if (kernel.averages) array(`${name}_average`, kernel.type('average', l), String(length), formatName(kernel.format('average', l)));
      if (weighs(plan.anchor.law)) array(`${name}_importance`, kernel.type('importance', l), String(length), formatName(kernel.format('importance', l)));
      if (kernel.supervised) array(`${name}_snapshot`, kernel.type(name, l), String(length), 'accepted last');
      if (evaluatesAverage(kernel)) array(`${name}_kept`, kernel.type(name, l), String(length), 'while the average is evaluated');
    };
    parameter('weight', weights, `[output][input], ${outputs} x ${inputs}: ${format('weight')}`);
    if (bias) parameter('bias', outputs, `[output]: ${format('bias')}`);
    array('gradient', kernel.type('gradient', l), String(parameters), `weights, then biases: ${format('gradient')}`);
    if (keepsDifferences) array('gradient_before', kernel.type('gradient', l), String(parameters), 'of the step before');
    array('update', kernel.type('update', l), String(parameters), `of the last step: ${format('update')}`);
    const [length, place] = last ? [String(outputs), 'of the last sample'] : [`${macro}_BATCH * ${outputs}U`, '[sample][output]'];
    array('output', kernel.type('activation', l), length, `${place}: ${format('activation')}`);
    array('error', kernel.type('error', l), `${macro}_BATCH * ${outputs}U`, `[sample][output]: ${format('error')}`);
    if (last && plan.balance) array('error_whole', kernel.type('error', l), `${macro}_BATCH * ${outputs}U`, 'while losses are measured');
  }
  const ofSite = (name: SiteName, field: string): string => `${kernel.type(name)} ${field}; /* ${formatName(kernel.format(name))} */`;
  if (keepsDifferences) fields.push('uint8_t history; /* 1 if ..._before hold the step before */');
  if (plan.throttle.estimator !== undefined) fields.push(ofSite('curvature', 'curvature'), ofSite('curvatureMean', 'curvature_mean'));
  if (keepsAlpha(plan.throttle.law)) fields.push(ofSite('throttle', 'alpha'));
  if (integrates(plan.throttle.law)) fields.push(ofSite('velocity', 'velocity'));
  if (plan.anchor.law === 'event') {
    fields.push(
      `${kernel.type('loss')} window[${eventCounts(kernel).window}]; /* the last losses */`, 'uint8_t locked;', 'uint8_t calibrated;',
      ...['hold_left', 'seen', 'window_at', 'above', 'events'].map((name) => `uint32_t ${name};`),
      'int64_t loss_sum;', `${prefix}_wide square_sum;`, ofSite('lossMean', 'loss_mean'), ofSite('lossVariance', 'loss_variance'),
    );
  }
  if (kernel.supervised) {
    fields.push(
      'uint8_t known;', ...['rejected', 'accepted', 'halvings'].map((name) => `uint32_t ${name};`), ofSite('measureMean', 'measure_mean'),
      ...(plan.supervisor.law === 'cusum' ? [ofSite('cusum', 'cusum')] : []),
    );
  }
  if (plan.balance) {
    fields.push(`${kernel.type('shareMean')} shares[${lossesOf(kernel).outputs.length}]; /* means: ${formatName(kernel.format('shareMean'))} */`, 'uint32_t balanced; /* steps of the warm-up */');
  }
  return [
    '/* Everything a run carries from step to step (docs/state.md), and the room of a step. */',
    `typedef struct ${prefix}_state {`,
    ...indented(fields),
    `#ifdef ${macro}_COUNTERS`,
    ...indented([`${prefix}_site sites[${macro}_SITES];`, 'uint8_t quiet; /* 1 while nothing is counted */']),
    '#endif',
    `} ${prefix}_state;`,
  ].join('\n');
}

function functions(kernel: Kernel): string {
  const { prefix, macro } = kernel;
  const averaged = evaluatesAverage(kernel) ? '; after a step with the anchor on at the means of the parameters' : '';
  return [
    `/* The state before the first step. */\nvoid ${prefix}_init(${prefix}_state *s);`,
    [
      '/*',
      ` * One step on a batch of count samples, 1 to ${macro}_BATCH, row by row. The phase follows from s->step.`,
      ' * Returns 0; 1 if the steps of the plan are over, nothing is done; 2 if a TRAP overflowed, in this step, which is finished, or before, then',
      ` * nothing is done; 3 if the count or a raw is out of range, nothing is done.`,
      ' */',
      `int ${prefix}_step(${prefix}_state *s, const ${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count, ${prefix}_row *row);`,
    ].join('\n'),
    [
      `/* The outputs for one sample, whose raws lie between ${macro}_INPUT_LOW and ${macro}_INPUT_HIGH${averaged}. */`,
      `void ${prefix}_predict(${prefix}_state *s, const ${prefix}_input_t *inputs, ${prefix}_output_t *outputs);`,
    ].join('\n'),
    [
      `/* The loss of count samples, 1 to ${macro}_EVALUATION, without a step; INT64_MIN if the count or a raw is out of range${averaged && '. The parameters are those of a prediction'}. */`,
      `int64_t ${prefix}_evaluate(${prefix}_state *s, const ${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count);`,
    ].join('\n'),
    `/* The state as ${macro}_STATE_BYTES bytes (docs/state.md). */\nvoid ${prefix}_save(const ${prefix}_state *s, uint8_t *bytes);`,
    [
      '/*',
      ' * Goes on where a state was saved, in a state that has been through init. Returns 0; 1 for bytes that no run of this plan saves, and the',
      ' * state stays as it was.',
      ' */',
      `int ${prefix}_restore(${prefix}_state *s, const uint8_t *bytes);`,
    ].join('\n'),
    `/* CRC-32, as in zlib, of the bytes of the state. */\nuint32_t ${prefix}_state_crc32(const ${prefix}_state *s);`,
  ].join('\n\n');
}
