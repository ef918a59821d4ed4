/* SPDX-License-Identifier: Apache-2.0 */
/* The least program around a model, for its size: input from a port, output to another, for ever. */
#include "machine.h"
#include "model_aot.h"

int main(void)
{
    for (;;) {
        for (int i = 0; i < KWS_MODEL_INPUT_BYTES; ++i) {
            kws_model_input()[i] = (int8_t)MACHINE_PORT;
        }
        kws_model_invoke();
        for (int i = 0; i < KWS_MODEL_OUTPUT_BYTES; ++i) {
            MACHINE_PORT = (uint8_t)kws_model_output()[i];
        }
    }
}
