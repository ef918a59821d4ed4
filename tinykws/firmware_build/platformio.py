# SPDX-License-Identifier: Apache-2.0
"""PlatformIO: builds and uploads a generated project, and says in a reader's words why it could not."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from tinykws.boards.rows import Board
from tinykws.cost.memory import MemoryNeeds
from tinykws.device.transport.serial_transport import busy_port_advice
from tinykws.firmware_build.platformio_core import offline_core
from tinykws.support.errors import ToolError
from tinykws.support.run_command import Finished, run_command

OWN_BUILD_SECONDS = 600
VENDOR_BUILD_SECONDS = 3600
"""Vendors' compilers and frameworks are downloaded within it, some 500 MB."""
UPLOAD_SECONDS = 900
"""The vendor's program that writes to the chip may be downloaded within it."""
REACH_SECONDS = 3
LINES_SHOWN = 25

Command = list[str]


class ProgramTooBigError(ToolError):
    """The linker, or PlatformIO after it, found that the program does not fit the board."""

    def __init__(self, message: str, over: MemoryNeeds, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.over = over
        """By how much."""


def run_arguments(project_dir: Path, env: str) -> Command:
    """Returns the command line that builds an environment of a project."""
    return [*_platformio(), "run", "-d", str(project_dir), "-e", env]


def upload_arguments(project_dir: Path, env: str, port: str) -> Command:
    """Returns the command line that uploads an environment's program through a port."""
    return [*run_arguments(project_dir, env), "-t", "upload", "--upload-port", port]


def list_arguments(project_dir: Path, env: str) -> Command:
    """Returns the command line that lists which of an environment's packages are installed."""
    return [*_platformio(), "pkg", "list", "-d", str(project_dir), "-e", env]


def build_offline(project_dir: Path, env: str, on_line: Callable[[str], None] = lambda _: None) -> Finished:
    """Builds a project that carries its platform; nothing is downloaded.

    Raises:
        ToolError: the build failed, with the compiler's messages; or it did not end.
    """
    # A compiler that is interrupted does not always remove its temporary files; in a folder of ours they go with it.
    with offline_core(project_dir) as variables, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        own = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
        finished = run_command(
            run_arguments(project_dir, env), timeout_s=OWN_BUILD_SECONDS, env={**variables, **own}, on_line=on_line
        )
    return _checked(finished, project_dir)


def build_with_vendor(
    project_dir: Path,
    env: str,
    packages: Sequence[str],
    on_line: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Builds a project with a vendor's platform, in the user's own PlatformIO, which may download it.

    Args:
        project_dir: the generated project.
        env: its environment.
        packages: platform and libraries, as in platformio.ini, that must be installed or be had.
        on_line: gets PlatformIO's lines as they come.

    Raises:
        ToolError: packages are missing and cannot be had (within seconds), the build failed, or it did not end.
    """
    missing = missing_packages(project_dir, env, packages)
    if missing and not registry_answers():
        raise _no_network(missing, project_dir)
    finished = run_command(
        run_arguments(project_dir, env), timeout_s=VENDOR_BUILD_SECONDS, env=_users_own(), on_line=on_line
    )
    return _checked(finished, project_dir)


def upload(
    project_dir: Path,
    board: Board,
    port: str,
    on_line: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Uploads a built project's program to the board on a port.

    Raises:
        ToolError: it failed or did not end; the hint holds the row's advice.
    """
    own = offline_core(project_dir) if board.has_own_platform else contextlib.nullcontext(_users_own())
    with own as variables:
        finished = run_command(
            upload_arguments(project_dir, board.env, port), timeout_s=UPLOAD_SECONDS, env=variables, on_line=on_line
        )
    if finished.exit_code:
        raise explain_upload(finished.stdout, finished.stderr, board, port)
    return finished


def _users_own() -> dict[str, str]:
    return os.environ | {"PLATFORMIO_DISABLE_PROGRESSBAR": "true"}


def missing_packages(project_dir: Path, env: str, packages: Sequence[str]) -> list[str]:
    """Returns which packages PlatformIO has not installed for the environment; asks no network."""
    listing = run_command(list_arguments(project_dir, env), timeout_s=60).stdout
    return [package for package in packages if not _is_listed(package, listing)]


def _is_listed(package: str, listing: str) -> bool:
    """PlatformIO lists `name @ version (required: …)`; what was named by its address is required by it."""
    address = package.partition("#")[0]
    return f"{package_name(package)} @ " in listing or ("://" in address and address in listing)


def package_name(package: str) -> str:
    """Returns the bare name in `owner/name@version` or in an archive's or a repository's address."""
    return re.sub(r"(\.git)?([@#].*)?$", "", package).rstrip("/").rsplit("/", 1)[-1]


def registry_answers(timeout_s: float = REACH_SECONDS) -> bool:
    """Returns whether a host of PlatformIO's registry, or the proxy on the way to it, takes a connection in time."""
    reached = threading.Event()
    deadline = time.monotonic() + timeout_s
    # Threads, because looking up a name heeds no time limit.
    attempts = [
        threading.Thread(target=_connect, args=(host, port, timeout_s, reached), daemon=True)
        for host, port in _registry_addresses()
    ]
    for attempt in attempts:
        attempt.start()
    while time.monotonic() < deadline and any(attempt.is_alive() for attempt in attempts):
        if reached.wait(0.05):
            break
    return reached.is_set()


def _connect(host: str, port: int, timeout_s: float, reached: threading.Event) -> None:
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except OSError:
        return
    reached.set()


def _registry_addresses() -> list[tuple[str, int]]:
    from platformio import __registry_mirror_hosts__

    proxy = urllib.request.getproxies().get("https")
    if proxy:
        address = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
        return [(address.hostname or "", address.port or 8080)]
    return [(host, 443) for host in __registry_mirror_hosts__]


def _platformio() -> Command:
    return [sys.executable, "-m", "platformio", "--no-ansi"]


def _checked(finished: Finished, project_dir: Path) -> Finished:
    if finished.exit_code:
        raise explain(finished.stdout, finished.stderr, project_dir)
    return finished


def _no_network(missing: Sequence[str], project_dir: Path) -> ToolError:
    return ToolError(
        f"PlatformIO has to download {', '.join(missing)}, and its registry cannot be reached: no network?",
        hint=f"the generated project stays at {project_dir}: build it where there is a network, with `pio run` there;\n"
        "boards that need no download: --board host, --board qemu-cortex-m4",
    )


def explain(stdout: str, stderr: str, project_dir: Path) -> ToolError:
    """Returns the error that says why a build failed, from what PlatformIO and the compilers wrote."""
    stays = f"the generated project stays at {project_dir}"
    text = f"{stdout}\n{stderr}"
    over = _over(text)
    if over.flash_bytes or over.ram_bytes:
        parts = [
            f"{size:,} bytes of {kind}" for size, kind in ((over.flash_bytes, "flash"), (over.ram_bytes, "RAM")) if size
        ]
        return ProgramTooBigError(f"the program is too big for the board: {' and '.join(parts)} too much", over, stays)
    for pattern, message in _TRANSLATIONS:
        match = re.search(pattern, text)
        if match:
            return ToolError(message.format(*match.groups()), hint=stays)
    return ToolError(f"the build failed:\n{compiler_messages(stderr or stdout)}", hint=stays)


def explain_upload(stdout: str, stderr: str, board: Board, port: str) -> ToolError:
    """Returns the error that says why an upload failed, from what PlatformIO and the uploader wrote."""
    text = f"{stdout}\n{stderr}"
    advice = "\n".join([*board.serial.upload_advice, UPLOAD_HINT, *busy_port_advice()[1:]])
    for pattern, message in _UPLOAD_TRANSLATIONS:
        match = re.search(pattern, text)
        if match:
            said = message.format(*match.groups(), port=port, board=board.name)
            return ToolError(f"the upload failed: {said}", hint=advice)
    return ToolError(f"the upload to {port} failed:\n{_last_words(text)}", hint=advice)


def _last_words(text: str) -> str:
    """What an uploader says last is why it gave up; PlatformIO's own summary after it says nothing more."""
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"={3,}|\*\*\* \[upload\]", line)]
    return "\n".join(lines[-LINES_SHOWN:])


