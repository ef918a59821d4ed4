# SPDX-License-Identifier: Apache-2.0
"""A bundle from a stranger: whatever is in it, it is within the limits of the C, or refused with a readable reason."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_model import tiny_bundle

from tinykws.model import bundle_checks
from tinykws.model.bundle import Bundle, load_bundle
from tinykws.project import detector_settings, temporal_filter
from tinykws.project.detector_settings import temporal_filter_settings
from tinykws.project.labels import MAX_LABELS
from tinykws.support.errors import ConfigError
from tinykws.support.resources import FIRMWARE

Values = dict[str, Any]


@pytest.fixture(scope="module")
def filtered_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    detector = temporal_filter_settings(temporal_filter.DEFAULT_WEIGHTS, temporal_filter.DEFAULT_BIAS, 100)
    return tiny_bundle(tmp_path_factory.mktemp("filtered") / "bundle", detector=detector)


@pytest.fixture
def folder(filtered_bundle: Bundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filtered_bundle.path, tmp_path / "bundle"))


def refusal(folder: Path, edit: Callable[[Values], object]) -> str:
    """Edits bundle.json, and returns why the bundle is refused; empty if it is not."""
    path = folder / "bundle.json"
    original = path.read_text()
    values = json.loads(original)
    edit(values)
    path.write_text(json.dumps(values))
    try:
        load_bundle(folder)
    except ConfigError as error:
        assert error.message.startswith(f"bundle {folder}")
        assert error.message.isprintable()
        assert len(error.message) < 600
        return error.message
    finally:
        path.write_text(original)
    return ""


def leaves(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values, and of all objects and lists; of lists the first item."""
    if isinstance(values, dict):
        for key, value in values.items():
            yield from leaves(value, (*path, key))
    elif isinstance(values, list):
        for value in values[:1]:
            yield from leaves(value, (*path, 0))
    if path:
        yield path


def put(path: tuple[Any, ...], value: object) -> Callable[[Values], None]:
    def edit(values: Values) -> None:
        at: Any = values
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value

    return edit


BEYOND = (10**30, 10**400, float("inf"), float("nan"), 1e308, -(10**10))
ODD: tuple[object, ...] = (
    "\x1b]52;c;eA==\x07",
    "a\nb",
    "\u202eabc",
    "x" * 100_000,
    "\x00",
    "\ud800",
    [],
    {},
    None,
    True,
    [[]] * 9,
)


