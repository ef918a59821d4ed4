/* SPDX-License-Identifier: Apache-2.0 */
/* Products of more than 32 bits. */
#ifndef KWS_PRODUCT_H
#define KWS_PRODUCT_H

#include <stdint.h>

/* a * b for a b below 2^16, by products of 32 bits. */
static inline uint64_t kws_product_by_halves(uint32_t a, uint32_t b)
{
    return ((uint64_t)((a >> 16) * b) << 16) + (a & 0xFFFFu) * b;
}

/* The same, as the processor does it best: the Cortex-M0+ has no product of 64 bits, and calls a function for it. */
static inline uint64_t kws_product(uint32_t a, uint32_t b)
{
#if defined(__ARM_ARCH_6M__)
    return kws_product_by_halves(a, b);
#else
    return (uint64_t)a * b;
#endif
}

#endif
