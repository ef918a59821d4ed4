# SPDX-License-Identifier: Apache-2.0
"""Runs models over streams, each once: what they heard is kept in the user's cache, by the hashes of both."""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from hearing.clip_streams import ClipStream
from hearing.material import identity_of

from tinykws.evaluation.stream_recording import RecordedStream
from tinykws.support.files import replacing, write_bytes
from tinykws.support.parallel import map_in_processes, process_count
from tinykws.support.progress import SILENT, Progress

FORMAT = 1
"""Raise it when what is kept, or how a stream is played, changes."""

AnyStream = ClipStream | RecordedStream


@dataclasses.dataclass(frozen=True)
class Heard:
    """A model's scores along a stream."""

    times_ms: npt.NDArray[np.uint32]
    """[n], the time up to which sound was heard, from the beginning of the lead-in."""
    scores: npt.NDArray[np.generic]
    """[n, k]: int8 scores of a bundle's labels, or float32 probabilities, one column per model."""
    lead_in_ms: int
    """What comes before the stream; detections in it are not counted."""


class Listener(Protocol):
    """One or several models that hear a stream together; it can be sent to another process."""

    @property
    def identity(self) -> str:
        """Names everything that decides the scores."""

    def listen(self, stream: AnyStream) -> Heard:
        """Returns the scores along a stream; each stream begins from scratch."""


def listen_to_all(
    listeners: Sequence[Listener],
    streams: Sequence[AnyStream],
    cache: Path,
    *,
    progress: Progress = SILENT,
    processes: int | None = None,
) -> dict[tuple[str, str], Heard]:
    """Returns what each listener heard in each stream, by both identities.

    Args:
        listeners: the models.
        streams: the streams; those of the same identity are heard once.
        cache: the folder in which scores are kept.
        progress: shows how many pairs of model and stream are done.
        processes: None: one per processor.
    """
    pairs = {(one.identity, identity_of(stream)): (one, stream) for one in listeners for stream in streams}
    work = [
        _Work(listener, stream, path)
        for key, (listener, stream) in pairs.items()
        if not (path := _path(cache, key)).is_file()
    ]
    work.sort(key=lambda one: -one.stream.duration_ms)
    count = process_count() if processes is None else processes
    for _ in progress.track(map_in_processes(_keep, work, count), "listening to streams", len(work)):
        pass
    return {key: _read(_path(cache, key)) for key in pairs}


@dataclasses.dataclass(frozen=True)
class _Work:
    listener: Listener
    stream: AnyStream
    path: Path


def _keep(work: _Work) -> None:
    heard = work.listener.listen(work.stream)
    file = io.BytesIO()
    np.savez_compressed(file, times_ms=heard.times_ms, scores=heard.scores, lead_in_ms=np.array(heard.lead_in_ms))
    work.path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(work.path) as temporary:
        write_bytes(temporary, file.getvalue())


def _read(path: Path) -> Heard:
    with np.load(path) as kept:
        return Heard(kept["times_ms"], kept["scores"], int(kept["lead_in_ms"]))


def _path(cache: Path, key: tuple[str, str]) -> Path:
    return cache / f"{hashlib.sha256(repr((FORMAT, *key)).encode()).hexdigest()}.npz"
