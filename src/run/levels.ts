/** What is recorded at every site. `off`: nothing is to be read from the counters; `counts`: counters, range, first overflow; `full`: histograms, rounding errors, strips and operands too. */
export const RECORD_LEVELS = ['off', 'counts', 'full'] as const;
export type RecordLevel = (typeof RECORD_LEVELS)[number];
