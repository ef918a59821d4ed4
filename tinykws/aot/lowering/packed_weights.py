# SPDX-License-Identifier: Apache-2.0
"""Weights for kernels that make two products in one 32-bit multiplication (kws_nn_packed.h).

A packed word of values x0 + 65536 * x1, times w1 + 65536 * w0, adds x0 * w1 to the lower half of a sum and
x0 * w0 + x1 * w1 to its upper half. The weights are known here, so a run of pairs ends before either half could leave
its 16 bits, whatever the values are.
"""

from __future__ import annotations

import functools

import numpy as np

from tinykws.aot.lowering.call import IntArray

MORE_PAIRS = 7
"""KWS_NN_PACKED_PAIRS: most pairs of a run behind its first."""
STEP, ROW_STEP = 26, 28
"""KWS_NN_PACKED_STEP and KWS_NN_PACKED_ROW_STEP: what the word of a run counts in."""
LOWEST, HIGHEST = -128, 127
"""Values: int8, without a zero point."""
_HALF = 2**15


def runs_begin(pairs: IntArray) -> IntArray | None:
    """Divides pairs of weights into runs.

    Args:
        pairs: [groups, channels, pairs, 2]; runs end for all channels of a group at once.

    Returns:
        bool [groups, pairs], whether a run begins there; None if a pair by itself could overflow: two weights of -128.
    """
    wide = pairs.astype(np.int64)
    bounds = np.concatenate([_reach(wide), _reach(wide[..., 1:])], axis=-1)
    if not _fits(bounds).all():
        return None
    groups, _, count, _ = bounds.shape
    begins = np.zeros((groups, count), np.bool_)
    lengths, reach = np.full(groups, MORE_PAIRS + 1), np.zeros_like(bounds[:, :, 0])
    for pair in range(count):
        longer = reach + bounds[:, :, pair]
        begins[:, pair] = (lengths > MORE_PAIRS) | ~_fits(longer).all(axis=1)
        reach = np.where(begins[:, pair, None, None], bounds[:, :, pair], longer)
        lengths = np.where(begins[:, pair], 1, lengths + 1)
    return begins


def _reach(weights: IntArray) -> IntArray:
    """Returns the least and the largest sum over the last axis of weights times values: [..., 2]."""
    ends = np.stack([weights * LOWEST, weights * HIGHEST])
    reach: IntArray = np.stack([ends.min(axis=0).sum(axis=-1), ends.max(axis=0).sum(axis=-1)], axis=-1)
    return reach


def _fits(reach: IntArray) -> IntArray:
    """Returns whether sums, [..., 4] least and largest of both halves, stay within int16: [...]."""
    fits: IntArray = np.asarray((reach[..., ::2] >= -_HALF).all(axis=-1) & (reach[..., 1::2] < _HALF).all(axis=-1))
    return fits


def packed_streams(pairs: IntArray, at_once: int, step: int = STEP) -> IntArray | None:
    """Returns the words that a kernel reads: runs of all channels' pairs, each with its length behind its first pair.

    Args:
        pairs: int8 [channels, pairs, 2].
        at_once: channels of a run; missing channels have zeros.
        step: what a run's length counts in.

    Returns:
        int32 [words]; None if there are no such runs.
    """
    return _packed_streams(pairs.tobytes(), pairs.shape[1], at_once, step)


@functools.lru_cache(maxsize=256)
def _packed_streams(weights: bytes, count: int, at_once: int, step: int) -> IntArray | None:
    """The same; schedules that are compared have the same weights again and again."""
    pairs = np.frombuffer(weights, np.int8).reshape(-1, count, 2)
    filled = np.concatenate([pairs, np.zeros((-len(pairs) % at_once, count, 2), np.int8)])
    groups = filled.reshape(-1, at_once, count, 2).astype(np.int64)
    begins = runs_begin(groups)
    if begins is None:
        return None
    words = (groups[..., 1] + 65536 * groups[..., 0]).transpose(0, 2, 1)
    streams = [_stream(*group, at_once, step) for group in zip(words, begins, strict=True)]
    return np.concatenate(streams).astype(np.int32)


def _stream(words: IntArray, begins: IntArray, at_once: int, step: int) -> IntArray:
    """Returns the words of a group, [pairs, at_once], with the lengths of its runs."""
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(words)))
    stream: IntArray = np.insert(words.ravel(), (starts + 1) * at_once, (MORE_PAIRS + 1 - lengths) * step)
    return stream
