# SPDX-License-Identifier: Apache-2.0
"""Weights for kernels that make two products in one 32-bit multiplication (kws_nn_packed.h).

A packed word of values x0 + 65536 * x1, times w1 + 65536 * w0, adds x0 * w1 to the lower half of a sum and
x0 * w0 + x1 * w1 to its upper half. The weights are known here, so a run of pairs ends before either half could leave
its 16 bits, whatever the values are.
"""

from __future__ import annotations

import numpy as np

from tinykws.aot.lowering.call import IntArray

MORE_PAIRS = 7
"""KWS_NN_PACKED_PAIRS: most pairs of a run behind its first."""
STEP, ROW_STEP = 26, 28
"""KWS_NN_PACKED_STEP and KWS_NN_PACKED_ROW_STEP: what the word of a run counts in."""
LOWEST, HIGHEST = -128, 127
"""Values: int8, without a zero point."""
_HALF = 2**15


def runs_of(pairs: IntArray) -> list[range] | None:
    """Divides pairs of weights into runs.

    Args:
        pairs: [channels, pairs, 2]; runs end for all of these channels at once.

    Returns:
        Runs, in order; None if a pair by itself could overflow: two weights of -128.
    """
    wide = pairs.astype(np.int64)
    wanted, other = wide[..., None, :], wide[..., None, 1:]
    bounds = np.concatenate([_reach(wanted), _reach(other)], axis=2)
    runs: list[range] = []
    start, reach = 0, np.zeros_like(bounds[:, 0])
    for pair in range(pairs.shape[1]):
        longer = reach + bounds[:, pair]
        if not _fits(longer) or pair - start > MORE_PAIRS:
            runs.append(range(start, pair))
            start, longer = pair, bounds[:, pair]
            if not _fits(longer):
                return None
        reach = longer
    return [*runs, range(start, pairs.shape[1])]


def _reach(weights: IntArray) -> IntArray:
    """Returns the least and the largest sum over the last axis of weights times values: [..., 2]."""
    ends = np.stack([weights * LOWEST, weights * HIGHEST])
    reach: IntArray = np.concatenate([ends.min(axis=0).sum(axis=-1), ends.max(axis=0).sum(axis=-1)], axis=-1)
    return reach


def _fits(reach: IntArray) -> bool:
    """Whether all sums, [..., 4] least and largest of both halves, stay within int16."""
    return bool((reach[..., ::2] >= -_HALF).all() and (reach[..., 1::2] < _HALF).all())


def packed_stream(pairs: IntArray, step: int = STEP) -> IntArray | None:
    """Returns the words that a kernel reads for some channels: the runs of their pairs, each with its length.

    Args:
        pairs: int8 [channels, pairs, 2]: of one channel, or of four that are computed at once.
        step: what a run's length counts in.

    Returns:
        int32 [words]; None if there are no such runs.
    """
    runs = runs_of(pairs)
    if runs is None:
        return None
    wide = pairs.astype(np.int64)
    words = (wide[..., 1] + 65536 * wide[..., 0]).T
    parts: list[IntArray] = []
    for run in runs:
        skipped = np.array([(MORE_PAIRS + 1 - len(run)) * step])
        parts += [words[run.start], skipped, words[run.start + 1 : run.stop].ravel()]
    stream: IntArray = np.concatenate(parts).astype(np.int32)
    return stream


def packed_streams(pairs: IntArray, at_once: int, step: int = STEP) -> IntArray | None:
    """Returns the streams of all channels, `at_once` channels in each; missing channels have zeros.

    Args:
        pairs: int8 [channels, pairs, 2].
        at_once: channels of a stream.
        step: what a run's length counts in.
    """
    filled = np.concatenate([pairs, np.zeros((-len(pairs) % at_once, *pairs.shape[1:]), pairs.dtype)])
    streams = [packed_stream(filled[at : at + at_once], step) for at in range(0, len(filled), at_once)]
    known = [stream for stream in streams if stream is not None]
    return np.concatenate(known) if len(known) == len(streams) else None
