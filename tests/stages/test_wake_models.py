# SPDX-License-Identifier: Apache-2.0
"""microWakeWord models from a manifest to detections, curves, and an emulated device."""

from __future__ import annotations

import ctypes
import dataclasses
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from streaming_models import streaming_model, write_manifest
from tiny_model import speech_like_sound, write_walk
from tone_bursts_dataset import write_dataset

from tinykws.audio.files import read_audio, write_wav
from tinykws.audio.playback import faint_noise
from tinykws.boards.rows import find_board
from tinykws.cli.evaluation_view import describe_stream
from tinykws.cli.main import run
from tinykws.model.bundle import JSON_NAME, Bundle, load_bundle
from tinykws.model.interpreter import Interpreter
from tinykws.model.stream_inference import StreamInference
from tinykws.model.tflm_interpreter import HIDING_VARIABLE
from tinykws.model.wake_manifest import read_manifest
from tinykws.native.detector import Detection
from tinykws.native.features import FrontEnd, quantize_features
from tinykws.native.listener import Inference, Listener
from tinykws.project.layout import Project
from tinykws.stages.build import build
from tinykws.stages.detect import detect
from tinykws.stages.evaluate import evaluate
from tinykws.stages.evaluate_stream import evaluate_stream
from tinykws.stages.generate import generate, project_files
from tinykws.stages.mine import mine
from tinykws.stages.quantize import import_model, import_wake_model
from tinykws.stages.verify import find_clips, verify
from tinykws.support.errors import ConfigError

LIVELY = 6
"""Seed of a random model that is quiet most of the time, and sure now and then."""


