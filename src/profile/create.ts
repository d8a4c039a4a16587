/** A new profile from a dozen answers. */
import { existsSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ANCHOR_PARAMETERS } from '../control/registry.js';
import { mergeDocuments } from '../document/merge.js';
import { DEFAULT_MODES, FORMAT_LIMITS } from '../format/check.js';
import type { TextFormat } from '../format/text.js';
import { resolveFormats } from '../plan/formats.js';
import type { SiteFormat } from '../schema/plan.js';
import { Profile, type ProfileSite } from '../schema/profile.js';
import { validate } from '../schema/validate.js';
import type { Asked, ProfileAnswers } from './createQuestions.js';
import { rulesOf } from './rules.js';
import { loadProfile, validateProfile } from './load.js';

export type { ProfileAnswers } from './createQuestions.js';

/** Word length of the derived loss. */
const LOSS_WORD = 32;
const DERIVED = 'derived by qrails profile new';

export type Base = NonNullable<Asked['base']>;

/** A shipped target as the base of a new one. */
export async function loadBase(name: string): Promise<Base> {
  const { value: profile, file } = await loadProfile(name);
  return { profile, formats: formatsOf(profile, file) };
}

const formatsOf = (profile: Profile, where: string): Record<string, SiteFormat> => resolveFormats(profile, { layers: 1, batch: 1, calibration: ANCHOR_PARAMETERS.calibration.default }, where);

/**
 * A profile from answers. Without a base, the sites that nobody is asked about are derived: gradient as activation, update as weight, the loss as an unsigned
 * word with twice the integer bits of an activation; the others take their fallbacks. With a base it states only what differs from it.
 *
 * @returns the document as it is written; what it extends is not merged in
 * @throws QrailsError `invalid` or `format` where the result, with its base, is not a valid profile
 * @example await createProfile({ name: 'mine', weight: q15, input: q15, accumulator: q30, accumulate: 'end', batchDivision: 'exact', divider: 'exact', source: 'data sheet' })
 */
export async function createProfile(answers: ProfileAnswers): Promise<Profile> {
  const base = answers.extends === undefined ? undefined : await loadBase(answers.extends);
  const document = await validate(Profile, base ? extending(answers, base) : complete(answers), answers.name);
  const merged = base ? (mergeDocuments(base.profile, document) as unknown as Profile) : document;
  formatsOf(await validateProfile(merged, answers.name), answers.name);
  return document;
}

type Modes = Required<Pick<ProfileAnswers, 'rounding' | 'overflow'>>;

/** A site in a format, with modes of its own where the format states others than the rest of the profile has and nobody said otherwise. */
function siteOf(format: TextFormat, answers: ProfileAnswers, usual: Modes): ProfileSite {
  const { signed, wordLength, fractionLength, rounding, overflow, saturatedBits } = format;
  const ownRounding = answers.rounding === undefined && rounding !== undefined && rounding !== usual.rounding;
  const ownOverflow = answers.overflow === undefined && overflow !== undefined && (overflow !== usual.overflow || saturatedBits !== undefined);
  return {
    wordLength, fractionLength, ...(!signed && { signed }), ...(ownRounding && { rounding }), ...(ownOverflow && { overflow }),
    ...(ownOverflow && saturatedBits !== undefined && { saturatedBits }),
  };
}

function complete(answers: ProfileAnswers): Profile {
  const { name, weight, input, accumulator, accumulate, source } = answers;
  const usual = {
    rounding: answers.rounding ?? weight.rounding ?? input.rounding ?? DEFAULT_MODES.rounding,
    overflow: answers.overflow ?? weight.overflow ?? input.overflow ?? DEFAULT_MODES.overflow,
  };
  const [weights, signals] = [siteOf(weight, answers, usual), siteOf(input, answers, usual)];
  const derived = (site: ProfileSite, from: string): ProfileSite => ({ ...site, source: `${DERIVED}: ${from}` });
  const integerBits = Math.max(1, input.wordLength - input.fractionLength);
  return {
    name, source,
    defaults: usual,
    sites: {
      input: signals,
      accumulator: siteOf(accumulator, answers, usual),
      activation: signals,
      gradient: derived(signals, 'as activation'),
      update: derived(weights, 'as weight'),
      weight: weights,
      loss: { ...derived({ wordLength: LOSS_WORD, fractionLength: Math.max(FORMAT_LIMITS.fractionLength.minimum, LOSS_WORD - 2 * integerBits), signed: false }, 'twice the integer bits of an activation'), overflow: 'SAT' },
    },
    accumulate: { accumulator: accumulate, gradientAccumulator: accumulate },
    divide: dividerOf(answers),
    batch: { division: answers.batchDivision },
  };
}

const dividerOf = ({ divider, tableBits }: ProfileAnswers): NonNullable<Profile['divide']> => ({ method: divider, ...(divider === 'table' && tableBits !== undefined && { bits: tableBits }) });

/** What differs from the base. */
function extending(answers: ProfileAnswers, { profile, formats }: Base): Profile {
  const { name, accumulate, source } = answers;
  const rules = rulesOf(profile);
  const changed = (format: TextFormat, key: string): ProfileSite | undefined => {
    const before = formats[key]!;
    const site = siteOf(format, answers, before);
    const same = before.wordLength === format.wordLength && before.fractionLength === format.fractionLength && before.signed === format.signed;
    const modes = Object.keys(site).some((property) => ['rounding', 'overflow', 'saturatedBits'].includes(property));
    return same && !modes ? undefined : { ...site, ...(before.signed !== format.signed && { signed: format.signed }), source };
  };
  const [weight, input, accumulator] = [changed(answers.weight, 'layer0.weight'), changed(answers.input, 'input'), changed(answers.accumulator, 'layer0.accumulator')];
  const activation = input && changed(answers.input, 'layer0.activation');
  const sites = { ...(input && { input }), ...(accumulator && { accumulator }), ...(activation && { activation }), ...(weight && { weight }) };
  const { rounding, overflow, divider, tableBits } = answers;
  const divides = divider !== rules.divider || (divider === 'table' && tableBits !== undefined && tableBits !== rules.dividerBits);
  return {
    name, extends: answers.extends!, source,
    ...((rounding !== undefined || overflow !== undefined) && { defaults: { ...(rounding && { rounding }), ...(overflow && { overflow }), source } }),
    ...(Object.keys(sites).length > 0 && { sites }),
    ...(accumulate !== rules.accumulator && { accumulate: { accumulator: accumulate, source } }),
    ...(divides && { divide: { ...dividerOf(answers), source } }),
    ...(answers.batchDivision !== rules.batchDivision && { batch: { division: answers.batchDivision, source } }),
  };
}

/**
 * What `$schema` of a profile in a file should say: the schema of this package by a relative path, where package and file belong to one project.
 *
 * @returns undefined where they do not: the path would mean nothing on another computer
 */
export function schemaReference(file: string): string | undefined {
  const schema = fileURLToPath(new URL('../../schema/profile.schema.json', import.meta.url));
  const installed = schema.lastIndexOf(`${sep}node_modules${sep}`);
  const project = installed < 0 ? dirname(dirname(schema)) : schema.slice(0, installed);
  const from = dirname(resolve(file));
  const inside = from === project || from.startsWith(project + sep);
  if (!inside || !existsSync(schema)) return undefined;
  const path = relative(from, schema).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}
