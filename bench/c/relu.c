/*
 * 4-8-2 ReLU with biases, B = 16 or as LOG_B says, gt0 on the secant estimate; ENABOL MID precision map with weights of sfix16_En12, RND, SAT; sums quantised after each
 * product, gradient sums once at the end. The batch is the vector. Every controller quantity is proved to fit 64 bits.
 */
#include <math.h>
#include <string.h>
#include "site.h"

#ifndef LOG_B
#define LOG_B 4
#endif
enum { IN = 4, HIDDEN = 8, OUT = 2, B = 1 << LOG_B, BATCHES = ROWS / B, INPUTS = IN, OUTPUTS = OUT };
/* Parameters: weights of layer 0, its biases, weights of layer 1, its biases. */
enum { BIAS0 = IN * HIDDEN, LAYER1 = BIAS0 + HIDDEN, BIAS1 = LAYER1 + HIDDEN * OUT, PARAMETERS = BIAS1 + OUT };
/* Word lengths and fraction lengths. */
enum { W_SIGNAL = 12, F_INPUT = 8, F_OUTPUT = 7, W_WEIGHT = 16, F_WEIGHT = 12, W_SUM = 24, F_SUM = 14, F_GRADIENT_SUM = 14 };
enum { W_GRADIENT = 16, F_GRADIENT = 10, F_UPDATE = 12, F_LOSS = 12, F_RATE = 15, F_ALPHA = 15 };
enum { F_SQUARE = 32, F_NORM = 16, F_CURVATURE = 16, F_MEAN = 24, F_CHI = 14, F_RHO = 15 };
#define MOST_CURVATURE ((INT64_C(1) << 32) - 1)
#define MOST_MEAN ((INT64_C(1) << 40) - 1)
/* Raws of the learning rate 0.05, of χ = 0.25, ρ = 0.05, and of α: 1 and the floor. */
enum { ETA = 1638, CHI = 4096, RHO = 1638, ONE = 1 << F_ALPHA, FLOOR = 1 };

typedef struct {
  int16_t inputs[BATCHES][IN][B], targets[BATCHES][OUT][B];
} set;

#define CONTROLLED
typedef struct {
  int64_t loss, alpha, rate, curvature, curvature_mean;
  int32_t flags;
} row;

typedef struct {
  site accumulator, activation, error, gradient_accumulator, gradient, update, weight, bias;
} layer_sites;

typedef struct {
  int32_t theta[PARAMETERS], gradients[PARAMETERS], updates[PARAMETERS], last_theta[PARAMETERS], last_gradients[PARAMETERS];
  int64_t curvature, curvature_mean;
  int32_t history;
  layer_sites layers[2];
  site loss, rate, squared_norm, norm, curvature_site, mean_site, throttle;
} learner;

/* Range and underflow of the 32-bit values of a site, gathered in registers. */
typedef struct {
  int32_t min, max, underflow;
} tally;

#define TALLY ((tally){INT32_MAX, INT32_MIN, 0})

static inline void see(tally *of, int32_t raw) {
  of->min = min32(of->min, raw);
  of->max = max32(of->max, raw);
}

static inline void add_tally(site *s, int64_t count, tally t) { site_add(s, count, t.min, t.max, t.underflow); }

static inline void count_one(site *s, int64_t raw, int underflow) { site_add(s, 1, raw, raw, underflow); }

/* The running sum of layer 1 for one output of one sample, counted value by value where it comes near its rails. */
static __attribute__((noinline, cold)) void recount_sum(site *s, const int32_t *w, const int32_t (*hidden)[B], int bias, int b, int64_t step, int element) {
  int32_t sum = 0;
  for (int h = 0; h < HIDDEN; h++) {
    const int32_t wide = shift_round(sum * (1 << (F_WEIGHT + F_OUTPUT - F_SUM)) + w[h] * hidden[h][b], F_WEIGHT + F_OUTPUT - F_SUM);
    if (at_edge(wide, W_SUM)) rare(s, wide, W_SUM, step, element);
    sum = saturate(wide, W_SUM);
  }
  const int32_t wide = sum + bias * (1 << (F_SUM - F_WEIGHT));
  if (at_edge(wide, W_SUM)) rare(s, wide, W_SUM, step, element);
}

