/*
 * A linear layer without bias and without controllers in SystemC's fixed point, as one would write it: every variable is of its type, and assignments
 * round and saturate. It counts nothing.
 */
enum { PARAMETERS = INPUTS * OUTPUTS };

#include "job.h"

struct learner {
  number<WEIGHT> weights[OUTPUTS][INPUTS];
  number<GRADIENT> gradients[OUTPUTS][INPUTS];
  number<UPDATE> updates[OUTPUTS][INPUTS];
  number<LEARNING_RATE> rate;
};

static void run(learner *l, const set *data, row *rows, int first, int steps) {
  static number<ERROR> errors[BATCH][OUTPUTS];
  for (int t = first; t < first + steps; t++) {
    exact squares = 0;
    for (int b = 0; b < BATCH; b++) {
      const number<INPUT> *x = data->inputs[(t * BATCH + b) % ROWS];
      for (int o = 0; o < OUTPUTS; o++) {
        SUM_TYPE sum = 0;
        for (int i = 0; i < INPUTS; i++) sum += l->weights[o][i] * x[i];
        const number<ACCUMULATOR> s = sum;
        const number<ACTIVATION> output = s;
        errors[b][o] = output - data->targets[(t * BATCH + b) % ROWS][o];
        squares += errors[b][o] * errors[b][o];
      }
    }
    const number<LOSS> loss = squares / (2 * BATCH);
    for (int o = 0; o < OUTPUTS; o++) {
      for (int i = 0; i < INPUTS; i++) {
        exact total = 0;
        for (int b = 0; b < BATCH; b++) total += errors[b][o] * data->inputs[(t * BATCH + b) % ROWS][i];
        const number<GRADIENT_ACCUMULATOR> sum = total;
        l->gradients[o][i] = sum / BATCH;
        l->updates[o][i] = l->rate * l->gradients[o][i];
        l->weights[o][i] = l->weights[o][i] - l->updates[o][i];
      }
    }
    rows[t - first] = {raw_of<LOSS>(loss), 0};
  }
}

static void begin(learner *l, const int32_t *initial, int32_t eta) {
  new (l) learner;
  l->rate = real_of<LEARNING_RATE>(eta);
  for (int k = 0; k < PARAMETERS; k++) l->weights[k / INPUTS][k % INPUTS] = real_of<WEIGHT>(initial[k]);
}

static void print_learner(const learner *l) { print_parameters(*l->weights, *l->gradients, *l->updates); }

#include "../c/harness.h"
