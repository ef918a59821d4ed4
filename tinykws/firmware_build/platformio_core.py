# SPDX-License-Identifier: Apache-2.0
"""Creates a PlatformIO core directory without a network, for boards whose platform is part of the project.

A build needs one package from PlatformIO, `tool-scons`; it is created here from the SCons that pip installed. Each
project has its own core directory: PlatformIO stores platforms there by name, and would confuse two projects'
platforms of the same name.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tinykws.support.errors import ToolError
from tinykws.support.files import write_json, write_text_if_changed
from tinykws.support.user_cache import user_cache_dir

CORE_DIR_VARIABLE = "TINYKWS_CORE_DIR"
LOCK_SECONDS = 600
SCONS_PY = """\
import sys

from SCons.Script import main

sys.exit(main())
"""


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Returns the folder for core directories: $TINYKWS_CORE_DIR, else tinykws's folder in the user's cache."""
    if environ.get(CORE_DIR_VARIABLE):
        return Path(environ[CORE_DIR_VARIABLE])
    return user_cache_dir(environ) / "platformio"


def core_dir_of(project_dir: Path) -> Path:
    """Returns the core directory of a project."""
    digest = hashlib.sha256(str(project_dir.resolve()).encode()).hexdigest()[:16]
    return cache_dir() / digest


@contextlib.contextmanager
def offline_core(project_dir: Path) -> Iterator[dict[str, str]]:
    """Yields the environment variables that make PlatformIO work offline on the project; one build at a time.

    Raises:
        ToolError: the core directory cannot be written, or another build of the same project does not finish.
    """
    from platformio.package.lockfile import LockFile, LockFileTimeoutError

    core_dir = core_dir_of(project_dir)
    try:
        core_dir.mkdir(parents=True, exist_ok=True)
        with LockFile(str(core_dir / "build"), timeout=LOCK_SECONDS):
            _write_core(core_dir)
            yield environment(core_dir)
    except LockFileTimeoutError as error:
        raise ToolError(f"another build of {project_dir} is still running", hint="wait for it, or stop it") from error
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise ToolError(
            f"cannot write in {core_dir}: {error.strerror}",
            hint=f"set the variable {CORE_DIR_VARIABLE} to another folder for PlatformIO's files",
        ) from error


def environment(core_dir: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the variables for PlatformIO: none of the user's PlatformIO settings, no telemetry, no update checks."""
    kept = {name: value for name, value in environ.items() if not name.startswith("PLATFORMIO_")}
    return kept | {
        "PLATFORMIO_CORE_DIR": str(core_dir.resolve()),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No",
        "PLATFORMIO_SETTING_CHECK_PRUNE_SYSTEM_THRESHOLD": "0",
        "PLATFORMIO_DISABLE_UPGRADE_CHECK": "true",
        "PLATFORMIO_DISABLE_PROGRESSBAR": "true",
        "PLATFORMIO_NO_ANSI": "true",
    }


def _write_core(core_dir: Path) -> None:
    from platformio import __version__ as platformio_version
    from platformio.dependencies import get_core_dependencies

    package = core_dir / "packages" / "tool-scons"
    version = lowest_version(get_core_dependencies()["tool-scons"])
    spec = {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None}
    # Any URI keeps PlatformIO from looking for updates.
    spec["uri"] = package.resolve().as_uri()
    write_json(package / "package.json", {"name": "tool-scons", "version": version, "system": "*"})
    write_json(package / ".piopm", {"type": "tool", "name": "tool-scons", "version": version, "spec": spec})
    write_text_if_changed(package / ".piokeep", "")
    write_text_if_changed(package / "scons.py", SCONS_PY)
    state = core_dir / "appstate.json"
    if not _is_of_version(state, platformio_version):
        write_json(state, {"last_version": platformio_version})


def lowest_version(requirement: str) -> str:
    """Returns the lowest version of a range such as `~4.41101.0`."""
    match = re.search(r"\d+(\.\d+)*", requirement)
    if match is None:
        raise ToolError(f"this version of PlatformIO states its SCons requirement in an unknown form: {requirement!r}")
    return match.group()


def _is_of_version(state: Path, version: str) -> bool:
    try:
        return bool(json.loads(state.read_text(encoding="utf-8"))["last_version"] == version)
    except (OSError, ValueError, KeyError, TypeError):
        return False