/* Quotient of what is not negative by a positive divisor, nearest, half upwards. */
static inline int64_t divide_round(int64_t x, int64_t divisor) { return (2 * x + divisor) / (2 * divisor); }

/* C and its mean from this step and the one before. */
static void estimate(learner *l, int64_t step) {
  int64_t theta = 0, gradient = 0;
  for (int k = 0; k < PARAMETERS; k++) {
    const int64_t d = l->theta[k] - l->last_theta[k], g = l->gradients[k] - l->last_gradients[k];
    theta += d * d;
    gradient += g * g;
  }
  /* Below 2^52, so a double's root is exact to its floor. */
  theta <<= F_SQUARE - 2 * F_WEIGHT;
  gradient <<= F_SQUARE - 2 * F_GRADIENT;
  count_one(&l->squared_norm, theta, 0);
  count_one(&l->squared_norm, gradient, 0);
  if (theta != 0) {
    const int64_t gradient_norm = (int64_t)sqrt((double)gradient), theta_norm = (int64_t)sqrt((double)theta);
    count_one(&l->norm, gradient_norm, 0);
    count_one(&l->norm, theta_norm, 0);
    const int64_t wanted = divide_round(gradient_norm << F_CURVATURE, theta_norm);
    if (wanted >= NEAR(MOST_CURVATURE)) rare_between(&l->curvature_site, wanted, 0, MOST_CURVATURE, step, 0);
    l->curvature = min64(wanted, MOST_CURVATURE);
    count_one(&l->curvature_site, l->curvature, l->curvature == 0 && gradient_norm != 0);
  }
  const int64_t mean = l->curvature_mean, x = (mean << F_RHO) + RHO * ((l->curvature << (F_MEAN - F_CURVATURE)) - mean);
  l->curvature_mean = shift_round64(x, F_RHO);
  if (l->curvature_mean >= NEAR(MOST_MEAN)) rare_between(&l->mean_site, l->curvature_mean, 0, MOST_MEAN, step, 0);
  count_one(&l->mean_site, l->curvature_mean, l->curvature_mean == 0 && x != 0);
}

/* α of this step. */
static int32_t throttle(learner *l, int64_t step) {
  int32_t alpha = ONE;
  if (l->history) {
    estimate(l, step);
    const int64_t star = max64(l->curvature << (F_MEAN - F_CURVATURE), l->curvature_mean), divisor = ETA * star;
    if ((int64_t)CHI << (F_RATE + F_MEAN - F_CHI) < divisor) {
      const int32_t wanted = (int32_t)divide_round((int64_t)CHI << (F_ALPHA + F_RATE + F_MEAN - F_CHI), divisor);
      count_one(&l->throttle, wanted, wanted == 0);
      alpha = min32(max32(wanted, FLOOR), ONE);
    }
  }
  memcpy(l->last_theta, l->theta, sizeof l->theta);
  memcpy(l->last_gradients, l->gradients, sizeof l->gradients);
  l->history = 1;
  return alpha;
}

