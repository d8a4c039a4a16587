/** `qrails ema`: a moving mean in fixed point, its laws and dead band, predicted and measured. */
import { Option } from 'commander';
import { EMA_SHIFT } from '../ema/design.js';
import { QrailsError } from '../errors.js';
import { EMA_FORMS, EMA_FORM_NAMES, type EmaForm } from '../ema/forms.js';
import type { EmaQuantity } from '../ema/quantities.js';
import { emaReport } from '../ema/report.js';
import { DEFAULT_MODES } from '../format/check.js';
import { ROUNDING } from '../format/modes.js';
import type { QReading } from '../format/notations.js';
import { quantizeFormat } from '../format/run.js';
import { parseFormat } from '../format/text.js';
import { LAST_SEED } from '../schema/common.js';
import type { EmaReport } from '../schema/ema.js';
import type { Command } from './command.js';
import { emitFrom, jsonText, type CommonOptions, type Context } from './context.js';
import { columns } from './documents.js';
import { qOption } from './format.js';
import { addCommon, integer } from './options.js';

interface EmaFlags extends CommonOptions {
  readonly form: EmaForm;
  readonly rho?: string;
  readonly shift?: number;
  readonly format: string;
  readonly rounding?: string;
  readonly q?: QReading;
  readonly coefficient?: string;
  readonly guard?: number;
  readonly input?: string;
  readonly seed: number;
}

const DEFAULT_FORMAT = 'sfix16_En15';
const MOST_GUARD_BITS = 40;
const NOTHING = '–';
const SIGNIFICANT_DIGITS = 5;

export function addEma(program: Command, _context: () => Context): void {
  addCommon(program.command('ema').description('a moving mean in fixed point: time constants, dead band and bias, predicted and measured'))
    .addOption(new Option('--form <form>', EMA_FORM_NAMES.map((form) => `${form}: ${EMA_FORMS[form].law}`).join('; ')).choices(EMA_FORM_NAMES).default('one'))
    .addOption(new Option('--rho <share>', 'ρ = 1 − β, exact: 0.01, 1/64 (default 0.01)').conflicts('shift'))
    .addOption(new Option('--shift <k>', 'ρ = 2^−k (default 6 in form shift)').argParser(integer(EMA_SHIFT.minimum, EMA_SHIFT.maximum)))
    .option('-f, --format <format>', 'of mean and input: sfix16_En15, ap_fixed<16,1> …', DEFAULT_FORMAT)
    .addOption(qOption())
    .option('--rounding <mode>', `TRN, RND_CONV …, or a name of HLS, SystemC or MATLAB (default: the format's, else ${DEFAULT_MODES.rounding})`)
    .option('--coefficient <format>', 'of ρ and β (default ufix16_En16)')
    .addOption(new Option('--guard <bits>', 'fraction bits the products, or the shifted difference, have more than the mean').argParser(integer(0, MOST_GUARD_BITS)))
    .option('--input <value>', 'constant input, and what noise goes around (default: three tenths of the upper rail)')
    .addOption(new Option('--seed <n>', 'of the noise and of stochastic modes').argParser(integer(0, LAST_SEED)).default(0))
    .examples(
      ['qrails ema', 'β = 0.99 in q15, rounded once'],
      'qrails ema --form shift --shift 6 --rounding TRN',
      'qrails ema --form two --rho 1/64 --guard 8 --rounding TRN',
      'qrails ema --rho 0.01 --format sfix32_En31 --coefficient ufix24_En24 --json',
    )
    .action(async ({ format, q, rounding, coefficient, ...flags }: EmaFlags) => {
      await emitFrom(async () => {
        if (coefficient !== undefined && flags.form === 'shift') throw new QrailsError({ code: 'usage', where: '--coefficient', message: 'a shift has no constants to round', expected: 'form one or two, or none of it' });
        const mean = quantizeFormat({ format, q, rounding });
        const report = await emaReport({
          form: flags.form, rho: flags.rho, shift: flags.shift, mean, guard: flags.guard, input: flags.input, seed: flags.seed,
          ...(coefficient !== undefined && { coefficient: parseFormat(coefficient, { q }) }),
        });
        return flags.json ? jsonText(report) : emaText(report);
      }, flags);
    });
}

const figure = (value: number | null): string => (value === null ? NOTHING : String(Number(value.toPrecision(SIGNIFICANT_DIGITS))));

function emaText({ form, law, rho, mean, part, input, settles, quantities }: EmaReport): string {
  const rows = quantities.map(({ about, unit, law: formula, predicted, fixed, float, deviation }) =>
    [about, figure(predicted), fixed === null || deviation === null ? figure(fixed) : `${figure(fixed)} ± ${Number(deviation.toPrecision(2))}`, figure(float), unit, formula]);
  const end = ({ predicted, measured }: EmaReport['settles']['fromBelow']): string => (predicted === null || predicted === measured ? measured : `${measured} (predicted ${predicted})`);
  const facts: [string, string][] = [
    ['ρ', `${rho.used}${rho.used === rho.asked ? '' : `, asked ${rho.asked}`}; raw ${rho.raw}, β ${rho.betaRaw}, of 2^${rho.fraction}${rho.format === null ? ': a shift' : `, ${rho.format}`}`],
    ['S, x', `${mean.format}, ${mean.rounding} (${ROUNDING[mean.rounding].about}), ${mean.overflow}`],
    ...(part ? [[part.name, `${part.format}, ${part.rounding}`] as [string, string]] : []),
    ['input', `${input.value}, raw ${input.raw}; the mean ends at ${end(settles.fromBelow)} from below, at ${end(settles.fromAbove)} from above`],
  ];
  return [
    `${EMA_FORMS[form].name}: ${law}`, '', ...facts.map(([name, text]) => `  ${name.padEnd(9)}${text}`), '',
    ...columns(['', 'predicted', 'fixed point', 'binary64', 'unit', 'law'], rows).map((line) => `  ${line}`), '', ...remarks(quantities), '',
  ].join('\n');
}

/** What the dead band and the bias mean. */
function* remarks(quantities: EmaReport['quantities']): Generator<string> {
  const measured = (id: EmaQuantity): number | null => quantities.find((one) => one.id === id)!.fixed;
  const [rising, falling] = [measured('deadBandRising'), measured('deadBandFalling')];
  if (rising !== 0 || falling !== 0) {
    yield `On a constant input a mean that rises stops ${figure(rising)} last places below it, one that falls ${figure(falling)} above: what is left, times ρ, rounds to no move.`;
  } else yield 'On a constant input the mean comes to it from either side.';
  const bias = measured('bias');
  if (bias !== null) yield `Noise around it stirs the mean out of the band; it then lies ${figure(Math.abs(bias))} last places ${bias < 0 ? 'below' : 'above'} the mean in binary64.`;
  yield 'The three forms bit for bit, and the formulas: docs/ema.md.';
}
