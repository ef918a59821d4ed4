# SPDX-License-Identifier: Apache-2.0
"""The work of a kernel call, counted in units such as products, outputs or rows, from the call's shapes.

benchmarks/firmware/fit_costs.py fits the instructions per unit on each instruction set to calls that were counted in
emulation, and writes them to kernel_costs.py under the names used here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tinykws.aot.lowering.call import Call

Work = dict[str, int]
Fields = Mapping[str, Any]
_UNITS, _PIXELS, _CHANNELS = 4, 4, 2
"""How many the fast kernels compute at once: kws_nn_fully_connected_folded.c, kws_nn_conv_2d_tile.c."""
_PLANES = 4
"""Channels at once: kws_nn_depthwise_conv_2d_planar.c."""
_STRIP_CHANNELS = 4
"""Channels at once: kws_nn_conv_2d_strip.c."""
SUMS_FOR_AN_OUTPUT = 4
"""Moving so many partial sums takes as many instructions as computing one output."""


def work_of(call: Call) -> tuple[str, Work]:
    """Returns the kernel (or the variant of it that the call's shapes select) and the units of work it does.

    Raises:
        KeyError: the kernel is unknown.
    """
    fields: Fields = call.parameters
    kernel = call.kernel.removeprefix("kws_nn_")
    if kernel == "depthwise_conv_2d_planar" and _is_3x3(fields):
        kernel += "_3x3"
    return ESTIMATED_LIKE.get(kernel, kernel), {"call": 1, **_WORK[kernel](fields)}


def _conv_2d(fields: Fields) -> Work:
    outputs, channels = math.prod(fields["output"].values()), fields["output"]["channels"]
    depth = fields["input"]["channels"] // fields["groups"]
    seen = _seen(fields) * channels * fields["output"]["batches"]
    return {"output": outputs, "place": outputs * _window(fields), "seen place": seen, "product": seen * depth}


def _depthwise_conv_2d(fields: Fields) -> Work:
    outputs, channels = math.prod(fields["output"].values()), fields["output"]["channels"]
    seen = _seen(fields) * channels * fields["output"]["batches"]
    return {"output": outputs, "place": outputs * _window(fields), "product": seen}


def _conv_2d_tile(fields: Fields) -> Work:
    channels = fields["output"]["channels"]
    pixels = math.prod(fields["output"].values()) // channels
    values, at_once = fields["window_values"], fields["pixels_at_once"]
    fours, pairs, batches = _up(pixels, _PIXELS), _up(channels, _CHANNELS), _up(pixels, at_once)
    run, rows = fields["window"]["width"] * fields["input"]["channels"], fields["window"]["height"]
    in_fours = sum(run // 4 * 4 for row in range(rows) if row * run % 4 == 0)
    return {
        "pixel": pixels,
        "row of a window": pixels * rows,
        "value in fours": pixels * in_fours,
        "value by itself": pixels * (rows * run - in_fours),
        "weight": batches * pairs * _CHANNELS * values,
        "pair of channels": batches * pairs,
        "tile": fours * pairs,
        "product": fours * pairs * _PIXELS * _CHANNELS * values,
        "clamped output": _clamped(fields, pixels * channels),
    }


def _conv_2d_strip(fields: Fields) -> Work:
    output = fields["output"]
    groups = output["channels"] // _STRIP_CHANNELS
    rows = output["height"] * output["batches"]
    lines = _seen_rows(fields) * output["batches"]
    pairs = _up(output["width"], 2)
    return {
        "row of outputs": rows * groups,
        "moved value": rows * fields["window"]["height"] * fields["pitch"],
        "new value": fields["input"]["height"] * output["batches"] * fields["pitch"],
        "block": rows * groups * pairs,
        "line of a block": lines * groups * pairs,
        "clamped output": _clamped(fields, math.prod(output.values())),
    }


def _depthwise_planar(fields: Fields) -> Work:
    rows, columns, channels = fields["rows"], fields["columns"], fields["channels"]
    outputs = rows["output_size"] * columns["output_size"] * channels
    return {
        "channel": channels,
        "value": rows["input_size"] * columns["input_size"] * channels // _PLANES,
        "cleared value": fields["plane"],
        "row of outputs": rows["output_size"] * channels,
        "output": outputs,
        "row of a window": outputs * rows["window"],
        "product": outputs * rows["window"] * columns["window"],
        "clamped output": _clamped(fields, outputs),
    }


def _depthwise_planar_3x3(fields: Fields) -> Work:
    rows, columns, channels = fields["rows"], fields["columns"], fields["channels"]
    return {
        "channel": channels,
        "value": rows["input_size"] * columns["input_size"] * channels // _PLANES,
        "cleared value": fields["plane"],
        "row of outputs": rows["output_size"] * channels,
        "pair of outputs": rows["output_size"] * _up(columns["output_size"], 2) * channels,
        "output": rows["output_size"] * columns["output_size"] * channels,
        "clamped output": _clamped(fields, rows["output_size"] * columns["output_size"] * channels),
    }


def _fully_connected(fields: Fields) -> Work:
    outputs = fields["rows"] * fields["units"]
    return {"output": outputs, "product": outputs * fields["depth"]}


def _fully_connected_folded(fields: Fields) -> Work:
    outputs, blocks = fields["rows"] * fields["units"], fields["rows"] * _up(fields["units"], _UNITS)
    return {
        "block of units": blocks,
        "output": outputs,
        "product": blocks * _UNITS * fields["depth"],
        "clamped output": _clamped(fields, outputs),
    }


def _fully_connected_rows(fields: Fields) -> Work:
    """Mirrors add_rows() of the kernel: later inferences depend on fewer of these rows."""
    blocks = fields["units"] // _UNITS
    firsts = [fields["first_row"] - window * fields["stride_rows"] for window in range(fields["windows"])]
    seen = [max(0, fields["rows"] - max(0, fields["least_row"] - first)) for first in firsts]
    products = sum(seen) * fields["row_values"] * fields["units"]
    return {"block of units": blocks * fields["windows"], "product": products}


def _fully_connected_sums(fields: Fields) -> Work:
    moved = fields["sums"] * fields["windows"]
    return {
        "output": fields["units"] + moved // SUMS_FOR_AN_OUTPUT,
        "clamped output": _clamped(fields, fields["units"]),
    }


def _pool_2d(fields: Fields) -> Work:
    outputs, channels = math.prod(fields["output"].values()), fields["output"]["channels"]
    seen = _seen(fields) * channels * fields["output"]["batches"]
    rows = outputs * fields["window"]["height"]
    return {"output": outputs, "row of a window": rows, "place": outputs * _window(fields), "value": seen}


def _mean(fields: Fields) -> Work:
    outputs = math.prod(fields["kept"])
    rows = outputs * fields["averaged"][0]
    return {"output": outputs, "row": rows, "value": rows * fields["averaged"][1]}


def _reduce_max(fields: Fields) -> Work:
    outputs = math.prod(fields["kept"])
    rows = outputs * fields["reduced"][0]
    return {"output": outputs, "row": rows, "value": rows * fields["reduced"][1]}


def _add(fields: Fields) -> Work:
    return {"row": math.prod(fields["size"][:3]), "output": math.prod(fields["size"])}


def _sub(fields: Fields) -> Work:
    """Twice the instructions of a sum, whose kernel is faster."""
    return {"row": math.prod(fields["size"][:3]), "output": 2 * math.prod(fields["size"])}


def _pad(fields: Fields) -> Work:
    return {"row": math.prod(fields["output"][:3]), "output": math.prod(fields["output"])}


def _lookup(fields: Fields) -> Work:
    """Five instructions a value, where a padded one takes eleven."""
    return {"row": 0, "output": _up(fields["size"], 2)}


def _concatenation(fields: Fields) -> Work:
    runs = [run for run in fields["run"] if run]
    return {"row": fields["rows"] * len(runs), "output": fields["rows"] * sum(runs)}


def _strided_copy(fields: Fields) -> Work:
    return {"row": math.prod(fields["size"][:3]), "output": math.prod(fields["size"])}


def _softmax(fields: Fields) -> Work:
    return {"row": fields["rows"], "value": fields["rows"] * fields["depth"]}


_WORK: dict[str, Callable[[Fields], Work]] = {
    "conv_2d": _conv_2d,
    "conv_2d_tile": _conv_2d_tile,
    "conv_2d_strip": _conv_2d_strip,
    "depthwise_conv_2d": _depthwise_conv_2d,
    "depthwise_conv_2d_planar": _depthwise_planar,
    "depthwise_conv_2d_planar_3x3": _depthwise_planar_3x3,
    "fully_connected": _fully_connected,
    "fully_connected_folded": _fully_connected_folded,
    "fully_connected_rows": _fully_connected_rows,
    "fully_connected_sums": _fully_connected_sums,
    "average_pool_2d": _pool_2d,
    "max_pool_2d": _pool_2d,
    "mean": _mean,
    "add": _add,
    "pad": _pad,
    "lookup": _lookup,
    "sub": _sub,
    "mul": _add,
    "prelu": _add,
    "reduce_max": _reduce_max,
    "concatenation_2": _concatenation,
    "concatenation_3": _concatenation,
    "concatenation_4": _concatenation,
    "strided_copy": _strided_copy,
    "softmax": _softmax,
}

ESTIMATED_LIKE = {
    "fully_connected_rows": "fully_connected_folded",
    "fully_connected_sums": "fully_connected_folded",
    "sub": "add",
    "mul": "add",
    "prelu": "add",
    "reduce_max": "mean",
    "concatenation_2": "pad",
    "concatenation_3": "pad",
    "concatenation_4": "pad",
    "strided_copy": "pad",
    "lookup": "pad",
}
"""Kernels that were not counted by themselves. Those of streaming mode split the work of another kernel, whose costs
apply. For the others it is an estimate: the most similar kernel's costs, for work expressed in its units."""


def _is_3x3(fields: Fields) -> bool:
    """Mirrors is_3x3() of the kernel."""
    rows, columns = fields["rows"], fields["columns"]
    return (rows["window"], columns["window"], columns["stride"]) == (3, 3, 1)


def _window(fields: Fields) -> int:
    return int(fields["window"]["height"] * fields["window"]["width"])


def _seen(fields: Fields) -> int:
    """Returns how many positions inside the image all kernel windows cover together."""
    return _seen_rows(fields) * _seen_along(fields, "width", "stride_x", "dilation_x", "pad_left")


def _seen_rows(fields: Fields) -> int:
    """Returns how many rows inside the image the kernel windows of one column cover together."""
    return _seen_along(fields, "height", "stride_y", "dilation_y", "pad_top")


def _seen_along(fields: Fields, size: str, stride: str, dilation: str, pad: str) -> int:
    window, image, positions = fields["window"], fields["input"][size], fields["output"][size]
    return sum(
        0 <= position * window[stride] - window[pad] + tap * window[dilation] < image
        for position in range(positions)
        for tap in range(window[size])
    )


def _clamped(fields: Fields, outputs: int) -> int:
    """Returns how many outputs a fast kernel clamps to a fused activation, in a separate loop."""
    requantize = fields["requantize"]
    return 0 if (requantize["minimum"], requantize["maximum"]) == (-128, 127) else outputs


def _up(number: int, of: int) -> int:
    return -(-number // of)
