# SPDX-License-Identifier: Apache-2.0
"""The front-end's settings: the only place that defines its constants.

They are those of TensorFlow's microfrontend as micro_speech uses it (16 kHz, analysis window of 30 ms, stride of 20 ms,
40 channels). The chip's tables are computed from them (native/frontend_tables.py), features with them
(native/features.py), and they are stored in bundle.json.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tinykws.support.errors import ConfigError, did_you_mean

FEATURE_SCALE = 26.0 / 256.0
"""Real value of one step of an int8 feature: -128 means 0.0, 128 would mean 26.0 (TFLM's micro_speech)."""
FEATURE_ZERO_POINT = -128
"""The int8 feature that means 0.0."""

MAX_CLIP_MS = 4000
"""Greatest length of the model input."""


@dataclasses.dataclass(frozen=True)
class FrontendSettings:
    """Every constant of the front-end. Source: TFLM's micro_speech and TensorFlow's `audio_microfrontend` op.

    `tables` says whose floating-point rounding the tables reproduce: "tensorflow" (micro_speech was trained with it) or
    "c_library" (the C microfrontend as pymicro-features builds it). The arithmetic is the same.
    """

    sample_rate_hz: int = 16000
    """Samples per second."""
    window_ms: int = 30
    """Length of the analysis window."""
    stride_ms: int = 20
    """Time from one analysis window to the next."""
    clip_ms: int = 1000
    """Length of the model input."""
    n_mels: int = 40
    """Mel channels, which are features per frame."""
    lower_hz: float = 125.0
    """Lower edge of the filter bank."""
    upper_hz: float = 7500.0
    """Upper edge of the filter bank."""
    smoothing_bits: int = 10
    """Fractional bits of the noise estimate."""
    even_smoothing: float = 0.025
    """Noise estimate: weight of the newest frame in even channels."""
    odd_smoothing: float = 0.06
    """Noise estimate: weight of the newest frame in odd channels."""
    min_signal_remaining: float = 0.05
    """Share of a channel that noise reduction always keeps."""
    pcan_strength: float = 0.95
    """Exponent of the gain control (PCAN)."""
    pcan_offset: float = 80.0
    """Added to the noise estimate in the gain control."""
    pcan_gain_bits: int = 21
    """Fractional bits of the gain."""
    log_scale_shift: int = 6
    """The logarithm is multiplied by 2 to this power."""
    tables: str = "tensorflow"
    """Whose floating-point rounding the tables follow: tensorflow or c_library."""

    def __post_init__(self) -> None:
        if self.tables not in ("tensorflow", "c_library"):
            raise ConfigError(
                f"features: tables is {self.tables!r}", hint=did_you_mean(self.tables, ["tensorflow", "c_library"])
            )
        if not 10 <= self.window_ms <= 64 or not 5 <= self.stride_ms <= self.window_ms:
            raise ConfigError(
                f"features: window_ms is {self.window_ms}, with a stride of {self.stride_ms} ms",
                hint="choose window_ms from 10 to 64 and stride_ms from 5 to window_ms, such as 30 and 20",
            )
        if self.clip_ms < self.window_ms or self.clip_ms > MAX_CLIP_MS:
            raise ConfigError(
                f"features: clip_ms is {self.clip_ms}",
                hint=f"choose clip_ms from window_ms to {MAX_CLIP_MS}; 1000 is usual",
            )

    @property
    def window_samples(self) -> int:
        """Samples in one analysis window."""
        return self.window_ms * self.sample_rate_hz // 1000

    @property
    def stride_samples(self) -> int:
        """Samples from one analysis window to the next."""
        return self.stride_ms * self.sample_rate_hz // 1000

    @property
    def clip_samples(self) -> int:
        """Samples in the model's input."""
        return self.clip_ms * self.sample_rate_hz // 1000

    @property
    def fft_size(self) -> int:
        """The smallest power of two that holds an analysis window."""
        return 1 << (self.window_samples - 1).bit_length()

    @property
    def n_frames(self) -> int:
        """Feature frames in a clip; 49 for a second at 30/20 ms."""
        return (self.clip_ms - self.window_ms) // self.stride_ms + 1

    @property
    def features_shape(self) -> tuple[int, int]:
        """[n_frames, n_mels]."""
        return (self.n_frames, self.n_mels)

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings as JSON-ready values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FrontendSettings:
        """Reads what `to_dict` wrote. Raises ConfigError on an unknown key."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in known:
                raise ConfigError(f"front-end settings: unknown key {key!r}", hint=did_you_mean(key, known))
        return cls(**values)
