# SPDX-License-Identifier: Apache-2.0
"""What this computer has: programs, rights on serial ports, room on its disks. Looks only; nothing is changed."""

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
"""A program that is asked for its version and does not answer in this time is broken."""


@dataclasses.dataclass(frozen=True)
class Program:
    """A program on PATH, or one that is not there (`path` is None)."""

    name: str
    path: Path | None = None
    version: str = ""
    """Empty where it does not tell, or does not run."""


@dataclasses.dataclass(frozen=True)
class SerialDevice:
    """A serial port's file in /dev."""

    path: str
    group: str
    usable: bool
    """Whether this user may read and write it."""


@dataclasses.dataclass(frozen=True)
class SerialRights:
    """Who may use serial ports on this system."""

    devices: tuple[SerialDevice, ...]
    """USB serial ports that are connected now."""
    group: str
    """The group that owns serial ports here: dialout, uucp; empty where nobody can tell."""
    user: str
    is_root: bool
    in_group: bool
    """This process has the group's rights."""
    enrolled: bool
    """The user is in the group, perhaps not yet in this login."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """A folder to write into, which need not exist yet."""

    path: Path
    error: str
    """Why nothing can be written there; empty where it can."""
    free_bytes: int


def find(name: str) -> Program:
    """Returns what is known of a program."""
    path = shutil.which(name)
    if path is None:
        return Program(name)
    return Program(name, Path(path), version_in(_output(name, "--version")))


def version_in(text: str) -> str:
    """Returns the first version of three numbers in what a program says of itself; distributions add their own, shorter
    ones. Empty where there is none."""
    match = re.search(r"\b\d+\.\d+\.\d+\b", text)
    return match.group() if match else ""


def has_specs(compiler: str, specs: str) -> bool:
    """Returns whether a gcc finds a C library's spec file such as nano.specs."""
    # gcc answers with the whole path of a file it finds, and with the bare name of one it does not.
    return Path(_output(compiler, f"-print-file-name={specs}").strip()).is_absolute()


def emulated_machines(emulator: str) -> frozenset[str]:
    """Returns the names of the machines that a QEMU emulates."""
    lines = _output(emulator, "-machine", "help").splitlines()
    return frozenset(line.split()[0] for line in lines[1:] if line.strip())


def serial_rights(dev: Path = Path("/dev")) -> SerialRights | None:
    """Returns who may use serial ports, or None where the system has no such groups (Windows, macOS)."""
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
    """Returns whether a process of this name runs; False where the system has no /proc."""
    for comm in proc.glob("[0-9]*/comm"):
        try:
            if comm.read_text(encoding="utf-8", errors="replace").strip() == process:
                return True
        except OSError:  # it has ended meanwhile
            continue
    return False


def folder(path: Path) -> Folder:
    """Returns whether a folder, or the nearest one above it that exists, can be written, and how much room there is."""
    there = next(each for each in [path.absolute(), *path.absolute().parents] if each.exists())
    if not there.is_dir():
        return Folder(path, f"{there} is a file", 0)
    free = shutil.disk_usage(there).free
    try:
        # Trying is the only proof: rights, read-only mounts and quotas all answer.
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
    """The group of a built-in port; else the one of the two usual names that exists."""
    import grp

    builtin = _group_of(dev / "ttyS0")
    known = {entry.gr_name for entry in grp.getgrall()}
    return next((name for name in ("dialout", "uucp") if name == builtin or name in known), "")


def _output(*command: str) -> str:
    """What a program prints; nothing where it cannot run."""
    try:
        finished = run_command(command, timeout_s=LOOK_SECONDS)
    except ToolError:
        return ""
    return finished.stdout if finished.exit_code == 0 else ""
