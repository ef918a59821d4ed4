# SPDX-License-Identifier: Apache-2.0
"""Measures a recording to judge the microphone, and says what to change in the board's row of boards.yaml.

The samples have passed the port's driver and the conditioner, so they are exactly those that the model gets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinykws.audio.levels import dbfs
from tinykws.audio.samples import FULL_SCALE, SAMPLE_RATE_HZ, Samples
from tinykws.boards.rows import MOST_DOUBLINGS, MOST_HALVINGS, Microphone

State = Literal["ok", "warning", "fault"]
"""warning: detection will be worse; fault: the samples are not the sound of the room."""

FRAME_MS = 20
GOOD_PEAK_DBFS = -12.0
"""Target peak of ordinary speech from an arm's length: the median of Speech Commands."""
QUIET_PEAK_DBFS = -24.0
"""A quarter of that: gain control compensates for it, but not for the lost resolution of 16 bits."""
LOUDEST_SHARE = 0.001
"""Largest share of clipped samples in ordinary speech."""
STANDS_OUT_DB = 12.0
"""Smallest difference between speech and room noise."""
NOISY_FLOOR_DBFS = -45.0
DC_SHARE = 0.01
"""Largest DC left in the sound, as a share of full scale: more shifts the lowest mel channels."""
OFFSET_SHARE = 0.1
"""Largest DC that the device removes, as a share of full scale: more reduces the headroom."""
FLAT_MS = 2.0
"""Equal samples for this long are a gap, unless it is silent: noise alone changes the lowest bit."""
GAP_EDGE_RMS = 4.0
"""Smallest RMS of the sound on both sides of a gap."""
HUM_DB = 20.0
"""Smallest level of the mains frequency above its neighbours in the spectrum."""
HUM_FLOOR_DBFS = -60.0
RATE_TOLERANCE = 0.01
"""A crystal is accurate to 0.0001; a wrong clock divider is off by more than this."""
CLOCK_TOLERANCE = 0.1
"""Large because the host's times include transmission and scheduling; wrong clocks are off by 25 % or more."""
JUMP_SHARE = 0.02
"""Largest share of steps between samples that exceed half of the 16-bit range; loud speech has none."""
USUAL_RATES_HZ = (8000, 11025, 12000, 22050, 24000, 32000, 44100, 48000)
DRIVERS_WITH_GAIN = ("PDM.h",)
"""See Microphone.gain in tinykws/boards/rows.py."""


@dataclasses.dataclass(frozen=True)
class Capture:
    """A recording, and the device's counters for it."""

    samples: Samples
    """int16 [n], without interruption."""
    overruns: int = 0
    """Blocks of samples lost while counting and recording."""
    clipped: int = 0
    """Samples that clipped on the device."""
    offset: int = 0
    """DC offset that the device removes."""
    rate_hz: float | None = None
    """Samples per second of the device's clock; None if unknown."""
    clock_ratio: float | None = None
    """Seconds of the device's clock per second of the host's."""


@dataclasses.dataclass(frozen=True)
class Measures:
    """Measurements of a recording. Levels are relative to full scale, without DC."""

    seconds: float
    peak_dbfs: float
    rms_dbfs: float
    noise_floor_dbfs: float
    """RMS level at the 10th percentile of the 20 ms frames."""
    speech_dbfs: float
    """RMS level at the 95th percentile of the frames."""
    dc: int
    """DC in the second half of the recording."""
    offset: int
    """DC that the device removed."""
    clipped: int
    overruns: int
    gaps: int
    """Runs of equal samples in the middle of sound."""
    idle_bits: int
    """Lowest bits that never change."""
    jump_share: float
    drift: int
    """DC of the beginning minus DC of the second half."""
    hum_hz: float | None
    """The mains frequency, if it is audible."""
    hum_dbfs: float | None
    rate_hz: float | None
    clock_ratio: float | None


@dataclasses.dataclass(frozen=True)
class MicrophoneFinding:
    """One line of the report."""

    name: str
    state: State
    found: str
    mend: str = ""
    """What to change, in the keys of boards.yaml if possible; empty if nothing is wrong."""


