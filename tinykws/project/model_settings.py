# SPDX-License-Identifier: Apache-2.0
"""The sections `features` and `model` of kws.yaml: the front-end's timing, the architecture, and limits on its size."""

from __future__ import annotations

import dataclasses

from tinykws.support.dataclass_reader import require_at_least, require_one_of
from tinykws.support.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class FeatureSettings:
    """The settings of the front-end that a project may change; the others are fixed (frontend_settings.py)."""

    window_ms: int = 30
    """Length of the analysis window in milliseconds, 10 to 64."""
    stride_ms: int = 20
    """Time from one feature frame to the next in milliseconds, 5 to `window_ms`. A shorter stride gives more frames, so
    features and model take more instructions."""
    clip_ms: int = 1000
    """Length of a clip, and of the sound that the model sees at once, in milliseconds, `window_ms` to 4000. Raise it if
    your words take longer to say."""
    tables: str = "tensorflow"
    """Whose rounding the front-end's tables follow: `tensorflow`, or `c_library`, as on devices with ESPHome."""


STREAM_SMALL, STREAM_MEDIUM, STREAM_LARGE = STREAM_ARCHITECTURES = ("stream_small", "stream_medium", "stream_large")
"""The architectures that are trained on streams (tinykws/training/segments.py); all others are trained on clips."""
AUTO = "auto"
SIZES = (AUTO, *(name.removeprefix("stream_") for name in STREAM_ARCHITECTURES))
"""Values of `size`."""


@dataclasses.dataclass(frozen=True)
class ModelSettings:
    """The architecture, and limits on its cost: a network over a limit is refused before it is trained."""

    architecture: str = "ds_tcn"
    """Name of the network architecture; `tinykws architectures` lists them with their costs."""
    size: str | None = None
    """Instead of `architecture`, the size of a network for streams: `small`, `medium`, `large`, or `auto`: the largest
    that the board of `tinykws build` allows, `medium` as long as none was built for. null: `architecture` says it."""
    max_bytes: int | None = None
    """Largest size of the .tflite in bytes. null: no limit."""
    max_macs: int | None = None
    """Largest number of multiply-accumulates per inference. null: no limit."""
    max_arena: int | None = None
    """Largest tensor arena of TFLite Micro in bytes. null: no limit."""

    @property
    def hears_streams(self) -> bool:
        """Whether the network is trained on streams, and says a word when it has just ended."""
        return self.size is not None or self.architecture in STREAM_ARCHITECTURES

    def check(self) -> None:
        """Raises ConfigError if a limit is below 1, the size is unknown, or size and architecture are both given."""
        if self.size is not None:
            require_one_of("model: size", self.size, SIZES)
            if self.architecture != ModelSettings.architecture:
                raise ConfigError(
                    f"model: size is {self.size}, and architecture is {self.architecture}: they are two networks",
                    hint="remove one of them from kws.yaml; sizes are those of the networks for streams, stream_…",
                )
        for name in ("max_bytes", "max_macs", "max_arena"):
            limit = getattr(self, name)
            require_at_least(f"model: {name}", 1 if limit is None else limit, 1)
