/** A command whose help begins with examples: what it is, lines to paste, then usage, arguments and options, then remarks. */
import { Command as Commander, Help } from 'commander';
import pc from 'picocolors';

/** A line to paste, and what it is for where the line does not say it. */
export type Example = string | readonly [line: string, about: string];

export class Command extends Commander {
  private own: Example[] = [];
  private remark = '';

  override createCommand(name?: string): Command {
    return new Command(name);
  }

  /** Adds examples: lines of shell that begin with, or pipe into, the program. */
  examples(...examples: Example[]): this {
    this.own.push(...examples);
    return this;
  }

  /** What has to be known besides the options; lines are kept as they are. */
  notes(text: string): this {
    this.remark = text.trim();
    return this;
  }

  get about(): string {
    return this.remark;
  }

  /** Its own examples; of a group that has none, the first of each of its commands. */
  get shownExamples(): readonly (readonly [line: string, about: string])[] {
    const own = this.own.length > 0 ? this.own : subcommands(this).flatMap((command) => command.own.slice(0, 1));
    return own.map((example) => (typeof example === 'string' ? [example, ''] : example));
  }
}

/** The commands of a group that help shows. */
export const subcommands = (command: Commander): readonly Command[] =>
  new Help().visibleCommands(command).filter((sub): sub is Command => sub instanceof Command && sub.name() !== 'help');

const GAP = 3;
/** Longest line of an example that others are aligned with. */
const LONGEST_ALIGNED = 70;

/** Lines of examples, what they are for in a column of its own. */
export function exampleLines(examples: Command['shownExamples']): string[] {
  const width = Math.max(0, ...examples.filter(([line, about]) => about !== '' && line.length <= LONGEST_ALIGNED).map(([line]) => line.length)) + GAP;
  return examples.map(([line, about]) => `  $ ${about === '' ? line : `${line.padEnd(Math.max(width, line.length + GAP))}${about}`}`);
}

/** Settings of the program that its commands inherit. */
export const HELP: Partial<Help> = {
  styleTitle: (title) => pc.createColors(true).bold(title), // Commander takes colours out where they are not wanted
  formatHelp(command, helper) {
    const { helpWidth = 80 } = helper;
    const about = helper.commandDescription(command);
    const plain = Object.assign(Object.create(helper) as Help, { commandDescription: () => '' });
    const examples = command instanceof Command ? exampleLines(command.shownExamples) : [];
    const notes = command instanceof Command ? command.about : '';
    return [
      ...(about === '' ? [] : [helper.boxWrap(about, helpWidth), '']),
      ...(examples.length === 0 ? [] : [helper.styleTitle('Examples:'), ...examples, '']),
      Help.prototype.formatHelp.call(plain, command, plain).trimEnd(), '',
      ...(notes === '' ? [] : [notes, '']),
    ].join('\n');
  },
};
