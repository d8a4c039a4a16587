// Quantises exact dyadic values with SystemC's sc_fix (IEEE 1666), formats chosen at run time.
//
// A line of the input:   s|u W F ROUNDING OVERFLOW n  first count fraction
// stands for the values (first + i)·2^-fraction, i = 0 … count-1, into a word of W bits with F fraction bits.
// Each gives nine bytes of output: the raw as a little-endian 64-bit word (two's complement, or unsigned), then 1 if SystemC's overflow flag is up.
#define SC_INCLUDE_FX
#include <systemc>

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>

using namespace sc_dt;

static const std::map<std::string, sc_q_mode> ROUNDING = {
    {"TRN", SC_TRN}, {"TRN_ZERO", SC_TRN_ZERO}, {"RND", SC_RND}, {"RND_ZERO", SC_RND_ZERO},
    {"RND_INF", SC_RND_INF}, {"RND_MIN_INF", SC_RND_MIN_INF}, {"RND_CONV", SC_RND_CONV},
};
static const std::map<std::string, sc_o_mode> OVERFLOW_MODE = {
    {"SAT", SC_SAT}, {"SAT_ZERO", SC_SAT_ZERO}, {"SAT_SYM", SC_SAT_SYM}, {"WRAP", SC_WRAP}, {"WRAP_SM", SC_WRAP_SM},
};

static void put(const sc_fxnum& value, int wordLength, int fractionLength, bool isSigned) {
    uint64_t word = 0;
    for (int i = 0; i < wordLength; i++)
        if (value.get_bit(i - fractionLength)) word |= uint64_t(1) << i;
    if (isSigned && wordLength < 64 && value.is_neg()) word |= ~uint64_t(0) << wordLength;
    unsigned char bytes[9];
    for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(word >> (8 * i));
    bytes[8] = value.overflow_flag() ? 1 : 0;
    std::fwrite(bytes, 1, sizeof bytes, stdout);
}

struct Line {
    int w, f, n, fraction;
    sc_q_mode rounding;
    sc_o_mode overflow;
    std::string first;
    long count;
};

template <class Fix>
static bool answer(const Line& line, bool isSigned) {
    Fix wanted(line.w, line.w - line.f, line.rounding, line.overflow, line.n);
    // four bits hold a decimal digit; some more for the sign and the carry of counting up
    sc_signed raw(int(4 * line.first.size() + 18));
    raw = line.first.c_str();
    for (long i = 0; i < line.count; i++) {
        sc_fxval value(raw);
        value = line.fraction >= 0 ? value >> line.fraction : value << -line.fraction;
        if (value.rounding_flag()) return false;
        wanted = value;
        put(wanted, line.w, line.f, isSigned);
        raw += 1;
    }
    return true;
}

int sc_main(int, char**) {
    std::ios::sync_with_stdio(false);
    std::string sign, rounding, overflow;
    Line line;
    while (std::cin >> sign >> line.w >> line.f >> rounding >> overflow >> line.n >> line.first >> line.count >> line.fraction) {
        line.rounding = ROUNDING.at(rounding);
        line.overflow = OVERFLOW_MODE.at(overflow);
        if (!(sign == "s" ? answer<sc_fix>(line, true) : answer<sc_ufix>(line, false))) {
            std::fprintf(stderr, "SystemC rounded the value itself: %s\n", line.first.c_str());
            return 1;
        }
    }
    return std::cin.eof() ? 0 : 1;
}
