# SPDX-License-Identifier: Apache-2.0
"""kws.yaml: the whole configuration of a project, read into frozen dataclasses; unknown keys are refused.

The dataclasses are the schema: a field's name is the key, its default the default value, its type is checked, and its
docstring is the text of the reference. Each section has a module of its own, which checks the ranges of its values.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tinykws.project.detector_settings import DetectorRequest
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.grammar import GrammarRule, OpenAfter, check_windows, deployed_grammar
from tinykws.project.labels import Label, labels_of_words
from tinykws.project.model_settings import FeatureSettings, ModelSettings
from tinykws.project.synth_settings import AUTO, SynthSettings
from tinykws.project.training_settings import TrainingSettings
from tinykws.support.dataclass_reader import read_dataclass
from tinykws.support.errors import ConfigError
from tinykws.support.yaml_text import load_yaml, read_yaml_file

CONFIG_NAME = "kws.yaml"


@dataclasses.dataclass(frozen=True)
class Config:
    """All of kws.yaml."""

    words: tuple[str, ...]
    """The keywords to detect: one (a wake word) or more, each a word or a short phrase. Required."""
    language: str = "en"
    """Language of the words, as a code such as `en` or `de`; selects voices and pronunciation of synthetic clips."""
    data: str = "data"
    """Folder of your recordings, relative to the project folder: one subfolder per word. The default folder need not
    exist; another must."""
    negatives: str = "negatives"
    """Folder of long recordings without the words, relative to the project folder; false accepts per hour are measured
    on them. It need not exist."""
    synth: SynthSettings = dataclasses.field(default_factory=SynthSettings)
    """Synthetic clips."""
    features: FeatureSettings = dataclasses.field(default_factory=FeatureSettings)
    """The front-end's timing."""
    model: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    """The architecture and limits on its cost."""
    training: TrainingSettings = dataclasses.field(default_factory=TrainingSettings)
    """Training and augmentation."""
    detector: DetectorRequest = dataclasses.field(default_factory=DetectorRequest)
    """How scores become detections."""

    grammar: tuple[GrammarRule, ...] = ()
    """Words that are heard only for a while after another one, as commands after a wake word. Empty: all are always
    heard."""

    def __post_init__(self) -> None:
        labels_of_words(self.words)
        self.synth.check()
        self.model.check()
        self.training.check(self.frontend.clip_ms)
        self.detector.check(self.words, self.frontend.stride_ms)
        if self.training.teacher not in (AUTO, None) and not self.model.hears_streams:
            raise ConfigError(
                f"training: teacher is {self.training.teacher}, but {self.model.architecture} learns from clips: only"
                " networks for streams learn from a pretrained teacher",
                hint="set model: {architecture: stream_medium}, or remove training: teacher",
            )
        if self.grammar:
            detector = self.detector.as_given(self.words)
            check_windows(self.deployed_grammar, ["silence", "unknown", *self.words], detector.next_word_ms)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The model's labels in output order."""
        return labels_of_words(self.words)

    @property
    def deployed_grammar(self) -> tuple[OpenAfter, ...]:
        """The grammar with the numbers of the model's labels. Raises ConfigError for one that makes no sense."""
        return deployed_grammar(self.grammar, self.words)

    @property
    def frontend(self) -> FrontendSettings:
        """The front-end's settings with this project's choices."""
        return FrontendSettings(**dataclasses.asdict(self.features))


def load_config(path: Path) -> Config:
    """Reads kws.yaml.

    Raises:
        ConfigError: the file is missing or not YAML, a key is unknown, or a value is of the wrong type or out of range.
    """
    try:
        text = read_yaml_file(path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}",
            hint="create a project here: tinykws init --words yes,no\nor name your project's folder: --project DIR",
        ) from error
    return parse_config(text, source=str(path))


def parse_config(text: str, *, source: str = CONFIG_NAME) -> Config:
    """Reads the text of a kws.yaml; `source` names it in errors. Raises ConfigError."""
    values = load_yaml(text, source=source, free_text=("engine_options",))
    try:
        return read_dataclass(Config, values)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from error
