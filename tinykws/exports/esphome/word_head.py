# SPDX-License-Identifier: Apache-2.0
"""The end of an exported network: from the logits of all labels to the probability of one word, without SOFTMAX.

ESPHome's device has no SOFTMAX, and a model there has one output. With w the word's logit and x the others', largest m,

    p = 1 / (1 + sum exp(x - w)) = sigmoid(w - logsumexp(x)),
    logsumexp(x) = m + log(1 + sum over all but the largest exp(x - m)).

For y <= 0, log(1 + exp(y)) is BUMP * sigmoid(y - SHIFT) within 0.005: both are equal at y = 0 and as y falls. It is
summed over the others, which is exact for two (silence and unknown, as of a single wake word); with more, p is a little
too low where three labels are about equally likely.

The logits are the bundle's, bit for bit. After them each op rounds to int8, in steps of Z_STEP in the log-odds: p is
within MOST_DIFFERENCE of the bundle's softmax (tests/exports/test_esphome_model.py measures it).
"""

from __future__ import annotations

import math

import numpy as np

from tinykws.aot.reader.graph import Graph, Op, Tensor
from tinykws.exports.esphome.graph_builder import GraphBuilder

SHIFT = 0.814
BUMP = math.exp(SHIFT)
"""So that BUMP * sigmoid(y - SHIFT) becomes exp(y) as y falls."""
Z_STEP = 6 / 128
"""Of the log-odds: 6 is a probability of 255/256, the largest."""
Y_STEP = 8 / 256
"""Of x - m - SHIFT, from -8 to 0."""
FINE_STEP = 1 / 64
"""Of a weight that is 1 or -1, where a bias needs smaller steps than the logits have."""
MOST_DIFFERENCE = 4
"""Of 256; what rounding adds to a probability near one half."""
PROBABILITY_STEP = 1 / 256


def append_head(builder: GraphBuilder, graph: Graph, dense: Op, values: Tensor, word: int) -> Tensor:
    """Adds the last layer and what gives a word's probability: int8 [1, 1] at 1/256 with zero point -128.

    Args:
        builder: of the exported graph.
        graph: the bundle's.
        dense: its last layer.
        values: what that layer reads, in the exported graph.
        word: the label's number.
    """
    logits = _logits(builder, graph, dense, values, word)
    n_others = logits.shape[1] - 1
    largest = _largest(builder, builder.from_index(logits, 1))
    together = builder.joined(logits, largest)  # word, others, largest
    margin = builder.dense(
        together, _row(1, n_others, -1), np.zeros(1), step=1.0, scale=max(Z_STEP, logits.scale), zero_point=0
    )
    below = np.concatenate([np.zeros((n_others, 1)), np.eye(n_others), -np.ones((n_others, 1))], axis=1)
    distances = builder.dense(together, below, np.full(n_others, -SHIFT), step=FINE_STEP, scale=Y_STEP, zero_point=127)
    shares = _logistic(builder, distances)
    correction = _correction(builder, shares)
    log_odds = builder.tensor((1, 1), scale=Z_STEP)
    builder.op("ADD", (margin, correction), log_odds)
    return _logistic(builder, log_odds)


def _logits(builder: GraphBuilder, graph: Graph, dense: Op, values: Tensor, word: int) -> Tensor:
    """Adds the bundle's last layer with its outputs in another order: the word first."""
    n_labels = graph.result(dense).shape[-1]
    order = [word, *(label for label in range(n_labels) if label != word)]
    weights, bias = (graph.operand(dense, position) for position in (1, 2))
    assert weights is not None
    assert weights.data is not None
    inputs = [values, builder.add(_rows(weights, order))]
    if bias is not None:
        inputs.append(builder.add(_rows(bias, order)))
    output = builder.like(graph.result(dense), (1, n_labels))
    builder.op("FULLY_CONNECTED", inputs, output, dense.options)
    return output


def _rows(tensor: Tensor, order: list[int]) -> Tensor:
    assert tensor.data is not None
    return Tensor(
        0,
        "",
        tensor.type,
        tensor.shape,
        tensor.scales,
        tensor.zero_points,
        data=np.ascontiguousarray(tensor.data[order]),
    )


def _largest(builder: GraphBuilder, others: Tensor) -> Tensor:
    n_others = others.shape[1]
    column = builder.reshaped(others, (1, n_others, 1, 1))
    pooled = builder.like(others, (1, 1, 1, 1))
    window = {"padding": 1, "stride_w": 1, "stride_h": 1, "filter_width": 1, "filter_height": n_others}
    builder.op("MAX_POOL_2D", (column,), pooled, window)
    return builder.reshaped(pooled, (1, 1))


def _row(word: float, n_others: int, largest: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([[word, *([0.0] * n_others), largest]])


def _correction(builder: GraphBuilder, shares: Tensor) -> Tensor:
    """Adds minus the logarithm's share of all others but the largest, whose sigmoid(-SHIFT) is taken off again."""
    n_others = shares.shape[1]
    of_largest = round(256 / (1 + BUMP)) / 256
    scale = BUMP * of_largest * (n_others - 1) / 255
    weights = np.full((1, n_others), -BUMP)
    return builder.dense(shares, weights, np.array([BUMP * of_largest]), step=BUMP / 127, scale=scale, zero_point=127)


def _logistic(builder: GraphBuilder, values: Tensor) -> Tensor:
    output = builder.tensor(values.shape, scale=PROBABILITY_STEP, zero_point=-128)
    builder.op("LOGISTIC", (values,), output)
    return output
