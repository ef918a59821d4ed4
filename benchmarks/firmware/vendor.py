# SPDX-License-Identifier: Apache-2.0
"""Models by Arm's CMSIS-NN, from a folder of it: the same program around them, to be counted side by side.

The folder is a working tree of https://github.com/ARM-software/CMSIS-NN or a bare clone of it; nothing of it is kept.
Parameters are those that TFLite Micro prepares before the first inference, so that only inferences are counted.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from programs import Machine

from tinykws.aot.compiler import AotModel
from tinykws.aot.lowering.call import Call, activation, fused_activation, options, result
from tinykws.aot.lowering.fixed_point import activation_range
from tinykws.aot.lowering.kernel_window import window_axes
from tinykws.aot.lowering.ops import lower
from tinykws.aot.lowering.rows import Axis
from tinykws.aot.lowering.weights import read_weights, weighted_requantize
from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.aot.reader.tflite import read_model
from tinykws.support.c_text import c_array

LIBRARIES = ("ConvolutionFunctions", "FullyConnectedFunctions", "NNSupportFunctions", "PoolingFunctions",
             "SoftmaxFunctions")  # fmt: skip
SOURCE = """\
#include "model_aot.h"

#include "vendor.h"

{parameters}
static int8_t input[{largest}], first[{largest}], second[{largest}];

int8_t *kws_model_input(void)
{{
    return input;
}}

const int8_t *kws_model_output(void)
{{
    return {output};
}}

