# SPDX-License-Identifier: Apache-2.0
"""Speed of the generated C on this computer compared with TFLite Micro's interpreter, in one run."""

from __future__ import annotations

import ctypes
import hashlib
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from programs import KERNELS, run

from tinykws.aot.compiler import compile_model
from tinykws.aot.reader.tflite import read_model
from tinykws.model.tflm_interpreter import TflmInterpreter

SECONDS = 1.0


def side_by_side(model: bytes, values: npt.NDArray[np.int8], folder: Path) -> dict[str, float]:
    """Returns the median microseconds of one invoke, generated C (gcc -O2) and the interpreter, taken in turns."""
    compiled = compile_model(model)
    (folder / "model_aot.c").write_text(compiled.source)
    (folder / "model_aot.h").write_text(compiled.header)
    # A library of the same path that is already loaded would be used instead.
    library = folder / f"native-{hashlib.sha256(model).hexdigest()[:12]}.so"
    kernels = [str(KERNELS / name) for name in compiled.kernels]
    run(["gcc", "-O2", "-shared", "-fPIC", f"-I{KERNELS}", str(folder / "model_aot.c"), *kernels, "-o", str(library)])
    loaded, interpreter = ctypes.CDLL(str(library)), TflmInterpreter(read_model(model), model)
    loaded.kws_model_input.restype = loaded.kws_model_output.restype = ctypes.c_void_p
    expected = interpreter.invoke(values)
    ctypes.memmove(loaded.kws_model_input(), values.tobytes(), values.size)
    loaded.kws_model_invoke()
    if ctypes.string_at(loaded.kws_model_output(), expected.size) != expected.tobytes():
        raise RuntimeError("the generated C and the interpreter give different scores")
    microseconds: dict[str, list[float]] = {"aot": [], "interpreter": []}
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for name, work in (("aot", loaded.kws_model_invoke), ("interpreter", lambda: interpreter.invoke(values))):
            start = time.perf_counter()
            work()
            microseconds[name].append((time.perf_counter() - start) * 1e6)
    return {name: round(float(np.median(times)), 1) for name, times in microseconds.items()}
