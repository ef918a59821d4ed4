# SPDX-License-Identifier: Apache-2.0
"""Which files of a TensorFlow Lite Micro checkout the tflm engine needs: a few more than a hundred of 1,800.

It starts from the interpreter and from the kernels that define `Register_<OP>()` for the ops of tflm_ops.py, and
follows `#include "..."`. Of a header that was reached, the source of the same name is needed too (`conv.h`: `conv.cc`,
`conv_common.cc`), so tests, examples and other platforms' files (`cortex_m_generic/micro_time.cc`) are never reached.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tinykws.firmware_build.tflm_ops import RESOLVER_METHODS
from tinykws.support.errors import ConfigError

MICRO = "tensorflow/lite/micro"
KERNELS = f"{MICRO}/kernels"
CORTEX_M = "cortex_m_generic"
"""Holds sources for Cortex-M; in a tree that was cut for it they replace those of the same name."""
CMSIS_NN_KERNELS = f"{KERNELS}/cmsis_nn"
INTERPRETER = (f"{MICRO}/micro_interpreter.cc", f"{MICRO}/micro_op_resolver.cc")
HEADERS = (f"{MICRO}/micro_mutable_op_resolver.h", "tensorflow/lite/schema/schema_generated.h")
"""What the firmware includes. The resolver's header includes those of all kernels, whose sources it does not need."""

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+["<]([^">]+)[">]', re.MULTILINE)
_REGISTER = re.compile(r"\bRegister_([A-Z0-9_]+)\s*\(\s*\)\s*\{")


@dataclasses.dataclass(frozen=True)
class Root:
    """A folder in which includes are searched: the checkout, or a library that it uses."""

    folder: Path
    """As `-I` names it."""
    target: str
    """Where its files go in the PlatformIO library, relative; empty: its top."""


@dataclasses.dataclass(frozen=True)
class Cut:
    """The files that the engine needs."""

    files: dict[str, Path]
    """Each file by its name in the PlatformIO library."""
    missing_ops: tuple[str, ...]
    """Ops of tflm_ops.py that this version of TFLM does not have."""


def cut(roots: tuple[Root, ...], *, cmsis_nn: bool) -> Cut:
    """Returns the files that the engine needs of a checkout and of the libraries that it uses.

    Args:
        roots: where includes are searched; the first is the checkout.
        cmsis_nn: use the kernels that call CMSIS-NN where there are some.

    Raises:
        ConfigError: the checkout is not one of TFLM, lacks a kernel's source, or a file includes one of a library that
            is not there.
    """
    checkout = roots[0].folder
    absent = [name for name in (*INTERPRETER, *HEADERS) if not (checkout / name).is_file()]
    if absent:
        raise ConfigError(
            f"{checkout} is not a checkout of tflite-micro: it has no {absent[0]}",
            hint="get one: git clone https://github.com/tensorflow/tflite-micro",
        )
    kernels = _kernels(checkout, cmsis_nn=cmsis_nn)
    chosen = {op: kernels[op] for op in RESOLVER_METHODS if op in kernels}
    reader = _Reader(roots, {path.name: path for path in kernels.values()})
    reader.follow([checkout / name for name in INTERPRETER] + list(chosen.values()), sources_too=True)
    reader.follow([checkout / name for name in HEADERS], sources_too=False)
    return Cut(reader.files, tuple(op for op in RESOLVER_METHODS if op not in kernels))


def _kernels(checkout: Path, *, cmsis_nn: bool) -> dict[str, Path]:
    """Returns the source that registers each op; those of CMSIS-NN replace the reference ones file by file."""
    sources = {path.name: path for path in sorted((checkout / KERNELS).glob("*.cc"))}
    of_cmsis_nn = sorted((checkout / CMSIS_NN_KERNELS).glob("*.cc"))
    if cmsis_nn:
        sources |= {path.name: path for path in of_cmsis_nn}
    elif of_cmsis_nn and "conv.cc" not in sources:
        raise ConfigError(
            f"{checkout} has been cut for CMSIS-NN: its reference kernels are not there", hint="use --kernels cmsis_nn"
        )
    if cmsis_nn and not of_cmsis_nn:
        raise ConfigError(
            f"{checkout} has no kernels for CMSIS-NN ({CMSIS_NN_KERNELS})",
            hint="use the whole checkout, or a tree made with OPTIMIZED_KERNEL_DIR=cmsis_nn; or --kernels reference",
        )
    wanted = (path for path in sources.values() if not path.stem.endswith("_test"))
    return {op: path for path in wanted for op in _REGISTER.findall(_text(path))}


class _Reader:
    """Follows includes and collects files."""

    def __init__(self, roots: tuple[Root, ...], kernels: dict[str, Path]) -> None:
        self.files: dict[str, Path] = {}
        self._roots = roots
        self._kernels = kernels
        self._with_sources: set[Path] = set()

    def follow(self, paths: Iterable[Path], *, sources_too: bool) -> None:
        """Adds files and all that they include; with `sources_too`, also the sources that define what headers say."""
        left = list(paths)
        while left:
            path = left.pop()
            name = self._name(path)
            if path in self._with_sources or (name in self.files and not sources_too):
                continue
            self.files[name] = path
            if sources_too:
                self._with_sources.add(path)
                left += self._sources_of(path)
            left += self._included(path)

    def _name(self, path: Path) -> str:
        """Returns a file's name in the library; of roots that contain each other, the inner one decides."""
        around = [root for root in self._roots if root.folder in path.parents]
        root = max(around, key=lambda root: len(root.folder.parts))
        return "/".join(filter(None, [root.target, path.relative_to(root.folder).as_posix()]))

    def _included(self, path: Path) -> Iterator[Path]:
        """Yields the files that a file includes, as a compiler finds them: next to it, then in each root."""
        for include in _INCLUDE.findall(_text(path)):
            candidates = (Path(os.path.normpath(folder / include)) for folder in self._folders(path))
            found = next((candidate for candidate in candidates if candidate.is_file()), None)
            if found is not None:
                yield found
            else:
                self._check_library(path, include)

    def _folders(self, path: Path) -> list[Path]:
        return [path.parent, *(root.folder for root in self._roots)]

    @staticmethod
    def _check_library(path: Path, include: str) -> None:
        library = _LIBRARIES.get(include.split("/", maxsplit=1)[0])
        if library is not None:
            raise ConfigError(f"{path} includes {include}, which is not in {library}", hint=GET_LIBRARIES)

    def _sources_of(self, header: Path) -> Iterator[Path]:
        """Yields the sources next to a header of TFLM, not of its signal library; of kernels the chosen ones."""
        if header.suffix != ".h" or self._roots[0].folder / "tensorflow" not in header.parents:
            return
        for name in (f"{header.stem}.cc", f"{header.stem}_common.cc"):
            source = self._kernels.get(name, header.parent / name) if header.parent.name == "kernels" else None
            places = [source] if source else [header.parent / name, header.parent / CORTEX_M / name]
            yield from itertools.islice((place for place in places if place.is_file()), 1)


_LIBRARIES = {"flatbuffers": "flatbuffers", "fixedpoint": "gemmlowp", "ruy": "ruy"}
"""The library of a header, by the first part of its name."""

GET_LIBRARIES = (
    "let TFLM's makefile download what it uses, in the checkout:\n"
    "make -f tensorflow/lite/micro/tools/make/Makefile third_party_downloads\n"
    "or name a folder that contains it: --third-party FOLDER"
)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
