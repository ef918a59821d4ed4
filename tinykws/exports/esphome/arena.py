# SPDX-License-Identifier: Apache-2.0
"""The tensor arena of a streaming model on a device with ESPHome: enough at the first try.

ESPHome allocates what the manifest says, and half as much again or twice as much if that fails. The size here is the
sum of what the model takes with TFLite Micro's reference kernels on this computer, whose pointers are twice as long as
the chip's, and of the largest scratch buffer that esp-nn's convolutions ask for on an ESP32-S3.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinykws.exports.esphome.streaming_model import Layer, StreamNetwork
from tinykws.model.interpreter_process import measured_arena
from tinykws.model.tflm_interpreter import INSTALL_HINT, is_installed
from tinykws.support.errors import ToolError

AMPLE_BYTES = 1 << 20
SPARE_BYTES = (1024, 4096, 6144, 8192, 12288, 16384, 32768)
"""Extra bytes that planning the arena needs for a moment, more with each tensor; in the order tried."""
BUFFER_RECORD_BYTES = 32
"""For the record of each scratch buffer, and the alignment of its data."""
UNIT_BYTES = 1024
MOST_ROWS = 24
"""Above what a pointwise convolution copies: up to 7 rows if its channels are no multiple of 8, and 16 rows of
intermediate results if it has 8 or more."""


def arena_bytes(network: StreamNetwork, tflite: bytes) -> int:
    """Returns the size for a manifest's tensor_arena_size.

    Raises:
        ToolError: tflite-micro is not installed, or the model does not run in it.
    """
    scratch = max(scratch_bytes(network, layer) for layer in network.layers)
    records = BUFFER_RECORD_BYTES * len(network.layers)
    return -(-(_on_this_computer(tflite) + scratch + records) // UNIT_BYTES) * UNIT_BYTES


def _on_this_computer(tflite: bytes) -> int:
    if not is_installed():
        raise ToolError(
            "TFLite Micro's interpreter is not installed, which measures the tensor arena",
            hint=f"{INSTALL_HINT}\nor give its size, such as --arena 40000: ESPHome says in its log if it is too small",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(tflite)
        counted = measured_arena(path, AMPLE_BYTES)
        sizes = (counted + spare for spare in SPARE_BYTES) if counted is not None else ()
        enough = next((size for size in sizes if measured_arena(path, size) is not None), None)
    if enough is None:
        raise ToolError("TFLite Micro did not run the streaming model")
    return enough


def scratch_bytes(network: StreamNetwork, layer: Layer) -> int:
    """Returns the bytes that esp-nn asks for on an ESP32-S3.

    Source: esp-nn 1.1.2, esp_nn_get_conv_scratch_size_esp32s3 and esp_nn_get_depthwise_conv_scratch_size_esp32s3,
    without padding and with kernels of width 1.
    """
    align = 32
    if layer.op.name == "DEPTHWISE_CONV_2D":
        return align
    weights = network.graph.operand(layer.op, 1)
    assert weights is not None
    outputs, taps, _, inputs = weights.shape
    if taps == 1 and layer.stride == 1:
        padded = -(-inputs // 8) * 8
        return padded * outputs + align + MOST_ROWS * padded
    return taps * (-(-inputs // 16) * 16) * outputs + align + 4 * outputs
