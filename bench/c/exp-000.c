/*
 * exp-000, 4 -> 2 linear, B = 32, ENABOL MID precision map, RND, SAT; sums quantised after each product, gradient sums once at the end.
 * The batch is the vector: each channel of a batch lies together, which is how the input is laid out before the clock starts.
 * Usage: exp-000 FILE REPETITIONS
 */
#include "site.h"

enum { IN = 4, OUT = 2, B = 32, LOG_B = 5, ROWS = 4096, BATCHES = ROWS / B, PARAMETERS = IN * OUT };
/* Word lengths and fraction lengths. */
enum { W_SIGNAL = 12, F_INPUT = 8, F_WEIGHT = 8, F_OUTPUT = 7 };
enum { F_SUM = 14, F_GRADIENT_SUM = 14, W_GRADIENT = 16, F_GRADIENT = 10, W_UPDATE = 16, F_UPDATE = 12, F_LOSS = 12, F_RATE = 15 };
/* Learning rate 0.05 and, with no throttle, the rate of every step, in ufix16_En15. */
enum { RATE = 1638 };

typedef struct {
  int16_t weights[PARAMETERS], gradients[PARAMETERS], updates[PARAMETERS];
  site accumulator, activation, error, loss, gradient_accumulator, gradient, update, weight, rate;
} learner;

/* Nearest, half towards +infinity. */
static inline int32_t shift_round(int32_t x, int n) { return (x + (1 << (n - 1))) >> n; }

static __attribute__((noinline)) void run(learner *restrict l, const int16_t (*restrict inputs)[IN][B], const int16_t (*restrict targets)[OUT][B],
                                          row *restrict rows, int steps) {
  int32_t w[PARAMETERS];
  int32_t sum_min = INT32_MAX, sum_max = INT32_MIN, output_min = INT32_MAX, output_max = INT32_MIN, error_min = INT32_MAX, error_max = INT32_MIN;
  int32_t loss_min = INT32_MAX, loss_max = INT32_MIN, gsum_min = INT32_MAX, gsum_max = INT32_MIN, g_min = INT32_MAX, g_max = INT32_MIN;
  int32_t u_min = INT32_MAX, u_max = INT32_MIN, w_min = INT32_MAX, w_max = INT32_MIN;
  int64_t sum_underflow = 0, output_underflow = 0, loss_underflow = 0, gsum_underflow = 0, g_underflow = 0, u_underflow = 0, w_underflow = 0;
  for (int k = 0; k < PARAMETERS; k++) w[k] = l->weights[k];
  for (int t = 0; t < steps; t++) {
    const int16_t(*x)[B] = inputs[t % BATCHES], (*y)[B] = targets[t % BATCHES];
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

        /* A rate of 0.05 leaves an update far from its rails. */
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
    rows[t] = (row){loss, (wanted && !moved ? STALLED : 0) | (wanted && !updated ? ZERO_UPDATE : 0)};
  }
  for (int k = 0; k < PARAMETERS; k++) l->weights[k] = (int16_t)w[k];
  site_range(&l->accumulator, sum_min, sum_max);
  site_range(&l->activation, output_min, output_max);
  site_range(&l->error, error_min, error_max);
  site_range(&l->loss, loss_min, loss_max);
  site_range(&l->gradient_accumulator, gsum_min, gsum_max);
  site_range(&l->gradient, g_min, g_max);
  site_range(&l->update, u_min, u_max);
  site_range(&l->weight, w_min, w_max);
  site_range(&l->rate, RATE, RATE);
  l->accumulator.underflow = sum_underflow;
  l->activation.underflow = output_underflow;
  l->loss.underflow = loss_underflow;
  l->gradient_accumulator.underflow = gsum_underflow;
  l->gradient.underflow = g_underflow;
  l->update.underflow = u_underflow;
  l->weight.underflow = w_underflow;
  const int64_t n = steps;
  l->loss.count = l->rate.count = n;
  l->gradient_accumulator.count = l->gradient.count = l->update.count = l->weight.count = n * PARAMETERS;
  l->activation.count = l->error.count = n * OUT * B;
  l->accumulator.count = n * OUT * B * IN;
}

int main(int argc, char **argv) {
  FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
  if (!file) return fputs("usage: exp-000 FILE REPETITIONS\n", stderr), 2;
  const int repetitions = atoi(argv[2]);
  int32_t steps, initial[PARAMETERS];
  read_words(file, &steps, 1);
  read_words(file, initial, PARAMETERS);
  int32_t *words = allocate(ROWS * IN * sizeof *words);
  int16_t(*inputs)[IN][B] = allocate(BATCHES * sizeof *inputs), (*targets)[OUT][B] = allocate(BATCHES * sizeof *targets);
  read_words(file, words, ROWS * IN);
  for (int r = 0; r < ROWS; r++) for (int i = 0; i < IN; i++) inputs[r / B][i][r % B] = (int16_t)words[r * IN + i];
  read_words(file, words, ROWS * OUT);
  for (int r = 0; r < ROWS; r++) for (int o = 0; o < OUT; o++) targets[r / B][o][r % B] = (int16_t)words[r * OUT + o];
  fclose(file);

  row *rows = allocate(steps * sizeof *rows);
  int64_t *times = allocate(repetitions * sizeof *times);
  learner l;
  /* The first run warms up and is not reported. */
  for (int r = -1; r < repetitions; r++) {
    l = (learner){0};
    for (int k = 0; k < PARAMETERS; k++) l.weights[k] = (int16_t)initial[k];
    l.accumulator = l.activation = l.error = l.loss = l.gradient_accumulator = l.gradient = l.update = l.weight = l.rate = site_empty();
    const int64_t start = nanoseconds();
    run(&l, inputs, targets, rows, steps);
    if (r >= 0) times[r] = nanoseconds() - start;
  }

  print_times(times, repetitions);
  print_words("weights", l.weights, PARAMETERS);
  print_words("gradients", l.gradients, PARAMETERS);
  print_words("updates", l.updates, PARAMETERS);
  printf("\"lastLoss\": \"%" PRId64 "\",\n\"rows\": %" PRIu32 ",\n\"sites\": {\n", rows[steps - 1].loss, hash_rows(rows, steps));
  print_site("layer0.accumulator", &l.accumulator, 0);
  print_site("layer0.activation", &l.activation, 0);
  print_site("layer0.error", &l.error, 0);
  print_site("layer0.gradientAccumulator", &l.gradient_accumulator, 0);
  print_site("layer0.gradient", &l.gradient, 0);
  print_site("layer0.update", &l.update, 0);
  print_site("layer0.weight", &l.weight, 0);
  print_site("loss", &l.loss, 0);
  print_site("rate", &l.rate, 1);
  printf("}}\n");
  return 0;
}
