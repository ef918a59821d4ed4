# SPDX-License-Identifier: Apache-2.0
"""kws.yaml: the whole configuration of a project, read into frozen dataclasses; unknown keys are refused.

The dataclasses are the schema: a field's name is the key, its default the default, its type the check.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tinykws.project.detector_settings import (
    AUTO,
    DETECTOR_KINDS,
    OF_RECOGNIZE_COMMANDS,
    RECOGNIZE_COMMANDS,
    DetectorWishes,
)
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.project.labels import Label, labels_of_words
from tinykws.support.dataclass_reader import at_least, in_range, one_of, read_dataclass, renamed
from tinykws.support.errors import ConfigError
from tinykws.support.yaml_text import load_yaml

CONFIG_NAME = "kws.yaml"
LARGEST_SEED = 2**32 - 1


@dataclasses.dataclass(frozen=True)
class SynthSettings:
    """What is spoken, and by what. Counts are clips over all splits."""

    enabled: str = "auto"
    """auto: only when a word has no recording in data/; always; never."""
    engines: tuple[str, ...] = ("espeak",)
    """espeak, flite, piper, or what other packages bring; never chosen by what happens to be installed."""
    flite_voices: tuple[str, ...] = ()
    """Files (.flitevox), from the project's folder, beside the voices that flite has."""
    piper_voices: tuple[str, ...] = ()
    """Files (.onnx, each with its .onnx.json), from the project's folder."""
    engine_options: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What engines of other packages want to know, by the engine."""
    clips_per_word: int = 1500
    """Synthetic clips of each word, over training, validation and testing."""
    unknown_clips: int = 4500
    """Synthetic clips of other words, half of them similar in sound to the keywords."""
    silence_clips: int = 450
    """Clips of silence and noise."""
    unknown_words: tuple[str, ...] = ()
    """Words to be told apart from the keywords, beside those tinykws chooses."""
    seed: int = 1
    """The same seed gives the same bytes."""


@dataclasses.dataclass(frozen=True)
class FeatureSettings:
    """What of the front-end may be chosen; the rest stands in frontend.py."""

    window_ms: int = 30
    """Length of the front-end's analysis window."""
    stride_ms: int = 20
    """Time from one analysis window to the next: 20 as in micro_speech, 10 as in microWakeWord."""
    clip_ms: int = 1000
    """Length of the model input; longer for phrases."""


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """Which network, and what it may cost: a network that costs more is refused before it is trained."""

    architecture: str = "ds_tcn"
    """The network: ds_tcn, bc_resnet, ds_cnn, or micro_speech as in TFLite Micro's example; `tinykws architectures`
    says what each costs."""
    max_bytes: int | None = None
    """Of the .tflite."""
    max_macs: int | None = None
    """Multiply-accumulates of one inference."""
    max_arena: int | None = None
    """Bytes of TFLite Micro's tensor arena."""


@dataclasses.dataclass(frozen=True)
class AugmentationSettings:
    """Which training clips are shown, and what is done to them; 0 switches a kind off."""

    clips_per_epoch: int = 6000
    """An epoch shows at most so many; more clips take their turns, and training takes no longer."""
    recordings_share: float | None = renamed(None, former_key="recordings_part")
    """Of labels that have recorded and spoken clips: the recorded ones' part, or more where there are enough. None: 0.5
    if there are ten recordings of every label, else 0.3."""
    shift_ms: int = 100
    """Clips are moved in time by up to this …"""
    place_probability: float = 0.5
    """… and this part of them so that the word stands, whole, at any place of the clip."""
    cut_probability: float = 0.05
    """Part of the words that the clip's edge cuts off, most of them missing: taught as unknown."""
    speed_percent: float = 10.0
    """Speakers are made smaller and faster, or larger and slower, by up to this: pitch and tempo change together."""
    tempo_percent: float | None = None
    """Speech is made slower or faster by up to this, at the same pitch. None: 20 where `epochs` would be 8, else 0."""
    room_probability: float = 0.5
    """Part of the clips that sound as in a simulated room."""
    microphone_probability: float = 0.6
    """Part of the clips that a simulated microphone colours."""
    equalizer_db: float = 6.0
    """That microphone passes parts of the spectrum better or worse by up to this."""
    noise_probability: float = 0.7
    """Share of training clips that get noise."""
    babble_probability: float = 0.1
    """Part of the clips that get other people's voices, and no noise."""
    noise_snr_db_min: float = 0.0
    """Signal-to-noise ratio of the loudest noise or babble."""
    noise_snr_db_max: float = 30.0
    """Signal-to-noise ratio of the softest noise or babble."""
    gain_db: float = 10.0
    """Each clip is made louder or softer by up to this."""
    overdrive_probability: float = 0.1
    """Part of the clips that are clipped, as by an amplifier turned up too far …"""
    overdrive_db: float = 10.0
    """… by up to this."""
    time_mask_frames: int = 5
    """Longest run of feature frames that is blanked, once a clip."""
    mel_mask_channels: int = 4
    """Widest band of feature channels that is blanked, once a clip."""
    lead_in_probability: float = 0.5
    """Part of the clips that is heard after noise, as on a device; the others are heard from a fresh start."""
    lead_in_ms: int = 1000
    """How long the noise before such a clip is."""


