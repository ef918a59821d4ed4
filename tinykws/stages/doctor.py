# SPDX-License-Identifier: Apache-2.0
"""doctor: finds what this computer lacks for building, verifying and flashing, and the command that fixes it.

Read-only: it installs, creates and opens nothing. It uses the network only to check whether PlatformIO's registry can
be reached, and only if something must be downloaded.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tinykws.boards.rows import Board, is_local, local_path
from tinykws.device.transport.serial_ports import list_ports
from tinykws.doctor import computer, installed_packages
from tinykws.doctor.disk_space import MEGABYTE, check_folder
from tinykws.doctor.finding import Finding
from tinykws.doctor.installed_packages import Packages
from tinykws.doctor.known_bad_versions import check_dense_layers, check_model_optimization
from tinykws.doctor.packages import check_extension, check_fit, check_loads, check_packages, check_python, check_system
from tinykws.doctor.serial_access import check_modem_manager, check_ports, check_rights
from tinykws.doctor.speech_engines import check_engine, check_vocoder
from tinykws.doctor.tools import check_compiler, check_emulator
from tinykws.doctor.vendor_platforms import check_git, check_vendor_board
from tinykws.firmware_build import platformio_packages
from tinykws.firmware_build.platformio import registry_answers
from tinykws.firmware_build.platformio_core import CORE_DIR_VARIABLE, cache_dir
from tinykws.speech import vocoder
from tinykws.speech.engines import engine_names, find_engine
from tinykws.support.errors import ToolError
from tinykws.support.resources import FIRMWARE

OWN_CORE_BYTES = 50 * MEGABYTE
"""Our own core directories: a few files per project."""
VENDOR_BYTES = 2000 * MEGABYTE
"""A vendor's platform: an archive of about 500 MB, and its unpacked content."""


