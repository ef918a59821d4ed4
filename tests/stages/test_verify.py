# SPDX-License-Identifier: Apache-2.0
"""verify against devices in Python: what passes, what fails and by which name, and what refuses to begin."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from correct_device import GoodDevice
from device_port import NAME, DevicePort
from fake_device import FakeDevice

from tinykws.audio.files import write_wav
from tinykws.audio.playback import LEAD_IN_MS, playback_for
from tinykws.boards.rows import find_board
from tinykws.device.protocol import Heard
from tinykws.device.session_log import read_entries
from tinykws.evaluation.stream_recording import recorded_streams
from tinykws.model.bundle import Bundle
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.labels import labels_of_words
from tinykws.stages.verify import ClipFile, find_clips, verify
from tinykws.support.errors import ConfigError, DeviceError
from tinykws.support.progress import Progress
from tinykws.training_data.named_recordings import named_recordings
from tinykws.verification.clip_report import VerifyReport
from tinykws.verification.host_reference import HostReference
from tinykws.verification.verdict import judge

HOST = find_board("host")
LABELS = labels_of_words(["yes"])


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClipFile, ...]:
    """Three clips with labels; the middle one is shorter than the model looks at."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(3)
    for label, milliseconds in (("yes", 1000), ("no", 60), ("_silence_", 400)):
        (folder / label).mkdir()
        samples = rng.normal(0, 3000, 16 * milliseconds).astype(np.int16)
        write_wav(folder / label / "clip one.wav", samples)
    return find_clips([folder], LABELS)


def run(bundle: Bundle, device: FakeDevice, clips: tuple[ClipFile, ...], **options: object) -> VerifyReport:
    return verify(bundle, HOST, NAME, clips, port_access=DevicePort(device), **options)  # type: ignore[arg-type]


def test_a_device_that_computes_what_the_host_does_passes(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], tmp_path: Path
) -> None:
    log_path = tmp_path / "firmware" / "verify.jsonl"
    report = run(tiny_model_bundle, GoodDevice(tiny_model_bundle), clips, log_path=log_path, tail_ms=300)
    assert report.passed, report.reason
    assert report.equal_clips == 3
    assert [clip.expected_label for clip in report.clips] == ["_silence_", "_unknown_", "yes"]
    assert report.audio_seconds == pytest.approx(1.0 + 0.1 + 0.4 + 3 * (0.3 + LEAD_IN_MS / 1000))
    assert report.arena_bytes == 77
    assert report.accuracy is not None
    assert report.model_id == tiny_model_bundle.model_id
    entries = read_entries(log_path.read_text())
    assert judge(entries).clips == report.clips, "the verdict is a function of the log"


def test_the_report_is_json_and_a_table(tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]) -> None:
    report = run(tiny_model_bundle, GoodDevice(tiny_model_bundle), clips)
    values = json.loads(json.dumps(report.to_dict()))
    assert values["verdict"] == "PASS"
    assert values["clips"][0]["file"] == "_silence_/clip one.wav"
    rows = list(report.rows())
    assert len(rows) == 3
    assert all(len(row) == len(report.header()) for row in rows)
    assert {row[-1] for row in rows} == {"equal"}


def test_enough_right_labels_may_be_demanded(tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]) -> None:
    wrong = (*(ClipFile(clip.path, "yes") for clip in clips), ClipFile(clips[0].path, "_unknown_"))
    report = run(tiny_model_bundle, GoodDevice(tiny_model_bundle), wrong, min_accuracy=0.99)
    assert not report.passed
    assert report.equal_clips == 4
    assert "less than the required" in report.reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [("features_crc=", "features_crc=f", "gave no result"), ("kws scores at=", "kws scores at=1", "scores differ")],
)
def test_wrong_results_fail_the_clips_by_name(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], old: str, new: str, reason: str
) -> None:
    device = GoodDevice(tiny_model_bundle)
    good = device.results
    device.results = lambda pcm, tail: [line.replace(old, new) for line in good(pcm, tail)]
    report = run(tiny_model_bundle, device, clips[:2])
    assert not report.passed
    assert all(reason in clip.reason for clip in report.clips)
    assert report.clips[0].file in report.reason
    assert report.to_dict()["verdict"] == "FAIL"


def test_features_of_another_size_than_the_models_are_no_crash(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]
) -> None:
    """They are sent, with a valid check, when the search for the first mismatch asks for them."""

    class Short(GoodDevice):
        def give(self, text: str) -> None:
            wrong = text.replace("frames=", "frames=1") if text.startswith("kws clip") else text
            super().give(wrong[:-2] if text.startswith("kws features") else wrong)

    report = run(tiny_model_bundle, Short(tiny_model_bundle), clips[:1])
    assert not report.passed
    assert "features differ" in report.clips[0].reason
    assert report.mismatches == ()


class Moody(GoodDevice):
    """Keeps silent about some of its clips."""

    silent_about: tuple[int, ...] = ()

    def finish(self) -> None:
        if self.clips not in self.silent_about:
            super().finish()


