import { Option } from 'commander';
import { explainFormat } from '../format/explain.js';
import { formatName } from '../format/format.js';
import { OVERFLOW, ROUNDING } from '../format/modes.js';
import { NOTATION_NAMES, NOTATIONS, Q_READINGS, type QReading } from '../format/notations.js';
import type { FormatExplanation } from '../schema/format.js';
import type { Command } from './command.js';
import { emit, jsonText, type CommonOptions } from './context.js';
import { addCommon } from './options.js';

interface FormatFlags extends CommonOptions {
  readonly q?: QReading;
}

/** How a bare Qm.n is read. */
export const qOption = (): Option =>
  new Option('--q <reading>', `how a Qm.n is read: ${Object.values(Q_READINGS).map(({ about }) => about).join('; ')}`).choices(Object.keys(Q_READINGS));

export function addFormat(program: Command): void {
  addCommon(program.command('format').description('explain a fixed-point format: range, resolution, C type, and the same format in every notation'))
    .argument('<text>', `one of ${NOTATION_NAMES.map((name) => NOTATIONS[name].form).join(' ')}`)
    .addOption(qOption())
    .examples(
      'qrails format sfix16_En15',
      ["qrails format 'ap_fixed<12,4,AP_RND,AP_SAT>'", 'quotes: the shell reads < and > itself'],
      ['qrails format Q1.15 --q arm', 'the same as arm:Q1.15'],
    )
    .action(async (text: string, flags: FormatFlags) => {
      const explained = explainFormat(text, { q: flags.q });
      await emit(flags.json ? jsonText(explained) : explanationText(explained), flags);
    });
}

function explanationText(explained: FormatExplanation): string {
  const { wordLength, fractionLength, signed, range, resolution, codes, dynamicRangeDb, cType, notations, rounding, overflow, saturatedBits, notes } = explained;
  const rows: [string, string][] = [
    ['range', `${range[0]} … ${range[1]}`],
    ['resolution', `${resolution}${fractionLength === 0 ? '' : ` = 2^${-fractionLength}`}`],
    ['dynamic range', dynamicRangeDb === null ? 'none: only 0 occurs' : `${dynamicRangeDb.toFixed(2)} dB = 20·log10(largest magnitude / resolution)`],
    ['codes', codes],
    ['C type', `${cType}, value = raw${fractionLength === 0 ? '' : ` × 2^${-fractionLength}`}`],
    ['rounding', rounding === undefined ? 'not stated' : `${rounding}: ${ROUNDING[rounding].about}`],
    ['overflow', overflow === undefined ? 'not stated' : `${overflow}${saturatedBits === undefined ? '' : `, n = ${saturatedBits}`}: ${OVERFLOW[overflow].about}`],
  ];
  const others = NOTATION_NAMES.map((name): [string, string] => [name, notations[name] ?? 'cannot say it']);
  const width = Math.max(...[...rows, ...others].map(([name]) => name.length)) + 3;
  const line = ([name, text]: [string, string]): string => `  ${name.padEnd(width)}${text}`;
  return [
    `${formatName(explained)}: ${signed ? 'signed' : 'unsigned'}, word length ${wordLength}, fraction length ${fractionLength}`, '',
    ...rows.map(line), '', 'in every notation', ...others.map(line), ...(notes.length > 0 ? ['', ...notes.map((note) => `note: ${note}`)] : []), '',
  ].join('\n');
}
