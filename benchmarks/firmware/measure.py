# SPDX-License-Identifier: Apache-2.0
"""Counts instructions and memory of models of the aot engine on emulated processors; writes ../firmware.md and .json.

    python benchmarks/firmware/measure.py [--models DIR] [--bundle DIR] [--streams DIR] [--cmsis-nn DIR] [--quick]
        [--write]

Instruction counts are exact: QEMU counts them, calibrated on loops of known length, and two runs must agree. They are
not cycles. Outputs must equal those of TFLite Micro's interpreter byte for byte, otherwise nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from cycles import TIMINGS, cycles_of
from histogram import executed_addresses, from_first_call_on, instructions_by_function
from native import side_by_side
from programs import INFERENCE_STRIDE, MACHINES, Machine, compile_program, counts_of, sizes_of
from report import text_of
from streams import INSTRUCTION_SETS, listened, streamed
from vendor import Vendor, compiled_vendor, vendor_in, vendor_model

from tinykws.aot.compiler import AotModel, compile_model
from tinykws.aot.lowering.call import Form
from tinykws.aot.reader.graph import Graph
from tinykws.aot.reader.tflite import read_model
from tinykws.cost.execution_mode import fast_form
from tinykws.model.tflm_interpreter import TflmInterpreter
from tinykws.project.frontend_settings import FrontendSettings

ROOT = Path(__file__).parent.parent.parent
M0 = 3
"""The Cortex-M0+ among all machines."""
FIRST_CALLS = {"trace_invoke.c": "kws_model_invoke", "trace_frontend.c": "kws_frontend_feed"}
"""Programs that are traced, and the function whose first call begins what counts."""
FRAMES = 50
"""As in trace_frontend.c."""
INFERENCE_STRIDES = (1, 2, INFERENCE_STRIDE)
"""Frames from one inference to the next."""
STREAM_INFERENCE_STRIDE = 4
"""The same for networks for streams: 80 ms."""
DEFAULT_STREAM_NETWORK = "stream_medium"
"""What `model: {size: auto}` is as long as no board was built for."""
FEATURES = FrontendSettings().n_frames * FrontendSettings().n_mels


def generated_input(size: int) -> npt.NDArray[np.int8]:
    """Returns the bytes that count_instructions.c fills in."""
    state, values = 1, bytearray()
    for _ in range(size):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(state >> 24)
    return np.frombuffer(bytes(values), np.int8)


def measured(machine: Machine, model: bytes, folder: Path, form: Form) -> dict[str, Any]:
    """Returns one model's row on one machine."""
    compiled, graph = compile_model(model, form), read_model(model)
    told = counts_of(machine, compile_program(machine, compiled, "count_instructions.c", folder, counted=True))
    expected = TflmInterpreter(read_model(model), model).invoke(generated_input(graph.input.size))
    if told["output"] != expected.tolist():
        sys.exit(f"{machine.name} gives {told['output']}, TFLite Micro {expected.tolist()}")
    flash, ram = sizes_of(compile_program(machine, compiled, "model_only.c", folder), machine)
    ops = dict(zip(told["op"][::2], told["op"][1::2], strict=True))
    return {
        "instructions": told["whole"][0],
        "ops": [{"op": _op_text(graph, index), "instructions": count} for index, count in ops.items()],
        "flash_bytes": flash,
        "ram_bytes": ram + told["stack"][0],
        "stack_bytes": told["stack"][0],
    }


def measured_in_all_forms(machine: Machine, model: bytes, folder: Path) -> dict[str, Any]:
    """Returns the row of a model, in it that with weights in the form that is fast there, and that of listening."""
    row = measured(machine, model, folder, Form.COMPACT)
    form = fast_form(INSTRUCTION_SETS[machine.name])
    row["fast"] = measured(machine, model, folder, form) | {"form": form.value}
    if read_model(model).input.size == FEATURES:
        row["listening"] = listened(machine, model, folder)
    return row


def _op_text(graph: Graph, index: int) -> str:
    op = next(op for op in graph.ops if op.index == index)
    weights = graph.operand(op, 1)
    shape = f" {list(weights.shape)}" if weights is not None and weights.type == "INT8" else ""
    return f"{index} {op.name}{shape}"


def traced(machine: Machine, model: AotModel, main: str, folder: Path, flags: Sequence[str] = ()) -> dict[str, Any]:
    """Returns instructions by function, and cycles by Arm's table where there is one; `flags` are the compiler's."""
    first = FIRST_CALLS[main]
    program = compile_program(machine, model, main, folder, *flags)
    executed = from_first_call_on(first, program, executed_addresses(machine, program, folder))
    row: dict[str, Any] = {"functions": instructions_by_function(program, executed)}
    if machine.name in TIMINGS:
        row["cycles"] = cycles_of(program, executed, TIMINGS[machine.name])
        row["cycles_per_instruction"] = round(row["cycles"] / len(executed), 2)
    return row


def measured_vendor(models: dict[str, Path], vendor: Vendor, folder: Path) -> dict[str, Any]:
    """Returns what CMSIS-NN takes for the same models on the Arm machines; cycles on the first one of them."""
    rows: dict[str, Any] = {}
    for name, path in models.items():
        data = path.read_bytes()
        rows[name] = {
            machine.name: _vendor_row(machine, data, vendor, folder) for machine in MACHINES if "Cortex" in machine.name
        }
        flags = _vendor_flags(MACHINES[0], vendor, folder)
        program = traced(MACHINES[0], vendor_model(data), "trace_invoke.c", folder, flags)
        rows[name][MACHINES[0].name]["cycles"] = program["cycles"]
        print(json.dumps({name: rows[name]}, indent=1), flush=True)
    return {"version": vendor.version, "models": rows}


