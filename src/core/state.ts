/**
 * The state of a run as a value: everything a run carries from one step to the next, so that it can be put away after any step and go on bit for bit.
 * Random bits, the order of samples and the front end are functions of seed and step and need no place in it. docs/state.md.
 */
import { crc32 } from 'node:zlib';
import { QrailsError } from '../errors.js';
import { RunState } from '../schema/state.js';
import type { Plan } from '../schema/plan.js';
import { validate } from '../schema/validate.js';
import { stateFields } from './stateFields.js';

export type { RunState };

const WORD_MIN = -(1n << 63n);
const WORD_MAX = (1n << 63n) - 1n;

/**
 * Holds a state that came from elsewhere to its schema and to the plan it is to go on with: same plan, same fields, every word in 64 bits.
 *
 * @param state parsed JSON
 * @param planHash of the plan that is to go on
 * @param where what messages call the state: its file
 * @throws QrailsError `invalid` where it is no state, of another version, or of another plan
 * @example const state = await checkState(JSON.parse(text), plan, hashJson(plan), 'run.state.json');
 */
export async function checkState(state: unknown, plan: Plan, planHash: string, where: string): Promise<RunState> {
  const checked = await validate(RunState, state, where);
  const refuse = (place: string, found: string, expected: string): never => {
    throw new QrailsError({ code: 'invalid', where: `${where}: ${place}`, message: 'this state does not fit the plan', found, expected });
  };
  if (checked.planHash !== planHash) refuse('planHash', checked.planHash.slice(0, 16), `${planHash.slice(0, 16)}: a state goes on with the plan it was taken from`);
  const steps = plan.phases.reduce((sum, phase) => sum + phase.steps, 0);
  if (checked.step > steps) refuse('step', String(checked.step), `at most ${steps}, the steps of the plan`);
  const fields = stateFields(plan);
  const names = Object.keys(checked.values);
  for (const { name, count } of fields) if (checked.values[name]?.length !== count) refuse(`values.${name}`, `${checked.values[name]?.length ?? 'no'} words`, `${count}`);
  for (const name of names) if (!fields.some((field) => field.name === name)) refuse(`values.${name}`, 'a field', `only ${fields.map((field) => field.name).join(', ')}`);
  for (const [place, words] of [...Object.entries(checked.values), ...Object.values(checked.sites ?? {}).flatMap((site) => Object.entries(site))]) {
    for (const word of words) if (BigInt(word) < WORD_MIN || BigInt(word) > WORD_MAX) refuse(place, word, 'a word of 64 bits');
  }
  return checked;
}

/** The state without its counters as bytes: the step, then every field in the order of src/core/stateFields.ts, each word as eight bytes, lowest first. */
export function stateBytes(plan: Plan, { step, values }: Pick<RunState, 'step' | 'values'>): Uint8Array {
  const words = [BigInt(step), ...stateFields(plan).flatMap(({ name }) => values[name]!.map(BigInt))];
  const bytes = new DataView(new ArrayBuffer(8 * words.length));
  words.forEach((word, index) => bytes.setBigInt64(8 * index, word, true));
  return new Uint8Array(bytes.buffer);
}

/** CRC-32 (as in zlib) of a state's bytes, eight hexadecimal digits: what the exported kernel prints. */
export function stateCrc32(plan: Plan, state: Pick<RunState, 'step' | 'values'>): string {
  return crc32(stateBytes(plan, state)).toString(16).padStart(8, '0');
}
