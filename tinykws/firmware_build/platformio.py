# SPDX-License-Identifier: Apache-2.0
"""Runs PlatformIO to build and upload a generated project, and turns its failures into clear errors."""

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
LIBRARY_BUILD_SECONDS = 3600
"""With a library of this computer, such as TFLM: a hundred C++ files that each take seconds."""
VENDOR_BUILD_SECONDS = 3600
"""Includes downloading a vendor's compiler and framework, about 500 MB."""
UPLOAD_SECONDS = 900
"""May include downloading the vendor's uploader."""
REACH_SECONDS = 3
LINES_SHOWN = 25

Command = list[str]


class ProgramTooBigError(ToolError):
    """The linker or PlatformIO reported that the program does not fit the board."""

    def __init__(self, message: str, over: MemoryNeeds, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.over = over
        """The excess."""


def run_arguments(project_dir: Path, env: str) -> Command:
    """Returns the command line that builds an environment of a project."""
    return [*_platformio(), "run", "-d", str(project_dir), "-e", env]


PROGRAM, MODEL = "upload", "upload_model"
"""PlatformIO's targets: uploads the program; writes the model slot (firmware/model_slot/upload_model.py)."""


def upload_arguments(project_dir: Path, env: str, port: str, target: str = PROGRAM) -> Command:
    """Returns the command line that uploads an environment's program, or its model alone, through a port."""
    return [*run_arguments(project_dir, env), "-t", target, "--upload-port", port]


def model_image_path(project_dir: Path) -> Path:
    """Returns the file that the target MODEL writes to the board: in a folder that PlatformIO never empties."""
    return project_dir / ".pio" / "model_image.bin"


def list_arguments(project_dir: Path, env: str) -> Command:
    """Returns the command line that lists which of an environment's packages are installed."""
    return [*_platformio(), "pkg", "list", "-d", str(project_dir), "-e", env]


def build_offline(
    project_dir: Path, env: str, on_line: Callable[[str], None] = lambda _: None, timeout_s: float = OWN_BUILD_SECONDS
) -> Finished:
    """Builds a project that contains its platform; downloads nothing.

    Raises:
        ToolError: the build failed, with the compiler's messages; or it timed out.
    """
    # An interrupted compiler may leave temporary files; in a folder of our own they are removed with it.
    with offline_core(project_dir) as variables, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        own = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), scratch)
        finished = run_command(
            run_arguments(project_dir, env), timeout_s=timeout_s, env={**variables, **own}, on_line=on_line
        )
    return _checked(finished, project_dir)


def build_with_vendor(
    project_dir: Path,
    env: str,
    packages: Sequence[str],
    on_line: Callable[[str], None] = lambda _: None,
) -> Finished:
    """Builds a project with a vendor's platform in the user's PlatformIO core directory; may download packages.

    Args:
        project_dir: the generated project.
        env: its environment.
        packages: the platform and libraries it needs, as in platformio.ini.
        on_line: called with each line that PlatformIO prints.

    Raises:
        ToolError: packages are missing and the registry cannot be reached, the build failed, or it timed out.
    """
    missing = missing_packages(project_dir, env, packages)
    if missing and not registry_answers():
        raise _no_network(missing, project_dir)
    finished = run_command(
        run_arguments(project_dir, env), timeout_s=VENDOR_BUILD_SECONDS, env=_user_environment(), on_line=on_line
    )
    return _checked(finished, project_dir)


def upload(
    project_dir: Path,
    board: Board,
    port: str,
    on_line: Callable[[str], None] = lambda _: None,
    target: str = PROGRAM,
) -> Finished:
    """Uploads a built project's program to the board on a port, or with target MODEL the image in model_image_path().

    Raises:
        ToolError: it failed or timed out; the hint contains `upload_advice` of the board's row.
    """
    own = offline_core(project_dir) if board.has_own_platform else contextlib.nullcontext(_user_environment())
    with own as variables:
        finished = run_command(
            upload_arguments(project_dir, board.env, port, target),
            timeout_s=UPLOAD_SECONDS,
            env=variables,
            on_line=on_line,
        )
    if finished.exit_code:
        raise explain_upload(finished.stdout, finished.stderr, board, port)
    return finished


def _user_environment() -> dict[str, str]:
    return os.environ | {"PLATFORMIO_DISABLE_PROGRESSBAR": "true"}


def missing_packages(project_dir: Path, env: str, packages: Sequence[str]) -> list[str]:
    """Returns the packages that PlatformIO has not installed for the environment; works offline."""
    listing = run_command(list_arguments(project_dir, env), timeout_s=60).stdout
    return [package for package in packages if not _is_listed(package, listing)]


def _is_listed(package: str, listing: str) -> bool:
    """Whether a package is in PlatformIO's list: `name @ version (required: …)`, for a package by URL with that URL."""
    address = package.partition("#")[0]
    return f"{package_name(package)} @ " in listing or ("://" in address and address in listing)


