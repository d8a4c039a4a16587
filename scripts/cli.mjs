// The man page (docs/qrails.1) and the command reference (docs/cli.md), both from the program that parses the command line.
//   node scripts/cli.mjs           writes what changed
//   node scripts/cli.mjs --check   writes nothing; names a stale file and exits with 1
import { Help } from 'commander';
import { exampleLines, subcommands } from '../dist/cli/command.js';
import { createProgram } from '../dist/cli/program.js';
import { VERSION } from '../dist/version.js';
import { keep } from './page.mjs';

const help = new Help();
const program = createProgram(() => undefined, () => undefined);

/** From how many commands on an option is told once, for all of them. */
const SHARED_BY = 3;

const EXIT_STATUS = [
  ['0', 'fine'],
  ['1', 'a check failed, or --exit-code was given and something differs'],
  ['2', 'wrong usage, or input or output that cannot be used; the message says what was found, expected, and what to try'],
  ['129, 130, 143', 'ended by SIGHUP, SIGINT (Ctrl-C) or SIGTERM; nothing half-written is left behind'],
];
const ENVIRONMENT = [['NO_COLOR', 'set to anything: no colours'], ['FORCE_COLOR', 'set: colours in help where standard output is no terminal']];

/** Commands that do something, with their full names: `baseline record`. */
function leaves(command, before = []) {
  const path = [...before, command.name()];
  const below = subcommands(command);
  const own = below.length === 0 || command.registeredArguments.length > 0 ? [{ name: path.slice(1).join(' '), command }] : [];
  return [...own, ...below.flatMap((sub) => leaves(sub, path))];
}

const commands = leaves(program);
const optionsOf = (command) => help.visibleOptions(command).filter(({ long }) => long !== '--help').map((option) => [help.optionTerm(option), help.optionDescription(option)]);
const key = ([term, about]) => `${term}\n${about}`;
const users = new Map();
for (const { name, command } of commands) {
  for (const option of optionsOf(command)) users.set(key(option), [...(users.get(key(option)) ?? []), name]);
}
const isShared = (option) => users.get(key(option)).length >= SHARED_BY;
const shared = [...users].filter(([, names]) => names.length >= SHARED_BY).map(([option, names]) => [...option.split('\n'), names]);
const longName = ([term]) => /--[\w-]+/.exec(term)[0];

const parts = ({ name, command }) => ({
  name, about: command.description(), usage: `qrails ${name} ${command.usage()}`.trim(), examples: command.shownExamples, notes: command.about,
  operands: help.visibleArguments(command).map((argument) => [help.argumentTerm(argument), help.argumentDescription(argument)]),
  own: optionsOf(command).filter((option) => !isShared(option)),
  also: optionsOf(command).filter(isShared).map(longName),
});

function manPage() {
  const roff = (text) => text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/gm, '\\&$1');
  const items = (pairs) => pairs.flatMap(([term, about]) => ['.TP', `.B ${roff(term)}`, roff(about)]);
  const verbatim = (lines) => ['.PP', '.nf', '.RS 2', ...lines.map(roff), '.RE', '.fi'];
  const examples = (list) => verbatim(exampleLines(list).map((line) => line.trimStart()));
  const section = ({ name, about, usage, examples: list, notes, operands, own, also }) => [
    `.SS "${roff(name)}"`, roff(about), '.PP', `.B ${roff(usage)}`, ...examples(list), ...items([...operands, ...own]),
    ...(also.length > 0 ? ['.PP', `Also ${roff(also.join(', '))}, see below.`] : []), ...(notes === '' ? [] : verbatim(notes.split('\n'))),
  ];
  return `${[
    `.\\" From the commands themselves: node scripts/cli.mjs`,
    `.TH QRAILS 1 "" "qrails ${VERSION}" "User Commands"`,
    '.nh', '.ad l',
    '.SH NAME', 'qrails \\- fixed\\-point simulation of online learning on small chips',
    '.SH SYNOPSIS', '.B qrails', '.I command', '[\\fIoptions\\fR] [\\fIoperands\\fR]',
    '.SH DESCRIPTION', roff(program.description()),
    '.SH EXAMPLES', ...examples(program.shownExamples),
    '.SH COMMANDS', ...commands.flatMap((command) => section(parts(command))),
    '.SH OPTIONS OF SEVERAL COMMANDS', ...items(shared.map(([term, about, names]) => [term, `${about}. In ${names.join(', ')}.`])),
    '.SH EXIT STATUS', ...items(EXIT_STATUS),
    '.SH ENVIRONMENT', ...items(ENVIRONMENT),
  ].join('\n')}\n`;
}

function page() {
  const cell = (text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
  const code = (text) => `\`${text.replaceAll('|', '\\|')}\``;
  const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const pairs = (list) => list.map(([term, about]) => [code(term), cell(about)]);
  const anchor = (name) => name.replaceAll(' ', '-');
  const section = ({ name, about, usage, examples, notes, operands, own, also }) => [
    `### ${name}`, `${cell(about)[0].toUpperCase()}${cell(about).slice(1)}.`,
    ['```text', ...exampleLines(examples).map((line) => line.slice(2)), '```'].join('\n'), code(usage),
    ...(operands.length + own.length > 0 ? [table(['operand, option', 'what it is'], pairs([...operands, ...own]))] : []),
    ...(also.length > 0 ? [`Also ${also.map(code).join(', ')}: [options of several commands](#options-of-several-commands).`] : []),
    ...(notes === '' ? [] : [['```text', notes, '```'].join('\n')]),
  ].join('\n\n');
  return `${[
    '# Commands',
    'What `qrails COMMAND --help` says, on one page; `man qrails` has the same where npm installs man pages. Made from the commands themselves by `node scripts/cli.mjs`.',
    table(['command', 'what it does'], commands.map(({ name, command }) => [`[${name}](#${anchor(name)})`, cell(command.description())])),
    '## Each command', ...commands.map((command) => section(parts(command))),
    '## Options of several commands', table(['option', 'what it is', 'in'], shared.map(([term, about, names]) => [code(term), cell(about), names.join(', ')])),
    '## Exit status', table(['status', 'meaning'], EXIT_STATUS.map(([status, about]) => [status, about])),
    '## Environment', table(['variable', 'meaning'], ENVIRONMENT.map(([name, about]) => [code(name), about])),
  ].join('\n\n')}\n`;
}

keep({ 'docs/qrails.1': manPage(), 'docs/cli.md': page() });
