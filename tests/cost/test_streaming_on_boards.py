# SPDX-License-Identifier: Apache-2.0
"""The firmware's main loop with a model that keeps what windows share: streams and clips heard as the host hears them,
which computes every window whole, with TFLite Micro."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from tinykws.audio.files import write_wav
from tinykws.boards.rows import Board, find_board
from tinykws.model.bundle import Bundle
from tinykws.stages.build import build
from tinykws.stages.generate import generate
from tinykws.stages.quantize import import_model
from tinykws.stages.verify import find_clips, verify
from tinykws.stages.verify_stream import StreamFile, verify_stream

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def bundle(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """micro_speech asked every three frames: no multiple of its stride, and no divisor of its 49 frames."""
    model = shared / "models" / "micro_speech_quantized.tflite"
    imported = import_model(model, ["silence", "unknown", "yes", "no"], tmp_path_factory.mktemp("ms") / "bundle")
    return dataclasses.replace(imported, detector=dataclasses.replace(imported.detector, inference_stride_ms=60))


@pytest.fixture(scope="module", params=["host", "qemu-cortex-m4"])
def board(request: pytest.FixtureRequest) -> Board:
    found = find_board(request.param)
    for program in (*found.compilers, *found.emulator_programs):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    return found


@pytest.fixture(scope="module")
def program(bundle: Bundle, board: Board, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(board.id) / "project"
    generate(bundle, board, "aot", folder)
    assert "#define KWS_MODEL_INFERENCE_STRIDE 3\n" in (folder / "src" / "model_aot.h").read_text()
    return build(folder, board).program


def noise(seconds: float, seed: int) -> np.ndarray:
    """Loud and quiet in turns, so that scores move."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE_HZ)
    loudness = np.repeat(random.choice([50, 800, 6000], count // 3200 + 1), 3200)[:count]
    return (random.standard_normal(count) * loudness).clip(-32768, 32767).astype(np.int16)


def test_clips_with_a_reset_before_each(bundle: Bundle, board: Board, program: Path, tmp_path: Path) -> None:
    for number, seconds in enumerate((1.0, 2.7, 0.4, 1.99, 3.2)):
        write_wav(tmp_path / f"clip{number}.wav", noise(seconds, number))
    clips = find_clips([tmp_path], ())
    report = verify(bundle, board, program, clips)
    assert report.passed, report.reason
    assert report.equal_clips == len(clips)
    assert sum(clip.figures.inferences for clip in report.clips if clip.figures) > 80


def test_a_stream(bundle: Bundle, board: Board, program: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "stream.wav", noise(30, seed=9))
    report = verify_stream(bundle, board, program, StreamFile(tmp_path / "stream.wav"), log_path=tmp_path / "log")
    assert report.passed, report.reason
    assert report.verdict.inferences > 480
