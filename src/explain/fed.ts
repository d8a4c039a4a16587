/** What a saturated value fed: the run beside the same run in which that site is wide enough, value by value. */
import { operandPlaces } from '../compare/stepOperands.js';
import { stepOrder, takenBack, which } from '../compare/stepOrder.js';
import { SteppedRun } from '../compare/stepValues.js';
import { aligned } from '../compare/runningSum.js';
import type { Build } from '../core/load.js';
import { rawToReal } from '../format/format.js';
import { inUse } from '../plan/concernsExact.js';
import type { Plan } from '../schema/plan.js';
import type { Dataset } from '../signal/dataset.js';
import { deliveries } from '../signal/delivery.js';

/** Values of one site in one step that are not what they would have been. */
export interface Fed {
  readonly site: string;
  readonly step: number;
  /** Values that differ, and all. */
  readonly differ: number;
  readonly of: number;
  /** The one that differs most, by name, and what it would have been. */
  readonly name: string;
  readonly value: number;
  readonly instead: number;
}

/** Sites told. */
const MOST = 10;

const rounds = (plan: Plan) => (key: string): boolean => plan.sites[key] !== undefined;

/** Keys of the sites whose values are made from those of a site, in the order of a step. */
export function readersOf(plan: Plan, key: string): string[] {
  return stepOrder(plan, rounds(plan)).filter((reader) => reader !== key && inUse(plan, reader) && operandPlaces(plan, reader, 0, 1, rounds(plan)).some((operand) => operand.key === key));
}

/**
 * Takes both runs up to a step and the step after it, and lists where they differ, in the order in which the steps make their values.
 *
 * @param instead the plan in which the site is wide enough
 * @param key the site, left out of the list itself
 */
export async function whatItFed(plan: Plan, instead: Plan, key: string, step: number, dataset: Dataset, options: { readonly build?: Build | undefined; readonly signal?: AbortSignal | undefined }): Promise<Fed[]> {
  const [run, other] = await Promise.all([SteppedRun.open(plan, 'fixed', options.build), SteppedRun.open(instead, 'fixed', options.build)]);
  const fed: Fed[] = [];
  for (const batch of deliveries(plan, dataset)) {
    if (batch.step > step + 1 || run.trapped !== undefined || other.trapped !== undefined) break;
    options.signal?.throwIfAborted();
    run.step(batch);
    other.step(batch);
    if (batch.step < step) continue;
    const rejected = run.rejected || other.rejected;
    for (const site of stepOrder(plan, rounds(plan))) {
      if ((site === key && batch.step === step) || (rejected && !takenBack(plan, site))) continue;
      const difference = largestDifference(plan, site, batch.step, run, other);
      if (difference) fed.push(difference);
    }
  }
  return fed.slice(0, MOST);
}

function largestDifference(plan: Plan, site: string, step: number, run: SteppedRun, other: SteppedRun): Fed | undefined {
  const [a, b] = [run.values(site), other.values(site)];
  const finest = Math.max(a.fractionLength!, b.fractionLength!);
  let differ = 0;
  let most = 0n;
  let at = 0;
  for (const [position, number] of a.numbers.entries()) {
    const apart = aligned({ raw: BigInt(number), fractionLength: a.fractionLength! }, finest) - aligned({ raw: BigInt(b.numbers[position]!), fractionLength: b.fractionLength! }, finest);
    if (apart === 0n) continue;
    differ++;
    const size = apart < 0n ? -apart : apart;
    if (size > most) [most, at] = [size, position];
  }
  if (differ === 0) return undefined;
  const value = ({ numbers, fractionLength }: typeof a): number => rawToReal(BigInt(numbers[at]!), fractionLength!);
  return { site, step, differ, of: a.numbers.length, name: which(plan, site, at, run.count).name, value: value(a), instead: value(b) };
}
