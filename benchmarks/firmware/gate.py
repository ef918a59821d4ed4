# SPDX-License-Identifier: Apache-2.0
"""Instructions per second of listening in a quiet room, with and without the gate, on an emulated Cortex-M4F.

python benchmarks/firmware/gate.py MODEL.tflite [INFERENCE_STRIDE_FRAMES]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from programs import INFERENCE_STRIDE, MACHINES, compile_program, counts_of
from streams import FRONTEND, compiled_for

from tinykws.aot.reader.tflite import read_model
from tinykws.project.detector_settings import DetectorSettings

GATE_DB = 4


def main(model: Path, inference_stride: int = INFERENCE_STRIDE) -> None:
    """Prints a row for each: the mean of a frame in the quiet, of a second, and the most of a frame that wakes it."""
    data = model.read_bytes()
    n_frames = read_model(data).input.size // FRONTEND.n_mels
    machine, ratio = MACHINES[0], DetectorSettings(gate_db=GATE_DB).gate_ratio
    compiled = compiled_for(machine, data, inference_stride, n_frames)
    print(f"{model.name}, {machine.name}, an inference every {inference_stride} frames: {compiled.choice.explanation}")
    for name, gate_ratio in (("no gate", 0), (f"gate of {GATE_DB} dB", ratio)):
        with tempfile.TemporaryDirectory() as folder:
            flags = [f"-DGATE_RATIO={gate_ratio}"]
            told = counts_of(machine, compile_program(machine, compiled, "count_gate.c", Path(folder), *flags))
        quiet = told["quiet"][0]
        per_second = quiet * 1000 // FRONTEND.stride_ms
        print(f"{name}: {quiet:,} a frame, {per_second:,} a second; at most {told['waking'][0]:,} in one frame")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