UPLOAD_HINT = "a cable that carries data, straight into the computer; close what else uses the port"
_UPLOAD_TRANSLATIONS = (
    (r"Installing ([^\n]+?)\s*\n(?:.*\n)*?.*HTTPClientError", "PlatformIO could not download {0}: no network?"),
    (r"HTTPClientError|InternetConnection", "PlatformIO could not download its uploader: no network?"),
    (r"(?i)\[Errno 13\]|permission denied|access is denied", "{port} may not be opened: no permission, or it is busy"),
    (
        r"(?i)\[Errno 16\]|exclusively lock|port is busy|device or resource busy|resource temporarily unavailable",
        "{port} is busy: another program has it open",
    ),
    (
        r"(?i)readiness to read but returned no data|disconnected|\[Errno 5\]|input/output error|device not configured"
        r"|no such device|serial port .* closed|ClearCommError",
        "{port} vanished in the middle: the board or its cable was moved, or it reset itself",
    ),
    (r"(?i)\[Errno 2\]|could not open port|no such file or directory: '/dev", "{port} is not there any more"),
    (
        r"No device found on (\S+)|Couldn't find a board on the selected port|SAM-BA operation failed",
        "{board} did not wait for the upload on {port}: its boot loader did not start",
    ),
    (r"This chip is (ESP[^\s,]+),? not (ESP[^\s.,]+)", "on {port} is an {0}, the program is for an {1}"),
    (r"A fatal error occurred: ([^\n]+)", "{0}"),
)
"""What stands in the output of PlatformIO, bossac, esptool and their kind, and what it means; the first that fits."""

