/*
 * What the native twins of the bench share: a site's counters, its rare path, the run's input and its report.
 * Formats, shifts and rails are compile-time constants of each job; docs/numerics.md is the arithmetic.
 */
#ifndef SITE_H
#define SITE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* First raws that are near a rail, of signed formats with full rails: ceil(0.95 of the rail). */
#define RAIL_HIGH(w) ((INT64_C(1) << ((w) - 1)) - 1)
#define RAIL_LOW(w) (-(INT64_C(1) << ((w) - 1)))
#define NEAR_HIGH(w) ((19 * RAIL_HIGH(w) + 19) / 20)
#define NEAR_LOW(w) (-((19 * -RAIL_LOW(w) + 19) / 20))

typedef struct {
  int64_t count, overflow_high, overflow_low, underflow, near_rail, min, max;
  int64_t first_step, first_element, first_wanted, first_raw;
} site;

typedef struct {
  int64_t loss;
  int32_t flags;
} row;

enum { STALLED = 1, ZERO_UPDATE = 2 };

static inline int32_t min32(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t max32(int32_t a, int32_t b) { return a > b ? a : b; }

/* Saturates a rounded value to w bits. */
static inline int32_t saturate(int32_t rounded, int w) { return max32(min32(rounded, (int32_t)RAIL_HIGH(w)), (int32_t)RAIL_LOW(w)); }

/* Whether a rounded value of w bits is near a rail or beyond: then, and only then, `rare` has something to count. */
static inline int32_t at_edge(int32_t rounded, int w) { return (rounded >= (int32_t)NEAR_HIGH(w)) | (rounded <= (int32_t)NEAR_LOW(w)); }

static site site_empty(void) { return (site){.min = INT64_MAX, .max = INT64_MIN, .first_step = -1}; }

/* Range of the values that passed, gathered by the caller. */
static inline void site_range(site *s, int64_t min, int64_t max) {
  if (min < s->min) s->min = min;
  if (max > s->max) s->max = max;
}

/* Counts overflow and nearness of a rounded value of w bits. */
static __attribute__((noinline, cold, unused)) void rare(site *s, int64_t rounded, int w, int64_t step, int64_t element) {
  const int64_t low = RAIL_LOW(w), high = RAIL_HIGH(w);
  const int64_t raw = rounded > high ? high : rounded < low ? low : rounded;
  if (rounded != raw) {
    if (rounded > high) s->overflow_high++;
    else s->overflow_low++;
    if (s->first_step < 0) {
      s->first_step = step;
      s->first_element = element;
      s->first_wanted = rounded;
      s->first_raw = raw;
    }
  }
  if (raw >= NEAR_HIGH(w) || raw <= NEAR_LOW(w)) s->near_rail++;
}

/* ---- input: int32 steps, then initial weights, inputs and targets as row-major raws, from a file ---- */

static void read_words(FILE *file, int32_t *words, size_t count) {
  if (fread(words, sizeof *words, count, file) != count) {
    fputs("the input file is too short\n", stderr);
    exit(1);
  }
}

static void *allocate(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory) exit(1);
  return memory;
}

static inline int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- report: JSON on standard output ---- */

static void print_words(const char *name, const int16_t *words, int count) {
  printf("\"%s\": [", name);
  for (int i = 0; i < count; i++) printf("%s%d", i ? ", " : "", words[i]);
  printf("],\n");
}

static void print_site(const char *name, const site *s, int last) {
  printf("  \"%s\": {\"count\": \"%" PRId64 "\", \"overflowHigh\": \"%" PRId64 "\", \"overflowLow\": \"%" PRId64 "\", \"underflow\": \"%" PRId64
         "\", \"nearRail\": \"%" PRId64 "\", \"min\": \"%" PRId64 "\", \"max\": \"%" PRId64 "\"",
         name, s->count, s->overflow_high, s->overflow_low, s->underflow, s->near_rail, s->min, s->max);
  if (s->first_step >= 0)
    printf(", \"firstStep\": \"%" PRId64 "\", \"firstElement\": \"%" PRId64 "\", \"firstWanted\": \"%" PRId64 "\", \"firstRaw\": \"%" PRId64 "\"",
           s->first_step, s->first_element, s->first_wanted, s->first_raw);
  printf("}%s\n", last ? "" : ",");
}

/* FNV-1a over the words of all rows, as bench/hash.mjs. */
static uint32_t hash_rows(const row *rows, int steps) {
  uint32_t hash = 0x811c9dc5u;
  for (int t = 0; t < steps; t++) {
    hash = (hash ^ (uint32_t)rows[t].loss) * 0x01000193u;
    hash = (hash ^ (uint32_t)(rows[t].loss >> 32)) * 0x01000193u;
    hash = (hash ^ (uint32_t)rows[t].flags) * 0x01000193u;
  }
  return hash;
}

static void print_times(const int64_t *times, int repetitions) {
  printf("{\"nanoseconds\": [");
  for (int r = 0; r < repetitions; r++) printf("%s%" PRId64, r ? ", " : "", times[r]);
  printf("],\n");
}

#endif
