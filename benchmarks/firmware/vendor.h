/* SPDX-License-Identifier: Apache-2.0 */
/* Ops by the functions of Arm's CMSIS-NN, as a model that vendor.py writes calls them. Their parameters are as TFLite Micro
 * prepares them before the first inference. */
#ifndef VENDOR_H
#define VENDOR_H

#include <string.h>

#include "arm_nnfunctions.h"

#define VENDOR_BUFFER_BYTES 65536

static int64_t vendor_memory[VENDOR_BUFFER_BYTES / 8];
static const cmsis_nn_context vendor_context = {.buf = vendor_memory, .size = VENDOR_BUFFER_BYTES};
static int vendor_refused __attribute__((unused)); /* a function did not take its parameters */

typedef struct {
    cmsis_nn_conv_params params;
    cmsis_nn_per_channel_quant_params quantization;
    cmsis_nn_dims input, filter, channels, output;
    const int8_t *weights;
    const int32_t *bias;
} vendor_conv_2d;

typedef struct {
    cmsis_nn_dw_conv_params params;
    cmsis_nn_per_channel_quant_params quantization;
    cmsis_nn_dims input, filter, channels, output;
    const int8_t *weights;
    const int32_t *bias;
} vendor_depthwise;

typedef struct {
    cmsis_nn_fc_params params;
    cmsis_nn_per_tensor_quant_params quantization;
    cmsis_nn_dims input, filter, channels, output;
    const int8_t *weights;
    const int32_t *bias;
} vendor_dense;

typedef struct {
    cmsis_nn_pool_params params;
    cmsis_nn_dims input, filter, output;
} vendor_pool;

typedef struct {
    int32_t rows, depth, multiplier, shift, smallest_difference;
} vendor_softmax;

__attribute__((unused)) static void kws_nn_vendor_conv_2d(const vendor_conv_2d *op, const int8_t *in, int8_t *out)
{
    vendor_refused |= arm_convolve_wrapper_s8(&vendor_context, &op->params, &op->quantization, &op->input, in, &op->filter,
                                              op->weights, &op->channels, op->bias, &op->output, out);
}

__attribute__((unused)) static void kws_nn_vendor_depthwise(const vendor_depthwise *op, const int8_t *in, int8_t *out)
{
    vendor_refused |= arm_depthwise_conv_wrapper_s8(&vendor_context, &op->params, &op->quantization, &op->input, in,
                                                    &op->filter, op->weights, &op->channels, op->bias, &op->output, out);
}

__attribute__((unused)) static void kws_nn_vendor_dense(const vendor_dense *op, const int8_t *in, int8_t *out)
{
    vendor_refused |= arm_fully_connected_s8(&vendor_context, &op->params, &op->quantization, &op->input, in, &op->filter,
                                             op->weights, &op->channels, op->bias, &op->output, out);
}

__attribute__((unused)) static void kws_nn_vendor_pool(const vendor_pool *op, const int8_t *in, int8_t *out)
{
    vendor_refused |= arm_avgpool_s8(&vendor_context, &op->params, &op->input, in, &op->filter, &op->output, out);
}

__attribute__((unused)) static void kws_nn_vendor_softmax(const vendor_softmax *op, const int8_t *in, int8_t *out)
{
    arm_softmax_s8(in, op->rows, op->depth, op->multiplier, op->shift, op->smallest_difference, out);
}

#endif
