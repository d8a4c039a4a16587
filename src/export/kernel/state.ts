/** The state as C: its beginning, its bytes and their checksum. docs/state.md. */
import { PARAMETER_LIMIT } from '../cTables.js';
import { integerLiteral, integerType } from '../cInteger.js';
import { rawsAt } from '../cTable.js';
import { QrailsError } from '../../errors.js';
import type { SiteName } from '../../site/sites.js';
import { stateFields } from '../../core/stateFields.js';
import { gradientArrays, parameterArrays, tableLines, type LayerArray } from './arrays.js';
import { calibrationSums, eventCounts } from './anchor.js';
import { lossesOf } from './balance.js';
import { indented, type Kernel } from './context.js';
import { asWide, constant, int64Literal, leaf, multiply, square, uint32Literal } from './exact.js';
import { railsOf } from './overflow.js';
import { hull, range, within, type Range } from './range.js';
import { supervisorCounts } from './supervisor.js';

/** Values of a batch that C indexes with 32 bits, with room to spare. */
const LARGEST_BATCH = 2 ** 28;

/** A run of words of the bytes: an array of the state, or a single field. */
interface Field {
  readonly name: string;
  /** Of an array, as C text. */
  readonly length?: string;
  readonly count: number;
  /** The C type it is restored to. */
  readonly type: string;
  /** What a word can be. */
  readonly range: Range;
}

const UINT32_MOST = 2 ** 32 - 1;
const WORD = range(0n, (1n << 64n) - 1n);

/** The C fields of each field of the state. */
const FIELDS: Readonly<Record<string, (kernel: Kernel) => readonly Field[]>> = {
  theta: (kernel) => parameterArrays(kernel).map((of) => array(of, '')),
  lastTheta: (kernel) => parameterArrays(kernel).map((of) => array(of, '_before')),
  lastGradient: (kernel) => gradientArrays(kernel).map((of) => array(of, '_before')),
  anchor: (kernel) => parameterArrays(kernel).map((of) => array(of, '_anchor')),
  average: (kernel) => parameterArrays(kernel, 'average').map((of) => array(of, '_average')),
  importance: (kernel) => parameterArrays(kernel, 'importance').map((of) => array(of, '_importance')),
  snapshot: (kernel) => parameterArrays(kernel).map((of) => array(of, '_snapshot')),
  shares: (kernel) => [{ ...ofSite(kernel, 'shares', 'shareMean'), length: 'LOSSES', count: lossesOf(kernel).outputs.length }],
  window: (kernel) => [{ name: 'window', length: 'WINDOW', count: eventCounts(kernel).window, type: kernel.type('loss'), range: hull(kernel.range('loss'), range(0n, 0n)) }],
  history: () => [flag('history')],
  curvature: (kernel) => [ofSite(kernel, 'curvature', 'curvature')],
  curvatureMean: (kernel) => [ofSite(kernel, 'curvature_mean', 'curvatureMean')],
  alpha: (kernel) => [one('alpha', kernel.type('throttle'), kernel.alphaRange)],
  velocity: (kernel) => [ofSite(kernel, 'velocity', 'velocity')],
  locked: () => [flag('locked')],
  holdLeft: (kernel) => [upTo('hold_left', eventCounts(kernel).hold)],
  calibrated: () => [flag('calibrated')],
  seen: (kernel) => [upTo('seen', Math.max(eventCounts(kernel).n, eventCounts(kernel).window))],
  windowAt: (kernel) => [upTo('window_at', eventCounts(kernel).window - 1)],
  above: (kernel) => [upTo('above', eventCounts(kernel).consecutive)],
  events: () => [upTo('events', UINT32_MOST)],
  lossSum: (kernel) => [one('loss_sum', 'int64_t', calibrationSums(kernel).sum.range)],
  squareSum: () => [one('square_sum.low', 'uint64_t', WORD)],
  squareSumHigh: (kernel) => [one('square_sum.high', 'uint64_t', range(0n, calibrationSums(kernel).squares.range.high >> 64n))],
  lossMean: (kernel) => [ofSite(kernel, 'loss_mean', 'lossMean')],
  lossVariance: (kernel) => [ofSite(kernel, 'loss_variance', 'lossVariance')],
  known: () => [flag('known')],
  rejected: (kernel) => [upTo('rejected', supervisorCounts(kernel).patience || UINT32_MOST)],
  accepted: (kernel) => [upTo('accepted', supervisorCounts(kernel).recovery - 1)],
  halvings: (kernel) => [upTo('halvings', supervisorCounts(kernel).backoff)],
  measureMean: (kernel) => [ofSite(kernel, 'measure_mean', 'measureMean')],
  balanced: (kernel) => [upTo('balanced', lossesOf(kernel).warmup)],
  cusum: (kernel) => [ofSite(kernel, 'cusum', 'cusum')],
};

