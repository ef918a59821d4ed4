/* SPDX-License-Identifier: Apache-2.0 */
/* Counting bits. */
#ifndef KWS_BITS_H
#define KWS_BITS_H

#include <stdint.h>

/* The number of bits that `value` needs: 0 for 0, 1 for 1, 3 for 4 to 7, 32 for 2^31 and above. */
static inline int kws_bit_length32(uint32_t value)
{
#if defined(__GNUC__)
    return value == 0 ? 0 : 32 - __builtin_clz(value);
#else
    int length = 0;
    while (value != 0) {
        value >>= 1;
        ++length;
    }
    return length;
#endif
}

/* The same for 64 bits. */
static inline int kws_bit_length64(uint64_t value)
{
    const uint32_t high = (uint32_t)(value >> 32);
    return high != 0 ? 32 + kws_bit_length32(high) : kws_bit_length32((uint32_t)value);
}

#endif
