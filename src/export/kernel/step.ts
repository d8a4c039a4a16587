/** One step, a prediction and an evaluation as C: the public functions around the passes. docs/numerics.md §5 and §8. */
import { weighs } from '../../control/registry.js';
import { siteKey } from '../../site/sites.js';
import { pullsCall } from './anchor.js';
import { clearLoop, parameterArrays } from './arrays.js';
import { evaluatedText, evaluatesAverage } from './average.js';
import { signCall } from './backward.js';
import { balanceCall } from './balance.js';
import { indented, type Kernel } from './context.js';
import { looksAtBatch } from './estimator.js';
import { forwardCall } from './forward.js';
import { backoffLines } from './supervisor.js';
import { alphaOf, startsThrottle } from './throttle.js';
import { updateCall } from './update.js';
import { int64Literal, multiply } from './exact.js';
import { seedWord } from './random.js';
import { railsOf } from './overflow.js';

/** The controllers that phases switch, and whether anything begins where one is switched on. */
function switches(kernel: Kernel): { readonly name: 'throttle' | 'anchor' | 'supervisor'; readonly starts: boolean }[] {
  const { throttle, anchor } = kernel.plan;
  return [
    ...(throttle.law === 'none' ? [] : [{ name: 'throttle', starts: startsThrottle(kernel) } as const]),
    ...(anchor.law === 'none' ? [] : [{ name: 'anchor', starts: startsAnchor(kernel) } as const]),
    ...(kernel.supervised ? [{ name: 'supervisor', starts: true } as const] : []),
  ];
}

/** Whether the anchor takes anything where it switches on. */
const startsAnchor = (kernel: Kernel): boolean => kernel.keepsCopy || kernel.averages || weighs(kernel.plan.anchor.law);

/** The phases of the plan as a table, with what switches on at the first step of each. */
export function phaseText(kernel: Kernel): string {
  const { plan } = kernel;
  const controllers = switches(kernel);
  let end = 0;
  const rows = plan.phases.map((phase, index) => {
    const before = plan.phases[index - 1];
    end += phase.steps;
    const flag = (on: boolean): string => (on ? '1' : '0');
    const fields = controllers.flatMap(({ name, starts }) => {
      const begins = name === 'throttle' && plan.throttle.keepState === true ? index === 0 : phase[name] && before?.[name] !== true;
      return [flag(phase[name]), ...(starts ? [flag(begins)] : [])];
    });
    return `    { ${[`UINT64_C(${end})`, int64Literal(BigInt(phase.learningRate.raw)), ...fields].join(', ')} },`;
  });
  return [
    '/* Phases: the step after the last, eta, and what is on or, in the first step, switches on. */',
    'typedef struct {',
    '    uint64_t end;',
    '    int64_t eta;',
    ...controllers.flatMap(({ name, starts }) => [`    uint8_t ${name};`, ...(starts ? [`    uint8_t ${name}_start;`] : [])]),
    '} phase;',
    '',
    `static const phase phases[${plan.phases.length}] = {`,
    ...rows,
    '};',
    ...(plan.throttle.law === 'none' ? [] : [`#define THROTTLE_ONE ${int64Literal(kernel.one)}`]),
  ].join('\n');
}

/** The phase of a step of the plan. */
function phaseOf(kernel: Kernel): string {
  const starts = switches(kernel).flatMap(({ name, starts: begins }) => (begins ? [`${name}_start`] : []));
  return [
    '/* The phase of a step of the plan. */',
    'static phase phase_of(uint64_t step)',
    '{',
    ...indented([
      'unsigned i = 0;',
      ...(starts.length > 0 ? ['uint64_t first = 0;', 'phase p;'] : []),
      ...(starts.length > 0
        ? [
            'while (step >= phases[i].end) first = phases[i++].end;',
            'p = phases[i];',
            'if (step != first) { /* switching on is an affair of one step */',
            ...starts.map((name) => `    p.${name} = 0;`),
            '}',
            'return p;',
          ]
        : ['while (step >= phases[i].end) i++;', 'return phases[i];']),
    ]),
    '}',
  ].join('\n');
}

