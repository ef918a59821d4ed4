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

/* Which model was to run last, for the banner; valid once kws_engine_init() was called, even if it failed. The tflm engine
 * computes both from the model's bytes. The aot engine's weights are code, so its C names the .tflite that it was made
 * from, in the same file as the weights; the self-test shows that it computes what that model does. */
const char *kws_engine_model_id(void);   /* the first 12 hex digits of the .tflite's SHA-256 */
const char *kws_engine_model_hash(void); /* the identity's hash of it: 8 hex digits */

/* Prepares the model. Returns NULL if it is ready, otherwise what is wrong, in words. */
const char *kws_engine_init(void);

/* Of the tflm engine alone, for programs with a model slot. */

#define KWS_ENGINE_HASH_DIGITS 8

/* Prepares another model than the one that is linked: a .tflite of `bytes`, aligned to 16, that stays where it is. If it fails,
 * kws_engine_init() may follow. */
const char *kws_engine_init_with(const uint8_t *model, size_t bytes);

/* The identity's hash of the model that is linked, whichever runs. Valid at any time. */
const char *kws_engine_built_in_hash(void);

/* The model input: int8 features [n_frames * n_mels], oldest frame first. The caller fills and shifts it; no inference
 * changes it. Valid even if kws_engine_init() failed. */
int8_t *kws_engine_input(void);

/* Whether the engine keeps results that successive model inputs share. If so, an inference must run each time the model
 * input has moved on by KWS_INFERENCE_STRIDE frames, starting while it fills for the first time after a reset: the scores
 * are right once all of its frames came in such steps. If not, each inference is independent. */
extern const bool kws_engine_keeps_rows;

/* Lets a model that keeps state forget what it heard; for others it does nothing. It may come before kws_engine_init(). */
void kws_engine_reset(void);

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