def package_name(package: str) -> str:
    """Returns the name in `owner/name@version`, or in the URL of an archive or repository."""
    return re.sub(r"(\.git)?([@#].*)?$", "", package).rstrip("/").rsplit("/", 1)[-1]


def registry_answers(timeout_s: float = REACH_SECONDS) -> bool:
    """Returns whether PlatformIO's registry, or the proxy in front of it, accepts a connection in time."""
    reached = threading.Event()
    deadline = time.monotonic() + timeout_s
    # Threads, because a DNS lookup has no timeout.
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
        f"PlatformIO must download {', '.join(missing)}, but its registry cannot be reached: no network?",
        hint=f"the generated project stays at {project_dir}: build it on a computer with a network: pio run\n"
        "boards that need no download: --board host, --board qemu-cortex-m4",
    )


def explain(stdout: str, stderr: str, project_dir: Path) -> ToolError:
    """Returns the error for a failed build, from the output of PlatformIO and the compilers."""
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
    """Returns the error for a failed upload, from the output of PlatformIO and the uploader."""
    text = f"{stdout}\n{stderr}"
    advice = "\n".join([*board.serial.upload_advice, UPLOAD_HINT, *busy_port_advice()[1:]])
    for pattern, message in _UPLOAD_TRANSLATIONS:
        match = re.search(pattern, text)
        if match:
            said = message.format(*match.groups(), port=port, board=board.name)
            return ToolError(f"the upload failed: {said}", hint=advice)
    return ToolError(f"the upload to {port} failed:\n{_last_lines(text)}", hint=advice)


def _last_lines(text: str) -> str:
    """Returns the last lines of an uploader's output, which say why it failed, without PlatformIO's summary."""
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"={3,}|\*\*\* \[upload\]", line)]
    return "\n".join(lines[-LINES_SHOWN:])


UPLOAD_HINT = (
    "use a cable that carries data, plugged directly into the computer; close other programs that use the port"
)
_UPLOAD_TRANSLATIONS = (
    (r"Installing ([^\n]+?)\s*\n(?:.*\n)*?.*HTTPClientError", "PlatformIO could not download {0}: no network?"),
    (r"HTTPClientError|InternetConnection", "PlatformIO could not download its uploader: no network?"),
    (r"(?i)\[Errno 13\]|permission denied|access is denied", "{port} cannot be opened: no permission, or it is busy"),
    (
        r"(?i)\[Errno 16\]|exclusively lock|port is busy|device or resource busy|resource temporarily unavailable",
        "{port} is busy: another program has it open",
    ),
    (
        r"(?i)readiness to read but returned no data|disconnected|\[Errno 5\]|input/output error|device not configured"
        r"|no such device|serial port .* closed|ClearCommError",
        "{port} disappeared during the upload: the board or its cable was moved, or the board reset itself",
    ),
    (r"(?i)\[Errno 2\]|could not open port|no such file or directory: '/dev", "{port} no longer exists"),
    (
        r"No device found on (\S+)|Couldn't find a board on the selected port|SAM-BA operation failed",
        "{board} did not accept the upload on {port}: its boot loader did not start",
    ),
    (r"This chip is (ESP[^\s,]+),? not (ESP[^\s.,]+)", "the chip on {port} is an {0}, the program is for an {1}"),
    (r"A fatal error occurred: ([^\n]+)", "{0}"),
)
"""Patterns in the output of PlatformIO and uploaders, and the message for each; the first match counts."""

_TRANSLATIONS = (
    (r"no (\S+) on PATH; (.+)", "{0} not found on PATH; {1}"),
    (r"Installing ([^\n]+?)\s*\n(?:.*\n)*?.*HTTPClientError", "PlatformIO could not download {0}: no network?"),
    (r"HTTPClientError|InternetConnection", "PlatformIO could not download its packages: no network?"),
    (r"Could not find the package with '([^']+)'", "PlatformIO's registry has no {0} for this system"),
    (r"Unknown board ID '([^']+)'", "the platform has no board {0!r}: wrong `board` or `platform` in boards.yaml"),
    (r"section `?([\w.]+)'? will not fit in region `?(\w+)'?", "the program is too big: {0} does not fit in {1}"),
    (r"No space left on device", "no space left on the disk"),
)
"""Patterns in the output of a build, and the message for each; the first match counts."""


def _over(text: str) -> MemoryNeeds:
    """Returns by how much the program is too big, from the messages of the linker or of PlatformIO."""
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
    """Returns a compiler's output from its first error on, at most LINES_SHOWN lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [at for at, line in enumerate(lines) if re.search(r"error\b|undefined reference|Error:", line)]
    first = errors[0] if errors else max(len(lines) - LINES_SHOWN, 0)
    return "\n".join(lines[first : first + LINES_SHOWN])
