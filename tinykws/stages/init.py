# SPDX-License-Identifier: Apache-2.0
"""init: creates a project from words: kws.yaml, and a folder for the recordings of each word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tinykws.project.config import CONFIG_NAME, load_config, parse_config
from tinykws.project.labels import labels_of_words
from tinykws.project.layout import Project
from tinykws.project.model_settings import AUTO, ModelSettings
from tinykws.support.errors import ConfigError
from tinykws.support.files import made_folder, write_text_if_changed
from tinykws.training.architectures.registry import check_architecture

TEMPLATE = """\
# Settings of this project. Only `words` is required; docs/reference/configuration.md lists all keys.
words: {words}
language: {language}            # language of synthetic clips, for words without recordings
data: data                 # recordings: <word>/*.wav, mp3 …; any other word's folder is "unknown"
{features}model: {{{model}}}
training: {{seed: 1}}
detector: {{{detector}false_accepts_per_hour: 0.5}}  # in ordinary speech; put hours of it into negatives/
"""

STREAM_FEATURES = "features: {clip_ms: 1500}  # what the network sees at once: the longest way to say a word\n"
STREAM_DETECTOR = 'kind: "recognize_commands", inference_stride_ms: 80, '
"""Networks made for streams say a word when it has just ended: a short average is enough. An inference is due when
two of the network's rows are new."""


ESPHOME = "esphome"
PURPOSES = (ESPHOME,)
"""What a project can be made for, besides firmware by tinykws."""
ESPHOME_FEATURES = """\
features: {clip_ms: 1500, stride_ms: 10, tables: c_library}  # the front-end of devices with ESPHome
"""
ESPHOME_SIZE = "medium"
"""`auto` would ask for the board of `tinykws build`."""
ESPHOME_DETECTOR = 'kind: "recognize_commands", inference_stride_ms: 40, '


def init(
    root: Path,
    words: Sequence[str],
    language: str = "en",
    architecture: str | None = None,
    size: str | None = None,
    *,
    purpose: str | None = None,
) -> Project:
    """Writes root/kws.yaml and the folders in root/data; returns the project.

    A single word is a wake word: it gets a network for streams, of the size that the board allows. Trained on the same
    synthetic clips, such a network heard half of the people who said `computer` where one for clips heard almost none
    (docs/notebook/hearing_people.md).

    Args:
        root: the project's folder.
        words: the words to detect.
        language: their language.
        architecture: the network's architecture; None: `size: auto` for a single word, ds_tcn for several.
        size: instead of the architecture, the size of a network for streams (`model: size`).
        purpose: "esphome": for `tinykws export esphome`, with a network for streams; None: for firmware.

    Raises:
        ConfigError: an invalid word, an unknown architecture or size, a project that already exists, or a folder that
            cannot be written.
    """
    labels_of_words(words)
    for_esphome = purpose == ESPHOME
    if architecture is None and size is None and (len(words) == 1 or for_esphome):
        size = ESPHOME_SIZE if for_esphome else AUTO
    architecture = architecture or ModelSettings.architecture
    check_architecture(architecture)
    path = root / CONFIG_NAME
    if path.exists():
        raise ConfigError(f"{path} already exists", hint="edit it, or name another folder: tinykws init DIR")
    settings = ModelSettings(architecture=architecture, size=size)
    settings.check()
    streams = settings.hears_streams
    if for_esphome and not streams:
        raise ConfigError(
            f"ESPHome runs networks for streams, and {architecture} is not one",
            hint="omit --architecture, or: --size medium",
        )
    features, detector = (ESPHOME_FEATURES, ESPHOME_DETECTOR) if for_esphome else (STREAM_FEATURES, STREAM_DETECTOR)
    text = TEMPLATE.format(
        words=json.dumps([word.strip() for word in words], ensure_ascii=False),
        language=json.dumps(language),
        model=f"architecture: {json.dumps(architecture)}" if size is None else f"size: {size}",
        features=features if streams else "",
        detector=detector if streams else "",
    )
    config = parse_config(text)
    write_text_if_changed(path, text)
    project = Project(root, load_config(path))
    for label in config.labels[2:]:
        made_folder(project.data_dir / label.name)
    return project
