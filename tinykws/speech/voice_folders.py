# SPDX-License-Identifier: Apache-2.0
"""Where downloaded voices are: a folder for each engine in the user's cache, shared by all projects."""

from __future__ import annotations

from pathlib import Path

from tinykws.support.user_cache import user_cache_dir


def voices_dir(engine: str) -> Path:
    """Returns the folder of an engine's downloaded voices, which may not exist yet."""
    return user_cache_dir() / "voices" / engine
