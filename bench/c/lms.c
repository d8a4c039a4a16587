/*
 * 16-tap LMS in q15, one sample a step: every signal sfix16_En15, sums sfix64_En30 quantised once, TRN, SAT.
 */
#include "site.h"

enum { TAPS = 16, INPUTS = TAPS, OUTPUTS = 1, PARAMETERS = TAPS, W = 16, F = 15 };
/* Learning rate 0.05 and, with no throttle, the rate of every step: floor(1.0 · 0.05) in ufix16_En15. */
enum { RATE = 1638 };

#include "linear.h"

typedef struct {
  int16_t inputs[ROWS][TAPS], targets[ROWS];
} set;

/* Counts and ranges of one site, tap by tap: added up when the run is over. */
typedef struct {
  int32_t min[TAPS], max[TAPS], underflow[TAPS];
} taps;

static taps taps_empty(void) {
  taps t;
  for (int i = 0; i < TAPS; i++) t.min[i] = INT32_MAX, t.max[i] = INT32_MIN, t.underflow[i] = 0;
  return t;
}

static void gather(site *s, const taps *t, int64_t steps) {
  for (int i = 0; i < TAPS; i++) site_add(s, steps, t->min[i], t->max[i], t->underflow[i]);
}

static __attribute__((noinline)) void run(learner *restrict l, const set *restrict data, row *restrict rows, int first, int steps) {
  int32_t w[TAPS];
  taps sums = taps_empty(), gradients = taps_empty(), updates = taps_empty(), weights = taps_empty();
  int64_t accumulator_min = INT64_MAX, accumulator_max = INT64_MIN, loss_max = 0, loss_min = INT64_MAX, loss_underflow = 0;
  int32_t activation_min = INT32_MAX, activation_max = INT32_MIN, activation_underflow = 0, error_min = INT32_MAX, error_max = INT32_MIN;
  for (int i = 0; i < TAPS; i++) w[i] = l->weights[i];
  for (int t = first; t < first + steps; t++) {
    const int16_t *x = data->inputs[t % ROWS];
    int64_t sum = 0;
    for (int i = 0; i < TAPS; i++) sum += w[i] * (int32_t)x[i];
    if (sum < accumulator_min) accumulator_min = sum;
    if (sum > accumulator_max) accumulator_max = sum;

    const int32_t output = (int32_t)(sum >> F);
    if (at_edge(output, W)) rare(&l->activation, output, W, t, 0);
    const int32_t y = saturate(output, W);
    activation_underflow += (y == 0) & (sum != 0);
    activation_min = min32(activation_min, y);
    activation_max = max32(activation_max, y);

    const int32_t difference = y - data->targets[t % ROWS];
    if (at_edge(difference, W)) rare(&l->error, difference, W, t, 0);
    const int32_t e = saturate(difference, W);
    error_min = min32(error_min, e);
    error_max = max32(error_max, e);

    const int64_t square = (int64_t)e * e, loss = square >> 1;
    loss_underflow += square == 1;
    if (loss < loss_min) loss_min = loss;
    if (loss > loss_max) loss_max = loss;

    int32_t gradient_edge = 0, weight_edge = 0, moved = 0, wanted = 0, updated = 0;
    int32_t next[TAPS];
    for (int i = 0; i < TAPS; i++) {
      const int32_t product = e * (int32_t)x[i];
      sums.min[i] = min32(sums.min[i], product);
      sums.max[i] = max32(sums.max[i], product);

      const int32_t mean = product >> F;
      gradient_edge |= at_edge(mean, W);
      const int32_t g = min32(mean, (int32_t)RAIL_HIGH(W));
      gradients.underflow[i] += (g == 0) & (product != 0);
      gradients.min[i] = min32(gradients.min[i], g);
      gradients.max[i] = max32(gradients.max[i], g);
      l->gradients[i] = (int16_t)g;

      /* |rate| < 0.06, so an update never comes near its rails. */
      const int32_t step = RATE * g, u = step >> F;
      updates.underflow[i] += (u == 0) & (step != 0);
      updates.min[i] = min32(updates.min[i], u);
      updates.max[i] = max32(updates.max[i], u);
      l->updates[i] = (int16_t)u;

      next[i] = w[i] - u;
      weight_edge |= at_edge(next[i], W);
      const int32_t v = saturate(next[i], W);
      weights.min[i] = min32(weights.min[i], v);
      weights.max[i] = max32(weights.max[i], v);
      /* θ and u share a format: nothing is rounded, so nothing underflows. */
      moved |= v ^ w[i];
      wanted |= g;
      updated |= u;
      w[i] = v;
    }
    if (gradient_edge) for (int i = 0; i < TAPS; i++) if (at_edge((e * x[i]) >> F, W)) rare(&l->gradient, (e * x[i]) >> F, W, t, i);
    if (weight_edge) for (int i = 0; i < TAPS; i++) if (at_edge(next[i], W)) rare(&l->weight, next[i], W, t, i);
    rows[t - first] = (row){loss, (wanted && !moved ? STALLED : 0) | (wanted && !updated ? ZERO_UPDATE : 0)};
  }
  for (int i = 0; i < TAPS; i++) l->weights[i] = (int16_t)w[i];
  site_add(&l->accumulator, steps, accumulator_min, accumulator_max, 0);
  site_add(&l->activation, steps, activation_min, activation_max, activation_underflow);
  site_add(&l->error, steps, error_min, error_max, 0);
  site_add(&l->loss, steps, loss_min, loss_max, loss_underflow);
  site_add(&l->rate, steps, RATE, RATE, 0);
  gather(&l->gradient_accumulator, &sums, steps);
  gather(&l->gradient, &gradients, steps);
  gather(&l->update, &updates, steps);
  gather(&l->weight, &weights, steps);
}

static void lay_out(set *data, const int32_t *inputs, const int32_t *targets) {
  for (int i = 0; i < ROWS * TAPS; i++) data->inputs[i / TAPS][i % TAPS] = (int16_t)inputs[i];
  for (int i = 0; i < ROWS; i++) data->targets[i] = (int16_t)targets[i];
}

#include "harness.h"
