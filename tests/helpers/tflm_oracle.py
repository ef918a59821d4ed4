# SPDX-License-Identifier: Apache-2.0
"""TFLite Micro's own interpreter as the oracle: what it gives, ours must give. Tests skip where it is not installed."""

from __future__ import annotations

import pytest

from tinykws.aot.reader.tflite import read_model
from tinykws.model.own_models import trust
from tinykws.model.tflm_interpreter import TflmInterpreter, is_installed

needs_tflm = pytest.mark.skipif(not is_installed(), reason="needs the package tflite-micro, or it is hidden")


def tflm(model: bytes) -> TflmInterpreter:
    """Returns TFLite Micro with a model that this test made: without a process, since there are thousands."""
    trust(model)
    return TflmInterpreter(read_model(model), model)