def measure(capture: Capture) -> Measures:
    """Measures a recording of at least 100 ms."""
    samples = capture.samples.astype(np.float64)
    sound = samples - np.median(samples)
    frames = _frame_rms(samples)
    hum_hz, hum_dbfs = _hum(sound)
    return Measures(
        seconds=samples.size / SAMPLE_RATE_HZ,
        peak_dbfs=dbfs(float(np.abs(sound).max())),
        rms_dbfs=dbfs(float(np.sqrt(np.square(samples - samples.mean()).mean()))),
        noise_floor_dbfs=dbfs(float(np.percentile(frames, 10))),
        speech_dbfs=dbfs(float(np.percentile(frames, 95))),
        dc=round(float(samples[samples.size // 2 :].mean())),
        offset=capture.offset,
        clipped=max(capture.clipped, int(np.count_nonzero(np.abs(samples) >= FULL_SCALE - 2))),
        overruns=capture.overruns,
        gaps=_gaps(capture.samples),
        idle_bits=_idle_bits(capture.samples),
        jump_share=float(np.mean(np.abs(np.diff(samples)) > FULL_SCALE)),
        drift=round(float(samples[: samples.size // 10].mean() - samples[samples.size // 2 :].mean())),
        hum_hz=hum_hz,
        hum_dbfs=hum_dbfs,
        rate_hz=capture.rate_hz,
        clock_ratio=capture.clock_ratio,
    )


def findings_of(measures: Measures, microphone: Microphone) -> tuple[MicrophoneFinding, ...]:
    """Returns what the measurements mean and what to change in the row; for a dead microphone nothing else."""
    dead = _dead(measures, microphone)
    if dead.state == "fault":
        return (dead, *_of_time(measures))
    checks: tuple[_Check, ...] = (_bits, _level, _offset, _settling, _noise, _mains, _gaps_found)
    return (dead, *(check(measures, microphone) for check in checks), *_of_time(measures))


_Check = Callable[[Measures, Microphone], MicrophoneFinding]


def _dead(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    if measures.peak_dbfs > dbfs(1.5):
        return MicrophoneFinding("sound", "ok", f"{measures.seconds:.1f} s of it")
    stuck = abs(measures.dc) > FULL_SCALE // 2
    other = "left" if microphone.channel == "right" else "right"
    return MicrophoneFinding(
        "sound",
        "fault",
        f"none: every sample is {measures.dc}" if stuck else "none: all samples are zero",
        f"check the wiring, and the row's data_pin, clock_pin, word_select_pin and power_pin;\n"
        f"or channel: {other}, if the microphone sends in the other half of the frame (its L/R pin)",
    )


def _bits(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    """Checks whether the 16 bits are the upper ones of the microphone's word."""
    expected = max(0, microphone.slot_bits - 16 - microphone.shift)
    if measures.jump_share > JUMP_SHARE:
        bits = 16 if microphone.slot_bits == 32 else 32
        return MicrophoneFinding(
            "bits", "fault", f"{measures.jump_share:.0%} of the steps between samples exceed half of the range",
            f"slot_bits: {bits}, the width that the driver delivers",
        )  # fmt: skip
    if measures.idle_bits > expected:
        return MicrophoneFinding(
            "bits", "warning", f"the lowest {measures.idle_bits} bits never change: resolution is lost",
            f"shift: {_shift_by(microphone, measures.idle_bits - expected)}, if the microphone has more bits",
        )  # fmt: skip
    return MicrophoneFinding("bits", "ok", "all 16 change")


def _level(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    found = f"peak {measures.peak_dbfs:.0f} dBFS, loud {measures.speech_dbfs:.0f}, room {measures.noise_floor_dbfs:.0f}"
    share = measures.clipped / max(1, round(measures.seconds * SAMPLE_RATE_HZ))
    if share > LOUDEST_SHARE:
        steps = 2 if share > 20 * LOUDEST_SHARE else 1
        return MicrophoneFinding(
            "level", "fault", f"too loud: {measures.clipped} samples clipped ({share:.1%}); {found}",
            _louder(microphone, -steps),
        )  # fmt: skip
    if measures.speech_dbfs - measures.noise_floor_dbfs < STANDS_OUT_DB:
        return MicrophoneFinding(
            "level", "warning", f"nobody spoke, or the noise is as loud; {found}",
            "try again: speak as you will to the finished device, from an arm's length",
        )  # fmt: skip
    if measures.peak_dbfs < QUIET_PEAK_DBFS:
        steps = round((GOOD_PEAK_DBFS - measures.peak_dbfs) / 6)
        return MicrophoneFinding("level", "warning", f"too quiet; {found}", _louder(microphone, steps))
    return MicrophoneFinding("level", "ok", found)


def _louder(microphone: Microphone, doublings: int) -> str:
    """Returns the change of the row that doubles the amplitude `doublings` times (below 0: halves it)."""
    shift = f"shift: {_shift_by(microphone, doublings)} (now {microphone.shift}; each one less doubles the sound)"
    if microphone.driver in DRIVERS_WITH_GAIN:
        return f"gain: {'higher' if doublings > 0 else 'lower'} than {microphone.gain};\nor {shift}"
    return shift


def _shift_by(microphone: Microphone, doublings: int) -> int:
    whole = microphone.slot_bits - 16
    return min(max(microphone.shift - doublings, whole - MOST_DOUBLINGS), whole + MOST_HALVINGS)


def _offset(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    if abs(measures.dc) > DC_SHARE * FULL_SCALE:
        return MicrophoneFinding(
            "offset", "fault", f"DC of {measures.dc:+d} in the sound ({_percent(measures.dc)} of full scale)",
            "your own port must pass its samples through kws_conditioner, which removes DC",
        )  # fmt: skip
    if abs(measures.offset) > OFFSET_SHARE * FULL_SCALE:
        return MicrophoneFinding(
            "offset", "warning", f"{measures.offset:+d} of DC is removed: {_percent(measures.offset)} of full scale",
            f"check slot_bits (now {microphone.slot_bits}) and shift: this much is often a misplaced sign bit",
        )  # fmt: skip
    return MicrophoneFinding("offset", "ok", f"{measures.dc:+d} in the sound, {measures.offset:+d} removed")


def _settling(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    if abs(measures.drift) <= DC_SHARE * FULL_SCALE:
        return MicrophoneFinding("settling", "ok", "as steady at the beginning as later")
    longer = max(500, 2 * microphone.settle_ms)
    return MicrophoneFinding(
        "settling", "warning", f"DC at the beginning differs by {measures.drift:+d}",
        f"settle_ms: {longer} (now {microphone.settle_ms}), if the board had just started",
    )  # fmt: skip


def _noise(measures: Measures, microphone: Microphone) -> MicrophoneFinding:  # noqa: ARG001
    found = f"{measures.noise_floor_dbfs:.0f} dBFS"
    if measures.hum_hz is not None:
        return MicrophoneFinding("noise floor", "ok", f"{found}, hum included")
    if measures.noise_floor_dbfs <= NOISY_FLOOR_DBFS:
        return MicrophoneFinding("noise floor", "ok", found)
    return MicrophoneFinding(
        "noise floor", "warning", f"{found}: a quiet room has -60 or less",
        "try a quieter room; shorter wires to the microphone; a cleaner 3.3 V supply; less gain",
    )  # fmt: skip


def _mains(measures: Measures, microphone: Microphone) -> MicrophoneFinding:  # noqa: ARG001
    if measures.hum_hz is None:
        return MicrophoneFinding("hum", "ok", "none")
    return MicrophoneFinding(
        "hum", "warning", f"{measures.hum_hz:.0f} Hz mains hum at {measures.hum_dbfs:.0f} dBFS",
        "use a battery or another supply; connect the grounds of microphone and board; keep wires away from the mains",
    )  # fmt: skip


def _gaps_found(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    if measures.gaps == 0:
        return MicrophoneFinding("gaps", "ok", "none")
    return MicrophoneFinding(
        "gaps", "fault", f"{measures.gaps} times, all samples are equal for 2 ms or more",
        f"the driver fills gaps of losses: ring_samples larger (now {microphone.ring_samples}), a faster main loop;\n"
        "a loose wire has the same effect",
    )  # fmt: skip


def _of_time(measures: Measures) -> Iterator[MicrophoneFinding]:
    if measures.overruns:
        yield MicrophoneFinding(
            "lost sound", "fault", f"{measures.overruns} blocks were lost on the device",
            "the main loop is too slow (tinykws monitor shows the load), or ring_samples larger",
        )  # fmt: skip
    else:
        yield MicrophoneFinding("lost sound", "ok", "none")
    if measures.rate_hz is not None:
        yield _rate(measures.rate_hz)
    if measures.clock_ratio is not None and abs(measures.clock_ratio - 1) > CLOCK_TOLERANCE:
        yield MicrophoneFinding(
            "clock", "fault", f"the board's clock counts {measures.clock_ratio:.3f} s per second of the computer's",
            "the core assumes a wrong clock frequency: board_build.f_cpu, or the wrong `board` in the row",
        )  # fmt: skip


def _rate(rate_hz: float) -> MicrophoneFinding:
    if abs(rate_hz / SAMPLE_RATE_HZ - 1) <= RATE_TOLERANCE:
        return MicrophoneFinding("sample rate", "ok", f"{rate_hz:,.0f} Hz")
    near = min(USUAL_RATES_HZ, key=lambda usual: abs(rate_hz / usual - 1))
    named = f", which is {near:,} Hz" if abs(rate_hz / near - 1) <= 3 * RATE_TOLERANCE else ""
    if abs(rate_hz / (2 * SAMPLE_RATE_HZ) - 1) <= RATE_TOLERANCE:
        fix = "both channels of the frame arrive: the port must keep one, the `channel` of the row"
    elif abs(rate_hz / (SAMPLE_RATE_HZ / 2) - 1) <= RATE_TOLERANCE:
        fix = "half the rate: the port must start the driver at 16,000 Hz mono, not at 16,000 values for two channels"
    else:
        fix = "the driver uses its own rate: the port must request 16,000 Hz, or resample, as teensy_i2s does"
    return MicrophoneFinding(
        "sample rate", "fault", f"{rate_hz:,.0f} samples per second{named}; the model needs 16,000", fix
    )


def _frame_rms(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    frame = FRAME_MS * SAMPLE_RATE_HZ // 1000
    frames = samples[: samples.size // frame * frame].reshape(-1, frame)
    rms: npt.NDArray[np.float64] = frames.std(axis=1)
    return rms


def _gaps(samples: Samples) -> int:
    """Counts runs of equal samples with sound before and after them, except at full scale."""
    shortest = int(FLAT_MS * SAMPLE_RATE_HZ / 1000)
    edges = np.flatnonzero(np.diff(samples.astype(np.int32))) + 1
    starts = np.concatenate(([0], edges))
    lengths = np.diff(np.concatenate((starts, [samples.size])))
    flat = (lengths >= shortest) & (np.abs(samples[starts].astype(np.int32)) < FULL_SCALE - 2)
    return sum(
        _is_sound(samples[max(0, start - shortest) : start]) and _is_sound(samples[start + length :][:shortest])
        for start, length in zip(starts[flat].tolist(), lengths[flat].tolist(), strict=True)
    )


def _is_sound(samples: Samples) -> bool:
    """Whether a piece next to a gap is louder than the lowest bits; in a very quiet room samples may repeat."""
    return samples.size > 0 and float(samples.astype(np.float64).std()) > GAP_EDGE_RMS


def _idle_bits(samples: Samples) -> int:
    """Returns how many of the lowest bits are equal in all samples."""
    changing = int(np.bitwise_or.reduce(samples.view(np.uint16) ^ samples.view(np.uint16)[0]))
    return 16 if changing == 0 else (changing & -changing).bit_length() - 1


def _hum(sound: npt.NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Returns the mains' frequency and level if 50 or 60 Hz, or its double, stands out in the spectrum; else Nones."""
    window = np.hanning(sound.size)
    amplitudes = np.abs(np.fft.rfft(sound * window)) / (window.sum() / 2)
    hz = np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE_HZ)
    heard: list[tuple[float, float]] = []
    for mains in (50.0, 60.0):
        for line in (mains, 2 * mains):
            near = (hz > line - 15) & (hz < line + 15)
            peak = amplitudes[np.abs(hz - line) <= max(1.0, hz[1])].max()
            around = float(np.median(amplitudes[near]))
            if dbfs(peak) > HUM_FLOOR_DBFS and peak > 10 ** (HUM_DB / 20) * max(around, 1e-9):
                heard.append((float(peak), mains))
    if not heard:
        return None, None
    peak, mains = max(heard)
    return mains, dbfs(peak)


def _percent(value: int) -> str:
    return f"{abs(value) / FULL_SCALE:.1%}"
