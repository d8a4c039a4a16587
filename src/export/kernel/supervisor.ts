/** The supervisor as C: keeps parameters whose loss is as expected, takes others back. docs/numerics.md §7.1. */
import { siteKey } from '../../site/sites.js';
import { QrailsError } from '../../errors.js';
import { clearLoop, copyBackLoop, copyLoop, gradientArrays, parameterArrays, updateArrays } from './arrays.js';
import { indented, type Kernel } from './context.js';
import { add, compare, known, movedMean, subtract, uint32Literal, type Exact } from './exact.js';
import { range } from './range.js';

/** Counts of the supervisor. */
export function supervisorCounts({ plan }: Kernel): { backoff: number; recovery: number; patience: number } {
  const { backoff, recovery, patience } = plan.supervisor;
  if (backoff === undefined || recovery === undefined || patience === undefined) {
    throw new QrailsError({ code: 'invalid', where: 'supervisor', message: 'the plan has no value for a count that its law reads' });
  }
  return { backoff, recovery, patience };
}

const lossOf = (kernel: Kernel): Exact => kernel.raw('loss', 0, 'loss', 'int64_t');
const meanOf = (kernel: Kernel): Exact => kernel.raw('measureMean', 0, 's->measure_mean');
const cusum = ({ plan }: Kernel): boolean => plan.supervisor.law === 'cusum';

/** Functions of the supervisor; `supervise` calls them. Nothing for a plan without one. */
export function supervisorText(kernel: Kernel): string[] {
  if (!kernel.supervised) return [];
  return [start(kernel), begin(kernel), accept(kernel), takeBack(kernel), supervise(kernel), ...(supervisorCounts(kernel).backoff > 0 ? [backedOff(kernel)] : [])];
}

/** Statements that take the back-off into account. */
export function backoffLines(kernel: Kernel): string[] {
  return kernel.supervised && supervisorCounts(kernel).backoff > 0 ? ['if (p->supervisor != 0) row->alpha = backed_off(s, row->alpha);'] : [];
}

function start(kernel: Kernel): string {
  return [
    '/* Empties what the supervisor keeps. */',
    `static void start_supervisor(${kernel.prefix}_state *s)`,
    '{',
    ...indented([...['known', 'rejected', 'accepted', 'halvings'].map((name) => `s->${name} = 0;`), ...(cusum(kernel) ? ['s->cusum = 0;'] : [])]),
    '}',
  ].join('\n');
}

function begin(kernel: Kernel): string {
  const { sites, prefix } = kernel;
  return [
    '/* Takes the loss for the mean, and the parameters for good. */',
    `static void begin_measure(${prefix}_state *s, int64_t loss)`,
    '{',
    ...indented([
      `s->measure_mean = ${sites.quantise(siteKey('measureMean'), lossOf(kernel)).text};`,
      ...(cusum(kernel) ? ['s->cusum = 0;'] : []),
      's->known = 1;',
      ...parameterArrays(kernel).map((array) => copyLoop(array, 'snapshot')),
    ]),
    '}',
  ].join('\n');
}

function accept(kernel: Kernel): string {
  const { sites, prefix, plan } = kernel;
  const rate = kernel.constant('meanRate', plan.supervisor.rate, 'supervisor.rate');
  return [
    '/* Keeps the parameters; mean = Q(mean + a * (loss - mean)). */',
    `static void accept_parameters(${prefix}_state *s, int64_t loss)`,
    '{',
    ...indented([
      ...parameterArrays(kernel).map((array) => copyLoop(array, 'snapshot')),
      `s->measure_mean = ${sites.quantise(siteKey('measureMean'), movedMean(meanOf(kernel), lossOf(kernel), rate)).text};`,
    ]),
    '}',
  ].join('\n');
}

