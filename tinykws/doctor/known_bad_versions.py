# SPDX-License-Identifier: Apache-2.0
"""Package versions that install without errors but give wrong results."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

from tinykws.boards.rows import Board
from tinykws.doctor.finding import Finding
from tinykws.doctor.installed_packages import Packages

AREA = "packages"
PER_CHANNEL_DENSE = Version("2.17")
"""The first TensorFlow whose converter quantizes dense layers per channel."""


def check_model_optimization(packages: Packages) -> Finding | None:
    """Checks for tensorflow-model-optimization plus Keras 3, which it does not support: it quantizes nothing."""
    keras, toolkit = packages.get("keras"), packages.get("tensorflow-model-optimization")
    if toolkit is None or keras is None or Version(keras.version).major < 3:
        return None
    return Finding(
        AREA, "tensorflow-model-optimization", "warning",
        f"{toolkit.version} does not work with Keras {keras.version}; tinykws does not use it",
        "pip uninstall tensorflow-model-optimization",
    )  # fmt: skip


def check_dense_layers(packages: Packages, boards: Iterable[Board]) -> Finding | None:
    """Reports that TensorFlow's dense layers do not suit some boards' TFLite Micro, and how tinykws avoids that.

    Libraries from before 2024-09 use a dense layer's first scale for all outputs: wrong scores without an error.
    """
    tensorflow = packages.get("tensorflow")
    if tensorflow is None or Version(tensorflow.version) < PER_CHANNEL_DENSE:
        return None
    frozen = [board.tflm for board in boards if board.tflm and not board.tflm.per_channel_fully_connected]
    if not frozen:
        return None
    libraries = dict.fromkeys(name for tflm in frozen for name in tflm.lib_deps or ["a vendor's core"])
    return Finding(
        AREA, "dense layers", "ok",
        f"TensorFlow {tensorflow.version} would quantize them per channel, which {', '.join(libraries)} computes"
        " wrongly; quantize makes them per-tensor, and generate refuses others",
    )  # fmt: skip
