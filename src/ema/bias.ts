/** By how much a moving mean settles beside the mean of a busy input: the mean errors of its quantisers, times 1/ρ. docs/ema.md §4. */
import { constantBits, type EmaDesign } from './design.js';
import { ALL, meanError, resultsOf, spread, together, type Lattice } from './rounding.js';

/**
 * Mean of S minus mean of x, in last places of S, for an input so busy that what is discarded takes all values alike: ρ times its deviation is more
 * than a last place of S. Every step adds the mean error μ of its roundings, and a step takes away ρ of what is there: μ/ρ stays.
 *
 * @param side sign of all that is quantised: of x and S; 0 where both signs are equally frequent
 * @example bias(designEma({ form: 'one', rho: '1/64', mean }), 1) // −31.5 under TRN, 0.5 under RND, 0 under RND_CONV
 */
export function bias(design: EmaDesign, side: -1 | 0 | 1): number {
  const { form, signal, mean, part, rhoRaw, fraction } = design;
  const bits = constantBits(design);
  // x has these bits below the last place of S; S has none below its own.
  const finer = Math.max(0, signal.fractionLength - mean.fractionLength);
  const guard = (part ?? mean).fractionLength - mean.fractionLength;
  const before = resultsOf(mean.rounding, 1, ALL); // what S can be
  const onSides = (error: (negative: boolean) => number): number => (side === 0 ? (error(false) + error(true)) / 2 : error(side < 0));
  const atMean = (shift: number, lattice: Lattice): number => onSides((negative) => meanError(mean.rounding, shift, negative, lattice));
  const atPart = (shift: number, lattice: Lattice, negative: boolean): number => meanError(part!.rounding, shift, negative, lattice) * 2 ** -guard;
  const fromPart = (shift: number, lattice: Lattice): Lattice => resultsOf(part!.rounding, shift, lattice);
  const errors = {
    one: () => atMean(bits + finer, ALL),
    two: () => {
      const [old, drive] = [bits - guard, bits + finer - guard];
      return onSides((negative) => atPart(old, before, negative) + atPart(drive, ALL, negative)) + atMean(guard, together(fromPart(old, before), fromPart(drive, ALL)));
    },
    // The difference has either sign.
    shift: () => {
      const step = bits + finer - guard;
      return (atPart(step, ALL, false) + atPart(step, ALL, true)) / 2 + atMean(guard, together(spread(before, guard), fromPart(step, ALL)));
    },
  };
  return (errors[form]() * 2 ** fraction) / Number(rhoRaw);
}
