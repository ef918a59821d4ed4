# SPDX-License-Identifier: Apache-2.0
"""Makes a PlatformIO library of a TensorFlow Lite Micro checkout, for the `tflm.lib_deps` of a board's row.

FOLDER/library.json      include paths, flags, and which kernels they are: `reference` or `cmsis_nn`
FOLDER/tensorflow/       what tflm_sources.py cuts out of the checkout
FOLDER/third_party/      headers of flatbuffers, gemmlowp and ruy; CMSIS-NN's sources
"""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tinykws.boards.rows import CMSIS_NN, LOCAL_LIBRARY, REFERENCE
from tinykws.firmware_build.generated_tree import MANIFEST, write_tree
from tinykws.firmware_build.tflm_sources import GET_LIBRARIES, KERNELS, MICRO, Root, cut
from tinykws.support.errors import ConfigError

DOWNLOADS = "tensorflow/lite/micro/tools/make/downloads"
"""Where TFLM's makefile puts the libraries that it downloads."""
NO_FLOATS = ("-DARM_NN_ENABLE_F16=0", "-DARM_NN_ENABLE_F32=0")
FLOAT_SOURCES = ("_f16", "_f32", "_flt")
"""How the names of CMSIS-NN's sources end that are for models of floats only."""


@dataclasses.dataclass(frozen=True)
class _Library:
    """A library that TFLM uses."""

    names: tuple[str, ...]
    """Of its folder: as TFLM's makefile names it, and as a clone is named."""
    probe: str
    """A file by which it is recognized."""
    include: str = ""
    """Its folder of headers."""


_HEADERS = (
    _Library(("flatbuffers",), "include/flatbuffers/flatbuffers.h", "include"),
    _Library(("gemmlowp",), "fixedpoint/fixedpoint.h"),
    _Library(("ruy",), "ruy/profiler/instrumentation.h"),
)
_CMSIS_NN = _Library(("cmsis_nn", "CMSIS-NN"), "Include/arm_nnfunctions.h")


@dataclasses.dataclass(frozen=True)
class LibraryReport:
    """The library that was made."""

    folder: Path
    kernels: str
    """reference or cmsis_nn."""
    sources: int
    """Files that are compiled."""
    missing_ops: tuple[str, ...]
    """Ops that tinykws knows and this version of TFLM lacks."""
    per_channel_fully_connected: bool = False
    """Whether its dense layers understand a scale for each output."""

    def row_keys(self) -> list[str]:
        """Returns the lines of a board's row that name this library."""
        return [
            "  build_flags: [-std=gnu++17, -DTF_LITE_STATIC_MEMORY]",
            "  build_unflags: [-std=gnu++14]",
            "  engine: tflm",
            "  engines: [tflm, aot]",
            "  tflm:",
            f"    lib_deps: [{json.dumps(LOCAL_LIBRARY + str(self.folder), ensure_ascii=False)}]",
            f"    per_channel_fully_connected: {str(self.per_channel_fully_connected).lower()}",
        ]


