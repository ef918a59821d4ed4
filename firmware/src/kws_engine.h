/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the model on the chip. Implementations: firmware/engines/aot/ and firmware/engines/tflm/.
 *
 * The input and output tensors belong to the engine. Sizes and labels are in the generated kws_settings.h.
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

/* Prepares the model. Returns NULL if it is ready, otherwise what is wrong, in words. */
const char *kws_engine_init(void);

/* The model input: int8 features [n_frames * n_mels], oldest frame first. The caller fills and shifts it; no inference
 * changes it. Valid even if kws_engine_init() failed. */
int8_t *kws_engine_input(void);

/* Whether the engine keeps results that successive model inputs share. If so, an inference must run each time the model
 * input has moved on by KWS_INFERENCE_STRIDE frames, starting while it fills for the first time after a reset: the scores
 * are right once all of its frames came in such steps. If not, each inference is independent. */
extern const bool kws_engine_keeps_rows;

/* Runs the model once over the input. Returns whether it ran. */
bool kws_engine_invoke(void);

/* The model's scores: int8 [n_labels], valid until the next inference. */
const int8_t *kws_engine_output(void);

/* Bytes of working memory that the model uses. */
size_t kws_engine_arena_used_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
