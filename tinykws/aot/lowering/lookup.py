# SPDX-License-Identifier: Apache-2.0
"""Functions of one int8 value, as tables: LOGISTIC, TANH, HARD_SWISH, RELU, RELU6, LEAKY_RELU, QUANTIZE.

TFLite Micro computes each value by fixed-point arithmetic. There are only 256 inputs, so the results are computed here,
by the same arithmetic, and the kernel looks them up.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from tinykws.aot.lowering.call import Call, RowWise, activation, options, result, same_shape
from tinykws.aot.lowering.fixed_point import INT8_MAX, INT8_MIN, INT32_MAX, activation_range
from tinykws.aot.lowering.fixed_point_series import divide_by_power, logistic, multiply, tanh
from tinykws.aot.lowering.label_scores import SILENCE_SCORE, UNKNOWN_SCORE
from tinykws.aot.lowering.rows import pointwise_axis
from tinykws.aot.lowering.weights import single_multiplier
from tinykws.aot.reader.graph import Graph, Op, Tensor

_INTEGER_BITS = 4
"""The inputs of logistic function and tangent are in Q4.27."""
_INT16_MAX = 2**15 - 1


def lower_lookup(graph: Graph, op: Op) -> Call:
    """Lowers a function of one value."""
    source, output = activation(graph, op, 0), result(graph, op)
    if source.data is not None:
        raise op.error("its input is constant", hint="store its result as the constant, and convert again")
    if op.name not in (SILENCE_SCORE, UNKNOWN_SCORE):
        same_shape(op, output, source.shape)
    function = _FUNCTIONS[op.name](op, source, output)
    values = [_clamped(function(value - source.zero_point)) for value in range(INT8_MIN, INT8_MAX + 1)]
    return _call(source, output, np.array(values, np.int8))


def _call(source: Tensor, output: Tensor, table: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> Call:
    call = Call("kws_nn_lookup", {"size": source.size, "table": table}, (source,), output, can_overwrite_input=True)
    if len(source.shape) < 2 or source.shape[0] != 1:
        return call
    n_rows, row_size = source.shape[1], math.prod(source.shape[2:])

    def of_rows(count: int) -> Call:
        return dataclasses.replace(call, parameters={"size": count * row_size, "table": table})

    return dataclasses.replace(call, rows=RowWise(n_rows, pointwise_axis(n_rows), lambda band: of_rows(len(band.rows))))


def _clamped(value: int) -> int:
    return min(max(value, INT8_MIN), INT8_MAX)


Function = Callable[[int], int]
"""From an input minus its zero point to an output, which may exceed int8."""


def _check_output(op: Op, output: Tensor, scale: float, zero_point: int) -> None:
    """TFLite fixes the output's scale."""
    if (output.scale, output.zero_point) != (scale, zero_point):
        raise op.error(
            f"its output has scale {output.scale:g} and zero point {output.zero_point}, not {scale:g} and {zero_point}"
        )


def _saturating(op: Op, source: Tensor, curve: Function) -> Function:
    """A curve from Q4.27 to an int8 output. Source: micro/kernels/logistic_common.cc and tanh.cc."""
    multiplier = single_multiplier(op, source.scale * 2 ** (31 - _INTEGER_BITS))
    radius = math.floor((2**_INTEGER_BITS - 1) * 2.0 ** (31 - _INTEGER_BITS) / 2.0**multiplier.shift)
    if radius > INT32_MAX:  # TFLite Micro casts it to int32: undefined, and another value on x86 than on Arm
        raise op.error(f"its input's scale {source.scale:g} is too small: TFLite Micro's result is not defined")

    def function(value: int) -> int:
        if value <= -radius:
            return INT8_MIN
        if value >= radius:
            return INT8_MAX
        return curve(multiply(value, multiplier.value, multiplier.shift))

    return function


def _logistic(op: Op, source: Tensor, output: Tensor) -> Function:
    curve: Function = lambda x: divide_by_power(logistic(x, _INTEGER_BITS), 23) - 128  # noqa: E731
    _check_output(op, output, 1 / 256, -128)
    return _saturating(op, source, curve)


def _tanh(op: Op, source: Tensor, output: Tensor) -> Function:
    curve: Function = lambda x: divide_by_power(tanh(x, _INTEGER_BITS), 24)  # noqa: E731
    _check_output(op, output, 1 / 128, 0)
    return _saturating(op, source, curve)