@pytest.mark.slow
def test_no_value_that_is_beyond_every_limit_is_accepted_anywhere(filtered_bundle: Bundle, folder: Path) -> None:
    values = json.loads((filtered_bundle.path / "bundle.json").read_text())
    accepted = {
        (*path, str(value)[:9])
        for path in leaves(values)
        for value in (*BEYOND, *ODD)
        if not refusal(folder, put(path, value))
    }
    assert {entry for entry in accepted if entry[0] not in ("metrics", "tools")} == {
        ("golden", "[]"), ("golden", 0, "seed", "None"), ("detector", "word_thresholds", "[]"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("frontend", "n_mels"), 160, "frontend: n_mels is 160"),
        (("frontend", "n_mels"), 0, "frontend: n_mels is 0"),
        (("frontend", "sample_rate_hz"), 8000, "sample_rate_hz is 8000, not 16000"),
        (("frontend", "upper_hz"), 10**400, "frontend: upper_hz is 1000"),
        (("frontend", "upper_hz"), 100.0, "frontend: upper_hz is 100.0"),
        (("frontend", "upper_hz"), 126.0, "upper_hz is 126.0, which leads to values beyond"),
        (("frontend", "lower_hz"), -1.0, "frontend: lower_hz is -1.0"),
        (("frontend", "smoothing_bits"), 32, "frontend: smoothing_bits is 32"),
        (("frontend", "even_smoothing"), 1.5, "frontend: even_smoothing is 1.5"),
        (("frontend", "stride_ms"), 0, "stride of 0 ms"),
        (("frontend", "clip_ms"), 4001, "clip_ms is 4001"),
        (("detector", "average_window_ms"), 6_553_500, "detector: average_window_ms is 6553500"),
        (("detector", "average_window_ms"), 99, "detector: average_window_ms is 99"),
        (("detector", "average_window_ms"), 2000, "21 scores, but the filter needs 25"),
        (("detector", "inference_stride_ms"), 0, "detector: inference_stride_ms is 0"),
        (("detector", "inference_stride_ms"), 110, "not a multiple of the front-end's 20 ms"),
        (("detector", "minimum_count"), 0, "detector: minimum_count is 0"),
        (("detector", "minimum_count"), 65_536, "detector: minimum_count is 65536"),
        (("detector", "suppression_ms"), -1, "detector: suppression_ms is -1"),
        (("detector", "suppression_ms"), 2**32, "detector: suppression_ms is 4294967296"),
        (("detector", "filter_weights", 47), -128, "detector: filter_weights is -128"),
        (("detector", "filter_bias"), 2**31, "detector: filter_bias is 2147483648"),
        (("detector", "threshold"), -1, "detector: threshold is -1"),
        (("input", "shape"), [1, 4, 40], "input: shape is [1, 4, 40], but the model's is [1, 160]"),
        (("input", "shape"), [1] * 9, "the number of dimensions is 9"),
        (("input", "shape"), [-1, -160], "input: shape is -1"),
        (("input", "scale"), 0.1, "input: scale is 0.1"),
        (("input", "scale"), -0.1, "input: scale is -0.1"),
        (("output", "scale"), 0.5, "output: scale is 0.5"),
        (("input", "zero_point"), 0, "input: zero_point is 0, but the model's is -128"),
        (("output", "zero_point"), 128, "output: zero_point is 128"),
        (("ops",), ["SOFTMAX"], "ops is ['SOFTMAX'], but the model's operators are"),
        (("ops", 0), '"); system("x', "is not an operator of TFLite"),
        (("ops",), [], "ops is []"),
        (("arena_bytes",), 0, "arena_bytes is 0"),
        (("arena_bytes",), 2**31, "arena_bytes is 2147483648"),
        (("model_sha256",), "00", "model_sha256 is '00'"),
        (("labels", 2, "name"), "Yes", "label 'Yes' is not a name"),
        (("labels", 2, "name"), "a,b", "label 'a,b' is not a name"),
        (("labels", 2, "name"), "x" * 25, "is not a name"),
        (("labels", 2, "name"), "unknown", "has a reserved name"),
        (("labels", 2, "name"), "nul", "has a reserved name"),
        (("labels", 2, "text"), "CON", "cannot be a folder's name on Windows"),
        (("labels", 2, "text"), "Unknown", "is a label tinykws makes itself"),
        (("labels", 2, "text"), "../../x", "looks like a path"),
        (("labels", 2, "text"), "", "a word is empty"),
        (("labels", 1, "name"), "unknown", "labels are"),
        (("labels", 1, "text"), "Silence", "two labels have the text 'silence'"),
        (("golden", 0, "seed"), 2**32, "seed is 4294967296"),
        (("golden", 0, "features_crc32"), -1, "features_crc32 is -1"),
        (("golden", 0, "scores"), [1], "it has 1 scores, but there are 3 labels"),
        (("golden", 0, "scores", 0), 128, "scores is 128"),
        (("golden", 0, "label"), "no", "has the label 'no', which the model does not"),
        (("golden", 0, "file"), "/etc/passwd", "is outside the bundle"),
        (("golden", 0, "file"), "golden/../../x.wav", "is outside the bundle"),
        (("golden", 0, "file"), "golden\\x.wav", "is outside the bundle"),
        (("golden", 0, "file"), "C:x.wav", "is outside the bundle"),
        (("golden", 0, "file"), "golden/nul.wav", "is not a usable file name"),
        (("golden", 0, "file"), "bundle.json", "is not a usable file name"),
        (("golden", 0, "file"), "golden/.wav", "is not a usable file name"),
        (("golden", 0, "file"), "golden/" + "x" * 300 + ".wav", "is not a usable file name"),
        (("tools", "x"), 3, "tools: x must be text"),
        (("metrics", "x"), [[["\x1b[31m"]]], "metrics: x: 0: 0: 0 has a control character"),
        (("path",), "/etc", "unknown key 'path'"),
        (("format_version",), True, "format version True"),
    ],
)  # fmt: skip
def test_a_value_is_refused_by_name(folder: Path, path: tuple[Any, ...], value: object, reason: str) -> None:
    original = (folder / "bundle.json").read_text()
    values = json.loads(original)
    put(path, value)(values)
    (folder / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(ConfigError, match=re.escape(reason)):
        load_bundle(folder)


def test_labels_are_different_in_every_spelling(folder: Path) -> None:
    def edit(values: Values) -> None:
        values["labels"] += [{"name": "strasse", "text": "Straße"}, {"name": "strasse2", "text": "STRASSE"}]

    assert "two labels have the text 'strasse'" in refusal(folder, edit)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested more than 32 levels deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "nested more than 32 levels deep"),
        ('{"format_version": 3, "format_version": 3}', "key 'format_version' is given twice"),
        ('{"arena_bytes": NaN}', "NaN is not a number in JSON"),
        ('{"arena_bytes": -Infinity}', "-Infinity is not a number in JSON"),
        ('{"arena_bytes": ' + "9" * 5000 + "}", "bundle.json cannot be read"),
        (" " * (1 << 20) + "{}", "bundle.json has more than 1,048,576 bytes"),
        ("\ufeff{}", "bundle.json cannot be read"),
        ("\x00", "bundle.json cannot be read"),
    ],
    ids=range(9),
)
def test_a_text_that_is_no_bundle_is_refused(folder: Path, text: str, reason: str) -> None:
    (folder / "bundle.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(reason)):
        load_bundle(folder)


def test_brackets_in_texts_are_not_depth(folder: Path) -> None:
    assert refusal(folder, put(("tools", "x"), '[{"\\' * 40)) == ""


@pytest.mark.parametrize("name", ["bundle.json", "model.tflite", "golden/self_test.wav"])
def test_a_link_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    shutil.copy(folder / name, folder.parent / "elsewhere")
    (folder / name).unlink()
    (folder / name).symlink_to(folder.parent / "elsewhere")
    with pytest.raises(ConfigError, match="is a link to a file outside the bundle"):
        load_bundle(folder)


def test_a_link_inside_the_folder_and_to_the_folder_is_fine(folder: Path) -> None:
    (folder / "model.tflite").rename(folder / "other.tflite")
    (folder / "model.tflite").symlink_to("other.tflite")
    (folder.parent / "link").symlink_to(folder)
    assert load_bundle(folder.parent / "link").model_bytes() == (folder / "other.tflite").read_bytes()


@pytest.mark.parametrize("name", ["bundle.json", "model.tflite", "golden/self_test.wav"])
def test_what_is_not_a_file_is_refused_and_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ConfigError, match=r"is not a regular file|is missing"):
        load_bundle(folder)


