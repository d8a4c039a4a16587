/** The questions behind a new profile, listed once: the dialogue, the options of the command line and its help are made from this list. */
import { list } from '../document/catalogue.js';
import { closest } from '../document/closest.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { resolveOverflow, resolveRounding } from '../format/aliases.js';
import { DEFAULT_MODES, FORMAT_LIMITS } from '../format/check.js';
import { formatName } from '../format/format.js';
import { OVERFLOWS, ROUNDINGS, type Overflow, type Rounding } from '../format/modes.js';
import { parseFormat, type QReading, type TextFormat } from '../format/text.js';
import type { SiteFormat } from '../schema/plan.js';
import { Name } from '../schema/common.js';
import { ACCUMULATE, BATCH_DIVISION, DIVIDERS, type Accumulate, type Profile } from '../schema/profile.js';
import { wordLengthRange, type SiteKind } from '../site/sites.js';
import { rulesOf, type ProfileRules } from './rules.js';

/** What a new profile is made from. */
export interface ProfileAnswers {
  readonly name: string;
  /** A shipped target; undefined for none. */
  readonly extends?: string | undefined;
  readonly weight: TextFormat;
  /** Of inputs and activations. */
  readonly input: TextFormat;
  readonly accumulator: TextFormat;
  /** Of every site that states no other; undefined: as the formats, else the base, else RND. */
  readonly rounding?: Rounding | undefined;
  /** Likewise; SAT at last. */
  readonly overflow?: Overflow | undefined;
  readonly accumulate: Accumulate;
  readonly batchDivision: (typeof BATCH_DIVISION)[number];
  readonly divider: (typeof DIVIDERS)[number];
  /** Index bits of the table of reciprocals; of `table` only. */
  readonly tableBits?: number | undefined;
  readonly source: string;
}

/** What a default may depend on. */
export interface Asked {
  readonly answers: Partial<ProfileAnswers>;
  /** The base as loaded, with its formats for one layer; undefined without one. */
  readonly base?: { readonly profile: Profile; readonly formats: Record<string, SiteFormat> } | undefined;
  /** Name where nothing else is said: that of the file. */
  readonly name?: string | undefined;
  readonly q?: QReading | undefined;
}

export interface ProfileQuestion {
  readonly key: keyof ProfileAnswers;
  /** Of the command line, without its dashes. */
  readonly option: string;
  /** What the option takes. */
  readonly takes: string;
  readonly question: string;
  readonly accepts: string;
  /** Answer to an empty line, as a text `read` takes; empty leaves it to what the formats or the base say. */
  readonly fallback: (asked: Asked) => string;
  /** What an empty answer to the fallback means, for people. */
  readonly otherwise?: string;
  /** Whether the question comes up; default always. */
  readonly when?: (asked: Asked) => boolean;
  /** @throws QrailsError for an answer that cannot be */
  readonly read: (text: string, asked: Asked) => ProfileAnswers[keyof ProfileAnswers];
}

/** Without a base: sixteen bits, of which twelve are of fraction. */
const DEFAULT_SIGNAL = 'sfix16_En12';
const DEFAULT_GUARD_BITS = 8;
const DEFAULT_SOURCE = 'assumption, not from a data sheet';
const NAME = new RegExp(Name.pattern!);
const formats = (bits: string): string => `sfix16_En12, ap_fixed<16,4>, arm:Q4.12 or another notation of \`qrails format\`; ${bits} bits`;

function choice<T extends string>(values: readonly T[], what: string, others = '') {
  return (text: string): T => {
    if ((values as readonly string[]).includes(text)) return text as T;
    const near = closest(text, values);
    throw new QrailsError({ code: 'invalid', message: `not ${what}`, found: printable(text), expected: `one of ${values.join(', ')}${others}`, ...(near !== undefined && { try: near }) });
  };
}

/** A format whose word the kind of site can have. */
const formatFor = (kind: SiteKind) => (text: string, { q }: Asked): TextFormat => {
  const format = parseFormat(text, { q });
  const [least, most] = wordLengthRange(kind, format.signed);
  if (format.wordLength >= least && format.wordLength <= most) return format;
  throw new QrailsError({ code: 'format', message: 'a word length that cannot be here', found: `${format.wordLength} bits`, expected: `${least} to ${most} bits` });
};

const site = (name: string) => ({ base }: Asked): string | undefined => base && formatName(base.formats[name]!);
const rule = <K extends keyof ProfileRules>(name: K, otherwise: ProfileRules[K]) => ({ base }: Asked): string => String(base ? rulesOf(base.profile)[name] : otherwise);

