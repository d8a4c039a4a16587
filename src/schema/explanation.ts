import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { VERDICTS } from '../compare/thresholds.js';
import { CAUSE_NAMES, EVENT_NAMES } from '../explain/registry.js';
import { CHANGE_NAMES } from '../prescribe/kinds.js';
import { described, runNames, strict, StringEnum } from './common.js';
import { Raw } from './plan.js';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const orNull = <T extends TSchema>(schema: T, description: string) => Type.Union([schema, Type.Null()], { description });
const Finite = (description: string) => orNull(Type.Number(), `${description}; null where it is not finite`);
const verdict = StringEnum(VERDICTS, 'how the target ended');

const Ended = { verdict, float: StringEnum(VERDICTS, 'how float64 ended'), finalLoss: Finite('final loss of the target') };

const Overflow = strict({
  name: Type.String({ description: 'the value: layer0.weight[0][0]' }), wanted: Raw, raw: Raw,
  wantedValue: Type.Number(), value: Type.Number(),
  overflows: count('over the run'), of: count('values over the run'), late: orNull(Type.Number(), 'share over the last quarter; null for the targets'),
  operands: Type.Array(strict({ name: Type.String(), value: Type.Number() }), { description: 'what it was made from, as far as it is kept' }),
  readers: Type.Array(Type.String(), { description: 'keys of the sites whose values are made from it' }),
  alone: orNull(strict(Ended), 'how the run ends where this site alone is wide enough; null where no word is'),
});

const Event = strict({
  step: count('step'), kind: StringEnum(EVENT_NAMES, 'what happens'), site: orNull(Type.String(), 'key of the site, where it is one'), text: Type.String(),
  overflow: Type.Optional(Overflow),
});
export type ExplanationEvent = Static<typeof Event>;

const Fed = strict({
  site: Type.String(), step: count('step'), differ: count('values that are not what they would have been'), of: count('values of the site in the step'),
  name: Type.String({ description: 'the one that differs most' }), value: Type.Number(), instead: Type.Number({ description: 'what it would have been' }),
});

const Change = strict({
  kind: StringEnum(CHANGE_NAMES, 'what is changed'), why: Type.String(), what: Type.String(), bits: count('bits added to words, those of every layer'),
  options: Type.Array(Type.String(), { description: 'options of `qrails compare`' }), command: Type.String(), after: strict(Ended),
});
export type ExplanationChange = Static<typeof Change>;

/** What `qrails explain --json` prints. */
export const Explanation = strict(
  {
    explanation: Type.Literal(1, { description: 'version of this document' }),
    plan: strict({
      hash: Type.String({ pattern: '^[0-9a-f]{64}$' }), ...runNames, throttle: Type.String(), anchor: Type.String(), seed: count('seed'), steps: count('steps'), stressFrom: count('first step of the stress'),
    }),
    ended: strict({ ...Ended, why: Type.Array(Type.String(), { description: "both sides' verdicts in words" }) }),
    cause: strict({
      kind: StringEnum(CAUSE_NAMES, 'what brought it down'), site: orNull(Type.String(), 'the site that is too narrow or too coarse'), sensor: orNull(Type.String(), 'the part of the sensor without which it does not happen'),
      text: Type.String(), also: orNull(Type.String(), 'what else it takes'),
    }),
    chain: Type.Array(Event, { description: 'in the order of causes' }),
    fed: Type.Array(Fed, { description: 'the first site to meet a rail: what its values made of others, in that step and the next, beside the same run with that site wide enough' }),
    reaction: strict({
      controller: Type.String({ description: 'name of the throttle' }), at: orNull(Type.Integer({ minimum: 0 }), 'step at which it took α down; null if never'),
      before: orNull(Type.Number(), 'α before'), after: orNull(Type.Number(), 'α at that step'), lowest: orNull(Type.Number(), 'smallest α of the run'),
      product: orNull(Type.Number(), 'median of α·η·λmax over the last quarter; 2 is the limit'), text: Type.String({ description: 'why it was enough, or was not' }),
    }),
    changes: Type.Array(Change, { description: 'the smallest changes after which the run survives, each was run' }),
    evidence: Type.Array(strict({ what: Type.String(), ...Ended }), { description: 'every run the cause was found by' }),
    nearest: Type.Array(strict({ text: Type.String(), set: described(Type.Array(Type.String()), 'assignments that bring it down') }), { description: 'of a run that survives: what is nearest to failing, each was run' }),
    runs: count('runs made'),
  },
  { $id: 'https://qrails.invalid/schema/explanation.schema.json', title: 'qrails explanation' },
);
export type Explanation = Static<typeof Explanation>;