const array = ({ name, raw, length, count }: LayerArray, suffix: string): Field => ({ name: `${name}${suffix}`, length, count, type: raw.type, range: raw.range });
const one = (name: string, type: string, of: Range): Field => ({ name, count: 1, type, range: of });
const ofSite = (kernel: Kernel, name: string, site: SiteName): Field => one(name, kernel.type(site), kernel.range(site));
const upTo = (name: string, most: number): Field => one(name, 'uint32_t', range(0n, BigInt(most)));
const flag = (name: string): Field => one(name, 'uint8_t', range(0n, 1n));

/** Fields in the order of the bytes (src/core/stateFields.ts), the sum of squares as its two words. */
export function stateWords(kernel: Kernel): Field[] {
  return stateFields(kernel.plan).flatMap(({ name }) => {
    const fields = FIELDS[name];
    if (!fields) throw new RangeError(`a kernel has no field for ${name}`);
    return fields(kernel);
  });
}

/** Bytes of a saved state. */
export const stateBytesOf = (kernel: Kernel): number => 8 * (1 + stateWords(kernel).reduce((sum, { count }) => sum + count, 0));

/**
 * The initial parameters as tables, and `init`.
 *
 * @throws QrailsError `invalid` where an initial raw is outside the rails of its site; `unsupported` for more parameters or samples than source files take
 */
export function initText(kernel: Kernel): string[] {
  const { layers, plan, prefix, macro } = kernel;
  const count = layers.reduce((sum, { parameters }) => sum + parameters, 0);
  if (count > PARAMETER_LIMIT) {
    throw new QrailsError({ code: 'unsupported', where: 'export c', message: 'too many parameters for C tables', found: String(count), expected: `at most ${PARAMETER_LIMIT}` });
  }
  const widest = kernel.evaluation * Math.max(...layers.flatMap(({ inputs, outputs }) => [inputs, outputs]));
  if (widest > LARGEST_BATCH) {
    throw new QrailsError({ code: 'unsupported', where: 'export c', message: 'a batch too large for a kernel', found: `${widest} values`, expected: `at most ${LARGEST_BATCH}` });
  }
  const tables = layers.flatMap(({ index, weights, outputs, bias }) => {
    const initial = plan.initial[index];
    const table = (name: 'weight' | 'bias', words: readonly string[], length: number, where: string): string => {
      const format = kernel.format(name, index);
      const raws = rawsAt(words, format, where);
      const outside = raws.find((raw) => !within(range(raw, raw), railsOf(format)));
      if (raws.length !== length || outside !== undefined) {
        const [found, expected] = outside === undefined ? [`${raws.length} entries`, String(length)] : [String(outside), format.rails.join(' to ')];
        throw new QrailsError({ code: 'invalid', where, message: 'does not fit its layer and rails', found, expected });
      }
      const literals = raws.map((raw) => integerLiteral(raw, integerType(format)));
      return [`static const ${kernel.type(name, index)} initial_layer${index}_${name}[${length}] = {`, ...tableLines(literals), '};'].join('\n');
    };
    const where = `initial[${index}]`;
    return [
      table('weight', initial?.weightsRaw.flat() ?? [], weights, `${where}.weightsRaw`),
      ...(bias ? [table('bias', initial?.biasRaw ?? [], outputs, `${where}.biasRaw`)] : []),
    ];
  });
  return [
    ...tables,
    [
      `void ${prefix}_init(${prefix}_state *s)`,
      '{',
      ...indented([
        'unsigned char *const room = (unsigned char *)s;',
        'for (size_t k = 0; k < sizeof *s; k++) room[k] = 0;',
        `s->trapped = ${macro}_SITE_NONE;`,
        ...parameterArrays(kernel).map(({ name, length }) => `for (uint32_t k = 0; k < ${length}; k++) s->${name}[k] = initial_${name}[k];`),
        ...(plan.balance ? [`for (uint32_t i = 0; i < LOSSES; i++) s->shares[i] = ${kernel.constant('shareMean', lossesOf(kernel).firstMean, 'balance.firstMean').text};`] : []),
      ]),
      '}',
    ].join('\n'),
  ];
}

