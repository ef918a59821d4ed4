/* The least program around a model, for its size: input from a port, output to another, for ever. */
#include "kws_mps2.h"
#include "model_aot.h"

void kws_uart0_rx_handler(void)
{
}

void kws_timer0_handler(void)
{
}

int main(void)
{
    for (;;) {
        for (int i = 0; i < KWS_MODEL_INPUT_BYTES; ++i) {
            kws_model_input()[i] = (int8_t)KWS_MPS2_UART0->data;
        }
        kws_model_invoke();
        for (int i = 0; i < KWS_MODEL_OUTPUT_BYTES; ++i) {
            KWS_MPS2_UART0->data = (uint8_t)kws_model_output()[i];
        }
    }
}
