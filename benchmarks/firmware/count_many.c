/* SPDX-License-Identifier: Apache-2.0 */
/* Counts one invoke of each of many models, whose list programs.py writes; a number a line. */
#include "kws_text.h"
#include "machine.h"
#include "many_models.h"

static kws_text out = {machine_write, 0, {0}};

static uint32_t instructions_of(void (*invoke)(void))
{
    const uint32_t began = machine_now();
    invoke();
    return machine_instructions_since(began);
}

static void nothing(void)
{
}

int main(void)
{
    machine_start();
    const uint32_t of_measuring = instructions_of(nothing);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; ++i) {
        uint32_t state = 1;
        for (int32_t k = 0; k < models[i].input_bytes; ++k) {
            state = state * 1664525u + 1013904223u;
            models[i].input()[k] = (int8_t)(state >> 24);
        }
        kws_text_put_unsigned(&out, instructions_of(models[i].invoke) - of_measuring);
        kws_text_end_line(&out);
    }
    machine_exit();
}