/** `save`, `restore` and `state_crc32`. */
export function saveText(kernel: Kernel): string[] {
  const { prefix, macro } = kernel;
  const fields = stateWords(kernel);
  const word = ({ type }: Field, text: string): string => (type.startsWith('u') ? text : `(uint64_t)${text}`);
  const put = (field: Field): string =>
    field.length === undefined ? `put(out, ${word(field, `s->${field.name}`)});` : `for (uint32_t k = 0; k < ${field.length}; k++) put(out, ${word(field, `s->${field.name}[k]`)});`;
  return [
    [
      '/* Where the words of a state go: into bytes, or, with bytes null, into a checksum. */',
      'typedef struct {',
      '    uint8_t *bytes;',
      '    uint32_t crc;',
      '} sink;',
      '',
      '/* A word as eight bytes, lowest first; CRC-32 of zlib, four bits a round. */',
      'static void put(sink *out, uint64_t word)',
      '{',
      '    static const uint32_t table[16] = {',
      ...crcTable().map((line) => `        ${line}`),
      '    };',
      '    for (unsigned i = 0; i < 8; i++, word >>= 8) {',
      '        const uint8_t byte = (uint8_t)(word & 255U);',
      '        if (out->bytes != NULL) {',
      '            *out->bytes++ = byte;',
      '        } else {',
      '            out->crc = table[(out->crc ^ byte) & 15U] ^ (out->crc >> 4);',
      '            out->crc = table[(out->crc ^ (uint32_t)(byte >> 4)) & 15U] ^ (out->crc >> 4);',
      '        }',
      '    }',
      '}',
      '',
      '/* The state as words, in the order of docs/state.md. */',
      `static void put_state(const ${prefix}_state *s, sink *out)`,
      '{',
      ...indented(['put(out, s->step);', ...fields.map(put)]),
      '}',
    ].join('\n'),
    [
      `void ${prefix}_save(const ${prefix}_state *s, uint8_t *bytes)`,
      '{',
      '    sink out;',
      '    out.bytes = bytes;',
      '    out.crc = 0;',
      '    put_state(s, &out);',
      '}',
    ].join('\n'),
    [
      `uint32_t ${prefix}_state_crc32(const ${prefix}_state *s)`,
      '{',
      '    sink out;',
      '    out.bytes = NULL;',
      '    out.crc = UINT32_C(0xffffffff);',
      '    put_state(s, &out);',
      '    return out.crc ^ UINT32_C(0xffffffff);',
      '}',
    ].join('\n'),
    restore(kernel, fields, macro),
  ];
}

