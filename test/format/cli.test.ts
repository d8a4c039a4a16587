/** `qrails format` and `qrails quantize` through the real command line. */
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DETERMINISTIC_ROUNDINGS, OVERFLOWS, ROUNDINGS } from '../../src/format/modes.js';
import { overflowProblem } from '../../src/format/check.js';
import { quantise, siteFormat } from '../../src/format/quantise.js';
import { parseReal } from '../../src/format/real.js';
import { FormatExplanation } from '../../src/schema/format.js';
import { QuantizeResult } from '../../src/schema/quantize.js';
import { inFolder, type Ended, type Spawning } from '../cli/qrails.js';

const run = (args: readonly string[], spawning: Spawning = {}): Promise<Ended> => inFolder({}, (folder) => folder.qrails(args, spawning));
const ajv = new Ajv({ strictTypes: false, strictTuples: false });
const isResult = ajv.compile(QuantizeResult);

/** Results of a run that must be fine. */
async function results(args: readonly string[], spawning: Spawning = {}): Promise<QuantizeResult[]> {
  const { code, stdout, stderr } = await run(['quantize', ...args], spawning);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.trimEnd().split('\n').map((line) => {
    const result = JSON.parse(line) as QuantizeResult;
    expect(isResult(result), JSON.stringify(isResult.errors)).toBe(true);
    return result;
  });
}

const raws = async (args: readonly string[], spawning?: Spawning): Promise<string[]> => (await results(['--json', ...args], spawning)).map(({ raw }) => raw);

describe('qrails format', () => {
  it('explains, for people and for programs', async () => {
    const { code, stdout } = await run(['format', 'ap_fixed<12,4,AP_RND,AP_SAT>']);
    expect(code).toBe(0);
    for (const part of ['-8 … 7.99609375', '2^-8', '66.23 dB', '20·log10', 'int16_t', 'sfix12_En8', 'half towards plus infinity', 'saturate at the rails']) expect(stdout).toContain(part);
    const json = await run(['format', 'Q1.15', '--q', 'ti', '--json']);
    const explained = JSON.parse(json.stdout) as FormatExplanation;
    expect(ajv.compile(FormatExplanation)(explained)).toBe(true);
    expect(explained).toMatchObject({ wordLength: 17, fractionLength: 15 });
  });

  it('refuses a Q that says nothing of its sign', async () => {
    const { code, stdout, stderr } = await run(['format', 'Q1.15']);
    expect([code, stdout]).toEqual([2, '']);
    for (const part of ['two readings', 'arm:Q1.15 = sfix16_En15', 'ti:Q1.15 = sfix17_En15', '--q arm']) expect(stderr).toContain(part);
  });
});