/** Product of the answers so far, with guard bits. */
function widerThanProduct({ answers: { weight, input } }: Asked): string {
  const { minimum, maximum } = FORMAT_LIMITS.fractionLength;
  const fractionLength = Math.max(minimum, Math.min(maximum, weight!.fractionLength + input!.fractionLength));
  return formatName({ signed: true, wordLength: Math.min(64, weight!.wordLength + input!.wordLength + DEFAULT_GUARD_BITS), fractionLength });
}

export const PROFILE_QUESTIONS: readonly ProfileQuestion[] = [
  {
    key: 'name', option: 'name', takes: 'name', question: 'Name of the target', accepts: 'lower-case letters, digits, dots and dashes, a letter or digit first',
    fallback: ({ name }) => (name !== undefined && NAME.test(name) ? name : 'my-target'),
    read: (text) => {
      if (NAME.test(text)) return text;
      throw new QrailsError({ code: 'invalid', message: 'not a name', found: printable(text), expected: 'lower-case letters, digits, dots and dashes, at most 64' });
    },
  },
  {
    key: 'extends', option: 'extends', takes: 'target', question: 'Shipped target to start from', accepts: 'a name of `qrails profile list`, or none',
    fallback: () => 'none', read: (text) => (text === 'none' ? undefined : choice(list('profile'), 'a shipped target')(text)),
  },
  { key: 'weight', option: 'weight', takes: 'format', question: 'Format of the weights', accepts: formats('2 to 32'), fallback: (asked) => site('layer0.weight')(asked) ?? DEFAULT_SIGNAL, read: formatFor('signal') },
  { key: 'input', option: 'input', takes: 'format', question: 'Format of inputs and activations', accepts: formats('2 to 32'), fallback: (asked) => site('input')(asked) ?? DEFAULT_SIGNAL, read: formatFor('signal') },
  {
    key: 'accumulator', option: 'accumulator', takes: 'format', question: 'Format of the accumulator', accepts: formats('2 to 64'),
    fallback: (asked) => site('layer0.accumulator')(asked) ?? widerThanProduct(asked), read: formatFor('accumulator'),
  },
  { key: 'rounding', option: 'rounding', takes: 'mode', question: 'Rounding', accepts: `${ROUNDINGS.join(', ')}, or what other tools call it`, fallback: () => '', otherwise: `as the formats or the base say, else ${DEFAULT_MODES.rounding}`, read: (text) => resolveRounding(text, 'rounding') },
  { key: 'overflow', option: 'overflow', takes: 'mode', question: 'Overflow', accepts: `${OVERFLOWS.join(', ')}, or what other tools call it`, fallback: () => '', otherwise: `as the formats or the base say, else ${DEFAULT_MODES.overflow}`, read: (text) => resolveOverflow(text, 'overflow') },
  {
    key: 'accumulate', option: 'accumulate', takes: 'when', question: 'When the accumulator is quantised', accepts: `${ACCUMULATE.join(', ')}, or a number of products from 1 to 4096`,
    fallback: rule('accumulator', 'end'),
    read: (text) => {
      if (!/^\d/.test(text)) return choice(ACCUMULATE, 'a moment', ', or a number of products from 1 to 4096')(text);
      if (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 4096) return Number(text);
      throw new QrailsError({ code: 'invalid', message: 'out of range', found: printable(text), expected: 'a number of products from 1 to 4096' });
    },
  },
  { key: 'batchDivision', option: 'batch-division', takes: 'rule', question: 'How a batch mean is taken', accepts: BATCH_DIVISION.join(', '), fallback: rule('batchDivision', 'exact'), read: choice(BATCH_DIVISION, 'a rule') },
  { key: 'divider', option: 'divider', takes: 'method', question: 'How controllers divide', accepts: DIVIDERS.join(', '), fallback: rule('divider', 'exact'), read: choice(DIVIDERS, 'a divider') },
  {
    key: 'tableBits', option: 'table-bits', takes: 'bits', question: 'Index bits of the table of reciprocals', accepts: '1 to 12',
    when: ({ answers }) => answers.divider === 'table', fallback: ({ base }) => String((base && rulesOf(base.profile).dividerBits) ?? rulesOf({ name: '', divide: { method: 'table' } }).dividerBits),
    read: (text) => {
      if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 12) return Number(text);
      throw new QrailsError({ code: 'invalid', message: 'out of range', found: printable(text), expected: '1 to 12' });
    },
  },
  {
    key: 'source', option: 'source', takes: 'text', question: 'Where these figures come from', accepts: 'a data sheet with its section, at most 1000 characters', fallback: () => DEFAULT_SOURCE,
    read: (text) => {
      if (text.length <= 1000) return text;
      throw new QrailsError({ code: 'invalid', message: 'too long', found: `${text.length} characters`, expected: 'at most 1000' });
    },
  },
];
