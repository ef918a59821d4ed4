/* SPDX-License-Identifier: Apache-2.0 */
/* Chooses the model at start: that of the model slot, or, if there is none or it does not run, the built-in one. */
#ifndef KWS_LOADED_MODEL_H
#define KWS_LOADED_MODEL_H

#include <stdint.h>

#include "kws_listener.h"
#include "kws_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Starts the engine with a model. If that is the slot's, `config`, the built-in model's, gets its settings and kws_labels its labels. Returns NULL if
 * the engine runs, otherwise what is wrong with the built-in model, in words. Call it once. */
const char *kws_loaded_model_start(kws_listener_config *config);

/* For the banner: "empty"; "in_use"; "outdated": written for a program with another built-in model; "refused". */
const char *kws_loaded_model_slot_state(void);

/* Why the slot's model is refused, in words; NULL if it is not. */
const char *kws_loaded_model_refusal(void);

/* The identity of the built-in model, whichever runs. */
const char *kws_loaded_model_built_in_identity(void);

/* Scores that the detector has memory for. */
uint32_t kws_loaded_model_history(void);

/* Bytes that the slot has; 0: the board has none. */
uint32_t kws_loaded_model_slot_bytes(void);

#ifdef __cplusplus
}
#endif
#endif