/** What begins where a controller is switched on. */
function start(kernel: Kernel): string[] {
  const { prefix, plan } = kernel;
  const anchor = [
    ...(kernel.keepsCopy ? ['lock_anchor(s);'] : []),
    ...(kernel.averages ? ['start_average(s);'] : []),
    ...(weighs(plan.anchor.law) ? parameterArrays(kernel).map((array) => clearLoop(array, '_importance')) : []),
  ];
  const begun = { throttle: ['start_throttle(s);'], anchor, supervisor: ['start_supervisor(s);'] };
  const lines = switches(kernel).flatMap(({ name, starts }) => (starts ? [`if (p->${name}_start != 0) {`, ...indented(begun[name]), '}'] : []));
  if (lines.length === 0) return [];
  return [['/* What begins where a controller is switched on. */', `static void start(${prefix}_state *s, const phase *p)`, '{', ...indented(lines), '}'].join('\n')];
}

/** Everything of a step that follows the loss. */
function learn(kernel: Kernel): string {
  const { prefix, macro, plan, sites } = kernel;
  const { law } = plan.anchor;
  const rate = sites.quantise(siteKey('rate'), multiply(alphaOf(kernel, 'row->alpha'), kernel.learningRate('p->eta')));
  const arguments_ = ['s', 'p', ...(looksAtBatch(kernel) ? ['inputs', 'count'] : []), '&row->flags'].join(', ');
  return [
    '/* What follows the loss in a step. */',
    `static void learn(${prefix}_state *s, const phase *p, const ${prefix}_input_t *inputs, uint32_t count, ${prefix}_row *row)`,
    '{',
    ...indented([
      ...(kernel.pulls ? [`const int pulling = ${pullsCall(kernel)};`] : []),
      ...(kernel.pulls ? [`row->flags = pulling ? ${macro}_PULLING : 0U;`] : law === 'elastic' ? [`row->flags = p->anchor != 0 ? ${macro}_PULLING : 0U;`] : ['row->flags = 0;']),
      ...signCall(kernel),
      ...balanceCall(kernel),
      'backward(s, inputs, count);',
      `row->alpha = ${plan.throttle.law === 'none' ? int64Literal(kernel.one) : `throttle(${arguments_})`};`,
      ...backoffLines(kernel),
      `row->rate = ${rate.text};`,
      `row->flags |= ${updateCall(kernel)};`,
      ...(law === 'ema' ? ['if (p->anchor != 0) follow(s);'] : law === 'elastic' ? ['if (p->anchor != 0) stretch(s);'] : []),
    ]),
    '}',
  ].join('\n');
}

/** The public functions that run the network. */
export function stepText(kernel: Kernel): string[] {
  const { prefix, macro, plan, layers } = kernel;
  const event = plan.anchor.law === 'event';
  const last = layers[layers.length - 1]!;
  const estimated = plan.throttle.estimator !== undefined;
  const batch = `${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count`;
  const seeded = kernel.draws ? ['seed_step(s);'] : [];
  const started = start(kernel);
  const learns = 'learn(s, &p, inputs, count, row);';
  return [
    phaseOf(kernel),
    ...(kernel.draws ? [seedStep(kernel)] : []),
    deliverable(kernel),
    quiet(kernel),
    ...started,
    learn(kernel),
    [
      `int ${prefix}_step(${prefix}_state *s, const ${batch}, ${prefix}_row *row)`,
      '{',
      ...indented([
        'phase p;',
        `if (s->trapped != ${macro}_SITE_NONE) return 2;`,
        `if (s->step == ${macro}_STEPS) return 1;`,
        `if (!deliverable(inputs, targets, count, ${macro}_BATCH)) return 3;`,
        'p = phase_of(s->step);',
        ...seeded,
        ...(started.length > 0 ? ['start(s, &p);'] : []),
        'row->loss = batch_loss(s, inputs, targets, count, 1);',
        ...(kernel.supervised
          ? ['if (supervise(s, &p, row->loss)) {', `    ${learns}`, '} else {', '    row->alpha = 0;', '    row->rate = 0;', `    row->flags = ${macro}_REJECTED;`, '}']
          : [learns]),
        `row->curvature = ${estimated ? 's->curvature' : '0'};`,
        `row->curvature_mean = ${estimated ? 's->curvature_mean' : '0'};`,
        `row->events = ${event ? 's->events' : '0'};`,
        's->step++;',
        `return s->trapped != ${macro}_SITE_NONE ? 2 : 0;`,
      ]),
      '}',
    ].join('\n'),
    ...evaluatedText(kernel),
    [
      `void ${prefix}_predict(${prefix}_state *s, const ${prefix}_input_t *inputs, ${prefix}_output_t *outputs)`,
      '{',
      ...indented([
        ...quietly(kernel, [...seeded, forwardCall(kernel, 'inputs', '0', '0')]),
        `for (uint32_t o = 0; o < ${macro}_OUTPUTS; o++) outputs[o] = s->layer${last.index}_output[o];`,
      ]),
      '}',
    ].join('\n'),
    [
      `int64_t ${prefix}_evaluate(${prefix}_state *s, const ${batch})`,
      '{',
      ...indented([
        'int64_t loss;',
        `if (!deliverable(inputs, targets, count, ${macro}_EVALUATION)) return INT64_MIN;`,
        ...quietly(kernel, [...seeded, 'loss = batch_loss(s, inputs, targets, count, 0);']),
        'return loss;',
      ]),
      '}',
    ].join('\n'),
  ];
}

