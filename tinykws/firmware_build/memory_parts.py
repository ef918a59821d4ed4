# SPDX-License-Identifier: Apache-2.0
"""Which part of a program takes how much flash and RAM: front-end, model, kernels and so on, from an ELF's symbols.

A static symbol belongs to the source file named before it in the symbol table, a global one is told by its name, which
our C begins with the file's. What no rule knows is the vendor's core and the C library, and so are gaps and texts: the
parts add up to the program.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from tinykws.firmware_build.elf_sizes import Footprint, footprint
from tinykws.support.errors import ConfigError

CORE = "core and C library"
_TFLM_RUNTIME = r"Micro|Allocation|Greedy|SingleArena|Persistent|NonPersistent|Linear|Parse|Enum|internal|Flat[bB]uffer"
"""How the names of TFLite Micro's classes and functions begin that are no kernels."""
_RULES = (
    ("model, constants", r"model_aot(?:\.\w+)?:(?:op|tensor)\d.*|:g_model.*"),
    ("model, working memory", r"(?:model_aot|kws_engine_tflm)(?:\.\w+)?:\w*arena\w*"),
    ("engine", rf".*:_Z\w*6tflite(?:12_GLOBAL__N_1)?\d+(?:{_TFLM_RUNTIME})\w*|.*:TfLite\w*"),
    ("kernels", r"kws_nn\w*\.\w+:.*|:kws_nn_.*|.*:(?:arm_(?!pdm)|esp_nn_|ei_).*|.*:_Z\w*(?:6tflite|8gemmlowp)\w*"),
    (
        "front-end",
        r"kws_(?:frontend\w*|analysis_window|fft|filterbank|square_root|noise_reduction|pcan|logarithm)\.c:.*"
        r"|:kws_(?:frontend|analysis_window|fft|filterbank|square_root|noise_reduction|pcan|logarithm|quantize_feature)(?:_.*)?"
        r"|kws_pipeline\.c:memory",
    ),
    (
        "detector and listener",
        r"kws_(?:detector|listener)\.c:.*|:kws_(?:detector|listener)_.*|kws_pipeline\.c:listener",
    ),
    ("engine", r"(?:model_aot|kws_engine\w*|kws_tflm\w*)\.\w+:.*|:kws_(?:model|engine|tflm)_.*"),
    ("on_word", r"on_word\.\w+:.*|:on_(?:start|word|every_inference|sound_lost)"),
    ("application", r"(?:kws_|main_)\w+\.\w+:.*|:kws_.*|:main|:setup|:loop"),
)
"""Part, and which `file:symbol` are of it; a global symbol has no file. The first that fits counts."""
STACK = "stack"
_STACK_SECTIONS = (".stack", ".stack_dummy")
_KINDS = ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
"""The last: what GCC makes of static variables that it reserves with .comm."""


@dataclasses.dataclass(frozen=True)
class Part:
    """What one part takes."""

    name: str
    flash_bytes: int
    ram_bytes: int


def memory_parts(elf: Path, ram_address: int = 0, ram_bytes: int = 0) -> tuple[Part, ...]:
    """Returns the parts of a linked program that take anything, the core last; together, its footprint.

    Args:
        elf: a linked program, not stripped.
        ram_address: as footprint() takes it.
        ram_bytes: as footprint() takes it.

    Raises:
        ConfigError: it is no ELF file, or a damaged one.
    """
    sizes = footprint(elf, ram_address, ram_bytes)
    sections = {section.name: section for section in sizes.sections}
    totals = {name: [0, 0] for name in (*(name for name, _ in _RULES), STACK)}
    for name in _STACK_SECTIONS:
        if name in sections:
            totals[STACK][1] += sections[name].ram_bytes
    for symbol in _symbols(elf):
        part, section = _part_of(symbol), sections.get(symbol.section)
        if part is not None and section is not None and section.name not in _STACK_SECTIONS:
            totals[part][0] += symbol.size if section.flash_bytes else 0
            totals[part][1] += symbol.size if section.ram_bytes else 0
    return _with_rest(totals, sizes)


def _with_rest(totals: dict[str, list[int]], sizes: Footprint) -> tuple[Part, ...]:
    parts = [Part(name, flash, ram) for name, (flash, ram) in totals.items()]
    flash, ram = (sum(part.flash_bytes for part in parts), sum(part.ram_bytes for part in parts))
    parts.append(Part(CORE, sizes.flash_bytes - flash, sizes.ram_bytes - ram))
    return tuple(part for part in parts if part.flash_bytes or part.ram_bytes)


@dataclasses.dataclass(frozen=True)
class _Symbol:
    file: str
    """Of a static symbol, without folders; empty for a global one."""
    name: str
    section: str
    size: int


def _symbols(elf: Path) -> Iterator[_Symbol]:
    """Yields functions and variables that take room; of several names for one place, one."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as stream:
            yield from _symbols_in(ELFFile(stream))
    except (ELFError, ValueError, EOFError) as error:
        raise ConfigError(f"{elf} is not an ELF program: {error}") from error


def _symbols_in(file: Any) -> Iterator[_Symbol]:
    from elftools.elf.sections import SymbolTableSection

    table: Any = file.get_section_by_name(".symtab")
    names = [section.name for section in file.iter_sections()]
    seen: set[tuple[Any, int]] = set()
    source = ""
    for symbol in table.iter_symbols() if isinstance(table, SymbolTableSection) else ():
        kind, index = symbol["st_info"]["type"], symbol["st_shndx"]
        if kind == "STT_FILE":
            source = PurePath(symbol.name.replace("\\", "/")).name
        place = (index, symbol["st_value"])
        in_section = isinstance(index, int) and index < len(names)
        if kind not in _KINDS or not in_section or not symbol["st_size"] or place in seen:
            continue
        seen.add(place)
        static = symbol["st_info"]["bind"] == "STB_LOCAL"
        yield _Symbol(source if static else "", symbol.name, names[index], symbol["st_size"])


def _part_of(symbol: _Symbol) -> str | None:
    text = f"{symbol.file}:{symbol.name}"
    return next((part for part, rule in _COMPILED if rule.fullmatch(text)), None)


_COMPILED: Sequence[tuple[str, re.Pattern[str]]] = [(part, re.compile(rule)) for part, rule in _RULES]
