# SPDX-License-Identifier: Apache-2.0
"""A sound on which device and host were not equal goes through both once more, to find where they part."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tinykws.audio.samples import Samples
from tinykws.device.clip_audio import ClipAudio
from tinykws.device.clip_transfer import ClipFaultError
from tinykws.device.session import DeviceSession
from tinykws.device.session_log import MISMATCH
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ToolError
from tinykws.verification.host_reference import HostReference
from tinykws.verification.mismatch import Mismatch, audio_mismatch, first_mismatch
from tinykws.verification.mismatch_files import write_both_sides, write_mismatch
from tinykws.verification.pipeline_trace import trace_device, trace_host

Draw: TypeAlias = Callable[[Path, npt.NDArray[np.int8], npt.NDArray[np.int8]], None]
MAX_SEARCHES = 3
"""So many clips are looked into: the others will say the same."""
PLOT_NAME = "features.png"
AUDIO_REFUSED = re.compile(r"crc of the audio is .*")


@dataclasses.dataclass(frozen=True)
class FoundMismatch:
    """A mismatch, and where its files are."""

    clip: str
    stage: str
    where: str
    advice: str
    folder: str | None
    """None: nothing was written."""


class MismatchSearch:
    """Looks into the first few sounds that came out unequal.

    Args:
        reference: the host's pipeline.
        frontend: its settings.
        folder: where a folder for each sound goes; None: no files.
        draw: makes a picture, at a path, of the device's features and the host's.
    """

    def __init__(
        self, reference: HostReference, frontend: FrontendSettings, folder: Path | None, draw: Draw | None = None
    ) -> None:
        self._reference = reference
        self._frontend = frontend
        self._folder = folder
        self._draw = draw
        self.found: list[FoundMismatch] = []

    @property
    def has_room(self) -> bool:
        """Whether another one is worth it."""
        return len(self.found) < MAX_SEARCHES

    def find(
        self, session: DeviceSession, name: str, audio: ClipAudio, tail_samples: int, pieces: Iterable[Samples]
    ) -> None:
        """Sends a sound again and keeps what it shows; of a device that fails in another way now, nothing.

        Args:
            session: in the test state.
            name: of the sound, for people.
            audio: what is sent.
            tail_samples: silence that the device adds.
            pieces: the same sound for the host, int16 [n] each, the silence included.
        """
        log = session.log
        clip, log.clip = log.clip, 0  # what is said now is no part of the verdict
        try:
            mismatch, folder = self._compare(session, audio, tail_samples, pieces)
        finally:
            log.clip = clip
        if mismatch is None:
            return
        if folder is not None:
            write_mismatch(folder, name, mismatch)
        log.add(MISMATCH, mismatch.to_line())
        self.found.append(
            FoundMismatch(name, mismatch.stage, mismatch.where, mismatch.advice, str(folder) if folder else None)
        )

    def _compare(
        self, session: DeviceSession, audio: ClipAudio, tail_samples: int, pieces: Iterable[Samples]
    ) -> tuple[Mismatch | None, Path | None]:
        folder = None if self._folder is None else self._folder / f"{len(self.found) + 1}"
        try:
            device = trace_device(session, audio, tail_samples, self._frontend.n_mels)
        except ClipFaultError as fault:
            session.enter_test_mode()
            refusal = AUDIO_REFUSED.search(str(fault))
            return (audio_mismatch(refusal[0]) if refusal else None), folder
        host = trace_host(self._reference, self._frontend, pieces)
        if folder is not None:
            write_both_sides(folder, device, host, self._frontend)
            if self._draw is not None:
                with contextlib.suppress(ToolError):  # a picture is a luxury
                    self._draw(folder / PLOT_NAME, device.features, host.features)
        return first_mismatch(device, host, self._frontend), folder
