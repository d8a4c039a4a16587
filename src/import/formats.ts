/** The formats of NumPy arrays, as `qrails export numpy` writes them beside the arrays (src/export/numpy.ts). */
import { basename } from 'node:path';
import { Type, type Static } from '@sinclair/typebox';
import { parseJson } from '../document/json.js';
import { FORMAT_LIMITS } from '../format/check.js';
import { validate } from '../schema/validate.js';
import type { NumberArray } from './array.js';
import { activationOf } from './describe.js';

/** What is read of the file; it holds more. */
const Formats = Type.Object({
  tables: Type.Record(
    Type.String(),
    Type.Object({
      file: Type.String({ description: 'name of the array' }),
      signed: Type.Boolean(),
      wordLength: Type.Integer(FORMAT_LIMITS.wordLength),
      fractionLength: Type.Integer(FORMAT_LIMITS.fractionLength),
      crc32: Type.String({ pattern: '^[0-9a-f]{8}$' }),
    }),
  ),
  constants: Type.Record(Type.String(), Type.String()),
});

/** Arrays that a file of formats speaks of, by the name of their file. */
export type ArrayFormats = Map<string, Pick<NumberArray, 'format' | 'checksum' | 'activation' | 'described'>>;

/** @throws QrailsError `unreadable` or `invalid` for what is no such file */
export async function readFormats(text: string, file: string): Promise<ArrayFormats> {
  const { tables, constants }: Static<typeof Formats> = await validate(Formats, parseJson(text, file), file);
  return new Map(Object.entries(tables).map(([name, { file: array, signed, wordLength, fractionLength, crc32 }]) => {
    const activation = activationOf(name.replace(/_final$/, '').toUpperCase(), (constant) => (Object.hasOwn(constants, constant) ? Number(constants[constant]) : undefined));
    return [basename(array), { format: { signed, wordLength, fractionLength }, checksum: parseInt(crc32, 16), activation, described: true }];
  }));
}
