/*
 * What the native twins of the bench share of the arithmetic: a site's counters and its rare path.
 * Formats, shifts and rails are compile-time constants of each job; docs/numerics.md is the arithmetic.
 */
#ifndef SITE_H
#define SITE_H

#include <stdint.h>

/* Rails of signed formats, and the first raws that are near them: ceil(0.95 of the rail). */
#define RAIL_HIGH(w) ((INT64_C(1) << ((w) - 1)) - 1)
#define RAIL_LOW(w) (-(INT64_C(1) << ((w) - 1)))
#define NEAR(rail) ((19 * (rail) + 19) / 20)
#define NEAR_HIGH(w) NEAR(RAIL_HIGH(w))
#define NEAR_LOW(w) (-NEAR(-RAIL_LOW(w)))

typedef struct {
  int64_t count, overflow_high, overflow_low, underflow, near_rail, min, max;
  int64_t first_step, first_element, first_wanted, first_raw;
} site;

enum { STALLED = 1, ZERO_UPDATE = 2, THROTTLED = 16 };

static inline int32_t min32(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t max32(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

/* Nearest, half towards +infinity. */
static inline int32_t shift_round(int32_t x, int n) { return (x + (1 << (n - 1))) >> n; }
static inline int64_t shift_round64(int64_t x, int n) { return (x + (INT64_C(1) << (n - 1))) >> n; }

/* Saturates a rounded value to w bits. */
static inline int32_t saturate(int32_t rounded, int w) { return max32(min32(rounded, (int32_t)RAIL_HIGH(w)), (int32_t)RAIL_LOW(w)); }

/* Whether a rounded value of w bits is near a rail or beyond: then, and only then, `rare` has something to count. */
static inline int32_t at_edge(int32_t rounded, int w) { return (rounded >= (int32_t)NEAR_HIGH(w)) | (rounded <= (int32_t)NEAR_LOW(w)); }

static inline site site_empty(void) { return (site){.min = INT64_MAX, .max = INT64_MIN, .first_step = -1}; }

/* Adds values that passed, their range and what underflowed gathered by the caller. */
static inline void site_add(site *s, int64_t count, int64_t min, int64_t max, int64_t underflow) {
  s->count += count;
  s->underflow += underflow;
  s->min = min64(s->min, min);
  s->max = max64(s->max, max);
}

/* Counts overflow and nearness of a rounded value between two rails, the lower one not above zero. */
static __attribute__((noinline, cold, unused)) void rare_between(site *s, int64_t rounded, int64_t low, int64_t high, int64_t step, int64_t element) {
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
  if (raw >= NEAR(high) || (low < 0 && raw <= -NEAR(-low))) s->near_rail++;
}

/* The same for a signed word of w bits. */
static inline void rare(site *s, int64_t rounded, int w, int64_t step, int64_t element) {
  rare_between(s, rounded, RAIL_LOW(w), RAIL_HIGH(w), step, element);
}

#endif
