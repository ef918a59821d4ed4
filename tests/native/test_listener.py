# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from frontend_signals import RATE_HZ, to_int16, voice
from hypothesis import given, settings
from hypothesis import strategies as st

from tinykws.native.detector import Detection, Detector
from tinykws.native.features import FrontEnd, features_crc32, features_of_clip, quantize_features
from tinykws.native.listener import Inference, Listener
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.frontend_settings import FrontendSettings

FRONTEND = FrontendSettings()
DETECTOR = DetectorSettings(threshold=40, suppression_ms=300)
N_LABELS = 4


@pytest.fixture(scope="module")
def samples() -> npt.NDArray[np.int16]:
    return to_int16(voice(6, seed=3) * 9000)


def model(features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Stands in for a network: scores that hang on every feature and last over neighbouring windows."""
    parts = features.reshape(4, -1).astype(np.int32).mean(axis=1)
    return np.where(parts == parts.max(), 100, -100).astype(np.int8)


def expected_events(
    samples: npt.NDArray[np.int16], frontend: FrontendSettings, detector: DetectorSettings
) -> list[Inference | Detection]:
    """The pipeline put together from its parts in Python."""
    features = quantize_features(FrontEnd(frontend).process(samples))
    rule = Detector(detector, N_LABELS)
    events: list[Inference | Detection] = []
    for end in range(frontend.n_frames, len(features) + 1, detector.inference_stride_ms // frontend.stride_ms):
        scores = model(features[end - frontend.n_frames : end].reshape(-1))
        time_ms = frontend.window_ms + (end - 1) * frontend.stride_ms
        events.append(Inference(time_ms, tuple(scores.tolist())))
        detection = rule.step(scores, time_ms)
        if detection is not None:
            events.append(detection)
    return events


@pytest.mark.parametrize("inference_stride_ms", [20, 100, 500])
@pytest.mark.parametrize("frontend", [FRONTEND, FrontendSettings(stride_ms=10, clip_ms=500)])
def test_it_is_the_sum_of_its_parts(
    samples: npt.NDArray[np.int16], frontend: FrontendSettings, inference_stride_ms: int
) -> None:
    detector = dataclasses.replace(DETECTOR, inference_stride_ms=inference_stride_ms)
    expected = expected_events(samples, frontend, detector)
    assert Listener(frontend, detector, N_LABELS, model).feed(samples) == expected
    assert any(isinstance(event, Detection) for event in expected) or inference_stride_ms == 500


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 6 * RATE_HZ), max_size=20))
def test_any_chunking_gives_the_same(cuts: list[int]) -> None:
    samples = to_int16(voice(6, seed=3) * 9000)
    listener = Listener(FRONTEND, DETECTOR, N_LABELS, model)
    whole, crc = listener.feed(samples), listener.features_crc32
    listener.reset()
    assert [event for piece in np.split(samples, sorted(cuts)) for event in listener.feed(piece)] == whole
    assert listener.features_crc32 == crc


def test_the_first_inference_comes_when_the_window_is_first_full(samples: npt.NDArray[np.int16]) -> None:
    listener = Listener(FRONTEND, DETECTOR, N_LABELS, model)
    full = FRONTEND.window_samples + (FRONTEND.n_frames - 1) * FRONTEND.stride_samples
    assert listener.feed(samples[: full - 1]) == []
    assert listener.frames == 48
    (event,) = listener.feed(samples[full - 1 : full])
    assert isinstance(event, Inference)
    assert event.time_ms == 990
    assert listener.frames == 49


def test_the_model_is_given_a_clips_features(samples: npt.NDArray[np.int16]) -> None:
    seen = []

    def infer(features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        seen.append(features)
        return model(features)

    Listener(FRONTEND, DETECTOR, N_LABELS, infer).feed(samples[:RATE_HZ])
    np.testing.assert_array_equal(seen[0].reshape(49, 40), features_of_clip(samples[:RATE_HZ], FRONTEND))


def test_crc_is_of_every_feature_frame(samples: npt.NDArray[np.int16]) -> None:
    listener = Listener(FRONTEND, DETECTOR, N_LABELS, model)
    assert (listener.frames, listener.features_crc32) == (0, 0)
    listener.feed(samples)
    features = features_of_clip(samples, FRONTEND)
    assert listener.frames == len(features)
    assert listener.features_crc32 == features_crc32(features)


def test_reset_starts_anew(samples: npt.NDArray[np.int16]) -> None:
    listener = Listener(FRONTEND, DETECTOR, N_LABELS, model)
    listener.feed(samples[: 2 * RATE_HZ + 77])
    listener.reset()
    assert (listener.frames, listener.features_crc32) == (0, 0)
    assert listener.feed(samples) == expected_events(samples, FRONTEND, DETECTOR)


class ModelError(Exception):
    pass


def test_an_error_of_the_model_comes_out_of_feed(samples: npt.NDArray[np.int16]) -> None:
    calls = []

    def broken(features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        calls.append(features)
        raise ModelError("no such tensor")

    listener = Listener(FRONTEND, DETECTOR, N_LABELS, broken)
    with pytest.raises(ModelError, match="no such tensor"):
        listener.feed(samples)
    assert len(calls) == 1


@pytest.mark.parametrize("scores", [np.zeros(3, np.int8), np.zeros(4, np.float32), np.zeros((1, 4), np.int8)])
def test_scores_of_another_kind_are_refused(samples: npt.NDArray[np.int16], scores: npt.NDArray[np.int8]) -> None:
    listener = Listener(FRONTEND, DETECTOR, N_LABELS, lambda features: scores)
    with pytest.raises(TypeError, match="the model gave"):
        listener.feed(samples)


def test_the_models_features_are_its_own(samples: npt.NDArray[np.int16]) -> None:
    """What the model does to its input does not change the window."""

    def spoiling(features: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        scores = model(features)
        features[:] = 0
        return scores

    spoilt = Listener(FRONTEND, DETECTOR, N_LABELS, spoiling).feed(samples)
    assert spoilt == expected_events(samples, FRONTEND, DETECTOR)


def test_other_than_int16_is_refused() -> None:
    with pytest.raises(TypeError, match="int16"):
        Listener(FRONTEND, DETECTOR, N_LABELS, model).feed(np.zeros(100, np.float32))


@pytest.mark.parametrize("callback", ["_run", "_keep_inference", "_keep_detection"])
def test_ctrl_c_in_a_callback_from_c_is_not_lost(
    callback: str, samples: npt.NDArray[np.int16], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    listener = Listener(FRONTEND, DETECTOR, N_LABELS, model)
    monkeypatch.setattr(Listener, callback, interrupted)
    with pytest.raises(KeyboardInterrupt):
        listener.feed(samples)
    monkeypatch.undo()
    listener.reset()
    assert listener.feed(samples) == expected_events(samples, FRONTEND, DETECTOR)
