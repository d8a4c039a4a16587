/** What advice is asked for, and what of it cannot be. */
import type { RunOptions } from '../compare/prepare.js';
import type { Build } from '../core/load.js';
import { printable } from '../document/show.js';
import { QrailsError } from '../errors.js';
import { OVERFLOWS, ROUNDINGS, type Overflow, type Rounding } from '../format/modes.js';
import { MOST_WORKERS } from '../sweep/sweep.js';
import type { AdviseCost } from './cost.js';
import { GUARD_NAMES, type Guard } from './guard.js';

export interface AdviseOptions extends RunOptions {
  /** Seeds, 1 to 100, one after the other from `seed`. Default 5. */
  readonly seeds?: number | undefined;
  /** Sensors the learner must survive, shipped names or paths. Default the run's own. */
  readonly stress?: readonly string[] | undefined;
  /** Share of the seeds that must survive under each stress, 0 to 1; default 1. */
  readonly survive?: number | undefined;
  /** Largest median of the final loss over that of float64; default none. */
  readonly lossRatio?: number | undefined;
  /** Largest median final loss; default none. */
  readonly maxLoss?: number | undefined;
  /** Smallest median signal to quantisation noise of the outputs against float64's, dB; default none. */
  readonly sqnr?: number | undefined;
  /** What overflows are ruled out; default `measured`. */
  readonly guard?: Guard | undefined;
  /** Default `bits`. */
  readonly cost?: AdviseCost | undefined;
  /** Lengths words can have, ascending; default any, or 8, 16, 32 and 64 where all words of the target have such a length. */
  readonly words?: readonly number[] | undefined;
  /** Names or keys of the sites to propose formats for; default all of the learning step and of controllers, but for what supervisors and event detectors watch. */
  readonly sites?: readonly string[] | undefined;
  /** Rounding modes to try at each site of the proposal, the first that does is taken; where none does, the target's stays. Default the target's. */
  readonly roundings?: readonly Rounding[] | undefined;
  /** Overflow modes to try, likewise. */
  readonly overflows?: readonly Overflow[] | undefined;
  /** Multiples of the learning rates to try; default 1. */
  readonly rates?: readonly number[] | undefined;
  /** Threads. Default one a core; never changes a result. */
  readonly workers?: number | undefined;
  /** Folder that every run is kept in, so that the same question goes on there. Default none. */
  readonly journal?: string | undefined;
  /** Go on with the journal that is there, if one is; without it, one that is there is refused. */
  readonly resume?: boolean | undefined;
  /** Build of the core; default the fastest this engine runs. Never changes a bit. */
  readonly build?: Build | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, of: number, what: string) => void) | undefined;
}

export const DEFAULT_ADVISE_SEEDS = 5;
export const MOST_ADVISE_SEEDS = 100;

/** @throws QrailsError `usage` for options that make no sense */
export function checkOptions({ seeds, survive, lossRatio, maxLoss, sqnr, guard, words, rates, roundings, overflows, anchor, workers, journal, resume }: AdviseOptions): void {
  const refuse = (where: string, message: string, found: unknown, expected: string): never => {
    throw new QrailsError({ code: 'usage', where, message, found: printable(String(found)), expected });
  };
  const strange = <T extends string>(where: string, given: readonly T[] | undefined, names: readonly T[]): void => {
    if (given?.length === 0) refuse(where, 'names nothing', '', `of ${names.join(', ')}`);
    const unknown = given?.find((name) => !names.includes(name));
    if (unknown !== undefined) refuse(where, 'there is none of this name', unknown, `of ${names.join(', ')}`);
  };
  if (seeds !== undefined && !(Number.isInteger(seeds) && seeds >= 1 && seeds <= MOST_ADVISE_SEEDS)) refuse('--seeds', 'a wrong number of seeds', seeds, `1 to ${MOST_ADVISE_SEEDS}`);
  if (survive !== undefined && !(survive >= 0 && survive <= 1)) refuse('--survive', 'is no share', survive, '0 to 1');
  for (const [where, limit] of [['--loss-ratio', lossRatio], ['--max-loss', maxLoss]] as const) if (limit !== undefined && !(limit > 0 && Number.isFinite(limit))) refuse(where, 'is no limit', limit, 'a number above 0');
  if (sqnr !== undefined && !Number.isFinite(sqnr)) refuse('--sqnr', 'is no ratio', sqnr, 'a number of dB');
  if (words !== undefined && (words.length === 0 || words.some((word, k) => !Number.isInteger(word) || word < 2 || word > 64 || (k > 0 && word <= words[k - 1]!)))) refuse('--words', 'are no word lengths', words.join(','), 'ascending lengths from 2 to 64');
  if (rates !== undefined && (rates.length === 0 || rates.some((rate) => !(rate > 0 && Number.isFinite(rate))))) refuse('--rates', 'are no multiples of a rate', rates.join(','), 'numbers above 0');
  strange('--roundings', roundings, ROUNDINGS);
  strange('--overflows', overflows, OVERFLOWS);
  strange('--guard', guard === undefined ? undefined : [guard], GUARD_NAMES);
  if (anchor !== undefined && anchor.length !== 1) refuse('--anchor', 'advice is for one anchor', anchor.join(','), 'one name');
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 1 && workers <= MOST_WORKERS)) refuse('--workers', 'so many threads cannot be', workers, `1 to ${MOST_WORKERS}`);
  if (resume === true && journal === undefined) refuse('--resume', 'there is nothing to go on with', '--resume alone', '--journal FOLDER beside it');
}
