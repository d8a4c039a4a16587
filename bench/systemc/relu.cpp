/*
 * A ReLU network of two layers with biases, throttled by gt0 on the secant estimate, in SystemC's fixed point, as one would write it: every variable is of
 * its type, and assignments round and saturate. Both layers have the same formats. It counts nothing.
 */
/* Parameters: weights of layer 0, its biases, weights of layer 1, its biases. */
enum { BIAS0 = INPUTS * HIDDEN, LAYER1 = BIAS0 + HIDDEN, BIAS1 = LAYER1 + HIDDEN * OUTPUTS, PARAMETERS = BIAS1 + OUTPUTS };

#include "job.h"

struct learner {
  number<WEIGHT> theta[PARAMETERS], last_theta[PARAMETERS];
  number<GRADIENT> gradients[PARAMETERS], last_gradients[PARAMETERS];
  number<UPDATE> updates[PARAMETERS];
  number<LEARNING_RATE> eta;
  number<CURVATURE> curvature;
  number<CURVATURE_MEAN> mean;
  bool history;
};

/* The root of a sum of squares, to the floor; `norm` has half the fraction bits of `squaredNorm`, so it is that of the raws. */
static number<NORM> norm(const number<SQUARED_NORM> &square) { return real_of<NORM>((int64_t)sqrt((double)raw_of<SQUARED_NORM>(square))); }

static number<THROTTLE> throttle(learner *l) {
  const number<THROTTLE> one = 1, least = real_of<THROTTLE>(FLOOR);
  const number<THROTTLE_TARGET> chi = real_of<THROTTLE_TARGET>(CHI);
  const number<MEAN_RATE> rho = real_of<MEAN_RATE>(RHO);
  number<THROTTLE> alpha = one;
  if (l->history) {
    exact theta = 0, gradient = 0;
    for (int k = 0; k < PARAMETERS; k++) {
      theta += (l->theta[k] - l->last_theta[k]) * (l->theta[k] - l->last_theta[k]);
      gradient += (l->gradients[k] - l->last_gradients[k]) * (l->gradients[k] - l->last_gradients[k]);
    }
    const number<SQUARED_NORM> moved = theta;
    if (moved != 0) l->curvature = norm(gradient) / norm(moved);
    l->mean = l->mean + rho * (l->curvature - l->mean);
    const number<CURVATURE_MEAN> star = l->curvature > l->mean ? number<CURVATURE_MEAN>(l->curvature) : l->mean;
    if (chi < l->eta * star) {
      const number<THROTTLE> wanted = chi / (l->eta * star);
      alpha = wanted < least ? least : wanted > one ? one : wanted;
    }
  }
  for (int k = 0; k < PARAMETERS; k++) {
    l->last_theta[k] = l->theta[k];
    l->last_gradients[k] = l->gradients[k];
  }
  l->history = true;
  return alpha;
}

static void gradient(learner *l, int parameter, const exact &total) {
  const number<GRADIENT_ACCUMULATOR> sum = total;
  l->gradients[parameter] = sum / BATCH;
}

static void run(learner *l, const set *data, row *rows, int first, int steps) {
  static number<ACTIVATION> hidden[BATCH][HIDDEN];
  static number<ERROR> errors[BATCH][OUTPUTS], deltas[BATCH][HIDDEN];
  for (int t = first; t < first + steps; t++) {
    exact squares = 0;
    for (int b = 0; b < BATCH; b++) {
      const int from = (t * BATCH + b) % ROWS;
      for (int h = 0; h < HIDDEN; h++) {
        number<ACCUMULATOR> s = 0;
        for (int i = 0; i < INPUTS; i++) s += l->theta[h * INPUTS + i] * data->inputs[from][i];
        s += l->theta[BIAS0 + h];
        const number<ACTIVATION> z = s;
        if (z > 0) hidden[b][h] = z;
        else hidden[b][h] = 0;
      }
      for (int o = 0; o < OUTPUTS; o++) {
        number<ACCUMULATOR> s = 0;
        for (int h = 0; h < HIDDEN; h++) s += l->theta[LAYER1 + o * HIDDEN + h] * hidden[b][h];
        s += l->theta[BIAS1 + o];
        const number<ACTIVATION> output = s;
        errors[b][o] = output - data->targets[from][o];
        squares += errors[b][o] * errors[b][o];
      }
      for (int h = 0; h < HIDDEN; h++) {
        exact sum = 0;
        for (int o = 0; o < OUTPUTS; o++) sum += l->theta[LAYER1 + o * HIDDEN + h] * errors[b][o];
        if (hidden[b][h] > 0) deltas[b][h] = sum;
        else deltas[b][h] = 0;
      }
    }
    const number<LOSS> loss = squares / (2 * BATCH);
    for (int h = 0; h < HIDDEN; h++) {
      exact bias = 0;
      for (int b = 0; b < BATCH; b++) bias += deltas[b][h];
      gradient(l, BIAS0 + h, bias);
      for (int i = 0; i < INPUTS; i++) {
        exact total = 0;
        for (int b = 0; b < BATCH; b++) total += deltas[b][h] * data->inputs[(t * BATCH + b) % ROWS][i];
        gradient(l, h * INPUTS + i, total);
      }
    }
    for (int o = 0; o < OUTPUTS; o++) {
      exact bias = 0;
      for (int b = 0; b < BATCH; b++) bias += errors[b][o];
      gradient(l, BIAS1 + o, bias);
      for (int h = 0; h < HIDDEN; h++) {
        exact total = 0;
        for (int b = 0; b < BATCH; b++) total += errors[b][o] * hidden[b][h];
        gradient(l, LAYER1 + o * HIDDEN + h, total);
      }
    }
    const number<RATE> rate = throttle(l) * l->eta;
    for (int k = 0; k < PARAMETERS; k++) {
      l->updates[k] = rate * l->gradients[k];
      l->theta[k] = l->theta[k] - l->updates[k];
    }
    rows[t - first] = {raw_of<LOSS>(loss), 0};
  }
}

static void begin(learner *l, const int32_t *initial, int32_t eta) {
  new (l) learner;
  l->eta = real_of<LEARNING_RATE>(eta);
  l->curvature = 0;
  l->mean = 0;
  l->history = false;
  for (int k = 0; k < PARAMETERS; k++) l->theta[k] = real_of<WEIGHT>(initial[k]);
}

static void print_learner(const learner *l) { print_parameters(l->theta, l->gradients, l->updates); }

#include "../c/harness.h"
