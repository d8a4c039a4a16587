/** A plan short enough to be read in a baseline, to say later what changed in it. */
import { isDeepStrictEqual } from 'node:util';
import { show, showPath } from '../document/show.js';
import { hashJson } from '../plan/hash.js';
import type { Plan } from '../schema/plan.js';
import { isScalar, walk } from './walk.js';

/** Lists with more numbers than this are stored as their hash. */
const LONGEST_LIST = 16;
/** Lines told; another target changes every site of a plan. */
const TOLD = 40;

export interface PlanSummary {
  /** What all runs of a comparison share. */
  readonly shared: Record<string, unknown>;
  /** What is the run's own: its controllers. */
  readonly own: Record<string, unknown>;
}

export function summarisePlan({ throttle, anchor, ...shared }: Plan): PlanSummary {
  return { shared: asRead(shorten(shared)), own: asRead(shorten({ throttle, anchor })) };
}

/** As it comes back from a file: no absent keys, no −0. */
const asRead = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

function shorten(value: unknown): unknown {
  if (Array.isArray(value)) {
    const numbers: unknown[] = value.flat(2);
    const long = numbers.length > LONGEST_LIST && numbers.every((entry) => isScalar(entry));
    return long ? `sha256 ${hashJson(value).slice(0, 16)}` : value.map(shorten);
  }
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shorten(entry)]));
  return value;
}

/** `sites.layer0.weight: wordLength 12 → 10, fractionLength 8 → 6` and the like, one line for each object that differs. */
export function describeChanges(before: unknown, after: unknown, prefix = ''): string[] {
  const lines = new Map<string, string[]>();
  for (const { path, before: was, after: is } of walk(before, after)) {
    if (isDeepStrictEqual(was, is)) continue;
    const parent = showPath(path.slice(0, -1));
    const change = `${showPath(path.slice(-1))} ${showOrNone(was)} → ${showOrNone(is)}`;
    if (!lines.has(parent)) lines.set(parent, []);
    lines.get(parent)!.push(change);
  }
  const texts = [...lines].map(([parent, changes]) => `${prefix}${parent === '' ? '' : `${parent}: `}${changes.join(', ')}`);
  return texts.length <= TOLD ? texts : [...texts.slice(0, TOLD), `${prefix}${texts.length - TOLD} more`];
}

export const showOrNone = (value: unknown): string => (value === undefined ? 'none' : show(value));
