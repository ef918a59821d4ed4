# SPDX-License-Identifier: Apache-2.0
"""The errors that a user can fix; any other exception is a bug and keeps its traceback.

Each says what is wrong, what to do about it if that is known, and which exit code the command ends with:
1 the verdict is FAIL, 2 wrong usage or configuration, 3 an external tool failed, 4 the device failed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TinykwsError(Exception):
    """Something the user can fix.

    Args:
        message: what is wrong, with the value and its place (file, key, word), and why it matters if that is not plain.
        hint: a command or a concrete action that fixes it; one per line.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ConfigError(TinykwsError):
    """kws.yaml, boards.yaml, a bundle, a data folder or an option is wrong."""


class ToolError(TinykwsError):
    """An external tool (compiler, PlatformIO, emulator, espeak-ng) is missing or failed."""

    exit_code = 3


class DeviceError(TinykwsError):
    """The device, real or emulated, did not answer, or gave a wrong answer."""

    exit_code = 4


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Returns a hint with the most similar known names, capitals or not, or with all of them if none is similar."""
    known = list(known)
    folded = {name.casefold(): name for name in known}
    wrong = wrong[:100].casefold()  # difflib takes minutes for a name of 100 kB
    near = [folded[name] for name in difflib.get_close_matches(wrong, folded, n=2, cutoff=0.6)]
    if near:
        return "did you mean " + " or ".join(near) + "?"
    return "known: " + ", ".join(known)
