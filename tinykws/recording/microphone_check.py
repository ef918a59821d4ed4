# SPDX-License-Identifier: Apache-2.0
"""What a stretch of sound tells of the microphone behind it, and what to change in the board's row.

Measured is what came through port, conditioner and serial line: just what the model would hear.
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
"""warning: a model will hear less well; fault: what comes is not the sound of the room."""

FRAME_MS = 20
GOOD_PEAK_DBFS = -12.0
"""Where the loudest of ordinary speech from an arm's length should be: Speech Commands' median."""
QUIET_PEAK_DBFS = -24.0
"""A quarter of that: the front-end's gain control makes up for it, but not for what 16 bits then lose."""
LOUDEST_SHARE = 0.001
"""Part of the samples at the limits that ordinary speech may have."""
STANDS_OUT_DB = 12.0
"""Between the room and a voice, so that it is a voice."""
NOISY_FLOOR_DBFS = -45.0
DC_SHARE = 0.01
"""Of full scale, left in the sound: it shifts the lowest channels."""
OFFSET_SHARE = 0.1
"""Of full scale, taken away by the device: it takes room from the sound."""
FLAT_MS = 2.0
"""Equal samples for so long, in a sound that is not silent, are a gap: noise alone moves the lowest bit."""
GAP_EDGE_RMS = 4.0
"""Of the sound beside a gap."""
HUM_DB = 20.0
"""Of a mains line above what is around it."""
HUM_FLOOR_DBFS = -60.0
RATE_TOLERANCE = 0.01
"""A crystal is right to 0.0001; a wrong divider is off by more than this."""
CLOCK_TOLERANCE = 0.1
"""The host's side of this comparison waits for lines and its scheduler; wrong clocks are off by a quarter or more."""
JUMP_SHARE = 0.02
"""Part of the steps between samples that may be longer than half of all there is: loud speech has none."""
USUAL_RATES_HZ = (8000, 11025, 12000, 22050, 24000, 32000, 44100, 48000)
DRIVERS_WITH_GAIN = ("PDM.h",)
"""See Microphone.gain in tinykws/boards/rows.py."""


@dataclasses.dataclass(frozen=True)
class Capture:
    """What was recorded, and what the device told of it."""

    samples: Samples
    """int16 [n] in one piece."""
    overruns: int = 0
    """Blocks that were lost while it was recorded or watched."""
    clipped: int = 0
    """Samples that the device found too loud."""
    offset: int = 0
    """The constant part that the device takes away."""
    rate_hz: float | None = None
    """Samples the microphone delivers in a second of the device's clock; None: it cannot be known."""
    clock_ratio: float | None = None
    """Seconds of the device's clock in one of the host's."""


@dataclasses.dataclass(frozen=True)
class Measures:
    """The numbers. Levels are of full scale, without the constant part."""

    seconds: float
    peak_dbfs: float
    rms_dbfs: float
    noise_floor_dbfs: float
    """Root mean square of the faintest tenth of the frames of 20 ms."""
    speech_dbfs: float
    """Of the loudest twentieth."""
    dc: int
    """What of the constant part is left in the second half of the sound."""
    offset: int
    """What of it the device took away."""
    clipped: int
    overruns: int
    gaps: int
    """Stretches of equal samples in the middle of sound."""
    idle_bits: int
    """Lowest bits that never change."""
    jump_share: float
    drift: int
    """By how much the constant part at the beginning differs from that of the second half."""
    hum_hz: float | None
    """The mains, where it is heard."""
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
    """What to change, in the terms of boards.yaml where it is the row; empty where nothing is wrong."""


def measure(capture: Capture) -> Measures:
    """Returns the numbers of a recording of at least 100 ms."""
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
    """Returns what is to be said of the numbers, and what to change in the row. One that is dead says nothing else."""
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
        f"none: every sample is {measures.dc}" if stuck else "none: the samples stand still at zero",
        f"wiring, and the row's data_pin, clock_pin, word_select_pin and power_pin;\n"
        f"channel: {other}, where the microphone speaks in the other half (its L/R pin)",
    )


def _bits(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    """Whether the 16 bits are the microphone's upper ones."""
    expected = max(0, microphone.slot_bits - 16 - microphone.shift)
    if measures.jump_share > JUMP_SHARE:
        bits = 16 if microphone.slot_bits == 32 else 32
        return MicrophoneFinding(
            "bits", "fault", f"{measures.jump_share:.0%} of the samples jump through half of all there is",
            f"slot_bits: {bits}, as what the driver delivers has",
        )  # fmt: skip
    if measures.idle_bits > expected:
        return MicrophoneFinding(
            "bits", "warning", f"the lowest {measures.idle_bits} bits never change: the sound is coarse",
            f"shift: {_shift_by(microphone, measures.idle_bits - expected)}, if the microphone has more bits",
        )  # fmt: skip
    return MicrophoneFinding("bits", "ok", "all of the 16 change")


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
            "level", "warning", f"nobody spoke, or it drowns in noise; {found}",
            "once more, and speak as you will to the finished thing, from an arm's length",
        )  # fmt: skip
    if measures.peak_dbfs < QUIET_PEAK_DBFS:
        steps = round((GOOD_PEAK_DBFS - measures.peak_dbfs) / 6)
        return MicrophoneFinding("level", "warning", f"too faint; {found}", _louder(microphone, steps))
    return MicrophoneFinding("level", "ok", found)


