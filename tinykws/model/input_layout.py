# SPDX-License-Identifier: Apache-2.0
"""Whether a model reads the features in the order in which the front-end writes them: frame by frame.

The input's bytes are [n_frames, n_mels]. Dimensions of 1 do not matter, and an input may be flat; but an input of
[n_mels, n_frames] has the same number of values, and every one of them would be in the wrong place.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence

from tinykws.aot.reader.graph import Graph
from tinykws.project.frontend_settings import FrontendSettings
from tinykws.support.errors import ConfigError

_RESHAPES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_WINDOWS_MS, _STRIDES_MS, _CLIPS_MS = (30, 25, 20, 32, 40), (20, 10, 15, 16, 25, 30), (1000, 1500, 2000, 500)
"""Timings that people use, the commonest first."""


def check_layout(graph: Graph, frontend: FrontendSettings) -> None:
    """Raises ConfigError unless the input holds the features frame by frame."""
    shape = graph.input.shape
    n_frames, n_mels = frontend.features_shape
    if math.prod(shape) != n_frames * n_mels:
        raise ConfigError(
            f"the model's input is {list(shape)}, {math.prod(shape)} values; the features are {n_frames} frames x"
            f" {n_mels} channels = {n_frames * n_mels} values",
            hint=_other_timing(shape, frontend),
        )
    seen = shape_seen(graph)
    if not _is_by_frames(seen, n_frames):
        how = "" if seen == shape else f", which it reshapes to {list(seen)}"
        raise ConfigError(
            f"the model's input is {list(shape)}{how}: the front-end writes {n_frames} frames of {n_mels} channels, one"
            " frame after the other, so its values would be in the wrong places",
            hint=f"train on features of [{n_frames}, {n_mels}], with time first",
        )


def shape_seen(graph: Graph) -> tuple[int, ...]:
    """Returns the shape that tells frames from channels: the input's, or what the model reshapes a flat one to."""
    tensor = graph.input
    while _is_flat(tensor.shape):
        readers = [op for op in graph.ops if tensor.index in op.inputs[:1]]
        if len(readers) != 1 or readers[0].name not in _RESHAPES:
            break
        tensor = graph.result(readers[0])
    return graph.input.shape if _is_flat(tensor.shape) else tensor.shape


def _is_flat(shape: Sequence[int]) -> bool:
    return sum(size != 1 for size in shape) <= 1


def _is_by_frames(shape: Sequence[int], n_frames: int) -> bool:
    """Whether the first dimensions together count frames."""
    return _is_flat(shape) or n_frames in itertools.accumulate(shape, operator.mul)


def _other_timing(shape: Sequence[int], frontend: FrontendSettings) -> str:
    """Returns a hint: the timing with which the features would have this shape, if there is one."""
    n_frames = math.prod(shape) // frontend.n_mels
    if math.prod(shape) % frontend.n_mels == 0 and _is_by_frames(shape, n_frames):
        for clip_ms, window_ms, stride_ms in itertools.product(_CLIPS_MS, _WINDOWS_MS, _STRIDES_MS):
            if stride_ms <= window_ms and (clip_ms - window_ms) // stride_ms + 1 == n_frames:
                return (
                    f"if the model was trained on {n_frames} frames, set in kws.yaml, for example:"
                    f" features: {{window_ms: {window_ms}, stride_ms: {stride_ms}, clip_ms: {clip_ms}}}"
                )
    frames, mels = frontend.features_shape
    return f"train on front-end features: {frames} frames x {mels} channels = {frames * mels} values"
