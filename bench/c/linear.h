/*
 * Rows, learner, beginning and report of a twin of one linear layer without bias and without controllers. Needs PARAMETERS, the type WORD of its words
 * (int16_t where nothing is said), and the constant RATE or, with RATE_OF_RUN, the largest rate MOST_RATE of `l->eta`.
 */
#ifndef LINEAR_H
#define LINEAR_H

#include "report.h"

#ifndef WORD
#define WORD int16_t
#endif

typedef struct {
  int64_t loss;
  int32_t flags;
} row;

typedef struct {
  WORD weights[PARAMETERS], gradients[PARAMETERS], updates[PARAMETERS];
#ifdef RATE_OF_RUN
  int32_t eta;
#endif
  site accumulator, activation, error, loss, gradient_accumulator, gradient, update, weight, rate;
} learner;

static void begin(learner *l, const int32_t *initial, int32_t eta) {
  *l = (learner){0};
#ifdef RATE_OF_RUN
  if (eta > MOST_RATE) fail("the learning rate is larger than the updates were made for");
  l->eta = eta;
#else
  if (eta != RATE) fail("the learning rate is not the one that was compiled in");
#endif
  for (int k = 0; k < PARAMETERS; k++) l->weights[k] = initial[k];
  l->accumulator = l->activation = l->error = l->loss = l->gradient_accumulator = l->gradient = l->update = l->weight = l->rate = site_empty();
}

static void print_learner(const learner *l) {
  print_words("weights", l->weights, PARAMETERS);
  print_words("gradients", l->gradients, PARAMETERS);
  print_words("updates", l->updates, PARAMETERS);
  print_sites({"layer0.accumulator", &l->accumulator}, {"layer0.activation", &l->activation}, {"layer0.error", &l->error},
              {"layer0.gradientAccumulator", &l->gradient_accumulator}, {"layer0.gradient", &l->gradient}, {"layer0.update", &l->update},
              {"layer0.weight", &l->weight}, {"loss", &l->loss}, {"rate", &l->rate});
}

#endif