static __attribute__((noinline)) void run(learner *restrict l, const set *restrict data, row *restrict rows, int first, int steps) {
  tally sums[2] = {TALLY, TALLY}, outputs[2] = {TALLY, TALLY}, errors_seen[2] = {TALLY, TALLY}, gradient_sums[2] = {TALLY, TALLY};
  tally gradients[2] = {TALLY, TALLY}, updates[2] = {TALLY, TALLY}, parameters[4] = {TALLY, TALLY, TALLY, TALLY}, losses = TALLY, rates = TALLY;
  static const int starts[5] = {0, BIAS0, LAYER1, BIAS1, PARAMETERS};
  for (int t = first; t < first + steps; t++) {
    const int16_t(*x)[B] = data->inputs[t % BATCHES], (*y)[B] = data->targets[t % BATCHES];
    const int32_t *w = l->theta;
    int32_t wide0[HIDDEN][B], wide1[OUT][B], difference[OUT][B], hidden[HIDDEN][B], back[HIDDEN][B], errors[OUT][B], deltas[HIDDEN][B];
    int32_t edge = 0, sum_edge = 0, squares = 0;
    for (int h = 0; h < HIDDEN; h++) {
      for (int b = 0; b < B; b++) {
        /* Four products of 16 by 12 bits and a bias reach little more than half of the 24-bit rail: this sum never comes near it. */
        int32_t s = 0;
        for (int i = 0; i < IN; i++) {
          const int32_t exact = s * (1 << (F_WEIGHT + F_INPUT - F_SUM)) + w[h * IN + i] * x[i][b];
          s = shift_round(exact, F_WEIGHT + F_INPUT - F_SUM);
          sums[0].underflow += (s == 0) & (exact != 0);
          see(&sums[0], s);
        }
        s += w[BIAS0 + h] * (1 << (F_SUM - F_WEIGHT));
        see(&sums[0], s);
        const int32_t wide = shift_round(s, F_SUM - F_OUTPUT), z = saturate(wide, W_SIGNAL);
        wide0[h][b] = wide;
        edge |= at_edge(wide, W_SIGNAL);
        outputs[0].underflow += (z == 0) & (s != 0);
        see(&outputs[0], z);
        hidden[h][b] = max32(z, 0);
      }
    }
    for (int o = 0; o < OUT; o++) {
      for (int b = 0; b < B; b++) {
        int32_t s = 0;
        for (int h = 0; h < HIDDEN; h++) {
          const int32_t exact = s * (1 << (F_WEIGHT + F_OUTPUT - F_SUM)) + w[LAYER1 + o * HIDDEN + h] * hidden[h][b];
          const int32_t rounded = shift_round(exact, F_WEIGHT + F_OUTPUT - F_SUM);
          sum_edge |= at_edge(rounded, W_SUM);
          s = saturate(rounded, W_SUM);
          sums[1].underflow += (s == 0) & (exact != 0);
          see(&sums[1], s);
        }
        const int32_t biased = s + w[BIAS1 + o] * (1 << (F_SUM - F_WEIGHT));
        sum_edge |= at_edge(biased, W_SUM);
        s = saturate(biased, W_SUM);
        see(&sums[1], s);
        const int32_t wide = shift_round(s, F_SUM - F_OUTPUT), z = saturate(wide, W_SIGNAL);
        wide1[o][b] = wide;
        edge |= at_edge(wide, W_SIGNAL);
        outputs[1].underflow += (z == 0) & (s != 0);
        see(&outputs[1], z);
        difference[o][b] = z - y[o][b];
        edge |= at_edge(difference[o][b], W_SIGNAL);
        const int32_t e = saturate(difference[o][b], W_SIGNAL);
        see(&errors_seen[1], e);
        errors[o][b] = e;
        squares += e * e;
      }
    }
    for (int h = 0; h < HIDDEN; h++) {
      for (int b = 0; b < B; b++) {
        int32_t exact = 0;
        for (int o = 0; o < OUT; o++) exact += w[LAYER1 + o * HIDDEN + h] * errors[o][b];
        const int32_t wide = shift_round(exact, F_WEIGHT), e = saturate(wide, W_SIGNAL);
        back[h][b] = wide;
        edge |= at_edge(wide, W_SIGNAL);
        errors_seen[0].underflow += (e == 0) & (exact != 0);
        see(&errors_seen[0], e);
        deltas[h][b] = hidden[h][b] ? e : 0;
      }
    }
    if (sum_edge) {
      for (int b = 0; b < B; b++) for (int o = 0; o < OUT; o++) recount_sum(&l->layers[1].accumulator, &w[LAYER1 + o * HIDDEN], hidden, w[BIAS1 + o], b, t, b * OUT + o);
    }
    if (edge) {
      for (int b = 0; b < B; b++) {
        for (int h = 0; h < HIDDEN; h++) {
          if (at_edge(wide0[h][b], W_SIGNAL)) rare(&l->layers[0].activation, wide0[h][b], W_SIGNAL, t, b * HIDDEN + h);
          if (at_edge(back[h][b], W_SIGNAL)) rare(&l->layers[0].error, back[h][b], W_SIGNAL, t, b * HIDDEN + h);
        }
        for (int o = 0; o < OUT; o++) {
          if (at_edge(wide1[o][b], W_SIGNAL)) rare(&l->layers[1].activation, wide1[o][b], W_SIGNAL, t, b * OUT + o);
          if (at_edge(difference[o][b], W_SIGNAL)) rare(&l->layers[1].error, difference[o][b], W_SIGNAL, t, b * OUT + o);
        }
      }
    }

    /* Σe² / 2B; 32 squares of 12 bits stay below the loss's rail. */
    const int32_t loss = shift_round(squares, 2 * F_OUTPUT + LOG_B + 1 - F_LOSS);
    losses.underflow += (loss == 0) & (squares != 0);
    see(&losses, loss);

    /* Sums over the batch, 27 bits in a word of 28: never near a rail. Those of layer 0's weights lose a bit, the others none. */
    int32_t total[PARAMETERS];
    for (int h = 0; h < HIDDEN; h++) {
      for (int i = 0; i < IN; i++) {
        int32_t exact = 0;
        for (int b = 0; b < B; b++) exact += deltas[h][b] * x[i][b];
        total[h * IN + i] = shift_round(exact, F_OUTPUT + F_INPUT - F_GRADIENT_SUM);
        gradient_sums[0].underflow += (total[h * IN + i] == 0) & (exact != 0);
      }
      int32_t exact = 0;
      for (int b = 0; b < B; b++) exact += deltas[h][b];
      total[BIAS0 + h] = exact * (1 << (F_GRADIENT_SUM - F_OUTPUT));
    }
    for (int o = 0; o < OUT; o++) {
      for (int h = 0; h < HIDDEN; h++) {
        int32_t exact = 0;
        for (int b = 0; b < B; b++) exact += errors[o][b] * hidden[h][b];
        total[LAYER1 + o * HIDDEN + h] = exact;
      }
      int32_t exact = 0;
      for (int b = 0; b < B; b++) exact += errors[o][b];
      total[BIAS1 + o] = exact * (1 << (F_GRADIENT_SUM - F_OUTPUT));
    }
    int32_t means[PARAMETERS];
    edge = 0;
    for (int layer = 0; layer < 2; layer++) {
      for (int k = starts[2 * layer]; k < starts[2 * layer + 2]; k++) {
        see(&gradient_sums[layer], total[k]);
        means[k] = shift_round(total[k], F_GRADIENT_SUM + LOG_B - F_GRADIENT);
        edge |= at_edge(means[k], W_GRADIENT);
        const int32_t g = saturate(means[k], W_GRADIENT);
        gradients[layer].underflow += (g == 0) & (total[k] != 0);
        see(&gradients[layer], g);
        l->gradients[k] = g;
      }
    }
    if (edge) {
      for (int k = 0; k < PARAMETERS; k++) {
        if (at_edge(means[k], W_GRADIENT)) rare(&l->layers[k >= LAYER1].gradient, means[k], W_GRADIENT, t, k < LAYER1 ? k : k - LAYER1);
      }
    }

    const int32_t alpha = throttle(l, t), rate = shift_round(alpha * ETA, F_ALPHA);
    rates.underflow += rate == 0;
    see(&rates, rate);

    int32_t next[PARAMETERS], moved = 0, wanted = 0, updated = 0;
    edge = 0;
    for (int part = 0; part < 4; part++) {
      for (int k = starts[part]; k < starts[part + 1]; k++) {
        /* A rate of at most 0.05 leaves an update far from its rails. */
        const int32_t step = rate * l->gradients[k], u = shift_round(step, F_RATE + F_GRADIENT - F_UPDATE);
        updates[part / 2].underflow += (u == 0) & (step != 0);
        see(&updates[part / 2], u);
        l->updates[k] = u;
        /* θ and u share a format: nothing is rounded. */
        next[k] = l->theta[k] - u;
        edge |= at_edge(next[k], W_WEIGHT);
        const int32_t v = saturate(next[k], W_WEIGHT);
        see(&parameters[part], v);
        moved |= v ^ l->theta[k];
        wanted |= l->gradients[k];
        updated |= u;
        l->theta[k] = v;
      }
    }
    if (edge) {
      for (int part = 0; part < 4; part++) {
        site *const s = part % 2 ? &l->layers[part / 2].bias : &l->layers[part / 2].weight;
        for (int k = starts[part]; k < starts[part + 1]; k++) if (at_edge(next[k], W_WEIGHT)) rare(s, next[k], W_WEIGHT, t, k - starts[part / 2 * 2]);
      }
    }
    const int32_t flags = THROTTLED | (wanted && !moved ? STALLED : 0) | (wanted && !updated ? ZERO_UPDATE : 0);
    rows[t - first] = (row){loss, alpha, rate, l->curvature, l->curvature_mean, flags};
  }
  const int64_t n = steps;
  add_tally(&l->loss, n, losses);
  add_tally(&l->rate, n, rates);
  for (int layer = 0; layer < 2; layer++) {
    layer_sites *const s = &l->layers[layer];
    const int64_t width = layer ? HIDDEN : IN, values = n * B * (layer ? OUT : HIDDEN), weights = starts[2 * layer + 1] - starts[2 * layer];
    const int64_t biases = starts[2 * layer + 2] - starts[2 * layer + 1];
    add_tally(&s->accumulator, values * (width + 1), sums[layer]);
    add_tally(&s->activation, values, outputs[layer]);
    add_tally(&s->error, values, errors_seen[layer]);
    add_tally(&s->gradient_accumulator, n * (weights + biases), gradient_sums[layer]);
    add_tally(&s->gradient, n * (weights + biases), gradients[layer]);
    add_tally(&s->update, n * (weights + biases), updates[layer]);
    add_tally(&s->weight, n * weights, parameters[2 * layer]);
    add_tally(&s->bias, n * biases, parameters[2 * layer + 1]);
  }
}

