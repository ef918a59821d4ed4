# SPDX-License-Identifier: Apache-2.0
"""The one family of errors that a user can mend; anything else is a bug and keeps its traceback.

Each carries what is wrong, optionally what to try, and the exit code of the command contract:
1 the verdict is FAIL, 2 wrong use or configuration, 3 an outside tool failed, 4 the device failed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TinykwsError(Exception):
    """Something the user can mend.

    Args:
        message: what is wrong, naming the file, word or key.
        hint: what to try; one line, or several that stand below each other.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(TinykwsError):
    """kws.yaml, boards.yaml, a bundle, a data folder or an option is wrong."""


class ToolError(TinykwsError):
    """An outside tool (compiler, PlatformIO, emulator, espeak-ng) is missing or failed."""

    exit_code = 3


class DeviceError(TinykwsError):
    """The device, real or emulated, did not answer, or answered wrongly."""

    exit_code = 4


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Returns a hint that names the nearest known names, or all of them where none is near."""
    known = list(known)
    near = difflib.get_close_matches(wrong, known, n=2, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(near) + "?"
    return "known: " + ", ".join(known)
