# SPDX-License-Identifier: Apache-2.0
"""Folders that building writes into, and the space on their disks."""

from __future__ import annotations

from tinykws.doctor.computer import Folder
from tinykws.doctor.finding import Finding, absent

AREA = "disk"
MEGABYTE = 1_000_000


def check_folder(name: str, folder: Folder, wanted_bytes: int, mend: str, *, needed: bool) -> Finding:
    """Judges whether a folder can be written, and whether what goes into it has room.

    Args:
        name: what the folder is for.
        folder: what was found of it.
        wanted_bytes: less free space than this is a warning.
        mend: what to do where nothing can be written.
        needed: what goes into it is needed for the boards asked for.
    """
    if folder.error:
        return Finding(AREA, name, absent(needed), f"{folder.path} cannot be written: {folder.error}", mend)
    found = f"{folder.path}, {folder.free_bytes // MEGABYTE:,} MB free"
    if folder.free_bytes < wanted_bytes:
        return Finding(
            AREA, name, "warning", f"{found}; it may take {wanted_bytes // MEGABYTE:,} MB", "make room there"
        )
    return Finding(AREA, name, "ok", found)
