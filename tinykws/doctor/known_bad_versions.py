# SPDX-License-Identifier: Apache-2.0
"""Versions that install without complaint and then do wrong."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import Version

from tinykws.boards.rows import Board
from tinykws.doctor.finding import Finding
from tinykws.doctor.installed_packages import Packages

AREA = "packages"
PER_CHANNEL_DENSE = Version("2.17")
"""The first TensorFlow whose converter gives a dense layer a scale per output."""


def check_model_optimization(packages: Packages) -> Finding | None:
    """Judges tensorflow-model-optimization beside Keras 3, which it does not know: it quantizes nothing, or breaks."""
    keras, toolkit = packages.get("keras"), packages.get("tensorflow-model-optimization")
    if toolkit is None or keras is None or Version(keras.version).major < 3:
        return None
    return Finding(
        AREA, "tensorflow-model-optimization", "warning",
        f"{toolkit.version} does not work with Keras {keras.version}; tinykws does not use it",
        "pip uninstall tensorflow-model-optimization",
    )  # fmt: skip


def check_dense_layers(packages: Packages, boards: Iterable[Board]) -> Finding | None:
    """Tells what TensorFlow and the boards' TensorFlow Lite Micro disagree on, and why it cannot bite.

    Libraries from before 2024-09 take a dense layer's first scale for all outputs: wrong scores, and no error.
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
        f"TensorFlow {tensorflow.version} would give them a scale per output, which {', '.join(libraries)} computes"
        " wrongly; quantize gives them one, and generate refuses others",
    )  # fmt: skip
