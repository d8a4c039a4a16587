/** Lines of shell that call the program: whether what they name exists. Nothing is run. */
import { subcommands, type Command } from '../../src/cli/command.js';

/** Calls of the program in a line, as words. Quotes only keep words together. */
export const calls = (line: string): string[][] =>
  line.split(/\||&&/).map((part) => (part.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((word) => word.replaceAll("'", '')))
    .map((words) => (words[0] === 'npx' ? words.slice(1) : words)).filter(([first]) => first === 'qrails').map(([, ...words]) => words);

/** What is wrong with one call: a group without its command, an option that is not there. */
export function problems(program: Command, words: readonly string[]): string[] {
  let called = program;
  for (const word of words) called = subcommands(called).find((sub) => sub.name() === word) ?? called;
  const found = called === program && words.length > 0 && !words[0]!.startsWith('-') && words[0] !== 'help' ? [`no command ${words[0]}`] : [];
  const flags = [...called.options.flatMap(({ long, short }) => [long, short]), '--help', '-h'];
  return [...found, ...words.filter((word) => /^--?[a-z]/.test(word) && !flags.includes(word.split('=')[0])).map((word) => `${called.name()} has no ${word}`)];
}
