# SPDX-License-Identifier: Apache-2.0
"""The user's cache: files outside every project that can be made again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

CACHE_DIR_VARIABLE = "TINYKWS_CACHE_DIR"


def user_cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Returns tinykws's folder in the user's cache, which may not exist yet; $TINYKWS_CACHE_DIR overrides it."""
    if environ.get(CACHE_DIR_VARIABLE):
        return Path(environ[CACHE_DIR_VARIABLE])
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tinykws"
