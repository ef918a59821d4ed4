# SPDX-License-Identifier: Apache-2.0
"""build: a generated PlatformIO project in, firmware.elf out, with its size by part and how long listening takes."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path

from tinykws.boards.rows import Board, is_local, local_path
from tinykws.cost.latency import Speed, estimate_speed, refuse_if_too_slow
from tinykws.cost.memory import MemoryNeeds, advice, excess
from tinykws.firmware_build.elf_sizes import Footprint, footprint, is_elf
from tinykws.firmware_build.memory_parts import Part, memory_parts
from tinykws.firmware_build.platformio import ProgramTooBigError, build_offline, build_with_vendor
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.programs import find_programs
from tinykws.support.progress import SILENT, Progress

PROGRAM_NAMES = ("firmware.elf", "firmware.exe")
"""What the platforms call the linked program; the second on Windows, where this computer is the board."""
LIBRARY_MANIFESTS = ("library.json", "library.properties", "module.json")
WORTH_SAYING = re.compile(r"^(Platform|Tool|Library) Manager: ")


@dataclasses.dataclass(frozen=True)
class BuildReport:
    """The program, and how much of the board it takes."""

    program: Path
    flash_bytes: int
    ram_bytes: int
    flash_limit_bytes: int
    """0: no limit."""
    ram_limit_bytes: int
    """0: no limit."""
    seconds: float
    footprint: Footprint
    """Section by section."""
    parts: tuple[Part, ...]
    """Front-end, model, kernels and so on; empty where the program is no ELF file."""
    speed: Speed | None
    """None where the board's core is not known, or not what was built."""


def build(
    out_dir: Path,
    board: Board,
    progress: Progress = SILENT,
    bundle: Bundle | None = None,
    *,
    force: bool = False,
) -> BuildReport:
    """Builds the project in `out_dir`. What has not changed is not compiled again.

    Args:
        out_dir: the generated project.
        board: the row it was generated for.
        progress: told of downloads.
        bundle: what it was generated from; with it, the report says how fast it is, one that cannot keep up is
            refused before anything is compiled, and the error of a program too big says what would fit.
        force: build even what cannot keep up.

    Raises:
        ToolError: a compiler or the vendor's packages are missing and cannot be had, or the build failed.
        ConfigError: there is no project, a library of this computer is not there, or the program is too slow or big.
    """
    if not (out_dir / "platformio.ini").is_file():
        raise ConfigError(
            f"there is no PlatformIO project in {out_dir}", hint="make one with: tinykws generate --board …"
        )
    speed = None if bundle is None else estimate_speed(bundle, board, _engine(out_dir))
    if bundle is not None and not force:
        refuse_if_too_slow(speed, bundle, board, _engine(out_dir))
    find_programs(board.compilers)
    libraries = _libraries(out_dir, board)
    _check_local(libraries, out_dir)
    started = time.monotonic()
    try:
        if board.has_own_platform:
            build_offline(out_dir, board.env)
        else:
            packages = [board.platform, *(library for library in libraries if not is_local(library))]
            build_with_vendor(out_dir, board.env, packages, lambda line: _say(line, progress))
    except ProgramTooBigError as error:
        raise _too_big(error.message, error.over, out_dir, board, bundle) from error
    report = _report(_program(out_dir, board), board, time.monotonic() - started, speed)
    _check_fits(report, out_dir, bundle, board)
    return report


def _engine(out_dir: Path) -> str:
    return "tflm" if (out_dir / "src" / "model_data.cc").is_file() else "aot"


def _libraries(out_dir: Path, board: Board) -> tuple[str, ...]:
    """The libraries that the project as generated asks for; the aot engine asks for none."""
    return board.tflm.lib_deps if board.tflm and _engine(out_dir) == "tflm" else ()


def _check_local(libraries: tuple[str, ...], out_dir: Path) -> None:
    """PlatformIO's own message for a folder that is not there, or is no library, names neither."""
    for library in filter(is_local, libraries):
        folder = Path(local_path(library).replace("${PROJECT_DIR}", str(out_dir)))
        if not any((folder / name).is_file() for name in LIBRARY_MANIFESTS):
            raise ConfigError(
                f"lib_deps names {folder}, where there is no PlatformIO library",
                hint=f"a library is a folder with {' or '.join(LIBRARY_MANIFESTS)}",
            )


def _say(line: str, progress: Progress) -> None:
    """Downloads take minutes: their lines are passed on."""
    if WORTH_SAYING.match(line):
        progress.say(line)


def _program(out_dir: Path, board: Board) -> Path:
    folder = out_dir / ".pio" / "build" / board.env
    for name in PROGRAM_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise ToolError(f"PlatformIO built no program in {folder}", hint=f"try: pio run -d {out_dir} -v")


def _report(program: Path, board: Board, seconds: float, speed: Speed | None) -> BuildReport:
    sizes, parts = Footprint(()), ()  # type: Footprint, tuple[Part, ...]
    if is_elf(program):
        sizes = footprint(program, board.ram_address, board.ram_bytes)
        parts = memory_parts(program, board.ram_address, board.ram_bytes)
    used, limits = (sizes.flash_bytes, sizes.ram_bytes), (board.flash_bytes, board.ram_bytes)
    return BuildReport(program, *used, *limits, seconds, sizes, parts, speed)


def _check_fits(report: BuildReport, out_dir: Path, bundle: Bundle | None, board: Board) -> None:
    """By the program's own figures: not every vendor's linker script knows how much the board has."""
    over = excess(MemoryNeeds(report.flash_bytes, report.ram_bytes), board)
    if over.flash_bytes > 0:
        what, used, limit, too_much = "flash", report.flash_bytes, report.flash_limit_bytes, over.flash_bytes
    elif over.ram_bytes > 0:
        what, used, limit, too_much = "RAM", report.ram_bytes, report.ram_limit_bytes, over.ram_bytes
    else:
        return
    message = f"the program takes {used:,} bytes of {what}, {too_much:,} more than {board.name} has ({limit:,})"
    raise _too_big(message, over, out_dir, board, bundle)


def _too_big(message: str, over: MemoryNeeds, out_dir: Path, board: Board, bundle: Bundle | None) -> ConfigError:
    if bundle is None:
        hint = "use a smaller model (model: architecture in kws.yaml), or another board or engine"
    else:
        hint = advice(bundle, board, _engine(out_dir), over)
    return ConfigError(message, hint=hint)
