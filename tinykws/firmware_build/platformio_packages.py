# SPDX-License-Identifier: Apache-2.0
"""Which vendors' platforms and libraries PlatformIO has installed, by its own rules, offline."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path


def user_core_dir() -> Path:
    """Returns the user's PlatformIO core directory, where vendors' platforms and tools are."""
    return Path(_setting("core_dir"))


def missing_platform(platform: str) -> bool:
    """Returns whether a platform, pinned as in platformio.ini, is not installed for the user."""
    from platformio.package.manager.platform import PlatformPackageManager

    with contextlib.redirect_stdout(io.StringIO()):
        return PlatformPackageManager(_setting("platforms_dir")).get_package(platform) is None


def missing_libraries(libraries: Sequence[str], project_dir: Path, env: str) -> tuple[str, ...]:
    """Returns which libraries, as lib_deps names them, a generated project's environment has not installed."""
    from platformio.package.manager.library import LibraryPackageManager

    folder = project_dir / ".pio" / "libdeps" / env
    with contextlib.redirect_stdout(io.StringIO()):
        manager = LibraryPackageManager(str(folder))
        return tuple(library for library in libraries if manager.get_package(library) is None)


def _setting(name: str) -> str:
    """Returns a PlatformIO setting from its environment variables or defaults, independent of the current folder."""
    from platformio.project.config import ProjectConfig

    return str(ProjectConfig(path="").get("platformio", name))
