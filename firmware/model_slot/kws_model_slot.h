/* SPDX-License-Identifier: Apache-2.0 */
/* Where the board keeps a model outside its program. Implementations: firmware/ports/slot_<name>/. */
#ifndef KWS_MODEL_SLOT_H
#define KWS_MODEL_SLOT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Returns the slot as memory, aligned to 16, which stays as it is while the program runs, and its size; NULL and 0 if the
 * board has none, as after a firmware that was uploaded without its table of partitions. */
const uint8_t *kws_model_slot_read(size_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
