/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_square_root.h"

#include "kws_bits.h"

/* The root of n, 2^30 <= n < 2^32: less than 1 below it, at most 1/16 above (tried for every n), and at most 0xFFFF.
 *
 * A straight line is within 3.3 % of the root over these two octaves; Newton's step squares that and halves it, twice.
 */
static uint32_t normalised_root(uint32_t n)
{
    uint32_t root = (n >> 17) + (n >> 19) + 23500u;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    return root < 0xFFFFu ? root : 0xFFFFu;
}

/* The nearest whole number to sqrt(value), from one that is at most 1 off: (root - 1/2)^2 < value < (root + 1/2)^2. */
static uint32_t square_root32(uint32_t value)
{
    if (value == 0) {
        return 0;
    }
    const int shift = (32 - kws_bit_length32(value)) & ~1;
    const uint32_t root = normalised_root(value << shift) >> (shift / 2);
    const int32_t rest = (int32_t)(value - root * root);
    if (rest > (int32_t)root) {
        return root < 0xFFFFu ? root + 1 : root;
    }
    return rest <= -(int32_t)root ? root - 1 : root;
}

/* n / 2^17 / divisor, the divisor of 16 bits: in two steps of 16 bits, as by hand. */
static uint32_t divided(uint32_t high, uint32_t low, uint32_t divisor)
{
    const uint32_t first = (high >> 1) / divisor;
    const uint32_t rest = (high >> 1) - first * divisor;
    const uint32_t second = (rest << 16 | ((high & 1u) << 15 | low >> 17)) / divisor;
    return (first << 16) + second;
}

/* As square_root32, for values of more bits: a third step of Newton's, from the root of the upper word. */
static uint32_t square_root64(uint32_t high, uint32_t low)
{
    const int shift = (32 - kws_bit_length32(high)) & ~1;
    const uint32_t n_high = high << shift | low >> 1 >> (31 - shift);
    const uint32_t n_low = low << shift;
    const uint32_t upper = normalised_root(n_high);
    const uint32_t normalised = (upper << 15) + divided(n_high, n_low, upper);
    const uint32_t root = (normalised >> 31 == 0 ? UINT32_MAX : normalised) >> (shift / 2); /* 2^32 wraps to 0 */
    const uint64_t value = (uint64_t)high << 32 | low;
    const int64_t rest = (int64_t)(value - (uint64_t)root * root);
    if (rest > (int64_t)root) {
        return root < UINT32_MAX ? root + 1 : root;
    }
    return rest <= -(int64_t)root ? root - 1 : root;
}

uint32_t kws_square_root(uint64_t value)
{
    const uint32_t high = (uint32_t)(value >> 32);
    return high == 0 ? square_root32((uint32_t)value) : square_root64(high, (uint32_t)value);
}