def test_a_time_out_is_tried_once_more(tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]) -> None:
    device = Moody(tiny_model_bundle)
    device.silent_about = (1,)
    report = run(tiny_model_bundle, device, clips)
    assert report.passed
    assert [clip.attempts for clip in report.clips] == [2, 1, 1]


def test_two_time_outs_fail_that_clip_and_not_the_run(tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]) -> None:
    device = Moody(tiny_model_bundle)
    device.silent_about = (2, 3, 4)
    report = run(tiny_model_bundle, device, clips)
    assert [clip.equal for clip in report.clips] == [True, False, True]
    assert "timed out" in report.clips[1].reason


def test_garbage_on_the_line_and_a_damaged_result_do_not_hurt(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]
) -> None:
    class Noisy(GoodDevice):
        damaged = 0

        def say(self, line: str) -> None:
            self.out.append("\xff\xfe debug: %$#")
            damage = "scores" in line and self.damaged < 3
            self.damaged += damage
            self.out.append(line.replace("at=", "a\xff=") if damage else line)

    report = run(tiny_model_bundle, Noisy(tiny_model_bundle), clips)
    assert report.passed, report.reason
    assert [clip.attempts for clip in report.clips] == [1, 1, 1]


def test_a_silent_device_is_a_device_error(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], tmp_path: Path
) -> None:
    class Silent(GoodDevice):
        def hear(self, line: str) -> None:
            pass

    with pytest.raises(DeviceError, match="no banner"):
        run(tiny_model_bundle, Silent(tiny_model_bundle), clips, log_path=tmp_path / "log.jsonl")
    assert '"!INFO *' in (tmp_path / "log.jsonl").read_text(), "the log is kept"


def test_a_device_that_falls_silent_is_a_device_error(tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]) -> None:
    class Fading(GoodDevice):
        def hear(self, line: str) -> None:
            if self.clips < 2:
                super().hear(line)

    report = run(tiny_model_bundle, Fading(tiny_model_bundle), clips)
    assert [clip.equal for clip in report.clips] == [True, False, False]
    assert report.ended.startswith("the device sent no banner")
    assert report.ended.endswith("(at clip 2)")
    assert report.clips[1].reason == report.ended
    assert report.clips[2].reason == "not sent: the run had ended"
    assert report.reason.startswith(report.ended)


def test_a_device_that_dies_in_a_clip_ends_the_run(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], tmp_path: Path
) -> None:
    log_path = tmp_path / "log"

    class Mortal(GoodDevice):
        def finish(self) -> None:
            raise DeviceError("crash")

    report = run(tiny_model_bundle, Mortal(tiny_model_bundle), clips, log_path=log_path)
    assert not any(clip.equal for clip in report.clips)
    assert report.ended
    assert f"connection to {NAME} was lost" in log_path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("proto=2", "proto=1", "protocol version is 1, the bundle's is 2"),
        ("board=host", "board=esp32", "board is esp32, the bundle's is host"),
        ("model=", "model=f", "model is f"),
        ("labels=_silence_", "labels=_quiet_", "labels is _quiet_"),
        ("line=768", "line=0", "no audio fits"),
        (" id=", " id=x", "differ in the settings or tables of the front-end; the detector's .* \\(id 'x"),
    ],
)
def test_a_device_that_runs_something_else_is_refused(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], old: str, new: str, what: str
) -> None:
    device = GoodDevice(tiny_model_bundle)
    device.banner = device.banner.replace(old, new)
    with pytest.raises(DeviceError, match=what):
        run(tiny_model_bundle, device, clips)


@pytest.mark.parametrize(
    "changes", [{"threshold": 199}, {"suppression_ms": 1499}, {"minimum_count": 4}, {"average_window_ms": 900}]
)
def test_a_device_with_another_detector_is_refused(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], changes: dict[str, int]
) -> None:
    detector = dataclasses.replace(tiny_model_bundle.detector, **changes)  # type: ignore[arg-type]
    device = GoodDevice(dataclasses.replace(tiny_model_bundle, detector=detector))
    with pytest.raises(
        DeviceError, match=r"firmware mismatch: .* the detector's thresholds, times or weights"
    ) as caught:
        run(tiny_model_bundle, device, clips)
    assert caught.value.hint == "put this bundle on the device: tinykws build --board host"


def test_a_device_without_an_identity_is_checked_by_what_it_says(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...]
) -> None:
    class Said(Progress):
        lines: list[str] = []  # noqa: RUF012

        def say(self, text: str) -> None:
            self.lines.append(text)

    device = GoodDevice(tiny_model_bundle)
    device.banner = device.banner.split(" id=")[0]
    assert run(tiny_model_bundle, device, clips, progress=Said()).passed
    assert [line for line in Said.lines if "only its model and labels were compared" in line]


