/* SPDX-License-Identifier: Apache-2.0 */
/* What runs the model on the chip. Implementations: firmware/engines/aot/ and firmware/engines/tflm/.
 *
 * The input and output tensors belong to the engine. Sizes and labels stand in the generated kws_settings.h.
 */
#ifndef KWS_ENGINE_H
#define KWS_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "aot" or "tflm": for the banner. */
extern const char *const kws_engine_name;

/* Prepares the model. Returns NULL when it is ready, else what is wrong, in words for a person. */
const char *kws_engine_init(void);

/* The model's input: the window of features, int8 [n_frames * n_mels], oldest frame first. It is the caller's to fill and
 * to move on; no invoke changes it. There also where kws_engine_init() failed. */
int8_t *kws_engine_input(void);

/* Whether invokes keep what windows share. Then each must come when the window has moved on by KWS_INFERENCE_STRIDE
 * frames since the last, and they begin while the first window after a reset fills: all its frames must have come so, in
 * as many steps as there are, for its scores to be those of the whole window. Else each invoke stands alone. */
extern const bool kws_engine_keeps_rows;

/* Runs the model once over the input. Returns whether it ran. */
bool kws_engine_invoke(void);

/* The model's scores: int8 [n_labels], true until the next invoke. */
const int8_t *kws_engine_output(void);

/* Bytes of working memory that the model uses. */
size_t kws_engine_arena_used_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
