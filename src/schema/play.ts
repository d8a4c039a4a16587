import { Type, type Static } from '@sinclair/typebox';
import { strict } from './common.js';

/** What `qrails play --json` prints: where the page is. */
export const PlayResult = strict(
  {
    play: Type.Literal(1, { description: 'version of this document' }),
    url: Type.Optional(Type.String({ description: 'served until interrupted; what is shown stands behind #' })),
    folder: Type.Optional(Type.String({ description: 'written with --build' })),
    files: Type.Array(strict({ name: Type.String(), bytes: Type.Integer({ minimum: 0 }) }), { description: 'all of the page' }),
  },
  { $id: 'https://qrails.invalid/schema/play.schema.json', title: 'qrails live page' },
);
export type PlayResult = Static<typeof PlayResult>;
