# SPDX-License-Identifier: Apache-2.0
"""detect: words are heard in streams of any length and form, as the listener hears them fed by hand."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from correct_device import GoodDevice
from device_port import NAME, DevicePort
from tiny_model import EAGER, tiny_bundle, write_walk
from tone_bursts_dataset import TONES_HZ, burst

from tinykws.audio.files import AudioStream, read_audio
from tinykws.audio.playback import faint_noise, playback_for
from tinykws.boards.rows import find_board
from tinykws.cli.main import run as tinykws
from tinykws.evaluation.stream_measure import detections
from tinykws.evaluation.stream_scores import score_streams
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.detector import Detection
from tinykws.native.listener import Listener
from tinykws.project.layout import Project
from tinykws.stages.detect import NothingHeard, detect
from tinykws.stages.verify import ClipFile, verify
from tinykws.support.errors import ConfigError

BURSTS = ((2, 300), (6, 3500), (9, 300))
"""(second, tone): low, high, low."""


@pytest.fixture(scope="session")
def low_threshold_bundle(learned_project: Project) -> Bundle:
    """Tuned to hear a burst of a fifth of a second in a window of half a second."""
    bundle = load_bundle(learned_project.bundle_dir)
    easy = dataclasses.replace(
        bundle.detector, average_window_ms=300, threshold=120, minimum_count=2, inference_stride_ms=60
    )
    return dataclasses.replace(bundle, detector=easy)


@pytest.fixture(scope="session")
def samples() -> npt.NDArray[np.int16]:
    rng = np.random.default_rng(3)
    stream = rng.standard_normal(12 * 16000) * 30
    for second, tone_hz in BURSTS:
        stream[second * 16000 : second * 16000 + 8000] += burst(tone_hz, 8000, rng)
    return stream.astype(np.int16)


@pytest.mark.slow
def test_words_are_heard_where_they_are(
    low_threshold_bundle: Bundle, samples: npt.NDArray[np.int16], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "stream.wav", samples, 16000)
    heard = list(detect(low_threshold_bundle, tmp_path / "stream.wav"))
    expected = {300: "low", 3500: "high"}
    for second, tone_hz in BURSTS:
        near = [word for word in heard if second * 1000 < word.time_ms < second * 1000 + 1500]
        assert expected[tone_hz] in [word.label.name for word in near], heard
    assert all(word.score > 120 for word in heard)


def test_it_is_the_listener_fed_at_once_with_lead_in_and_silence(
    low_threshold_bundle: Bundle, samples: npt.NDArray[np.int16], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "stream.flac", samples, 16000)
    listener = Listener(
        low_threshold_bundle.frontend,
        low_threshold_bundle.detector,
        len(low_threshold_bundle.labels),
        Interpreter(low_threshold_bundle.model_bytes()).invoke,
    )
    playback = playback_for(low_threshold_bundle.frontend, low_threshold_bundle.detector)
    played = np.concatenate([playback.lead_in, samples, playback.silence])
    expected = [event for event in listener.feed(played) if isinstance(event, Detection)]
    heard = list(detect(low_threshold_bundle, tmp_path / "stream.flac"))
    assert [(word.time_ms, word.label, word.score) for word in heard] == [
        (event.time_ms - playback.lead_in_ms, low_threshold_bundle.labels[event.label_index], event.score)
        for event in expected
    ]
    assert heard


def test_other_rates_and_channels(low_threshold_bundle: Bundle, samples: npt.NDArray[np.int16], tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.repeat(samples, 3)[:, None].repeat(2, axis=1), 48000)
    names = [word.label.name for word in detect(low_threshold_bundle, path)]
    assert "high" in names
    assert "low" in names


def test_what_is_no_audio(low_threshold_bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no"):
        list(detect(low_threshold_bundle, tmp_path / "none.wav"))
    (tmp_path / "text.wav").write_text("not a sound")
    with pytest.raises(ConfigError, match="as audio"):
        list(detect(low_threshold_bundle, tmp_path / "text.wav"))


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (16000, 2), (44100, 1), (8000, 2)])
def test_a_stream_is_the_whole_file_in_pieces(rate: int, channels: int, tmp_path: Path) -> None:
    noise = np.random.default_rng(rate).standard_normal((int(2.3 * rate), channels)) * 0.1
    soundfile.write(tmp_path / "noise.wav", noise, rate, subtype="PCM_16")
    whole = read_audio(tmp_path / "noise.wav").samples
    with AudioStream(tmp_path / "noise.wav") as stream:
        pieces = list(stream)
        assert stream.seconds == 3
    joined = np.concatenate(pieces)
    assert joined.shape == whole.shape
    assert np.abs(joined.astype(int) - whole).max() <= (0 if rate == 16000 else 1)
    assert max(len(piece) for piece in pieces) < 2 * 16000


def test_a_clip_by_itself_is_heard_as_in_a_stream(low_threshold_bundle: Bundle, tmp_path: Path) -> None:
    """Without lead-in and silence, a clip as long as the model input has one inference, and no detector hears it."""
    rng = np.random.default_rng(5)
    for number in range(4):
        clip = np.concatenate([faint_noise(1600), burst(TONES_HZ[2 + number % 2], 4800, rng), faint_noise(1600)])
        around = faint_noise(4 * 16000)
        soundfile.write(tmp_path / "clip.wav", clip.astype(np.int16), 16000)
        soundfile.write(tmp_path / "stream.wav", np.concatenate([around, clip, around]).astype(np.int16), 16000)
        alone = [word.label.name for word in detect(low_threshold_bundle, tmp_path / "clip.wav")]
        in_stream = [
            word.label.name
            for word in detect(low_threshold_bundle, tmp_path / "stream.wav")
            if 4000 < word.time_ms < 5500
        ]
        assert alone[:1] == in_stream[:1] == [["low", "high"][number % 2]]


class FileStream:
    """A whole file as one piece."""

    def __init__(self, path: Path) -> None:
        self.name, self.events, self.pieces = path.name, tuple[Event, ...](), 1
        self._samples = read_audio(path).samples
        self.duration_ms = self._samples.size // 16

    def __iter__(self) -> Iterator[npt.NDArray[np.int16]]:
        yield self._samples


def test_detect_verify_and_evaluate_hear_the_same_in_a_clip(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", detector=EAGER)
    clips = [write_walk(tmp_path / f"{seconds}.wav", seconds) for seconds in (1, 3)]
    port_access = DevicePort(GoodDevice(bundle))
    report = verify(bundle, find_board("host"), NAME, [ClipFile(path) for path in clips], port_access=port_access)
    assert report.passed, report.reason
    for path, clip in zip(clips, report.clips, strict=True):
        heard = [f"{word.label.name} ({word.score}) @{word.time_ms}ms" for word in detect(bundle, path)]
        assert heard == list(clip.detections)
        assert heard
        (stream,) = score_streams(bundle, [FileStream(path)])
        evaluated = detections(stream, bundle.detector, ["yes"])
        assert [one.time_ms - stream.lead_in_ms for one in evaluated] == [word.time_ms for word in detect(bundle, path)]


NOTHING = {
    "faint.wav": (np.random.default_rng(2).normal(0, 300, 16000), r"nothing heard; best score \d+ for yes, .* 250"),
    "empty.wav": (np.zeros(0), "nothing heard: the recording is empty; "),
    "silent.wav": (np.zeros(16000), "nothing heard: the recording is silent; "),
    "short.wav": (np.ones(160) * 500, "nothing heard: the recording is only 10 ms long; "),
    "loud.wav": (np.repeat([32767, -32768] * 50, 160), "nothing heard: the recording is clipped: 100% of the samples"),
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_heard_is_said_on_stderr(
    name: str, as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", detector=dataclasses.replace(EAGER, threshold=250))
    soundfile.write(tmp_path / name, NOTHING[name][0].astype(np.int16), 16000)
    options = ["--json"] if as_json else []
    assert tinykws(["detect", "--bundle", str(bundle.path), str(tmp_path / name), *options]) == 0
    printed = capsys.readouterr()
    assert printed.out == ("[]\n" if as_json else "")
    assert re.search(f"{re.escape(name)}: {NOTHING[name][1]}", printed.err)


@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_read_is_told_and_the_others_are_heard(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path / "bundle", detector=EAGER)
    names = ["first.wav", "nothing.wav", "missing.wav", "text.wav", "no clips", "last.wav"]
    for name in (names[0], names[-1]):
        write_walk(tmp_path / name, 5)
    (tmp_path / "nothing.wav").touch()
    (tmp_path / "text.wav").write_text("not a recording")
    (tmp_path / "no clips").mkdir()
    options = ["--json"] if as_json else []
    paths = [str(tmp_path / name) for name in names]
    assert tinykws(["detect", "--bundle", str(bundle.path), *paths, *options]) == 2
    printed = capsys.readouterr()
    heard = [entry["file"] for entry in json.loads(printed.out)] if as_json else printed.out.splitlines()
    for name in (names[0], names[-1]):
        assert any(entry.startswith(str(tmp_path / name)) for entry in heard)
    for name in names[1:-1]:
        assert [line for line in printed.err.splitlines() if line.startswith("tinykws: ") and name in line], name
    assert "tinykws: 4 files or folders were not heard" in printed.err


def test_names_that_are_all_wrong_are_refused_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kws.yaml").write_text("words: [yes]\n")
    assert tinykws(["detect", "--project", str(tmp_path), str(tmp_path / "missing.wav")]) == 2
    assert f"there is no {tmp_path / 'missing.wav'}" in capsys.readouterr().err
    assert not (tmp_path / "build").exists()


def test_what_is_said_is_the_best_score(tmp_path: Path) -> None:
    """A detector whose threshold is one lower than the score that was said hears the word."""
    bundle = tiny_bundle(tmp_path / "bundle", detector=dataclasses.replace(EAGER, threshold=250))
    path = write_walk(tmp_path / "walk.wav", 2)
    said: list[NothingHeard] = []
    assert list(detect(bundle, path, on_nothing=said.append)) == []
    (nothing,) = said
    assert (nothing.defect, nothing.label, nothing.threshold) == (None, bundle.labels[2], 250)
    for threshold, heard in ((nothing.score, 0), (nothing.score - 1, 1)):
        lowered = dataclasses.replace(bundle, detector=dataclasses.replace(EAGER, threshold=threshold))
        assert len(list(detect(lowered, path))) == heard
    list(detect(dataclasses.replace(bundle, detector=EAGER), path, on_nothing=said.append))
    assert len(said) == 1, "nothing is said if something was heard"


def test_a_file_of_no_bytes_is_told_to_be_empty(tiny_model_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "zero.wav").touch()
    with pytest.raises(ConfigError, match=r"zero\.wav is empty: it has 0 bytes"):
        list(detect(tiny_model_bundle, tmp_path / "zero.wav"))
