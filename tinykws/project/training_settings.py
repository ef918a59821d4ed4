# SPDX-License-Identifier: Apache-2.0
"""The section `training` of kws.yaml: epochs, learning rate, loss weights, and augmentation of the training clips."""

from __future__ import annotations

import dataclasses

from tinykws.project.synth_settings import AUTO, LARGEST_SEED
from tinykws.support.dataclass_reader import renamed, require_at_least, require_in_range

MAX_CLIP_WITH_LEAD_IN_MS = 4000


@dataclasses.dataclass(frozen=True)
class AugmentationSettings:
    """How training clips are chosen for an epoch and altered; 0 switches a kind of alteration off.

    Probabilities are per clip, from 0 to 1. Validation and test clips are not altered.
    """

    clips_per_epoch: int = 6000
    """Largest number of clips in an epoch. If there are more clips, they take turns over the epochs, and training takes
    no longer."""
    recordings_share: float | None = renamed(None, former_key="recordings_part")
    """For labels that have both recorded and synthetic clips: the smallest share of recorded clips in an epoch, 0 to 1.
    null: 0.5 if every label has ten recordings, otherwise 0.3. For networks for streams: the share of the recordings
    among the clips of a word in fine-tuning; null: 0.5."""
    shift_ms: int = 100
    """Largest shift in time, in milliseconds, at most the clip's length."""
    place_probability: float = 0.5
    """Probability that the word is moved, uncut, to a random place in the clip instead of being shifted."""
    cut_probability: float = 0.05
    """Probability that the edge of the clip cuts off most of the word; such clips are labelled unknown, so that half a
    word is not accepted."""
    speed_percent: float = 10.0
    """Largest change of speed, pitch and tempo together, in percent, 0 to 30: speakers sound larger or smaller."""
    tempo_percent: float | None = None
    """Largest change of tempo at the same pitch, in percent, 0 to 100. null: 20 if `epochs` defaults to 8, otherwise
    0."""
    room_probability: float = 0.5
    """Probability that the clip gets the reverberation of a simulated room."""
    microphone_probability: float = 0.6
    """Probability that the clip is filtered by the frequency response of a simulated microphone."""
    equalizer_db: float = 6.0
    """Largest gain or loss of that microphone in any frequency band, in dB, 0 to 40."""
    noise_probability: float = 0.7
    """Probability that background noise is added."""
    babble_probability: float = 0.1
    """Probability that other people's voices are added; such a clip gets no noise."""
    noise_snr_db_min: float = 0.0
    """Lowest signal-to-noise ratio of added noise and voices, in dB, -60 to `noise_snr_db_max`."""
    noise_snr_db_max: float = 30.0
    """Highest signal-to-noise ratio of added noise and voices, in dB, -60 to 120."""
    gain_db: float = 10.0
    """Largest change of loudness, in dB, 0 to 60."""
    overdrive_probability: float = 0.1
    """Probability that the clip is amplified until it clips, as by an amplifier that is turned up too far."""
    overdrive_db: float = 10.0
    """Largest such amplification, in dB, 0 to 60."""
    time_mask_frames: int = 5
    """Longest run of feature frames that is blanked, once per clip (SpecAugment)."""
    mel_mask_channels: int = 4
    """Widest band of feature channels that is blanked, once per clip (SpecAugment)."""
    lead_in_probability: float = 0.5
    """Probability that the front-end hears noise before the clip, as on a device; otherwise it starts with the clip."""
    lead_in_ms: int = 1000
    """Length of that noise, in milliseconds; at most 4000 together with the clip."""

    def check(self, clip_ms: int) -> None:
        """Raises ConfigError if a value is out of range; `clip_ms` is the length of the clips."""
        where = "training: augmentation: "
        for name in PROBABILITIES:
            require_in_range(where + name, getattr(self, name), 0, 1)
        for name, (low, high) in _RANGES.items():
            require_in_range(where + name, getattr(self, name) or 0, low, high)
        for name, low in {"clips_per_epoch": 1, "time_mask_frames": 0, "mel_mask_channels": 0}.items():
            require_at_least(where + name, getattr(self, name), low)
        require_in_range(where + "shift_ms", self.shift_ms, 0, clip_ms)
        require_in_range(where + "noise_snr_db_min", self.noise_snr_db_min, -60, self.noise_snr_db_max)
        require_in_range(where + "lead_in_ms", self.lead_in_ms, 0, MAX_CLIP_WITH_LEAD_IN_MS - clip_ms)


PROBABILITIES = tuple(field.name for field in dataclasses.fields(AugmentationSettings) if "_probability" in field.name)
_RANGES = {
    "recordings_share": (0, 1),
    "speed_percent": (0, 30),
    "tempo_percent": (0, 100),
    "equalizer_db": (0, 40),
    "noise_snr_db_max": (-60, 120),
    "gain_db": (0, 60),
    "overdrive_db": (0, 60),
}


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained."""

    epochs: int | None = None
    """Number of epochs. null: 150 if at least half of the words' clips are recordings; otherwise 40 if every label has
    ten recordings, and 8 if not: with more epochs a network learns the synthesizer's voice instead of the words."""
    batch_size: int = 64
    """Clips per training step."""
    learning_rate: float = 0.005
    """Highest learning rate, 0.000001 to 1; it rises over the first steps and falls to zero at the end."""
    dropout: float = 0.1
    """Share of the values that dropout sets to zero in training, 0 to 0.9. Raise it if validation accuracy falls behind
    training accuracy."""
    class_balance: float | None = None
    """How far labels with few clips are weighted up, 0 to 1. 0: every clip counts the same; 1: every label counts the
    same; values between interpolate. null: 0.5, or 1 if most clips of the words are synthetic."""
    word_loss: float = 1.0
    """Weight of the auxiliary loss that classifies individual words, unknown ones too, 0 to 100; 0: none."""
    distill: float = 0.0
    """Share of the loss that comes from the outputs of a large network trained alongside (distillation), 0 to 1; 0:
    no distillation."""
    teacher: str | None = AUTO
    """A speech network that others trained, from which a network for streams, such as `stream_medium`, also learns:
    `openwakeword` (pip install 'tinykws[teacher]'), the name of one that another package offers, or a folder with
    teacher.yaml. `auto`: openwakeword, if it is installed. null: none."""
    seed: int = 1
    """Seed of all random choices, 0 to 4294967295."""
    augmentation: AugmentationSettings = AugmentationSettings()

    def check(self, clip_ms: int) -> None:
        """Raises ConfigError if a value is out of range; `clip_ms` is the length of the clips."""
        require_at_least("training: epochs", 1 if self.epochs is None else self.epochs, 1)
        require_at_least("training: batch_size", self.batch_size, 1)
        require_in_range("training: dropout", self.dropout, 0, 0.9)
        require_in_range("training: learning_rate", self.learning_rate, 1e-6, 1)
        require_in_range("training: class_balance", self.class_balance or 0, 0, 1)
        require_in_range("training: word_loss", self.word_loss, 0, 100)
        require_in_range("training: distill", self.distill, 0, 1)
        require_in_range("training: seed", self.seed, 0, LARGEST_SEED)
        self.augmentation.check(clip_ms)