PROBABILITIES = tuple(field.name for field in dataclasses.fields(AugmentationSettings) if "_probability" in field.name)


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained."""

    epochs: int | None = None
    """None: 150; where most clips of the words are spoken, 40 if there are ten recordings of every label, else 8: more
    of these teach how a computer speaks."""
    batch_size: int = 64
    """Clips per step."""
    learning_rate: float = 0.005
    """The highest; it rises over the first steps and falls to nothing at the end."""
    dropout: float = 0.1
    """Share of activations dropped in training."""
    class_balance: float | None = None
    """0: every clip counts the same; 1: every label does, however few its clips; between them: between. None: 0.5, or 1
    where most clips of the words are spoken."""
    word_loss: float = 1.0
    """How much it counts in training to tell apart all words that the clips are of, also unknown ones."""
    distill: float = 0.0
    """The share of what the network learns that a large network, trained beside it, teaches; 0: there is none."""
    seed: int = 1
    """The same seed gives the same weights on the same machine."""
    augmentation: AugmentationSettings = AugmentationSettings()


@dataclasses.dataclass(frozen=True)
class Config:
    """All of kws.yaml."""

    words: tuple[str, ...]
    """Words or phrases, in any language, in the order of their labels."""
    language: str = "en"
    """Of words without recordings, as espeak-ng names it: en, en-us, de, ru, …"""
    data: str = "data"
    """Folder of recordings, relative to the project's folder: <word>/*.wav or *.flac, _background_noise_/, list
    files."""
    negatives: str = "negatives"
    """Folder of long recordings without the words, for false accepts per hour; it need not be there."""
    synth: SynthSettings = SynthSettings()
    features: FeatureSettings = FeatureSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    detector: DetectorWishes = dataclasses.field(default_factory=DetectorWishes)

    def __post_init__(self) -> None:
        labels_of_words(self.words)
        self._check_values()

    @property
    def labels(self) -> tuple[Label, ...]:
        """The model's labels in output order."""
        return labels_of_words(self.words)

    @property
    def frontend(self) -> FrontendSettings:
        """The front-end's settings with this project's choices."""
        return FrontendSettings(**dataclasses.asdict(self.features))

    def _check_values(self) -> None:
        one_of("synth: enabled", self.synth.enabled, ("auto", "always", "never"))
        self._check_engines()
        at_least("synth: clips_per_word", self.synth.clips_per_word, 10)
        at_least("synth: unknown_clips", self.synth.unknown_clips, 10)
        at_least("synth: silence_clips", self.synth.silence_clips, 10)
        in_range("synth: seed", self.synth.seed, 0, LARGEST_SEED)
        for name in ("max_bytes", "max_macs", "max_arena"):
            limit = getattr(self.model, name)
            at_least(f"model: {name}", 1 if limit is None else limit, 1)
        at_least("training: epochs", 1 if self.training.epochs is None else self.training.epochs, 1)
        at_least("training: batch_size", self.training.batch_size, 1)
        in_range("training: dropout", self.training.dropout, 0, 0.9)
        in_range("training: learning_rate", self.training.learning_rate, 1e-6, 1)
        in_range("training: class_balance", self.training.class_balance or 0, 0, 1)
        in_range("training: word_loss", self.training.word_loss, 0, 100)
        in_range("training: distill", self.training.distill, 0, 1)
        in_range("training: seed", self.training.seed, 0, LARGEST_SEED)
        self._check_augmentation()
        self._check_detector()

    def _check_engines(self) -> None:
        synth = self.synth
        if not synth.engines or len(set(synth.engines)) < len(synth.engines):
            raise ConfigError(f"synth: engines is {list(synth.engines)}", hint="one or more, each once: [espeak]")
        for key, engine in (("piper_voices", "piper"), ("flite_voices", "flite")):
            if getattr(synth, key) and engine not in synth.engines:
                hint = f"write engines: [{', '.join((*synth.engines, engine))}], or leave the voices out"
                raise ConfigError(f"synth: {key} are given, and {engine} is none of the engines", hint=hint)
        for engine in synth.engine_options:
            one_of("synth: engine_options", str(engine), synth.engines)

    def _check_detector(self) -> None:
        wishes, where = self.detector, "detector: "
        one_of(where + "kind", wishes.kind, DETECTOR_KINDS)
        if isinstance(wishes.threshold, str):
            one_of(where + "threshold", wishes.threshold, (AUTO,))
            if wishes.word_thresholds:
                raise ConfigError(
                    "detector: word_thresholds are given, and threshold is auto",
                    hint="give threshold a number too, or leave word_thresholds out",
                )
        else:
            in_range(where + "threshold", wishes.threshold, 0, 255)
        for word, threshold in wishes.word_thresholds.items():
            one_of(where + "word_thresholds", str(word), self.words)
            if not isinstance(threshold, int) or isinstance(threshold, bool):
                raise ConfigError(f"detector: word_thresholds: {word} must be a whole number, not {threshold!r}")
            in_range(f"{where}word_thresholds: {word}", threshold, 0, 255)
        in_range(where + "false_accepts_per_hour", wishes.false_accepts_per_hour, 0.01, 1000)
        stride_ms = self.frontend.stride_ms
        if wishes.inference_stride_ms < stride_ms or wishes.inference_stride_ms % stride_ms:
            raise ConfigError(
                f"detector: inference_stride_ms is {wishes.inference_stride_ms}",
                hint=f"it must be a multiple of the front-end's stride of {stride_ms} ms",
            )
        for name in OF_RECOGNIZE_COMMANDS if wishes.kind != RECOGNIZE_COMMANDS else ():
            if name in wishes.given:
                raise ConfigError(
                    f"detector: {name} is given, and kind is {wishes.kind}",
                    hint=f"leave it out, or ask for kind: {RECOGNIZE_COMMANDS}",
                )
        fixed = wishes.fixed(self.words)
        at_least(where + "minimum_count", fixed.minimum_count, 1)
        at_least(where + "suppression_ms", fixed.suppression_ms, 0)
        if wishes.kind == RECOGNIZE_COMMANDS:
            in_range(where + "average_window_ms", fixed.average_window_ms, fixed.inference_stride_ms, 5000)

    def _check_augmentation(self) -> None:
        values, where = self.training.augmentation, "training: augmentation: "
        at_least(where + "clips_per_epoch", values.clips_per_epoch, 1)
        in_range(where + "shift_ms", values.shift_ms, 0, self.frontend.clip_ms)
        for name in PROBABILITIES:
            in_range(where + name, getattr(values, name), 0, 1)
        in_range(where + "recordings_share", values.recordings_share or 0, 0, 1)
        in_range(where + "speed_percent", values.speed_percent, 0, 30)
        in_range(where + "tempo_percent", values.tempo_percent or 0, 0, 100)
        in_range(where + "equalizer_db", values.equalizer_db, 0, 40)
        in_range(where + "noise_snr_db_max", values.noise_snr_db_max, -60, 120)
        in_range(where + "noise_snr_db_min", values.noise_snr_db_min, -60, values.noise_snr_db_max)
        in_range(where + "gain_db", values.gain_db, 0, 60)
        in_range(where + "overdrive_db", values.overdrive_db, 0, 60)
        at_least(where + "time_mask_frames", values.time_mask_frames, 0)
        at_least(where + "mel_mask_channels", values.mel_mask_channels, 0)
        in_range(where + "lead_in_ms", values.lead_in_ms, 0, 4000 - self.frontend.clip_ms)


def load_config(path: Path) -> Config:
    """Reads kws.yaml.

    Raises:
        ConfigError: no such file, no YAML, an unknown key, a value of the wrong type or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {path}",
            hint="make one with: tinykws init --words yes,no   (or name the folder: --project DIR)",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}", hint="it is a text file in UTF-8") from error
    return parse_config(text, source=str(path))


def parse_config(text: str, *, source: str = CONFIG_NAME) -> Config:
    """Reads the text of a kws.yaml; `source` names it in errors. Raises ConfigError."""
    values = load_yaml(text, source=source)
    try:
        return read_dataclass(Config, values)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error.message}", hint=error.hint) from error
