# SPDX-License-Identifier: Apache-2.0
"""init: a new project from words: kws.yaml and a folder for recordings of each word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tinykws.project.config import CONFIG_NAME, load_config, parse_config
from tinykws.project.labels import labels_of_words
from tinykws.project.layout import Project
from tinykws.support.errors import ConfigError
from tinykws.support.files import not_writable, write_text_if_changed
from tinykws.training.architectures.registry import check_architecture

TEMPLATE = """\
# All settings of this project. Every key may be left out but `words`; docs/configuration.md lists them all.
words: {words}
language: {language}            # how espeak-ng speaks words that have no recordings
data: data                 # recordings: <word>/*.wav|flac, any other word's folder is "unknown"
model: {{architecture: {architecture}}}
training: {{seed: 1}}
detector: {{false_accepts_per_hour: 0.5}}  # in ordinary speech: put hours of it, without the words, into negatives/
"""


def init(root: Path, words: Sequence[str], language: str = "en", architecture: str = "ds_tcn") -> Project:
    """Writes root/kws.yaml and the folders below root/data; returns the project.

    Raises:
        ConfigError: a word that cannot be one, an unknown network, a project that is already there, a folder that
            cannot be written.
    """
    check_architecture(architecture)
    labels_of_words(words)
    path = root / CONFIG_NAME
    if path.exists():
        raise ConfigError(f"{path} is there already", hint="edit it, or name another folder: tinykws init DIR")
    text = TEMPLATE.format(
        words=json.dumps([word.strip() for word in words], ensure_ascii=False),
        language=json.dumps(language),
        architecture=json.dumps(architecture),
    )
    config = parse_config(text)
    write_text_if_changed(path, text)
    project = Project(root, load_config(path))
    for label in config.labels[2:]:
        folder = project.data_dir / label.name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_writable(folder.parent, error) from error
    return project
