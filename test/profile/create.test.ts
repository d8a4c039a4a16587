import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { list } from '../../src/document/catalogue.js';
import { parseFormat } from '../../src/format/text.js';
import { createProfile, schemaReference, type ProfileAnswers } from '../../src/profile/create.js';
import { askProfile, type AskOptions } from '../../src/profile/createDialogue.js';
import { PROFILE_QUESTIONS } from '../../src/profile/createQuestions.js';
import { diffProfiles } from '../../src/profile/diff.js';
import { loadProfile, validateProfile } from '../../src/profile/load.js';
import type { Profile } from '../../src/schema/profile.js';
import { inFolder } from '../cli/qrails.js';
import { failure } from '../document/failure.js';

const sixteen = parseFormat('sfix16_En12');
const answers = (changes: Partial<ProfileAnswers> = {}): ProfileAnswers => ({
  name: 'mine', weight: sixteen, input: sixteen, accumulator: parseFormat('sfix40_En24'), accumulate: 'end', batchDivision: 'exact', divider: 'exact', source: 'data sheet, 3.1', ...changes,
});

/** Puts a profile in a file and loads it as any command does. */
const loaded = (profile: Profile): Promise<Profile> => inFolder({ 'mine.json': JSON.stringify(profile) }, async (folder) => (await loadProfile('./mine.json', folder.path)).value);

/**
 * A scripted terminal: each line is typed when a prompt stands there; `^C` and `^D` are keys.
 *
 * @returns what was shown and what came of it
 */
async function dialogue(lines: readonly string[], options: Omit<AskOptions, 'conversation'> = {}): Promise<{ shown: string; result: ProfileAnswers | Error }> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const controller = new AbortController();
  const left = [...lines];
  let shown = '';
  output.on('data', (part: Buffer) => {
    shown += String(part);
    if (!/\[[^\]\n]*\] $/.test(shown)) return;
    const line = left.shift();
    if (line === undefined || line === '^D') input.end();
    else if (line === '^C') setImmediate(() => controller.abort());
    else input.write(`${line}\n`);
  });
  const result = await askProfile({ ...options, conversation: { input, output, interrupt: () => controller.abort(), signal: controller.signal } }).catch((error: unknown) => error as Error);
  return { shown, result };
}

const ENTER = '';

