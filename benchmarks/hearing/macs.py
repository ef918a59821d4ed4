# SPDX-License-Identifier: Apache-2.0
"""Counts a network's multiply-accumulates."""

from __future__ import annotations

from tinykws.aot.reader.graph import Graph

MAC_OPS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def macs_of(graph: Graph) -> int:
    """Returns the multiply-accumulates of one inference over the whole model input.

    Each output of a convolution or dense layer is a sum over the weights of its channel.
    """
    total = 0
    for op in graph.ops:
        weights = graph.operand(op, 1) if op.name in MAC_OPS else None
        if weights is not None:
            output = graph.result(op)
            total += output.size * weights.size // output.shape[-1]
    return total
