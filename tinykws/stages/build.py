# SPDX-License-Identifier: Apache-2.0
"""build: compiles a generated PlatformIO project to firmware.elf; reports its size by purpose, and its speed."""

from __future__ import annotations

import dataclasses
import re
import shlex
import time
from pathlib import Path

from tinykws.boards.rows import Board, is_local, local_path
from tinykws.cost.latency import Speed, estimate_speed, refuse_if_too_slow
from tinykws.cost.memory import MemoryNeeds, advice, excess
from tinykws.firmware_build.elf_sizes import Footprint, footprint, is_elf
from tinykws.firmware_build.memory_parts import Part, memory_parts
from tinykws.firmware_build.platformio import (
    LIBRARY_BUILD_SECONDS,
    OWN_BUILD_SECONDS,
    ProgramTooBigError,
    build_offline,
    build_with_vendor,
    registry_answers,
)
from tinykws.firmware_build.platformio_packages import missing_libraries, missing_platform
from tinykws.firmware_build.tflm_library import refuse_whole_tree
from tinykws.model.bundle import Bundle
from tinykws.support.errors import ConfigError, ToolError
from tinykws.support.programs import find_programs
from tinykws.support.progress import SILENT, Progress

PROGRAM_NAMES = ("firmware.elf", "firmware.exe")
"""Names of the linked program; the second is that of --board host on Windows."""
LIBRARY_MANIFESTS = ("library.json", "library.properties", "module.json")
DOWNLOAD_LINE = re.compile(r"^(Platform|Tool|Library) Manager: ")


@dataclasses.dataclass(frozen=True)
class BuildReport:
    """The program, and how much of the board's memory and time it takes."""

    program: Path
    flash_bytes: int
    ram_bytes: int
    flash_limit_bytes: int
    """0: no limit."""
    ram_limit_bytes: int
    """0: no limit."""
    seconds: float
    footprint: Footprint
    """Sizes by section."""
    parts: tuple[Part, ...]
    """Sizes by purpose (front-end, model, kernels…); empty if the program is not an ELF file."""
    speed: Speed | None
    """Estimated speed; None if the board's core is unknown, or the bundle is not given."""


def build(
    out_dir: Path,
    board: Board,
    progress: Progress = SILENT,
    bundle: Bundle | None = None,
    *,
    force: bool = False,
) -> BuildReport:
    """Builds the project in `out_dir`; unchanged sources are not compiled again.

    Args:
        out_dir: the generated project.
        board: the board that it was generated for.
        progress: shows downloads.
        bundle: the bundle that it was generated from. With it, the report contains the estimated speed, a model that is
            too slow for the board is refused before compiling, and the error for a program that is too big says what
            would fit.
        force: build even a model that is too slow.

    Raises:
        ToolError: a compiler is missing, the vendor's packages cannot be downloaded, or the build failed.
        ConfigError: there is no project, a local library does not exist, or the program is too slow or too big.
    """
    if not (out_dir / "platformio.ini").is_file():
        raise ConfigError(
            f"there is no PlatformIO project in {out_dir}", hint="generate one: tinykws generate --board …"
        )
    board = board.with_engine(_engine(out_dir))
    speed = None if bundle is None else estimate_speed(bundle, board, _engine(out_dir))
    if bundle is not None and not force:
        refuse_if_too_slow(speed, bundle, board, _engine(out_dir))
    find_programs(board.compilers)
    libraries = _libraries(out_dir, board)
    _check_local(libraries, out_dir)
    started = time.monotonic()
    try:
        if board.has_own_platform:
            limit_s = LIBRARY_BUILD_SECONDS if libraries else OWN_BUILD_SECONDS
            build_offline(out_dir, board.env, timeout_s=limit_s)
        else:
            packages = [board.platform, *(library for library in libraries if not is_local(library))]
            build_with_vendor(out_dir, board.env, packages, lambda line: _report_download(line, progress))
    except ProgramTooBigError as error:
        raise _too_big(error.message, error.over, out_dir, board, bundle) from error
    report = _report(program_of(out_dir, board), board, time.monotonic() - started, speed)
    _check_fits(report, out_dir, bundle, board)
    return report


