/** What the command line prints against the schemas that are shipped. */
import { Ajv, type ErrorObject } from 'ajv';
import { readFileSync } from 'node:fs';

/** Errors of a JSON text against `schema/NAME.schema.json`; empty where it is valid. */
export function schemaErrors(name: string, text: string): ErrorObject[] {
  const schema = JSON.parse(readFileSync(new URL(`../../schema/${name}.schema.json`, import.meta.url), 'utf8')) as object;
  const validate = new Ajv({ strict: false }).compile(schema);
  validate(JSON.parse(text));
  return validate.errors ?? [];
}
