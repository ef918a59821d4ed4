# SPDX-License-Identifier: Apache-2.0
"""Kernel windows that slide over images, for convolutions and pooling."""

from __future__ import annotations

from tinykws.aot.lowering.call import Value, options
from tinykws.aot.lowering.rows import Axis
from tinykws.aot.reader.graph import Op, Tensor
from tinykws.aot.reader.schema import PADDINGS
from tinykws.aot.reader.tflite import MAX_ELEMENTS


def check_image(op: Op, tensor: Tensor, role: str) -> None:
    """Raises ConfigError unless the tensor has four dimensions."""
    if len(tensor.shape) != 4:
        raise op.error(f"its {role} is {list(tensor.shape)}, not [batch, height, width, channels]")


def shape_fields(image: Tensor) -> dict[str, Value]:
    """Returns the fields of a kws_nn_shape of a tensor with four dimensions."""
    return dict(zip(("batches", "height", "width", "channels"), image.shape, strict=True))


def window_axes(op: Op, source: Tensor, height: int, width: int) -> tuple[Axis, Axis]:
    """Returns the kernel window's rows and columns over the image `source`, with stride, padding and dilation."""
    return _axis(op, source.shape[1], height, "h"), _axis(op, source.shape[2], width, "w")


def _axis(op: Op, image_size: int, size: int, letter: str) -> Axis:
    """Source: tensorflow/lite/kernels/padding.h."""
    values = options(op)
    stride, dilation = values[f"stride_{letter}"], values.get(f"dilation_{letter}_factor", 1)
    if not 0 <= values["padding"] < len(PADDINGS):
        raise op.error(f"its padding has the number {values['padding']}; the file is damaged")
    if min(size, stride, dilation) < 1 or max(size * dilation, stride) > MAX_ELEMENTS:
        raise op.error(
            f"a kernel window of {size} with stride {stride} and dilation {dilation} along {letter} is impossible"
        )
    span = (size - 1) * dilation + 1
    if PADDINGS[values["padding"]] == "SAME":
        positions = -(-image_size // stride)
    else:
        positions = (image_size + stride - span) // stride
    if positions < 1:
        raise op.error(f"its kernel window spans {span}, more than the image's {image_size} along {letter}")
    return Axis(size, stride, dilation, max((positions - 1) * stride + span - image_size, 0) // 2, positions)


def window_fields(rows: Axis, columns: Axis) -> dict[str, Value]:
    """Returns the fields of a kws_nn_window."""
    return {
        "height": rows.size,
        "width": columns.size,
        "stride_y": rows.stride,
        "stride_x": columns.stride,
        "dilation_y": rows.dilation,
        "dilation_x": columns.dilation,
        "pad_top": rows.pad,
        "pad_left": columns.pad,
    }
