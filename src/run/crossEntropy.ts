/** What sigmoid outputs learn from: their cross-entropy, beside the loss that the bits of a run know. */
import type { Batch, Session } from '../core/session.js';
import { siteKey } from '../site/sites.js';

/** Half a last place of a double below 1. */
const DOUBLE_HALF = 2 ** -54;

/**
 * −Σ(y·ln ŷ + (1 − y)·ln(1 − ŷ))/B in nats over the batch a session has just evaluated, from the outputs as they are and the targets as delivered. ŷ counts
 * as at least half a last place of an output (2^−54 in float64) away from 0 and from 1: one that was rounded to 0 or 1 is no certainty.
 *
 * @returns undefined where the last layer has no sigmoid; NaN or infinite where outputs or targets are not finite
 */
export function crossEntropy(session: Session, { targets, count }: Batch): number | undefined {
  const { plan, kind } = session;
  const last = plan.layers.length - 1;
  if (plan.layers[last]!.activation !== 'sigmoid') return undefined;
  const { fractionLength } = plan.sites[siteKey('activation', last)]!;
  const [place, least] = kind === 'fixed' ? [2 ** -fractionLength, 2 ** -(fractionLength + 1)] : [1, DOUBLE_HALF];
  const log = (share: number): number => Math.log(Math.min(1 - least, Math.max(least, share)));
  return session.peek('activations', last).reduce((sum, output, k) => {
    const y = targets[k]!;
    return sum - y * log(output * place) - (1 - y) * log(1 - output * place);
  }, 0) / count;
}