def test_a_golden_clip_is_a_wav_file_of_a_clips_size(folder: Path) -> None:
    clip = folder / "golden" / "self_test.wav"
    clip.write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(ConfigError, match=r"self_test\.wav is not a WAV file"):
        load_bundle(folder)
    clip.write_bytes(bytes(bundle_checks.MAX_CLIP_BYTES + 1))
    with pytest.raises(ConfigError, match=r"self_test\.wav has more than 1,048,576 bytes"):
        load_bundle(folder)


def test_limits_are_those_of_the_c() -> None:
    text = "".join(path.read_text() for path in (FIRMWARE / "lib").rglob("*.h"))
    limits = {name: int(value) for name, value in re.findall(r"#define (KWS_MAX_\w+) (\d+)$", text, re.MULTILINE)}
    for name, ours in {
        "KWS_MAX_MELS": bundle_checks.MAX_MELS,
        "KWS_MAX_LABELS": MAX_LABELS,
        "KWS_MAX_AVERAGE_WINDOW_MS": detector_settings.MOST_AVERAGE_WINDOW_MS,
        "KWS_MAX_MINIMUM_COUNT": detector_settings.MOST_MINIMUM_COUNT,
        "KWS_MAX_SUPPRESSION_MS": detector_settings.MOST_SUPPRESSION_MS,
        "KWS_MAX_FILTER_BIAS": temporal_filter.LARGEST_BIAS,
        "KWS_MAX_FILTER_SHIFT": temporal_filter.LARGEST_SHIFT,
    }.items():
        assert limits[name] == ours, name
