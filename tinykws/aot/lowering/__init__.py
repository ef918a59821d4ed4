# SPDX-License-Identifier: Apache-2.0
"""Lowers ops: turns each op of a graph into the call of a kernel of firmware/lib/kws_nn with constant parameters.

A graph comes in; calls go out, in order, with scales as the fixed-point numbers that TensorFlow Lite Micro computes
when it starts. An op that no kernel can compute exactly is refused with a ConfigError that names it.

Contents:
    ops.lower: lowers all ops of a graph.
    ops.in_form: the same calls with weights in another form.
    call.Call: the call of a kernel: its parameters, inputs, output and scratch memory.
    call.Form: how weights are stored.
    call.Copy: an op that copies bytes into or out of a variable.
    call.Alias: an op that needs no code, such as RESHAPE.
    call.RowWise: how to compute only some rows of an op's output, for streaming mode.
    rows.Axis: a kernel window that slides along one axis.
    convolution.lower_conv_2d: CONV_2D.
    convolution.lower_depthwise_conv_2d: DEPTHWISE_CONV_2D.
    transpose_convolution.lower_transpose_conv: TRANSPOSE_CONV.
    fast_convolution.fast_convolution: selects a fast kernel for a convolution, and reorders its weights.
    fast_convolution.fast_depthwise_convolution: the same for a depthwise convolution.
    wide_convolution.wide_convolution: the form of a fast kernel's call that takes more flash and fewer instructions.
    wide_convolution.wide_depthwise_convolution: the same for a depthwise convolution along one axis.
    packed_convolution.packed_convolution: the form that does two products a multiplication, for cores without DSP.
    packed_convolution.packed_depthwise_convolution: the same for a depthwise convolution along one axis.
    packed_weights.packed_streams: weights in pairs, divided into runs whose sums cannot overflow.
    dense.lower_fully_connected: FULLY_CONNECTED.
    pooling.lower_pool_2d: AVERAGE_POOL_2D and MAX_POOL_2D.
    reduction.lower_mean: MEAN.
    reduction.lower_reduce_max: REDUCE_MAX.
    broadcast.lower_mul: MUL.
    broadcast.lower_prelu: PRELU.
    elementwise.lower_add: ADD and SUB.
    lookup.lower_lookup: LOGISTIC, TANH, RELU and other functions of one value, as tables.
    moving.lower_concatenation: CONCATENATION.
    moving.lower_strided_slice: STRIDED_SLICE.
    moving.lower_split: SPLIT and SPLIT_V.
    moving.lower_transpose: TRANSPOSE.
    moving.lower_shape_arithmetic: SHAPE and PACK, which compute shapes that are known here.
    state.lower_read_variable: READ_VARIABLE.
    state.lower_assign_variable: ASSIGN_VARIABLE.
    label_scores.with_label_scores: scores of all labels of a model that gives one probability.
    padding.lower_pad: PAD and PADV2.
    softmax.lower_softmax: SOFTMAX.
    kernel_window.window_axes: rows and columns of a kernel window, from stride, padding and dilation.
    weights.read_weights: constant weights and biases, with bounds of their sums.
    weights.weighted_requantize: the requantization of an op with weights, per tensor or per channel.
    fast_requantization.fast_requantize: the requantization of the fast kernels, if it is exact.
    fixed_point_series.logistic: logistic function and others in fixed point, as TFLite Micro computes them.
    fixed_point.quantize_multiplier: a factor as an integer multiplier and a shift.
    fixed_point.activation_range: the output range of a fused activation.
"""
