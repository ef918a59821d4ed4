# SPDX-License-Identifier: Apache-2.0
"""Models over a stream on emulated machines: consecutive model inputs, compared with TFLite Micro's interpreter."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from programs import INFERENCE_STRIDE, Machine, compile_program, counts_of, sizes_of

from tinykws.aot.reader.tflite import read_model
from tinykws.cost.execution_mode import ModelInMode, Workload, compile_for_workload
from tinykws.model.tflm_interpreter import TflmInterpreter
from tinykws.native.listener import Inference, Listener
from tinykws.project.detector_settings import DetectorRequest
from tinykws.project.frontend_settings import FrontendSettings

FRONTEND = FrontendSettings()
WINDOWS = 100
"""As in count_stream.c."""
LISTENING_INFERENCES = 20
"""As in count_listening.c."""
BOARD_RAM_BYTES, BOARD_FLASH_BYTES = 262_144, 983_040
"""An nRF52840's: what the choice between whole-window and streaming mode, and that of widened weights, assumes."""
INSTRUCTION_SETS = {
    "Cortex-M4F": "armv7e-m",
    "Cortex-M7": "armv7e-m",
    "Cortex-M3": "armv7-m",
    "Cortex-M0+": "armv6-m",
    "rv32imc": "rv32imc",
}


def compiled_for(
    machine: Machine, model: bytes, inference_stride: int, n_frames: int = FRONTEND.n_frames
) -> ModelInMode:
    """Returns the model as it listens every `inference_stride` frames, to the last `n_frames`."""
    instruction_set = INSTRUCTION_SETS[machine.name]
    workload = Workload(n_frames, inference_stride, instruction_set, BOARD_RAM_BYTES, BOARD_FLASH_BYTES)
    return compile_for_workload(model, workload)


def streamed(
    machine: Machine, model: bytes, inference_stride: int, folder: Path, n_frames: int = FRONTEND.n_frames
) -> dict[str, Any]:
    """Returns instructions of an inference in a stream, and the working memory it takes."""
    compiled = compiled_for(machine, model, inference_stride, n_frames)
    program = compile_program(machine, compiled, "count_stream.c", folder, f"-DN_FRAMES={n_frames}")
    told = counts_of(machine, program)
    _check(machine, told["crc"][0], _outputs_crc32(model, inference_stride, n_frames))
    return {
        "inference_stride": inference_stride,
        "instructions": told["mean"][0],
        "most_instructions": told["most"][0],
        "constant_bytes": compiled.choice.cost.constant_bytes,
        "estimated_instructions": compiled.choice.cost.instructions,
        "arena_bytes": compiled.arena_bytes,
        "whole_arena_bytes": compiled.choice.whole.arena_bytes,
        "how": compiled.choice.explanation,
    }


def listened(machine: Machine, model: bytes, folder: Path) -> dict[str, Any]:
    """Returns flash, RAM with the deepest stack of all listening, and instructions of a frame, everything included."""
    compiled = compiled_for(machine, model, INFERENCE_STRIDE)
    told = counts_of(machine, compile_program(machine, compiled, "count_listening.c", folder))
    _check(machine, told["crc"][0], _scores_crc32(model))
    flash, ram = sizes_of(compile_program(machine, compiled, "listening.c", folder), machine)
    stack = told["stack"][0]
    return {
        "flash_bytes": flash,
        "ram_bytes": ram + stack,
        "stack_bytes": stack,
        "instructions_per_frame": told["frame"][0],
    }


def _check(machine: Machine, told: int, expected: int) -> None:
    if told != expected:
        sys.exit(f"{machine.name} gives outputs of CRC {told:08x}, TFLite Micro {expected:08x}")


def random_numbers(count: int) -> npt.NDArray[np.uint32]:
    """Returns the programs' random numbers."""
    state, numbers = 1, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        numbers.append(state)
    return np.array(numbers, np.uint32)


def _outputs_crc32(model: bytes, inference_stride: int, n_frames: int) -> int:
    values = read_model(model).input.size // n_frames
    frames = n_frames + (WINDOWS - 1) * inference_stride
    stream = (random_numbers(frames * values) >> 24).astype(np.uint8).view(np.int8).reshape(frames, values)
    interpreter, crc32 = TflmInterpreter(read_model(model), model), 0
    for start in range(0, WINDOWS * inference_stride, inference_stride):
        crc32 = zlib.crc32(interpreter.invoke(stream[start : start + n_frames].ravel()).tobytes(), crc32)
    return crc32


def _scores_crc32(model: bytes) -> int:
    n_frames = FRONTEND.n_frames + LISTENING_INFERENCES * INFERENCE_STRIDE
    samples = (random_numbers((n_frames + 1) * FRONTEND.stride_samples).view(np.int32) >> 18).astype(np.int16)
    detector = DetectorRequest(inference_stride_ms=INFERENCE_STRIDE * FRONTEND.stride_ms).defaults
    listener = Listener(
        FRONTEND, detector, read_model(model).output.size, TflmInterpreter(read_model(model), model).invoke
    )
    crc32 = 0
    for position in range(0, len(samples), FRONTEND.stride_samples):
        if listener.frames == n_frames:
            break
        for event in listener.feed(samples[position : position + FRONTEND.stride_samples]):
            if isinstance(event, Inference):
                crc32 = zlib.crc32(np.array(event.scores, np.int8).tobytes(), crc32)
    return crc32
