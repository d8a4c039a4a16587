/* JSON on standard output, and the end of a twin that cannot go on. */
#ifndef REPORT_H
#define REPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "site.h"

static void fail(const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(1);
}

/* A list of integers of any type. */
#define print_words(name, words, count)                                                                                                             \
  do {                                                                                                                                               \
    printf("\"%s\": [", name);                                                                                                                       \
    for (int word = 0; word < (int)(count); word++) printf("%s%d", word ? ", " : "", (int)(words)[word]);                                            \
    printf("], ");                                                                                                                                   \
  } while (0)

typedef struct {
  const char *name;
  const site *counters;
} named_site;

static void print_site(const char *name, const site *s) {
  static const char *const heads[] = {"count", "overflowHigh", "overflowLow", "underflow", "nearRail", "min", "max"};
  const int64_t values[] = {s->count, s->overflow_high, s->overflow_low, s->underflow, s->near_rail, s->min, s->max};
  printf("\"%s\": {", name);
  for (int k = 0; k < 7; k++) printf("%s\"%s\": \"%" PRId64 "\"", k ? ", " : "", heads[k], values[k]);
  if (s->first_step >= 0)
    printf(", \"firstStep\": \"%" PRId64 "\", \"firstElement\": \"%" PRId64 "\", \"firstWanted\": \"%" PRId64 "\", \"firstRaw\": \"%" PRId64 "\"",
           s->first_step, s->first_element, s->first_wanted, s->first_raw);
  printf("}");
}

/* The sites of a run at which anything was quantised, as {name, counters}, … */
#define print_sites(...) print_list((const named_site[]){__VA_ARGS__}, sizeof((const named_site[]){__VA_ARGS__}) / sizeof(named_site))

static void print_list(const named_site *sites, int count) {
  printf("\"sites\": {");
  for (int k = 0, printed = 0; k < count; k++) {
    if (sites[k].counters->count == 0) continue;
    if (printed++) printf(", ");
    print_site(sites[k].name, sites[k].counters);
  }
  printf("}");
}

#endif
