/** Predictions of a moving mean beside what the core does. docs/ema.md. */
import { QrailsError } from '../errors.js';
import { rawText, realText } from '../format/decimal.js';
import { formatName, type Format } from '../format/format.js';
import { quantise, siteFormat } from '../format/quantise.js';
import { realAt } from '../format/run.js';
import type { EmaReport } from '../schema/ema.js';
import type { SiteFormat } from '../schema/plan.js';
import { bias } from './bias.js';
import { deadBand, fixedPoints } from './deadBand.js';
import { designEma, type EmaDesign, type EmaOptions } from './design.js';
import { EMA_FORMS } from './forms.js';
import { amplitudeAround, measureDeadBand, measureGain, measureNoise, measureStep, rhoUsed, type Measuring } from './measure.js';
import { EMA_QUANTITIES, EMA_QUANTITY_NAMES, type EmaQuantity } from './quantities.js';
import { emaResponse } from './response.js';
import { isRandom } from './rounding.js';

export interface EmaReportOptions extends Omit<EmaOptions, 'part'>, Measuring {
  /** Fraction bits the products, or the shifted difference, have more than S; default 0. */
  readonly guard?: number | undefined;
  /** Constant input, within the rails of x and S; default three tenths of the upper rail. */
  readonly input?: number | string | undefined;
}

/** ρ where nothing states any. */
const DEFAULT_RHO = { one: { rho: '0.01' }, two: { rho: '0.01' }, shift: { shift: 6 } } as const;
const decibel = (gain: number): number => 20 * Math.log10(gain);

/**
 * Predicts and measures a moving mean.
 *
 * @throws QrailsError as `designEma`; `unsupported` where ρ is too small to be measured; `invalid` for an input outside the rails
 */
export async function emaReport(options: EmaReportOptions): Promise<EmaReport> {
  const { form, seed = 0 } = options;
  const design = designOf(options);
  const { signal, mean, part } = design;
  const input = inputRaw(design, options.input);
  const measuring = { build: options.build, seed };
  const rho = rhoUsed(design);
  const law = emaResponse(rho);
  const amplitude = amplitudeAround(design, input);
  const busy = amplitude > 0n;

  const band = await measureDeadBand(design, input, measuring);
  const step = input === 0n ? undefined : await measureStep(design, input, measuring);
  const alternating = busy ? await measureGain(design, input, amplitude, 0.5, measuring) : undefined;
  const corner = busy && law.cutoff !== null ? await measureGain(design, input, amplitude, law.cutoff, measuring) : undefined;
  const noise = busy ? await measureNoise(design, input, amplitude, measuring) : undefined;
  const predicted = deadBand(design, input);
  const points = isRandom(mean.rounding) ? undefined : fixedPoints(design, input);
  // Less than a last place of movement a step is no noise to a rounding.
  const stirred = (rho * Number(amplitude)) / Math.sqrt(3) >= 2 ** (signal.fractionLength - mean.fractionLength);

  type Row = Omit<EmaReport['quantities'][number], 'id' | 'about' | 'unit' | 'law'>;
  const row = (predictedValue: number | null | undefined, fixed: number | null | undefined, float?: number | null, deviation?: number): Row =>
    ({ predicted: predictedValue ?? null, fixed: fixed ?? null, float: float ?? null, deviation: deviation ?? null });
  const gain = (predictedValue: number | null, measured: { fixed: number; float: number } | undefined): Row =>
    row(predictedValue, measured && measured.fixed > 0 ? decibel(measured.fixed) : null, measured && decibel(measured.float));
  const move = (places: number | undefined): number | undefined => (places === undefined ? undefined : rho * (places + 1));
  const rows: Record<EmaQuantity, Row> = {
    timeConstant: row(law.timeConstant, step?.fixed.timeConstant, step?.float.timeConstant),
    halfLife: row(law.halfLife, step?.fixed.halfLife, step?.float.halfLife),
    settling95: row(law.settling95, step?.fixed.settling95, step?.float.settling95),
    cutoff: row(law.cutoff, null),
    cutoffGain: gain(law.cutoff === null ? null : decibel(Math.SQRT1_2), corner),
    nyquistGain: gain(decibel(law.nyquistGain), alternating),
    varianceRatio: row(law.varianceRatio, noise?.varianceRatio.fixed, noise?.varianceRatio.float, noise?.varianceError),
    deadBandRising: row(predicted?.rising, band.rising),
    deadBandFalling: row(predicted?.falling, band.falling),
    moveRising: row(move(predicted?.rising), move(band.rising)),
    moveFalling: row(move(predicted?.falling), move(band.falling)),
    bias: row(stirred ? bias(design, input > 0n ? 1 : input < 0n ? -1 : 0) : null, noise?.bias, null, noise?.biasError),
  };
  const end = (raw: bigint | undefined): string | null => (raw === undefined ? null : String(raw));
  return {
    ema: 1, form, law: EMA_FORMS[form].law,
    rho: {
      asked: realText(design.asked), used: realText({ numerator: design.rhoRaw, denominator: 1n << BigInt(design.fraction) }),
      raw: String(design.rhoRaw), betaRaw: String(design.betaRaw), fraction: design.fraction, format: design.coefficient ? formatName(design.coefficient) : null,
    },
    mean: { format: formatName(mean), rounding: mean.rounding, overflow: mean.overflow },
    part: form === 'one' ? null : { name: EMA_FORMS[form].part, format: formatName(part!), rounding: part!.rounding },
    seed,
    input: { raw: String(input), value: rawText(input, signal.fractionLength) },
    settles: {
      fromBelow: { predicted: end(points?.lowest), measured: String(band.fromBelow) },
      fromAbove: { predicted: end(points?.highest), measured: String(band.fromAbove) },
    },
    quantities: EMA_QUANTITY_NAMES.map((id) => ({ id, ...EMA_QUANTITIES[id], ...rows[id] })),
  };
}