def _leaky_relu(op: Op, source: Tensor, output: Tensor) -> Function:
    """Source: micro/kernels/leaky_relu_common.cc; the products and quotients of scales are floats."""
    alpha = np.float32(options(op)["alpha"])
    with np.errstate(all="ignore"):
        negative = float(np.float32(source.scale) * alpha / np.float32(output.scale))
        positive = float(np.float32(source.scale) / np.float32(output.scale))
    below, above = single_multiplier(op, negative), single_multiplier(op, positive)

    def function(value: int) -> int:
        by = above if value >= 0 else below
        return output.zero_point + multiply(value, by.value, by.shift)

    return function


def _relu(op: Op, source: Tensor, output: Tensor) -> Function:
    """Source: micro/kernels/activations_common.cc; the quotient of the scales is a float."""
    with np.errstate(all="ignore"):
        by = single_multiplier(op, float(np.float32(source.scale) / np.float32(output.scale)))
    return lambda value: max(output.zero_point, output.zero_point + multiply(value, by.value, by.shift))


def _relu6(op: Op, source: Tensor, output: Tensor) -> Function:
    """Source: micro/kernels/activations_common.cc, which does not rescale."""
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        raise op.error("its input and output are quantized differently")
    try:
        least, most = activation_range("RELU6", output.scale, output.zero_point)
    except ValueError as error:
        raise op.error(str(error)) from error
    return lambda value: min(max(value + source.zero_point, least), most)


def _quantize(op: Op, source: Tensor, output: Tensor) -> Function:
    by = single_multiplier(op, source.scale / output.scale)
    return lambda value: output.zero_point + multiply(value, by.value, by.shift)


def _hard_swish(op: Op, source: Tensor, output: Tensor) -> Function:
    """x * relu6(x + 3) / 6 in 16 bits. Source: lite/kernels/internal/reference/hard_swish.h, hard_swish_common.cc."""
    hires = np.float32(1 / 128) * np.float32(source.scale)
    with np.errstate(all="ignore"):
        to_output = single_multiplier(op, float(hires / np.float32(output.scale)))
        to_relu = single_multiplier(op, float(hires / (np.float32(3) / np.float32(32768))))
    if to_output.shift > 0:
        raise op.error("its output's scale is too small for its input's scale")
    output_factor, relu_factor = _in_16_bits(to_output.value), _in_16_bits(to_relu.value)

    def function(value: int) -> int:
        preshift = _multiply_16(value * 128, output_factor)
        relu = value * 128
        if to_relu.shift > 0:
            relu = _saturated_16(relu << (to_relu.shift - 1))
        relu = _multiply_16(relu, relu_factor)
        if to_relu.shift > 0:
            relu = _saturated_16(relu << 1)
        elif to_relu.shift < 0:
            relu = _divided_16(relu, -to_relu.shift)
        relu = (relu + (1 << 15)) >> 1
        product = _toward_zero(relu * preshift, 1 << 15)
        return _divided_16(product, -to_output.shift) + output.zero_point

    return function


def _never(_op: Op, _source: Tensor, _output: Tensor) -> Function:
    return lambda _value: INT8_MIN


def _otherwise(_op: Op, source: Tensor, _output: Tensor) -> Function:
    return lambda value: -1 - (value + source.zero_point)


def _in_16_bits(multiplier: int) -> int:
    """DownScaleInt32ToInt16Multiplier."""
    return min((multiplier + (1 << 15)) >> 16, _INT16_MAX)


def _multiply_16(a: int, b: int) -> int:
    """SaturatingRoundingDoublingHighMul of int16; b is never -32768."""
    product = a * b
    return _toward_zero(product + ((1 << 14) if product >= 0 else 1 - (1 << 14)), 1 << 15)


def _divided_16(x: int, exponent: int) -> int:
    """RoundingDivideByPOT of int16. Source: gemmlowp's fixedpoint.h, whose mask is -1 from an exponent of 16 on."""
    if exponent <= 15:
        return divide_by_power(x, exponent)
    return 1 if x >= 0 else -1


def _toward_zero(a: int, b: int) -> int:
    return a // b if a >= 0 else -(-a // b)


def _saturated_16(x: int) -> int:
    return min(max(x, -_INT16_MAX - 1), _INT16_MAX)


_FUNCTIONS: dict[str, Callable[[Op, Tensor, Tensor], Function]] = {
    "HARD_SWISH": _hard_swish,
    "LEAKY_RELU": _leaky_relu,
    "LOGISTIC": _logistic,
    "QUANTIZE": _quantize,
    "RELU": _relu,
    "RELU6": _relu6,
    SILENCE_SCORE: _never,
    "TANH": _tanh,
    UNKNOWN_SCORE: _otherwise,
}