describe('the dialogue', () => {
  it('takes every default', async () => {
    const { shown, result } = await dialogue(PROFILE_QUESTIONS.map(() => ENTER));
    expect(result).toEqual({ ...(await askProfile({ defaults: true })) });
    expect(result).toMatchObject({ name: 'my-target', extends: undefined, weight: sixteen, accumulator: parseFormat('sfix40_En24'), accumulate: 'end', rounding: undefined });
    // Every question that came up, with what it takes and its default.
    for (const { key, question, accepts } of PROFILE_QUESTIONS.filter(({ when }) => !when)) for (const text of [question, accepts]) expect(shown, key).toContain(text);
    for (const text of ['[my-target] ', '[none] ', '[sfix16_En12] ', '[sfix40_En24] ', 'else RND] ', 'else SAT] ', '[end] ', '[exact] ']) expect(shown).toContain(text);
  });

  it('asks again, with the reason', async () => {
    const { shown, result } = await dialogue([
      'Bad Name', 'mine', 'cortex-m4', 'none', 'Q1.15', 'sfix40', 'arm:Q1.15', 'fi(1,16,14)', 'sfix16 En3', 'sfix48_En29', 'RDN', 'Convergent', 'ap_wrap', 'AP_WRAP', '0', '5000', 'soon', '8', 'half', 'reciprocal',
      'tabel', 'table', '13', '7', 'UG 1, table 2',
    ]);
    expect(result).toEqual({
      name: 'mine', extends: undefined, weight: parseFormat('sfix16_En15'), input: parseFormat('sfix16_En14'), accumulator: parseFormat('sfix48_En29'), rounding: 'RND_CONV', overflow: 'WRAP',
      accumulate: 8, batchDivision: 'reciprocal', divider: 'table', tableBits: 7, source: 'UG 1, table 2',
    });
    for (const reason of ['not a name', 'not a shipped target', 'Qm.n has two readings', 'expected  2 to 32 bits', 'character 8', 'unknown rounding mode', 'unknown overflow mode', 'from 1 to 4096', 'try       table', '1 to 12']) expect(shown).toContain(reason);
  });

  it('shows what a base has, and reads a Qm.n as it was told', async () => {
    const { shown, result } = await dialogue(['mine', 'cortex-m4-q15', 'Q2.14', ...Array<string>(9).fill(ENTER)], { q: 'arm', name: 'file-name' });
    for (const text of ['[file-name] ', '[sfix16_En15] ', '[sfix64_En30] ', '[end] ', '[powerOfTwo] ']) expect(shown).toContain(text);
    expect(result).toMatchObject({ extends: 'cortex-m4-q15', weight: parseFormat('sfix16_En14'), input: parseFormat('sfix16_En15') });
  });

  it('asks only for what is not given', async () => {
    const { shown, result } = await dialogue([ENTER], { given: Object.fromEntries(PROFILE_QUESTIONS.filter(({ key }) => key !== 'weight' && key !== 'tableBits').map((question) => [question.key, { rounding: 'TRN', overflow: 'SAT' }[question.key as string] ?? question.fallback({ answers: { weight: sixteen, input: sixteen } })])) });
    expect(shown.match(/\] /g)).toHaveLength(1);
    expect(result).toMatchObject({ weight: sixteen, rounding: 'TRN' });
  });

  it('lines that are pasted at once are all read', async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    input.end(`pasted\nnone\n${'\n'.repeat(PROFILE_QUESTIONS.length)}`);
    const result = await askProfile({ conversation: { input, output, interrupt: () => undefined, signal: new AbortController().signal } });
    expect(result).toMatchObject({ name: 'pasted', source: 'assumption, not from a data sheet' });
  });

  it('Ctrl-C and the end of the input end it', async () => {
    expect((await dialogue(['mine', '^C'])).result).toMatchObject({ name: 'AbortError' });
    expect((await dialogue(['mine', '^D'])).result).toMatchObject({ name: 'QrailsError', code: 'usage', message: expect.stringContaining('--yes') });
  });

  it('what is typed reaches the terminal as text only', async () => {
    const { shown } = await dialogue(['\u001b[2J\u009b', 'x'.repeat(3000), '^D']);
    expect(shown.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u0080-\u009f]/);
    expect(shown).toContain('\\u001b[2J');
    expect(shown).toContain('3000 characters');
  });
});

describe('without a terminal', () => {
  it('names every option that is missing', async () => {
    const message = await failure('usage', () => askProfile({ given: { name: 'mine', weight: 'sfix16' } }));
    for (const { option, key } of PROFILE_QUESTIONS) expect(message.includes(`--${option}`), option).toBe(!['name', 'weight', 'tableBits'].includes(key));
    expect(await failure('usage', () => askProfile({ given: { divider: 'table' } }))).toContain('--table-bits');
  });

  it.each<[Partial<Record<keyof ProfileAnswers, string>>, string]>([
    [{ name: '../../etc/passwd' }, '--name: not a name'], [{ name: '__proto__' }, '--name: not a name'], [{ extends: './mine.json' }, '--extends: not a shipped target'], [{ weight: 'sfix33' }, '--weight: a word length'],
    [{ rounding: 'up' }, '--rounding: an unknown rounding mode'], [{ accumulate: '1e3' }, '--accumulate: out of range'], [{ tableBits: '6' }, '--table-bits: belongs to another answer'], [{ source: '' }, 'source'],
    [{ source: 'x'.repeat(1001) }, '--source: too long'], [{ weight: 'ap_fixed<16,99>' }, '--weight: '],
  ])('%o', async (given, says) => {
    let message = '';
    await askProfile({ given, defaults: true }).then(createProfile).catch((error: Error) => (message = error.message));
    expect(message).toContain(says);
  });
});