def make_library(checkout: Path, folder: Path, kernels: str, third_party: Iterable[Path] = ()) -> LibraryReport:
    """Makes the library; the checkout is only read.

    Args:
        checkout: a clone of tflite-micro, or a tree of its `create_tflm_tree.py`.
        folder: where the library goes; empty, new, or made by this function before.
        kernels: `reference` or `cmsis_nn`.
        third_party: folders that contain flatbuffers, gemmlowp, ruy or CMSIS-NN; searched first.

    Raises:
        ConfigError: a file or library is missing, or the folder holds something else.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise ConfigError(f"{folder} is not empty", hint="name a new folder")
    places = [*third_party, checkout / "third_party", checkout / DOWNLOADS]
    of_cmsis_nn = _find(_CMSIS_NN, places) if kernels == CMSIS_NN else None
    roots = [Root(checkout, "")]
    for library in _HEADERS:
        target = "/".join(filter(None, ["third_party", library.names[0], library.include]))
        roots.append(Root(_find(library, places) / library.include, target))
    chosen = cut(tuple(roots), cmsis_nn=of_cmsis_nn is not None)
    files = {name: path.read_bytes() for name, path in chosen.files.items()}
    files |= _licenses(checkout, roots)
    if of_cmsis_nn is not None:
        files |= _cmsis_nn_files(of_cmsis_nn)
    files["library.json"] = _manifest(kernels, [root.target for root in roots[1:]])
    write_tree(folder, dict(sorted(files.items())))
    sources = sum(name.endswith((".cc", ".c")) for name in files)
    dense = [data for name, data in files.items() if name.startswith(KERNELS) and name.endswith("/fully_connected.cc")]
    understands = any(b"per_channel" in data for data in dense)
    return LibraryReport(folder, kernels, sources, chosen.missing_ops, understands)


def refuse_whole_tree(folder: Path) -> None:
    """Raises ConfigError for a library that is a whole checkout: hundreds of files, of which many do not compile.

    A library.json with a srcFilter or a srcDir of its own has chosen its files, and is left alone.
    """
    build = _build_of(folder)
    if "srcFilter" in build or build.get("srcDir", ".") != ".":
        return
    micro = folder / MICRO
    other = [path for path in _other_platforms(micro) if (micro / path.name).is_file()]
    tests = sorted(micro.rglob("*_test.cc"))
    if not other and not tests:
        return
    example = (tests or other)[0].relative_to(folder).as_posix()
    n = sum(path.suffix in (".c", ".cc", ".cpp") for path in folder.rglob("*"))
    raise ConfigError(
        f"{folder} is a whole checkout of tflite-micro: PlatformIO would compile its {n:,} sources, with tests and"
        f" other platforms' files that do not compile here, such as {example}",
        hint="cut it, and name the cut folder in lib_deps:"
        f" tinykws tflm-library {shlex.quote(str(folder))} {shlex.quote(f'{folder}-cut')}",
    )


def _other_platforms(micro: Path) -> list[Path]:
    """Returns the sources that replace one of TFLM's for a platform, such as cortex_m_generic/micro_time.cc."""
    names = ("micro_time.cc", "debug_log.cc", "system_setup.cc")
    return sorted(path for name in names for path in micro.glob(f"*/{name}"))


def _build_of(folder: Path) -> dict[str, Any]:
    """Returns what library.json says about building it; nothing if it says nothing that can be read."""
    try:
        build = json.loads((folder / "library.json").read_text(encoding="utf-8"))["build"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return build if isinstance(build, dict) else {}


def _find(library: _Library, places: list[Path]) -> Path:
    for folder in places:
        for candidate in (folder, *(folder / name for name in library.names)):
            if (candidate / library.probe).is_file():
                return candidate
    raise ConfigError(f"{library.names[0]} is missing: TFLM needs its {library.probe}", hint=GET_LIBRARIES)


def _cmsis_nn_files(folder: Path) -> dict[str, bytes]:
    """Returns headers and the sources of integers, which is all that an int8 model calls."""
    headers = sorted((folder / "Include").rglob("*.h"))
    sources = [path for path in sorted((folder / "Source").rglob("*.c")) if not path.stem.endswith(FLOAT_SOURCES)]
    paths = [*headers, *sources, *folder.glob("LICENSE*")]
    return {f"third_party/cmsis_nn/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


def _licenses(checkout: Path, roots: list[Root]) -> dict[str, bytes]:
    """Returns the licenses of all that is copied."""
    found = {"LICENSE": checkout / "LICENSE"}
    for library, root in zip(_HEADERS, roots[1:], strict=True):
        top = root.folder.parent if library.include else root.folder
        found[f"third_party/{library.names[0]}/LICENSE"] = top / "LICENSE"
    return {name: path.read_bytes() for name, path in found.items() if path.is_file()}


def _manifest(kernels: str, includes: list[str]) -> bytes:
    """Returns library.json.

    `-DNDEBUG`: the reference kernels check every index in their inner loops without it. `-DPROJECT_GENERATION`: the
    micro_time.cc for Cortex-M asks for no vendor's header then.
    """
    flags = ["-DNDEBUG", "-DPROJECT_GENERATION", "-I.", *(f"-I{folder}" for folder in includes)]
    if kernels == CMSIS_NN:
        flags += ["-DCMSIS_NN", *NO_FLOATS, "-Ithird_party/cmsis_nn", "-Ithird_party/cmsis_nn/Include"]
    manifest: dict[str, Any] = {
        "name": "tflm",
        "version": "1.0.0",
        "description": f"TensorFlow Lite Micro with {_WORDS[kernels]}, cut by tinykws",
        "build": {"srcDir": ".", "includeDir": ".", "flags": flags},
        "tinykws": {"kernels": kernels},
    }
    return (json.dumps(manifest, indent=2) + "\n").encode()


_WORDS = {REFERENCE: "its reference kernels", CMSIS_NN: "CMSIS-NN"}
