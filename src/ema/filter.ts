/** Runs a moving mean in the core. docs/ema.md. */
import { RECORDS } from '../core/abi.js';
import { loadCore, type Build, type CoreExports } from '../core/load.js';
import { Arena, RecordView } from '../core/memory.js';
import { writeSite } from '../core/siteRecord.js';
import { QrailsError } from '../errors.js';
import { formatName, rawRange } from '../format/format.js';
import { designEma, type EmaDesign, type EmaOptions } from './design.js';
import { EMA_SITE, emaPartSite } from './forms.js';

/** Values one call takes: 128 MiB of core memory. */
export const EMA_MOST_VALUES = 2 ** 24;

export interface EmaRunOptions {
  /** Raw of S before the first value; default 0. */
  readonly start?: bigint | undefined;
  /** Of the stochastic modes; 0 … 2^32 − 1. */
  readonly seed?: number | undefined;
  /** Step whose random bits the first value draws; default 0. A run that goes on where another ended states how many values that took. */
  readonly first?: number | undefined;
}

/** What a site has done since the filter was made. */
export interface EmaCounts {
  readonly count: number;
  readonly overflowHigh: number;
  readonly overflowLow: number;
  readonly underflow: number;
}

/** One moving mean in an instance of the core: room for `capacity` values, and the records of its sites. */
export class EmaFilter {
  readonly #core: CoreExports;
  readonly #design: EmaDesign;
  readonly #mean: RecordView;
  readonly #part: RecordView | undefined;
  readonly #values: BigInt64Array;

  /** The instance is the filter's own from here on. */
  constructor(core: CoreExports, design: EmaDesign, capacity: number) {
    if (capacity > EMA_MOST_VALUES) {
      throw new QrailsError({ code: 'unsupported', where: 'values', message: 'too many for one call', found: String(capacity), expected: `at most ${EMA_MOST_VALUES}` });
    }
    this.#core = core;
    this.#design = design;
    const arena = new Arena(core.memory, core.heapBase());
    const mean = arena.reserve(RECORDS.SITE.size);
    const part = arena.reserve(RECORDS.SITE.size);
    const values = arena.reserve(capacity * 8);
    const buffer = arena.commit(mean);
    const view = new DataView(buffer);
    this.#mean = new RecordView(view, 'SITE', mean);
    writeSite(this.#mean, EMA_SITE, design.mean, { ...design.alignment.mean, record: 'counts' });
    if (design.form !== 'one') {
      this.#part = new RecordView(view, 'SITE', part);
      writeSite(this.#part, emaPartSite(design.form), design.part!, { ...design.alignment.part!, record: 'counts' });
    }
    this.#values = new BigInt64Array(buffer, values, capacity);
  }

  /**
   * S after every value, as raws; fewer than values where a TRAP overflowed. The result is overwritten by the next run.
   *
   * @throws QrailsError `data` for a raw outside the format of x, or a start outside the rails of S
   */
  run(values: ArrayLike<bigint>, { start = 0n, seed = 0, first = 0 }: EmaRunOptions = {}): BigInt64Array {
    const { form, signal, mean, rhoRaw, betaRaw } = this.#design;
    const [low, high] = rawRange(signal);
    const memory = this.#values;
    if (values.length > memory.length) throw new RangeError(`${values.length} values, room for ${memory.length}`);
    for (let k = 0; k < values.length; k++) {
      const raw = values[k]!;
      if (raw < low || raw > high) throw outside(`values[${k}]`, raw, `${low} to ${high}, ${formatName(signal)}`);
      memory[k] = raw;
    }
    if (start < BigInt(mean.rails[0]) || start > BigInt(mean.rails[1])) throw outside('start', start, `${mean.rails[0]} to ${mean.rails[1]}`);
    const at = memory.byteOffset;
    const site = this.#mean.address;
    const part = this.#part?.address ?? 0;
    const n = values.length;
    const stream = [BigInt(seed), BigInt(first)] as const;
    const calls = {
      one: () => this.#core.emaOneRounding(at, at, n, start, rhoRaw, site, ...stream),
      two: () => this.#core.emaTwoProducts(at, at, n, start, rhoRaw, betaRaw, site, part, ...stream),
      shift: () => this.#core.emaShiftOnly(at, at, n, start, site, part, ...stream),
    };
    return memory.subarray(0, calls[form]());
  }

  /** Counters of S, and of the products or the shifted difference. */
  counts(): { mean: EmaCounts; part?: EmaCounts } {
    return { mean: countsOf(this.#mean), ...(this.#part && { part: countsOf(this.#part) }) };
  }
}

const countsOf = (site: RecordView): EmaCounts => ({
  count: Number(site.raw('count')), overflowHigh: Number(site.raw('overflowHigh')), overflowLow: Number(site.raw('overflowLow')), underflow: Number(site.raw('underflow')),
});

const outside = (where: string, raw: bigint, expected: string): QrailsError =>
  new QrailsError({ code: 'data', where, message: 'a raw that its format does not have', found: String(raw), expected });

export interface FilterEmaOptions extends EmaOptions, EmaRunOptions {
  /** Default: the fastest this engine runs. */
  readonly build?: Build | undefined;
}

/**
 * The moving mean of raws, in fixed point: S after every one.
 *
 * @param values raws of the format of x, at most 2^24
 * @throws QrailsError as `designEma` and `EmaFilter.run`
 * @example
 * const mean = siteFormat({ signed: true, wordLength: 16, fractionLength: 0, rounding: 'TRN', overflow: 'SAT' });
 * await filterEma([64n, 64n, 64n], { form: 'shift', shift: 6, mean }) // [1n, 1n, 1n]: truncation stops 63 below
 */
export async function filterEma(values: ArrayLike<bigint>, options: FilterEmaOptions): Promise<bigint[]> {
  const design = designEma(options);
  return [...new EmaFilter(await loadCore(options.build), design, values.length).run(values, options)];
}

/**
 * The same in binary64: S ← S + ρ·(x − S), one rounding to binary64 for each operation, whatever the form.
 *
 * @example await filterEmaFloat([1, 1], 0.5) // [0.5, 0.75]
 */
export async function filterEmaFloat(values: ArrayLike<number>, rho: number, start = 0, build?: Build): Promise<Float64Array> {
  const core = await loadCore(build);
  const arena = new Arena(core.memory, core.heapBase());
  const at = arena.reserve(values.length * 8);
  const memory = new Float64Array(arena.commit(at), at, values.length);
  memory.set(values);
  core.emaFloat(at, at, values.length, start, rho);
  return memory;
}
