/** `qrails profile | sensor | experiment` with `list`, `show` and `validate`. */
import { describe, expect, it } from 'vitest';
import { DOCUMENT_KINDS, list } from '../../src/document/catalogue.js';
import type { Listing, Validation } from '../../src/schema/listing.js';
import { experiment, inFolder, profile, type Ended } from './qrails.js';
import { schemaErrors } from './schemas.js';

const fine = ({ code, stdout, stderr }: Ended): string => {
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout;
};

describe.each(DOCUMENT_KINDS)('%s', (kind) => {
  it('lists what is shipped', () => inFolder({}, async (folder) => {
    const [text, json] = (await Promise.all([folder.qrails([kind, 'list']), folder.qrails([kind, 'list', '--json'])])).map(fine) as [string, string];
    expect(schemaErrors('listing', json)).toEqual([]);
    const listing = JSON.parse(json) as Listing;
    expect(listing.items.map(({ name }) => name)).toEqual(list(kind));
    for (const { name, title } of listing.items) expect(text).toMatch(new RegExp(`^${name} +${title.replaceAll(/[()|.*+?$^[\]\\]/g, '\\$&')}$`, 'm'));
  }));

  const [name] = list(kind) as [string];
  it('shows and validates', () => inFolder({}, async (folder) => {
    const [shown, json, valid, validJson] = (await Promise.all([
      folder.qrails([kind, 'show', name]), folder.qrails([kind, 'show', name, '--json']), folder.qrails([kind, 'validate', name]), folder.qrails([kind, 'validate', name, '--json']),
    ])).map(fine) as [string, string, string, string];
    const value = JSON.parse(json) as { name: string; title: string };
    expect(value.name).toBe(name);
    expect(schemaErrors(kind, json)).toEqual([]);
    expect(shown.startsWith(`${name}: ${value.title}\n`)).toBe(true);
    const [first, ...noted] = valid.trimEnd().split('\n');
    expect(first).toBe(`${name}: valid ${kind} ${name}`);
    expect(schemaErrors('validation', validJson)).toEqual([]);
    const { concerns, ...rest } = JSON.parse(validJson) as Validation;
    expect(rest).toEqual({ validation: 1, kind, name, valid: true });
    expect(noted).toHaveLength(concerns.length === 0 ? 0 : concerns.length + 1);
    if (kind === 'sensor') expect(concerns).toEqual([]);
    // What is shown can be given back.
    expect(fine(await folder.qrails([kind, 'validate', '-'], { stdin: json })).split('\n')[0]).toBe(`-: valid ${kind} ${name}`);
  }));
});

it('a profile shows what it extends and what it leaves to fallbacks', () => inFolder({ 'mine/p.json': profile({ weight: { wordLength: 10 } }) }, async (folder) => {
  const [text, json] = (await Promise.all([folder.qrails(['profile', 'show', 'mine/p.json']), folder.qrails(['profile', 'show', './mine/p.json', '--json'])])).map(fine) as [string, string];
  expect(text).toMatch(/^weight +sfix10_En8 +ap_fixed<10,2> +RND +SAT +stored weight$/m);
  expect(text).toMatch(/^bias +sfix10_En8 .*\(by default\)$/m);
  expect(JSON.parse(json)).toMatchObject({ name: 'mine', sites: { weight: { wordLength: 10, fractionLength: 8 }, input: { wordLength: 12 } } });
}));

it('control characters of a document are shown, not sent to the terminal', () => inFolder({ 'e.json': experiment({ title: '\u001b[2J\u009bx', about: 'line\u0007 \u202e' }) }, async (folder) => {
  const text = fine(await folder.qrails(['experiment', 'show', './e.json']));
  expect(text).toContain('mine: \\u001b[2J\\u009bx\n');
  expect(text).toContain('line\\u0007 \\u202e');
}));

it('a result goes into a file', () => inFolder({}, async (folder) => {
  expect(await folder.qrails(['profile', 'list', '--json', '-o', 'list.json'])).toEqual({ code: 0, stdout: '', stderr: 'wrote list.json\n' });
  expect(schemaErrors('listing', folder.read('list.json'))).toEqual([]);
}));
