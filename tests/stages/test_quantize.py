# SPDX-License-Identifier: Apache-2.0
"""quantize: the bundle of a trained model, and of models from elsewhere; what does not fit is refused by reason."""

from __future__ import annotations

import dataclasses
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from tone_bursts_dataset import make_project

from tinykws.aot.reader.tflite import read_model
from tinykws.model import validation
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.model.converter import convert
from tinykws.model.interpreter import Interpreter
from tinykws.native.features import features_crc32, features_of_clip
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.layout import Project
from tinykws.stages.quantize import import_model, losses_in_words, quantize, stage_files
from tinykws.support.errors import ConfigError
from tinykws.training.architectures.registry import build_architecture
from tinykws.training.keras_network import Network
from tinykws.training_data.dataset import Dataset

FACTS = {
    "yes": (-128, -128, 127, -128),
    "no": (-128, -114, -128, 114),
    "_silence_": (-42, -68, -68, -78),
    "": (120, -125, -126, -125),
}
"""What TFLM's micro_speech says to TFLM's test clips; the one without a label is noise."""


def samples_of(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_the_bundle_says_what_the_model_needs(learned_project: Project, trained_bundle: Bundle) -> None:
    assert trained_bundle.origin == "trained"
    assert trained_bundle.labels == learned_project.config.labels
    assert trained_bundle.frontend == learned_project.config.frontend
    assert trained_bundle.detector == learned_project.config.detector.as_given(learned_project.config.words)
    assert trained_bundle.input.scale == 26 / 256
    assert set(trained_bundle.ops) <= set(validation.DEPLOYABLE_OPS)
    assert trained_bundle.ops[-2:] == ("FULLY_CONNECTED", "SOFTMAX")
    assert trained_bundle.arena_bytes == Interpreter(trained_bundle.model_bytes()).arena_bytes
    assert trained_bundle.arena_bytes > 24 * 40
    assert set(trained_bundle.tools) == {"tinykws", "tensorflow", "keras", "tflite-micro"}


def test_metrics_are_of_clips_not_learned_from(learned_project: Project, trained_bundle: Bundle) -> None:
    dataset = Dataset.load(learned_project.dataset_dir)
    interpreter = Interpreter(trained_bundle.model_bytes())
    for split in ("validation", "testing"):
        predicted = [interpreter.invoke(clip).argmax() for clip in dataset.features(split)]
        right = float(np.mean(np.array(predicted) == dataset.label_ids(split)))
        assert trained_bundle.metrics[split]["int8"]["accuracy"] == pytest.approx(right)
        assert trained_bundle.metrics[split]["float"]["accuracy"] > 0.9
    assert "training" not in trained_bundle.metrics


def test_golden_clips_hold_what_they_promise(trained_bundle: Bundle) -> None:
    assert [clip.label for clip in trained_bundle.golden] == [*(label.name for label in trained_bundle.labels), ""]
    assert trained_bundle.self_test == trained_bundle.golden[-1]
    interpreter = Interpreter(trained_bundle.model_bytes())
    for clip in trained_bundle.golden:
        features = features_of_clip(samples_of(trained_bundle.path / clip.file), trained_bundle.frontend)
        assert features.shape == trained_bundle.frontend.features_shape
        assert features_crc32(features) == clip.features_crc32
        assert tuple(interpreter.invoke(features).tolist()) == clip.scores


def test_the_same_model_gives_the_same_bundle(learned_project: Project, trained_bundle: Bundle, tmp_path: Path) -> None:
    shutil.copytree(learned_project.root, tmp_path / "copy")
    again = quantize(Project.load(tmp_path / "copy"))
    for path in trained_bundle.path.rglob("*"):
        if path.is_file():
            assert (again.path / path.relative_to(trained_bundle.path)).read_bytes() == path.read_bytes(), path.name


def test_limits_hold_for_the_finished_file(learned_project: Project, trained_bundle: Bundle) -> None:
    size = len(trained_bundle.model_bytes())
    limits = dataclasses.replace(learned_project.config.model, max_bytes=size - 3)
    narrow = dataclasses.replace(learned_project, config=dataclasses.replace(learned_project.config, model=limits))
    with pytest.raises(ConfigError, match=f"{size:,} bytes of .tflite, 3 more than model: max_bytes allows"):
        quantize(narrow)
    assert load_bundle(learned_project.bundle_dir) == trained_bundle
    assert stage_files(narrow).inputs_digest() != stage_files(learned_project).inputs_digest()


@pytest.mark.parametrize(
    ("clips", "float_right", "int8_right", "said"),
    [
        (1000, 950, 945, []),
        (1000, 950, 944, ["int8 lost 0.6 percentage points of accuracy on the validation clips"]),
        (1000, 944, 950, []),
        (100, 95, 93, []),
        (100, 95, 92, ["int8 lost 3.0 percentage points of accuracy on the validation clips"]),
    ],
)
def test_what_int8_lost_is_said(clips: int, float_right: int, int8_right: int, said: list[str]) -> None:
    accuracies = {"float": float_right / clips, "int8": int8_right / clips}
    metrics = {"validation": {"clips": clips, **{kind: {"accuracy": share} for kind, share in accuracies.items()}}}
    assert [words.split(";")[0] for words in losses_in_words(metrics)] == said


def test_without_a_trained_model(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    with pytest.raises(ConfigError, match="no trained model"):
        quantize(project)
    assert not project.bundle_dir.exists()


def tflite_of(
    n_labels: int, *, dense_per_channel: bool = False, monkeypatch: pytest.MonkeyPatch | None = None
) -> bytes:
    features = np.random.default_rng(0).integers(-128, 128, (4, 49, 40), np.int8)
    if dense_per_channel and monkeypatch is not None:
        monkeypatch.setattr("tinykws.model.converter._request_int8", ask_for_int8_as_tensorflow_would)
    build = build_architecture("micro_speech", n_frames=49, n_mels=40, n_labels=n_labels, dropout=0.0)
    return convert(Network(build), features)


def ask_for_int8_as_tensorflow_would(converter: object, tensorflow: object) -> None:
    converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]  # type: ignore[attr-defined]
    converter.inference_input_type = converter.inference_output_type = tensorflow.int8  # type: ignore[attr-defined]


def test_a_dense_layer_with_many_scales_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    validation.check_dense_per_tensor(read_model(tflite_of(3)))
    graph = read_model(tflite_of(3, dense_per_channel=True, monkeypatch=monkeypatch))
    with pytest.raises(ConfigError, match=r"FULLY_CONNECTED.* 3 scales"):
        validation.check_dense_per_tensor(graph)


def test_an_op_that_not_every_engine_runs_is_named() -> None:
    graph = read_model(tflite_of(3))
    tanh = dataclasses.replace(graph.ops[-1], name="TANH")
    with pytest.raises(ConfigError, match=rf"op {tanh.index} \(TANH\)"):
        validation.check_ops(dataclasses.replace(graph, ops=(*graph.ops[:-1], tanh)))


@pytest.mark.parametrize(
    ("side", "zero_point", "scale"), [("input", -128, 0.2), ("input", 0, 26 / 256), ("output", 0, 1 / 256)]
)
def test_another_scale_than_the_front_ends_is_refused(side: str, zero_point: int, scale: float) -> None:
    graph = read_model(tflite_of(3))
    at = graph.inputs[0] if side == "input" else graph.outputs[0]
    tensors = list(graph.tensors)
    tensors[at] = dataclasses.replace(tensors[at], scales=(scale,), zero_points=(zero_point,))
    changed = dataclasses.replace(graph, tensors=tuple(tensors))
    with pytest.raises(ConfigError, match=f"the model's {side} has scale"):
        validation.check_input(changed, FrontendSettings())
        validation.check_output(changed, 3)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("foreign") / "model.tflite"
    path.write_bytes(tflite_of(4))
    return path


LABELS = ("silence", "unknown", "yes", "hey robot")


def test_a_foreign_model_becomes_a_bundle(foreign: Path, tmp_path: Path) -> None:
    bundle = import_model(foreign, LABELS, tmp_path / "bundle")
    assert [label.name for label in bundle.labels] == ["_silence_", "_unknown_", "yes", "hey_robot"]
    assert bundle.origin == "imported"
    assert bundle.model_bytes() == foreign.read_bytes()
    assert bundle.golden == (bundle.self_test,), "a foreign model tests itself too"
    assert bundle.metrics == {}


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (("silence", "unknown", "yes"), "the model has 4 outputs, but there are 3 labels"),
        (("yes", "no", "silence", "unknown"), "first two labels are yes, no"),
        (("silence", "unknown"), "no word"),
        (("silence", "unknown", "yes", "yes"), "word 'yes' is given twice"),
        (("silence",), "first two labels are silence"),
    ],
)
def test_labels_that_do_not_fit(foreign: Path, tmp_path: Path, labels: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        import_model(foreign, labels, tmp_path / "bundle")
    assert reason in caught.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", ["random", "empty", "truncated", "missing", "folder"])
def test_a_file_that_is_no_model(foreign: Path, tmp_path: Path, case: str) -> None:
    path = tmp_path / "model.tflite"
    if case == "folder":
        path.mkdir()
    elif case != "missing":
        whole = foreign.read_bytes()
        path.write_bytes({"random": bytes(range(256)) * 20, "empty": b"", "truncated": whole[: len(whole) // 2]}[case])
    with pytest.raises(ConfigError) as caught:
        import_model(path, LABELS, tmp_path / "bundle")
    assert str(path) in caught.value.message
    assert not (tmp_path / "bundle").exists()


def test_a_bundle_that_cannot_be_written_is_not_the_models_fault(foreign: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(ConfigError, match=r"^cannot write in .*taken"):
        import_model(foreign, LABELS, tmp_path / "taken" / "bundle")


def test_a_float_model_is_refused(tmp_path: Path) -> None:
    import tensorflow

    from tinykws.training.tensorflow_import import quiet

    with quiet():
        network = build_architecture("micro_speech", n_frames=49, n_mels=40, n_labels=4, dropout=0.0)
        tflite = tensorflow.lite.TFLiteConverter.from_keras_model(network).convert()
    (tmp_path / "float.tflite").write_bytes(tflite)
    with pytest.raises(ConfigError, match=r"(?i)float") as caught:
        import_model(tmp_path / "float.tflite", LABELS, tmp_path / "bundle")
    assert caught.value.hint


def test_micro_speech_says_what_tflm_says(shared: Path, tmp_path: Path) -> None:
    clips = sorted((shared / "data" / "tflm_clips").glob("*.wav"))
    model = shared / "models" / "micro_speech_quantized.tflite"
    bundle = import_model(model, ["silence", "unknown", "yes", "no"], tmp_path / "bundle", clips)
    assert {clip.label: clip.scores for clip in bundle.golden if clip != bundle.self_test} == FACTS
    assert bundle.arena_bytes in (7584, 7648), "measured, or computed where TFLite Micro is not installed"
    assert bundle.ops == ("RESHAPE", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX")


def test_mlperfs_model_is_refused_for_its_input(shared: Path, tmp_path: Path) -> None:
    names = ["silence", "unknown", *(f"word {number}" for number in range(10))]
    with pytest.raises(ConfigError, match=r"\[1, 49, 10, 1\], 490 values") as caught:
        import_model(shared / "models" / "kws_ref_model.tflite", names, tmp_path / "bundle")
    assert "49 frames x 40 channels" in (caught.value.hint or "")
