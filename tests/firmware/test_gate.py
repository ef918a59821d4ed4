# SPDX-License-Identifier: Apache-2.0
"""The gate on the device: the model sleeps while it is quiet, and wakes as if it had never slept."""

from __future__ import annotations

import base64
import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
from firmware_application import DETECTOR, FRONTEND, build, expected_lines, talk, without_times

from tinykws.device.protocol import AUDIO_TYPE, ClipFigures, Heard, Line, Scores

GATED = dataclasses.replace(DETECTOR, gate_db=4)
SLEPT = (127, -128, -128, -128)


def day() -> np.ndarray:
    """A quiet room for several lengths of time, so that the model wakes at every place between two inferences."""
    rng = np.random.default_rng(8)
    pieces = []
    for number in range(12):
        quiet, loud = 16000 + 331 * number, 1600 + 320 * number
        pieces += [rng.standard_normal(quiet) * 40, rng.standard_normal(loud) * 9000]
    return np.concatenate(pieces).clip(-32768, 32767).astype(np.int16)


SAMPLES = day()
HEARD = np.concatenate([SAMPLES, np.zeros(16000, np.int16)])
"""What the pipeline gets: a clip is followed by a second of silence."""


def hear(program: Path, samples: np.ndarray) -> list[Line]:
    pcm = samples.astype("<i2").tobytes()
    audio = [base64.b64encode(pcm[at : at + 768]) for at in range(0, len(pcm), 768)]
    said = b"\n".join([b"!TEST", f"!DATA {AUDIO_TYPE} {len(pcm)}".encode(), *audio, b""])
    lines = [line for line in talk(program, said) if isinstance(line, (Scores, Heard, ClipFigures))]
    return [dataclasses.replace(line, audio_crc=None) if isinstance(line, ClipFigures) else line for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-DKEEPS_ROWS"]], ids=["whole windows", "streaming"])
def test_device_and_host_sleep_and_wake_alike(tmp_path: Path, options: list[str]) -> None:
    """The host's model looks at whole model inputs. An engine that keeps rows has stale ones after a sleep, unless the
    frames are put through its model input again."""
    program = build(tmp_path, f"-DKWS_GATE_RATIO={GATED.gate_ratio}", *options)
    expected = expected_lines(HEARD, GATED)
    assert without_times(hear(program, SAMPLES)) == without_times(expected)
    scores = [line.scores for line in expected if isinstance(line, Scores)]
    asleep = [one == SLEPT for one in scores]
    assert 0.2 < np.mean(asleep) < 0.8
    wakings = sum(before and not now for before, now in itertools.pairwise(asleep))
    assert wakings == 12
    (figures,) = (line for line in expected if isinstance(line, ClipFigures))
    assert figures.inferences == len(scores) - sum(asleep)


@pytest.mark.slow
def test_without_a_gate_nothing_sleeps(tmp_path: Path) -> None:
    lines = hear(build(tmp_path, "-DKEEPS_ROWS"), SAMPLES)
    assert without_times(lines) == without_times(expected_lines(HEARD))
    assert SLEPT not in [line.scores for line in lines if isinstance(line, Scores)]
    assert FRONTEND.n_frames % (DETECTOR.inference_stride_ms // FRONTEND.stride_ms), "and the first call is early"