def test_wrong_use_is_told_before_anything_is_opened(
    tiny_model_bundle: Bundle, clips: tuple[ClipFile, ...], tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="no clip"):
        verify(tiny_model_bundle, HOST, "socket://127.0.0.1:1", ())
    with pytest.raises(ConfigError, match="tail_ms is 5001"):
        verify(tiny_model_bundle, HOST, "socket://127.0.0.1:1", clips, tail_ms=5001)
    with pytest.raises(ConfigError, match="lead_in_ms is 150"):
        verify(tiny_model_bundle, HOST, "socket://127.0.0.1:1", clips, lead_in_ms=150)
    with pytest.raises(ConfigError, match="not an emulated board") as caught:
        verify(tiny_model_bundle, find_board("nano33ble"), tmp_path, clips)
    assert "--port" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="a device on a serial port has no faster transport"):
        verify(tiny_model_bundle, HOST, "socket://127.0.0.1:1", clips, emulator_transport="fast")


def test_clips_are_found_with_what_their_folders_say(tmp_path: Path) -> None:
    for name in ("yes/b.wav", "yes/a.FLAC", "dog/c.wav", "_background_noise_/n.wav", "_silence_/s.wav", "yes/text.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    found = {clip.path.relative_to(tmp_path).as_posix(): clip.expected_label for clip in find_clips([tmp_path], LABELS)}
    assert found == {
        "yes/b.wav": "yes", "yes/a.FLAC": "yes", "dog/c.wav": "_unknown_",
        "_background_noise_/n.wav": "_silence_", "_silence_/s.wav": "_silence_",
    }  # fmt: skip


def test_folders_may_be_called_as_people_write_the_word(tmp_path: Path) -> None:
    for folder in ("да", "da", "нет"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.wav").touch()
    labels = labels_of_words(["да"])
    assert {clip.path.parent.name: clip.expected_label for clip in find_clips([tmp_path], labels)} == {
        "да": "da", "da": "da", "нет": "_unknown_",
    }  # fmt: skip


def test_folders_that_are_no_labels_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "yes_1000ms.wav").write_bytes(b"")
    assert [clip.expected_label for clip in find_clips([tmp_path], LABELS)] == [None]
    with pytest.raises(ConfigError, match="contains no audio file"):
        (tmp_path / "empty").mkdir()
        find_clips([tmp_path / "empty"], LABELS)


@pytest.mark.parametrize("window_ms", [300, 1000, 2500, 5000])
def test_the_silence_after_a_clip_lets_the_detector_hear_a_word_at_its_end(
    tiny_model_bundle: Bundle, window_ms: int
) -> None:
    """A clip as long as the model's window has one inference; a detector waits for a quarter of its own window."""
    detector = DetectorSettings(average_window_ms=window_ms, threshold=150)
    reference = HostReference(
        dataclasses.replace(tiny_model_bundle, detector=detector), lambda _: np.array([-128, -128, 127], np.int8)
    )
    clip = np.zeros(tiny_model_bundle.frontend.clip_samples, np.int16)
    assert not any(isinstance(line, Heard) for line in reference.clip_lines(clip, 0))
    lines = reference.clip_lines(clip, playback_for(tiny_model_bundle.frontend, detector).silence.size)
    assert any(isinstance(line, Heard) for line in lines)


@pytest.mark.parametrize("command", ["detect", "verify", "evaluate"])
def test_a_folder_gives_the_same_recordings_to_every_command(tmp_path: Path, command: str) -> None:
    """All formats that libsndfile reads, through linked folders too."""
    sound = np.random.default_rng(1).normal(0, 0.1, 3 * 16000)
    (tmp_path / "a" / "yes").mkdir(parents=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "b")
    names = ["a/yes/1.wav", "a/yes/2.FLAC", "a/yes/3.mp3", "a/yes/4.ogg", "a/yes/5.aiff", "b/6.Mp3"]
    for name in names:
        soundfile.write(tmp_path / name, sound, 16000)
    for name in ("a/notes.txt", "a/yes/7.m4a", "a/yes/._1.wav"):
        (tmp_path / name).write_bytes(b"something else")
    said = Hearing()
    found = {
        "detect": lambda: named_recordings([tmp_path / "a"], said),
        "verify": lambda: [clip.path for clip in find_clips([tmp_path / "a"], labels_of_words(["yes"]), said)],
        "evaluate": lambda: [stream.path for stream in recorded_streams([tmp_path / "a"], progress=said)],
    }[command]()
    assert [path.name for path in found] == ["6.Mp3", "1.wav", "2.FLAC", "3.mp3", "4.ogg", "5.aiff"]
    assert ["7.m4a" in text for text in said.said] == [True]


class Hearing(Progress):
    """Collects what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_a_clip_that_was_cut_off_is_sent_as_far_as_it_goes_and_told(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    path, said = tmp_path / "a.wav", Hearing()
    write_wav(path, np.ones(16000, np.int16))
    path.write_bytes(path.read_bytes()[:20000])
    device = DevicePort(GoodDevice(tiny_model_bundle))
    assert verify(tiny_model_bundle, HOST, NAME, [ClipFile(path)], said, port_access=device).passed
    assert any("a.wav is damaged: only 0.6 s of its 1.0 s" in text for text in said.said)
