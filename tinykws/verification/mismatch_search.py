# SPDX-License-Identifier: Apache-2.0
"""Finds a mismatch: a sound on which device and host differed goes through both again, this time with all features."""

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
"""How many clips to search: further ones usually have the same cause."""
PLOT_NAME = "features.png"
AUDIO_REFUSED = re.compile(r"crc of the audio is .*")


@dataclasses.dataclass(frozen=True)
class FoundMismatch:
    """A mismatch and the folder with its files."""

    clip: str
    stage: str
    where: str
    advice: str
    folder: str | None
    """None if no files were written."""


class MismatchSearch:
    """Finds the mismatches of the first few unequal sounds.

    Args:
        reference: the host's pipeline.
        frontend: its settings.
        folder: gets a subfolder for each sound; None: write no files.
        draw: plots the device's and the host's features to a path.
        lead_in_ms: what precedes each sound; times are told from the sound's start.
    """

    def __init__(
        self,
        reference: HostReference,
        frontend: FrontendSettings,
        folder: Path | None,
        draw: Draw | None = None,
        *,
        lead_in_ms: int = 0,
    ) -> None:
        self._lead_in_ms = lead_in_ms
        self._reference = reference
        self._frontend = frontend
        self._folder = folder
        self._draw = draw
        self.found: list[FoundMismatch] = []

    @property
    def has_room(self) -> bool:
        """Whether fewer than MAX_SEARCHES mismatches were found."""
        return len(self.found) < MAX_SEARCHES

    def find(
        self, session: DeviceSession, name: str, audio: ClipAudio, tail_samples: int, pieces: Iterable[Samples]
    ) -> None:
        """Sends a sound again and adds the mismatch to `found`; if the transfer fails in another way, adds nothing.

        Args:
            session: a session whose device has confirmed `!TEST`.
            name: the sound's name, for people.
            audio: the sound to send, its lead-in first.
            tail_samples: samples of silence that the device adds.
            pieces: the same sound for the host, int16 [n] each, followed by the silence.
        """
        log = session.log
        clip, log.clip = log.clip, 0  # entries of clip 0 do not count for the verdict
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
                with contextlib.suppress(ToolError):  # the plot is optional
                    self._draw(folder / PLOT_NAME, device.features, host.features)
        return first_mismatch(device, host, self._frontend, self._lead_in_ms), folder
