/** Plans of one draft: they differ in what a seed draws, and in nothing else. */
import type { Plan } from '../schema/plan.js';

/** Keys of a plan that a seed decides; of the data the rows, not their number. */
export const DRAWN = ['data', 'initial', 'seed'] as const satisfies readonly (keyof Plan)[];

/** The draft of each plan that `drawPlan` made; a draft is its own. */
const drafts = new WeakMap<Plan, Plan>();

/** Makes a plan a draft, which cannot change any more. */
export function draftOf(plan: Plan): Plan {
  drafts.set(plan, plan);
  return Object.freeze(plan);
}

/** The plan that a seed makes of a draft. */
export function drawPlan(draft: Plan, drawn: Pick<Plan, (typeof DRAWN)[number]>): Plan {
  const plan = Object.freeze({ ...draft, ...drawn });
  drafts.set(plan, draft);
  return plan;
}

/** Whether two plans are of one draft. Others may be equal without being so. */
export const drawnAlike = (plan: Plan, other: Plan): boolean => drafts.has(plan) && drafts.get(plan) === drafts.get(other);

/**
 * A function of plans that does not look at what is drawn: worked out once for all plans of a draft.
 *
 * @example const widest = ofDraft(({ sites }) => Math.max(...Object.values(sites).map(({ wordLength }) => wordLength)));
 */
export function ofDraft<T extends object>(of: (plan: Plan) => T): (plan: Plan) => T {
  const known = new WeakMap<Plan, T>();
  return (plan) => {
    const draft = drafts.get(plan);
    if (!draft) return of(plan);
    let value = known.get(draft);
    if (value === undefined) known.set(draft, (value = of(draft)));
    return value;
  };
}
