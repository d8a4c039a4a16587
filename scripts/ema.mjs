// The tables of docs/ema.md, from the modes and closed forms of the compiled host.
//   node scripts/ema.mjs           writes what changed
//   node scripts/ema.mjs --check   writes nothing; names a stale page and exits with 1
import { bias } from '../dist/ema/bias.js';
import { deadBand } from '../dist/ema/deadBand.js';
import { designEma } from '../dist/ema/design.js';
import { EMA_FORMS } from '../dist/ema/forms.js';
import { reachAbove, reachBelow } from '../dist/ema/rounding.js';
import { ROUNDINGS } from '../dist/format/modes.js';
import { siteFormat } from '../dist/format/quantise.js';
import { keep, read, table, withBlock } from './page.mjs';

const FILE = 'docs/ema.md';
/** Consecutive inputs whose widest band is shown: every discarded part of ρ·x at 1/64, and both parities. */
const INPUTS = Array.from({ length: 128 }, (_, k) => 9830n + BigInt(k));
const NONE = '–';

const code = (text) => `\`${text}\``;

/** −½ ≤ e < ½: what is added to S without moving it. */
function holds(rounding, odd, negative) {
  const down = reachBelow(rounding, odd, negative);
  const up = reachAbove(rounding, odd, negative);
  const number = ({ numerator, denominator }) => (numerator === 0n ? '0' : denominator === 2n * numerator ? '½' : '1');
  const [low, high] = [number(down.reach), number(up.reach)];
  if (low === '0' && high === '0') return down.closed && up.closed ? 'e = 0' : 'never';
  return `${low === '0' ? '' : '−'}${low} ${down.closed ? '≤' : '<'} e ${up.closed ? '≤' : '<'} ${high}`;
}

function holdTable() {
  const side = (rounding, negative) => {
    const [even, odd] = [holds(rounding, false, negative), holds(rounding, true, negative)];
    return even === odd ? even : `even: ${even}; odd: ${odd}`;
  };
  return table(['mode', 'S > 0', 'S < 0'], ROUNDINGS.map((rounding) => [code(rounding), side(rounding, false), side(rounding, true)]));
}

function bandTable() {
  const columns = [['one', { shift: 6 }], ['one', { rho: '0.01' }], ['shift', { shift: 6 }], ['two', { shift: 6 }], ['two', { shift: 6 }, 6]];
  const cells = (rounding) => columns.map(([form, share, guard = 0]) => {
    const mean = siteFormat({ signed: true, wordLength: 16, fractionLength: 15, rounding, overflow: 'SAT' });
    const part = form === 'one' ? undefined : siteFormat({ ...mean, wordLength: 17 + guard, fractionLength: 15 + guard });
    const design = designEma({ form, ...share, mean, part });
    const bands = INPUTS.map((input) => deadBand(design, input));
    const widest = (side) => (bands.includes(undefined) ? NONE : Math.max(...bands.map((band) => band[side])));
    const shift = bias(design, 1);
    return `${widest('rising')} / ${widest('falling')}; ${shift === 0 ? '0' : String(Number(shift.toPrecision(4))).replace('-', '−')}`;
  });
  const name = ([form, share, guard]) => `${EMA_FORMS[form].name}, ${share.rho === undefined ? '1/64' : 'β = 0.99'}${guard ? `, ${guard} guard bits` : ''}`;
  return table(['mode', ...columns.map(name)], ROUNDINGS.map((rounding) => [code(rounding), ...cells(rounding)]));
}

keep({ [FILE]: withBlock(withBlock(read(FILE), 'holds', holdTable()), 'bands', bandTable()) });