_TRANSLATIONS = (
    (r"no (\S+) on PATH; (.+)", "{0} not found on PATH; {1}"),
    (r"Installing ([^\n]+?)\s*\n(?:.*\n)*?.*HTTPClientError", "PlatformIO could not download {0}: no network?"),
    (r"HTTPClientError|InternetConnection", "PlatformIO could not download its packages: no network?"),
    (r"Could not find the package with '([^']+)'", "PlatformIO's registry has no {0} for this system"),
    (r"Unknown board ID '([^']+)'", "the platform has no board {0!r}: wrong `board` or `platform` in boards.yaml"),
    (r"section `?([\w.]+)'? will not fit in region `?(\w+)'?", "the program is too big: {0} does not fit in {1}"),
    (r"No space left on device", "no space left on the disk"),
)
"""What stands in the output, and what it means; the first that fits counts."""


def _over(text: str) -> MemoryNeeds:
    """By how much the program is too big, as the linker says of its regions, or PlatformIO of the linked program."""
    flash = ram = 0
    for region, size in re.findall(r"region `?(\w+)'? overflowed by (\d+) bytes", text):
        if re.search(r"ram|data|dtcm", region, re.IGNORECASE):
            ram = max(ram, int(size))
        else:
            flash = max(flash, int(size))
    for what, used, limit in re.findall(
        r"The (program|data) size \((\d+) bytes\) is greater than maximum allowed \((\d+) bytes\)", text
    ):
        flash = int(used) - int(limit) if what == "program" else flash
        ram = int(used) - int(limit) if what == "data" else ram
    return MemoryNeeds(flash, ram)


def compiler_messages(text: str) -> str:
    """Returns the part of a compiler's output worth reading: from the first error on, at most LINES_SHOWN lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [at for at, line in enumerate(lines) if re.search(r"error\b|undefined reference|Error:", line)]
    first = errors[0] if errors else max(len(lines) - LINES_SHOWN, 0)
    return "\n".join(lines[first : first + LINES_SHOWN])
