/** Helpers on signed 128-bit integers in two words, for values that need more than 63 bits. */
import type { Helper } from './helpers.js';

export const INT128_HELPERS: readonly Helper[] = [
  {
    name: 'wide',
    text: `/* A signed integer of 128 bits in two's complement: high * 2^64 + low. */
typedef struct {
    uint64_t low;
    uint64_t high;
} wide;`,
  },
  {
    name: 'wide_unsigned',
    text: `static wide wide_unsigned(uint64_t x)
{
    wide w;
    w.low = x;
    w.high = 0;
    return w;
}`,
  },
  {
    name: 'wide_of',
    text: `static wide wide_of(int64_t x)
{
    wide w;
    w.low = (uint64_t)x;
    w.high = x < 0 ? UINT64_MAX : 0;
    return w;
}`,
  },
  {
    name: 'wide_add',
    text: `static wide wide_add(wide a, wide b)
{
    wide w;
    w.low = a.low + b.low;
    w.high = a.high + b.high + (w.low < a.low ? 1U : 0U);
    return w;
}`,
  },
  {
    name: 'wide_subtract',
    text: `static wide wide_subtract(wide a, wide b)
{
    wide w;
    w.low = a.low - b.low;
    w.high = a.high - b.high - (a.low < b.low ? 1U : 0U);
    return w;
}`,
  },
  {
    name: 'wide_magnitude',
    text: `/* |x| */
static wide wide_magnitude(wide x)
{
    const wide zero = { 0, 0 };
    return x.high >> 63 != 0 ? wide_subtract(zero, x) : x;
}`,
  },
  {
    name: 'wide_left',
    text: `/* x * 2^n, 0 <= n <= 127 */
static wide wide_left(wide x, unsigned n)
{
    wide w = x;
    if (n >= 64) {
        w.high = x.low << (n - 64U);
        w.low = 0;
    } else if (n > 0) {
        w.high = (x.high << n) | (x.low >> (64U - n));
        w.low = x.low << n;
    }
    return w;
}`,
  },
  {
    name: 'wide_right',
    text: `/* floor(x / 2^n), 0 <= n <= 127 */
static wide wide_right(wide x, unsigned n)
{
    const uint64_t sign = x.high >> 63 != 0 ? UINT64_MAX : 0;
    wide w = x;
    if (n >= 64) {
        w.low = n == 64 ? x.high : (x.high >> (n - 64U)) | (sign << (128U - n));
        w.high = sign;
    } else if (n > 0) {
        w.low = (x.low >> n) | (x.high << (64U - n));
        w.high = (x.high >> n) | (sign << (64U - n));
    }
    return w;
}`,
  },
  {
    name: 'wide_low_bits',
    text: `/* the n low bits of x, 0 <= n <= 127 */
static wide wide_low_bits(wide x, unsigned n)
{
    wide w = x;
    if (n >= 64) {
        w.high &= (UINT64_C(1) << (n - 64U)) - 1U;
    } else {
        w.high = 0;
        w.low &= (UINT64_C(1) << n) - 1U;
    }
    return w;
}`,
  },
  {
    name: 'wide_compare',
    text: `/* -1, 0 or 1 as a < b, a = b or a > b */
static int wide_compare(wide a, wide b)
{
    const uint64_t top = UINT64_C(1) << 63;
    if (a.high != b.high) return (a.high ^ top) < (b.high ^ top) ? -1 : 1;
    if (a.low != b.low) return a.low < b.low ? -1 : 1;
    return 0;
}`,
  },
  {
    name: 'wide_multiply_unsigned',
    text: `/* a * b by four products of 32 bits */
static wide wide_multiply_unsigned(uint64_t a, uint64_t b)
{
    const uint64_t half = UINT64_C(0xffffffff);
    const uint64_t ll = (a & half) * (b & half);
    const uint64_t lh = (a & half) * (b >> 32);
    const uint64_t hl = (a >> 32) * (b & half);
    const uint64_t middle = (ll >> 32) + (lh & half) + (hl & half);
    wide w;
    w.low = (middle << 32) | (ll & half);
    w.high = (a >> 32) * (b >> 32) + (lh >> 32) + (hl >> 32) + (middle >> 32);
    return w;
}`,
  },
  {
    name: 'wide_multiply',
    text: `/* a * b */
static wide wide_multiply(int64_t a, int64_t b)
{
    wide w = wide_multiply_unsigned((uint64_t)a, (uint64_t)b);
    if (a < 0) w.high -= (uint64_t)b;
    if (b < 0) w.high -= (uint64_t)a;
    return w;
}`,
  },
  {
    name: 'wide_scale',
    text: `/* x * m */
static wide wide_scale(wide x, uint64_t m)
{
    wide w = wide_multiply_unsigned(x.low, m);
    w.high += x.high * m;
    return w;
}`,
  },
  {
    name: 'wide_divide',
    text: `/* floor(n / d) and what is left, n >= 0, d > 0: shift and subtract, one bit a round */
static wide wide_divide(wide n, wide d, wide *rest)
{
    wide q = { 0, 0 };
    wide r = { 0, 0 };
    if ((n.high | d.high) == 0) {
        q.low = n.low / d.low;
        r.low = n.low % d.low;
    } else {
        for (unsigned bit = 0; bit < 128; bit++) {
            r = wide_left(r, 1);
            r.low |= n.high >> 63;
            n = wide_left(n, 1);
            q = wide_left(q, 1);
            if (r.high > d.high || (r.high == d.high && r.low >= d.low)) { /* unsigned: r may have 128 bits */
                r = wide_subtract(r, d);
                q.low |= 1U;
            }
        }
    }
    *rest = r;
    return q;
}`,
  },
  {
    name: 'wide_floor_divide',
    text: `/* floor(n / d) and what is left, n of either sign, d > 0 */
static wide wide_floor_divide(wide n, wide d, wide *rest)
{
    const wide zero = { 0, 0 };
    const wide one = { 1, 0 };
    wide q;
    if (n.high >> 63 == 0) return wide_divide(n, d, rest);
    q = wide_divide(wide_subtract(zero, n), d, rest);
    if ((rest->low | rest->high) != 0) {
        q = wide_add(q, one);
        *rest = wide_subtract(d, *rest);
    }
    return wide_subtract(zero, q);
}`,
  },
  {
    name: 'wide_fraction',
    text: `/* floor(2^64 * rest / d), 0 <= rest < d */
static uint64_t wide_fraction(wide rest, wide d)
{
    uint64_t f = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        const wide lack = wide_subtract(d, rest);
        f <<= 1;
        if (wide_compare(rest, lack) >= 0) {
            rest = wide_subtract(rest, lack);
            f |= 1U;
        } else {
            rest = wide_left(rest, 1);
        }
    }
    return f;
}`,
  },
  {
    name: 'wide_floor_log2',
    text: `/* floor(log2 x), x > 0 */
static unsigned wide_floor_log2(wide x)
{
    return x.high != 0 ? 64U + floor_log2(x.high) : floor_log2(x.low);
}`,
  },
  {
    name: 'wide_ceil_log2',
    text: `/* ceil(log2 x), x > 0 */
static unsigned wide_ceil_log2(wide x)
{
    const unsigned n = wide_floor_log2(x);
    const wide below = wide_low_bits(x, n);
    return n + ((below.low | below.high) != 0 ? 1U : 0U);
}`,
  },
  {
    name: 'wide_root',
    text: `/* floor(sqrt(x)), x >= 0, two bits a round */
static uint64_t wide_root(wide x)
{
    uint64_t r = 0;
    wide rest = { 0, 0 };
    for (unsigned round = 0; round < 64; round++) {
        wide next;
        rest = wide_left(rest, 2);
        rest.low |= x.high >> 62;
        x = wide_left(x, 2);
        next.low = (r << 2) | 1U; /* 4 * r + 1 */
        next.high = r >> 62;
        r <<= 1;
        if (wide_compare(rest, next) >= 0) {
            rest = wide_subtract(rest, next);
            r |= 1U;
        }
    }
    return r;
}`,
  },
];
