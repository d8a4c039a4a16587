/*
 * Real Arm instructions for test/oracles/arm.test.ts, run by qemu-arm. Standard input and output are 64-bit words, little-endian.
 *
 *   arm step <target>       learning steps of a linear layer in the instructions the target's profile names at its sites. Reads outputs, inputs,
 *                           log2 of the batch, rate, then weights, inputs and targets; prints accumulators, for each how many instructions of its
 *                           sum set the Q flag, activations, errors, gradient sums, gradients, updates, weights, then how often Q rose at
 *                           activation, error, gradient, update and weight. Again until the input ends
 *   arm one <instruction>   reads pairs of operands; prints the result of each and the Q flag
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each of these is one instruction. */
#define ONE(name, text) static inline int32_t name(int32_t a) { int32_t d; __asm__ volatile(text : "=r"(d) : "r"(a)); return d; }
#define TWO(op) static inline int32_t op(int32_t a, int32_t b) { int32_t d; __asm__ volatile(#op " %0, %1, %2" : "=r"(d) : "r"(a), "r"(b)); return d; }
#define THREE(op) static inline int32_t op(int32_t a, int32_t b, int32_t c) { \
  int32_t d; __asm__ volatile(#op " %0, %1, %2, %3" : "=r"(d) : "r"(a), "r"(b), "r"(c)); return d; }
#define LONG(op) static inline int64_t op(int64_t sum, int32_t a, int32_t b) { \
  uint32_t low = (uint32_t)sum, high = (uint32_t)((uint64_t)sum >> 32); \
  __asm__ volatile(#op " %0, %1, %2, %3" : "+r"(low), "+r"(high) : "r"(a), "r"(b)); \
  return (int64_t)((uint64_t)high << 32 | low); }

ONE(ssat_16, "ssat %0, #16, %1")
ONE(ssat_16_asr_15, "ssat %0, #16, %1, asr #15")
ONE(usat_16, "usat %0, #16, %1")
TWO(sub) TWO(mul) TWO(qadd) TWO(qsub) TWO(qdsub) TWO(qadd16) TWO(qsub16) TWO(ssub16) TWO(smmul) TWO(smmulr)
THREE(smlad) THREE(smlabb) THREE(smmla) THREE(smmlar)
LONG(smlal) LONG(smlald) LONG(smlalbb)

/** The sticky flag Q, which is then cleared. */
static int q(void) {
  uint32_t apsr;
  __asm__ volatile("mrs %0, apsr\n\tmsr apsr_nzcvq, %1" : "=&r"(apsr) : "r"(0) : "cc");
  return (int)(apsr >> 27 & 1);
}

static inline int32_t pack(int32_t low, int32_t high) { return (int32_t)((uint32_t)high << 16 | (uint16_t)low); }
static inline int32_t clip32(int64_t x) { return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x; }

/* Sums of products a[i]·b[i]; `flags` counts the instructions that set Q. */
typedef int64_t Sum(const int32_t *a, const int32_t *b, int n, int64_t *flags);

static int64_t sum_smlald(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int64_t sum = 0;
  for (int i = 0; i < n; i += 2, *flags += q()) sum = i + 1 < n ? smlald(sum, pack(a[i], a[i + 1]), pack(b[i], b[i + 1])) : smlalbb(sum, a[i], b[i]);
  return sum;
}

static int64_t sum_smlad(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int32_t sum = 0;
  for (int i = 0; i < n; i += 2, *flags += q()) sum = i + 1 < n ? smlad(pack(a[i], a[i + 1]), pack(b[i], b[i + 1]), sum) : smlabb(a[i], b[i], sum);
  return sum;
}

static int64_t sum_smlal(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int64_t sum = 0;
  for (int i = 0; i < n; i++, *flags += q()) sum = smlal(sum, a[i], b[i]);
  return sum;
}

static int64_t sum_smmlar(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int32_t sum = 0;
  for (int i = 0; i < n; i++, *flags += q()) sum = smmlar(a[i], b[i], sum);
  return sum;
}

static int64_t sum_smmla(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int32_t sum = 0;
  for (int i = 0; i < n; i++, *flags += q()) sum = smmla(a[i], b[i], sum);
  return sum;
}

/** Rounded upper words, added in 64 bits. */
static int64_t sum_smmulr(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int64_t sum = 0;
  for (int i = 0; i < n; i++, *flags += q()) sum += smmulr(a[i], b[i]);
  return sum;
}

/** As CMSIS-DSP takes mu*e: q31_t of the q63_t product shifted right by 31, added in 64 bits. */
static int64_t sum_q31_products(const int32_t *a, const int32_t *b, int n, int64_t *flags) {
  int64_t sum = 0;
  for (int i = 0; i < n; i++, *flags += q()) sum += (int32_t)(smlal(0, a[i], b[i]) >> 31);
  return sum;
}

/* What becomes of a sum: shifted right, by `batch` bits more for the mean of 2^batch samples. */
static int32_t q15_of_64(int64_t sum, int batch) { return ssat_16((int32_t)(sum >> (15 + batch))); }
static int32_t q15_of_32(int64_t sum, int batch) { (void)batch; return ssat_16_asr_15((int32_t)sum); }
static int32_t q31_doubled(int64_t sum, int batch) { (void)batch; return qadd((int32_t)sum, (int32_t)sum); }
static int32_t q31_of_30_clipped(int64_t sum, int batch) { return clip32(batch == 0 ? sum * 2 : sum >> (batch - 1)); }
static int32_t q31_of_62_wrapped(int64_t sum, int batch) { (void)batch; return (int32_t)(sum >> 31); }
static int32_t q31_clipped(int64_t sum, int batch) { return clip32(sum >> batch); }

static int32_t sub_q15_stored(int32_t a, int32_t b) { return (int16_t)sub(a, b); }
static int32_t sub_ssat_16(int32_t a, int32_t b) { return ssat_16(sub(a, b)); }
static int32_t qsub16_low(int32_t a, int32_t b) { return (int16_t)qsub16(pack(a, 0), pack(b, 0)); }
static int32_t mul_ssat_16(int32_t a, int32_t b) { return ssat_16_asr_15(mul(a, b)); }
static int32_t mul_shifted(int32_t a, int32_t b) { return mul(a, b) >> 15; }
/** clip_q63_to_q31 of the coefficient and twice the upper word of the product. */
static int32_t sub_doubled_clipped(int32_t a, int32_t b) { return clip32((int64_t)a - (int64_t)b * 2); }

struct target {
  const char *name;
  Sum *accumulator;
  int32_t (*activation)(int64_t sum, int batch);
  int32_t (*error)(int32_t output, int32_t target);
  Sum *gradient_accumulator;
  int32_t (*gradient)(int64_t sum, int batch);
  int32_t (*update)(int32_t rate, int32_t gradient);
  int32_t (*weight)(int32_t weight, int32_t update);
};

static const struct target TARGETS[] = {
  {"cortex-m3-q15", sum_smlal, q15_of_64, sub_ssat_16, sum_smlal, q15_of_64, mul_ssat_16, sub_ssat_16},
  {"cortex-m4-q15", sum_smlald, q15_of_64, qsub16_low, sum_smlald, q15_of_64, mul_ssat_16, sub_ssat_16},
  {"cortex-m4-smlad", sum_smlad, q15_of_32, qsub16_low, sum_smlald, q15_of_64, mul_ssat_16, sub_ssat_16},
  {"cortex-m7-q31", sum_smmlar, q31_doubled, qsub, sum_smmulr, q31_of_30_clipped, smmulr, qdsub},
  {"cmsis-q15-lms", sum_smlald, q15_of_64, sub_q15_stored, sum_smlald, q15_of_64, mul_shifted, sub_ssat_16},
  {"cmsis-q31-lms", sum_smlal, q31_of_62_wrapped, sub, sum_q31_products, q31_clipped, smmul, sub_doubled_clipped},
  /* No profile: cortex-m7-q31 with the instruction that drops the lower word. */
  {"smmla", sum_smmla, q31_doubled, qsub, sum_smmulr, q31_of_30_clipped, smmulr, qdsub},
};

struct instruction {
  const char *name;
  int32_t (*one)(int32_t);
  int32_t (*two)(int32_t, int32_t);
};

static const struct instruction INSTRUCTIONS[] = {
  {"ssat", ssat_16, NULL}, {"usat", usat_16, NULL}, {"qadd", NULL, qadd}, {"qsub", NULL, qsub},
  {"qadd16", NULL, qadd16}, {"qsub16", NULL, qsub16}, {"ssub16", NULL, ssub16},
};

static int64_t word(void) {
  int64_t value;
  if (fread(&value, sizeof value, 1, stdin) != 1) exit(3);
  return value;
}

static void put(int64_t value) { fwrite(&value, sizeof value, 1, stdout); }

static int32_t *words(int count) {
  int32_t *all = malloc(sizeof *all * (size_t)count);
  if (!all) exit(4);
  for (int i = 0; i < count; i++) all[i] = (int32_t)word();
  return all;
}

static void put_all(const int32_t *all, int count) { for (int i = 0; i < count; i++) put(all[i]); }

static void step(const struct target *t, int outputs) {
  const int inputs = (int)word(), shift = (int)word(), batch = 1 << shift;
  const int32_t rate = (int32_t)word();
  const int answers = batch * outputs, weights = outputs * inputs;
  int32_t *w = words(weights), *x = words(batch * inputs), *y = words(answers);
  int32_t *out = calloc((size_t)answers, sizeof *out), *errors = calloc((size_t)answers, sizeof *errors);
  int32_t *gradients = calloc((size_t)weights, sizeof *gradients), *updates = calloc((size_t)weights, sizeof *updates);
  int32_t *column = calloc((size_t)batch * 2, sizeof *column);
  int64_t *sums = calloc((size_t)(answers + weights), sizeof *sums), *flags = calloc((size_t)answers, sizeof *flags);
  if (!out || !errors || !gradients || !updates || !column || !sums || !flags) exit(4);
  int64_t rose[5] = {0}, none = 0;

  for (int k = 0; k < answers; k++) {
    sums[k] = t->accumulator(w + k % outputs * inputs, x + k / outputs * inputs, inputs, &flags[k]);
    out[k] = t->activation(sums[k], 0);
    rose[0] += q();
    errors[k] = t->error(out[k], y[k]);
    rose[1] += q();
  }
  for (int k = 0; k < weights; k++) {
    for (int b = 0; b < batch; b++) {
      column[b] = errors[b * outputs + k / inputs];
      column[batch + b] = x[b * inputs + k % inputs];
    }
    sums[answers + k] = t->gradient_accumulator(column, column + batch, batch, &none);
    gradients[k] = t->gradient(sums[answers + k], shift);
    rose[2] += q();
    updates[k] = t->update(rate, gradients[k]);
    rose[3] += q();
    w[k] = t->weight(w[k], updates[k]);
    rose[4] += q();
  }

  for (int k = 0; k < answers; k++) put(sums[k]);
  for (int k = 0; k < answers; k++) put(flags[k]);
  put_all(out, answers);
  put_all(errors, answers);
  for (int k = 0; k < weights; k++) put(sums[answers + k]);
  put_all(gradients, weights);
  put_all(updates, weights);
  put_all(w, weights);
  for (int k = 0; k < 5; k++) put(rose[k]);
  free(w), free(x), free(y), free(out), free(errors), free(gradients), free(updates), free(column), free(sums), free(flags);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int64_t first;
  q();
  for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++) {
    if (strcmp(argv[1], "step") != 0 || strcmp(argv[2], TARGETS[i].name) != 0) continue;
    while (fread(&first, sizeof first, 1, stdin) == 1) step(&TARGETS[i], (int)first);
    return 0;
  }
  for (size_t i = 0; i < sizeof INSTRUCTIONS / sizeof *INSTRUCTIONS; i++) {
    if (strcmp(argv[1], "one") != 0 || strcmp(argv[2], INSTRUCTIONS[i].name) != 0) continue;
    while (fread(&first, sizeof first, 1, stdin) == 1) {
      const int32_t a = (int32_t)first, b = (int32_t)word();
      put(INSTRUCTIONS[i].one ? INSTRUCTIONS[i].one(a) : INSTRUCTIONS[i].two(a, b));
      put(q());
    }
    return 0;
  }
  return 2;
}
