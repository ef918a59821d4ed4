# SPDX-License-Identifier: Apache-2.0
"""export: a bundle in, C for a program that tinykws does not build out.

An export has its folder for itself, but for what a build system makes there: a folder that held something else before
is refused. What was exported there earlier is replaced; earlier files that are no longer made are removed.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from tinykws import __version__
from tinykws.boards.rows import Board
from tinykws.exports.export_folder import DESCRIPTION, refuse_other_content
from tinykws.exports.exporters import Exporter, exporter_of
from tinykws.exports.library import Files, Library, library_of
from tinykws.firmware_build.generated_tree import TreeChanges, write_tree
from tinykws.model.bundle import Bundle
from tinykws.support.progress import SILENT, Progress


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """An export on disk."""

    form: str
    """c, arduino, esp-idf or zephyr."""
    path: Path
    engine: str
    model_id: str
    identity: str
    """As a device would print it: hashes of front-end, detector, labels and model."""
    files: tuple[str, ...]
    """All that was exported."""
    changes: TreeChanges
    """What of it differed from what was there."""
    memory_bytes: int
    """RAM of one instance on a chip with 32-bit pointers: TINYKWS_MEMORY_BYTES."""
    arena_bytes: int
    """Of it, the model's."""
    constant_bytes: int
    """Flash of the model's weights and other constants; code and the front-end's tables come on top."""
    stream: str
    """Whether inferences reuse rows of earlier ones, in words."""


def export(
    bundle: Bundle,
    form: str,
    folder: Path,
    *,
    engine: str = "aot",
    board: Board | None = None,
    progress: Progress = SILENT,
) -> ExportReport:
    """Writes a bundle's model to a folder in a form that another build system takes.

    Args:
        bundle: the model.
        form: a name of EXPORTERS.
        folder: made if it is not there; it may hold an earlier export of the same form, and what was built from it.
        engine: what runs the model; all forms have "aot".
        board: for whose core, RAM and flash the model is laid out; None: a common Cortex-M4.
        progress: told what of the user's was kept aside.

    Raises:
        ConfigError: no form has this name, it lacks the engine, the engine cannot run the model, two words have one
            identifier, the folder holds something else or cannot be written.
    """
    exporter = exporter_of(form, engine)
    refuse_other_content(folder, exporter.name)
    library = library_of(bundle, board)
    if bundle.self_test is None:
        progress.say("the bundle has no golden sound, so the self-test checks nothing; tinykws tune makes one")
    files = export_files(exporter, library)
    changes = write_tree(folder, files)
    for name, kept_as in zip(changes.kept, changes.kept_as, strict=True):
        progress.say(f"{folder / name} was not as tinykws made it: kept as {kept_as}")
    return _report(exporter, folder, library, files, changes)


def export_files(exporter: Exporter, library: Library) -> Files:
    """Returns every file of an export."""
    return dict(sorted({**exporter.files(library), DESCRIPTION: _description(exporter, library)}.items()))


def _description(exporter: Exporter, library: Library) -> bytes:
    bundle = library.bundle
    values = {
        "form": exporter.name,
        "tinykws": __version__,
        "model_id": bundle.model_id,
        "identity": bundle.identity,
        "labels": [label.name for label in bundle.labels],
        "memory_bytes": library.memory_bytes_32,
    }
    return (json.dumps(values, indent=2) + "\n").encode()


def _report(exporter: Exporter, folder: Path, library: Library, files: Files, changes: TreeChanges) -> ExportReport:
    return ExportReport(
        form=exporter.name,
        path=folder,
        engine="aot",
        model_id=library.bundle.model_id,
        identity=library.bundle.identity,
        files=tuple(files),
        changes=changes,
        memory_bytes=library.memory_bytes_32,
        arena_bytes=library.compiled.arena_bytes,
        constant_bytes=library.constant_bytes,
        stream=library.compiled.choice.report.in_words(),
    )
