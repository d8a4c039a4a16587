/*
 * A dense layer 64 -> 16, B = 32, words of 16 bits, exact sums quantised once, RND, SAT. A sample's inputs lie together: the vector of the forward sums
 * is the dot product, that of the gradients and updates the row of weights.
 */
#include "site.h"

enum { IN = 64, OUT = 16, B = 32, LOG_B = 5, INPUTS = IN, OUTPUTS = OUT, PARAMETERS = IN * OUT };
/* Fraction lengths; every word but the sums and the loss has 16 bits. */
enum { W = 16, F_INPUT = 15, F_WEIGHT = 14, F_OUTPUT = 12, F_GRADIENT = 13, F_UPDATE = 14, F_LOSS = 24, F_RATE = 15 };
/* Learning rate 0.05 and, with no throttle, the rate of every step, in ufix16_En15. */
enum { RATE = 1638 };

#include "linear.h"

typedef struct {
  int16_t inputs[ROWS][IN], targets[ROWS][OUT];
} set;

static __attribute__((noinline)) void run(learner *restrict l, const set *restrict data, row *restrict rows, int first, int steps) {
  int64_t sum_min = INT64_MAX, sum_max = INT64_MIN, loss_min = INT64_MAX, loss_max = INT64_MIN, gsum_min = INT64_MAX, gsum_max = INT64_MIN;
  int32_t output_min = INT32_MAX, output_max = INT32_MIN, error_min = INT32_MAX, error_max = INT32_MIN;
  int32_t g_min = INT32_MAX, g_max = INT32_MIN, u_min = INT32_MAX, u_max = INT32_MIN, w_min = INT32_MAX, w_max = INT32_MIN;
  int64_t output_underflow = 0, loss_underflow = 0, g_underflow = 0, u_underflow = 0;
  for (int t = first; t < first + steps; t++) {
    const int16_t(*x)[IN] = &data->inputs[t * B % ROWS];
    const int16_t(*y)[OUT] = &data->targets[t * B % ROWS];
    int64_t sums[B][OUT], squares = 0;
    int32_t output[B][OUT], difference[B][OUT], errors[B][OUT], edge = 0, output_zero = 0;
    /* 64 products of 16 by 16 bits in a sum of 40: exact, and never near a rail. */
    for (int b = 0; b < B; b++) {
      for (int o = 0; o < OUT; o++) {
        int64_t sum = 0;
        for (int i = 0; i < IN; i++) sum += l->weights[o * IN + i] * x[b][i];
        sums[b][o] = sum;
        output[b][o] = (int32_t)shift_round64(sum, F_WEIGHT + F_INPUT - F_OUTPUT);
      }
    }
    for (int b = 0; b < B; b++) {
      for (int o = 0; o < OUT; o++) {
        sum_min = min64(sum_min, sums[b][o]);
        sum_max = max64(sum_max, sums[b][o]);
        const int32_t z = saturate(output[b][o], W);
        edge |= at_edge(output[b][o], W);
        output_zero += (z == 0) & (sums[b][o] != 0);
        output_min = min32(output_min, z);
        output_max = max32(output_max, z);

        /* Output, target and error share a format: nothing is rounded, so nothing underflows. */
        difference[b][o] = z - y[b][o];
        edge |= at_edge(difference[b][o], W);
        const int32_t e = saturate(difference[b][o], W);
        error_min = min32(error_min, e);
        error_max = max32(error_max, e);
        errors[b][o] = e;
        squares += e * e;
      }
    }
    output_underflow += output_zero;
    if (edge) {
      for (int k = 0; k < B * OUT; k++) {
        const int32_t wide = output[k / OUT][k % OUT], wanted = difference[k / OUT][k % OUT];
        if (at_edge(wide, W)) rare(&l->activation, wide, W, t, k);
        if (at_edge(wanted, W)) rare(&l->error, wanted, W, t, k);
      }
    }

    /* Σe² / 2B: 512 squares of 16 bits stay far below the loss's rail of 48. */
    const int64_t loss = shift_round64(squares, 2 * F_OUTPUT + LOG_B + 1 - F_LOSS);
    loss_underflow += (loss == 0) & (squares != 0);
    loss_min = min64(loss_min, loss);
    loss_max = max64(loss_max, loss);

    int32_t moved = 0, wanted = 0, updated = 0;
    for (int o = 0; o < OUT; o++) {
      /* 36 bits in a sum of 40: exact, and never near a rail. */
      int64_t exact[IN] = {0};
      for (int b = 0; b < B; b++) for (int i = 0; i < IN; i++) exact[i] += errors[b][o] * x[b][i];
      int16_t *w = &l->weights[o * IN], *gradients = &l->gradients[o * IN], *updates = &l->updates[o * IN];
      int32_t means[IN], next[IN], nonzero[IN], zero = 0, rare_gradient = 0, rare_weight = 0;
      for (int i = 0; i < IN; i++) {
        gsum_min = min64(gsum_min, exact[i]);
        gsum_max = max64(gsum_max, exact[i]);
        means[i] = (int32_t)shift_round64(exact[i], F_OUTPUT + F_INPUT + LOG_B - F_GRADIENT);
        nonzero[i] = exact[i] != 0;
      }
      int32_t step_zero = 0;
      for (int i = 0; i < IN; i++) {
        rare_gradient |= at_edge(means[i], W);
        const int32_t g = saturate(means[i], W);
        zero += (g == 0) & nonzero[i];
        g_min = min32(g_min, g);
        g_max = max32(g_max, g);
        gradients[i] = (int16_t)g;

        /* A rate of 0.05 leaves an update far from its rails. */
        const int32_t step = RATE * g, u = shift_round(step, F_RATE + F_GRADIENT - F_UPDATE);
        step_zero += (u == 0) & (step != 0);
        u_min = min32(u_min, u);
        u_max = max32(u_max, u);
        updates[i] = (int16_t)u;

        /* θ and u share a format: nothing is rounded. */
        next[i] = w[i] - u;
        rare_weight |= at_edge(next[i], W);
        const int32_t v = saturate(next[i], W);
        w_min = min32(w_min, v);
        w_max = max32(w_max, v);
        moved |= v ^ w[i];
        wanted |= g;
        updated |= u;
        w[i] = (int16_t)v;
      }
      g_underflow += zero;
      u_underflow += step_zero;
      if (rare_gradient) for (int i = 0; i < IN; i++) if (at_edge(means[i], W)) rare(&l->gradient, means[i], W, t, o * IN + i);
      if (rare_weight) for (int i = 0; i < IN; i++) if (at_edge(next[i], W)) rare(&l->weight, next[i], W, t, o * IN + i);
    }
    rows[t - first] = (row){loss, (wanted && !moved ? STALLED : 0) | (wanted && !updated ? ZERO_UPDATE : 0)};
  }
  const int64_t n = steps;
  site_add(&l->accumulator, n * B * OUT, sum_min, sum_max, 0);
  site_add(&l->activation, n * B * OUT, output_min, output_max, output_underflow);
  site_add(&l->error, n * B * OUT, error_min, error_max, 0);
  site_add(&l->loss, n, loss_min, loss_max, loss_underflow);
  site_add(&l->gradient_accumulator, n * PARAMETERS, gsum_min, gsum_max, 0);
  site_add(&l->gradient, n * PARAMETERS, g_min, g_max, g_underflow);
  site_add(&l->update, n * PARAMETERS, u_min, u_max, u_underflow);
  site_add(&l->weight, n * PARAMETERS, w_min, w_max, 0);
  site_add(&l->rate, n, RATE, RATE, 0);
}

static void lay_out(set *data, const int32_t *inputs, const int32_t *targets) {
  for (int k = 0; k < ROWS * IN; k++) data->inputs[k / IN][k % IN] = (int16_t)inputs[k];
  for (int k = 0; k < ROWS * OUT; k++) data->targets[k / OUT][k % OUT] = (int16_t)targets[k];
}

#include "harness.h"
