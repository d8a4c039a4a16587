/** A site's record in the core's memory: how it rounds, where its rails lie, its counters at zero. */
import { OVERFLOWS, ROUNDING, ROUNDINGS, upTable, type Rounding, type RoundingMode } from '../format/modes.js';
import { ERROR_BITS } from '../format/quantise.js';
import { siteStream } from '../format/random.js';
import type { RecordLevel } from '../run/levels.js';
import type { SiteFormat } from '../schema/plan.js';
import { ROUND_KINDS } from './abi.js';
import type { RecordView } from './memory.js';

const I64_MAX = (1n << 63n) - 1n;
const I64_MIN = -(1n << 63n);
const NO_ADDEND = { base: 0n, lsb: 0n, sign: 0n };
const UP = Object.fromEntries(ROUNDINGS.map((mode) => [mode, upTable(mode)])) as Record<Rounding, number>;

/** How a site's record is written. */
export interface SiteSetup {
  readonly left: readonly number[];
  readonly shift: number;
  readonly record: RecordLevel;
}

/** Writes the record of a site: its rounding, rails and empty counters. */
export function writeSite(site: RecordView, key: string, format: SiteFormat, { left, shift, record }: SiteSetup): void {
  site.setInt('shift', shift);
  left.forEach((bits, kind) => site.setInt(`left${kind}`, bits));
  const mode: RoundingMode = ROUNDING[format.rounding];
  // With nothing to discard, nothing is added; past 62 bits only the wide instance runs, which rounds by the table.
  const addend = (shift > 0 && shift <= 62 && mode.addend?.(BigInt(shift))) || NO_ADDEND;
  // The fast path of the full recorder sums errors as they are, without a shift.
  const fast = mode.addend !== undefined && (record !== 'full' || shift <= ERROR_BITS);
  site.setInt('kind', mode.random !== undefined ? ROUND_KINDS[mode.random] : fast ? ROUND_KINDS.addend : ROUND_KINDS.table);
  site.setInt('errorBits', Math.min(shift, ERROR_BITS));
  site.setInt('full', record === 'full' ? 1 : 0);
  site.setRaw('stream', BigInt(siteStream(key)));
  site.setInt('saturatedBits', format.saturatedBits ?? 0);
  site.setRaw('base', addend.base);
  site.setRaw('lsb', addend.lsb);
  site.setRaw('sign', addend.sign);
  const low = BigInt(format.rails[0]), high = BigInt(format.rails[1]);
  site.setRaw('low', low);
  site.setRaw('high', high);
  const nearHigh = high > 0n ? (19n * high + 19n) / 20n : I64_MAX;
  const nearLow = low < 0n ? -((19n * -low + 19n) / 20n) : I64_MIN;
  site.setRaw('nearHigh', nearHigh);
  site.setRaw('nearLow', nearLow);
  site.setRaw('edgeHigh', !fast ? I64_MIN : high > 0n ? nearHigh : 1n);
  site.setRaw('edgeLow', low < 0n ? nearLow : -1n);
  site.setInt('up', UP[format.rounding]);
  site.setInt('overflow', OVERFLOWS.indexOf(format.overflow));
  site.setInt('wordLength', format.wordLength);
  site.setInt('signed', format.signed ? 1 : 0);
  // An unsigned word of 64 bits is compared as such, all others as i64.
  site.setRaw('min', !format.signed && format.wordLength === 64 ? -1n : I64_MAX);
  site.setRaw('max', format.signed ? I64_MIN : 0n);
  site.setRaw('firstStep', -1n);
}
