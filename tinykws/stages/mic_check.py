# SPDX-License-Identifier: Apache-2.0
"""mic-check: measures what a board's microphone delivers, and says what to change in the board's row."""

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
"""How long to count samples against the clocks: one block of 20 ms more or less is 0.7 %."""
SHORTEST_S = 0.5
SETTLE_POLLS, SETTLE_POLL_S = 10, 0.5
"""How often and how long to wait for a microphone that settles: the slowest of boards.yaml takes 3.5 s."""
ATTEMPTS = 3
WRAP = 1 << 32
"""The device's counters are modulo 2^32."""


class StatusMicrophone(Protocol):
    """A microphone that reports counters: DeviceMicrophone, or a replacement in tests."""

    @property
    def longest_samples(self) -> int:
        """Longest recording without loss, in samples."""

    def record(self, count: int, on_sound: OnSound) -> Recording:
        """Records `count` samples. Raises SoundLostError, DeviceError."""

    def status(self) -> Status:
        """Returns the device's counters while it discards its microphone's samples. Raises DeviceError."""

    def now(self) -> float:
        """Returns the time of the host's monotonic clock in seconds."""

    def wait(self, seconds: float) -> None:
        """Waits."""


@dataclasses.dataclass(frozen=True)
class MicCheckReport:
    """The measurements and findings."""

    board: str
    measures: Measures
    findings: tuple[MicrophoneFinding, ...]
    plot: str | None
    """Path of the plot."""

    @property
    def good(self) -> bool:
        """Whether no finding is a fault."""
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
    """Counts samples against the clocks, records, and judges the recording.

    Args:
        source: the device's microphone.
        board: the board's id.
        microphone: the microphone in the board's row.
        seconds: how long to record; less if the board cannot record that long without loss.
        on_sound: called with each piece of samples, for a level meter.
        plot_path: where to plot waveform and spectrum.
        progress: shows each step.

    Raises:
        ConfigError: the time is too short.
        ToolError: a plot was requested, but matplotlib is missing.
        DeviceError: the device cannot record, or samples are lost repeatedly.
    """
    count = min(round(seconds * SAMPLE_RATE_HZ), source.longest_samples)
    if count < SHORTEST_S * SAMPLE_RATE_HZ:
        raise ConfigError(
            f"{count / SAMPLE_RATE_HZ:.2f} s are too short to judge a microphone", hint="record longer: --seconds 5"
        )
    progress.say(f"mic-check: counting samples against the clocks for {COUNT_S:.0f} s")
    _wait_for_sound(source)
    rate_hz, clock_ratio, overruns = _measure_clocks(source)
    progress.say(f"mic-check: recording {count / SAMPLE_RATE_HZ:.1f} s; speak as you would to the finished device")
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
    """Waits until the microphone delivers samples, for a limited time."""
    for _ in range(SETTLE_POLLS):
        if source.status().samples > 0:
            return
        source.wait(SETTLE_POLL_S)


def _measure_clocks(source: StatusMicrophone) -> tuple[float | None, float | None, int]:
    """Returns samples per device second, device seconds per host second, and the number of lost blocks."""
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
                    hint="try another cable or USB socket; is `baud` of the board's row correct?",
                ) from error
            progress.say(f"mic-check: {error}; trying again")
    raise AssertionError
