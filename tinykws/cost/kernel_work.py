# SPDX-License-Identifier: Apache-2.0
"""The work of a kernel call, counted in units such as multiplications, outputs or rows, from the call's shapes.

benchmarks/firmware/fit_costs.py fits the instructions per unit on each instruction set to calls that were counted in
emulation, and writes them to kernel_costs.py under the names used here. A unit costs what is done once for it: an
output, for example, costs its requantization, not its multiplications. A tap is one position of a kernel window, with
one weight of each channel; some taps lie outside the image.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinykws.aot.lowering.call import Call

Work = dict[str, int]
Fields = Mapping[str, Any]
_DENSE_UNITS = 4
"""Units at once: kws_nn_fully_connected_folded.c."""
_TILE_PIXELS, _TILE_CHANNELS = 4, 2
"""Pixels and channels at once: kws_nn_conv_2d_tile.c."""
_STRIP_PIXELS, _STRIP_CHANNELS = 2, 4
"""Pixels and channels at once: kws_nn_conv_2d_strip.c."""
_WIDE_PIXELS, _WIDE_CHANNELS = 2, 4
"""Pixels and channels at once: kws_nn_conv_2d_wide.h."""
_PLANAR_CHANNELS = 4
"""Channels at once: kws_nn_depthwise_conv_2d_planar.c and _row.c."""
_ROW_WORDS = 4
"""Words of which weights stay in registers: kws_nn_depthwise_conv_2d_row.c."""
_PLANAR_OUTPUTS = 2
"""Outputs at once there, in the first of a 3x3 window."""
_PACKED_AT_ONCE = 4
"""Pixels, or channels, at once: kws_nn_packed.h."""
_SHARED_CODE = ("concatenation_2", "concatenation_3", "concatenation_4")
"""Kernels that differ in the number of inputs only (kws_nn_concatenation.h) have one row of costs."""


def work_of(call: Call) -> tuple[str, Work]:
    """Returns the kernel (or the variant of it that the call's shapes select) and the units of work it does.

    Raises:
        KeyError: the kernel is unknown.
    """
    fields: Fields = call.parameters
    kernel = call.kernel.removeprefix("kws_nn_")
    if kernel == "depthwise_conv_2d_planar" and _is_3x3(fields):
        kernel += "_3x3"
    if kernel == "depthwise_conv_2d_row" and _is_from_memory(fields):
        kernel += "_from_memory"
    if kernel in _SHARED_CODE:
        kernel = kernel.rsplit("_", 1)[0]
    return kernel, {"call": 1, **_WORK[kernel](fields)}


def _conv_2d(fields: Fields) -> Work:
    outputs, channels = _size_of(fields["output"]), fields["output"]["channels"]
    depth = fields["input"]["channels"] // fields["groups"]
    inside = _taps_inside(fields) * channels * fields["output"]["batches"]
    return {
        "output": outputs,
        "tap": outputs * _taps(fields),
        "tap inside the image": inside,
        "multiplication": inside * depth,
    }


def _depthwise_conv_2d(fields: Fields) -> Work:
    outputs, channels = _size_of(fields["output"]), fields["output"]["channels"]
    inside = _taps_inside(fields) * channels * fields["output"]["batches"]
    return {"output": outputs, "tap": outputs * _taps(fields), "multiplication": inside}


def _transpose_conv(fields: Fields) -> Work:
    """Mirrors the loops of the kernel: of a window's taps, those meet an input that lie a stride apart."""
    output = fields["output"]
    (rows, rows_inside), (columns, columns_inside) = (
        _taps_that_meet(fields, "height", "stride_y", "pad_top"),
        _taps_that_meet(fields, "width", "stride_x", "pad_left"),
    )
    images = output["batches"] * output["channels"]
    inside = images * rows_inside * columns_inside
    return {
        "output": _size_of(output),
        "window row": images * rows * output["width"],
        "tap": images * rows * columns,
        "tap inside the image": inside,
        "multiplication": inside * fields["input"]["channels"],
    }


def _conv_2d_tile(fields: Fields) -> Work:
    channels = fields["output"]["channels"]
    pixels = _size_of(fields["output"]) // channels
    values, at_once = fields["window_values"], fields["pixels_at_once"]
    batches = _quotient_up(pixels, at_once)
    pairs = _quotient_up(channels, _TILE_CHANNELS)
    tiles = _quotient_up(pixels, _TILE_PIXELS) * pairs
    row_values, rows = fields["window"]["width"] * fields["input"]["channels"], fields["window"]["height"]
    in_fours = sum(row_values // 4 * 4 for row in range(rows) if row * row_values % 4 == 0)
    return {
        "pixel": pixels,
        "window row": pixels * rows,
        "value copied in fours": pixels * in_fours,
        "value copied alone": pixels * (rows * row_values - in_fours),
        "expanded weight": batches * pairs * _TILE_CHANNELS * values,
        "channel pair": batches * pairs,
        "tile": tiles,
        "multiplication": tiles * _TILE_PIXELS * _TILE_CHANNELS * values,
        "clamped output": _clamped(fields, pixels * channels),
    }


def _conv_2d_wide(fields: Fields) -> Work:
    channels = fields["output"]["channels"]
    pixels = _size_of(fields["output"]) // channels
    values, at_once = fields["window_values"], fields["pixels_at_once"]
    blocks = channels // _WIDE_CHANNELS
    batches = [min(at_once, pixels - begin) for begin in range(0, pixels, at_once)]
    tiles = blocks * sum(batch // _WIDE_PIXELS for batch in batches)
    singles = blocks * sum(batch % _WIDE_PIXELS for batch in batches)
    in_runs = pixels if _are_runs(fields) else 0
    return {
        "batch": len(batches),
        "block": len(batches) * blocks,
        "window": pixels,
        "value of a run": in_runs * values,
        "window row": (pixels - in_runs) * fields["window"]["height"],
        "value": (pixels - in_runs) * values,
        "tile": tiles,
        "multiplication": tiles * _WIDE_PIXELS * _WIDE_CHANNELS * values,
        "last pixel": singles,
        "multiplication of a last pixel": singles * _WIDE_CHANNELS * values,
        "clamped output": _clamped_by(fields, pixels * channels),
    }


def _are_runs(fields: Fields) -> bool:
    """Mirrors are_runs() of the kernel; windows at an image's edges are not told apart."""
    window, image = fields["window"], fields["input"]
    values = window["height"] * window["width"] * image["channels"]
    whole_rows = window["width"] == image["width"] and window["dilation_y"] == 1
    return (window["height"] == 1 or whole_rows) and bool(values == fields["window_values"])


def _conv_2d_packed(fields: Fields) -> Work:
    """Of the runs, a pair and what begins and ends a run take instructions."""
    channels = fields["output"]["channels"]
    pixels = _size_of(fields["output"]) // channels
    words, at_once = fields["words"], fields["pixels_at_once"]
    batches = [min(at_once, pixels - begin) for begin in range(0, pixels, at_once)]
    quads = sum(_quotient_up(batch, _PACKED_AT_ONCE) for batch in batches)
    return {
        "batch": len(batches),
        "channel": len(batches) * channels,
        "four pixels of a channel": quads * channels,
        "run": quads * _packed_runs(fields, channels * words),
        "pair": quads * channels * words,
        "window row": pixels * fields["window"]["height"],
        "word of a window": pixels * words,
        "output": pixels * channels,
    }


def _conv_2d_packed_strip(fields: Fields) -> Work:
    output, words = fields["output"], fields["words"]
    channels, rows = output["channels"], output["height"] * output["batches"]
    quads = rows * _quotient_up(output["width"], _PACKED_AT_ONCE)
    batches = rows * _quotient_up(output["width"], fields["pixels_at_once"])
    return {
        "channel": batches * channels,
        "four pixels of a channel": quads * channels,
        "run": quads * _packed_runs(fields, channels * words),
        "pair": quads * channels * words,
        "window row": quads * fields["window"]["height"],
        "four words": quads * words,
        "new word": fields["input"]["height"] * output["batches"] * fields["pitch"],
        "moved word": rows * fields["window"]["height"] * fields["pitch"],
        "output": rows * output["width"] * channels,
    }


def _conv_2d_packed_pixel(fields: Fields) -> Work:
    channels, words = fields["output"]["channels"], fields["words"]
    pixels = _size_of(fields["output"]) // channels
    blocks = _quotient_up(channels, _PACKED_AT_ONCE)
    return {
        "pixel": pixels,
        "four channels": pixels * blocks,
        "run": pixels * _packed_runs(fields, blocks * words * _PACKED_AT_ONCE),
        "pair": pixels * blocks * words,
        "window row": pixels * fields["window"]["height"],
        "word of a window": pixels * words,
        "output": pixels * channels,
    }


def _packed_runs(fields: Fields, weights: int) -> int:
    """Returns how many runs all channels have: each has a word in addition to its weights."""
    return int(fields["weights"].size) - weights


def _depthwise_packed(fields: Fields) -> Work:
    channels, outputs = fields["channels"], fields["output_size"]
    quads = _quotient_up(outputs, _PACKED_AT_ONCE)
    return {
        "channel": channels,
        "word of a line": channels * fields["length"],
        "four outputs": quads * channels,
        "run": quads * _packed_runs(fields, channels * fields["words"]),
        "pair": quads * channels * fields["words"],
        "output": outputs * channels,
    }


def _conv_2d_strip(fields: Fields) -> Work:
    output = fields["output"]
    groups = output["channels"] // _STRIP_CHANNELS
    rows = output["height"] * output["batches"]
    rows_inside = _taps_inside_along_rows(fields) * output["batches"]
    blocks_in_row = groups * _quotient_up(output["width"], _STRIP_PIXELS)
    return {
        "output row": rows * groups,
        "moved value": rows * fields["window"]["height"] * fields["pitch"],
        "new value": fields["input"]["height"] * output["batches"] * fields["pitch"],
        "block": rows * blocks_in_row,
        "window row of a block": rows_inside * blocks_in_row,
        "clamped output": _clamped(fields, _size_of(output)),
    }


def _depthwise_planar(fields: Fields) -> Work:
    outputs = fields["rows"]["output_size"] * fields["columns"]["output_size"] * fields["channels"]
    return {
        **_planes(fields),
        "output": outputs,
        "window row": outputs * fields["rows"]["window"],
        "multiplication": outputs * fields["rows"]["window"] * fields["columns"]["window"],
        "clamped output": _clamped(fields, outputs),
    }


def _depthwise_planar_3x3(fields: Fields) -> Work:
    rows, columns = fields["rows"]["output_size"], fields["columns"]["output_size"]
    outputs = rows * columns * fields["channels"]
    return {
        **_planes(fields),
        "output pair": rows * _quotient_up(columns, _PLANAR_OUTPUTS) * fields["channels"],
        "output": outputs,
        "clamped output": _clamped(fields, outputs),
    }


def _depthwise_row(fields: Fields) -> Work:
    outputs, channels = fields["output_size"], fields["channels"]
    pairs = _quotient_up(outputs, _PLANAR_OUTPUTS) * channels
    return {
        "channel": channels,
        "run of outputs": channels * ((outputs > 1) + outputs % 2),
        "input value": fields["input_size"] * channels // _PLANAR_CHANNELS,
        "output pair": pairs,
        "word of a pair": pairs * fields["words"] if _is_from_memory(fields) else 0,
        "cleared value": _PLANAR_CHANNELS * (fields["length"] - fields["input_size"]),
        "clamped output": _clamped_by(fields, outputs * channels),
    }


def _is_from_memory(fields: Fields) -> bool:
    """Mirrors two_by_two() of the kernel."""
    return bool(fields["words"] != _ROW_WORDS or fields["stride"] > 2)


def _planes(fields: Fields) -> Work:
    """Returns the work of spreading the image into one plane for each channel, and of each row of outputs."""
    rows, columns, channels = fields["rows"], fields["columns"], fields["channels"]
    return {
        "channel": channels,
        "input value": rows["input_size"] * columns["input_size"] * channels // _PLANAR_CHANNELS,
        "cleared value": fields["plane"],
        "output row": rows["output_size"] * channels,
    }


def _fully_connected(fields: Fields) -> Work:
    outputs = fields["rows"] * fields["units"]
    return {"output": outputs, "multiplication": outputs * fields["depth"]}


def _fully_connected_folded(fields: Fields) -> Work:
    outputs = fields["rows"] * fields["units"]
    blocks = fields["rows"] * _quotient_up(fields["units"], _DENSE_UNITS)
    return {
        "unit block": blocks,
        "output": outputs,
        "multiplication": blocks * _DENSE_UNITS * fields["depth"],
        "clamped output": _clamped(fields, outputs),
    }


def _fully_connected_rows(fields: Fields) -> Work:
    """Mirrors add_rows() of the kernel: later inferences depend on fewer of these rows."""
    blocks = fields["units"] // _DENSE_UNITS
    firsts = [fields["first_row"] - window * fields["stride_rows"] for window in range(fields["windows"])]
    added = [max(0, fields["rows"] - max(0, fields["least_row"] - first)) for first in firsts]
    multiplications = sum(added) * fields["row_values"] * fields["units"]
    return {"unit block": blocks * fields["windows"], "multiplication": multiplications}


def _fully_connected_sums(fields: Fields) -> Work:
    return {
        "output": fields["units"],
        "moved sum": fields["sums"] * fields["windows"],
        "clamped output": _clamped(fields, fields["units"]),
    }


def _pool_2d(fields: Fields) -> Work:
    outputs, channels = _size_of(fields["output"]), fields["output"]["channels"]
    inside = _taps_inside(fields) * channels * fields["output"]["batches"]
    return {
        "output": outputs,
        "window row": outputs * fields["window"]["height"],
        "tap": outputs * _taps(fields),
        "tap inside the image": inside,
    }


def _mean(fields: Fields) -> Work:
    return _reduction(fields, fields["averaged"])


def _reduce_max(fields: Fields) -> Work:
    return _reduction(fields, fields["reduced"])


def _reduction(fields: Fields, loops: Sequence[int]) -> Work:
    outputs = math.prod(fields["kept"])
    rows = outputs * loops[0]
    return {"output": outputs, "row": rows, "value": rows * loops[1]}


def _elementwise(fields: Fields) -> Work:
    return {"row": math.prod(fields["size"][:3]), "output": math.prod(fields["size"])}


def _pad(fields: Fields) -> Work:
    return {"row": math.prod(fields["output"][:3]), "output": math.prod(fields["output"])}


def _lookup(fields: Fields) -> Work:
    return {"value": fields["size"]}


def _concatenation(fields: Fields) -> Work:
    runs = [run for run in fields["run"] if run]
    return {"row": fields["rows"], "run": fields["rows"] * len(runs), "value": fields["rows"] * sum(runs)}


def _softmax(fields: Fields) -> Work:
    return {"row": fields["rows"], "value": fields["rows"] * fields["depth"]}


_WORK: dict[str, Callable[[Fields], Work]] = {
    "conv_2d": _conv_2d,
    "conv_2d_tile": _conv_2d_tile,
    "conv_2d_strip": _conv_2d_strip,
    "conv_2d_wide": _conv_2d_wide,
    "conv_2d_wide_relu": _conv_2d_wide,
    "conv_2d_packed": _conv_2d_packed,
    "conv_2d_packed_strip": _conv_2d_packed_strip,
    "conv_2d_packed_pixel": _conv_2d_packed_pixel,
    "depthwise_conv_2d": _depthwise_conv_2d,
    "depthwise_conv_2d_packed": _depthwise_packed,
    "depthwise_conv_2d_planar": _depthwise_planar,
    "depthwise_conv_2d_planar_3x3": _depthwise_planar_3x3,
    "depthwise_conv_2d_row": _depthwise_row,
    "depthwise_conv_2d_row_from_memory": _depthwise_row,
    "transpose_conv": _transpose_conv,
    "fully_connected": _fully_connected,
    "fully_connected_folded": _fully_connected_folded,
    "fully_connected_rows": _fully_connected_rows,
    "fully_connected_sums": _fully_connected_sums,
    "average_pool_2d": _pool_2d,
    "max_pool_2d": _pool_2d,
    "mean": _mean,
    "reduce_max": _reduce_max,
    "add": _elementwise,
    "sub": _elementwise,
    "mul": _elementwise,
    "prelu": _elementwise,
    "strided_copy": _elementwise,
    "pad": _pad,
    "lookup": _lookup,
    "concatenation": _concatenation,
    "softmax": _softmax,
}


def _is_3x3(fields: Fields) -> bool:
    """Mirrors is_3x3() of the kernel."""
    rows, columns = fields["rows"], fields["columns"]
    return (rows["window"], columns["window"], columns["stride"]) == (3, 3, 1)


def _size_of(shape: Fields) -> int:
    return math.prod(shape.values())


def _taps(fields: Fields) -> int:
    return int(fields["window"]["height"] * fields["window"]["width"])


def _taps_inside(fields: Fields) -> int:
    """Returns how many taps lie inside the image, over all positions of the kernel window."""
    return _taps_inside_along_rows(fields) * _taps_inside_along(fields, "width", "stride_x", "dilation_x", "pad_left")


def _taps_inside_along_rows(fields: Fields) -> int:
    """Returns how many window rows lie inside the image, over all positions along its height."""
    return _taps_inside_along(fields, "height", "stride_y", "dilation_y", "pad_top")


def _taps_inside_along(fields: Fields, size: str, stride: str, dilation: str, pad: str) -> int:
    window, image, positions = fields["window"], fields["input"][size], fields["output"][size]
    return sum(
        0 <= position * window[stride] - window[pad] + tap * window[dilation] < image
        for position in range(positions)
        for tap in range(window[size])
    )


def _taps_that_meet(fields: Fields, size: str, stride: str, pad: str) -> tuple[int, int]:
    """Returns how many taps of a transposed convolution the kernel visits along one axis, and how many lie inside."""
    window, image = fields["window"], fields["input"][size]
    places = [at + window[pad] for at in range(fields["output"][size])]
    visited = [(place - tap) // window[stride] for place in places
               for tap in range(place % window[stride], window[size], window[stride])]  # fmt: skip
    return len(visited), sum(0 <= at < image for at in visited)


def _clamped(fields: Fields, outputs: int) -> int:
    """Returns how many outputs a fast kernel clamps to a fused activation, in a separate loop."""
    return _clamped_by(fields["requantize"], outputs)


def _clamped_by(bounds: Fields, outputs: int) -> int:
    return 0 if (bounds["minimum"], bounds["maximum"]) == (-128, 127) else outputs


def _quotient_up(number: int, of: int) -> int:
    return -(-number // of)
