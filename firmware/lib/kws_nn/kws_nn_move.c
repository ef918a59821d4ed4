/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn.h"

/* Four words that move together: a library's memmove may go byte by byte. */
typedef struct {
    int32_t words[4];
} __attribute__((may_alias, packed)) block;

void kws_nn_move(int8_t *to, const int8_t *from, int32_t size)
{
    const int8_t *const end = from + size;
    for (; end - from >= (int32_t)sizeof(block); to += sizeof(block), from += sizeof(block)) {
        const block moved = *(const block *)from;
        *(block *)to = moved;
    }
    while (from < end) {
        *to++ = *from++;
    }
}
