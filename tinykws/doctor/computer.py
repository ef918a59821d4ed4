# SPDX-License-Identifier: Apache-2.0
"""Facts about this computer: programs, permissions on serial ports, disk space. Read-only: nothing is changed."""

from __future__ import annotations

import dataclasses
import getpass
import os
import re
import shutil
import tempfile
from pathlib import Path

from tinykws.support.errors import ToolError
from tinykws.support.run_command import run_command

LOOK_SECONDS = 5
"""A program that does not print its version within this time is broken."""


@dataclasses.dataclass(frozen=True)
class Program:
    """A program on PATH; `path` is None if it is missing."""

    name: str
    path: Path | None = None
    version: str = ""
    """Empty if the program does not report it, or does not run."""


@dataclasses.dataclass(frozen=True)
class SerialDevice:
    """A serial port's file in /dev."""

    path: str
    group: str
    usable: bool
    """Whether this user may read and write it."""


@dataclasses.dataclass(frozen=True)
class SerialRights:
    """The user's permissions on serial ports."""

    devices: tuple[SerialDevice, ...]
    """USB serial ports that are connected now."""
    group: str
    """The group that owns serial ports here: dialout, uucp; empty if unknown."""
    user: str
    is_root: bool
    in_group: bool
    """Whether this process has the group's permissions."""
    enrolled: bool
    """Whether the user is in the group, even if this login does not have it yet."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder to write to; it need not exist yet."""

    path: Path
    error: str
    """Why it cannot be written; empty if it can."""
    free_bytes: int


def find(name: str) -> Program:
    """Looks up a program on PATH and asks for its version."""
    path = shutil.which(name)
    if path is None:
        return Program(name)
    return Program(name, Path(path), version_in(_output(name, "--version")))


def version_in(text: str) -> str:
    """Returns the first three-part version in a program's output (distributions add shorter ones of their own); empty
    if there is none."""
    match = re.search(r"\b\d+\.\d+\.\d+\b", text)
    return match.group() if match else ""


def has_specs(compiler: str, specs: str) -> bool:
    """Returns whether a gcc finds a C library's spec file such as nano.specs."""
    # gcc prints the full path of a file that it finds, and the bare name of one that it does not.
    return Path(_output(compiler, f"-print-file-name={specs}").strip()).is_absolute()


def emulated_machines(emulator: str) -> frozenset[str]:
    """Returns the names of the machines that a QEMU emulates."""
    lines = _output(emulator, "-machine", "help").splitlines()
    return frozenset(line.split()[0] for line in lines[1:] if line.strip())


def serial_rights(dev: Path = Path("/dev")) -> SerialRights | None:
    """Returns the permissions on serial ports, or None if the system has no groups for them (Windows, macOS)."""
    try:
        import grp
    except ImportError:
        return None
    if os.uname().sysname != "Linux":
        return None
    files = sorted([*dev.glob("ttyACM*"), *dev.glob("ttyUSB*")])
    devices = tuple(SerialDevice(str(file), _group_of(file), os.access(file, os.R_OK | os.W_OK)) for file in files)
    group = devices[0].group if devices else _usual_group(dev)
    user = getpass.getuser()
    ours = {entry.gr_name for entry in grp.getgrall() if entry.gr_gid in {*os.getgroups(), os.getegid()}}
    listed = {entry.gr_name for entry in grp.getgrall() if user in entry.gr_mem}
    return SerialRights(devices, group, user, os.geteuid() == 0, group in ours, group in ours | listed)


def runs(process: str, proc: Path = Path("/proc")) -> bool:
    """Returns whether a process of this name runs; False if the system has no /proc."""
    for comm in proc.glob("[0-9]*/comm"):
        try:
            if comm.read_text(encoding="utf-8", errors="replace").strip() == process:
                return True
        except OSError:  # the process ended in the meantime
            continue
    return False


def folder(path: Path) -> Folder:
    """Returns whether a folder, or its nearest existing parent, can be written, and how much space is free."""
    there = next(each for each in [path.absolute(), *path.absolute().parents] if each.exists())
    if not there.is_dir():
        return Folder(path, f"{there} is a file", 0)
    free = shutil.disk_usage(there).free
    try:
        # Only trying covers permissions, read-only mounts and quotas.
        with tempfile.TemporaryFile(dir=there):
            return Folder(path, "", free)
    except OSError as error:
        return Folder(path, f"{there}: {error.strerror}", free)


def _group_of(file: Path) -> str:
    try:
        return file.group()
    except (KeyError, OSError):
        return ""


def _usual_group(dev: Path) -> str:
    """Returns the group of a built-in port, else whichever of the two usual groups exists."""
    import grp

    builtin = _group_of(dev / "ttyS0")
    known = {entry.gr_name for entry in grp.getgrall()}
    return next((name for name in ("dialout", "uucp") if name == builtin or name in known), "")


def _output(*command: str) -> str:
    """Returns a program's output; empty if it cannot run."""
    try:
        finished = run_command(command, timeout_s=LOOK_SECONDS)
    except ToolError:
        return ""
    return finished.stdout if finished.exit_code == 0 else ""
