/** Asks what a new profile is made from: on a terminal line by line, else all of it must be given. */
import { on } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { QReading } from '../format/text.js';
import { PLAIN, type Palette } from '../report/terminal.js';
import { loadBase } from './create.js';
import { PROFILE_QUESTIONS, type Asked, type ProfileAnswers, type ProfileQuestion } from './createQuestions.js';

/** Where questions are put. */
export interface Conversation {
  readonly input: Readable;
  readonly output: Writable;
  /** Whether the streams are a terminal, whose lines are edited here; default false. */
  readonly terminal?: boolean;
  /** Called at Ctrl-C, which a terminal that is read line by line no longer turns into a signal. It should raise `signal`. */
  readonly interrupt: () => void;
  readonly signal: AbortSignal;
  readonly palette?: Palette;
}

export interface AskOptions {
  /** Answers as text, by key: the others are asked. */
  readonly given?: Readonly<Partial<Record<keyof ProfileAnswers, string>>>;
  /** Takes the default of everything that is not given. */
  readonly defaults?: boolean;
  /** Undefined: nobody can be asked. */
  readonly conversation?: Conversation | undefined;
  /** Name where nothing else is said. */
  readonly name?: string | undefined;
  /** How a Qm.n is read. */
  readonly q?: QReading | undefined;
}

/** Longest answer read. */
const LONGEST_ANSWER = 2000;

/**
 * The answers to PROFILE_QUESTIONS. An answer that cannot be is asked for again, with the reason; a given one ends it.
 *
 * @throws QrailsError `usage` with the options that are missing where nobody can be asked, or where the input ends; as the question where a given answer cannot be;
 *   AbortError when the signal is raised
 * @example await askProfile({ given: { name: 'mine', weight: 'sfix16_En15' }, defaults: true })
 */
export async function askProfile({ given = {}, defaults = false, conversation, name, q }: AskOptions): Promise<ProfileAnswers> {
  const asker = !defaults && conversation ? new Asker(conversation) : undefined;
  if (!defaults && !asker) refuseMissing(given);
  const answers: Partial<Record<keyof ProfileAnswers, unknown>> = {};
  let asked: Asked = { answers: answers as Partial<ProfileAnswers>, name, q };
  try {
    for (const question of PROFILE_QUESTIONS) {
      const text = given[question.key];
      if (question.when && !question.when(asked)) {
        if (text !== undefined) throw new QrailsError({ code: 'usage', where: `--${question.option}`, message: 'belongs to another answer', expected: '--divider table' });
        continue;
      }
      if (text !== undefined) answers[question.key] = readGiven(question, text, asked);
      else if (asker) answers[question.key] = await asker.ask(question, asked);
      else answers[question.key] = readFallback(question, asked);
      if (question.key === 'extends' && answers.extends !== undefined) asked = { ...asked, base: await loadBase(answers.extends as string) };
    }
  } finally {
    asker?.close();
  }
  return answers as unknown as ProfileAnswers;
}

function refuseMissing(given: NonNullable<AskOptions['given']>): void {
  const missing = PROFILE_QUESTIONS.filter(({ key, when }) => given[key] === undefined && (!when || given.divider === 'table'));
  if (missing.length === 0) return;
  throw new QrailsError({
    code: 'usage', message: 'not on a terminal, and not everything is given', found: `nothing for ${missing.map(({ option }) => `--${option}`).join(', ')}`,
    expected: 'every one of them, or --yes', try: '--yes takes the defaults',
  });
}

function readGiven(question: ProfileQuestion, text: string, asked: Asked): unknown {
  try {
    return question.read(text.trim(), asked);
  } catch (error) {
    if (error instanceof QrailsError) throw new QrailsError({ ...error.parts, where: `--${question.option}${error.parts.where === undefined || error.parts.where === question.key ? '' : `: ${error.parts.where}`}` });
    throw error;
  }
}

function readFallback(question: ProfileQuestion, asked: Asked): unknown {
  const text = question.fallback(asked);
  return text === '' ? undefined : question.read(text, asked);
}

/** One question after the other on two streams. */
class Asker {
  private readonly lines: AsyncIterator<unknown[], undefined>;
  private readonly reader;
  private readonly palette: Palette;

  constructor(private readonly conversation: Conversation) {
    const { input, output, terminal = false, interrupt, signal, palette = PLAIN } = conversation;
    this.reader = createInterface({ input, output, terminal });
    this.reader.on('SIGINT', interrupt);
    // Lines that arrive while no question is open, as when several are pasted, wait here.
    this.lines = on(this.reader, 'line', { close: ['close'], signal }) as AsyncIterator<unknown[], undefined>;
    this.palette = palette;
  }

  async ask(question: ProfileQuestion, asked: Asked): Promise<unknown> {
    const { output } = this.conversation;
    const { bold, dim, red } = this.palette;
    const fallback = question.fallback(asked);
    output.write(`${bold(question.question)}\n  ${dim(question.accepts)}\n`);
    this.reader.setPrompt(`  [${fallback === '' ? question.otherwise! : fallback}] `);
    for (;;) {
      this.reader.prompt();
      const next = await this.lines.next();
      if (next.done === true) throw new QrailsError({ code: 'usage', message: 'the answers ended before the last question', found: question.question, try: '--yes takes the defaults' });
      const text = String(next.value[0]).trim();
      try {
        if (text.length > LONGEST_ANSWER) throw new QrailsError({ code: 'invalid', message: 'too long', found: `${text.length} characters`, expected: `at most ${LONGEST_ANSWER}` });
        return text === '' ? readFallback(question, asked) : question.read(text, asked);
      } catch (error) {
        if (!(error instanceof QrailsError)) throw error;
        output.write(`${error.message.split('\n').map((line) => red(`  ${printable(line, Infinity)}`)).join('\n')}\n`);
      }
    }
  }

  close(): void {
    this.reader.close();
  }
}
