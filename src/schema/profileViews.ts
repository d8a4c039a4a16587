/** What `qrails profile explain --json` and `qrails profile diff --json` print. */
import { Type, type Static } from '@sinclair/typebox';
import { OVERFLOWS, ROUNDINGS } from '../format/modes.js';
import { SITE_NAMES } from '../site/sites.js';
import { StringEnum, strict } from './common.js';
import { Accumulate, FLAG_KINDS, Hardware, MAC_ORDERS } from './profile.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const interval = (description: string) => Type.Tuple([Type.Number(), Type.Number()], { description });

/** The network that a view of a profile is made for. */
export const ViewDimensions = strict({
  layers: Type.Integer({ minimum: 1, maximum: 16 }),
  inputs: Type.Integer({ minimum: 1, description: 'inputs of every layer; the last layer has one output' }),
  batch: Type.Integer({ minimum: 1, description: 'samples of a step' }),
});
export type ViewDimensions = Static<typeof ViewDimensions>;

export const OPERATIONS = ['multiply', 'sum', 'subtract', 'mean', 'squares', 'root', 'divide', 'average'] as const;

export const PathNode = strict({
  id: Type.String({ description: 'key of a site, or the name of an operation' }),
  kind: StringEnum(['site', 'operation'] as const, 'a site holds a rounded value, an operation makes an exact one'),
  title: Type.String(),
  site: Type.Optional(StringEnum(SITE_NAMES, 'site')),
  operation: Type.Optional(StringEnum(OPERATIONS, 'operation')),
  signed: Type.Optional(Type.Boolean()),
  wordLength: Type.Optional(Type.Integer({ minimum: 1, description: 'of a site its own; of a product the sum of those of its operands; absent for a quotient or a root' })),
  fractionLength: Type.Optional(Type.Integer({ description: 'absent for a quotient or a root' })),
  range: interval('smallest and largest value it can have on this path'),
  rounding: Type.Optional(StringEnum(ROUNDINGS, 'of a site')),
  overflow: Type.Optional(StringEnum(OVERFLOWS, 'of a site')),
  multiplier: Type.Optional(
    strict({
      operands: Type.Tuple([count('bits'), count('bits')], { description: 'bits of the operands, as signed where only one of them is' }),
      product: count('bits of the exact product'),
      passes: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: 'products of the hardware multiplier it takes; null where the profile names no multiplier' }),
      kept: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: 'bits of the product that the hardware keeps; null where that is not named' }),
    }),
  ),
  accumulator: Type.Optional(
    strict({
      terms: count('products in a sum'),
      guardBits: Type.Integer({ description: '2^guardBits full-scale products fill the word; negative where one does not fit' }),
      fullScaleProducts: Type.Union([Type.String({ pattern: '^[0-9]+$' }), Type.Null()], { description: 'largest products that fit between the rails, rounding left out; null where a product is always 0' }),
      quantised: Accumulate,
      order: StringEnum(MAC_ORDERS, 'order of the products'),
      roundings: count('quantisations of one sum, the single value added last included'),
      registers: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: 'hardware registers it takes; null where the profile names none' }),
    }),
  ),
  notes: Type.Array(Type.String()),
});
export type PathNode = Static<typeof PathNode>;

export const PathEdge = strict({
  from: Type.String(),
  to: Type.String(),
  kind: StringEnum(['operand', 'rounding'] as const, 'an operand enters an operation exactly; a rounding ends at a site'),
  leftShift: count('bits it is shifted left, exactly'),
  rightShift: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description: 'bits that are rounded away; null for a quotient or a root' }),
  exact: Type.Boolean({ description: 'nothing is rounded' }),
  rounding: Type.Optional(StringEnum(ROUNDINGS, 'of the site it ends at')),
  overflow: Type.Optional(StringEnum(OVERFLOWS, 'of the site it ends at')),
  bias: Type.Optional(Type.Tuple([Type.Number(), Type.Number()], { description: 'mean of result minus exact value, last places, below and above 0, where the discarded bits are evenly spread' })),
  times: Type.Optional(count('roundings of one value here that discard something')),
  reach: Type.Optional(interval('what the exact value can be')),
  overflows: Type.Optional(Type.Boolean({ description: 'whether what it can be is more than the site holds' })),
  flags: Type.Optional(Type.Array(Type.String(), { description: 'hardware flags that an overflow here raises' })),
  lost: Type.Optional(Type.String({ description: 'at a weight: which updates do not move it' })),
  notes: Type.Array(Type.String()),
});
export type PathEdge = Static<typeof PathEdge>;

/** The data path of a profile as a graph. */
export const DataPath = strict(
  {
    path: Type.Literal(1, { description: 'version of this document' }),
    profile: Type.String(),
    title: Type.String(),
    dimensions: ViewDimensions,
    divider: Type.String({ description: 'how controllers divide' }),
    sections: Type.Array(strict({ title: Type.String(), nodes: Type.Array(Type.String(), { description: 'ids, in the order of the data' }) })),
    nodes: Type.Array(PathNode),
    edges: Type.Array(PathEdge),
    hardware: Type.Optional(Hardware),
    flags: Type.Array(strict({ name: Type.String(), kind: StringEnum(FLAG_KINDS, 'kind'), sites: Type.Array(Type.String(), { description: 'keys of sites that can raise it on this path' }) })),
    beside: Type.Array(strict({ site: Type.String(), format: Type.String(), about: Type.String() }), { description: 'sites that are not on the path drawn' }),
    leavesOut: Type.Array(Type.String()),
  },
  { $id: 'https://qrails.invalid/schema/dataPath.schema.json', title: 'qrails data path of a profile' },
);
export type DataPath = Static<typeof DataPath>;

const Text = Type.Union([Type.String(), Type.Null()], { description: 'null where the profile has none' });

export const ProfileDifference = strict({
  at: Type.String({ description: 'key of a site, or place in the profile' }),
  a: Text,
  b: Text,
  effects: Type.Array(Type.String(), { description: 'what that changes' }),
});
export type ProfileDifference = Static<typeof ProfileDifference>;

/** What differs between two profiles, resolved for one network, and what that changes. */
export const ProfileDiff = strict(
  {
    diff: Type.Literal(1, { description: 'version of this document' }),
    a: Type.String({ description: 'name of the first profile' }),
    b: Type.String({ description: 'name of the second profile' }),
    dimensions: ViewDimensions,
    equal: Type.Boolean({ description: 'every bit of a run of such a network is the same on both' }),
    sites: Type.Array(ProfileDifference, { description: 'sites with another format or another place on the data path, in the order of a step' }),
    rules: Type.Array(ProfileDifference),
    hardware: Type.Array(ProfileDifference, { description: 'what the silicon has; it changes no bit of a run' }),
    modes: Type.Array(strict({ mode: Type.String(), about: Type.String() }), { description: 'rounding and overflow modes in which they differ' }),
  },
  { $id: 'https://qrails.invalid/schema/profileDiff.schema.json', title: 'qrails difference of two profiles' },
);
export type ProfileDiff = Static<typeof ProfileDiff>;
