# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from frontend_references import (
    PYMICRO_SETTINGS,
    pymicro_features,
    skip_unless_log1pf_is_fdlibms,
    tensorflow_features,
)
from frontend_signals import KINDS, RATE_HZ, samples_of_kind, to_int16, voice
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.native.features import FrontEnd, features_crc32, features_of_clip, features_of_clips, quantize_features
from tinykws.project.frontend_settings import FrontendSettings

DEFAULT = FrontendSettings()
STRIDE_10 = FrontendSettings(stride_ms=10)


@pytest.fixture(scope="module")
def some_voice() -> npt.NDArray[np.int16]:
    return to_int16(voice(4, seed=9) * 9000)


@pytest.mark.slow
def test_the_signals_last_more_than_an_hour() -> None:
    seconds = {kind: len(samples_of_kind(kind)) / RATE_HZ for kind in KINDS}
    assert sum(seconds.values()) > 3600
    assert min(seconds.values()) > 200


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_feature_is_tensorflows(kind: str) -> None:
    samples = samples_of_kind(kind)
    for frontend in (DEFAULT, STRIDE_10):
        np.testing.assert_array_equal(FrontEnd(frontend).process(samples), tensorflow_features(samples, frontend))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_feature_is_pymicros(kind: str) -> None:
    skip_unless_log1pf_is_fdlibms()
    samples = samples_of_kind(kind)
    np.testing.assert_array_equal(FrontEnd(PYMICRO_SETTINGS).process(samples), pymicro_features(samples))


