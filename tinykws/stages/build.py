"""build: a generated PlatformIO project in, firmware.elf and its size out."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path

from tinykws.boards import Board
from tinykws.codegen.footprint import Footprint, footprint, is_elf
from tinykws.doors.compilers import find_programs
from tinykws.doors.platformio import build_offline, build_with_vendor
from tinykws.errors import ConfigError, ToolError
from tinykws.progress import SILENT, Progress

PROGRAM_NAMES = ("firmware.elf", "firmware.exe")
"""What the platforms call the linked program; the second on Windows, where this computer is the board."""
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


def build(out_dir: Path, board: Board, progress: Progress = SILENT) -> BuildReport:
    """Builds the project in `out_dir`. What has not changed is not compiled again.

    Raises:
        ToolError: a compiler or the vendor's packages are missing and cannot be had, or the build failed.
        ConfigError: there is no project, or the program is too big for the board.
    """
    if not (out_dir / "platformio.ini").is_file():
        raise ConfigError(
            f"there is no PlatformIO project in {out_dir}", hint="make one with: tinykws generate --board …"
        )
    find_programs(board.compilers)
    started = time.monotonic()
    if board.has_own_platform:
        build_offline(out_dir, board.env)
    else:
        packages = [board.platform, *_libraries(out_dir, board)]
        build_with_vendor(out_dir, board.env, packages, lambda line: _say(line, progress))
    return _report(_program(out_dir, board), board, time.monotonic() - started)


def _libraries(out_dir: Path, board: Board) -> tuple[str, ...]:
    """The libraries that the project as generated asks for; the aot engine asks for none."""
    uses_tflm = (out_dir / "src" / "model_data.cc").is_file()
    return board.tflm.lib_deps if board.tflm and uses_tflm else ()


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


def _report(program: Path, board: Board, seconds: float) -> BuildReport:
    sizes = footprint(program, board.ram_address, board.ram_bytes) if is_elf(program) else Footprint(())
    report = BuildReport(
        program, sizes.flash_bytes, sizes.ram_bytes, board.flash_bytes, board.ram_bytes, seconds, sizes
    )
    _check_fits("flash", report.flash_bytes, report.flash_limit_bytes, board)
    _check_fits("RAM", report.ram_bytes, report.ram_limit_bytes, board)
    return report


def _check_fits(kind: str, used: int, limit: int, board: Board) -> None:
    if limit and used > limit:
        raise ConfigError(
            f"the program takes {used:,} bytes of {kind}, {used - limit:,} more than {board.name} has ({limit:,})",
            hint="use a smaller model (model: architecture in kws.yaml), or another board or engine",
        )