void kws_model_invoke(void)
{{
{calls}
}}
"""
HEADER = """\
#include <stdint.h>
#define KWS_MODEL_INPUT_BYTES {input_bytes}
#define KWS_MODEL_OUTPUT_BYTES {output_bytes}
#define KWS_MODEL_INFERENCE_STRIDE 0
int8_t *kws_model_input(void);
void kws_model_invoke(void);
const int8_t *kws_model_output(void);
"""


@dataclasses.dataclass(frozen=True)
class Vendor:
    """CMSIS-NN, ready to compile."""

    version: str
    """Revision of its header, and the commit if known."""
    includes: tuple[Path, ...]
    sources: tuple[Path, ...]


def vendor_in(folder: Path, scratch: Path) -> Vendor:
    """Returns CMSIS-NN from a working tree, or from a bare clone, of which a copy is made in `scratch`."""
    tree = folder
    if not (folder / "Include").is_dir():
        tree = scratch / "cmsis_nn"
        tree.mkdir()
        archive = subprocess.run(
            ["git", "--git-dir", str(folder), "archive", "HEAD", "Include", "Source"], capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
    sources = [path for name in LIBRARIES for path in sorted((tree / "Source" / name).glob("*.c"))]
    integers = tuple(path for path in sources if not re.search(r"_(f16|f32|flt)\b|_f16|_f32", path.stem))
    return Vendor(_version(tree, folder), (tree / "Include",), integers)


def _version(tree: Path, folder: Path) -> str:
    header = (tree / "Include" / "arm_nn_types.h").read_text()
    found = re.search(r"\$Revision:\s*V?\.?([\d.]+)", header)
    git_dir = folder / ".git" if (folder / ".git").exists() else folder
    described = subprocess.run(
        ["git", "--git-dir", str(git_dir), "describe", "--tags", "--always"],
        capture_output=True,
        text=True,
        check=False,
    )
    revision = f"{found[1]} of arm_nn_types.h" if found else "of unknown version"
    return f"{described.stdout.strip()} ({revision})" if described.returncode == 0 else revision


def vendor_model(tflite: bytes) -> AotModel:
    """Returns a model as C that calls CMSIS-NN. Raises KeyError for an op that is not written here."""
    graph = read_model(tflite)
    parameters, calls = [], []
    source, targets = "input", ["first", "second"]
    for op, item in zip(graph.ops, lower(graph), strict=True):
        if not isinstance(item, Call):
            continue
        kind, fields = _OPS[op.name](graph, op, item)
        texts: list[str] = []
        body = _text_of(fields, f"op{op.index}", texts)
        parameters.append("".join(texts) + f"static const vendor_{kind} op{op.index} = {body};\n")
        calls.append(f"    kws_nn_vendor_{kind}(&op{op.index}, {source}, {targets[0]});")
        source, targets = targets[0], targets[::-1]
    largest = max(tensor.size for tensor in graph.tensors if tensor.data is None)
    text = SOURCE.format(parameters="\n".join(parameters), largest=largest, output=source, calls="\n".join(calls))
    header = HEADER.format(input_bytes=graph.input.size, output_bytes=graph.output.size)
    return AotModel(text, header, 3 * largest, ())


def _text_of(value: Any, name: str, arrays: list[str]) -> str:
    """Returns a C initializer; arrays become constants of their own."""
    if isinstance(value, Mapping):
        members = [f".{key} = {_text_of(item, f'{name}_{key}', arrays)}" for key, item in value.items()]
        return "{" + ", ".join(members) + "}"
    if isinstance(value, np.ndarray):
        c_type = {"int8": "int8_t", "int32": "int32_t"}[value.dtype.name]
        constant = "" if name.endswith(("_multiplier", "_shift")) else "const "  # CMSIS-NN has no const for these
        arrays.append(c_array(f"static {constant}{c_type} {name}[{value.size}]", value.ravel().tolist()))
        return name
    return str(value)


def _dims(shape: tuple[int, ...]) -> dict[str, int]:
    return dict(zip("nhwc", shape, strict=True))


def _tile(columns: int, rows: int) -> dict[str, int]:
    return {"w": columns, "h": rows}


def _convolution(graph: Graph, op: Op, channel_dimension: int) -> dict[str, Any]:
    """Returns what both kinds of convolution have."""
    source, output = activation(graph, op, 0), result(graph, op)
    weights = read_weights(graph, op, channel_dimension=channel_dimension, n_dimensions=4)
    rows, columns = window_axes(op, source, *weights.values.shape[1:3])
    requantize: Any = weighted_requantize(op, source, weights.tensor, output)
    channels = output.shape[3]
    return {
        "params": _window_params(source, output, rows, columns, requantize),
        "quantization": {
            "multiplier": np.broadcast_to(requantize["multipliers"], channels).astype(np.int32),
            "shift": np.broadcast_to(requantize["shifts"], channels).astype(np.int32),
        },
        "input": _dims(source.shape),
        "filter": _dims(weights.values.shape),
        "channels": _dims((1, 1, 1, channels)),
        "output": _dims(output.shape),
        "weights": weights.values,
        "bias": np.zeros(channels, np.int32) if weights.bias is None else weights.bias.astype(np.int32),
    }


def _window_params(source: Tensor, output: Tensor, rows: Axis, columns: Axis, requantize: Mapping[str, Any]) -> Any:
    return {
        "input_offset": -source.zero_point,
        "output_offset": output.zero_point,
        "stride": _tile(columns.stride, rows.stride),
        "padding": _tile(columns.pad, rows.pad),
        "dilation": _tile(columns.dilation, rows.dilation),
        "activation": {"min": requantize["minimum"], "max": requantize["maximum"]},
    }


def _conv_2d(graph: Graph, op: Op, _: Call) -> tuple[str, dict[str, Any]]:
    return "conv_2d", _convolution(graph, op, 0)


def _depthwise(graph: Graph, op: Op, _: Call) -> tuple[str, dict[str, Any]]:
    fields = _convolution(graph, op, 3)
    params = {"input_offset": fields["params"]["input_offset"], "output_offset": fields["params"]["output_offset"]}
    params |= {"ch_mult": options(op)["depth_multiplier"]} | fields["params"]
    return "depthwise", fields | {"params": params}


def _dense(graph: Graph, op: Op, _: Call) -> tuple[str, dict[str, Any]]:
    source, output = activation(graph, op, 0), result(graph, op)
    weights = read_weights(graph, op, channel_dimension=0, n_dimensions=2)
    per_tensor = len(weights.tensor.scales) == 1
    requantize: Any = weighted_requantize(op, source, weights.tensor, output, product_in_float=per_tensor)
    units, depth = weights.values.shape
    return "dense", {
        "params": {
            "input_offset": -source.zero_point,
            "filter_offset": 0,
            "output_offset": output.zero_point,
            "activation": {"min": requantize["minimum"], "max": requantize["maximum"]},
        },
        "quantization": {"multiplier": int(requantize["multipliers"][0]), "shift": int(requantize["shifts"][0])},
        "input": _dims((source.size // depth, 1, 1, depth)),
        "filter": _dims((depth, 1, 1, units)),
        "channels": _dims((1, 1, 1, units)),
        "output": _dims((source.size // depth, 1, 1, units)),
        "weights": weights.values,
        "bias": np.zeros(units, np.int32) if weights.bias is None else weights.bias.astype(np.int32),
    }


def _pool(graph: Graph, op: Op, _: Call) -> tuple[str, dict[str, Any]]:
    source, output, values = activation(graph, op, 0), result(graph, op), options(op)
    height, width = values["filter_height"], values["filter_width"]
    rows, columns = window_axes(op, source, height, width)
    least, most = activation_range(fused_activation(op), output.scale, output.zero_point)
    return "pool", {
        "params": {
            "stride": _tile(columns.stride, rows.stride),
            "padding": _tile(columns.pad, rows.pad),
            "activation": {"min": least, "max": most},
        },
        "input": _dims(source.shape),
        "filter": _dims((1, height, width, 1)),
        "output": _dims(output.shape),
    }


def _softmax(_graph: Graph, _op: Op, call: Call) -> tuple[str, dict[str, Any]]:
    return "softmax", dict(call.parameters)


_OPS: dict[str, Callable[[Graph, Op, Call], tuple[str, dict[str, Any]]]] = {
    "CONV_2D": _conv_2d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _pool,
    "SOFTMAX": _softmax,
}


@functools.cache
def compiled_vendor(machine: Machine, vendor: Vendor, folder: Path) -> tuple[str, ...]:
    """Returns CMSIS-NN's object files, compiled once for a machine."""
    own = folder / f"vendor-{machine.name}"
    own.mkdir()
    includes = [f"-I{path}" for path in vendor.includes]
    flags = ["-std=gnu99", "-O2", "-ffunction-sections", "-fdata-sections"]
    subprocess.run(
        [machine.compiler, *machine.flags, *flags, *includes, "-c", *map(str, vendor.sources)], cwd=own, check=True
    )
    return tuple(str(path) for path in sorted(own.glob("*.o")))
