# SPDX-License-Identifier: Apache-2.0
"""mic-check: each defect that a microphone can have is named, and the advice is the row's key that mends it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import firmware_application as application
import numpy as np
import pytest

from tinykws.audio.samples import Samples
from tinykws.boards.rows import Microphone, find_board
from tinykws.cli.main import run
from tinykws.device.protocol import Status
from tinykws.device.transport.emulator import free_port
from tinykws.recording.device_microphone import device_microphone
from tinykws.recording.microphone_check import Capture, MicrophoneFinding, findings_of, measure
from tinykws.recording.record_protocol import MAX_SAMPLES, Recording, SoundLostError
from tinykws.stages.mic_check import ATTEMPTS, MicCheckReport, mic_check
from tinykws.support.errors import ConfigError, DeviceError

PDM = find_board("nano33ble").microphone
I2S = find_board("esp32").microphone


def speech(peak: float = 9000.0, room: float = 12.0) -> np.ndarray:
    """Three seconds of somebody who speaks now and then; float, to be spoiled before it becomes samples."""
    rng = np.random.default_rng(5)
    loudness = np.hypot(np.repeat([0, peak / 3, 0, peak / 4.5, 0, 0], 8000), room)
    return np.asarray(rng.normal(0, 1, 48000).clip(-3, 3) * loudness)


def samples_of(sound: np.ndarray) -> Samples:
    samples: Samples = np.rint(sound).clip(-32768, 32767).astype(np.int16)
    return samples


def hear(sound: np.ndarray, **told: float) -> Capture:
    return Capture(samples_of(sound), **told)  # type: ignore[arg-type]


def finding(hearing: Capture, name: str, microphone: Microphone = PDM) -> MicrophoneFinding:
    found = {one.name: one for one in findings_of(measure(hearing), microphone)}
    return found[name]


def seconds() -> np.ndarray:
    return np.arange(48000) / 16000


def wrapped(sound: np.ndarray) -> np.ndarray:
    """As if bits in the middle of the slot were taken for the upper 16."""
    samples: np.ndarray = (np.rint(sound * 40).astype(np.int64) & 0xFFFF).astype(np.uint16).view(np.int16).astype(float)
    return samples


def with_gaps(sound: np.ndarray) -> np.ndarray:
    spoiled: np.ndarray = sound.copy()
    for at in (9000, 20000, 30000):
        spoiled[at : at + 256] = 0
    return spoiled


HUM = 800 * np.sin(2 * np.pi * 50 * seconds())

DEFECTS: dict[str, tuple[Capture, Microphone, str, str, str]] = {
    "dead": (hear(np.zeros(48000)), PDM, "sound", "fault", "channel: right"),
    "dead right": (hear(np.zeros(48000)), find_board("m5atom_echo").microphone, "sound", "fault", "channel: left"),
    "stuck": (hear(np.full(48000, -32768.0)), I2S, "sound", "fault", "data_pin"),
    "DC": (hear(speech() + 900), PDM, "offset", "fault", "kws_conditioner"),
    "DC taken away": (hear(speech(), offset=-7000), I2S, "offset", "warning", "slot_bits (now 32)"),
    "clipping": (hear(speech(90000)), I2S, "level", "fault", "shift: 16 (now 14;"),
    "a little clipping": (hear(speech(33000), clipped=100), PDM, "level", "fault", "gain: lower than 20"),
    "a low level": (hear(speech() / 8), I2S, "level", "warning", "shift: 11 (now 14;"),
    "a low level of PDM.h": (hear(speech() / 8), PDM, "level", "warning", "gain: higher than 20"),
    "nobody spoke": (hear(speech(0)), PDM, "level", "warning", "speak as you will"),
    "wrong shift, wrapped": (hear(wrapped(speech())), I2S, "bits", "fault", "slot_bits: 16"),
    "wrong shift, coarse": (hear(np.rint(speech() / 32) * 32), PDM, "bits", "warning", "shift: -5"),
    "dropped blocks": (hear(speech(), overruns=3), PDM, "lost sound", "fault", "ring_samples larger"),
    "dropped blocks filled up": (hear(with_gaps(speech())), PDM, "gaps", "fault", "ring_samples larger (now 8192)"),
    "8 kHz": (hear(speech(), rate_hz=8003), PDM, "sample rate", "fault", "16,000 Hz mono"),
    "44.1 kHz": (hear(speech(), rate_hz=44090), PDM, "sample rate", "fault", "or resample, as teensy_i2s does"),
    "stereo": (hear(speech(), rate_hz=32010), PDM, "sample rate", "fault", "channel"),
    "a wrong clock": (hear(speech(), clock_ratio=0.65), PDM, "clock", "fault", "f_cpu"),
    "hum": (hear(speech() + HUM), PDM, "hum", "warning", "battery"),
    "noise": (hear(speech(30000, room=600)), PDM, "noise floor", "warning", "quieter room"),
    "not settled": (
        hear(speech() + 4000 * np.exp(-seconds() * 3)), PDM, "settling", "warning", "settle_ms: 7000 (now 3500)"
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named_and_its_advice_is_the_rows_key(defect: str) -> None:
    hearing, microphone, name, state, mend = DEFECTS[defect]
    found = finding(hearing, name, microphone)
    assert found.state == state, found
    assert mend in found.mend, found


@pytest.mark.parametrize("microphone", [PDM, I2S, Microphone()])
def test_a_good_microphone_has_none(microphone: Microphone) -> None:
    hearing = hear(speech(), offset=200, rate_hz=16004.0, clock_ratio=1.001)
    for found in findings_of(measure(hearing), microphone):
        assert (found.state, found.mend) == ("ok", ""), found


@pytest.mark.parametrize("defect", ["dropped blocks", "8 kHz", "hum", "a low level", "not settled"])
def test_a_defect_is_not_taken_for_another(defect: str) -> None:
    hearing, microphone, name, _, _ = DEFECTS[defect]
    wrong = [found.name for found in findings_of(measure(hearing), microphone) if found.state != "ok"]
    assert wrong == [name]


def test_the_rate_that_comes_is_named() -> None:
    assert "44,090 samples per second, which is 44,100 Hz" in finding(DEFECTS["44.1 kHz"][0], "sample rate").found
    assert "which is" not in finding(hear(speech(), rate_hz=19000), "sample rate").found
    assert finding(hear(speech(), rate_hz=16100), "sample rate").state == "ok", "a crystal of a cheap board"
    assert finding(hear(speech(), rate_hz=15700), "sample rate").state == "fault"


def test_both_mains_are_known() -> None:
    for hz, mains in ((50, 50), (60, 60), (120, 60)):
        assert measure(hear(speech() + 800 * np.sin(2 * np.pi * hz * seconds()))).hum_hz == mains
    assert measure(hear(speech(9000, room=300))).hum_hz is None, "noise is no hum"


def test_a_room_so_quiet_that_it_stands_still_has_no_gaps() -> None:
    quiet = speech(room=0.2)
    assert np.count_nonzero(np.rint(quiet[:8000])) < 8000 / 32, "there are long stretches of zeros"
    assert finding(hear(quiet), "gaps").state == "ok"
    at = 9000
    quiet[at : at + 40] = quiet[at]
    assert finding(hear(quiet), "gaps").found.startswith("1 times")


def test_levels_are_right() -> None:
    sine = 16384 * np.sin(2 * np.pi * 1000 * seconds())
    measures = measure(hear(sine + 300))
    assert measures.peak_dbfs == pytest.approx(-6.02, abs=0.05)
    assert measures.rms_dbfs == pytest.approx(-9.03, abs=0.05)
    assert measures.noise_floor_dbfs == pytest.approx(-9.03, abs=0.1)
    assert measures.dc == 300


# The stage, with a device whose clocks are numbers.


class FakeEar:
    """A device that delivers at some rate, by a clock of its own, and loses what it is told to."""

    def __init__(self, take: Recording, *, rate_hz: float = 16000, clock: float = 1.0, losses: int = 0) -> None:
        self.longest_samples = MAX_SAMPLES
        self._take = take
        self._rate_hz = rate_hz
        self._clock = clock
        self._losses = losses
        self._now = 5000.0  # where the device's microseconds have wrapped before and will again
        self.overruns = 0

    def record(self, count: int, on_sound: Callable[[Samples], None]) -> Recording:
        if self._losses:
            self._losses -= 1
            raise SoundLostError("a line of the recording arrived damaged")
        self._now += count / 16000
        self.overruns += self._take.overruns
        on_sound(self._take.samples[:count])
        return dataclasses.replace(self._take, samples=self._take.samples[:count])

    def status(self) -> Status:
        device_s = self._now * self._clock
        return Status(0, 0, self.overruns, 0, 0, 0, 0, 0, offset=-250, at_us=int(device_s * 1e6) % 2**32,
                      samples=int(device_s * self._rate_hz) % 2**32)  # fmt: skip

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += seconds


def check(ear: FakeEar, seconds: float = 2.0, plot: Path | None = None) -> MicCheckReport:
    return mic_check(ear, "nano33ble", PDM, seconds=seconds, plot_path=plot)


GOOD = Recording(samples_of(speech()))


@pytest.mark.parametrize(
    ("rate_hz", "clock", "wrong"),
    [
        (16000, 1.0, []),
        (8000, 1.0, ["sample rate"]),
        (44100, 1.0, ["sample rate"]),
        (16000, 1.6, ["clock"]),
    ],
)
def test_samples_are_counted_against_both_clocks(rate_hz: float, clock: float, wrong: list[str]) -> None:
    report = check(FakeEar(GOOD, rate_hz=rate_hz, clock=clock))
    assert report.measures.rate_hz == pytest.approx(rate_hz, rel=1e-4)
    assert report.measures.clock_ratio == pytest.approx(clock, rel=1e-4)
    assert [found.name for found in report.findings if found.state != "ok"] == wrong
    assert report.good == (not wrong)
    assert report.measures.offset == -250


def test_what_was_lost_while_it_recorded_is_told() -> None:
    report = check(FakeEar(dataclasses.replace(GOOD, overruns=2)))
    assert report.measures.overruns == 2
    assert not report.good


def test_a_line_that_loses_sound_is_tried_again_and_given_up() -> None:
    assert check(FakeEar(GOOD, losses=ATTEMPTS - 1)).good
    with pytest.raises(DeviceError, match="damaged, 3 times in a row"):
        check(FakeEar(GOOD, losses=ATTEMPTS))


def test_a_line_too_slow_for_any_recording() -> None:
    ear = FakeEar(GOOD)
    ear.longest_samples = 4000
    with pytest.raises(ConfigError, match=r"0\.25 s are too short"):
        check(ear)


@pytest.mark.slow
def test_the_picture_is_the_same_for_the_same_sound(tmp_path: Path) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    assert check(FakeEar(GOOD), plot=first).plot == str(first)
    check(FakeEar(GOOD), plot=second)
    assert first.read_bytes()[:4] == b"\x89PNG"
    assert first.read_bytes() == second.read_bytes()


# The command, on the real firmware.


@pytest.fixture
def humming_board(tmp_path: Path) -> Iterator[str]:
    """The firmware on this computer, before a microphone that hums and is ten times too fast."""
    sound = tmp_path / "sound.raw"
    sound.write_bytes(np.tile(samples_of(speech() + HUM), 200).tobytes())
    port = free_port()
    environment = {"KWS_SERIAL": f"127.0.0.1:{port}", "KWS_MICROPHONE": str(sound), "KWS_MICROPHONE_HZ": "160000"}
    process = subprocess.Popen([application.build(tmp_path)], env=environment)
    yield f"socket://127.0.0.1:{port}"
    assert process.poll() in (None, 0)
    process.kill()
    process.wait()


@pytest.mark.slow
def test_the_command_tells_numbers_and_advice(
    humming_board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "mic.png"
    assert run(["mic-check", "--port", humming_board, "--seconds", "3", "--plot", str(picture), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["board"] == "host"
    assert report["measures"]["hum_hz"] == 50
    assert report["measures"]["rate_hz"] == pytest.approx(160000, rel=0.1)
    assert {found["name"]: found["state"] for found in report["findings"]}["sample rate"] == "fault"
    assert picture.is_file()


@pytest.mark.slow
def test_a_microphone_that_says_nothing_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not that the emulated device has ended, though it is ended then."""
    monkeypatch.setattr("tinykws.stages.mic_check.SETTLE_POLLS", 0)
    monkeypatch.setattr("tinykws.stages.mic_check.COUNT_S", 0.1)
    program = application.build(tmp_path)
    with (
        pytest.raises(DeviceError, match="microphone delivers no samples"),
        device_microphone(find_board("host"), program) as ear,
    ):
        mic_check(ear, "host", PDM, seconds=1)
