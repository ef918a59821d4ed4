# SPDX-License-Identifier: Apache-2.0
"""A model split in two: the first ops stream, the others compute the whole window.

Answers which tensors are kept whole in memory, which ops read a tensor, and which dense layer can keep partial sums.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinykws.aot.lowering.call import Alias, Call, Item
from tinykws.aot.reader.graph import Graph, Tensor
from tinykws.aot.scheduling.dense_sums import DenseSums, dense_sums_of
from tinykws.aot.scheduling.overlap import OverlapAnalysis

TOP, BOTTOM = "top", "bottom"
"""The two bands of rows that every inference computes."""


class Split:
    """A model of which the first `n_ops` ops stream."""

    def __init__(
        self,
        graph: Graph,
        program: Sequence[Item],
        analysis: OverlapAnalysis,
        n_ops: int,
        summed: tuple[int, DenseSums] | None,
    ) -> None:
        self.graph, self.program, self.n_ops = graph, program, n_ops
        self.overlap = analysis.of_tensor
        self.summed_op = summed[0] if summed else None
        self.sums = summed[1] if summed else None
        self._owners = owners_of(program)
        results = [item.output for item in program[:n_ops] if isinstance(item, Call)]
        self._made_by_rows = {graph.input.index, *(tensor.index for tensor in results)}
        self._kept = {tensor.index for tensor in results if self._needs_all(tensor)}

    def owner(self, tensor: Tensor) -> int:
        """Returns the index of the tensor whose bytes a tensor reinterprets (RESHAPE), or its own index."""
        return self._owners.get(tensor.index, tensor.index)

    def is_whole(self, tensor: Tensor) -> bool:
        """Whether all rows of a streamed tensor are kept in memory."""
        return self.owner(tensor) in self._kept | {self.owner(self.graph.input)}

    def is_streamed(self, tensor: Tensor) -> bool:
        """Whether a tensor is the input or the output of a streamed op."""
        return self.owner(tensor) in self._made_by_rows

    def is_last_reader(self, index: int, tensor: Tensor) -> bool:
        """Whether op `index` is the last to read a tensor that is neither constant nor the model's output."""
        owner = self.owner(tensor)
        is_free = tensor.data is None and owner != self.owner(self.graph.output)
        return is_free and max(readers_of(self.program, self._owners, owner)) == index

    def rows(self, tensor: Tensor, which: str) -> range:
        """Returns the rows of a band, TOP or BOTTOM."""
        overlap = self.overlap[tensor.index]
        return overlap.top if which == TOP else overlap.bottom

    def _needs_all(self, tensor: Tensor) -> bool:
        """Whether any reader needs rows of a streamed op's output beyond the two bands."""
        readers = readers_of(self.program, self._owners, tensor.index)
        return not readers or any(self._reads_more(reader, tensor) for reader in readers if reader != self.summed_op)

    def _reads_more(self, reader: int, tensor: Tensor) -> bool:
        call = self.program[reader]
        assert isinstance(call, Call)
        if reader >= self.n_ops or call.rows is None:
            return True
        for which in (TOP, BOTTOM):
            made, there = self.rows(call.output, which), self.rows(tensor, which)
            needed = call.rows.band(made).input_rows if made else range(0)
            if needed and not (there.start <= needed.start and needed.stop <= there.stop):
                return True
        return False


def summed_dense(program: Sequence[Item], analysis: OverlapAnalysis, n_ops: int) -> tuple[int, DenseSums] | None:
    """Returns the dense layer that can keep partial sums: the only reader of the last streamed op's output, if any."""
    owners, tensor = owners_of(program), program[n_ops - 1].output
    readers = readers_of(program, owners, tensor.index)
    call = program[readers[0]] if len(readers) == 1 else None
    if not isinstance(call, Call):
        return None
    sums = dense_sums_of(call, analysis.of_tensor[tensor.index])
    return None if sums is None else (readers[0], sums)


def readers_of(program: Sequence[Item], owners: dict[int, int], owner: int) -> list[int]:
    """Returns the indexes of the ops that read a tensor, reshaped or not."""
    return [
        at
        for at, item in enumerate(program)
        if isinstance(item, Call) and any(owners.get(other.index, other.index) == owner for other in item.inputs)
    ]


def owners_of(program: Sequence[Item]) -> dict[int, int]:
    """Returns, for the output of each RESHAPE, the index of the tensor whose bytes it reinterprets."""
    owners: dict[int, int] = {}
    for item in program:
        if isinstance(item, Alias):
            owners[item.output.index] = owners.get(item.source.index, item.source.index)
    return owners