@pytest.mark.slow
def test_real_speech(shared: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples, rate_hz = soundfile.read(shared / "data/negatives/coffee_orders_60min.flac", dtype="int16")
    assert rate_hz == RATE_HZ
    assert len(samples) > 3590 * RATE_HZ
    np.testing.assert_array_equal(FrontEnd(DEFAULT).process(samples), tensorflow_features(samples, DEFAULT))
    samples = samples[: 600 * RATE_HZ]  # of other settings, ten minutes
    np.testing.assert_array_equal(FrontEnd(STRIDE_10).process(samples), tensorflow_features(samples, STRIDE_10))
    skip_unless_log1pf_is_fdlibms()
    np.testing.assert_array_equal(FrontEnd(PYMICRO_SETTINGS).process(samples), pymicro_features(samples))


def test_the_two_references_differ(some_voice: npt.NDArray[np.int16]) -> None:
    """Or else the two kinds of tables could be mixed up unseen."""
    assert (FrontEnd(STRIDE_10).process(some_voice) != FrontEnd(PYMICRO_SETTINGS).process(some_voice)).any()


@st.composite
def frontend_settings(draw: st.DrawFn) -> FrontendSettings:
    window_ms = draw(st.integers(10, 64))
    rate_hz = draw(st.sampled_from([RATE_HZ, RATE_HZ, 11025, 12345]))  # windows of any number of samples, odd ones too
    return FrontendSettings(
        sample_rate_hz=rate_hz,
        window_ms=window_ms,
        stride_ms=draw(st.integers(5, window_ms)),
        n_mels=draw(st.integers(3, 80)),
        lower_hz=draw(st.sampled_from([0.0, 20.0, 80.5, 125.0, 300.0])),
        upper_hz=min(draw(st.sampled_from([3800.0, 7000.0, 7500.0, 7600.25])), 0.47 * rate_hz),
        even_smoothing=draw(st.floats(0, 1, width=32)),
        odd_smoothing=draw(st.floats(0, 1, width=32)),
        min_signal_remaining=draw(st.floats(0, 1, width=32)),
        pcan_strength=draw(st.floats(0.1, 0.95)),
        pcan_offset=draw(st.floats(80, 500)),
        log_scale_shift=draw(st.integers(0, 8)),
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(frontend=frontend_settings(), seed=st.integers(0, 2**32 - 1), level=st.sampled_from([3, 300, 9000, 90000]))
def test_other_settings_are_tensorflows_too(frontend: FrontendSettings, seed: int, level: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.3, RATE_HZ)
    samples = to_int16((voice(1, seed=seed) + noise) * level)
    np.testing.assert_array_equal(FrontEnd(frontend).process(samples), tensorflow_features(samples, frontend))


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 4 * RATE_HZ), max_size=30), stride_ms=st.sampled_from([10, 20, 30]))
def test_any_chunking_gives_the_same(cuts: list[int], stride_ms: int) -> None:
    samples = np.random.default_rng(5).integers(-32768, 32768, 4 * RATE_HZ).astype(np.int16)
    frontend = FrontEnd(FrontendSettings(stride_ms=stride_ms))
    whole = frontend.process(samples)
    frontend.reset()
    pieces = [frontend.process(piece) for piece in np.split(samples, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_one_sample_at_a_time(some_voice: npt.NDArray[np.int16]) -> None:
    samples = some_voice[:RATE_HZ]
    frontend = FrontEnd(DEFAULT)
    frames = [frontend.process(samples[i : i + 1]) for i in range(len(samples))]
    assert [i for i, frame in enumerate(frames) if len(frame)] == [479 + 320 * k for k in range(49)]
    np.testing.assert_array_equal(np.concatenate(frames), FrontEnd(DEFAULT).process(samples))


def test_nothing_in_nothing_out() -> None:
    assert FrontEnd(DEFAULT).process(np.zeros(0, np.int16)).shape == (0, 40)


def test_reset_forgets_samples_and_noise(some_voice: npt.NDArray[np.int16]) -> None:
    frontend = FrontEnd(DEFAULT)
    first = frontend.process(some_voice)
    again = frontend.process(some_voice)
    frontend.reset()
    np.testing.assert_array_equal(frontend.process(some_voice), first)
    assert (again[: len(first)] != first).any()


@pytest.mark.parametrize("samples", [np.zeros(10, np.float32), np.zeros((2, 10), np.int16), np.zeros(10, np.int32)])
def test_other_than_int16_is_refused(samples: npt.NDArray[np.int16]) -> None:
    with pytest.raises(TypeError, match="int16"):
        FrontEnd(DEFAULT).process(samples)


def test_samples_need_not_be_contiguous(some_voice: npt.NDArray[np.int16]) -> None:
    np.testing.assert_array_equal(
        FrontEnd(DEFAULT).process(some_voice[::2]), FrontEnd(DEFAULT).process(some_voice[::2].copy())
    )


def test_quantize_is_the_rule_for_every_feature() -> None:
    features = np.arange(65536).astype(np.uint16)
    expected = [min(127, (v * 256 + 333) // 666 - 128) for v in range(65536)]
    assert quantize_features(features).tolist() == expected
    assert quantize_features(np.array([0, 665, 670], np.uint16)).tolist() == [-128, 127, 127]


def test_clips_are_each_from_a_fresh_state(some_voice: npt.NDArray[np.int16]) -> None:
    clips = some_voice[: 3 * RATE_HZ].reshape(3, RATE_HZ)
    features = features_of_clips(clips, DEFAULT)
    assert features.shape == (3, 49, 40)
    for clip, expected in zip(clips, features, strict=True):
        np.testing.assert_array_equal(features_of_clip(clip, DEFAULT), expected)


def test_the_c_loop_quantizes_as_numpy_does() -> None:
    """The same rule stands in C for the device; the random clips reach the top of the scale."""
    clips = np.random.default_rng(6).integers(-32768, 32768, (20, RATE_HZ)).astype(np.int16)
    features = features_of_clips(clips, DEFAULT)
    assert features.max() == 127
    for clip, expected in zip(clips, features, strict=True):
        np.testing.assert_array_equal(quantize_features(FrontEnd(DEFAULT).process(clip)), expected)


def test_longer_clips_give_the_frames_of_their_beginning(some_voice: npt.NDArray[np.int16]) -> None:
    long = features_of_clips(some_voice[None, : 2 * RATE_HZ], DEFAULT)
    np.testing.assert_array_equal(long, features_of_clips(some_voice[None, :RATE_HZ], DEFAULT))


def test_no_clips() -> None:
    assert features_of_clips(np.zeros((0, RATE_HZ), np.int16), DEFAULT).shape == (0, 49, 40)


def test_short_clips_are_refused() -> None:
    with pytest.raises(ValueError, match="15999"):
        features_of_clips(np.zeros((2, 15999), np.int16), DEFAULT)


def test_clips_leave_the_lock_to_other_threads() -> None:
    """A counting thread goes on while C works on some seconds' worth of clips."""
    clips = np.zeros((1500, RATE_HZ), np.int16)
    clips[:] = to_int16(voice(1) * 9000)
    counts, running = [0], threading.Event()

    def count() -> None:
        while not running.is_set():
            counts[0] += 1

    counter = threading.Thread(target=count)
    counter.start()
    before = counts[0]
    features_of_clips(clips, DEFAULT)
    counted = counts[0] - before
    running.set()
    counter.join()
    assert counted > 1000


def test_crc_is_zlibs(some_voice: npt.NDArray[np.int16]) -> None:
    features = features_of_clip(some_voice, DEFAULT)
    assert features_crc32(features) == zlib.crc32(features.tobytes())
    assert features_crc32(features[:, ::2]) == zlib.crc32(features[:, ::2].copy().tobytes())


def test_shipped_clips_through_the_shipped_model(shared: Path) -> None:
    """TFLM's own test expects these scores; they hang on the features of its own clips."""
    soundfile = pytest.importorskip("soundfile")
    runtime = pytest.importorskip("tflite_micro").runtime
    expected = {
        "yes": [-128, -128, 127, -128],
        "no": [-128, -114, -128, 114],
        "noise": [120, -125, -126, -125],
        "silence": [-42, -68, -68, -78],
    }
    interpreter = runtime.Interpreter.from_file(str(shared / "models/micro_speech_quantized.tflite"))
    for name, scores in expected.items():
        samples, _ = soundfile.read(shared / f"data/tflm_clips/{name}_1000ms.wav", dtype="int16")
        interpreter.set_input(features_of_clip(samples, DEFAULT).reshape(1, 1960), 0)
        interpreter.invoke()
        assert interpreter.get_output(0)[0].tolist() == scores, name
