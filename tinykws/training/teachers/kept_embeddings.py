# SPDX-License-Identifier: Apache-2.0
"""Computes a teacher's rows of each sound once, and keeps them in a file by the sounds' contents."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.support.files import replacing
from tinykws.support.progress import Progress
from tinykws.training.teachers.speech_teacher import SpeechTeacher

Half = npt.NDArray[np.float16]


class KeptEmbeddings:
    """The rows of sounds, from a file if they are in it; the file then has the rows of these sounds only."""

    def __init__(self, teacher: SpeechTeacher, path: Path, progress: Progress) -> None:
        """Prepares; nothing is read or computed yet.

        Args:
            teacher: computes rows.
            path: the file, which may not exist.
            progress: is told how far it is.
        """
        self._teacher, self._path, self._progress = teacher, path, progress

    def of(self, sounds: Sequence[Samples]) -> list[Half]:
        """Returns each sound's rows, float16 [n, size]."""
        identity = self._teacher.identity()
        keys = [hashlib.sha256(np.ascontiguousarray(sound).tobytes()).hexdigest()[:32] for sound in sounds]
        known = self._read(identity)
        new = {key: sound for key, sound in zip(keys, sounds, strict=True) if key not in known}
        had = len(known)
        try:
            for key, sound in self._progress.track(list(new.items()), "teacher listens", len(new)):
                known[key] = self._teacher.embed(sound).astype(np.float16)
        finally:  # what was made before Ctrl-C is kept, too
            rows = {key: known[key] for key in keys if key in known}
            if rows and (len(known) > had or len(rows) < had):
                self._write(identity, rows)
        return [rows[key] for key in keys]

    def _read(self, identity: str) -> dict[str, Half]:
        """Returns what is kept of this teacher; a damaged file is as good as none."""
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                if str(kept["identity"]) != identity:
                    return {}
                ends = np.cumsum(kept["lengths"])[:-1]
                return dict(zip(kept["keys"].tolist(), np.split(kept["rows"], ends), strict=True))
        except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            return {}

    def _write(self, identity: str, rows: dict[str, Half]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self._path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                identity=np.array(identity),
                keys=np.array(list(rows)),
                lengths=np.array([len(each) for each in rows.values()]),
                rows=np.concatenate(list(rows.values())),
            )
