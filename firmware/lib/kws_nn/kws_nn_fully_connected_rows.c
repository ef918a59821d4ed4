/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_nn_dot_products.h"

/* Adds rows to the sums of four units of one window, in which the rows are `back` rows higher. */
static void add_rows(const kws_nn_fully_connected_rows_params *params, const int8_t *rows, int32_t back,
                     const int8_t *weights, int32_t *sums)
{
    const int32_t size = params->row_values;
    const int32_t first = params->first_row - back;
    const int32_t gone = first < params->least_row ? params->least_row - first : 0;
    if (gone < params->rows) {
        kws_nn_add_dot_products(weights + (first + gone) * size * KWS_NN_UNITS, rows + gone * size,
                                rows + params->rows * size, sums);
    }
}

void kws_nn_fully_connected_rows(const kws_nn_fully_connected_rows_params *params, const int8_t *rows, void *sums)
{
    int32_t *sum = (int32_t *)sums;
    for (int32_t window = 0; window < params->windows; window++) {
        for (int32_t unit = 0; unit < params->units; unit += KWS_NN_UNITS, sum += KWS_NN_UNITS) {
            add_rows(params, rows, window * params->stride_rows, params->weights + unit * params->depth, sum);
        }
    }
}
