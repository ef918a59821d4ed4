# SPDX-License-Identifier: Apache-2.0
"""generate: a bundle and a board in, a complete PlatformIO project out, good on its own.

One of its files belongs to the user, src/on_word.cpp (on_word.c without Arduino): it is written once, and never again.

The project is templates filled with values, C that is computed (front-end tables, the model ahead of time), and the
firmware's hand-written sources copied as they are. No date and no path of this machine goes into it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinykws.boards.model_slot import EMULATOR
from tinykws.boards.rows import Board
from tinykws.cost.execution_mode import compile_for_board
from tinykws.cost.memory import arena_bytes, refuse_if_too_large
from tinykws.firmware_build.generated_tree import TreeChanges, write_tree
from tinykws.firmware_build.tflm_ops import refuse_per_channel_dense, resolver_methods
from tinykws.firmware_build.user_file import (
    USER_FILES,
    is_never_called,
    labels_in,
    lights,
    present_user_file,
    unknown_words,
    user_file,
)
from tinykws.firmware_build.where_it_runs import refuse_if_unsupported
from tinykws.model.bundle import Bundle
from tinykws.native.frontend_tables import c_source
from tinykws.project.labels import FIRST_WORD
from tinykws.support.dataclass_reader import short_repr
from tinykws.support.errors import ConfigError
from tinykws.support.progress import SILENT, Progress
from tinykws.support.resources import FIRMWARE, LICENSE
from tinykws.support.templates import render

COMMON_TEMPLATES = ("platformio.ini", "README.md", ".gitignore", "include/kws_settings.h", "src/kws_settings.c")
TFLM_TEMPLATES = ("src/model_data.h", "src/model_data.cc", "src/kws_ops.h")
AOT_MODEL_NAME = "src/model_aot_name.c"
"""What names the model of the aot engine: the end of model_aot.c, so that it goes wherever the weights go."""
UPLOAD_SCRIPT = "upload_model.py"
"""What PlatformIO runs to write a board's model slot."""
PARTITIONS = "partitions.csv"
KERNELS = "kws_nn"
"""The library that only the aot engine needs, and of it only the operations of its model."""

Files = dict[str, bytes]
"""Contents by name relative to the project, with forward slashes."""


@dataclasses.dataclass(frozen=True)
class GeneratedProject:
    """A PlatformIO project on disk."""

    path: Path
    board: str
    engine: str
    files: tuple[str, ...]
    """All that was generated."""
    changes: TreeChanges
    """What of it differed from what was there."""
    user_file: str = ""
    """The file that belongs to the user: src/on_word.cpp or src/on_word.c."""
    unknown_words: tuple[str, ...] = ()
    """What that file takes for words, but the model does not know."""


def generate(
    bundle: Bundle, board: Board, engine: str | None, out_dir: Path, progress: Progress = SILENT
) -> GeneratedProject:
    """Writes the PlatformIO project for a board; files that are equal stay untouched, so that a rebuild is fast.

    Args:
        bundle: what to run.
        board: where.
        engine: "tflm", "aot", or None for the board's default.
        out_dir: the project's folder; a user's own files in it stay.
        progress: told what of the user's was kept aside.

    Raises:
        ConfigError: the board has no such engine, the engine cannot run the model, the model alone is too big for the
            board, the folder cannot be written.
    """
    chosen = board.chosen_engine(engine)
    refuse_if_unsupported(bundle, board, chosen)
    refuse_if_too_large(bundle, board, chosen)
    files = project_files(bundle, board, chosen)
    former = labels_in(out_dir)
    changes = _write(out_dir, files)
    for name, kept_as in zip(changes.kept, changes.kept_as, strict=True):
        progress.say(f"{out_dir / name} was not as tinykws made it: kept as {kept_as}")
    own = present_user_file(out_dir) or user_file(board)
    if is_never_called(out_dir):
        progress.say(f'{out_dir / own} lacks the line #include "on_word.h": without it, its functions are never called')
    unknown = unknown_words(out_dir, bundle.labels, former)
    if unknown:
        progress.say(_about_unknown_words(out_dir / own, unknown, bundle))
    names = tuple(name for name in files if name not in USER_FILES)
    return GeneratedProject(out_dir, board.id, chosen, tuple(sorted({*names, own})), changes, own, unknown)


def _write(out_dir: Path, files: Files) -> TreeChanges:
    """Writes the project; the user's file only if there is none, in either language."""
    generated = {name: data for name, data in files.items() if name not in USER_FILES}
    once = {name: data for name, data in files.items() if name in USER_FILES}
    there = present_user_file(out_dir)
    return write_tree(out_dir, generated, once if there is None else {there: b""})


