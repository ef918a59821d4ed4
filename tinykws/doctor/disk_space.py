# SPDX-License-Identifier: Apache-2.0
"""Checks the folders that a build writes to, and the free space on their disks."""

from __future__ import annotations

from tinykws.doctor.computer import Folder
from tinykws.doctor.finding import Finding, absent

AREA = "disk"
MEGABYTE = 1_000_000


def check_folder(name: str, folder: Folder, wanted_bytes: int, fix: str, *, needed: bool) -> Finding:
    """Checks whether a folder can be written, and whether its disk has enough free space.

    Args:
        name: what the folder is for.
        folder: the facts about it.
        wanted_bytes: less free space than this is a warning.
        fix: what to do if it cannot be written.
        needed: whether the selected boards need it.
    """
    if folder.error:
        return Finding(AREA, name, absent(needed), f"{folder.path} cannot be written: {folder.error}", fix)
    found = f"{folder.path}, {folder.free_bytes // MEGABYTE:,} MB free"
    if folder.free_bytes < wanted_bytes:
        return Finding(
            AREA, name, "warning", f"{found}; it may take {wanted_bytes // MEGABYTE:,} MB", "free some space there"
        )
    return Finding(AREA, name, "ok", found)