describe('qrails quantize', () => {
  it('prints raw, value, error and overflow', async () => {
    const { code, stdout } = await run(['quantize', '-f', 'sfix8_En4', '0.1', '-0.1', '1e2', '1/3', '-1/3', '0x1.8p-3', '1e-100']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['sfix8_En4 · RND · SAT'], [''], ['raw', 'value', 'error', 'overflow', 'input'],
      ['2', '0.125', '0.025', '0.1'], ['-2', '-0.125', '-0.025', '-0.1'], ['127', '7.9375', '-92.0625', 'high', '1e2'], ['5', '0.3125', '-1/48', '1/3'],
      ['-5', '-0.3125', '1/48', '-1/3'], ['3', '0.1875', '0', '0x1.8p-3'], ['0', '0', '≈-1e-100', 'underflow', '1e-100'], [''],
    ]);
  });

  it('takes modes from the options, else from the format, else RND and SAT', async () => {
    const values = ['0.0625', '0.09375', '100'];
    expect(await raws(['-f', 'sfix8_En4', ...values])).toEqual(['1', '2', '127']);
    expect(await raws(['-f', 'ap_fixed<8,4>', ...values])).toEqual(['1', '1', '64']);
    expect(await raws(['-f', 'ap_fixed<8,4,AP_RND,AP_SAT>', '--rounding', 'Floor', '--overflow', 'AC_SAT_ZERO', ...values])).toEqual(['1', '1', '0']);
    expect(await raws(['-f', 'ap_fixed<8,4>', '--saturated-bits', '1', '100', '-100'])).toEqual(['64', '-64']);
    // n belongs to the overflow mode it was stated with.
    expect(await raws(['-f', 'ap_fixed<8,4,AP_TRN,AP_WRAP,1>', '72'])).toEqual(['0']);
    expect(await raws(['-f', 'ap_fixed<8,4,AP_TRN,AP_WRAP,1>', '--overflow', 'WRAP', '72'])).toEqual(['-128']);
    expect(await raws(['-f', 'Q4.4', '--q', 'arm', '100'])).toEqual(['127']);
  });

  it('never passes a value through a double', async () => {
    const half = `0.${'4'.padEnd(300, '9')}`;
    expect(await raws(['-f', 'sfix8', half, `${half.slice(0, -1)}95`, '0.5', `0.5${'0'.repeat(300)}1`, `-0.5${'0'.repeat(300)}1`])).toEqual(['0', '0', '1', '1', '-1']);
    expect(await raws(['-f', 'sfix64', '--rounding', 'TRN', '9007199254740993', `${2n ** 200n}/${2n ** 140n}`])).toEqual(['9007199254740993', String(2n ** 60n)]);
  });

  it('stochastic draws depend on seed and place only', async () => {
    const stdin = '0.5\n'.repeat(64);
    const drawn = (seed: string): Promise<string[]> => raws(['-f', 'sfix8', '--rounding', 'STOCHASTIC', '--seed', seed, '-'], { stdin });
    const [a, b, c] = await Promise.all([drawn('1'), drawn('1'), drawn('2')]);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
    expect(new Set(a)).toEqual(new Set(['0', '1']));
    // A value further down draws as it did, whatever stands before it.
    expect((await raws(['-f', 'sfix8', '--rounding', 'STOCHASTIC', '--seed', '1', '-'], { stdin: `9\n\n${'0.5\n'.repeat(62)}` })).slice(1)).toEqual(a.slice(2));
  });

  it('reads lines from standard input: CRLF, blank ones, no end of line at the end', async () => {
    expect(await raws(['-f', 'sfix8', '-'], { stdin: '\uFEFF1\r\n\n  2 \n3' })).toEqual(['1', '2', '3']);
    expect((await run(['quantize', '-f', 'sfix8', '--json', '-'], { stdin: '' })).stdout).toBe('');
  });

  it('writes a file whole or not at all', async () => {
    await inFolder({}, async (folder) => {
      expect(await folder.qrails(['quantize', '-f', 'sfix8', '--json', '-q', '-o', 'out.ndjson', '1', '2'])).toMatchObject({ code: 0, stdout: '' });
      expect(folder.read('out.ndjson').trimEnd().split('\n')).toHaveLength(2);
      expect(await folder.qrails(['quantize', '-f', 'sfix8', '-o', 'bad.txt', '1', 'x'])).toMatchObject({ code: 2 });
      expect(folder.list()).toEqual(['out.ndjson']);
    });
  });

  it('a reader that has seen enough is no error', async () => {
    await inFolder({}, async (folder) => {
      const { code, stdout, stderr } = await folder.shell('{ yes 0.1 | head -n 300000 | qrails quantize -f sfix8_En4 - ; echo "ended $?" >&2; } | head -n 4');
      expect(stdout.split('\n')).toHaveLength(5);
      expect(stderr).toMatch(/^ended (0|141)\n$/);
      expect(code).toBe(0);
    });
  });

  it.each<[string, string[], string, (string | RegExp)[]]>([
    ['no format', ['1'], '', ['--format: is missing', 'sfix16_En15']],
    ['no value', ['-f', 'sfix8'], '', ['no value is given']],
    ['- beside values', ['-f', 'sfix8', '-', '1'], '', ['stands beside values']],
    ['a misspelt option', ['-f', 'sfix8', '--roundin', 'RND', '1'], '', ['an unknown option', 'found     --roundin', 'try       --rounding']],
    ['a short option that does not exist', ['-f', 'sfix8', '-x', '1'], '', ['an unknown option', '-x']],
    ['a value that is none', ['-f', 'sfix8', '1', 'two'], '', ['value 2: not a real number', '"two"', '0x1.8p-3']],
    ['a line that is none', ['-f', 'sfix8', '-'], '1\n\n2x\n', ['(standard input), line 3: not a real number', '"2x"']],
    ['an exponent beyond reason', ['-f', 'sfix8', '1e999999999999'], '', ['a number beyond what is read', '100000']],
    ['a line without end', ['-f', 'sfix8', '-'], `1\n${'9'.repeat(3_000_000)}`, ['line 2: is too long', 'at most 101000 characters']],
    ['an unknown mode', ['-f', 'sfix8', '--rounding', 'RDN', '1'], '', ['--rounding: an unknown rounding mode', 'try       RND']],
    ['MATLAB Ceiling', ['-f', 'sfix8', '--rounding', 'Ceiling', '1'], '', ['--rounding', 'towards plus infinity', 'TRN']],
    ['WRAP_SM of an unsigned format', ['-f', 'ufix8', '--overflow', 'WRAP_SM', '1'], '', ['--overflow: WRAP_SM is for signed formats']],
    ['saturated bits of SAT', ['-f', 'sfix8', '--saturated-bits', '1', '1'], '', ['--saturated-bits', '1 with SAT', '0 to 8']],
    ['more saturated bits than bits', ['-f', 'sfix8', '--overflow', 'WRAP', '--saturated-bits', '9', '1'], '', ['--saturated-bits', '9 with WRAP']],
    ['cases from a file', ['--cases', 'cases.ndjson'], '', ['--cases', 'standard input', '--cases - < file']],
    ['cases and values', ['--cases', '-', '1'], '', ['--cases: takes its values from its lines']],
    ['cases and modes', ['--cases', '-', '--rounding', 'RND'], '', ['--cases: takes formats and modes from its lines', 'no --rounding']],
    ['a control sequence', ['-f', 'sfix8', '\u001b[2J'], '', ['not a real number', '\\u001b']],
  ])('%s', async (_, args, stdin, says) => {
    const { code, stderr } = await run(['quantize', ...args], { stdin });
    expect(code).toBe(2);
    expect(stderr).not.toContain('\u001b');
    for (const part of says) expect(stderr).toMatch(part);
  });
});

