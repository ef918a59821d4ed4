# SPDX-License-Identifier: Apache-2.0
"""mic-check: what a microphone delivers, measured, and what to change in the board's row."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Protocol

from tinykws.audio.samples import SAMPLE_RATE_HZ
from tinykws.boards.rows import Microphone
from tinykws.device.protocol import Status
from tinykws.recording.microphone_check import Hearing, Measures, MicrophoneFinding, findings_of, measure
from tinykws.recording.record_protocol import OnSound, SoundLostError, Take
from tinykws.reporting.plots import plot_sound
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import SILENT, Progress

WATCH_S = 3.0
"""How long samples are counted against the clocks: a block of 20 ms more or less is 0.7 %."""
SHORTEST_S = 0.5
LOOKS, LOOK_EVERY_S = 10, 0.5
"""For a microphone that settles: the longest of boards.yaml takes 3.5 s."""
ATTEMPTS = 3
WRAP = 1 << 32
"""The device's counts are modulo this."""


class WatchedEar(Protocol):
    """A device's microphone: DeviceMicrophone, or a test's own."""

    @property
    def longest_samples(self) -> int:
        """Longest recording without loss."""

    def record(self, count: int, on_sound: OnSound) -> Take:
        """Returns the next `count` samples. Raises SoundLostError, DeviceError."""

    def status(self) -> Status:
        """Returns the device's counts, while its microphone is emptied and not listened to. Raises DeviceError."""

    def now(self) -> float:
        """Returns the host's seconds, from any beginning."""

    def wait(self, seconds: float) -> None:
        """Lets time pass."""


@dataclasses.dataclass(frozen=True)
class MicCheckReport:
    """What was measured, and what follows."""

    board: str
    measures: Measures
    findings: tuple[MicrophoneFinding, ...]
    plot: str | None
    """The picture's file."""

    @property
    def good(self) -> bool:
        """Whether what comes is the sound of the room."""
        return not any(finding.state == "fault" for finding in self.findings)


def mic_check(
    ear: WatchedEar,
    board: str,
    microphone: Microphone,
    *,
    seconds: float,
    on_sound: OnSound = lambda _: None,
    plot_path: Path | None = None,
    progress: Progress = SILENT,
) -> MicCheckReport:
    """Counts samples against the clocks, records, and judges.

    Args:
        ear: the device's microphone.
        board: its id.
        microphone: what its row says of it.
        seconds: how long to record; less where the line takes no more in one piece.
        on_sound: is given the sound as it comes, for a meter.
        plot_path: where to draw waveform and spectrum.
        progress: is told what happens.

    Raises:
        ConfigError: too short a time.
        ToolError: no matplotlib for a picture.
        DeviceError: the device cannot record, or its line loses what it says again and again.
    """
    count = min(round(seconds * SAMPLE_RATE_HZ), ear.longest_samples)
    if count < SHORTEST_S * SAMPLE_RATE_HZ:
        raise ConfigError(f"{count / SAMPLE_RATE_HZ:.2f} s are too short to tell anything", hint="--seconds 5")
    progress.say(f"mic-check: counting samples against the clocks for {WATCH_S:.0f} s")
    _wait_for_sound(ear)
    rate_hz, clock_ratio, overruns = _watch(ear)
    progress.say(f"mic-check: recording {count / SAMPLE_RATE_HZ:.1f} s; speak as you would to the finished thing")
    take = _record(ear, count, on_sound, progress)
    hearing = Hearing(
        samples=take.samples,
        overruns=overruns + take.overruns,
        clipped=take.clipped,
        offset=ear.status().offset,
        rate_hz=rate_hz,
        clock_ratio=clock_ratio,
    )
    measures = measure(hearing)
    if plot_path is not None:
        plot_sound(plot_path, take.samples, SAMPLE_RATE_HZ, f"{board}: {microphone.part or 'microphone'}")
    plot = None if plot_path is None else str(plot_path)
    return MicCheckReport(board, measures, findings_of(measures, microphone), plot)


def _wait_for_sound(ear: WatchedEar) -> None:
    """Lets the microphone settle, but not for ever."""
    for _ in range(LOOKS):
        if ear.status().samples > 0:
            return
        ear.wait(LOOK_EVERY_S)


def _watch(ear: WatchedEar) -> tuple[float | None, float | None, int]:
    """Returns samples a second of the device's clock, the device's seconds in one of the host's, and blocks lost."""
    before, began = ear.status(), ear.now()
    ear.wait(WATCH_S)
    after, ended = ear.status(), ear.now()
    samples = (after.samples - before.samples) % WRAP
    device_s = ((after.at_us - before.at_us) % WRAP) / 1e6
    overruns = (after.overruns - before.overruns) % WRAP
    if before.samples == 0 or samples == 0 or device_s == 0:
        return None, None, overruns
    return samples / device_s, device_s / (ended - began), overruns


def _record(ear: WatchedEar, count: int, on_sound: OnSound, progress: Progress) -> Take:
    for left in reversed(range(ATTEMPTS)):
        try:
            return ear.record(count, on_sound)
        except SoundLostError as error:
            if left == 0:
                raise DeviceError(
                    f"{error}, {ATTEMPTS} times in a row",
                    hint="another cable or USB socket; is the row's baud right?",
                ) from error
            progress.say(f"mic-check: {error}; once more")
    raise AssertionError
