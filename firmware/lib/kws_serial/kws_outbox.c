/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_outbox.h"

#include <string.h>

void kws_outbox_clear(kws_outbox *outbox)
{
    outbox->used = 0;
    outbox->confirmed = 0;
    outbox->lines = 0;
}

void kws_outbox_put(kws_outbox *outbox, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count && outbox->used < outbox->capacity; ++i) {
        outbox->bytes[outbox->used++] = bytes[i];
        outbox->lines += bytes[i] == '\n';
    }
}

void kws_outbox_confirm(kws_outbox *outbox, uint32_t number)
{
    size_t passed = 0;
    while (outbox->confirmed < number && passed < outbox->used) {
        outbox->confirmed += outbox->bytes[passed++] == '\n';
    }
    outbox->used -= passed;
    memmove(outbox->bytes, outbox->bytes + passed, outbox->used);
}

size_t kws_outbox_room(const kws_outbox *outbox)
{
    return outbox->capacity - outbox->used;
}
