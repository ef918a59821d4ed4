# SPDX-License-Identifier: Apache-2.0
"""Which models were made on this computer: TFLite Micro's interpreter runs them without a process of their own.

TFLite Micro does not check a model; a damaged or crafted one can crash the program or worse. A model that tinykws
converted here is not untrusted input. It is recognized by its SHA-256: in this process as soon as it is converted, in
later ones by an empty file in the user's cache. A bundle cannot claim to be trusted: it contains nothing about this.
"""

from __future__ import annotations

import contextlib

from tinykws.model.bundle import sha256_hex
from tinykws.support.user_cache import user_cache_dir

_trusted: set[str] = set()


def trust(model: bytes) -> None:
    """Records a model that was made by this program, until the program ends."""
    _trusted.add(sha256_hex(model))


def remember(model: bytes) -> None:
    """Records a model that was made on this computer, for later programs too.

    If the user's cache is not writable, later programs run the model in a process of its own, which takes a fraction of
    a second more.
    """
    trust(model)
    folder = user_cache_dir() / "own_models"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sha256_hex(model)).touch()


def is_own(model: bytes) -> bool:
    """Returns whether a model was made on this computer."""
    digest = sha256_hex(model)
    return digest in _trusted or (user_cache_dir() / "own_models" / digest).is_file()
