/** The three forms as docs/ema.md states them, on the oracle's exact numbers: nothing of the filter comes from the product. */
import { add, multiply, Site, subtract, type Exact } from '../oracle/exact.js';
import type { SiteFormat } from '../../src/schema/plan.js';
import type { Format } from '../../src/format/format.js';
import type { EmaForm } from '../../src/ema/forms.js';

export interface Stated {
  readonly form: EmaForm;
  /** ρ as used, rho·2^−fraction. */
  readonly rho: bigint;
  readonly fraction: number;
  readonly signal: Pick<Format, 'fractionLength'>;
  readonly mean: SiteFormat;
  readonly part?: SiteFormat | undefined;
}

/** S after every value; ends with the value at which a TRAP overflowed. */
export function statedEma(values: readonly bigint[], { form, rho, fraction, signal, mean, part }: Stated, start = 0n, seed = 0, first = 0): bigint[] {
  let trapped = false;
  const context = { seed, onTrap: () => (trapped = true) };
  const site = new Site(mean, { ...context, key: 'ema' });
  const parts = part && new Site(part, { ...context, key: form === 'two' ? 'ema.product' : 'ema.step' });
  const r: Exact = { n: rho, f: fraction };
  const b: Exact = { n: (1n << BigInt(fraction)) - rho, f: fraction };
  const result: bigint[] = [];
  let raw = start;
  for (const [k, value] of values.entries()) {
    const step = first + k;
    const x: Exact = { n: value, f: signal.fractionLength };
    const s = site.value(raw);
    const atPart = (exact: Exact, index: number): Exact => parts!.quantise(exact, step, 0, index);
    if (form === 'one') raw = site.quantise(add(s, multiply(r, subtract(x, s))), step, 0).n;
    else if (form === 'shift') raw = site.quantise(add(s, atPart(multiply(r, subtract(x, s)), 0)), step, 0).n;
    else {
      const old = atPart(multiply(b, s), 0);
      raw = site.quantise(add(old, atPart(multiply(r, x), 1)), step, 0).n;
    }
    result.push(raw);
    if (trapped) break;
  }
  return result;
}