@pytest.fixture(autouse=True, scope="module")
def _without_measuring() -> Iterator[None]:
    """The arena's size is the manifest's: measuring it takes seconds a model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HIDING_VARIABLE, "1")
        yield


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_manifest(tmp_path_factory.mktemp("wake"), streaming_model(LIVELY), probability_cutoff=0.5)


@pytest.fixture(scope="module")
def bundle(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return import_wake_model(manifest, tmp_path_factory.mktemp("bundle") / "bundle")


def listener_of(bundle: Bundle) -> Listener:
    model = Interpreter(bundle.model_bytes()).session()
    return Listener(bundle.frontend, bundle.detector, 3, model.invoke, model.reset)


def test_the_bundle_has_what_the_manifest_says(bundle: Bundle, manifest: Path) -> None:
    assert [label.text for label in bundle.labels] == ["silence", "unknown", "Okay Test"]
    assert (bundle.input.shape, bundle.output.shape, bundle.origin) == ((1, 3, 40), (1, 1), "imported")
    assert bundle.golden_samples == 16 * (30 + 10 * (3 * bundle.self_test_inferences - 1))
    assert bundle.self_test_inferences == 34
    other = write_manifest(manifest.parent / "other", streaming_model(LIVELY), probability_cutoff=0.6)
    identities = [bundle.identity, import_wake_model(other, manifest.parent / "b2").identity]
    assert identities[0].split("-")[1] != identities[1].split("-")[1]
    assert identities[0].split("-")[2:] == identities[1].split("-")[2:]


def test_frame_by_frame_and_many_at_once_are_the_same(bundle: Bundle) -> None:
    """The listener, which asks the model each 30 ms, and the inference of whole streams, in pieces of any size."""
    sound = speech_like_sound(6)
    events = listener_of(bundle).feed(sound)
    inferences = [event for event in events if isinstance(event, Inference)]
    stream = StreamInference(Interpreter(bundle.model_bytes()), bundle.frontend, bundle.detector, 3)
    pieces = list(stream.run(np.array_split(sound, 17)))
    assert [one.time_ms for one in inferences] == np.concatenate([piece.times_ms for piece in pieces]).tolist()
    scores = np.concatenate([piece.scores for piece in pieces])
    assert [one.scores for one in inferences] == [tuple(row) for row in scores.tolist()]
    assert len(np.unique(scores[:, 2])) > 5
    assert any(isinstance(event, Detection) for event in events)


def test_a_reset_forgets_what_was_heard(bundle: Bundle) -> None:
    listener = listener_of(bundle)
    first = listener.feed(speech_like_sound(3))
    again = listener.feed(speech_like_sound(3))
    listener.reset()
    assert listener.feed(speech_like_sound(3)) == first
    assert [event.scores for event in again if isinstance(event, Inference)][:20] != [
        event.scores for event in first if isinstance(event, Inference)
    ][:20]


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("detector", "kind", "recognize_commands", "outputs, but the bundle has 3 labels"),
        ("detector", "inference_stride_ms", 60, "takes 3 new frames of 10 ms each time"),
        ("detector", "minimum_count", 4, "not that of 4 scores"),
        ("detector", "gate_db", 4, "neither a gate nor a grammar"),
        ("frontend", "stride_ms", 20, "does not match the features"),
        ("", "labels", [{"name": at, "text": at} for at in ("_silence_", "_unknown_", "a", "b")], "2 words, not one"),
    ],
)  # fmt: skip
def test_a_strangers_bundle_with_a_wrong_value_is_refused(
    bundle: Bundle, tmp_path: Path, section: str, key: str, value: object, message: str
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(bundle.path, folder)
    values = json.loads((folder / JSON_NAME).read_text())
    (values[section] if section else values)[key] = value
    (folder / JSON_NAME).write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=message):
        load_bundle(folder)


def test_a_model_without_state_is_no_wake_model(tmp_path: Path, tiny_model_bundle: Bundle) -> None:
    path = write_manifest(tmp_path, tiny_model_bundle.model_bytes())
    with pytest.raises(ConfigError, match="keeps no state"):
        import_wake_model(path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_streaming_model_needs_its_manifest(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        import_model(manifest.parent / "model.tflite", ["silence", "unknown", "okay"], tmp_path / "bundle")


def test_detect_takes_a_manifest(
    manifest: Path, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    walk = write_walk(tmp_path / "walk.wav", 8)
    assert run(["detect", "--json", "--model", str(manifest), str(walk)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["time_ms"], one["score"]) for one in found] == [
        (heard.time_ms, heard.score) for heard in detect(bundle, walk)
    ]
    assert found, "the random model hears something in noise"
    assert run(["detect", "--model", str(manifest), "--bundle", str(bundle.path), str(walk)]) == 2
    assert "exclude each other" in capsys.readouterr().err


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with clips of the wake word, and a recording without it."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "kws.yaml").write_text("words: ['okay test']\n")
    project = Project.load(root)
    write_dataset(project.dataset_dir, project.config, {"training": 2, "validation": 2, "testing": 2}, (0, 1000, 300))
    return project


def test_a_curve_and_a_cutoff_for_a_model_of_somebody_else(project: Project, bundle: Bundle, tmp_path: Path) -> None:
    """Recall against false accepts by ESPHome's rule; its cutoff is that of the curve's point."""
    negatives = write_walk(tmp_path / "talk.wav", 20)
    report = evaluate_stream(project, bundle=bundle, negatives=[negatives])
    assert report.measure.detector == bundle.detector
    assert report.measure.curve
    text = describe_stream(report)
    assert "sliding_mean" in text
    assert "probability_cutoff for ESPHome" in text or "no cutoff has so few" in text
    heard = list(detect(bundle, negatives))
    assert report.measure.deployed.rate.false_accepts == len(heard)


def test_what_needs_clips_of_the_models_length_says_so(project: Project, bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(bundle.path, project.bundle_dir)
    with pytest.raises(ConfigError, match="measured on streams, not on clips"):
        evaluate(project)
    with pytest.raises(ConfigError, match="gives no clips to train on"):
        mine(bundle, [write_walk(tmp_path / "talk.wav", 2)], tmp_path / "mined")


def test_tflm_is_refused_and_aot_generates_it(bundle: Bundle, tmp_path: Path) -> None:
    board = find_board("host")
    files = project_files(bundle, board, "aot")
    assert b"#define KWS_DETECTOR_RULE kws_sliding_mean" in files["include/kws_settings.h"]
    assert b"#define KWS_SELF_TEST_INFERENCES 34 " in files["include/kws_settings.h"]
    assert b"void kws_model_reset(void)" in files["src/model_aot.c"]
    with pytest.raises(ConfigError, match="does not run models that keep state"):
        generate(bundle, find_board("nano33ble"), "tflm", tmp_path / "firmware")


@pytest.mark.slow
def test_an_emulated_device_hears_what_the_host_hears(bundle: Bundle, tmp_path: Path, qemu_cortex_m4: None) -> None:
    """Features, scores and detections of several clips, each after a reset; the self-test at boot too."""
    board = find_board("qemu-cortex-m4")
    clips = tmp_path / "clips"
    clips.mkdir()
    for seconds in (1, 3):
        write_walk(clips / f"{seconds}.wav", seconds)
    write_wav(clips / "short.wav", faint_noise(900))
    firmware = generate(bundle, board, "aot", tmp_path / "firmware").path
    program = build(firmware, board).program
    report = verify(bundle, board, program, find_clips([clips], bundle.labels))
    assert report.passed, report.reason
    assert report.self_test == "ok"


needs_models = pytest.mark.skipif(
    importlib.util.find_spec("pymicro_wakeword") is None, reason="needs the package pymicro-wakeword"
)
NEAR = 1
"""Of 256; pymicro-wakeword's kernels round otherwise than TFLite Micro's, and what they keep carries that on."""


@needs_models
@pytest.mark.skipif(shutil.which("flite") is None, reason="needs flite")
@pytest.mark.parametrize("name", ["okay_nabu", "hey_jarvis"])
def test_probabilities_are_those_of_pymicro_wakeword(name: str, tmp_path: Path) -> None:
    """The same bytes through its TensorFlow Lite: nearly all within one unit, and the word is heard by both."""
    from pymicro_wakeword import MicroWakeWord, Model

    other = MicroWakeWord.from_builtin(Model(name))
    folder = Path(str(importlib.util.find_spec("pymicro_wakeword").origin)).parent / "models"  # type: ignore[union-attr]
    bundle = import_wake_model(folder / f"{name}.json", tmp_path / "bundle")
    wav = tmp_path / "word.wav"
    subprocess.run(["flite", "-voice", "rms", "-t", name.replace("_", " "), "-o", str(wav)], check=True)
    sound = np.concatenate([faint_noise(24000), read_audio(wav).samples, np.zeros(16000, np.int16)])
    frames = quantize_features(FrontEnd(bundle.frontend).process(sound))
    count = len(frames) // 3
    ours = Interpreter(bundle.model_bytes()).session().scores_along(frames, 3, 3)[:, 2].astype(int) + 128
    theirs = np.array([probability_of(other, frames[3 * at : 3 * at + 3]) for at in range(count)])
    assert np.mean(np.abs(ours - theirs) <= NEAR) > 0.9
    assert min(ours.max(), theirs.max()) > 200
    assert [heard.label.name for heard in detect(bundle, wav)] == [name]
    assert read_manifest(folder / f"{name}.json").tensor_arena_bytes > 20_000


def probability_of(other: object, features: np.ndarray) -> int:
    """Runs pymicro-wakeword's interpreter on bytes; returns its uint8 output."""
    lib, source, output = other.lib, other.input_tensor, other.output_tensor  # type: ignore[attr-defined]
    data, result = np.ascontiguousarray(features), np.empty(1, np.uint8)
    lib.TfLiteTensorCopyFromBuffer(source, data.ctypes.data_as(ctypes.c_void_p), data.nbytes)
    lib.TfLiteInterpreterInvoke(other.interpreter)  # type: ignore[attr-defined]
    lib.TfLiteTensorCopyToBuffer(output, result.ctypes.data_as(ctypes.c_void_p), 1)
    return int(result[0])


@pytest.mark.slow
def test_the_manifest_can_be_imported_by_the_command(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["quantize", "--project", str(tmp_path), "--from", str(manifest)]
    assert run(arguments) == 0
    assert "Okay Test" in capsys.readouterr().out
    assert dataclasses.asdict(load_bundle(tmp_path / "build" / "bundle").detector)["kind"] == "sliding_mean"
    assert run([*arguments, "--labels", "silence,unknown,okay"]) == 2
