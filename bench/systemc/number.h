/*
 * The number types of a learner in SystemC. NUMBER is sc_fixed or sc_fixed_fast; each site's macro is its word length and integer bits, an unsigned one with
 * a bit for the sign; modes and sizes come from the plan, too, by the command line.
 */
#ifndef NUMBER_H
#define NUMBER_H

#define SC_INCLUDE_FX
#include <systemc>

#include "../c/report.h"

/* A variable of a site. */
template <int W, int I> using number = sc_dt::NUMBER<W, I, ROUNDING, OVERFLOW_MODE>;
/* Sums that are quantised only once: wide enough for any here. */
using exact = sc_dt::NUMBER<64, 32>;

/* The raw of a value of W bits, I of them integer bits, and back; exact in a double. */
template <int W, int I, class T> static int64_t raw_of(const T &value) { return (int64_t)ldexp(value.to_double(), W - I); }
template <int W, int I> static double real_of(int64_t raw) { return ldexp((double)raw, I - W); }

/* The library's own main would call it. */
int sc_main(int, char **) { return 0; }

#endif
