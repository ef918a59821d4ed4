/* What runs the model on the chip. Implementations: firmware/engines/aot/ and firmware/engines/tflm/.
 *
 * The input and output tensors belong to the engine. Sizes and labels stand in the generated kws_settings.h.
 */
#ifndef KWS_ENGINE_H
#define KWS_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "aot" or "tflm": for the banner. */
extern const char *const kws_engine_name;

/* Prepares the model. Returns NULL when it is ready, else what is wrong, in words for a person. */
const char *kws_engine_init(void);

/* The model's input: int8 [n_frames * n_mels]. An invoke may overwrite it: fill it whole before each. */
int8_t *kws_engine_input(void);

/* Runs the model once over the input. Returns 0 when it ran. */
int kws_engine_invoke(void);

/* The model's scores: int8 [n_labels], true until the next invoke. */
const int8_t *kws_engine_output(void);

/* Bytes of working memory that the model uses. */
size_t kws_engine_arena_used_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
