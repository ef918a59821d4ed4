# SPDX-License-Identifier: Apache-2.0
"""A gate from kws.yaml to an emulated device: tune, evaluate --stream, C, verify."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tiny_model import tiny_bundle

from tinykws.audio.files import write_wav
from tinykws.audio.playback import playback_for
from tinykws.audio.samples import Samples
from tinykws.boards.rows import find_board
from tinykws.cli.evaluation_view import describe_stream
from tinykws.evaluation.stream_measure import ScoredStreamSet, Sleep, measure
from tinykws.evaluation.stream_scores import ScoredStream, score_streams
from tinykws.evaluation.timeline import Event
from tinykws.model.bundle import Bundle, load_bundle, write_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.native.listener import Inference, Listener
from tinykws.project.detector_settings import DetectorSettings
from tinykws.project.labels import labels_of_words
from tinykws.project.layout import Project
from tinykws.stages.build import build
from tinykws.stages.evaluate_stream import EvaluateStreamReport
from tinykws.stages.generate import generate, project_files
from tinykws.stages.quantize import import_model
from tinykws.stages.tune import stage_files, tune
from tinykws.stages.verify import find_clips, verify

SETTINGS = "include/kws_settings.h"


def gated(bundle: Bundle, gate_db: int) -> Bundle:
    return dataclasses.replace(bundle, detector=dataclasses.replace(bundle.detector, gate_db=gate_db))


def test_tune_writes_the_gate_and_runs_again_when_it_changes(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    folder = tmp_path / "project"
    folder.mkdir()
    written, settings = [], []
    for gate in ("", ", gate_db: 4", ", gate_db: 6", ", gate_db: 0"):
        (folder / "kws.yaml").write_text(f"words: ['yes']\ndetector: {{threshold: 60{gate}}}\n")
        here = Project.load(folder)
        write_bundle(dataclasses.replace(bundle, path=here.quantized_dir, golden=()), bundle.model_bytes(), {})
        tune(here)
        written.append(load_bundle(here.bundle_dir).detector.gate_db)
        settings.append(stage_files(here).settings["detector"])
    assert written == [0, 4, 6, 0]
    assert settings[0] != settings[1] != settings[2]
    assert settings[3] == settings[0], "0 is no gate"
    assert "gate_db" not in settings[0], "a project without a gate stays up to date"


def test_c_gets_the_ratio_and_nothing_without_a_gate(tiny_model_bundle: Bundle) -> None:
    host = find_board("host")
    assert b"KWS_GATE_RATIO" not in project_files(tiny_model_bundle, host, "aot")[SETTINGS]
    files = project_files(gated(tiny_model_bundle, 6), host, "aot")
    assert b"#define KWS_GATE_RATIO 511 " in files[SETTINGS]


def test_the_measure_compares_with_a_model_that_never_sleeps() -> None:
    """A word that the gate slept through, and one that it did not; a false accept that it spared."""
    times = np.arange(100, 60_000, 100, dtype=np.uint32)
    awake = np.full((len(times), 3), -128, np.int8)
    awake[:, 0] = 127
    asleep = awake.copy()
    for at in (10_000, 20_000):
        awake[at // 100 : at // 100 + 6, [0, 2]] = (-128, 127)
    slept = np.ones(len(times), np.bool_)
    slept[190:260] = False
    events = (Event(9_900, 10_400, "one"), Event(19_900, 20_400, "one"))
    scores = np.where(slept[:, np.newaxis], asleep, awake)
    words, talk = (
        ScoredStream(name, 60_000, said, times, scores, slept=slept, scores_awake=awake)
        for name, said in (("quiet", events), ("talk", ()))
    )
    detector = DetectorSettings(300, 150, 500, 1, gate_db=4)
    figures = measure(ScoredStreamSet((words,), (talk,), ()), detector, labels_of_words(["one"]))
    assert figures.gate is not None
    assert figures.gate.streams == tuple(Sleep(name, 599, 529, 529 / 599) for name in ("quiet", "talk"))
    assert (figures.deployed.recall.found, figures.gate.recall_without.found) == (1, 2)
    assert (figures.deployed.rate.false_accepts, figures.gate.rate_without.false_accepts) == (1, 2)
    text = describe_stream(EvaluateStreamReport("m", "testing", True, figures, ()))
    assert "with the gate of 4 dB, as in all figures above, the model slept:" in text
    assert "without it: 2 of 2 words detected instead of 1, 120.0 false accepts per hour instead of 60.0" in text
    plain = dataclasses.replace(detector, gate_db=0)
    without = measure(ScoredStreamSet((words.without_gate,), (talk.without_gate,), ()), plain, labels_of_words(["one"]))
    assert without.gate is None
    assert without.deployed.recall == figures.gate.recall_without


@dataclasses.dataclass
class Room:
    """A stream of half a minute: bursts in a quiet room."""

    name: str = "room"
    events: tuple[Event, ...] = ()
    duration_ms: int = 30_000
    pieces: int = 30

    def __iter__(self) -> Iterator[Samples]:
        rng = np.random.default_rng(2)
        for second in range(self.pieces):
            samples = rng.standard_normal(16000) * (5000 if second % 6 == 0 else 40)
            yield samples.astype(np.int16)


def test_streams_are_scored_as_a_listener_with_the_gate_and_one_without_hear_them(tiny_model_bundle: Bundle) -> None:
    bundle = gated(tiny_model_bundle, 4)
    (scored,), (plain,) = score_streams(bundle, [Room()]), score_streams(tiny_model_bundle, [Room()])
    infer = Interpreter(bundle.model_bytes()).invoke
    listener = Listener(bundle.frontend, bundle.detector, len(bundle.labels), infer)
    pieces = playback_for(bundle.frontend, bundle.detector).pieces(Room())
    heard = [event for piece in pieces for event in listener.feed(piece) if isinstance(event, Inference)]
    assert scored.slept is not None
    assert [tuple(row) for row in scored.scores.tolist()] == [one.scores for one in heard]
    assert scored.slept.tolist() == [one.slept for one in heard]
    assert scored.times_ms.tolist() == [one.time_ms for one in heard]
    assert 0.3 < scored.slept.mean() < 0.9
    assert plain.slept is None
    np.testing.assert_array_equal(scored.without_gate.scores, plain.scores)


@pytest.mark.slow
def test_a_board_in_streaming_mode_sleeps_and_wakes_as_the_host(
    shared: Path, tmp_path: Path, qemu_cortex_m4: None
) -> None:
    """The engine keeps rows between inferences, and its clock does not stop while it sleeps."""
    model = shared / "models" / "micro_speech_quantized.tflite"
    base = import_model(model, ["silence", "unknown", "yes", "no"], tmp_path / "bundle")
    bundle = gated(base, 4)
    board = find_board("qemu-cortex-m4")
    generate(bundle, board, None, tmp_path / "project")
    assert "KWS_MODEL_INFERENCE_STRIDE 5" in (tmp_path / "project" / "src" / "model_aot.h").read_text()
    rng = np.random.default_rng(5)
    loud = np.repeat(rng.choice([40, 40, 40, 40, 40, 6000], 48), 4000)
    write_wav(tmp_path / "room.wav", (rng.standard_normal(loud.size) * loud).clip(-32768, 32767).astype(np.int16))
    report = verify(bundle, board, build(tmp_path / "project", board).program, find_clips([tmp_path / "room.wav"], ()))
    assert report.passed, report.reason
    assert report.self_test == "ok"
