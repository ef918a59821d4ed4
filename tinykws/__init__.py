# SPDX-License-Identifier: Apache-2.0
"""tinykws puts keyword spotting on microcontrollers: from a list of words to verified firmware.

The names in `__all__` are the public Python API; docs and examples are in their docstrings. Everything else in this
package is private and may change in any release: modules such as tinykws.stages or tinykws.cli, and what they define.
For all that the API does not cover, use the `tinykws` command; its `--json` output is stable.

A bundle is the folder that `tinykws build` or `tinykws tune` writes: the int8 model, and all settings that a device
needs to run it.

>>> import tinykws
>>> bundle = tinykws.load_bundle("build/bundle")
>>> for detection in tinykws.detect_file(bundle, "kitchen.wav"):
...     print(f"{detection.time_ms} ms: {detection.text} ({detection.score})")
290 ms: yes (139)
...

Importing tinykws loads neither numpy nor TensorFlow: each name is loaded when it is first used.

Contents:
    api.load_bundle: reads and checks a bundle.
    api.compute_features: computes the features of samples, as the device does.
    api.Detector: detects words in a stream, fed piece by piece.
    api.detect_file: detects words in an audio file.
    api.evaluate: measures a trained project's accuracy on a split of its dataset.
    api.list_boards: lists the boards that firmware can be generated for.
    api.generate: generates the PlatformIO project for a board.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinykws.api import (
        Board,
        Bundle,
        ConfigError,
        Detection,
        Detector,
        DeviceError,
        Evaluation,
        GeneratedProject,
        LabelFigures,
        TinykwsError,
        ToolError,
        compute_features,
        detect_file,
        evaluate,
        generate,
        list_boards,
        load_bundle,
    )

__all__ = [
    "Board",
    "Bundle",
    "ConfigError",
    "Detection",
    "Detector",
    "DeviceError",
    "Evaluation",
    "GeneratedProject",
    "LabelFigures",
    "TinykwsError",
    "ToolError",
    "__version__",
    "compute_features",
    "detect_file",
    "evaluate",
    "generate",
    "list_boards",
    "load_bundle",
]

__version__ = "0.2.0.dev0"


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used (PEP 562)."""
    if name in __all__:
        value = globals()[name] = getattr(importlib.import_module("tinykws.api"), name)
        return value
    raise AttributeError(f"module 'tinykws' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