function seedStep({ prefix, plan }: Kernel): string {
  return [
    '/* What the random bits of a step begin with: mix(G * (seed + 1) + step). */',
    `static void seed_step(${prefix}_state *s)`,
    '{',
    `    s->step_hash = mix(UINT64_C(0x${seedWord(plan.seed).toString(16)}) + s->step);`,
    '}',
  ].join('\n');
}

/** A count that fits the state, and raws that the formats have: what else would reach past an array or a sum. */
function deliverable(kernel: Kernel): string {
  const { prefix, macro } = kernel;
  const check = (name: 'input' | 'target', array: string, width: string): string[] => {
    const format = kernel.format(name);
    const { low, high } = railsOf(format);
    const bits = BigInt(kernel.type(name).replace(/\D/g, ''));
    const [least, most] = format.signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
    const outside = [...(low > least ? [`${array}[k] < ${int64Literal(low)}`] : []), ...(high < most ? [`${array}[k] > ${int64Literal(high)}`] : [])];
    return outside.length === 0 ? [`(void)${array};`] : [`for (uint32_t k = 0; k < count * ${width}; k++) {`, `    if (${outside.join(' || ')}) return 0;`, '}'];
  };
  return [
    '/* Whether there are samples, not too many, and every raw is one its site lets through. */',
    `static int deliverable(const ${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count, uint32_t most)`,
    '{',
    ...indented(['if (count == 0 || count > most) return 0;', ...check('input', 'inputs', `${macro}_INPUTS`), ...check('target', 'targets', `${macro}_OUTPUTS`), 'return 1;']),
    '}',
  ].join('\n');
}

/** Counting is put off while nothing is learnt. */
function quiet({ macro }: Kernel): string {
  return [
    `#ifdef ${macro}_COUNTERS`,
    '#define QUIET(s) ((s)->quiet = 1)',
    '#define LOUD(s)  ((s)->quiet = 0)',
    '#else',
    '#define QUIET(s) ((void)(s))',
    '#define LOUD(s)  ((void)(s))',
    '#endif',
  ].join('\n');
}

/** Statements that count in no counter and end no run, with the parameters that are evaluated. */
function quietly(kernel: Kernel, lines: readonly string[]): string[] {
  const { traps } = kernel;
  const averages = evaluatesAverage(kernel);
  return [
    ...(traps ? ['const int16_t trapped = s->trapped;'] : []), ...(averages ? ['int averaged;'] : []),
    'QUIET(s);', ...(averages ? ['averaged = take_average(s);'] : []), ...lines, ...(averages ? ['if (averaged) put_back(s);'] : []), 'LOUD(s);',
    ...(traps ? ['s->trapped = trapped;'] : []),
  ];
}