function takeBack(kernel: Kernel): string {
  const { backoff } = supervisorCounts(kernel);
  return [
    '/* Goes back to the parameters kept last; the step has no gradient and no update. */',
    ...(backoff > 0 ? [`#define BACKOFF ${uint32Literal(backoff)}`] : []),
    `static void take_back(${kernel.prefix}_state *s)`,
    '{',
    ...indented([
      ...parameterArrays(kernel).map((array) => copyBackLoop(array, 'snapshot')),
      ...[...gradientArrays(kernel), ...updateArrays(kernel)].map((array) => clearLoop(array)),
      's->rejected++;',
      's->accepted = 0;',
      ...(backoff > 0 ? ['if (s->halvings < BACKOFF) s->halvings++;'] : []),
    ]),
    '}',
  ].join('\n');
}

function supervise(kernel: Kernel): string {
  const { plan, prefix, sites } = kernel;
  const { backoff, patience, recovery } = supervisorCounts(kernel);
  const loss = lossOf(kernel);
  const reject = patience === 0
    ? ['take_back(s);', 'return 0;']
    : ['if (s->rejected < PATIENCE) {', '    take_back(s);', '    return 0;', '}', 'begin_measure(s, loss);'];
  let judge: string[];
  if (cusum(kernel)) {
    const slack = kernel.constant('loss', plan.supervisor.slack, 'supervisor.slack');
    const limit = kernel.constant('loss', plan.supervisor.limit, 'supervisor.limit');
    const excess = subtract(subtract(add(kernel.raw('cusum', 0, 's->cusum'), loss), meanOf(kernel)), slack);
    const wide = excess.type === 'wide';
    const high = excess.range.high > 0n ? excess.range.high : 0n;
    const x = known({ ...excess, text: 'x', atom: true }, range(0n, high));
    judge = [
      `${wide ? 'wide' : 'int64_t'} x = ${excess.text};`,
      wide ? 'if (x.high >> 63 != 0) x = wide_of(0);' : 'if (x < 0) x = 0;',
      `s->cusum = ${sites.quantise(siteKey('cusum'), x).text};`,
      'if (s->cusum == 0) {',
      '    accept_parameters(s, loss);',
      `} else if (${compare(kernel.raw('cusum', 0, 's->cusum'), '<=', limit)}) {`,
      '    return 1; /* waits */',
      '} else {',
      ...indented(['s->cusum = 0;', ...reject]),
      '}',
    ];
  } else {
    const margin = kernel.constant('loss', plan.supervisor.margin, 'supervisor.margin');
    judge = [`if (${compare(loss, '<=', add(meanOf(kernel), margin))}) {`, '    accept_parameters(s, loss);', '} else {', ...indented(reject), '}'];
  }
  return [
    '/*',
    ` * Whether the step goes on after this loss; if not, the parameters are those kept last. ${cusum(kernel) ? 'S = Q(max(0, S + loss - mean - slack)) is 0 where they are kept, above the limit where not.' : 'They are kept up to mean + margin.'}`,
    ' */',
    ...(patience > 0 ? [`#define PATIENCE ${uint32Literal(patience)}`] : []),
    ...(backoff > 0 ? [`#define RECOVERY ${uint32Literal(recovery)}`] : []),
    `static int supervise(${prefix}_state *s, const phase *p, int64_t loss)`,
    '{',
    ...indented([
      'if (p->supervisor == 0) return 1;',
      'if (s->known == 0) {',
      '    begin_measure(s, loss);',
      '    return 1;',
      '}',
      ...judge,
      's->rejected = 0;',
      ...(backoff > 0
        ? ['s->accepted = s->halvings > 0 ? s->accepted + 1U : 0U;', 'if (s->accepted == RECOVERY) { /* one halving is undone */', '    s->halvings--;', '    s->accepted = 0;', '}']
        : ['s->accepted = 0;']),
      'return 1;',
    ]),
    '}',
  ].join('\n');
}

function backedOff({ prefix }: Kernel): string {
  return [
    '/* alpha halved, at least one last place unless it is 0 */',
    `static int64_t backed_off(const ${prefix}_state *s, int64_t alpha)`,
    '{',
    '    const int64_t less = alpha >> s->halvings;',
    '    return less == 0 && alpha != 0 ? 1 : less;',
    '}',
  ].join('\n');
}