def check_can_build(out_dir: Path, board: Board, engine: str) -> None:
    """Checks, before anything is trained or generated, whether a board's tools and packages are there or can be had.

    Args:
        out_dir: where the project will be generated.
        board: its row of boards.yaml.
        engine: the engine that will run the model.

    Raises:
        ToolError: a compiler is not on PATH; or a platform or library is not installed, and PlatformIO's registry
            cannot be reached.
        ConfigError: a local library does not exist.
    """
    find_programs(board.compilers)
    libraries = board.tflm.lib_deps if board.tflm and engine == "tflm" else ()
    _check_local(libraries, out_dir)
    if board.has_own_platform:
        return
    remote = [library for library in libraries if not is_local(library)]
    missing = [board.platform] if missing_platform(board.platform) else []
    missing += missing_libraries(remote, out_dir, board.env)
    if missing and not registry_answers():
        raise ToolError(
            f"PlatformIO must download {', '.join(missing)} for {board.id}, but its registry cannot be reached: no"
            " network? Nothing was trained or built",
            hint=f"to build elsewhere, only generate the project: tinykws build --board {board.id} --no-compile"
            "\nboards that need no download: --board host, --board qemu-cortex-m4",
        )


def _engine(out_dir: Path) -> str:
    return "tflm" if (out_dir / "src" / "model_data.cc").is_file() else "aot"


def _libraries(out_dir: Path, board: Board) -> tuple[str, ...]:
    """Returns the libraries that the generated project needs; the aot engine needs none."""
    return board.tflm.lib_deps if board.tflm and _engine(out_dir) == "tflm" else ()


def _check_local(libraries: tuple[str, ...], out_dir: Path) -> None:
    """Checks local libraries: PlatformIO's message for a missing or invalid one names neither folder nor library."""
    for library in filter(is_local, libraries):
        folder = Path(local_path(library).replace("${PROJECT_DIR}", str(out_dir)))
        if not any((folder / name).is_file() for name in LIBRARY_MANIFESTS):
            raise ConfigError(
                f"lib_deps names {folder}, which is not a PlatformIO library",
                hint=f"a library is a folder with {' or '.join(LIBRARY_MANIFESTS)}; of a checkout of tflite-micro, make"
                " one: tinykws tflm-library CHECKOUT FOLDER",
            )
        refuse_whole_tree(folder)


def _report_download(line: str, progress: Progress) -> None:
    """Passes on lines about downloads, which take minutes."""
    if DOWNLOAD_LINE.match(line):
        progress.say(line)


def program_of(out_dir: Path, board: Board) -> Path:
    """Returns the program that was built in a project's folder. Raises ToolError if there is none."""
    folder = out_dir / ".pio" / "build" / board.env
    for name in PROGRAM_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise ToolError(f"PlatformIO built no program in {folder}", hint=f"try: pio run -d {shlex.quote(str(out_dir))} -v")


def _report(program: Path, board: Board, seconds: float, speed: Speed | None) -> BuildReport:
    sizes, parts = Footprint(()), ()  # type: Footprint, tuple[Part, ...]
    if is_elf(program):
        sizes = footprint(program, board.ram_address, board.ram_bytes)
        parts = memory_parts(program, board.ram_address, board.ram_bytes)
    used, limits = (sizes.flash_bytes, sizes.ram_bytes), (board.flash_bytes, board.ram_bytes)
    return BuildReport(program, *used, *limits, seconds, sizes, parts, speed)


def _check_fits(report: BuildReport, out_dir: Path, bundle: Bundle | None, board: Board) -> None:
    """Checks the size of the program: not every vendor's linker script knows the size of the board's memory."""
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
