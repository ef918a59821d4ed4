# SPDX-License-Identifier: Apache-2.0
"""The C that all exports share: src/tinykws.h and src/tinykws.c, and below src/kws/ front-end, model and detector.

The hand-written files are those of the firmware, unchanged. All of src/kws/ is in one folder, so that its files find
each other without an include path.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.version import Version

from tinykws import __version__
from tinykws.boards.rows import Board
from tinykws.cost.execution_mode import ModelInMode, Workload, compile_for_workload, workload_on
from tinykws.cost.memory import refuse_if_too_large
from tinykws.model.bundle import Bundle
from tinykws.native._kws import lib
from tinykws.native.frontend_tables import c_source
from tinykws.project.labels import FIRST_WORD, Label
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE, LICENSE
from tinykws.support.templates import render

Files = dict[str, bytes]
"""Contents by name relative to the export's folder, with forward slashes."""

INSTRUCTION_SET, RAM_BYTES, FLASH_BYTES = "armv7e-m", 256 * 1024, 1024 * 1024
"""The chip that a model is compiled for if no board is named: a common Cortex-M4. The C runs on others all the same."""
EXPORTS = FIRMWARE / "exports"
"""The hand-written files of exports, a folder for each form."""
PRIVATE = "src/kws"
"""The folder of everything but tinykws.h and what implements it."""
SHARED_PARTS: dict[str, tuple[str, ...]] = {
    "kws_frontend": ("*",),
    "kws_detect": ("*",),
    "kws_audio": ("kws_golden_signal", "kws_conditioner"),
    "kws_serial": ("kws_crc32",),
}
"""Of each of the firmware's libraries, the files by stem: what a listener, its self-test and a microphone need."""
SETTINGS = ("src/kws_detector_settings.h", "src/kws_settings_checks.c")
"""Of the firmware's application, what belongs to the settings."""
FIXED_BYTES, FIXED_POINTERS = 80, 48
"""Room for the fields of `struct tinykws` that are not sized by the model; tinykws.c checks it while it compiles."""
POINTER_BYTES = 4
"""On a chip with 32 bits, for the sizes that are reported."""


@dataclasses.dataclass(frozen=True)
class Library:
    """A bundle's model as a library."""

    bundle: Bundle
    compiled: ModelInMode

    @property
    def memory_bytes(self) -> int:
        """Bytes of TINYKWS_MEMORY_BYTES, without FIXED_POINTERS pointers."""
        settings, detector = self.bundle.frontend, self.bundle.detector
        history = detector.average_window_ms // detector.inference_stride_ms + 1
        words = lib.listener_memory_words(settings.window_samples, settings.n_mels, history, len(self.bundle.labels))
        return 4 * int(words) + self.compiled.arena_bytes + FIXED_BYTES

    @property
    def memory_bytes_32(self) -> int:
        """TINYKWS_MEMORY_BYTES on a chip with 32-bit pointers."""
        return self.memory_bytes + FIXED_POINTERS * POINTER_BYTES

    @property
    def constant_bytes(self) -> int:
        """Bytes of weights and other constants of the model in flash."""
        return self.compiled.choice.cost.constant_bytes

    @property
    def values(self) -> dict[str, Any]:
        """What templates of exports may use."""
        words = self.bundle.labels[FIRST_WORD:]
        return {
            "bundle": self.bundle,
            "version": __version__,
            "release": Version(__version__).base_version,
            "identifiers": identifiers(self.bundle.labels),
            "labels": ", ".join(label.name for label in words),
            "words": ", ".join(label.text for label in words),
            "inference_stride": self.bundle.detector.inference_stride_ms // self.bundle.frontend.stride_ms,
            "memory_bytes": self.memory_bytes,
            "memory_pointers": FIXED_POINTERS,
            "memory_bytes_32": self.memory_bytes_32,
        }


def library_of(bundle: Bundle, board: Board | None) -> Library:
    """Compiles a bundle's model for an export.

    Args:
        bundle: the model.
        board: the board for whose core, RAM and flash the model is laid out; None: a common Cortex-M4.

    Raises:
        ConfigError: the aot engine cannot compute one of the model's operations, two words have one identifier, or the
            board has not enough memory.
    """
    identifiers(bundle.labels)
    if board is not None:
        refuse_if_too_large(bundle, board, "aot")
    workload = workload_on(bundle, board) if board else _common_workload(bundle)
    return Library(bundle, compile_for_workload(bundle.model_bytes(), workload, callers_memory=True))


def _common_workload(bundle: Bundle) -> Workload:
    stride = bundle.detector.inference_stride_ms // bundle.frontend.stride_ms
    return Workload(bundle.frontend.n_frames, stride, INSTRUCTION_SET, RAM_BYTES, FLASH_BYTES)


def identifiers(labels: Iterable[Label]) -> list[tuple[str, int]]:
    """Returns for each label the C identifier of its number: TINYKWS_LABEL_HEY_ROBOT.

    Raises:
        ConfigError: two labels have the same one.
    """
    found: dict[str, Label] = {}
    for label in labels:
        identifier = f"TINYKWS_LABEL_{label.name.strip('_').upper()}"
        if identifier in found:
            raise ConfigError(
                f"words {found[identifier].text!r} and {label.text!r} both become {identifier} in C",
                hint="rename one of them in kws.yaml, then: tinykws tune",
            )
        found[identifier] = label
    return [(identifier, number) for number, identifier in enumerate(found)]


def library_files(library: Library) -> Files:
    """Returns the C that all forms share, and the licence."""
    compiled = library.compiled
    kernels = FIRMWARE / "lib" / "kws_nn"
    needed = [*sorted(kernels.glob("*.h")), *(kernels / name for name in compiled.kernels)]
    return {
        **rendered("c", ("src/tinykws.h", "src/kws/kws_settings.h"), library),
        **copied("c", "src"),
        **private_files([*_shared_sources(), *(FIRMWARE / name for name in SETTINGS), *needed]),
        f"{PRIVATE}/kws_settings.c": render("src/kws_settings.c", **library.values).encode(),
        f"{PRIVATE}/kws_frontend_config.c": c_source(library.bundle.frontend).encode(),
        f"{PRIVATE}/model_aot.c": compiled.source.encode(),
        f"{PRIVATE}/model_aot.h": compiled.header.encode(),
        "LICENSE": LICENSE.read_bytes(),
    }


def private_files(paths: Iterable[Path]) -> Files:
    """Returns files of the firmware, under PRIVATE."""
    return {f"{PRIVATE}/{path.name}": path.read_bytes() for path in paths}


def _shared_sources() -> list[Path]:
    parts = [(FIRMWARE / "lib" / folder, stem) for folder, stems in SHARED_PARTS.items() for stem in stems]
    return [path for folder, stem in parts for path in sorted(folder.glob(f"{stem}.[ch]"))]


def sources(files: Iterable[str]) -> list[str]:
    """Returns the C files of the library, among the names of an export's files."""
    return sorted(name for name in files if name.startswith("src/") and name.endswith(".c"))


def rendered(form: str, names: Iterable[str], library: Library, **more: Any) -> Files:
    """Returns what templates/exports/<form>/ makes."""
    values = {**library.values, **more}
    return {name: render(f"exports/{form}/{name}", **values).encode() for name in names}


def copied(form: str, *folders: str) -> Files:
    """Returns the hand-written files of a form in these of its folders."""
    root = EXPORTS / form
    paths = (path for folder in folders for path in sorted((root / folder).rglob("*")) if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
