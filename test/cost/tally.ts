/** The oracle with its arithmetic counted: what it multiplies, adds, compares and divides in each step, by the phase of the site that is rounded next. */
import type * as Arithmetic from '../oracle/exact.js';
import type { Exact } from '../oracle/exact.js';

export interface Tally {
  multiplications: number;
  additions: number;
  comparisons: number;
  divisions: number;
  roots: number;
}

export const emptyTally = (): Tally => ({ multiplications: 0, additions: 0, comparisons: 0, divisions: 0, roots: 0 });

/** What has been counted and not yet been given to a phase; how the controller divides that is dividing. */
export const counting: { pending: Tally; dividing: string | undefined } = { pending: emptyTally(), dividing: undefined };

/** Takes what is pending. */
export function takePending(): Tally {
  const taken = counting.pending;
  counting.pending = emptyTally();
  return taken;
}

export function addTo(tally: Tally, more: Tally): void {
  for (const name of Object.keys(more) as (keyof Tally)[]) tally[name] += more[name];
}

/** Values that firmware knows before it starts: products of two of them cost nothing. */
const constants = new WeakSet<Exact>();
const computed = new WeakSet<Exact>();
/** A number written in the oracle's text is a constant; the zero of a ReLU is not. */
const isConstant = (x: Exact): boolean => constants.has(x) || (!computed.has(x) && x.n !== 0n);
export const isVariable = (x: Exact): void => {
  constants.delete(x);
  computed.add(x);
};

const isPowerOfTwo = (n: bigint): boolean => (n & (n - 1n)) === 0n;

/** The module of exact arithmetic with counters around it. */
export function counted(exact: typeof Arithmetic): typeof Arithmetic {
  const variable = <T extends Exact>(x: T): T => {
    isVariable(x);
    return x;
  };
  const product = (x: Exact, operands: readonly Exact[]): Exact => {
    // A reciprocal is looked up.
    if (counting.dividing === undefined && operands.every(isConstant)) constants.add(x);
    else {
      counting.pending.multiplications++;
      isVariable(x);
    }
    return x;
  };
  const added = (x: Exact, terms: number): Exact => {
    counting.pending.additions += terms;
    return variable(x);
  };
  /** The larger or smaller of two values, one of which may be a constant. */
  const decided = (x: Exact, a: Exact, b: Exact): Exact => {
    if (isConstant(a) && isConstant(b)) return x;
    counting.pending.comparisons++;
    return variable(x);
  };
  class CountedSite extends exact.Site {
    readonly #key: string;

    constructor(...[format, context]: ConstructorParameters<typeof Arithmetic.Site>) {
      super(format, context);
      this.#key = context?.key ?? '';
    }

    override value(raw: bigint): Exact {
      const x = super.value(raw);
      // Raws of a state are variables, whatever they begin with.
      if (/average|importance|velocity/.test(this.#key)) return variable(x);
      if (!/weight|bias/.test(this.#key)) constants.add(x);
      return x;
    }

    override count(...args: Parameters<Arithmetic.Site['count']>): Exact {
      return variable(super.count(...args));
    }

    override quantiseUncounted(...args: Parameters<Arithmetic.Site['quantiseUncounted']>): Exact {
      return variable(super.quantiseUncounted(...args));
    }
  }
  return {
    ...exact,
    Site: CountedSite,
    multiply: (a, b) => product(exact.multiply(a, b), [a, b]),
    square: (a) => product(exact.square(a), [a]),
    add: (a, b) => added(exact.add(a, b), 1),
    subtract: (a, b) => added(exact.subtract(a, b), 1),
    // into a register that begins at zero
    sum: (terms) => added(exact.sum(terms), terms.length),
    compare: (a, b) => {
      counting.pending.comparisons++;
      return exact.compare(a, b);
    },
    larger: (a, b) => decided(exact.larger(a, b), a, b),
    smaller: (a, b) => decided(exact.smaller(a, b), a, b),
    absolute: (a) => (isConstant(a) ? exact.absolute(a) : variable(exact.absolute(a))),
    quotient: (a, b) => {
      if (counting.dividing === 'exact' || !isPowerOfTwo(b.n)) counting.pending.divisions++;
      return exact.quotient(a, b);
    },
    integerSquareRoot: (n) => {
      counting.pending.roots++;
      return exact.integerSquareRoot(n);
    },
  };
}
