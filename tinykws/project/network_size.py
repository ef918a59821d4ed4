# SPDX-License-Identifier: Apache-2.0
"""Which network `model: size` in kws.yaml means: a named size, or for `auto` the one that the last build chose.

The choice for a board is kept in build/network_size.json, so that all commands, those without a board too, mean the
network that was trained.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from tinykws.project.config import Config
from tinykws.project.model_settings import AUTO, STREAM_ARCHITECTURES, STREAM_MEDIUM
from tinykws.support.files import write_json

FILE_NAME = "network_size.json"


@dataclasses.dataclass(frozen=True)
class KeptSize:
    """The choice of an earlier build."""

    architecture: str
    board: str
    is_emulated: bool
    """Whether the board was none of hardware."""


def kept_size(build_dir: Path) -> KeptSize | None:
    """Returns the choice of the last build; None if there was none, or it cannot be read."""
    try:
        value: Any = json.loads((build_dir / FILE_NAME).read_text(encoding="utf-8"))
        kept = KeptSize(str(value["architecture"]), str(value["board"]), bool(value["is_emulated"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return kept if kept.architecture in STREAM_ARCHITECTURES else None


def keep_size(build_dir: Path, size: KeptSize) -> None:
    """Writes the choice of a build."""
    write_json(build_dir / FILE_NAME, dataclasses.asdict(size))


def with_architecture(config: Config, build_dir: Path) -> Config:
    """Returns a configuration whose architecture is what its size means; the size is None then."""
    size = config.model.size
    if size is None:
        return config
    kept = kept_size(build_dir) if size == AUTO else None
    architecture = f"stream_{size}" if size != AUTO else kept.architecture if kept else STREAM_MEDIUM
    return dataclasses.replace(config, model=dataclasses.replace(config.model, size=None, architecture=architecture))
