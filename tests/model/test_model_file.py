# SPDX-License-Identifier: Apache-2.0
"""What people give in the place of a .tflite: read if it is a C array of one, else told for what it is."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from tiny_model import tiny_tflite

from tinykws.model.model_file import read_model_file
from tinykws.support.errors import ConfigError

MODEL = tiny_tflite()


def zip_of(*names: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return memory.getvalue()


def hexadecimal(data: bytes, separator: str = ", ") -> str:
    return separator.join(f"0x{byte:02x}" for byte in data)


ARRAYS = {
    "arduino": "const unsigned char g_model[] = {{{}}};\nconst int g_model_len = {};",
    "xxd": "unsigned char model_tflite[] = {{\n  {}\n}};\nunsigned int model_tflite_len = {};\n",
    "tflm": (
        '#include "model.h"\n// Keep it aligned. g_model[] = {{1}}\n#ifdef __has_attribute\n'
        "#endif\nalignas(16) const unsigned char g_model[] DATA_ALIGN_ATTRIBUTE = {{\n    {},\n}};\nconst int n = {};\n"
    ),
    "with a size": "static const uint8_t PROGMEM model[{1}] __attribute__((aligned(16))) = {{ /* data */ {0} }};",
    "decimal": "int8_t m[] = {{{decimal}}};",
    "two arrays": "const int sizes[] = {{1, 2, 3}};\nconst unsigned char g_model[] = {{{}}};",
}


@pytest.mark.parametrize("form", ARRAYS)
def test_a_c_array_is_read(tmp_path: Path, form: str) -> None:
    text = ARRAYS[form].format(hexadecimal(MODEL), len(MODEL), decimal=",".join(map(str, MODEL)))
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "model.h").write_text(text, encoding=encoding)
        assert read_model_file(tmp_path / "model.h") == MODEL


def test_a_tflite_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "any name").write_bytes(MODEL)
    assert read_model_file(tmp_path / "any name") == MODEL


OTHERS: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "it is empty", "download or convert it again"),
    "zeros": (bytes(5000), "all its 5,000 bytes are 0", "download"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "Git LFS pointer", "git lfs pull"),
    "h5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "Keras model in HDF5 format", "from_keras_model"),
    "keras": (zip_of("metadata.json", "config.json", "model.weights.h5"), "Keras model (.keras)", "from_keras_model"),
    "zip": (zip_of("model.tflite"), "zip archive that contains one", "unpack it"),
    "zip of something": (zip_of("a.txt"), "it is a zip archive", "unpack it"),
    "pytorch": (zip_of("net/data.pkl", "net/version"), "PyTorch", "ai-edge-torch"),
    "gzip": (b"\x1f\x8b\x08" + bytes(range(99)), "archive or compressed", "unpack it"),
    "onnx": (b"\x08\x07\x12\x07pytorch\x1a\x051.9.0" + bytes(40) + b"\xff", "ONNX", "onnx2tf"),
    "saved_model.pb": (b"\x08\x01\x12\x10\xff" + bytes(40) + b"serving_default", "a SavedModel", "from_saved_model"),
    "html": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "web page", "raw file"),
    "header": (b"extern const unsigned char g_model[];\nextern const int g_model_len;\n", "C source", "model.cc"),
    "json": (b'{"error": "not found"}', "it is JSON", ""),
    "text": (b"Not Found", "it is text", ""),
    "random": (bytes(range(255, 0, -1)) * 9, "not TFL3", ""),
    "other array": (b"const unsigned char image[] = {0x01, 0x02, 0x03};", "none of its arrays (image)", "whole array"),
    "not bytes": (b"const int t[] = {0x1c, 70000};", "values that are not bytes", ""),
    "not numbers": (b"const unsigned char g_model[] = {0x1c, ...};", "values that are not bytes", ""),
    "not UTF-8": (b"caf\xe9 is text", "it is text", ""),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_files_are_told_for_what_they_are(tmp_path: Path, kind: str) -> None:
    content, what, hint = OTHERS[kind]
    (tmp_path / "model.tflite").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_model_file(tmp_path / "model.tflite")
    assert what in caught.value.message
    assert str(tmp_path / "model.tflite") in caught.value.message
    assert hint in (caught.value.hint or "")


def test_folders_are_told_for_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        read_model_file(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(ConfigError, match="SavedModel folder"):
        read_model_file(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "bundle.json").write_text("{}")
    with pytest.raises(ConfigError, match="is a bundle") as caught:
        read_model_file(tmp_path / "b")
    assert "--bundle" in (caught.value.hint or "")


def test_what_is_not_a_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("fifo", "missing", "nul\0byte"):
        with pytest.raises(ConfigError):
            read_model_file(tmp_path / name)


@pytest.mark.parametrize("part", ["a[] ", "/* ", "{", "a[]=", "0x1, ", "x "])
def test_hostile_text_takes_no_longer_than_its_length_explains(tmp_path: Path, part: str) -> None:
    (tmp_path / "m.h").write_text("const char a[] = {" + part * 300_000)
    with pytest.raises(ConfigError):
        read_model_file(tmp_path / "m.h")
