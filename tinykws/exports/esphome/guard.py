# SPDX-License-Identifier: Apache-2.0
"""What ESPHome would not load, by its reason: of a model that was exported here, and of anybody's.

The conditions are those of esphome/components/micro_wake_word (streaming_model.cpp: load_model,
register_streaming_ops_) and of TFLite Micro as ESPHome builds it. The files are untrusted: nothing is
run unless all else is in order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from tinykws.aot.reader.flatbuffer import Table
from tinykws.aot.reader.schema import BUILTIN_OPERATORS, IDENTIFIER, TENSOR_TYPES, VERSION
from tinykws.exports.esphome.manifest import manifest_faults
from tinykws.model.input_scale import is_tolerable
from tinykws.model.interpreter_process import measured_arena
from tinykws.model.tflm_interpreter import is_installed
from tinykws.project.frontend_settings import FEATURE_ZERO_POINT
from tinykws.support.errors import ConfigError
from tinykws.support.json_text import parse_json
from tinykws.support.safe_text import visible_line

OPS = frozenset(
    (
        *("CALL_ONCE", "VAR_HANDLE", "RESHAPE", "READ_VARIABLE", "STRIDED_SLICE", "CONCATENATION", "ASSIGN_VARIABLE"),
        *("CONV_2D", "MUL", "ADD", "MEAN", "FULLY_CONNECTED", "LOGISTIC", "QUANTIZE", "DEPTHWISE_CONV_2D"),
        *("AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD", "PACK", "SPLIT_V"),
    )
)
"""What register_streaming_ops_ registers."""
MOST_VARIABLES = 20
N_CHANNELS = 40
MOST_STRIDE = 255
"""ESPHome counts the frames of an inference in a uint8_t."""
MAX_MANIFEST_BYTES = 1 << 16
MAX_MODEL_BYTES = 16 << 20
_MOST_SUBGRAPHS = 16
_SHOWN = 120


@dataclasses.dataclass(frozen=True)
class Checked:
    """A manifest and its model, and why ESPHome would not load them."""

    path: Path
    faults: tuple[str, ...]
    """Empty if it would."""
    warnings: tuple[str, ...]
    """What it would load, but not as its author means."""
    step_ms: int | None
    """feature_step_size, if the manifest has one."""


def check_manifests(paths: Sequence[Path]) -> list[Checked]:
    """Returns what is wrong with manifests and their models; all on one device must have one step.

    Raises:
        ConfigError: a manifest cannot be read.
    """
    checked = [check_manifest(path) for path in paths]
    steps = {one.step_ms for one in checked if one.step_ms is not None}
    if len(steps) < 2:
        return checked
    text = f"the models have different feature_step_size ({', '.join(map(str, sorted(steps)))}): one device needs one"
    return [dataclasses.replace(one, faults=(*one.faults, text)) for one in checked]


def check_manifest(path: Path) -> Checked:
    """Returns what is wrong with a manifest and the model that it names.

    Raises:
        ConfigError: the manifest cannot be read.
    """
    values = _read_manifest(path)
    faults = manifest_faults(values)
    micro = values.get("micro") if isinstance(values, dict) else None
    micro = micro if isinstance(micro, dict) else {}
    warnings: list[str] = []
    try:
        model = _model_path(path, values)
        tflite = _read_model(model)
        faults += model_faults(tflite)
        warnings += model_warnings(tflite)
        arena = micro.get("tensor_arena_size")
        if not faults and isinstance(arena, int) and is_installed() and measured_arena(model, arena // 16 * 16) is None:
            warnings.append(
                f"the model does not run in {arena:,} bytes on this computer, whose pointers are larger than a chip's:"
                " if it does not on the chip, ESPHome tries 1.5 and 2 times as much"
            )
    except ConfigError as error:
        faults.append(error.message)
    step = micro.get("feature_step_size")
    shown = [tuple(visible_line(text, 4 * _SHOWN) for text in texts) for texts in (faults, warnings)]
    return Checked(path, shown[0], shown[1], step if isinstance(step, int) else None)


def _read_manifest(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_MANIFEST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot read {path}: {getattr(error, 'strerror', None) or error}", hint="give the .json of a model"
        ) from error
    if len(text) > MAX_MANIFEST_BYTES:
        raise ConfigError(f"{path} has more than {MAX_MANIFEST_BYTES:,} bytes: it is not a manifest")
    try:
        return parse_json(text.decode())
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} is not a manifest: {visible_line(str(error), _SHOWN)}", hint="give the .json of a model"
        ) from error


def _model_path(path: Path, values: Any) -> Path:
    name = values.get("model") if isinstance(values, dict) else None
    if not isinstance(name, str):
        raise ConfigError("the manifest names no model file")
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name or "\0" in name:
        raise ConfigError(f"its model {name!r} is not a file beside the manifest")
    return path.parent / name


def _read_model(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            model = file.read(MAX_MODEL_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read its model {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(model) > MAX_MODEL_BYTES:
        raise ConfigError(f"its model has more than {MAX_MODEL_BYTES:,} bytes, more than the flash of any device")
    return model


def model_faults(tflite: bytes) -> list[str]:
    """Returns why ESPHome would not load a .tflite; empty if it would. Raises ConfigError if it is damaged."""
    if tflite[4:8] != IDENTIFIER:
        return ["the model is not a .tflite: bytes 5 to 8 are not TFL3"]
    model = Table.root(tflite)
    version = model.scalar(0, "uint32")
    if version != VERSION:
        return [f"the model is of schema version {version}, not {VERSION}"]
    subgraphs = model.tables(2)
    if not 1 <= len(subgraphs) <= _MOST_SUBGRAPHS:
        return [f"the model has {len(subgraphs)} subgraphs"]
    main = subgraphs[0]
    faults = _op_faults(model, subgraphs)
    faults += _end_faults(main, 1, "input", "INT8", (1, None, N_CHANNELS))
    faults += _end_faults(main, 2, "output", "UINT8", (1, 1))
    return faults + _variable_faults(model, subgraphs)


def model_warnings(tflite: bytes) -> list[str]:
    """Returns what ESPHome would load but read otherwise than meant: it assumes the scales of input and output."""
    main = Table.root(tflite).tables(2)[:1]
    warnings = []
    for subgraph in main:
        scale, zero_point = _quantization_of(_ends(subgraph, 1)[:1])
        if scale is not None and (not is_tolerable(scale) or zero_point != FEATURE_ZERO_POINT):
            warnings.append(
                f"the input has scale {scale:.6g} and zero point {zero_point}: ESPHome gives features at 0.1016 and"
                " -128, whatever the model says"
            )
        scale, zero_point = _quantization_of(_ends(subgraph, 2)[:1])
        if scale is not None and (abs(scale - 1 / 256) > 1e-4 or zero_point != 0):
            warnings.append(
                f"the output has scale {scale:.6g} and zero point {zero_point}: ESPHome reads it as 1/256 and 0"
            )
    return warnings


def _op_faults(model: Table, subgraphs: Sequence[Table]) -> list[str]:
    names = [_op_name(code) for code in model.tables(1)]
    used: dict[str, None] = {}
    for subgraph in subgraphs:
        for op in subgraph.tables(3):
            number = op.scalar(0, "uint32")
            used[names[number] if number < len(names) else f"operator {number} of {len(names)}"] = None
    foreign = [name for name in used if name not in OPS]
    hints = {
        "SOFTMAX": ": end the network with a sigmoid",
        "DEQUANTIZE": ": its variables are float; convert with _experimental_variable_quantization = True",
    }
    return [f"ESPHome has no op {name}{hints.get(name, '')}" for name in foreign]


def _op_name(code: Table) -> str:
    number = max(code.scalar(0, "int8"), code.scalar(3, "int32"))
    return BUILTIN_OPERATORS[number] if 0 <= number < len(BUILTIN_OPERATORS) else f"OPERATOR_{number}"


def _end_faults(main: Table, slot: int, name: str, kind: str, shape: tuple[int | None, ...]) -> list[str]:
    ends = _ends(main, slot)
    if len(ends) != 1:
        return [f"the model has {len(ends)} {name}s, not one"]
    found, faults = _shape_of(ends[0]), []
    wanted = ", ".join("stride" if size is None else str(size) for size in shape)
    matches = len(found) == len(shape) and all(
        1 <= have <= MOST_STRIDE if size is None else have == size for have, size in zip(found, shape, strict=True)
    )
    if not matches:
        faults.append(f"the {name} is {list(found)}, not [{wanted}]")
    if (type_ := _type_of(ends[0])) != kind:
        faults.append(f"the {name} is {type_.lower()}, not {kind.lower()}")
    return faults


def _variable_faults(model: Table, subgraphs: Sequence[Table]) -> list[str]:
    names = [_op_name(code) for code in model.tables(1)]
    variables, kinds = set(), set()
    for subgraph in subgraphs:
        tensors = subgraph.tables(0)
        for op in subgraph.tables(3):
            number = op.scalar(0, "uint32")
            name = names[number] if number < len(names) else ""
            if name == "VAR_HANDLE" and (options := op.table(4)) is not None:
                variables.add((options.text(0), options.text(1)))
            value = {"READ_VARIABLE": (2, 0), "ASSIGN_VARIABLE": (1, 1)}.get(name)
            if value is not None:
                operands = op.numbers(value[0], "int32")
                at = int(operands[value[1]]) if len(operands) > value[1] else -1
                kinds.add(_type_of(tensors[at]) if 0 <= at < len(tensors) else "missing")
    faults = []
    if len(variables) > MOST_VARIABLES:
        faults.append(f"the model has {len(variables)} variables; ESPHome has room for {MOST_VARIABLES}")
    if not variables:
        faults.append(
            "the model keeps no state: ESPHome gives it the new frames only, so it must keep the earlier ones"
        )
    others = sorted(kinds - {"INT8"})
    if others:
        faults.append(f"variables are {', '.join(others).lower()}, not int8")
    return faults


def _ends(main: Table, slot: int) -> list[Table]:
    tensors = main.tables(0)
    indexes = [int(index) for index in main.numbers(slot, "int32")]
    return [tensors[index] for index in indexes if 0 <= index < len(tensors)]


def _shape_of(tensor: Table) -> tuple[int, ...]:
    return tuple(int(size) for size in tensor.numbers(0, "int32")[:8])


def _type_of(tensor: Table) -> str:
    number = tensor.scalar(1, "int8")
    return TENSOR_TYPES[number] if 0 <= number < len(TENSOR_TYPES) else f"type {number}"


def _quantization_of(tensors: Sequence[Table]) -> tuple[float | None, int]:
    table = tensors[0].table(4) if tensors else None
    if table is None:
        return None, 0
    scales, points = table.numbers(2, "float32"), table.numbers(3, "int64")
    return (float(scales[0]), int(points[0]) if len(points) else 0) if len(scales) == 1 else (None, 0)