def _about_unknown_words(path: Path, unknown: tuple[str, ...], bundle: Bundle) -> str:
    known = ", ".join(label.name for label in bundle.labels[FIRST_WORD:])
    return (
        f"{path} names {', '.join(map(short_repr, unknown))}, which on_word() is never given: it gets {known}."
        " The file is yours, so it is left as it is; edit it, or delete it and generate again"
    )


def project_files(bundle: Bundle, board: Board, engine: str) -> Files:
    """Returns every file of the project. Raises ConfigError where the engine cannot run the model."""
    model = _tflm_files if engine == "tflm" else _aot_files
    files = {
        **_templates((*COMMON_TEMPLATES, user_file(board)), bundle, board, engine),
        "src/kws_frontend_config.c": c_source(bundle.frontend).encode(),
        **_application(board),
        **_libraries(),
        "LICENSE": LICENSE.read_bytes(),
        **_port(board),
        **_copied(FIRMWARE / "engines" / engine, "src"),
        **_model_slot(bundle, board, engine),
        **model(bundle, board),
    }
    if board.has_own_platform:
        files |= _copied(FIRMWARE / "platform", "platform")
    return dict(sorted(files.items()))


def _templates(names: tuple[str, ...], bundle: Bundle, board: Board, engine: str, **more: Any) -> Files:
    values = {
        "bundle": bundle,
        "board": board,
        "engine": engine,
        "settings_identity": bundle.identity.rpartition("-")[0],
        "lights": lights(bundle.labels),
        "user_file": user_file(board),
        "words": ", ".join(label.text for label in bundle.labels[FIRST_WORD:]),
        "labels": ", ".join(label.name for label in bundle.labels[FIRST_WORD:]),
        "inference_stride": bundle.detector.inference_stride_ms // bundle.frontend.stride_ms,
        "lib_deps": board.tflm.lib_deps if board.tflm and engine == "tflm" else (),
        "slot": board.slot_of(engine),
        "arena_bytes": arena_bytes(bundle, board) if engine == "tflm" else 0,
        **more,
    }
    return {name: render(name, **values).encode() for name in names}


def _application(board: Board) -> Files:
    """The portable application, and of the entry points (and their headers) the board's."""
    sources = _copied(FIRMWARE / "src", "src")
    entry = f"src/{Path(board.main).stem}."
    return {name: data for name, data in sources.items() if not name.startswith("src/main_") or name.startswith(entry)}


def _libraries() -> Files:
    """The portable libraries: all of firmware/lib but the aot engine's kernels."""
    folders = [folder for folder in sorted((FIRMWARE / "lib").iterdir()) if folder.name != KERNELS]
    return {name: data for folder in folders for name, data in _copied(folder, f"lib/{folder.name}").items()}


def _port(board: Board) -> Files:
    folders = [name for name in (board.port, board.microphone_port, board.watchdog_port, board.fast_transport) if name]
    return {name: data for folder in folders for name, data in _copied(FIRMWARE / "ports" / folder, "src").items()}


def _model_slot(bundle: Bundle, board: Board, engine: str) -> Files:
    """What a firmware needs to run a model of `flash --model-only`; nothing for one without a model slot."""
    slot = board.slot_of(engine)
    if slot is None:
        return {}
    sources = {**_copied(FIRMWARE / "model_slot", "src"), **_copied(FIRMWARE / "ports" / slot.port, "src")}
    script = {UPLOAD_SCRIPT: sources.pop(f"src/{UPLOAD_SCRIPT}")}
    files = sources if slot.writer == EMULATOR else sources | script
    return files | (_templates((PARTITIONS,), bundle, board, engine) if slot.partitions else {})


def _tflm_files(bundle: Bundle, board: Board) -> Files:
    refuse_per_channel_dense(bundle, board)
    ops = resolver_methods(bundle.ops)
    return _templates(TFLM_TEMPLATES, bundle, board, "tflm", model=bundle.model_bytes(), ops=ops)


def _aot_files(bundle: Bundle, board: Board) -> Files:
    compiled = compile_for_board(bundle, board)
    library = FIRMWARE / "lib" / KERNELS
    name = render(AOT_MODEL_NAME, bundle=bundle, model_hash=bundle.identity.rpartition("-")[2])
    needed = [path.name for path in _files_below(library) if path.suffix == ".h"] + list(compiled.kernels)
    return {
        "src/model_aot.c": (compiled.source + name).encode(),
        "src/model_aot.h": compiled.header.encode(),
        **{f"lib/{KERNELS}/{name}": (library / name).read_bytes() for name in needed},
    }


def _copied(source: Path, target: str) -> Files:
    """The files below a folder of the firmware, under another folder's name."""
    if not source.is_dir():
        raise ConfigError(f"there is no {source.name} in tinykws's firmware", hint="a wrong `port` in boards.yaml?")
    return {f"{target}/{path.relative_to(source).as_posix()}": path.read_bytes() for path in _files_below(source)}


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path
