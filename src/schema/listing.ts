import { Type, type Static } from '@sinclair/typebox';
import { Concern } from './concern.js';
import { described, strict, StringEnum } from './common.js';

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
    concerns: Type.Array(Concern, { description: 'what it cannot hold or resolve: an experiment on its own target, a target with the experiment that runs when none is named' }),
  },
  { $id: 'https://qrails.invalid/schema/validation.schema.json', title: 'qrails validation of a document' },
);
export type Validation = Static<typeof Validation>;

const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** `manifest.json` in the folder of an export; `qrails export c --json` prints the same. */
export const ExportManifest = strict(
  {
    export: Type.Literal(2, { description: 'version of this document' }),
    toolVersion: Type.String(),
    name: Type.String({ description: 'prefix of the identifiers' }),
    planHash: described(Sha256, 'SHA-256 of the plan, and of plan.json'),
    experiment: Type.String(),
    profile: Type.String(),
    sensor: Type.String(),
    throttle: Type.String(),
    anchor: Type.String(),
    supervisor: Type.String(),
    balance: Type.String(),
    seed: Type.Integer({ minimum: 0 }),
    kernel: Type.Boolean({ description: 'whether it has the learner as C, not only tables' }),
    begins: StringEnum(['initial', 'trained'] as const, 'parameters the kernel begins with: those of the plan, or those after its run'),
    steps: strict(
      {
        covered: Type.Integer({ minimum: 0, description: 'by golden values' }),
        all: Type.Integer({ minimum: 0, description: 'of the plan' }),
        trapped: Type.Optional(Type.String({ description: 'site whose TRAP ended the run in the last step that is covered' })),
      },
    ),
    stateCrc32: Type.String({ pattern: '^[0-9a-f]{8}$', description: 'checksum of the state after the covered steps, as the core has it (docs/state.md); the self-test prints it' }),
    files: Type.Array(strict({ name: Type.String(), bytes: Type.Integer({ minimum: 0 }), sha256: Sha256, about: Type.String() }), { description: 'all but manifest.json' }),
  },
  { $id: 'https://qrails.invalid/schema/export.schema.json', title: 'qrails export' },
);
export type ExportManifest = Static<typeof ExportManifest>;
