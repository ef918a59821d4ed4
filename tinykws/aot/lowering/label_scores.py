# SPDX-License-Identifier: Apache-2.0
"""The scores of labels of a model that gives one probability, that of its wake word.

Everything after a model expects a score for silence, for unknown speech, and for each word. Two tables and a
concatenation, added at the end of the graph, make them: silence is never likely, unknown is what the word is not.
"""

from __future__ import annotations

import dataclasses

from tinykws.aot.reader.graph import Graph, Op, Tensor

SILENCE_SCORE, UNKNOWN_SCORE = "SILENCE_SCORE", "UNKNOWN_SCORE"
"""Names of ops that no .tflite has."""
N_LABELS = 3
"""Silence, unknown, the word."""


def gives_one_probability(graph: Graph) -> bool:
    """Whether a model keeps state and gives one probability: a streaming wake word model, such as microWakeWord's."""
    return bool(graph.variables) and graph.output.size == 1


def with_label_scores(graph: Graph) -> Graph:
    """Returns a streaming wake word model with scores of all labels as its output, int8 [1, 3]; others as they are."""
    if not gives_one_probability(graph):
        return graph
    word, first = graph.output, len(graph.tensors)
    silence, unknown = (_like(word, first + at, name) for at, name in enumerate(("silence", "unknown")))
    scores = dataclasses.replace(_like(word, first + 2, "scores of labels"), shape=(1, N_LABELS))
    flat = _like(word, first + 3, word.name)
    number = max(op.index for op in graph.ops) + 1
    ops = (
        Op(number, SILENCE_SCORE, 1, (word.index,), (silence.index,)),
        Op(number + 1, UNKNOWN_SCORE, 1, (word.index,), (unknown.index,)),
        Op(number + 2, "RESHAPE", 1, (word.index,), (flat.index,)),
        Op(
            number + 3,
            "CONCATENATION",
            1,
            (silence.index, unknown.index, flat.index),
            (scores.index,),
            {"axis": 1, "fused_activation_function": 0},
        ),
    )
    tensors = (*graph.tensors, silence, unknown, scores, flat)
    return dataclasses.replace(graph, tensors=tensors, ops=(*graph.ops, *ops), outputs=(scores.index,))


def _like(word: Tensor, index: int, name: str) -> Tensor:
    return dataclasses.replace(word, index=index, name=name, shape=(1, 1), data=None)
