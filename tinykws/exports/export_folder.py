# SPDX-License-Identifier: Apache-2.0
"""The folder of an export: known again by a file of its own, and never one that holds something else."""

from __future__ import annotations

from pathlib import Path

from tinykws.firmware_build.generated_tree import MANIFEST
from tinykws.support.dataclass_reader import short_repr
from tinykws.support.errors import ConfigError
from tinykws.support.json_text import parse_json

DESCRIPTION = "tinykws_export.json"
"""The file by which an export is known again: what it is, and of which model."""
_LONGEST_DESCRIPTION = 1 << 16


def refuse_other_content(folder: Path, form: str) -> None:
    """Raises ConfigError unless a folder is absent, empty, or was made by an export of the same form.

    The Arduino library's .zip is made in the folder, too.
    """
    hint = f"name a folder that does not exist yet: tinykws export {form} FOLDER"
    if folder.suffix == ".zip":
        raise ConfigError(f"{folder} is the name of an archive, but an export is a folder", hint=hint)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file, not a folder", hint=hint)
    try:
        held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    except OSError as error:
        raise ConfigError(f"cannot read {folder}: {error.strerror}", hint=hint) from error
    if not held:
        return
    found = _form_in(folder)
    if found is None:
        first = short_repr(next((name for name in held if name != MANIFEST), MANIFEST))
        raise ConfigError(f"{folder} holds something else ({first}), which an export could overwrite", hint=hint)
    if found != form:
        raise ConfigError(f"{folder} holds an export for {short_repr(found)}, not for {form!r}", hint=hint)


def _form_in(folder: Path) -> str | None:
    """Returns which form an earlier export in a folder has; None if there is none."""
    try:
        with (folder / DESCRIPTION).open("rb") as file:
            values = parse_json(file.read(_LONGEST_DESCRIPTION).decode())
    except (OSError, ValueError, RecursionError, ConfigError):
        return None
    form = values.get("form") if isinstance(values, dict) and (folder / MANIFEST).is_file() else None
    return form if isinstance(form, str) else None