def _vendor_flags(machine: Machine, vendor: Vendor, folder: Path) -> list[str]:
    return [*(f"-I{path}" for path in vendor.includes), *compiled_vendor(machine, vendor, folder)]


def _vendor_row(machine: Machine, model: bytes, vendor: Vendor, folder: Path) -> dict[str, Any]:
    """Returns one model's row on one machine; outputs that differ from TFLite Micro's are counted."""
    compiled, graph = vendor_model(model), read_model(model)
    flags = _vendor_flags(machine, vendor, folder)
    told = counts_of(machine, compile_program(machine, compiled, "count_instructions.c", folder, *flags, counted=True))
    expected = TflmInterpreter(graph, model).invoke(generated_input(graph.input.size)).tolist()
    ops = dict(zip(told["op"][::2], told["op"][1::2], strict=True))
    return {
        "instructions": told["whole"][0],
        "ops": [{"op": _op_text(graph, index), "instructions": count} for index, count in ops.items()],
        "different_outputs": sum(ours != theirs for ours, theirs in zip(told["output"], expected, strict=True)),
    }


def models_in(folder: Path, bundle: Path | None) -> dict[str, Path]:
    """Returns the reference models, and a bundle's where one is given."""
    models = {
        "micro_speech": folder / "micro_speech_quantized.tflite",
        "kws_ref": folder / "kws_ref_model.tflite",
    }
    return models | ({"ds_tcn": bundle / "model.tflite"} if bundle else {})


def measured_streams(folder: Path | None, machines: tuple[Machine, ...], at: Path) -> dict[str, Any]:
    """Returns what an inference of each model for streams in a folder takes on each machine."""
    models = sorted(folder.glob("*.tflite")) if folder else []
    rows: dict[str, Any] = {}
    for path in models:
        model = path.read_bytes()
        n_frames = read_model(model).input.size // FrontendSettings().n_mels
        rows[path.stem] = {
            machine.name: streamed(machine, model, STREAM_INFERENCE_STRIDE, at, n_frames) for machine in machines
        }
        if path.stem == DEFAULT_STREAM_NETWORK and len(machines) > M0:
            rows[path.stem][MACHINES[M0].name]["every_frame"] = streamed(MACHINES[M0], model, 1, at, n_frames)
    return rows


def measure(models: dict[str, Path], machines: tuple[Machine, ...], folder: Path, *, quick: bool) -> dict[str, Any]:
    """Returns all rows by model; "frontend" holds the front-end's instructions a frame."""
    rows: dict[str, Any] = {}
    for name, path in models.items():
        data = path.read_bytes()
        compiled = compile_model(data)
        rows[name] = {"machines": {machine.name: measured_in_all_forms(machine, data, folder) for machine in machines}}
        rows[name]["streams"] = [
            streamed(machines[0], data, inference_stride, folder) for inference_stride in INFERENCE_STRIDES
        ]
        if not quick:
            rows[name]["traced"] = traced(machines[0], compiled, "trace_invoke.c", folder)
            wide = compile_model(data, Form.WIDE)
            rows[name]["traced_wide"] = traced(machines[0], wide, "trace_invoke.c", folder)
            packed, m0 = compile_model(data, Form.PACKED), machines[M0]
            rows[name]["traced_packed"] = traced(m0, packed, "trace_invoke.c", folder)
            rows[name]["native"] = side_by_side(data, generated_input(read_model(data).input.size), folder)
        print(json.dumps({name: rows[name]}, indent=1), flush=True)
    if not quick:
        rows["frontend"] = {}
        for machine in machines:
            row = traced(machine, compiled, "trace_frontend.c", folder)
            row["functions"] = {name: round(count / FRAMES) for name, count in row["functions"].items()}
            rows["frontend"][machine.name] = row
        print(json.dumps(rows["frontend"], indent=1), flush=True)
    return rows


def main() -> None:
    """Measures, prints, and with --write writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=ROOT.parent / "shared" / "models", help="the reference models")
    parser.add_argument("--bundle", type=Path, help="a bundle with a ds_tcn model")
    parser.add_argument("--streams", type=Path, help="a folder with models for streams, as stream_small.tflite")
    parser.add_argument("--cmsis-nn", type=Path, help="a folder of Arm's CMSIS-NN, or a bare clone of it")
    parser.add_argument("--quick", action="store_true", help="the Cortex-M4F only, no histograms; nothing is written")
    parser.add_argument("--write", action="store_true", help="write ../firmware.md and ../firmware.json")
    arguments = parser.parse_args()
    machines = MACHINES[:1] if arguments.quick else MACHINES
    with tempfile.TemporaryDirectory() as name:
        models = models_in(arguments.models, arguments.bundle)
        rows = measure(models, machines, Path(name), quick=arguments.quick)
        if arguments.cmsis_nn:
            rows["vendor"] = measured_vendor(models, vendor_in(arguments.cmsis_nn, Path(name)), Path(name))
        rows["streams"] = measured_streams(arguments.streams, machines, Path(name))
    if arguments.write and not arguments.quick:
        folder = Path(__file__).parent.parent
        (folder / "firmware.json").write_text(json.dumps(rows, indent=1) + "\n")
        (folder / "firmware.md").write_text(text_of(rows))


if __name__ == "__main__":
    main()
