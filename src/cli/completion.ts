/** `qrails completion`: what a shell asks when TAB is pressed, and the few lines that make it ask. */
import { Argument } from 'commander';
import { printable } from '../document/show.js';
import type { Command } from './command.js';
import { candidates, type Candidates } from './completion/candidates.js';
import { COMPLETION_SCRIPTS, QUESTION, SHELLS, type Shell } from './completion/scripts.js';
import { emit, type CommonOptions, type Context } from './context.js';

const PLACES = Object.entries(COMPLETION_SCRIPTS).map(([shell, { place }]) => `  ${shell.padEnd(6)}${place}`);

export function addCompletion(program: Command, _context: () => Context): void {
  program.command('completion').description('what your shell needs to complete commands, options, names and --set paths')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .option('-o, --output <file>', 'write it to a file (- is standard output)')
    .notes(`Put it where your shell looks:\n${PLACES.join('\n')}`)
    .examples(...SHELLS.map((shell) => `qrails completion ${shell}`))
    .action((shell: Shell, flags: CommonOptions) => emit(COMPLETION_SCRIPTS[shell].text, { ...flags, quiet: true }));
  program.command(QUESTION, { hidden: true }).argument('[words...]').allowUnknownOption().helpOption(false)
    .action((words: string[]) => emit(answer(candidates(program, words)), {}));
}

/** A candidate a line, a tab before what it is; then what else is possible there. */
const answer = ({ words, paths }: Candidates): string => [
  ...words.map(({ word, about }) => `${printable(word, Infinity)}${about === '' ? '' : `\t${printable(about)}`}`),
  ...(paths === undefined ? [] : [`:${paths}`]),
].map((line) => `${line}\n`).join('');
