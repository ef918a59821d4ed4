# SPDX-License-Identifier: Apache-2.0
"""Makes the image of a bundle for a board's model slot.

Its layout is in firmware/model_slot/kws_model_image.h; kws_model_image.c reads it on the chip. There is no signature:
the size is checked against the slot, and CRC-32s find damage.
"""

from __future__ import annotations

import struct
import zlib

from tinykws.boards.rows import Board
from tinykws.cost.memory import arena_bytes
from tinykws.model.bundle import Bundle
from tinykws.project.detector_settings import TEMPORAL_FILTER

MAGIC = b"KWSM"
VERSION = 1
HEADER_BYTES = 256
ALIGNMENT = 16

_NUMBERS = struct.Struct("<4s29I")
"""The numbers of the header, in the order of kws_model_image.h."""
_TEXTS = struct.Struct("<68s36s28s")
"""Board, the built-in model's identity, this bundle's identity without the model's hash."""


def model_image(bundle: Bundle, board: Board, built_in_identity: str) -> bytes:
    """Returns the bytes for the model slot; of a length that is a multiple of 16.

    Args:
        bundle: the model, its labels and its detector.
        board: its row of boards.yaml.
        built_in_identity: the identity of the model that is linked into the board's firmware, as the device says it:
            with any other firmware, the image is not used.

    Raises:
        ConfigError: model.tflite is not the one that the bundle describes.
    """
    detector, n_labels = bundle.detector, len(bundle.labels)
    body = _Body()
    model = bundle.model_bytes()
    model_at = body.add(model)
    labels = b"".join(label.name.encode("ascii") + b"\0" for label in bundle.labels)
    labels_at = body.add(labels)
    thresholds_at = body.add(bytes(detector.thresholds(n_labels)))
    weights_at = body.add(struct.pack(f"<{len(detector.tap_weights)}b", *detector.tap_weights))
    grammar_at = body.add(
        b"".join(struct.pack("<HHI", rule.word, rule.after, rule.window_ms) for rule in detector.grammar)
    )
    golden = bundle.self_test
    golden_at = body.add(struct.pack(f"<{n_labels}b", *golden.scores) if golden else b"")
    data = body.padded()
    numbers = _NUMBERS.pack(
        MAGIC, VERSION, HEADER_BYTES, HEADER_BYTES + len(data), zlib.crc32(data),
        model_at, len(model), arena_bytes(bundle, board), labels_at, len(labels), n_labels,
        int(detector.kind == TEMPORAL_FILTER), detector.average_window_ms, detector.minimum_count,
        detector.suppression_ms, detector.inference_stride_ms // bundle.frontend.stride_ms, detector.gate_ratio,
        thresholds_at, detector.taps, weights_at, detector.filter_bias % 2**32, detector.filter_shift,
        len(detector.grammar), grammar_at,
        *((1, golden.seed or 0, golden.features_crc32, golden_at) if golden else (0, 0, 0, 0)), 0, 0,
    )  # fmt: skip
    settings = bundle.identity.rpartition("-")[0]
    texts = _TEXTS.pack(*(text.encode("ascii") for text in (board.id, built_in_identity, settings)))
    header = numbers + texts
    return header + struct.pack("<I", zlib.crc32(header)) + data


class _Body:
    """What follows the header, each piece at a multiple of 16 bytes."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, piece: bytes) -> int:
        """Returns its offset in the image."""
        offset = HEADER_BYTES + len(self.padded())
        self._data = bytearray(self.padded()) + piece
        return offset

    def padded(self) -> bytes:
        """Returns all of it, filled up with zeros."""
        return bytes(self._data) + bytes(-len(self._data) % ALIGNMENT)