function restore(kernel: Kernel, fields: readonly Field[], macro: string): string {
  const { prefix } = kernel;
  // Unsigned words of 64 bits are compared as such; all others fit the signed ones.
  const unsigned = (field: Field): boolean => field.type === 'uint64_t';
  const checks = fields.flatMap((field) => {
    const { count, length, range: { low, high } } = field;
    const words = length ?? '1';
    if (!unsigned(field)) return [`if (!lie_between(&in, ${words}, ${int64Literal(low)}, ${int64Literal(high)})) return 1;`];
    if (count === 1) return [high === (1n << 64n) - 1n ? 'in += 8;' : `if (take(&in) > UINT64_C(${high})) return 1;`];
    return [];
  });
  const take = (field: Field): string => {
    const { name, length, type } = field;
    const value = unsigned(field) ? 'take(&in)' : type === 'int64_t' ? 'signed_of(take(&in))' : type.startsWith('u') ? `(${type})take(&in)` : `(${type})signed_of(take(&in))`;
    return length === undefined ? `s->${name} = ${value};` : `for (uint32_t k = 0; k < ${length}; k++) s->${name}[k] = ${value};`;
  };
  return [
    '/* The next word of saved bytes. */',
    'static uint64_t take(const uint8_t **in)',
    '{',
    '    uint64_t word = 0;',
    '    for (unsigned i = 0; i < 8; i++) word |= (uint64_t)(*in)[i] << (8U * i);',
    '    *in += 8;',
    '    return word;',
    '}',
    '',
    '/* Whether the next words, as signed numbers, lie between two others. */',
    'static int lie_between(const uint8_t **in, uint32_t words, int64_t low, int64_t high)',
    '{',
    '    while (words-- > 0) {',
    '        const int64_t word = signed_of(take(in));',
    '        if (word < low || word > high) return 0;',
    '    }',
    '    return 1;',
    '}',
    '',
    `int ${prefix}_restore(${prefix}_state *s, const uint8_t *bytes)`,
    '{',
    ...indented([
      'const uint8_t *in = bytes;',
      ...calibrationDeclarations(kernel),
      `if (take(&in) > ${macro}_STEPS) return 1;`,
      ...checks,
      ...calibrationChecks(kernel, fields),
      'in = bytes;',
      's->step = take(&in);',
      ...fields.map(take),
      `s->trapped = ${macro}_SITE_NONE;`,
      'return 0;',
    ]),
    '}',
  ].join('\n');
}

const calibrationDeclarations = ({ plan }: Kernel): string[] => (plan.anchor.law === 'event' ? ['wide squares;', 'int64_t sum;', 'uint64_t calibrated;', 'uint64_t seen;'] : []);

/** That sums of a calibration are ones its losses can have, so that what is still added to them fits. */
function calibrationChecks(kernel: Kernel, fields: readonly Field[]): string[] {
  if (kernel.plan.anchor.law !== 'event') return [];
  const { n, window } = eventCounts(kernel);
  const loss = kernel.raw('loss', 0, '');
  const { low, high } = loss.range;
  const most = low < 0n && -low > high ? -low : high;
  const before = (name: string): number => fields.slice(0, fields.findIndex((field) => field.name === name)).reduce((sum, { count }) => sum + count, 0);
  const at = (name: string): string => `in = bytes + ${uint32Literal(8 * (1 + before(name)))};`;
  const seen = leaf('(int64_t)seen', 'int64_t', range(0n, BigInt(n)), 0);
  const bound = multiply(square(leaf(int64Literal(most), 'int64_t', range(0n, most), 0)), seen);
  return [
    at('calibrated'),
    'calibrated = take(&in);',
    'seen = take(&in);',
    `if (seen > (calibrated != 0 ? ${uint32Literal(window)} : ${uint32Literal(n - 1)})) return 1;`,
    `if (calibrated != 0) seen = ${uint32Literal(n)}; /* the sums are those of all */`,
    at('loss_sum'),
    'sum = signed_of(take(&in));',
    'squares.low = take(&in);',
    'squares.high = take(&in);',
    `if (sum < ${low === 0n ? '0' : multiply(constant(low), seen).text} || sum > ${multiply(constant(high), seen).text}) return 1;`,
    `if (wide_compare(squares, ${asWide(bound)}) > 0) return 1;`,
  ];
}

/** Sixteen remainders of CRC-32, reflected polynomial 0xedb88320. */
function crcTable(): string[] {
  const entries = Array.from({ length: 16 }, (_, n) => {
    let crc = n;
    for (let bit = 0; bit < 4; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    return `UINT32_C(0x${(crc >>> 0).toString(16).padStart(8, '0')})`;
  });
  return [0, 4, 8, 12].map((from) => `${entries.slice(from, from + 4).join(', ')},`);
}