/** The design, its part with guard bits. */
function designOf({ rho, shift, guard = 0, ...options }: EmaReportOptions): EmaDesign {
  const { form } = options;
  const share = rho === undefined && shift === undefined ? DEFAULT_RHO[form] : { rho, shift };
  const made = designEma({ ...options, ...share });
  if (!Number.isInteger(guard) || guard < 0) throw new QrailsError({ code: 'invalid', where: 'guard', message: 'not a number of bits', found: String(guard), expected: 'an integer, 0 or more' });
  if (guard === 0) return made;
  if (!made.part) throw new QrailsError({ code: 'usage', where: 'guard', message: 'this form rounds once: there is nothing to guard', found: form, expected: 'none, or form two or shift' });
  const { wordLength, fractionLength } = made.part;
  return designEma({ ...options, ...share, part: siteFormat({ ...made.part, wordLength: wordLength + guard, fractionLength: fractionLength + guard }) });
}

function inputRaw({ signal, mean }: EmaDesign, input: number | string | undefined): bigint {
  const exact = input === undefined ? threeTenths(mean, signal) : realAt(String(input), 'input');
  const at = (format: Format): { raw: bigint; overflow: number } => quantise(exact, siteFormat({ ...format, rounding: 'RND', overflow: 'SAT' }));
  const atMean = at(mean).raw;
  if (at(signal).overflow !== 0 || atMean < BigInt(mean.rails[0]) || atMean > BigInt(mean.rails[1]) || at(mean).overflow !== 0) {
    throw new QrailsError({ code: 'invalid', where: 'input', message: 'outside the rails', found: realText(exact, 40), expected: `${rawText(BigInt(mean.rails[0]), mean.fractionLength)} to ${rawText(BigInt(mean.rails[1]), mean.fractionLength)}` });
  }
  return at(signal).raw;
}

/** Three tenths of the upper rail of S, or of x where that is less. */
function threeTenths(mean: SiteFormat, signal: Format): { numerator: bigint; denominator: bigint } {
  const tops = [{ raw: BigInt(mean.rails[1]), f: mean.fractionLength }, { raw: BigInt(siteFormat({ ...signal, rounding: 'RND', overflow: 'SAT' }).rails[1]), f: signal.fractionLength }];
  const finest = Math.max(0, ...tops.map(({ f }) => f));
  const [a, b] = tops.map(({ raw, f }) => raw << BigInt(finest - f)) as [bigint, bigint];
  return { numerator: 3n * (a < b ? a : b), denominator: 10n << BigInt(finest) };
}
