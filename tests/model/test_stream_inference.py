# SPDX-License-Identifier: Apache-2.0
"""Scores along a stream are those of the listener on a chip, whatever the pieces and the inference stride."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import EAGER, FRONTEND, tiny_tflite

from tinykws.model import stream_inference
from tinykws.model.interpreter import Interpreter
from tinykws.model.stream_inference import StreamInference
from tinykws.native.detector import Detection, Detector
from tinykws.native.listener import Inference, Listener


def noise(count: int, seed: int) -> npt.NDArray[np.int16]:
    generator = np.random.default_rng(seed)
    loudness = np.repeat(generator.choice([50, 3000, 12000], count // 800 + 1), 800)[:count]
    samples: npt.NDArray[np.int16] = (generator.standard_normal(count) * loudness).clip(-32768, 32767).astype(np.int16)
    return samples


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 40_000),
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.integers(1, 9),
    st.integers(1, 200),
    st.sampled_from([0, 0, 1, 6]),
)
def test_it_is_the_listener(count: int, seed: int, stride: int, pieces: int, at_once: int, gate_db: int) -> None:
    detector = dataclasses.replace(EAGER, inference_stride_ms=stride * FRONTEND.stride_ms, gate_db=gate_db)
    interpreter, samples = Interpreter(tiny_tflite()), noise(count, seed)
    events = Listener(FRONTEND, detector, 3, interpreter.invoke).feed(samples)
    expected = [event for event in events if isinstance(event, Inference)]
    ends = np.sort(np.random.default_rng(seed).integers(0, count + 1, pieces))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_inference, "FRAMES_AT_ONCE", at_once)
        inference = StreamInference(interpreter, FRONTEND, detector, 3)
        parts = list(inference.run(np.split(samples, ends)))
    times, scores = np.concatenate([p.times_ms for p in parts]), np.concatenate([p.scores for p in parts])
    assert times.tolist() == [event.time_ms for event in expected]
    assert scores.tolist() == [list(event.scores) for event in expected]
    assert np.concatenate([p.slept for p in parts]).tolist() == [event.slept for event in expected]
    heard = Detector(detector, 3).run(scores, times)
    assert heard == [event for event in events if isinstance(event, Detection)]


def test_what_was_heard_before_an_error_counts() -> None:
    samples = noise(16_000, 1)

    def pieces() -> Iterator[npt.NDArray[np.int16]]:
        yield samples
        raise OSError("damaged")

    inference = StreamInference(
        Interpreter(tiny_tflite()), FRONTEND, dataclasses.replace(EAGER, inference_stride_ms=20), 3
    )
    heard = []
    with pytest.raises(OSError, match="damaged"):
        for some in inference.run(pieces()):
            heard += some.times_ms.tolist()
    assert heard[:2] == [90, 110]
    assert len(heard) > 40
