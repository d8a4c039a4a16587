import { Type, type Static } from '@sinclair/typebox';
import { strict } from './common.js';

/** What `qrails profile|sensor|experiment list --json` prints. */
export const Listing = strict(
  {
    listing: Type.Literal(1, { description: 'version of this document' }),
    kind: Type.String({ enum: ['profile', 'sensor', 'experiment'] }),
    items: Type.Array(strict({ name: Type.String(), title: Type.String(), about: Type.String() })),
  },
  { $id: 'https://qrails.invalid/schema/listing.schema.json', title: 'qrails list of shipped documents' },
);
export type Listing = Static<typeof Listing>;

/** What `… validate --json` prints for a valid document. An invalid one ends with exit code 2. */
export const Validation = strict(
  {
    validation: Type.Literal(1, { description: 'version of this document' }),
    kind: Type.String({ enum: ['profile', 'sensor', 'experiment'] }),
    name: Type.String(),
    valid: Type.Literal(true),
  },
  { $id: 'https://qrails.invalid/schema/validation.schema.json', title: 'qrails validation of a document' },
);
export type Validation = Static<typeof Validation>;

/** What `qrails export c --json` prints. */
export const ExportManifest = strict(
  {
    export: Type.Literal(1, { description: 'version of this document' }),
    planHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    directory: Type.String(),
    files: Type.Array(strict({ name: Type.String(), bytes: Type.Integer({ minimum: 0 }), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) })),
  },
  { $id: 'https://qrails.invalid/schema/export.schema.json', title: 'qrails export' },
);
export type ExportManifest = Static<typeof ExportManifest>;
