# SPDX-License-Identifier: Apache-2.0
"""The identity of what a device runs: a hash of each part that decides how it behaves, in one word.

    3f2a9c11-07be55d0-9a10c2ff-0123abcd
    frontend detector labels   model

The banner shows it (`id=`), and a host compares it with that of its bundle. It has one hash per part so that a host can
say which part differs. tinykws/model/identity.py computes it.
"""

from __future__ import annotations

import re

PARTS = ("front-end", "detector", "labels", "model")
"""What each hash is of, in order."""
DIGITS = 8
"""Hex digits of each hash."""
IDENTITY = re.compile(rf"[0-9a-f]{{{DIGITS}}}(?:-[0-9a-f]{{{DIGITS}}}){{{len(PARTS) - 1}}}")
_SETTINGS = {
    "front-end": "the settings or tables of the front-end",
    "detector": "the detector's thresholds, times or weights",
    "labels": "the words or their order",
    "model": "the model",
}


def different_parts(theirs: str, ours: str) -> tuple[str, ...]:
    """Returns which parts of two identities differ; all of them if one is not an identity of this form."""
    if not IDENTITY.fullmatch(theirs) or not IDENTITY.fullmatch(ours):
        return () if theirs == ours else PARTS
    pairs = zip(PARTS, theirs.split("-"), ours.split("-"), strict=True)
    return tuple(part for part, one, other in pairs if one != other)


def in_words(parts: tuple[str, ...]) -> str:
    """Returns what the parts are, in words: `the detector's thresholds, times or weights; the model`."""
    return "; ".join(_SETTINGS[part] for part in parts)
