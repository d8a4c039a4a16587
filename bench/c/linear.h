/*
 * Beginning and report of a twin of one linear layer without bias and without controllers. Needs a `learner` and PARAMETERS, and either the constant
 * RATE or, with RATE_OF_RUN, a member `eta` of the learner and its largest value MOST_RATE.
 */
#ifndef LINEAR_H
#define LINEAR_H

#include "report.h"

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
