# SPDX-License-Identifier: Apache-2.0
"""detect: words are heard in streams of any length and form, as the listener hears them fed by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from tone_bursts_dataset import burst

from tinykws.audio.files import AudioStream, read_audio
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.detector import Detection
from tinykws.native.listener import Listener
from tinykws.project.layout import Project
from tinykws.stages.detect import detect
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


def test_it_is_the_listener_fed_at_once(
    low_threshold_bundle: Bundle, samples: npt.NDArray[np.int16], tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "stream.flac", samples, 16000)
    listener = Listener(
        low_threshold_bundle.frontend,
        low_threshold_bundle.detector,
        len(low_threshold_bundle.labels),
        Interpreter(low_threshold_bundle.model_bytes()).invoke,
    )
    expected = [event for event in listener.feed(samples) if isinstance(event, Detection)]
    heard = list(detect(low_threshold_bundle, tmp_path / "stream.flac"))
    assert [(word.time_ms, word.label, word.score) for word in heard] == [
        (event.time_ms, low_threshold_bundle.labels[event.label_index], event.score) for event in expected
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
