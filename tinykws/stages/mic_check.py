# SPDX-License-Identifier: Apache-2.0
"""mic-check: what a microphone delivers, measured, and what to change in the board's row."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Protocol

from tinykws.audio.samples import SAMPLE_RATE_HZ
from tinykws.boards.rows import Microphone
from tinykws.device.protocol import Status
from tinykws.recording.microphone_check import Capture, Measures, MicrophoneFinding, findings_of, measure
from tinykws.recording.record_protocol import OnSound, Recording, SoundLostError
from tinykws.reporting.plots import plot_sound
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import SILENT, Progress

COUNT_S = 3.0
"""How long samples are counted against the clocks: a block of 20 ms more or less is 0.7 %."""
SHORTEST_S = 0.5
SETTLE_POLLS, SETTLE_POLL_S = 10, 0.5
"""For a microphone that settles: the longest of boards.yaml takes 3.5 s."""
ATTEMPTS = 3
WRAP = 1 << 32
"""The device's counts are modulo this."""


class StatusMicrophone(Protocol):
    """A device's microphone: DeviceMicrophone, or a test's own."""

    @property
    def longest_samples(self) -> int:
        """Longest recording without loss."""

    def record(self, count: int, on_sound: OnSound) -> Recording:
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
    source: StatusMicrophone,
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
        source: the device's microphone.
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
    count = min(round(seconds * SAMPLE_RATE_HZ), source.longest_samples)
    if count < SHORTEST_S * SAMPLE_RATE_HZ:
        raise ConfigError(f"{count / SAMPLE_RATE_HZ:.2f} s are too short to tell anything", hint="--seconds 5")
    progress.say(f"mic-check: counting samples against the clocks for {COUNT_S:.0f} s")
    _wait_for_sound(source)
    rate_hz, clock_ratio, overruns = _measure_clocks(source)
    progress.say(f"mic-check: recording {count / SAMPLE_RATE_HZ:.1f} s; speak as you would to the finished thing")
    recording = _record(source, count, on_sound, progress)
    capture = Capture(
        samples=recording.samples,
        overruns=overruns + recording.overruns,
        clipped=recording.clipped,
        offset=source.status().offset,
        rate_hz=rate_hz,
        clock_ratio=clock_ratio,
    )
    measures = measure(capture)
    if plot_path is not None:
        plot_sound(plot_path, recording.samples, SAMPLE_RATE_HZ, f"{board}: {microphone.part or 'microphone'}")
    plot = None if plot_path is None else str(plot_path)
    return MicCheckReport(board, measures, findings_of(measures, microphone), plot)


def _wait_for_sound(source: StatusMicrophone) -> None:
    """Lets the microphone settle, but not for ever."""
    for _ in range(SETTLE_POLLS):
        if source.status().samples > 0:
            return
        source.wait(SETTLE_POLL_S)


def _measure_clocks(source: StatusMicrophone) -> tuple[float | None, float | None, int]:
    """Returns samples a second of the device's clock, the device's seconds in one of the host's, and blocks lost."""
    before, began = source.status(), source.now()
    source.wait(COUNT_S)
    after, ended = source.status(), source.now()
    samples = (after.samples - before.samples) % WRAP
    device_s = ((after.at_us - before.at_us) % WRAP) / 1e6
    overruns = (after.overruns - before.overruns) % WRAP
    if before.samples == 0 or samples == 0 or device_s == 0:
        return None, None, overruns
    return samples / device_s, device_s / (ended - began), overruns


def _record(source: StatusMicrophone, count: int, on_sound: OnSound, progress: Progress) -> Recording:
    for left in reversed(range(ATTEMPTS)):
        try:
            return source.record(count, on_sound)
        except SoundLostError as error:
            if left == 0:
                raise DeviceError(
                    f"{error}, {ATTEMPTS} times in a row",
                    hint="another cable or USB socket; is the row's baud right?",
                ) from error
            progress.say(f"mic-check: {error}; once more")
    raise AssertionError