static void lay_out(set *data, const int32_t *inputs, const int32_t *targets) {
  for (int r = 0; r < ROWS; r++) {
    for (int i = 0; i < IN; i++) data->inputs[r / B][i][r % B] = (int16_t)inputs[r * IN + i];
    for (int o = 0; o < OUT; o++) data->targets[r / B][o][r % B] = (int16_t)targets[r * OUT + o];
  }
}

#include "report.h"

static void begin(learner *l, const int32_t *initial, int32_t eta) {
  if (eta != ETA) fail("the learning rate is not the one that was compiled in");
  *l = (learner){0};
  memcpy(l->theta, initial, sizeof l->theta);
  for (int layer = 0; layer < 2; layer++) {
    layer_sites *const s = &l->layers[layer];
    s->accumulator = s->activation = s->error = s->gradient_accumulator = s->gradient = s->update = s->weight = s->bias = site_empty();
  }
  l->loss = l->rate = l->squared_norm = l->norm = l->curvature_site = l->mean_site = l->throttle = site_empty();
}

#define LAYER_SITES(index, s)                                                                                                                        \
  {"layer" #index ".accumulator", &(s)->accumulator}, {"layer" #index ".activation", &(s)->activation}, {"layer" #index ".error", &(s)->error},      \
  {"layer" #index ".gradientAccumulator", &(s)->gradient_accumulator}, {"layer" #index ".gradient", &(s)->gradient},                                 \
  {"layer" #index ".update", &(s)->update}, {"layer" #index ".weight", &(s)->weight}, {"layer" #index ".bias", &(s)->bias}

static void print_learner(const learner *l) {
  print_words("weights", l->theta, PARAMETERS);
  print_words("gradients", l->gradients, PARAMETERS);
  print_words("updates", l->updates, PARAMETERS);
  print_sites(LAYER_SITES(0, &l->layers[0]), LAYER_SITES(1, &l->layers[1]), {"loss", &l->loss}, {"rate", &l->rate}, {"squaredNorm", &l->squared_norm},
              {"norm", &l->norm}, {"curvature", &l->curvature_site}, {"curvatureMean", &l->mean_site}, {"throttle", &l->throttle});
}

#include "harness.h"
