#include "kws_nn_scaling.h"

/* Units at once: each input is loaded once for all of them. tinykws fills weights and bias up to a multiple of it. */
#define UNITS 4

#ifdef KWS_NN_DSP
static void add_dot_products(const int8_t *weights, const int8_t *row, int32_t depth, int32_t *sums)
{
    const int8_t *const end = row + depth / 4 * 4;
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    while (row < end) {
        const int32_t four = kws_nn_load_four(row);
        const int32_t even = kws_nn_even_bytes(four);
        const int32_t odd = kws_nn_odd_bytes(four);
        const int32_t first = kws_nn_load_four(weights);
        const int32_t second = kws_nn_load_four(weights + depth);
        const int32_t third = kws_nn_load_four(weights + 2 * depth);
        const int32_t fourth = kws_nn_load_four(weights + 3 * depth);
        sum0 = kws_nn_dual_mac(kws_nn_even_bytes(first), even, sum0);
        sum0 = kws_nn_dual_mac(kws_nn_odd_bytes(first), odd, sum0);
        sum1 = kws_nn_dual_mac(kws_nn_even_bytes(second), even, sum1);
        sum1 = kws_nn_dual_mac(kws_nn_odd_bytes(second), odd, sum1);
        sum2 = kws_nn_dual_mac(kws_nn_even_bytes(third), even, sum2);
        sum2 = kws_nn_dual_mac(kws_nn_odd_bytes(third), odd, sum2);
        sum3 = kws_nn_dual_mac(kws_nn_even_bytes(fourth), even, sum3);
        sum3 = kws_nn_dual_mac(kws_nn_odd_bytes(fourth), odd, sum3);
        row += 4;
        weights += 4;
    }
    for (int32_t k = 0; k < depth % 4; k++) {
        sum0 += weights[k] * row[k];
        sum1 += weights[depth + k] * row[k];
        sum2 += weights[2 * depth + k] * row[k];
        sum3 += weights[3 * depth + k] * row[k];
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}
#else
static void add_dot_products(const int8_t *weights, const int8_t *row, int32_t depth, int32_t *sums)
{
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (int32_t k = 0; k < depth; k++) {
        sum0 += weights[k] * row[k];
        sum1 += weights[depth + k] * row[k];
        sum2 += weights[2 * depth + k] * row[k];
        sum3 += weights[3 * depth + k] * row[k];
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}
#endif

static void dot_products(const kws_nn_fully_connected_params *params, const int8_t *row, int32_t unit, int32_t *sums)
{
    for (int32_t i = 0; i < UNITS; i++) {
        sums[i] = params->bias[unit + i];
    }
    add_dot_products(params->weights + unit * params->depth, row, params->depth, sums);
}

static void outputs_of_row(const kws_nn_fully_connected_params *params, const int8_t *row, int8_t *output)
{
    for (int32_t unit = 0; unit < params->units; unit += UNITS) {
        const int32_t left = params->units - unit;
        int32_t sums[UNITS];
        dot_products(params, row, unit, sums);
        for (int32_t i = 0; i < UNITS && i < left; i++) {
            const kws_nn_scaling scaling = kws_nn_scaling_of(&params->requantize, unit + i);
            output[unit + i] = kws_nn_scale(&scaling, sums[i]);
        }
    }
}

void kws_nn_fully_connected_folded(const kws_nn_fully_connected_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        outputs_of_row(params, input + row * params->depth, output + row * params->units);
    }
    kws_nn_activate(&params->requantize, output, params->rows * params->units);
}