def _louder(microphone: Microphone, doublings: int) -> str:
    """The row's keys that make the sound so many times twice as loud (below 0: half)."""
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
            "offset", "fault", f"the sound stands {measures.dc:+d} beside zero ({_percent(measures.dc)} of full scale)",
            "a port of yours must pass its sound through kws_conditioner, which takes it away",
        )  # fmt: skip
    if abs(measures.offset) > OFFSET_SHARE * FULL_SCALE:
        return MicrophoneFinding(
            "offset", "warning", f"{measures.offset:+d} are taken away: {_percent(measures.offset)} of full scale",
            f"slot_bits (now {microphone.slot_bits}) and shift: so much is often a sign bit in the wrong place",
        )  # fmt: skip
    return MicrophoneFinding("offset", "ok", f"{measures.dc:+d} in the sound, {measures.offset:+d} taken away")


def _settling(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    if abs(measures.drift) <= DC_SHARE * FULL_SCALE:
        return MicrophoneFinding("settling", "ok", "as steady at the beginning as later")
    longer = max(500, 2 * microphone.settle_ms)
    return MicrophoneFinding(
        "settling", "warning", f"the beginning stands {measures.drift:+d} beside the rest",
        f"settle_ms: {longer} (now {microphone.settle_ms}), if the board had just started",
    )  # fmt: skip


def _noise(measures: Measures, microphone: Microphone) -> MicrophoneFinding:  # noqa: ARG001
    found = f"{measures.noise_floor_dbfs:.0f} dBFS"
    if measures.hum_hz is not None:
        return MicrophoneFinding("noise floor", "ok", f"{found}, the hum counted in")
    if measures.noise_floor_dbfs <= NOISY_FLOOR_DBFS:
        return MicrophoneFinding("noise floor", "ok", found)
    return MicrophoneFinding(
        "noise floor", "warning", f"{found}: a quiet room has -60 or less",
        "a quieter room; shorter wires to the microphone; a cleaner 3.3 V; less gain",
    )  # fmt: skip


def _mains(measures: Measures, microphone: Microphone) -> MicrophoneFinding:  # noqa: ARG001
    if measures.hum_hz is None:
        return MicrophoneFinding("hum", "ok", "none")
    return MicrophoneFinding(
        "hum", "warning", f"{measures.hum_hz:.0f} Hz of the mains at {measures.hum_dbfs:.0f} dBFS",
        "power from a battery or another supply; the microphone's ground at the board's; wires away from the mains",
    )  # fmt: skip


def _gaps_found(measures: Measures, microphone: Microphone) -> MicrophoneFinding:
    if measures.gaps == 0:
        return MicrophoneFinding("gaps", "ok", "none")
    return MicrophoneFinding(
        "gaps", "fault", f"{measures.gaps} times the sound stands still for 2 ms or more",
        f"the driver fills up what it lost: ring_samples larger (now {microphone.ring_samples}), a faster main loop;\n"
        "a loose wire does it too",
    )  # fmt: skip


def _of_time(measures: Measures) -> Iterator[MicrophoneFinding]:
    if measures.overruns:
        yield MicrophoneFinding(
            "lost sound", "fault", f"{measures.overruns} blocks were lost on the device",
            "the main loop is too slow: see the load in tinykws monitor; or ring_samples larger",
        )  # fmt: skip
    else:
        yield MicrophoneFinding("lost sound", "ok", "none")
    if measures.rate_hz is not None:
        yield _rate(measures.rate_hz)
    if measures.clock_ratio is not None and abs(measures.clock_ratio - 1) > CLOCK_TOLERANCE:
        yield MicrophoneFinding(
            "clock", "fault", f"the board's clock makes {measures.clock_ratio:.3f} s of one of the computer's",
            "the board's clock is not what its core believes: board_build.f_cpu, or the wrong `board` in the row",
        )  # fmt: skip


def _rate(rate_hz: float) -> MicrophoneFinding:
    if abs(rate_hz / SAMPLE_RATE_HZ - 1) <= RATE_TOLERANCE:
        return MicrophoneFinding("sample rate", "ok", f"{rate_hz:,.0f} a second")
    near = min(USUAL_RATES_HZ, key=lambda usual: abs(rate_hz / usual - 1))
    named = f", which is {near:,} Hz" if abs(rate_hz / near - 1) <= 3 * RATE_TOLERANCE else ""
    if abs(rate_hz / (2 * SAMPLE_RATE_HZ) - 1) <= RATE_TOLERANCE:
        mend = "both halves of the frame arrive: the port must take one, as the row's channel says"
    elif abs(rate_hz / (SAMPLE_RATE_HZ / 2) - 1) <= RATE_TOLERANCE:
        mend = "half of what is wanted: a port that begins at 16,000 Hz mono, not at 16,000 values for two channels"
    else:
        mend = "the driver runs at its own rate: a port that asks for 16,000 Hz, or resamples as teensy_i2s does"
    return MicrophoneFinding(
        "sample rate", "fault", f"{rate_hz:,.0f} samples a second{named}; the model needs 16,000", mend
    )


def _frame_rms(samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    frame = FRAME_MS * SAMPLE_RATE_HZ // 1000
    frames = samples[: samples.size // frame * frame].reshape(-1, frame)
    rms: npt.NDArray[np.float64] = frames.std(axis=1)
    return rms


def _gaps(samples: Samples) -> int:
    """Counts stretches of equal samples, those at the limits left out, where sound is before and after them."""
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
    """Whether a piece beside a gap is more than the lowest bits: a room so quiet may well stand still."""
    return samples.size > 0 and float(samples.astype(np.float64).std()) > GAP_EDGE_RMS


def _idle_bits(samples: Samples) -> int:
    """Returns how many of the lowest bits are the same in all samples."""
    changing = int(np.bitwise_or.reduce(samples.view(np.uint16) ^ samples.view(np.uint16)[0]))
    return 16 if changing == 0 else (changing & -changing).bit_length() - 1


def _hum(sound: npt.NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Returns the mains' frequency and level where 50 or 60 Hz, or its double, stands out of its surroundings."""
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
