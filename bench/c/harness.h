/*
 * The frame of a native twin, in C or C++: reads data and runs from a file, repeats all runs under the clock, and reports times or bits.
 * Usage: PROGRAM FILE REPETITIONS    with 0 repetitions every run is run once and its bits are printed
 *
 * Before it is included a twin defines INPUTS, OUTPUTS, ROWS, PARAMETERS (weights and biases, layer by layer), the types
 *   set        one set of data, laid out as the twin likes it
 *   row        what is kept of a step: `loss`, `flags`, and with CONTROLLED `alpha`, `rate`, `curvature`, `curvature_mean`
 *   learner    parameters, counters, state
 * and the functions
 *   lay_out(set *, inputs, targets)          from row-major raws
 *   begin(learner *, initial, eta)           initial parameters and the raw of the learning rate
 *   run(learner *, set *, row *, first, steps)    that many steps from step `first` on
 *   print_learner(learner *)                 parameters, last gradients and updates, and all sites
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <sys/resource.h>
#include <time.h>
#include "report.h"

/* All words are int32. A run whose loss is above the limit is given up at the next multiple of `chunk` steps. */
typedef struct {
  int32_t steps, chunk, limit_low, limit_high, sets, runs;
} header;

typedef struct {
  int32_t set, eta, initial[PARAMETERS];
} run_data;

static void read_words(FILE *file, void *words, size_t count) {
  if (fread(words, sizeof(int32_t), count, file) != count) fail("the input file is too short");
}

static void *allocate(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory) fail("out of memory");
  return memory;
}

static inline int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* One run from its initial parameters; the steps it took. */
static int whole_run(learner *l, const header *h, const set *sets, const run_data *of, row *rows) {
  const int64_t limit = (int64_t)((uint64_t)(uint32_t)h->limit_high << 32 | (uint32_t)h->limit_low);
  begin(l, of->initial, of->eta);
  for (int done = 0; done < h->steps;) {
    const int now = h->steps - done < h->chunk ? h->steps - done : h->chunk;
    run(l, &sets[of->set], rows + done, done, now);
    done += now;
    if (limit == INT64_MAX) continue;
    for (int t = done - now; t < done; t++) if (rows[t].loss > limit) return done;
  }
  return h->steps;
}

/* FNV-1a over the words of all rows, as bench/hash.mjs. */
static inline uint32_t hash_word(uint32_t hash, uint32_t word) { return (hash ^ word) * 0x01000193u; }
static inline uint32_t hash_long(uint32_t hash, int64_t value) { return hash_word(hash_word(hash, (uint32_t)value), (uint32_t)(value >> 32)); }

static uint32_t hash_rows(const row *rows, int steps) {
  uint32_t hash = 0x811c9dc5u;
  for (int t = 0; t < steps; t++) {
    hash = hash_word(hash_long(hash, rows[t].loss), (uint32_t)rows[t].flags);
#ifdef CONTROLLED
    hash = hash_long(hash_long(hash, rows[t].alpha), rows[t].rate);
    hash = hash_long(hash_long(hash, rows[t].curvature), rows[t].curvature_mean);
#endif
  }
  return hash;
}

int main(int argc, char **argv) {
  FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
  if (!file) return fputs("usage: PROGRAM FILE REPETITIONS\n", stderr), 2;
  const int repetitions = atoi(argv[2]);
  header h;
  read_words(file, &h, sizeof h / sizeof(int32_t));
  set *sets = (set *)allocate(h.sets * sizeof *sets);
  int32_t *inputs = (int32_t *)allocate(ROWS * INPUTS * sizeof *inputs), *targets = (int32_t *)allocate(ROWS * OUTPUTS * sizeof *targets);
  for (int s = 0; s < h.sets; s++) {
    read_words(file, inputs, ROWS * INPUTS);
    read_words(file, targets, ROWS * OUTPUTS);
    lay_out(&sets[s], inputs, targets);
  }
  run_data *runs = (run_data *)allocate(h.runs * sizeof *runs);
  read_words(file, runs, h.runs * sizeof *runs / sizeof(int32_t));
  fclose(file);

  row *rows = (row *)allocate(h.steps * sizeof *rows);
  learner *l = (learner *)allocate(sizeof *l);
  printf("{\"nanoseconds\": [");
  /* The first repetition warms up and is not reported. */
  for (int r = -1; r < repetitions && repetitions > 0; r++) {
    const int64_t start = nanoseconds();
    for (int k = 0; k < h.runs; k++) whole_run(l, &h, sets, &runs[k], rows);
    if (r >= 0) printf("%s%" PRId64, r ? ", " : "", nanoseconds() - start);
  }
  printf("], \"runs\": [");
  for (int k = 0; k < h.runs && repetitions == 0; k++) {
    const int steps = whole_run(l, &h, sets, &runs[k], rows);
    printf("%s{\"steps\": %d, \"lastLoss\": \"%" PRId64 "\", \"rows\": %" PRIu32 ", ", k ? ",\n" : "", steps, rows[steps - 1].loss, hash_rows(rows, steps));
    print_learner(l);
    printf("}");
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("], \"peakBytes\": %" PRId64 "}\n", (int64_t)usage.ru_maxrss * 1024);
  return 0;
}

#endif
