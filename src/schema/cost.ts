/** What `qrails cost --json` prints. */
import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { ANCHORS, SUPERVISORS, THROTTLE_NAMES, type AnchorLaw, type SupervisorLaw } from '../control/registry.js';
import { DIVIDERS, Hardware } from './profile.js';
import { StringEnum, described, strict } from './common.js';

/** Parts of a step, in its order. */
export const PHASES = ['forward', 'loss', 'supervisor', 'anchor', 'balance', 'backward', 'throttle', 'update'] as const;
export type Phase = (typeof PHASES)[number];
/** In which steps something is done: in every one of the steady state, or while the event detector calibrates, or at the end of that. */
export const WHEN = ['step', 'calibrating', 'calibrated'] as const;
export type When = (typeof WHEN)[number];

const count = (description: string) => Type.Integer({ minimum: 0, description });
const nullable = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });

const operations = {
  multiplications: count('products of two values that are not both constants'),
  additions: count('additions and subtractions: n terms in a sum are n additions'),
  comparisons: count('comparisons that decide something; those of rounding and saturating are part of a quantisation'),
  divisions: count('quotients that are no shift and no product'),
  roots: count('integer square roots'),
  quantisations: count('roundings, each with its overflow handling: what the counters of the sites count'),
};
export const Operations = strict(operations);
export type Operations = Static<typeof Operations>;

const SiteOperations = strict({
  site: Type.String({ description: 'key of the site behind which they stand' }),
  phase: StringEnum(PHASES, 'part of the step'),
  when: StringEnum(WHEN, 'step: in every step of the steady state; calibrating: while the event detector calibrates instead; calibrated: in the last of those steps, beside'),
  ...operations,
});

const ProductCost = strict({
  site: Type.String(),
  when: StringEnum(WHEN, 'as in operations'),
  what: Type.String({ description: 'its operands' }),
  operands: Type.Tuple([count('bits'), count('bits')], { description: 'bits of the operands, an unsigned one with a bit more beside a signed one' }),
  bits: count('bits of the exact product'),
  count: count('products a step'),
  passes: nullable(Type.Integer({ minimum: 1 }), 'products of the hardware multiplier that one of them takes; null where the profile names no multiplier'),
  kept: nullable(Type.Integer({ minimum: 1 }), 'bits of a product that the hardware keeps'),
});
export type ProductCost = Static<typeof ProductCost>;

const DivisionCost = strict({
  site: Type.String(), count: count('divisions a step'),
  numerator: count('bits at most'), divisor: count('bits at most'),
});

const SumCost = strict({
  site: Type.String(),
  terms: count('terms between two roundings'),
  bits: count('bits that hold the exact sum at worst, or the running sum where that is wider'),
  registers: nullable(Type.Integer({ minimum: 1 }), 'hardware accumulators it takes; null where the profile names none'),
});
export type SumCost = Static<typeof SumCost>;

const Table = strict({ name: Type.String(), entries: count('entries'), wordLength: count('bits of an entry'), bits: count('in all'), bytes: count('each entry in a whole word') });

const Field = strict({
  name: Type.String({ description: 'as docs/state.md calls it' }),
  values: count('values'),
  bits: count('at the word lengths of the plan'),
  bytes: count('each value in the smallest word of 1, 2, 4, 8 or 16 bytes'),
});
export type Field = Static<typeof Field>;

const Size = strict({ bits: count('bits'), bytes: count('bytes') });

const Memory = strict({
  state: Type.Array(Field, { description: 'what a run carries from step to step' }),
  working: Type.Array(Field, { description: 'what a step needs beside: gradients, outputs and errors of the batch; `batch` is what it was given' }),
  ram: described(Size, 'state and working'),
  saved: count('bytes of the state as docs/state.md writes it'),
  tables: Type.Array(Table, { description: 'constants that are looked up' }),
  flash: described(Size, 'initial parameters and tables, without code'),
});
export type Memory = Static<typeof Memory>;

const ControllerCost = strict({
  throttle: StringEnum(THROTTLE_NAMES as string[], 'throttle'),
  anchor: StringEnum(Object.keys(ANCHORS) as AnchorLaw[], 'anchor'),
  supervisor: StringEnum(Object.keys(SUPERVISORS) as SupervisorLaw[], 'supervisor'),
  affordable: Type.Boolean(),
  why: Type.Array(Type.String(), { description: 'what the target lacks; or, where it can be afforded, what it takes' }),
  extra: nullable(strict({
    ...operations,
    passes: nullable(Type.Integer({ minimum: 0 }), 'multiplier passes of the multiplications; null where the profile names no multiplier'),
    ramBytes: count('bytes'), tableBits: count('bits'),
  }), 'beside a learner without any controller; null where there is no such plan'),
});
export type ControllerCost = Static<typeof ControllerCost>;

const Measured = strict({
  board: Type.String({ description: 'emulated board' }),
  cpu: Type.String(),
  emulator: Type.String(),
  compiler: Type.String({ description: 'command and version' }),
  code: strict({ text: count('bytes of code and constants of the kernel, -Os'), data: count('bytes'), bss: count('bytes') }),
  stateBytes: count('bytes of the kernel\'s state structure'),
  unit: StringEnum(['instructions', 'cycles'] as const, 'what is counted'),
  steps: Type.Array(count('of one step of the kernel'), { description: 'the first steps of the run' }),
});
export type Measured = Static<typeof Measured>;

/** What one plan costs on one target. */
export const Cost = strict({
  target: Type.String(),
  title: Type.String(),
  planHash: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  batch: count('samples of the largest step, which is the one that is counted'),
  parameters: count('weights and biases'),
  divide: StringEnum(DIVIDERS, 'how controllers take a quotient'),
  hardware: nullable(Type.Pick(Hardware, ['multiplier', 'accumulator'], { additionalProperties: false }), 'what widths are held against'),
  operations: Type.Array(SiteOperations),
  phases: strict(Object.fromEntries(PHASES.map((phase) => [phase, Operations])) as Record<Phase, typeof Operations>, { description: 'sums over the sites, of a step in the steady state' }),
  total: Operations,
  passes: nullable(count('multiplier passes'), 'of all products of a step'),
  products: Type.Array(ProductCost),
  divisions: Type.Array(DivisionCost),
  sums: Type.Array(SumCost),
  memory: Memory,
});
export type Cost = Static<typeof Cost>;

export const CostReport = strict(
  {
    cost: Type.Literal(1, { description: 'version of this document' }),
    experiment: Type.String(),
    title: Type.String(),
    throttle: Type.String(),
    anchor: Type.String(),
    supervisor: Type.String(),
    targets: Type.Array(
      strict({
        target: Type.String(),
        given: Type.String({ description: 'name or path as it was given' }),
        refused: nullable(strict({ where: Type.Optional(Type.String()), message: Type.String() }), 'why the target cannot run this plan; else null'),
        cost: nullable(Cost, 'null where it is refused'),
        controllers: Type.Array(ControllerCost, { description: 'none, then every throttle, anchor and supervisor by itself' }),
        measured: Type.Optional(Type.Array(Measured, { description: 'with --measure' })),
        notMeasured: Type.Optional(Type.Array(Type.String(), { description: 'boards that could not be measured, and why' })),
      }),
    ),
  },
  { $id: 'https://qrails.invalid/schema/cost.schema.json', title: 'qrails cost of a step' },
);
export type CostReport = Static<typeof CostReport>;