describe('the profile', () => {
  it('is complete without a base', async () => {
    const profile = await createProfile(answers());
    await expect(validateProfile(profile)).resolves.toBeDefined();
    expect(await loaded(profile)).toEqual(profile);
    expect(profile.sites).toMatchObject({ gradient: { wordLength: 16, fractionLength: 12 }, update: { wordLength: 16 }, loss: { wordLength: 32, fractionLength: 24, signed: false } });
    expect(profile).toMatchObject({ defaults: { rounding: 'RND', overflow: 'SAT' }, accumulate: { accumulator: 'end' }, divide: { method: 'exact' }, batch: { division: 'exact' }, source: 'data sheet, 3.1' });
  });

  it.each(['sfix32_En31', 'sfix2', 'sfix16_E40', 'ufix8_En8', 'sfix8_En40', 'ap_fixed<32,2,AP_TRN,AP_WRAP>'])('signals of %s make a valid one', async (text) => {
    const given = { name: 'mine', weight: text, input: text };
    const profile = await createProfile(await askProfile({ given, defaults: true }));
    expect((await loaded(profile)).sites!.weight).toMatchObject({ wordLength: parseFormat(text).wordLength, fractionLength: parseFormat(text).fractionLength });
  });

  it('modes: what is said wins, then what the formats say', async () => {
    const weight = parseFormat('ap_fixed<16,4,AP_TRN,AP_WRAP,2>');
    const accumulator = parseFormat('ac_fixed<40,16,true,AC_RND_CONV,AC_SAT>');
    const own = await createProfile(answers({ weight, accumulator }));
    expect(own.defaults).toEqual({ rounding: 'TRN', overflow: 'WRAP' });
    expect(own.sites).toMatchObject({ weight: { overflow: 'WRAP', saturatedBits: 2 }, accumulator: { rounding: 'RND_CONV', overflow: 'SAT' } });
    expect(own.sites!.input).toEqual({ wordLength: 16, fractionLength: 12 });
    const said = await createProfile(answers({ weight, accumulator, rounding: 'JAM', overflow: 'SAT_SYM' }));
    expect(said.defaults).toEqual({ rounding: 'JAM', overflow: 'SAT_SYM' });
    expect([said.sites!.weight, said.sites!.accumulator]).toEqual([{ wordLength: 16, fractionLength: 12 }, { wordLength: 40, fractionLength: 24 }]);
  });

  it.each(list('profile'))('on %s, the defaults change nothing', async (name) => {
    const profile = await createProfile(await askProfile({ given: { name: 'mine', extends: name }, defaults: true }));
    expect(Object.keys(profile).sort()).toEqual(['extends', 'name', 'source']);
    expect(diffProfiles((await loadProfile(name)).value, await loaded(profile))).toMatchObject({ equal: true, hardware: [] });
  });

  it('on a base, states what differs, with its source', async () => {
    const given = { name: 'mine', extends: 'cortex-m4-q15', weight: 'ufix16_En14', accumulate: 'each', divider: 'powerOfTwo', batchDivision: 'exact', rounding: 'RND', source: 'measured' };
    const profile = await createProfile(await askProfile({ given, defaults: true }));
    const source = 'measured';
    expect(profile).toEqual({
      name: 'mine', extends: 'cortex-m4-q15', source, defaults: { rounding: 'RND', source }, sites: { weight: { wordLength: 16, fractionLength: 14, signed: false, source } },
      accumulate: { accumulator: 'each', source }, divide: { method: 'powerOfTwo', source }, batch: { division: 'exact', source },
    });
    const { sites, accumulate } = await loaded(profile);
    // The base's own overflow stays, and so does what it says of gradients.
    expect(sites!.accumulator).toMatchObject({ overflow: 'WRAP' });
    expect(accumulate).toMatchObject({ accumulator: 'each', gradientAccumulator: 'end' });
  });

  it('is refused where the base does not take it', async () => {
    // The rails of this base end at 1, which a word of 2.x does not mind but one of 0.x does.
    expect(await failure('format', async () => createProfile(await askProfile({ given: { name: 'mine', extends: 'dspic33-sat31', accumulator: 'sfix40_En40' }, defaults: true })))).toContain('sites.accumulator.rails');
  });
});

describe('$schema', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  it('is a relative path inside the project, else nothing', () => inFolder({}, (folder) => {
    expect(schemaReference(join(root, 'hw-profiles/targets/x.json'))).toBe('../../schema/profile.schema.json');
    expect(schemaReference(join(root, 'x.json'))).toBe('./schema/profile.schema.json');
    expect(schemaReference(join(folder.path, 'x.json'))).toBeUndefined();
    // Not fooled by a sibling with the same beginning.
    mkdirSync(join(folder.path, 'a'));
    writeFileSync(join(folder.path, 'a/x.json'), '');
    expect(schemaReference(`${root.replace(/\/$/, '')}-other/x.json`)).toBeUndefined();
    return Promise.resolve();
  }));
});
