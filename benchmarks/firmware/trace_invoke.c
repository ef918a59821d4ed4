/* SPDX-License-Identifier: Apache-2.0 */
/* One inference and nothing else, for QEMU's trace of every instruction. */
#include "machine.h"
#include "model_aot.h"

int main(void)
{
    uint32_t state = 1;
    for (int32_t i = 0; i < KWS_MODEL_INPUT_BYTES; ++i) {
        state = state * 1664525u + 1013904223u;
        kws_model_input()[i] = (int8_t)(state >> 24);
    }
    kws_model_invoke();
    machine_exit();
}
