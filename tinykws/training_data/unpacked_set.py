# SPDX-License-Identifier: Apache-2.0
"""Downloads a public data set next to a folder, checks it by its checksum, and unpacks what is wanted of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tinykws.support.archives import unpacked_beside
from tinykws.support.checked_download import checked_archive
from tinykws.support.download import Sleep
from tinykws.support.files import made_folder
from tinykws.support.progress import Progress
from tinykws.training_data.public_datasets import PublicDataset


@contextlib.contextmanager
def unpacked_set(
    public_set: PublicDataset,
    folder: Path,
    urls: Sequence[str],
    is_wanted: Callable[[str], bool],
    *,
    progress: Progress,
    sleep: Sleep,
) -> Iterator[Path]:
    """Yields a folder with the files of a data set; it is removed at the end.

    Args:
        public_set: the data set.
        folder: the folder next to which it is downloaded and unpacked.
        urls: sources of the archive instead of the public ones: http, https, file://, or a path.
        is_wanted: whether a member of the archive is unpacked, by its name.
        progress: shows the download, the check and the unpacking.
        sleep: waits between attempts.

    Raises:
        ConfigError: not enough space; no permission; a bad URL.
        ToolError: no URL delivers the archive, its checksum is wrong, or it is damaged.
    """
    sources = public_set.sources(urls)
    made_folder(folder.parent)
    with (
        checked_archive(
            sources,
            folder.parent / public_set.archive,
            public_set.size,
            public_set.checksum,
            room=public_set.space or public_set.unpacked,
            what=public_set.name,
            progress=progress,
            sleep=sleep,
        ) as archive,
        unpacked_beside(archive, folder, public_set.unpacked, progress, is_wanted) as unpacked,
    ):
        yield unpacked
