/*
 * Saturating _Fract arithmetic of ISO/IEC TR 18037 on raw integers.
 *
 * A line of the input, `TYPE OP a b`, gives one line with the raw of `a OP b` in that type; OP is add, sub, mul or div.
 * `TYPE convert FROM a` gives the raw of a, a raw of type FROM, converted to TYPE.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef _Sat short _Fract q7;
typedef _Sat _Fract q15;
typedef _Sat long _Fract q31;
typedef _Sat unsigned short _Fract uq8;
typedef _Sat unsigned _Fract uq16;
typedef _Sat unsigned long _Fract uq32;
typedef _Sat short _Accum a7;
typedef _Sat _Accum a15;
typedef _Sat long _Accum a31;

#define OPERATIONS(TYPE, RAW)                                                                        \
    static TYPE TYPE##_of(int64_t raw) {                                                             \
        RAW bits = (RAW)raw;                                                                         \
        TYPE value;                                                                                  \
        _Static_assert(sizeof value == sizeof bits, #TYPE " has another size");                      \
        memcpy(&value, &bits, sizeof value);                                                         \
        return value;                                                                                \
    }                                                                                                \
    static int64_t TYPE##_raw(TYPE value) {                                                          \
        RAW bits;                                                                                    \
        memcpy(&bits, &value, sizeof bits);                                                          \
        return bits;                                                                                 \
    }                                                                                                \
    static int64_t TYPE##_calculate(const char *op, TYPE a, TYPE b) {                                \
        return TYPE##_raw(op[0] == 'a' ? a + b : op[0] == 's' ? a - b : op[0] == 'm' ? a * b : a / b); \
    }

OPERATIONS(q7, int8_t)
OPERATIONS(q15, int16_t)
OPERATIONS(q31, int32_t)
OPERATIONS(uq8, uint8_t)
OPERATIONS(uq16, uint16_t)
OPERATIONS(uq32, uint32_t)
OPERATIONS(a7, int16_t)
OPERATIONS(a15, int32_t)
OPERATIONS(a31, int64_t)

#define EACH(X) X(q7) X(q15) X(q31) X(uq8) X(uq16) X(uq32) X(a7) X(a15) X(a31)

#define CONVERT(FROM) if (strcmp(from, #FROM) == 0) return INTO(FROM##_of(raw));
#define CONVERTER(TYPE)                                          \
    static int64_t TYPE##_from(const char *from, int64_t raw) {  \
        EACH(CONVERT)                                            \
        return 0;                                                \
    }
#define INTO(value) q7_raw((q7)(value))
CONVERTER(q7)
#undef INTO
#define INTO(value) q15_raw((q15)(value))
CONVERTER(q15)
#undef INTO
#define INTO(value) q31_raw((q31)(value))
CONVERTER(q31)
#undef INTO
#define INTO(value) uq8_raw((uq8)(value))
CONVERTER(uq8)
#undef INTO
#define INTO(value) uq16_raw((uq16)(value))
CONVERTER(uq16)
#undef INTO
#define INTO(value) uq32_raw((uq32)(value))
CONVERTER(uq32)
#undef INTO
#define INTO(value) a7_raw((a7)(value))
CONVERTER(a7)
#undef INTO
#define INTO(value) a15_raw((a15)(value))
CONVERTER(a15)
#undef INTO
#define INTO(value) a31_raw((a31)(value))
CONVERTER(a31)

int main(void) {
    char type[16], op[16], a[32];
    int64_t b;
    while (scanf("%15s %15s %31s %" SCNd64, type, op, a, &b) == 4) {
        int64_t first = 0, result = 0;
        const int converts = strcmp(op, "convert") == 0;
        if (!converts && sscanf(a, "%" SCNd64, &first) != 1) return 1;
#define ANSWER(TYPE) if (strcmp(type, #TYPE) == 0) result = converts ? TYPE##_from(a, b) : TYPE##_calculate(op, TYPE##_of(first), TYPE##_of(b));
        EACH(ANSWER)
        printf("%" PRId64 "\n", result);
    }
    return feof(stdin) ? 0 : 1;
}
