/*
 * exp-000, 4 -> 2 linear, B = 32, ENABOL MID precision map, RND, SAT; sums quantised after each product, gradient sums once at the end.
 * The batch is the vector: each channel of a batch lies together, which is how the input is laid out before the clock starts.
 * Many seeds are many runs of it, and so is a sweep.
 */
#include "site.h"

enum { IN = 4, OUT = 2, B = 32, LOG_B = 5, BATCHES = ROWS / B, INPUTS = IN, OUTPUTS = OUT, PARAMETERS = IN * OUT };
/* Word lengths and fraction lengths. */
enum { W_SIGNAL = 12, F_INPUT = 8, F_WEIGHT = 8, F_OUTPUT = 7 };
enum { F_SUM = 14, F_GRADIENT_SUM = 14, W_GRADIENT = 16, F_GRADIENT = 10, W_UPDATE = 16, F_UPDATE = 12, F_LOSS = 12, F_RATE = 15 };
/* The learning rate and, with no throttle, the rate of every step, in ufix16_En15: 0.05, or that of the run and at most 0.2. */
#ifdef RATE_OF_RUN
#define RATE l->eta
#else
enum { RATE = 1638 };
#endif
enum { MOST_RATE = 6554 };

#include "linear.h"

typedef struct {
  int16_t inputs[BATCHES][IN][B], targets[BATCHES][OUT][B];
} set;

