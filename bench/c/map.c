/*
 * A cell of the EXP-001 map: 4 -> 2 linear, full batch of 1000 rows, ENABOL WIDE precision map, RND, SAT; sums quantised after each product,
 * gradient sums once at the end, the batch mean an exact quotient. The learning rate is the run's. Each channel lies together and is the vector.
 */
#include "site.h"

enum { IN = 4, OUT = 2, B = ROWS, INPUTS = IN, OUTPUTS = OUT, PARAMETERS = IN * OUT };
/* Word lengths and fraction lengths. */
enum { W_SIGNAL = 16, F_INPUT = 8, F_WEIGHT = 10, F_OUTPUT = 8, F_SUM = 14, F_GRADIENT_SUM = 14 };
enum { W_GRADIENT = 20, F_GRADIENT = 12, W_UPDATE = 20, F_UPDATE = 14, F_LOSS = 16, F_RATE = 15 };
/* Inputs are those of [0, 1) times a gain of at most 4: raws of 10 bits, which `lay_out` makes sure of. */
enum { LARGEST_INPUT = 1 << (F_INPUT + 2) };
/* So many products of an error and an input fit an int32, and a batch is a multiple of it. */
enum { BLOCK = 40 };
_Static_assert(ROWS % BLOCK == 0, "a batch is a whole number of blocks");

/* Words of 20 bits; the learning rate is the run's: every one of ufix16_En15 will do. */
#define WORD int32_t
#define RATE_OF_RUN
enum { MOST_RATE = UINT16_MAX };
#include "linear.h"

typedef struct {
  int16_t inputs[IN][B], targets[OUT][B];
} set;

/* Quotient by a positive divisor, nearest, half towards +infinity. */
static inline int64_t divide_round(int64_t x, int64_t divisor) {
  const int64_t n = 2 * x + divisor, d = 2 * divisor, q = n / d;
  return q - (n % d < 0);
}

