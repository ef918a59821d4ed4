# SPDX-License-Identifier: Apache-2.0
"""How long a model takes to catch up when a gate wakes it, and whether the ring buffer holds the sound meanwhile.

In whole-window mode the first inference after sleep is like any other. In streaming mode the frames of the model input
are computed once more, one inference stride after the other:

    catching up = ceil(frames of the model input / frames per inference stride) x time of an inference

An upper bound: the first of these inferences have fewer rows to compute.
"""

from __future__ import annotations

import dataclasses
import math

from tinykws.boards.rows import Board
from tinykws.model.bundle import Bundle


@dataclasses.dataclass(frozen=True)
class Waking:
    """From the first loud frame until the model has caught up, beside the sound that can wait for that long."""

    ms: float
    """Most milliseconds of computing before the next sound is taken."""
    ring_ms: float
    """Milliseconds of sound that the microphone's ring buffer holds."""

    @property
    def may_lose_sound(self) -> bool:
        """Whether more sound arrives meanwhile than the ring buffer holds."""
        return self.ms > self.ring_ms

    def in_words(self) -> str:
        """Returns the warning and what to do."""
        return (
            f"when the gate wakes the model, catching up takes up to {self.ms:,.0f} ms, but the microphone's ring"
            f" buffer holds {self.ring_ms:,.0f} ms: sound may be lost (the device reports overruns=). Set a longer"
            " inference_stride_ms or no gate_db under `detector:` in kws.yaml, or more ring_samples in the board's row"
        )


def estimate_waking(bundle: Bundle, board: Board, ms_per_inference: float, *, keeps_rows: bool) -> Waking | None:
    """Returns how long catching up takes, None without a gate or without a microphone.

    Args:
        bundle: the model and its detector.
        board: the board, whose microphone has a ring buffer.
        ms_per_inference: estimated time of an inference.
        keeps_rows: whether the engine runs in streaming mode.
    """
    if not bundle.detector.gate_db or board.microphone.kind == "none":
        return None
    window_ms = bundle.frontend.n_frames * bundle.frontend.stride_ms
    inferences = math.ceil(window_ms / bundle.detector.inference_stride_ms) if keeps_rows else 1
    return Waking(inferences * ms_per_inference, 1000 * board.microphone.ring_samples / bundle.frontend.sample_rate_hz)