static __attribute__((noinline)) void run(learner *restrict l, const set *restrict data, row *restrict rows, int first, int steps) {
  int32_t w[PARAMETERS];
  int32_t sum_min = INT32_MAX, sum_max = INT32_MIN, output_min = INT32_MAX, output_max = INT32_MIN, error_min = INT32_MAX, error_max = INT32_MIN;
  int32_t loss_min = INT32_MAX, loss_max = INT32_MIN, gsum_min = INT32_MAX, gsum_max = INT32_MIN, g_min = INT32_MAX, g_max = INT32_MIN;
  int32_t u_min = INT32_MAX, u_max = INT32_MIN, w_min = INT32_MAX, w_max = INT32_MIN;
  int64_t sum_underflow = 0, output_underflow = 0, loss_underflow = 0, gsum_underflow = 0, g_underflow = 0, u_underflow = 0, w_underflow = 0;
  for (int k = 0; k < PARAMETERS; k++) w[k] = l->weights[k];
  for (int t = first; t < first + steps; t++) {
    const int16_t(*x)[B] = data->inputs[t % BATCHES], (*y)[B] = data->targets[t % BATCHES];
    int32_t output[OUT][B], errors[OUT][B], difference[OUT][B];
    int32_t squares = 0, output_edge = 0, error_edge = 0, sum_zero = 0, output_zero = 0;
    for (int o = 0; o < OUT; o++) {
      for (int b = 0; b < B; b++) {
        /* Four products of 12 by 12 bits reach half of the 24-bit rail: this sum never comes near it. */
        int32_t s = 0;
        for (int i = 0; i < IN; i++) {
          const int32_t exact = s * (1 << (F_WEIGHT + F_INPUT - F_SUM)) + w[o * IN + i] * x[i][b];
          s = shift_round(exact, F_WEIGHT + F_INPUT - F_SUM);
          sum_zero += (s == 0) & (exact != 0);
          sum_min = min32(sum_min, s);
          sum_max = max32(sum_max, s);
        }
        const int32_t wide = shift_round(s, F_SUM - F_OUTPUT), z = saturate(wide, W_SIGNAL);
        output[o][b] = wide;
        output_edge |= at_edge(wide, W_SIGNAL);
        output_zero += (z == 0) & (s != 0);
        output_min = min32(output_min, z);
        output_max = max32(output_max, z);

        /* Output, target and error share a format: nothing is rounded, so nothing underflows. */
        difference[o][b] = z - y[o][b];
        error_edge |= at_edge(difference[o][b], W_SIGNAL);
        const int32_t e = saturate(difference[o][b], W_SIGNAL);
        error_min = min32(error_min, e);
        error_max = max32(error_max, e);
        errors[o][b] = e;
        squares += e * e;
      }
    }
    sum_underflow += sum_zero;
    output_underflow += output_zero;
    if (output_edge | error_edge) {
      for (int b = 0; b < B; b++) {
        for (int o = 0; o < OUT; o++) {
          if (at_edge(output[o][b], W_SIGNAL)) rare(&l->activation, output[o][b], W_SIGNAL, t, b * OUT + o);
          if (at_edge(difference[o][b], W_SIGNAL)) rare(&l->error, difference[o][b], W_SIGNAL, t, b * OUT + o);
        }
      }
    }

    /* Σe² / 2B; 64 squares of 12 bits stay below the loss's rail. */
    const int32_t loss = shift_round(squares, 2 * F_OUTPUT + LOG_B + 1 - F_LOSS);
    loss_underflow += (loss == 0) & (squares != 0);
    loss_min = min32(loss_min, loss);
    loss_max = max32(loss_max, loss);

    int32_t moved = 0, wanted = 0, updated = 0;
    for (int o = 0; o < OUT; o++) {
      for (int i = 0; i < IN; i++) {
        const int k = o * IN + i;
        int32_t exact = 0;
        for (int b = 0; b < B; b++) exact += errors[o][b] * x[i][b];
        /* 27 bits of sum in a word of 29: never near a rail. */
        const int32_t sum = shift_round(exact, F_OUTPUT + F_INPUT - F_GRADIENT_SUM);
        gsum_underflow += (sum == 0) & (exact != 0);
        gsum_min = min32(gsum_min, sum);
        gsum_max = max32(gsum_max, sum);

        const int32_t mean = shift_round(sum, F_GRADIENT_SUM + LOG_B - F_GRADIENT), g = saturate(mean, W_GRADIENT);
        if (at_edge(mean, W_GRADIENT)) rare(&l->gradient, mean, W_GRADIENT, t, k);
        g_underflow += (g == 0) & (sum != 0);
        g_min = min32(g_min, g);
        g_max = max32(g_max, g);
        l->gradients[k] = (int16_t)g;

        /* A rate of at most 0.2 leaves an update far from its rails. */
        const int32_t step = RATE * g, u = shift_round(step, F_RATE + F_GRADIENT - F_UPDATE);
        u_underflow += (u == 0) & (step != 0);
        u_min = min32(u_min, u);
        u_max = max32(u_max, u);
        l->updates[k] = (int16_t)u;

        const int32_t target = w[k] * (1 << (F_UPDATE - F_WEIGHT)) - u, next = shift_round(target, F_UPDATE - F_WEIGHT);
        if (at_edge(next, W_SIGNAL)) rare(&l->weight, next, W_SIGNAL, t, k);
        const int32_t v = saturate(next, W_SIGNAL);
        w_underflow += (v == 0) & (target != 0);
        w_min = min32(w_min, v);
        w_max = max32(w_max, v);
        moved |= v ^ w[k];
        wanted |= g;
        updated |= u;
        w[k] = v;
      }
    }
    rows[t - first] = (row){loss, (wanted && !moved ? STALLED : 0) | (wanted && !updated ? ZERO_UPDATE : 0)};
  }
  for (int k = 0; k < PARAMETERS; k++) l->weights[k] = (int16_t)w[k];
  const int64_t n = steps;
  site_add(&l->accumulator, n * OUT * B * IN, sum_min, sum_max, sum_underflow);
  site_add(&l->activation, n * OUT * B, output_min, output_max, output_underflow);
  site_add(&l->error, n * OUT * B, error_min, error_max, 0);
  site_add(&l->loss, n, loss_min, loss_max, loss_underflow);
  site_add(&l->gradient_accumulator, n * PARAMETERS, gsum_min, gsum_max, gsum_underflow);
  site_add(&l->gradient, n * PARAMETERS, g_min, g_max, g_underflow);
  site_add(&l->update, n * PARAMETERS, u_min, u_max, u_underflow);
  site_add(&l->weight, n * PARAMETERS, w_min, w_max, w_underflow);
  site_add(&l->rate, n, RATE, RATE, 0);
}

static void lay_out(set *data, const int32_t *inputs, const int32_t *targets) {
  for (int r = 0; r < ROWS; r++) {
    for (int i = 0; i < IN; i++) data->inputs[r / B][i][r % B] = (int16_t)inputs[r * IN + i];
    for (int o = 0; o < OUT; o++) data->targets[r / B][o][r % B] = (int16_t)targets[r * OUT + o];
  }
}

#include "harness.h"
