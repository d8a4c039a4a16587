/** Advice for the same learner on several targets, and which of them does with least. */
import { join } from 'node:path';
import { resolve } from '../document/catalogue.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import type { TargetAdvice } from '../schema/advice.js';
import { advise } from './advise.js';
import type { AdviseOptions } from './options.js';

export interface AdviseTargetsOptions extends Omit<AdviseOptions, 'profile'> {
  /** Shipped names or paths, none of them twice. */
  readonly profiles: readonly string[];
}

/**
 * Asks for advice target by target. One that refuses the plan has a reason in its place.
 *
 * @returns the published result, `schema/targetAdvice.schema.json`
 * @throws QrailsError as `advise`, `usage` for a target that is named twice; the first refusal where all targets refuse
 * @example (await adviseTargets({ profiles: ['avr-q7', 'cortex-m4-q15'], cost: 'memory' })).cheapest
 */
export async function adviseTargets({ profiles, ...options }: AdviseTargetsOptions): Promise<TargetAdvice> {
  const paths = profiles.map((given) => resolve('profile', given, options.directory).path);
  const twice = paths.findIndex((path, index) => paths.indexOf(path) < index);
  if (twice >= 0) throw new QrailsError({ code: 'usage', where: '--profile', message: 'a target is named twice', found: printable(profiles[twice]!), expected: 'each target once' });
  const targets: TargetAdvice['targets'] = [];
  let refusal: QrailsError | undefined;
  for (const [index, profile] of profiles.entries()) {
    try {
      const advice = await advise({
        ...options, profile, ...(options.journal !== undefined && { journal: join(options.journal, String(index + 1)) }),
        onProgress: options.onProgress && ((done, of, what) => options.onProgress!(index * of + done, profiles.length * of, `${printable(profile)}: ${what}`)),
      });
      targets.push({ given: profile, refused: null, advice });
    } catch (error) {
      // What is wrong with the question is wrong for every target.
      if (!(error instanceof QrailsError) || ['usage', 'not-found', 'unreadable', 'invalid', 'output'].includes(error.parts.code)) throw error;
      refusal ??= error;
      targets.push({ given: profile, refused: { ...(error.parts.where !== undefined && { where: error.parts.where }), message: error.parts.message }, advice: null });
    }
  }
  if (targets.every(({ advice }) => advice === null)) throw refusal!;
  const costs = targets.map(({ advice }) => advice?.cost.proposal ?? Infinity);
  const least = Math.min(...costs);
  return { targetAdvice: 1, cheapest: least < Infinity ? targets[costs.indexOf(least)]!.given : null, targets };
}
