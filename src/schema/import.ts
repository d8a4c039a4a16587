import { Type, type Static } from '@sinclair/typebox';
import { StringEnum, strict } from './common.js';
import { ACTIVATIONS } from './experiment.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const FormatName = Type.Union([Type.String({ pattern: '^[su]fix[0-9]{1,2}(_En?[0-9]{1,3})?$' }), Type.Null()], { description: 'sfix16_En15; null where nothing says it' });

/** What `qrails import --json` prints. */
export const WeightImport = strict(
  {
    import: Type.Literal(1, { description: 'version of this document' }),
    arrays: Type.Array(
      strict({
        name: Type.String(),
        file: Type.String(),
        shape: Type.Array(count('elements'), { minItems: 1, description: 'the last dimension varies fastest' }),
        count: count('elements'),
        kind: StringEnum(['raw', 'word', 'real'] as const, 'integers, bit patterns, or real numbers'),
        format: FormatName,
        min: Type.Union([Type.String(), Type.Null()], { description: 'smallest element: its value where the format is known, else the integer' }),
        max: Type.Union([Type.String(), Type.Null()], { description: 'largest element' }),
        place: Type.Union([Type.String({ pattern: '^layer[0-9]{1,2}\\.(weight|bias)$' }), Type.Null()], { description: 'where it went' }),
        problem: Type.Union([Type.String(), Type.Null()], { description: 'why it cannot be read, or not in this format' }),
      }),
      { description: 'every array that was found' },
    ),
    notes: Type.Array(Type.String(), { description: 'what was noticed and is no error' }),
    result: Type.Optional(
      strict({
        experiment: Type.String({ description: 'name of the experiment that was made' }),
        layers: Type.Array(strict({ inputs: count('inputs'), outputs: count('outputs'), activation: StringEnum(ACTIVATIONS, 'activation'), bias: Type.Boolean() })),
        standIn: Type.Boolean({ description: 'whether its data are those of a teacher that stands in' }),
        profile: Type.String({ description: 'target the values were held to' }),
        sites: Type.Array(
          strict({
            site: Type.String(),
            imported: FormatName,
            format: Type.String({ description: 'format the target has there' }),
            inexact: count('values the target does not hold exactly'),
            set: Type.Array(Type.String(), { description: '--set of each gives the target the imported format' }),
          }),
        ),
      }, { description: 'absent where arrays were only listed' }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/import.schema.json', title: 'qrails import' },
);
export type WeightImport = Static<typeof WeightImport>;
