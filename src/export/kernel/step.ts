/** One step, a prediction and an evaluation as C: the public functions around the passes. docs/numerics.md §5 and §8. */
import { siteKey } from '../../site/sites.js';
import { indented, type Kernel } from './context.js';
import { alphaOf } from './throttle.js';
import { forwardCall } from './forward.js';
import { int64Literal, multiply } from './exact.js';
import { seedWord } from './random.js';
import { railsOf } from './overflow.js';

/** The phases of the plan as a table, with what switches on at the first step of each. */
export function phaseText(kernel: Kernel): string {
  const { plan } = kernel;
  const { throttle, anchor } = plan;
  const throttled = throttle.law !== 'none';
  const anchored = anchor.law !== 'none';
  let end = 0;
  const rows = plan.phases.map((phase, index) => {
    const before = plan.phases[index - 1];
    end += phase.steps;
    const flag = (on: boolean): string => (on ? '1' : '0');
    const fields = [
      `UINT64_C(${end})`, int64Literal(BigInt(phase.learningRate.raw)),
      ...(throttled ? [flag(phase.throttle), flag(throttle.keepState ? index === 0 : phase.throttle && before?.throttle !== true)] : []),
      ...(anchored ? [flag(phase.anchor), flag(phase.anchor && before?.anchor !== true)] : []),
    ];
    return `    { ${fields.join(', ')} },`;
  });
  return [
    '/* Phases: the step after the last, eta, and what is on or, in the first step, switches on. */',
    'typedef struct {',
    '    uint64_t end;',
    '    int64_t eta;',
    ...(throttled ? ['    uint8_t throttle;', '    uint8_t throttle_start;'] : []),
    ...(anchored ? ['    uint8_t anchor;', '    uint8_t anchor_start;'] : []),
    '} phase;',
    '',
    `static const phase phases[${plan.phases.length}] = {`,
    ...rows,
    '};',
    ...(throttled
      ? [`#define THROTTLE_ONE ${int64Literal(kernel.one)}`]
      : []),
  ].join('\n');
}

/** The phase of a step that is to be done. */
function phaseOf({ plan }: Kernel): string {
  const starts = [...(plan.throttle.law === 'none' ? [] : ['throttle_start']), ...(plan.anchor.law === 'none' ? [] : ['anchor_start'])];
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

/** The public functions that run the network. */
export function stepText(kernel: Kernel): string[] {
  const { prefix, macro, plan, layers, sites } = kernel;
  const anchored = plan.anchor.law !== 'none';
  const event = plan.anchor.law === 'event';
  const throttled = plan.throttle.law !== 'none';
  const last = layers[layers.length - 1]!;
  const rate = sites.quantise(siteKey('rate'), multiply(alphaOf(kernel, 'row->alpha'), kernel.learningRate('p.eta')));
  const estimated = plan.throttle.estimator !== undefined;
  const arguments_ = ['s', '&p', ...(plan.throttle.estimator === 'trace' ? ['inputs', 'count'] : []), '&flags'].join(', ');
  const batch = `${prefix}_input_t *inputs, const ${prefix}_target_t *targets, uint32_t count`;
  const seeded = kernel.draws ? ['seed_step(s);'] : [];
  return [
    phaseOf(kernel),
    ...(kernel.draws ? [seedStep(kernel)] : []),
    deliverable(kernel),
    quiet(kernel),
    [
      `int ${prefix}_step(${prefix}_state *s, const ${batch}, ${prefix}_row *row)`,
      '{',
      ...indented([
        'phase p;',
        'int64_t rate;',
        'uint32_t flags = 0;',
        ...(anchored ? ['int pulling;'] : []),
        `if (s->trapped != ${macro}_SITE_NONE) return 2;`,
        `if (s->step == ${macro}_STEPS) return 1;`,
        `if (!deliverable(inputs, targets, count, ${macro}_BATCH)) return 3;`,
        'p = phase_of(s->step);',
        ...seeded,
        'row->loss = batch_loss(s, inputs, targets, count, 1);',
        ...(anchored ? [`pulling = anchor_pulls(s, &p${event ? ', row->loss' : ''});`, `if (pulling) flags |= ${macro}_PULLING;`] : []),
        'backward(s, inputs, count);',
        `row->alpha = ${throttled ? `throttle(${arguments_})` : int64Literal(kernel.one)};`,
        `row->curvature = ${estimated ? 's->curvature' : '0'};`,
        `row->curvature_mean = ${estimated ? 's->curvature_mean' : '0'};`,
        `rate = ${rate.text};`,
        'row->rate = rate;',
        `flags |= update(s, rate${anchored ? ', pulling' : ''});`,
        'row->flags = flags;',
        `row->events = ${event ? 's->events' : '0'};`,
        's->step++;',
        `return s->trapped != ${macro}_SITE_NONE ? 2 : 0;`,
      ]),
      '}',
    ].join('\n'),
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

/** Statements that count in no counter and end no run. */
function quietly({ traps }: Kernel, lines: readonly string[]): string[] {
  return [...(traps ? ['const int16_t trapped = s->trapped;'] : []), 'QUIET(s);', ...lines, 'LOUD(s);', ...(traps ? ['s->trapped = trapped;'] : [])];
}