describe('qrails quantize --cases', () => {
  const good = { value: '0.1', wordLength: 8, fractionLength: 4, signed: true, rounding: 'RND_CONV', overflow: 'SAT', saturatedBits: 0 };
  const line = (changes: object = {}): string => JSON.stringify({ ...good, ...changes });

  it('is the exact quantiser, for every mode', async () => {
    const modes = fc.record({
      signed: fc.boolean(), wordLength: fc.integer({ min: 1, max: 64 }), fractionLength: fc.integer({ min: -8, max: 72 }),
      rounding: fc.constantFrom(...DETERMINISTIC_ROUNDINGS), overflow: fc.constantFrom(...OVERFLOWS), saturatedBits: fc.integer({ min: 0, max: 3 }),
    }).filter(({ signed, wordLength, overflow, saturatedBits }) => overflowProblem({ signed, wordLength }, overflow, saturatedBits) === undefined);
    const value = fc.tuple(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), fc.bigInt({ min: 1n, max: 2n ** 150n })).map(([n, d]) => `${n}/${d}`);
    const cases = fc.sample(fc.tuple(modes, value).map(([format, text]) => ({ ...format, value: text })), 1000);
    const printed = await results(['--cases', '-'], { stdin: cases.map((each) => `${JSON.stringify(each)}\n`).join('') });
    expect(printed).toHaveLength(cases.length);
    cases.forEach(({ value: text, ...format }, index) => {
      const exact = quantise(parseReal(text), siteFormat(format));
      const { raw, overflow, underflow, value: shown, error } = printed[index]!;
      expect({ raw, overflow, underflow }).toEqual({ raw: String(exact.raw), overflow: exact.overflow > 0 ? 'high' : exact.overflow < 0 ? 'low' : null, underflow: exact.underflow });
      // value − error is the input, exactly.
      if (error.startsWith('≈')) return;
      const [x, v, e] = [parseReal(text), parseReal(shown), parseReal(error)];
      expect((v.numerator * e.denominator - e.numerator * v.denominator) * x.denominator).toBe(x.numerator * v.denominator * e.denominator);
    });
  });

  it('defaults, aliases and every rounding mode', async () => {
    const stdin = [...ROUNDINGS, 'Convergent', 'AP_RND'].map((rounding) => line({ rounding, signed: undefined, saturatedBits: undefined })).join('\n');
    expect(await results(['--cases', '-', '--seed', '5'], { stdin })).toHaveLength(ROUNDINGS.length + 2);
  });

  it.each<[string, string, string[]]>([
    ['no JSON', 'value 1', ['line 2', 'malformed JSON']],
    ['a value that is a number', line({ value: 0.1 }), ['line 2: value has the wrong type', 'in quotes']],
    ['a misspelt key', line({ wordLenght: 8 }), ['line 2: wordLenght is not a known key', 'try       wordLength']],
    ['a missing key', line({ overflow: undefined }), ['line 2: overflow is missing']],
    ['a word too long', line({ wordLength: 65 }), ['line 2: wordLength = 65 is out of range', '1 to 64']],
    ['a value that is none', line({ value: 'NaN' }), ['line 2: value: not a real number']],
    ['an unknown mode', line({ rounding: 'Ceiling' }), ['line 2: rounding', 'towards plus infinity']],
    ['modes that do not go together', line({ signed: false, overflow: 'WRAP_SM' }), ['line 2: overflow: WRAP_SM is for signed formats']],
    ['a key twice', '{"value":"1","value":"2"}', ['line 2', 'given twice']],
  ])('%s: names the line, and keeps what was printed before', async (_, bad, says) => {
    const { code, stdout, stderr } = await run(['quantize', '--cases', '-'], { stdin: `${line()}\n${bad}\n${line()}\n` });
    expect(code).toBe(2);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(stdout)).toMatchObject({ raw: '2' });
    for (const part of says) expect(stderr).toContain(part);
  });
});
