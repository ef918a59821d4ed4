# SPDX-License-Identifier: Apache-2.0
"""Reads a model's file as people have it: a .tflite, or a C array of one; anything else is told for what it is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tinykws.aot.reader.schema import IDENTIFIER
from tinykws.aot.reader.tflite import MAX_BYTES
from tinykws.support.errors import ConfigError

_MAX_TEXT_BYTES = 32 << 20
"""A C array takes about six characters per byte, so this is a model of 5 MB."""
_HEAD_BYTES = 4096
_BODY = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"(\w+)\s*\[[^\[\]]*\][^\[\]={};]*=[\s\w]*\Z")
_DECLARATION_CHARACTERS = 300
"""How far before an array's opening brace its name is looked for."""
_CONVERT = (
    "converter = tf.lite.TFLiteConverter.from_{source}, with full integer quantization:"
    " optimizations, representative_dataset, supported_ops = [TFLITE_BUILTINS_INT8],"
    " inference_input_type = inference_output_type = tf.int8"
)
_KERAS = _CONVERT.format(source="keras_model(tf.keras.models.load_model(FILE))")
_SAVED_MODEL = _CONVERT.format(source="saved_model(FOLDER)")
_ARCHIVE = ("it is an archive or compressed", "unpack it, and give the .tflite in it")
_SIGNATURES = (
    (b"version https://git-lfs", "it is a Git LFS pointer, which stands for the file", "fetch the file: git lfs pull"),
    (b"\x89HDF\r\n\x1a\n", "it is a Keras model in HDF5 format (.h5)", f"convert it: {_KERAS}"),
    *((start, *_ARCHIVE) for start in (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")),
)
"""First bytes of a file, what it is, and how to get a model from it."""


def read_model_file(path: Path) -> bytes:
    """Returns the .tflite in a file.

    Raises:
        ConfigError: the file cannot be read or contains something else; says what, and what to do.
    """
    if path.is_dir():
        raise _folder_error(path)
    try:
        if not path.is_file():
            raise ConfigError(f"{path} is not a file" if path.exists() else f"{path} does not exist")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ConfigError(f"{path} has {size:,} bytes, more than any microcontroller's model")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if content[4:8] == IDENTIFIER:
        return content
    text = _text_of(content)
    arrays = [] if text is None or len(content) > _MAX_TEXT_BYTES else _c_arrays(text)
    if arrays:
        return _model_in(arrays, path)
    what, hint = _kind_of(content, text)
    raise ConfigError(f"{path} is not a .tflite model: {what}", hint=hint)


def _folder_error(path: Path) -> ConfigError:
    if (path / "saved_model.pb").exists() or (path / "keras_metadata.pb").exists():
        return ConfigError(f"{path} is a SavedModel folder, not a .tflite model", hint=f"convert it: {_SAVED_MODEL}")
    if (path / "bundle.json").exists():
        return ConfigError(
            f"{path} is a bundle, not a .tflite model",
            hint=f"it is ready to use: tinykws build --bundle {shlex.quote(str(path))}",
        )
    return ConfigError(f"{path} is a folder, not a .tflite model")


def _text_of(content: bytes) -> str | None:
    """Returns the content as text, None if it is binary."""
    for encoding, mark in (("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"), ("utf-8-sig", b"")):
        if content.startswith(mark) and (b"\0" not in content or mark):
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                return content.decode("latin-1") if b"\0" not in content[:_HEAD_BYTES] and not mark else None
    return None


def _c_arrays(text: str) -> list[tuple[str, str]]:
    """Returns name and content of the arrays of bytes in a C source; `xxd -i` and TFLM's examples write such."""
    code, arrays = _without_comments(text), []
    for body in _BODY.finditer(code):
        name = _NAME.search(code, max(0, body.start() - _DECLARATION_CHARACTERS), body.start())
        if name and re.match(r"\s*(0[xX]|\d|'|-)", body[1]):
            arrays.append((name[1], body[1]))
    return arrays


def _without_comments(text: str) -> str:
    """Returns C source without comments, in time proportional to its length."""
    parts, at = [], 0
    while (start := re.compile(r"/[*/]").search(text, at)) is not None:
        end = "*/" if start[0] == "/*" else "\n"
        parts += [text[at : start.start()], " " if end == "*/" else ""]
        found = text.find(end, start.end())
        if found < 0:
            return "".join(parts)
        at = found + (len(end) if end == "*/" else 0)
    return "".join([*parts, text[at:]])


def _model_in(arrays: list[tuple[str, str]], path: Path) -> bytes:
    models = {name: model for name, body in arrays if (model := _bytes_of(body, name, path))[4:8] == IDENTIFIER}
    if len(models) == 1:
        return next(iter(models.values()))
    names = ", ".join(name for name, _ in arrays[:5])
    if models:
        raise ConfigError(f"{path} has {len(models)} models: {', '.join(models)}", hint="make a file of each")
    raise ConfigError(
        f"{path} is a C source, but none of its arrays ({names}) is a .tflite model: bytes 5 to 8 are not TFL3",
        hint="give the file with the whole array, or the .tflite that it was made from",
    )


def _bytes_of(body: str, name: str, path: Path) -> bytes:
    items = [item.strip().rstrip("uUlL") if not item.strip().startswith("'") else item.strip()
             for item in body.split(",")]  # fmt: skip
    if items and not items[-1]:
        items.pop()
    try:
        return bytes(int(item, 0) & 0xFF if -128 <= int(item, 0) <= 255 else 256 for item in map(_decimal, items))
    except ValueError as error:
        raise ConfigError(
            f"{path}: the C array {name} has values that are not bytes", hint="give the .tflite that it was made from"
        ) from error


def _decimal(item: str) -> str:
    """Returns a C integer as Python reads it: 007 is octal in C."""
    return f"0o{item[1:]}" if re.fullmatch(r"0[0-7]+", item) else item


def _kind_of(content: bytes, text: str | None) -> tuple[str, str]:
    """Returns what a file is, and how to get a model from it."""
    head = content[:_HEAD_BYTES]
    if not any(content):
        what = f"all its {len(content):,} bytes are 0" if content else "it is empty"
        return what, "download or convert it again"
    for start, what, hint in _SIGNATURES:
        if head.startswith(start):
            return what, hint
    if head.startswith(b"PK\x03\x04"):
        return _archive_kind(content)
    if text is not None:
        return _text_kind(text.lstrip().lower()[:_HEAD_BYTES], text)
    return _binary_kind(content)


def _binary_kind(content: bytes) -> tuple[str, str]:
    head = content[:_HEAD_BYTES]
    if head[:1] == b"\x08" and any(name in head for name in (b"onnx", b"pytorch", b"keras2onnx")):
        return "it is an ONNX model", "convert the network with TensorFlow Lite's converter; onnx2tf converts ONNX"
    if b"saved_model" in head or b"serving_default" in content:
        return "it is a file of a SavedModel", f"convert the whole folder: {_SAVED_MODEL}"
    if head[257:262] == b"ustar":
        return _ARCHIVE
    return "bytes 5 to 8 are not TFL3", "give a file that TensorFlow Lite's converter wrote"


def _archive_kind(content: bytes) -> tuple[str, str]:
    names = content[-(1 << 16) :] + content[:_HEAD_BYTES]
    if b"model.weights.h5" in names and b"config.json" in names:
        return "it is a Keras model (.keras)", f"convert it: {_KERAS}"
    if b"data.pkl" in names:
        return "it is a PyTorch model", "convert the network to .tflite with ai-edge-torch, in int8"
    if b".tflite" in names:
        return "it is a zip archive that contains one", "unpack it, and give the .tflite in it"
    return "it is a zip archive", "unpack it, and give the .tflite in it"


def _text_kind(start: str, text: str) -> tuple[str, str]:
    if start.startswith(("<!doctype", "<html", "<?xml", "<head")) or "<html" in start:
        return "it is a web page", "on a code host's page, use the link for the raw file"
    if re.search(r"\bchar\b|\buint8_t\b|#include|\bextern\b", text):
        return "it is C source without the array's bytes", "give the file with the bytes (often model.cc or model.cpp)"
    if start.startswith("{"):
        return "it is JSON", "give a file that TensorFlow Lite's converter wrote"
    return "it is text", "give a file that TensorFlow Lite's converter wrote"
