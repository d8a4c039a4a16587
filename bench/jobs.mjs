/**
 * What is measured. A job makes plans and data; its C twin is bench/c/<source>.c, where the same sizes, shifts, rails and (except in the map) the
 * learning rate are compile-time constants: whatever disagrees shows as different bits.
 *
 * A job is {
 *   title, source, and the `peer` that is the same learner, systemc/<peer>.cpp
 *   rows           of a set of data, compiled into the twin
 *   defines?       macros, likewise
 *   timed, loud    functions that make data: `timed` is what is measured; `loud` drives every site that can overflow into its rails
 *   long?          true: it takes so long that measure.mjs measures it less often
 *   compared?      on which data all bits are compared; default both
 *   product?       the same through a part of qrails that has an overhead of its own: `run(workers, build)` of the timed data, and `losses(build)`, raws
 *                  of the final losses, which those of the last step in `loud` are to be
 * }, its data {
 *   steps          of each run at the most; rows are taken in order and wrap
 *   limit?         a run whose loss is above it is given up, looked at every `chunk?` steps
 *   sets           of raws, `inputs` and `targets`, row-major
 *   runs           {set, plan}: all plans alike except for initial parameters and the learning rate
 * }.
 */
import { dense } from './jobs/dense.mjs';
import { exp000, seeds } from './jobs/exp000.mjs';
import { lms } from './jobs/lms.mjs';
import { map } from './jobs/map.mjs';
import { online, relu } from './jobs/relu.mjs';
import { sweep } from './jobs/sweep.mjs';

/** By id; each takes {quick}: short runs, for a look at whether all is well. */
export const JOBS = { lms, 'exp-000': exp000, dense, relu, online, seeds, map, sweep };
