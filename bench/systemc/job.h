/*
 * What the jobs in SystemC share: rows of data in the types of their sites, and the learner's words as raws. Needs INPUTS, OUTPUTS, ROWS and PARAMETERS.
 */
#ifndef JOB_H
#define JOB_H

#include "number.h"

struct set {
  number<INPUT> inputs[ROWS][INPUTS];
  number<TARGET> targets[ROWS][OUTPUTS];
};

struct row {
  int64_t loss;
  int32_t flags;
};

static void lay_out(set *data, const int32_t *inputs, const int32_t *targets) {
  new (data) set;
  for (int k = 0; k < ROWS * INPUTS; k++) data->inputs[k / INPUTS][k % INPUTS] = real_of<INPUT>(inputs[k]);
  for (int k = 0; k < ROWS * OUTPUTS; k++) data->targets[k / OUTPUTS][k % OUTPUTS] = real_of<TARGET>(targets[k]);
}

static void print_parameters(const number<WEIGHT> *weights, const number<GRADIENT> *gradients, const number<UPDATE> *updates) {
  int32_t raws[3][PARAMETERS];
  for (int k = 0; k < PARAMETERS; k++) {
    raws[0][k] = (int32_t)raw_of<WEIGHT>(weights[k]);
    raws[1][k] = (int32_t)raw_of<GRADIENT>(gradients[k]);
    raws[2][k] = (int32_t)raw_of<UPDATE>(updates[k]);
  }
  print_words("weights", raws[0], PARAMETERS);
  print_words("gradients", raws[1], PARAMETERS);
  print_words("updates", raws[2], PARAMETERS);
  print_list(nullptr, 0);
}

#endif
