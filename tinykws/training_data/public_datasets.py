# SPDX-License-Identifier: Apache-2.0
"""Public datasets for `tinykws fetch`: URLs, checksums and sizes."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class PublicDataset:
    """One archive in Speech Commands' layout."""

    name: str
    urls: tuple[str, ...]
    """Mirrors of the same file, tried in order."""
    archive: str
    """The archive's file name."""
    sha256: str
    size: int | None
    """Bytes of the archive; None if only the checksum is known."""
    unpacked: int
    """Upper bound of the unpacked size in bytes: this much disk space must be free, and no more is written."""
    licence: str


_BUCKET = "storage.googleapis.com/download.tensorflow.org/data"
_LICENCE = "Speech Commands, Pete Warden and Google, CC BY 4.0, arXiv 1804.03209"

# Sources: speech_commands' SHA-256 and size are in TensorFlow Datasets and torchaudio; mini_speech_commands' SHA-256 is
# in a dozen public repositories, its size in the output of TensorFlow's tutorial. `unpacked` allows for 105,835 and
# 8,000 files of up to 32,044 bytes, the longer noise files, and rounding up to disk blocks.
PUBLIC_DATASETS = {
    each.name: each
    for each in (
        PublicDataset(
            name="speech_commands",
            urls=(
                f"https://{_BUCKET}/speech_commands_v0.02.tar.gz",
                "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
            ),
            archive="speech_commands_v0.02.tar.gz",
            sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            size=2_428_923_189,
            unpacked=4_000_000_000,
            licence=_LICENCE,
        ),
        PublicDataset(
            name="mini_speech_commands",
            urls=(f"https://{_BUCKET}/mini_speech_commands.zip", f"http://{_BUCKET}/mini_speech_commands.zip"),
            archive="mini_speech_commands.zip",
            sha256="49650f2341b26d886b46b3f4fb8fed59e30300b17550f1ee4a768b3106cf93a0",
            size=182_082_353,
            unpacked=400_000_000,
            licence=_LICENCE,
        ),
    )
}
