/** Helpers on 64-bit integers that shift nothing negative and rely on no conversion that C leaves open. */
import type { Helper } from './helpers.js';

export const INT64_HELPERS: readonly Helper[] = [
  {
    name: 'floor_shift',
    text: `/* floor(x / 2^n), 0 <= n <= 62 */
static int64_t floor_shift(int64_t x, unsigned n)
{
    return x < 0 ? ~(~x >> n) : x >> n;
}`,
  },
  {
    name: 'signed_of',
    text: `/* the number whose two's complement these bits are */
static int64_t signed_of(uint64_t bits)
{
    return bits <= (uint64_t)INT64_MAX ? (int64_t)bits : -1 - (int64_t)~bits;
}`,
  },
  {
    name: 'floor_log2',
    text: `/* floor(log2 x), x > 0 */
static unsigned floor_log2(uint64_t x)
{
    unsigned n = 0;
    while ((x >>= 1) != 0) n++;
    return n;
}`,
  },
  {
    name: 'ceil_log2',
    text: `/* ceil(log2 x), x > 0 */
static unsigned ceil_log2(uint64_t x)
{
    return floor_log2(x) + ((x & (x - 1U)) != 0 ? 1U : 0U);
}`,
  },
  {
    name: 'root',
    text: `/* floor(sqrt(x)), two bits a round */
static uint64_t root(uint64_t x)
{
    uint64_t r = 0;
    uint64_t one = UINT64_C(1) << 62;
    while (one > x) one >>= 2;
    for (; one != 0; one >>= 2) {
        if (x >= r + one) {
            x -= r + one;
            r = (r >> 1) + one;
        } else {
            r >>= 1;
        }
    }
    return r;
}`,
  },
  {
    name: 'fraction',
    text: `/* floor(2^64 * rest / d), rest < d < 2^63 */
static uint64_t fraction(uint64_t rest, uint64_t d)
{
    uint64_t f = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        rest <<= 1;
        f <<= 1;
        if (rest >= d) {
            rest -= d;
            f |= 1U;
        }
    }
    return f;
}`,
  },
];