static __attribute__((noinline)) void run(learner *restrict l, const set *restrict data, row *restrict rows, int first, int steps) {
  int32_t sum_min = INT32_MAX, sum_max = INT32_MIN, output_min = INT32_MAX, output_max = INT32_MIN, error_min = INT32_MAX, error_max = INT32_MIN;
  int32_t g_min = INT32_MAX, g_max = INT32_MIN, u_min = INT32_MAX, u_max = INT32_MIN, w_min = INT32_MAX, w_max = INT32_MIN;
  int64_t loss_min = INT64_MAX, loss_max = INT64_MIN, gsum_min = INT64_MAX, gsum_max = INT64_MIN;
  int64_t sum_underflow = 0, output_underflow = 0, loss_underflow = 0, gsum_underflow = 0, g_underflow = 0, u_underflow = 0, w_underflow = 0;
  int32_t w[PARAMETERS];
  for (int k = 0; k < PARAMETERS; k++) w[k] = l->weights[k];
  for (int t = first; t < first + steps; t++) {
    int32_t output[OUT][B], difference[OUT][B], edge = 0, sum_zero = 0, output_zero = 0;
    int16_t errors[OUT][B];
    int64_t squares = 0;
    for (int o = 0; o < OUT; o++) {
      for (int b = 0; b < B; b++) {
        /* Four products of 16 by 11 bits in a sum of 28 with 14 fraction bits: never near its rail. */
        int32_t s = 0;
        for (int i = 0; i < IN; i++) {
          const int32_t exact = s * (1 << (F_WEIGHT + F_INPUT - F_SUM)) + w[o * IN + i] * data->inputs[i][b];
          s = shift_round(exact, F_WEIGHT + F_INPUT - F_SUM);
          sum_zero += (s == 0) & (exact != 0);
          sum_min = min32(sum_min, s);
          sum_max = max32(sum_max, s);
        }
        const int32_t wide = shift_round(s, F_SUM - F_OUTPUT), z = saturate(wide, W_SIGNAL);
        output[o][b] = wide;
        edge |= at_edge(wide, W_SIGNAL);
        output_zero += (z == 0) & (s != 0);
        output_min = min32(output_min, z);
        output_max = max32(output_max, z);

        /* Output, target and error share a format: nothing is rounded, so nothing underflows. */
        difference[o][b] = z - data->targets[o][b];
        edge |= at_edge(difference[o][b], W_SIGNAL);
        const int32_t e = saturate(difference[o][b], W_SIGNAL);
        error_min = min32(error_min, e);
        error_max = max32(error_max, e);
        errors[o][b] = (int16_t)e;
      }
      for (int b = 0; b < B; b++) squares += errors[o][b] * errors[o][b];
    }
    sum_underflow += sum_zero;
    output_underflow += output_zero;
    if (edge) {
      for (int b = 0; b < B; b++) {
        for (int o = 0; o < OUT; o++) {
          if (at_edge(output[o][b], W_SIGNAL)) rare(&l->activation, output[o][b], W_SIGNAL, t, b * OUT + o);
          if (at_edge(difference[o][b], W_SIGNAL)) rare(&l->error, difference[o][b], W_SIGNAL, t, b * OUT + o);
        }
      }
    }

    /* Σe² / 2B: at most 2^30 in a word of 32. */
    const int64_t loss = divide_round(squares, 2 * B);
    loss_underflow += (loss == 0) & (squares != 0);
    loss_min = min64(loss_min, loss);
    loss_max = max64(loss_max, loss);

    int32_t moved = 0, wanted = 0, updated = 0;
    for (int o = 0; o < OUT; o++) {
      for (int i = 0; i < IN; i++) {
        const int k = o * IN + i;
        int64_t exact = 0;
        for (int from = 0; from < B; from += BLOCK) {
          int32_t part = 0;
          for (int b = from; b < from + BLOCK; b++) part += errors[o][b] * data->inputs[i][b];
          exact += part;
        }
        /* 35 bits in a sum of 38: never near a rail. */
        const int64_t sum = shift_round64(exact, F_OUTPUT + F_INPUT - F_GRADIENT_SUM);
        gsum_underflow += (sum == 0) & (exact != 0);
        gsum_min = min64(gsum_min, sum);
        gsum_max = max64(gsum_max, sum);

        const int32_t mean = (int32_t)divide_round(sum, (int64_t)B << (F_GRADIENT_SUM - F_GRADIENT)), g = saturate(mean, W_GRADIENT);
        if (at_edge(mean, W_GRADIENT)) rare(&l->gradient, mean, W_GRADIENT, t, k);
        g_underflow += (g == 0) & (sum != 0);
        g_min = min32(g_min, g);
        g_max = max32(g_max, g);
        l->gradients[k] = g;

        const int64_t step = (int64_t)l->eta * g;
        const int32_t move = (int32_t)shift_round64(step, F_RATE + F_GRADIENT - F_UPDATE), u = saturate(move, W_UPDATE);
        if (at_edge(move, W_UPDATE)) rare(&l->update, move, W_UPDATE, t, k);
        u_underflow += (u == 0) & (step != 0);
        u_min = min32(u_min, u);
        u_max = max32(u_max, u);
        l->updates[k] = u;

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
  for (int k = 0; k < PARAMETERS; k++) l->weights[k] = w[k];
  const int64_t n = steps;
  site_add(&l->accumulator, n * OUT * B * IN, sum_min, sum_max, sum_underflow);
  site_add(&l->activation, n * OUT * B, output_min, output_max, output_underflow);
  site_add(&l->error, n * OUT * B, error_min, error_max, 0);
  site_add(&l->loss, n, loss_min, loss_max, loss_underflow);
  site_add(&l->gradient_accumulator, n * PARAMETERS, gsum_min, gsum_max, gsum_underflow);
  site_add(&l->gradient, n * PARAMETERS, g_min, g_max, g_underflow);
  site_add(&l->update, n * PARAMETERS, u_min, u_max, u_underflow);
  site_add(&l->weight, n * PARAMETERS, w_min, w_max, w_underflow);
  site_add(&l->rate, n, l->eta, l->eta, 0);
  if (l->eta >= NEAR(UINT16_MAX)) l->rate.near_rail += n;
}

static void lay_out(set *data, const int32_t *inputs, const int32_t *targets) {
  for (int b = 0; b < B; b++) {
    for (int i = 0; i < IN; i++) {
      if (inputs[b * IN + i] < 0 || inputs[b * IN + i] > LARGEST_INPUT) fail("an input is outside the range the sums were made for");
      data->inputs[i][b] = (int16_t)inputs[b * IN + i];
    }
    for (int o = 0; o < OUT; o++) data->targets[o][b] = (int16_t)targets[b * OUT + o];
  }
}

#include "harness.h"