@dataclasses.dataclass(frozen=True)
class DoctorReport:
    """All findings, in the order of use: Python, packages, speech, tools, PlatformIO, disk, serial."""

    board: str | None
    """Id of the selected board; None: the emulated ones."""
    findings: tuple[Finding, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is missing; warnings do not count."""
        return all(finding.state != "missing" for finding in self.findings)


def doctor(
    board: Board | None, boards: Mapping[str, Board], firmware_dir: Path, *, each_board: bool = True
) -> DoctorReport:
    """Checks this computer for one board, or for all: then only the emulated ones are required to work.

    Args:
        board: the selected board, or None for all.
        boards: all rows of boards.yaml, to identify boards on ports.
        firmware_dir: the project's folder of generated firmware, with a folder per board.
        each_board: without a selected board: also say of each one whether its platform is installed.
    """
    asked = [board] if board else list(boards.values())
    packages = installed_packages.installed_packages()
    findings = [
        *_python(packages),
        *_packages(packages, asked),
        *_speech(),
        *_tools([each for each in asked if each.has_own_platform]),
        *_builds(asked),
    ]
    if "platformio" in packages and (board is not None or each_board):
        vendors = [each for each in asked if not each.has_own_platform]
        findings += _vendors(vendors, firmware_dir, needed=board is not None)
    findings += [Finding("board", each.id, "ok", each.note) for each in ([board] if board else []) if each.note]
    if board is None or board.emulator is None:
        findings += _serial(boards, board)
    return DoctorReport(board.id if board else None, tuple(findings))


def _python(packages: Packages) -> Iterator[Finding]:
    system = f"{platform.system()} {platform.machine()}"
    yield check_python(platform.python_version(), system, packages["tinykws"].requires_python)
    yield check_system(platform.system(), platform.machine())
    yield check_extension(installed_packages.extension_error())


def _packages(packages: Packages, boards: Sequence[Board]) -> Iterator[Finding]:
    yield from check_packages(packages)
    if "tflite-micro" in packages:
        yield check_loads("tflite-micro", installed_packages.interpreter_error())
    if "espeakng-loader" in packages:
        yield check_loads("espeakng-loader", installed_packages.espeak_error())
    yield from check_fit(packages)
    known_bad = [check_model_optimization(packages), check_dense_layers(packages, boards)]
    yield from (finding for finding in known_bad if finding is not None)


def _speech() -> Iterator[Finding]:
    for name in engine_names():
        try:
            version: str | ToolError = find_engine(name).version()
        except ToolError as error:
            version = error
        yield check_engine(name, version)
    yield check_vocoder(vocoder.version(), vocoder.INSTALL_HINT)


def _tools(boards: Sequence[Board]) -> Iterator[Finding]:
    """Checks the compilers and emulators of these boards, which must be on PATH."""
    for compiler in dict.fromkeys(name for board in boards for name in board.compilers):
        users = [board for board in boards if compiler in board.compilers]
        specs = dict.fromkeys(name for board in users for name in spec_files(board))
        there = {name: computer.has_specs(compiler, name) for name in specs}
        yield check_compiler(computer.find(compiler), there, [board.id for board in users])
    for emulator in dict.fromkeys(name for board in boards for name in board.emulator_programs):
        known = computer.emulated_machines(emulator)
        wanted = dict.fromkeys(board.machine for board in boards if emulator in board.emulator_programs)
        yield check_emulator(computer.find(emulator), {name: name in known for name in wanted})


def spec_files(board: Board) -> tuple[str, ...]:
    """Returns the spec files of the compiler that the firmware of a board with our own platform needs."""
    described = FIRMWARE / "platform" / "boards" / f"{board.board}.json"
    if not described.is_file():  # a row that the user added: build reports what is wrong with it
        return ()
    row = json.loads(described.read_text(encoding="utf-8"))["build"]
    flags = [*row.get("machine_flags", []), *row.get("link_flags", [])]
    return tuple(flag.removeprefix("--specs=") for flag in flags if flag.startswith("--specs="))


def _builds(boards: Sequence[Board]) -> Iterator[Finding]:
    """Checks the folder of our own core directories."""
    if any(board.has_own_platform for board in boards):
        fix = f"set the variable {CORE_DIR_VARIABLE} to another folder"
        yield check_folder("builds", computer.folder(cache_dir()), OWN_CORE_BYTES, fix, needed=True)


def _vendors(boards: Sequence[Board], firmware_dir: Path, *, needed: bool) -> Iterator[Finding]:
    """Checks the user's PlatformIO core directory, and the vendor platforms in it."""
    if not boards:
        return
    core = computer.folder(platformio_packages.user_core_dir())
    fix = "set the variable PLATFORMIO_CORE_DIR to another folder"
    yield check_folder("PlatformIO core", core, VENDOR_BYTES, fix, needed=needed)
    answers = functools.cache(registry_answers)
    missing = {board.id: _missing(board, firmware_dir / board.id) for board in boards}
    git = check_git(computer.find("git"), [name for names in missing.values() for name in names], needed=needed)
    if git is not None:
        yield git
    for board in boards:
        yield check_vendor_board(board, missing[board.id], bool(missing[board.id]) and answers(), needed=needed)


def _missing(board: Board, project_dir: Path) -> list[str]:
    """Returns a board's platform and libraries that are not installed, and local libraries that do not exist."""
    libraries = board.tflm.lib_deps if board.tflm and board.engine == "tflm" else ()
    local = [library for library in libraries if is_local(library)]
    from_registry = [library for library in libraries if library not in local]
    platforms = [board.platform] if platformio_packages.missing_platform(board.platform) else []
    return [
        *platforms,
        *platformio_packages.missing_libraries(from_registry, project_dir, board.env),
        *(library for library in local if not _folder_of(library, project_dir).is_dir()),
    ]


def _folder_of(library: str, project_dir: Path) -> Path:
    return Path(local_path(library).replace("${PROJECT_DIR}", str(project_dir.absolute())))


def _serial(boards: Mapping[str, Board], board: Board | None) -> Iterator[Finding]:
    rights = computer.serial_rights()
    if rights is not None:
        yield check_rights(rights, needed=board is not None)
        yield check_modem_manager(computer.runs("ModemManager"))
    yield from check_ports(list_ports(), boards.values(), board)
