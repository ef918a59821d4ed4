# SPDX-License-Identifier: Apache-2.0
"""What must hold of a bundle so that ESPHome can run its words: its devices' front-end, a network for streams."""

from __future__ import annotations

import dataclasses

from tinykws.exports.esphome.guard import MOST_STRIDE
from tinykws.exports.esphome.manifest import STEP_MS, VAD
from tinykws.exports.esphome.streaming_model import StreamNetwork, stream_network
from tinykws.model.bundle import Bundle
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import FIRST_WORD
from tinykws.support.errors import ConfigError

FRONTEND = FrontendSettings(window_ms=30, stride_ms=STEP_MS, tables="c_library")
"""Of esp-micro-speech-features as ESPHome sets it up; a model input may have any length."""
PROJECT_HINT = (
    "set in kws.yaml: features: {window_ms: 30, stride_ms: 10, tables: c_library}, and detector:"
    " {inference_stride_ms: 40}, then: tinykws tune\n"
    "or make a project that has them: tinykws init --for esphome DIR --words WORD"
)


def exportable_network(bundle: Bundle) -> StreamNetwork:
    """Returns a bundle's network if ESPHome can run it.

    Raises:
        ConfigError: another front-end, a network that is not one for streams, an inference stride that does not fit, or
            a word that ESPHome takes for something else.
    """
    wanted = dataclasses.replace(FRONTEND, clip_ms=bundle.frontend.clip_ms).to_dict()
    found = bundle.frontend.to_dict()
    others = [f"{key} {found[key]}, not {value}" for key, value in wanted.items() if found[key] != value]
    if others:
        raise ConfigError(f"the front-end is not that of ESPHome's devices: {', '.join(others)}", hint=PROJECT_HINT)
    for label in bundle.labels[FIRST_WORD:]:
        if label.text == VAD:
            raise ConfigError(
                "ESPHome takes a model named vad for a voice activity detector", hint="choose another word"
            )
    network = stream_network(bundle.model_bytes())
    stride = bundle.detector.inference_stride_ms // STEP_MS
    if stride > min(MOST_STRIDE, network.frames_seen):
        raise ConfigError(
            f"inference_stride_ms is {bundle.detector.inference_stride_ms}: longer than what the network sees, or than"
            f" {MOST_STRIDE} frames",
            hint="set detector: {inference_stride_ms: 40} in kws.yaml, then: tinykws tune",
        )
    return network
