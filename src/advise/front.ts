/** Designs of which none is both cheaper and better than another, and the knee among them. */
import type { MedianInterval } from '../compare/bootstrap.js';
import { bitsOf } from './cost.js';
import { designKey, type Design } from './design.js';

export interface Tried {
  readonly design: Design;
  readonly cost: number;
  readonly ok: boolean;
  readonly loss: MedianInterval;
}

/** Every design once that no other beats in cost and median loss, cheapest first. Of equals the one with fewer bits. */
export function paretoFront(tried: Iterable<Tried>): Tried[] {
  const sorted = [...new Map([...tried].map((one) => [designKey(one.design), one])).values()]
    .sort((a, b) => a.cost - b.cost || a.loss.median - b.loss.median || bitsOf(a.design) - bitsOf(b.design));
  const front: Tried[] = [];
  let best = Infinity;
  for (const one of sorted) {
    if (one.loss.median >= best) continue;
    best = one.loss.median;
    front.push(one);
  }
  return front;
}

/** Where more cost begins to buy little: the point furthest below the line from first to last, cost against log loss. −1 where there is none between. */
export function kneeOf(front: readonly { readonly cost: number; readonly loss: { readonly median: number } }[]): number {
  if (front.length < 3) return -1;
  const [first, last] = [front[0]!, front.at(-1)!];
  const height = ({ loss: { median } }: (typeof front)[number]): number => Math.log10(Math.max(median, Number.MIN_VALUE));
  const slope = (height(last) - height(first)) / (last.cost - first.cost);
  let knee = -1;
  let most = 0;
  for (const [index, point] of front.entries()) {
    const below = height(first) + slope * (point.cost - first.cost) - height(point);
    if (below > most) [knee, most] = [index, below];
  }
  return knee;
}
