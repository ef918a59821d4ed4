# SPDX-License-Identifier: Apache-2.0
"""Exports for ESPHome, judged by ESPHome's own schema and heard by pymicro-wakeword, where these are installed.

Both pin packages that tinykws does not want beside it, so each has an environment of its own:

    python -m venv ESPHOME && ESPHOME/bin/pip install esphome
    python -m venv MWW && MWW/bin/pip install pymicro-wakeword
    TINYKWS_ESPHOME_PYTHON=ESPHOME/bin/python TINYKWS_MWW_PYTHON=MWW/bin/python pytest tests/exports
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from stream_model import stream_bundle
from tiny_model import speech_like_sound

from tinykws.audio.files import write_wav
from tinykws.evaluation.sliding_mean import SlidingMean
from tinykws.exports.esphome.operating_point import probabilities_along
from tinykws.exports.esphome.streaming_model import stream_network, word_graph
from tinykws.model.lowered_model import LoweredModel
from tinykws.native.features import FrontEnd, quantize_features
from tinykws.stages.export_esphome import EsphomeRequest, export_esphome

SCHEMA = """
import json, sys
from esphome.components.micro_wake_word import _validate_manifest_version
_validate_manifest_version(json.load(open(sys.argv[1])))
"""
LISTEN = """
import json, sys, wave
import numpy as np
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures
model, features = MicroWakeWord.from_config(sys.argv[1]), MicroWakeWordFeatures()
heard = []
with wave.open(sys.argv[2]) as file:
    for frame in features.process_streaming(file.readframes(file.getnframes())):
        model.process_streaming_prob(frame)
        if not model._features:
            heard.append(round(256 * model._probabilities[-1]))
print(json.dumps(heard))
"""


def python_of(variable: str) -> str:
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"needs {variable}, the Python of an environment of its own")
    return python


def ran(python: str, program: str, *arguments: object) -> str:
    done = subprocess.run(
        [python, "-c", program, *map(str, arguments)], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exported(folder: Path, arena_bytes: int = 60_000) -> Path:
    request = EsphomeRequest(rule=SlidingMean(200, 5), arena_bytes=arena_bytes)
    export_esphome(stream_bundle(folder / "bundle"), folder / "out", project=None, request=request)
    return folder / "out" / "computer.json"


def test_esphomes_schema_takes_the_manifest(tmp_path: Path) -> None:
    python = python_of("TINYKWS_ESPHOME_PYTHON")
    manifest = exported(tmp_path)
    ran(python, SCHEMA, manifest)
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "recall": 0.9}))
    with pytest.raises(AssertionError, match="recall"):
        ran(python, SCHEMA, manifest)


def test_pymicro_wakeword_hears_the_same(tmp_path: Path) -> None:
    """LiteRT's optimized kernels round in another way, by a unit of each layer, and a random network amplifies that."""
    python = python_of("TINYKWS_MWW_PYTHON")
    manifest, sound = exported(tmp_path), speech_like_sound(20)
    write_wav(tmp_path / "sound.wav", sound, 16000)
    heard = np.array(json.loads(ran(python, LISTEN, manifest, tmp_path / "sound.wav")))
    bundle = stream_bundle(tmp_path / "again")
    network = stream_network(bundle.model_bytes())
    stride = bundle.detector.inference_stride_ms // 10
    frames = quantize_features(FrontEnd(bundle.frontend).process(sound))
    ours = probabilities_along(network, LoweredModel(word_graph(network, 2)), frames, stride).astype(int)
    assert len(heard) >= 180
    assert np.unique(ours).size > 5
    assert np.corrcoef(heard, ours[: len(heard)])[0, 1] > 0.95
