/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tinykws: the model as a .tflite flatbuffer, and what the firmware expects of it. */
#ifndef KWS_MODEL_DATA_H
#define KWS_MODEL_DATA_H

extern const unsigned char g_model[];
extern const int g_model_len;

/* int8 tensors: real value = scale * (value - zero point). */
#define KWS_MODEL_INPUT_DIMS { 1, 160 }
#define KWS_MODEL_INPUT_BYTES 160
#define KWS_MODEL_INPUT_SCALE 0.101960784f
#define KWS_MODEL_INPUT_ZERO_POINT (-128)
#define KWS_MODEL_OUTPUT_DIMS { 1, 3 }
#define KWS_MODEL_OUTPUT_BYTES 3
#define KWS_MODEL_OUTPUT_SCALE 0.00390625f
#define KWS_MODEL_OUTPUT_ZERO_POINT (-128)

#endif
