/** What an explanation is made from: one run that ended, and how to run others. */
import type { Ended } from '../prescribe/candidates.js';
import type { Lab } from '../prescribe/lab.js';
import type { Outcome } from '../prescribe/outcome.js';
import type { Watched } from './watch.js';

export interface Case extends Ended {
  readonly before: Outcome;
  readonly watched: Watched;
  readonly lab: Lab;
}
