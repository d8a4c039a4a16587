import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { SCHEMA_FILES } from '../../src/schema/index.js';

describe('published schemas', () => {
  it.each(SCHEMA_FILES)('$file is what the source says (else: npm run generate)', ({ file, text }) => {
    expect(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')).toBe(text());
  });

  it.each(SCHEMA_FILES)('$file is a draft-07 schema under a neutral id', ({ text }) => {
    const schema = JSON.parse(text()) as { $schema: string; $id: string };
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(new URL(schema.$id).hostname).toMatch(/\.invalid$/);
    expect(new Ajv({ strictTypes: false, strictTuples: false }).validateSchema(schema)).toBe(true);
  });
});
