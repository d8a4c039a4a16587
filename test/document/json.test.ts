import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEEPEST, parseJson, readJson } from '../../src/document/json.js';
import { readText } from '../../src/document/text.js';
import type { ErrorCode } from '../../src/errors.js';
import { failure } from './failure.js';

describe('parseJson', () => {
  it('reads what JSON.parse reads, alike', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), null, indent);
        fc.pre(!/"(__proto__|constructor|prototype)":/.test(written));
        expect(parseJson(written, 'x')).toEqual(JSON.parse(written));
      }),
      { numRuns: 300 },
    );
  });

  it('accepts exactly the texts JSON.parse accepts', () => {
    const alphabet = fc.constantFrom('{', '}', '[', ']', ',', ':', '"', 'a', '\\', 'u00e9', '0', '1', '-', '.', 'e', '+', 'true', 'null', ' ', '\n', '\u0001');
    const accepts = (run: () => unknown) => {
      try {
        run();
        return true;
      } catch (error) {
        return /given twice/.test(String(error)); // the one thing refused that JSON.parse takes
      }
    };
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        expect(accepts(() => parseJson(text, 'x'))).toBe(accepts(() => JSON.parse(text)));
      }),
      { numRuns: 3000 },
    );
  });

  it('keeps order, escapes and numbers', () => {
    expect(parseJson(' {"b": [1, -0.5e-3, "\\u00e9\\n\\ud83d\\ude00"], "a": {"": null}} ', 'x')).toEqual({ b: [1, -0.0005, 'é\n😀'], a: { '': null } });
  });

  const cases: [text: string, code: ErrorCode, ...parts: string[]][] = [
    ['', 'unreadable', 'mine.json:1:1: is empty'],
    [' \n ', 'unreadable', 'mine.json:2:2: is empty'],
    ['{"a":}', 'unreadable', 'mine.json:1:6: malformed JSON', '{"a":}\n         ^', 'found     "}"', 'expected  a value'],
    ['{\n  "a": 1,\n}', 'unreadable', 'mine.json:3:1', 'a key in double quotes'],
    ['{\n  "a": 1\n  "b": 2\n}', 'unreadable', 'mine.json:3:3', '"," or "}"', '      "b": 2\n      ^'],
    ['[1 2]', 'unreadable', 'mine.json:1:4', '"," or "]"'],
    ['{"a" 1}', 'unreadable', 'mine.json:1:6', '":" after the key'],
    ['{a: 1}', 'unreadable', 'mine.json:1:2', 'a key in double quotes'],
    ['[1,', 'unreadable', 'mine.json:1:4', 'found     the end of the text'],
    ['["abc', 'unreadable', 'mine.json:1:2', 'not closed'],
    ['["\\x"]', 'unreadable', 'mine.json:1:3', 'one of'],
    ['01', 'unreadable', 'mine.json:1:2', 'text after the end'],
    ['{} // no', 'unreadable', 'mine.json:1:4', 'text after the end'],
    ['NaN', 'unreadable', 'mine.json:1:1', 'expected  a value'],
    ['[1e999]', 'invalid', 'mine.json:1:2', '1e999 is too large for binary64'],
    ['{"a": {"b": 1, "b": 2}}', 'invalid', 'mine.json:1:16', 'a.b is given twice'],
    ['{"a": 1, "\\u0061": 2}', 'invalid', 'a is given twice'],
    ['{"__proto__": {"x": 1}}', 'invalid', 'mine.json:1:2', '__proto__ is not allowed'],
    ['{"\\u005f_proto__": 1}', 'invalid', '__proto__ is not allowed'],
    ['{"constructor": 1}', 'invalid', 'constructor is not allowed'],
    ['[{"prototype": 1}]', 'invalid', 'prototype is not allowed'],
    ['['.repeat(DEEPEST + 1), 'invalid', 'deeper than 64 levels'],
    ['{"a":'.repeat(100_000), 'invalid', 'deeper than 64 levels'],
  ];
  it.each(cases)('refuses %j', async (text, code, ...parts) => {
    const message = await failure(code, () => parseJson(text, 'mine.json'));
    for (const part of parts) expect(message).toContain(part);
  });

  it('lets the deepest document through', () => {
    expect(() => parseJson('['.repeat(DEEPEST) + ']'.repeat(DEEPEST), 'x')).not.toThrow();
  });

  it('shows no control character of the document', async () => {
    const message = await failure('unreadable', () => parseJson('{"a": "\u001b[31m\u202e"}', 'x'));
    expect(message).not.toMatch(/[\u001b\u202e]/);
    expect(message).toContain('\\u001b');
  });

  it('shows a short piece of a very long line', async () => {
    const message = await failure('unreadable', () => parseJson(`[${'1,'.repeat(100_000)}x]`, 'x'));
    expect(message.length).toBeLessThan(300);
    expect(message).toContain('x:1:200002');
  });
});

describe('reading', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qrails-json-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };

  it('reads a file, with or without a byte order mark', async () => {
    expect(await readJson(await write('a.json', '{"a": 1}'))).toEqual({ a: 1 });
    expect(await readJson(await write('b.json', '\ufeff{"a": 1}'))).toEqual({ a: 1 });
  });

  it('says what is wrong with a file', async () => {
    expect(await failure('not-found', () => readJson(join(folder, 'no.json'), 'no.json'))).toBe('no.json: no such file');
    expect(await failure('not-found', () => readJson('a\0b'))).toContain('zero byte');
    expect(await failure('unreadable', () => readJson(folder, 'there'))).toContain('there: is a directory');
    const latin = await write('latin.json', Uint8Array.from([0x22, 0xe9, 0x22]));
    expect(await failure('unreadable', () => readJson(latin))).toContain('is not UTF-8');
    const large = await write('large.json', '"12345678901234567890"');
    expect(await failure('unreadable', () => readText(large, 'large.json', 20))).toContain('at most 20 bytes');
    expect(await readText(large, 'large.json', 22)).toHaveLength(22);
  });

  it('refuses more than 16 MiB', async () => {
    const file = await write('huge.json', Buffer.alloc(16 * 1024 * 1024 + 1, 0x20));
    expect(await failure('unreadable', () => readJson(file, 'huge.json'))).toContain('huge.json: is too large');
  });

  it('reads standard input, once', async () => {
    const stream = Readable.from([Buffer.from('{"a"'), Buffer.from(': 1}')]);
    expect(await readText('-', undefined, 100, stream)).toBe('{"a": 1}');
    expect(await failure('usage', () => readText('-', undefined, 100, stream))).toContain('read already');
    expect(await failure('unreadable', () => readText('-', undefined, 3, Readable.from([Buffer.from('1234')])))).toContain('(standard input): is too large');
  });
});
