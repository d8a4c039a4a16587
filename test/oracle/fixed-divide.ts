/** How a target divides, docs/numerics.md §6.4. */
import type { Plan } from '../../src/schema/plan.js';
import { multiply, quotient, type Exact } from './exact.js';

/** N / D as the plan divides, as an exact numerator and a positive denominator. `divisor` > 0. */
export function divide({ divide: { method, bits = 0 } }: Plan, numerator: Exact, divisor: Exact): readonly [bigint, bigint] {
  if (method === 'none') throw new RangeError('the target cannot divide');
  if (method === 'exact') return quotient(numerator, divisor);
  const length = divisor.n.toString(2).length;
  if (method === 'powerOfTwo') {
    const next = 1n << BigInt(length - 1);
    return quotient(numerator, { n: next === divisor.n ? next : 2n * next, f: divisor.f });
  }
  // the divisor's top bits + 1 bits, as an integer in [2^bits, 2^(bits + 1))
  const m = BigInt(`0b${divisor.n.toString(2).padEnd(bits + 1, '0').slice(0, bits + 1)}`);
  const twice = 1n << BigInt(2 * bits + 3);
  const reciprocal = (twice + (2n * m + 1n)) / (2n * (2n * m + 1n));
  return quotient(multiply(numerator, { n: reciprocal, f: bits + 1 }), { n: 1n << BigInt(length - 1), f: divisor.f });
}
