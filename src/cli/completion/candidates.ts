/** What can stand where the cursor is, read from the program itself. */
import { Help, type Argument, type Command, type Option } from 'commander';
import { KINDS, type Candidate, type Kind } from './kinds.js';
import { setCandidates } from './set.js';

export interface Candidates {
  /** Whole words, each of which begins with what is there. */
  readonly words: readonly Candidate[];
  /** Paths that are possible as well. */
  readonly paths?: 'files' | 'folders' | undefined;
}

const NOTHING: Candidates = { words: [] };
const help = new Help();

/**
 * Candidates for the last of the words.
 *
 * @param words what was typed after the program's name; the last is the one the cursor is in, and may be empty
 * @example candidates(program, ['compare', '--profile', 'enabol-mid,cort']) // enabol-mid,cortex-m0-q15 …
 */
export function candidates(program: Command, words: readonly string[]): Candidates {
  const current = words.at(-1) ?? '';
  const { command, option, operands, onlyOperands } = walk(program, words.slice(0, -1));
  if (option) return within(placeOf(option), current);
  if (!onlyOperands && current.startsWith('-')) {
    const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
    if (name === undefined) return beginning(current, optionsOf(command));
    const given = command.options.find(({ long }) => long === name);
    if (!given || isFlag(given)) return NOTHING;
    const { words: values, paths } = within(placeOf(given), value!);
    return { words: values.map(({ word, about }) => ({ word: `${name}=${word}`, about })), paths };
  }
  if (operands === 0 && command.commands.length > 0 && !onlyOperands) {
    const commands = beginning(current, help.visibleCommands(command).map((sub) => ({ word: sub.name(), about: sub.description() })));
    const { words: operandWords, paths } = operand(command, 0, current); // `sweep plan FILE`, and `sweep FILE`
    return { words: [...commands.words, ...operandWords], ...(paths && { paths }) };
  }
  return operand(command, operands, current);
}

function operand(command: Command, index: number, current: string): Candidates {
  const place = operandAt(command.registeredArguments, index);
  return place === undefined ? NOTHING : within(place, current);
}

interface Place {
  readonly placeholder: string;
  readonly choices?: readonly string[] | undefined;
}

/** Where the words before the cursor lead: which command, an option that waits for its value, how many operands there are. */
function walk(program: Command, words: readonly string[]): { command: Command; option?: Option; operands: number; onlyOperands: boolean } {
  let command = program;
  let option: Option | undefined;
  let operands = 0;
  let onlyOperands = false;
  for (const word of words) {
    if (option) option = undefined;
    else if (onlyOperands) operands++;
    else if (word === '--') onlyOperands = true;
    else if (word.startsWith('-') && word !== '-') option = command.options.find((one) => !isFlag(one) && (one.long === word || one.short === word));
    else {
      const sub = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (sub) command = sub;
      else operands++;
    }
  }
  return { command, ...(option && { option }), operands, onlyOperands };
}

const isFlag = ({ required, optional }: Option): boolean => !required && !optional;

const optionsOf = (command: Command): Candidate[] =>
  help.visibleOptions(command).flatMap(({ long, description }) => (long ? [{ word: long, about: description }] : []));

const placeOf = (option: Option): Place => ({ placeholder: /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(option.flags)?.[1] ?? '', choices: option.argChoices });

/** The place of an operand; one after the last goes to it where that takes many. `other` is another of what came before. */
function operandAt(args: readonly Argument[], index: number): Place | undefined {
  const argument = args[index] ?? (args.at(-1)?.variadic ? args.at(-1) : undefined);
  if (!argument) return undefined;
  return argument.name() === 'other' ? operandAt(args, index - 1) : { placeholder: argument.name(), choices: argument.argChoices };
}

/** Candidates of a place. In a list they take up what stands before the last comma. */
function within({ placeholder, choices }: Place, current: string): Candidates {
  if (placeholder === 'path=value') return beginning(current, setCandidates(current));
  if (choices) return beginning(current, choices.map((word) => ({ word, about: '' })));
  const kind: Kind = KINDS[placeholder] ?? {};
  const head = kind.list ? current.slice(0, current.lastIndexOf(',') + 1) : '';
  const words = (kind.words?.() ?? []).map(({ word, about }) => ({ word: head + word, about }));
  return { ...beginning(current, words), paths: kind.paths };
}

const beginning = (current: string, words: readonly Candidate[]): Candidates => ({ words: words.filter(({ word }) => word.startsWith(current)) });
