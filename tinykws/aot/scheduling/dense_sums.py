# SPDX-License-Identifier: Apache-2.0
"""A dense layer over the whole window in streaming mode: each new row is added to partial sums when it is computed."""

from __future__ import annotations

import dataclasses

from tinykws.aot.lowering.call import Call, Value
from tinykws.aot.lowering.dense import FOLDED, FOLDED_UNITS, FOLDED_VALUES
from tinykws.aot.scheduling.overlap import RowOverlap


@dataclasses.dataclass(frozen=True, eq=False)
class DenseSums:
    """The calls that replace one kws_nn_fully_connected_folded over the whole window.

    Additions of 32-bit integers are associative, so the sums, and with them the outputs, are the same.
    """

    call: Call
    overlap: RowOverlap
    """The overlap of its input."""

    @property
    def windows(self) -> int:
        """How many inferences, this one included, depend on a new row."""
        return -(-(self.overlap.last + 1 - self.overlap.first) // self.overlap.stride_rows)

    @property
    def kept_bytes(self) -> int:
        """Bytes of all partial sums: int32 [windows, units rounded up as in the weights]."""
        return 4 * self.windows * self._units

    @property
    def _units(self) -> int:
        units = self.call.parameters["units"]
        assert isinstance(units, int)
        return -(-units // FOLDED_UNITS) * FOLDED_UNITS

    def of_rows(self, rows: range) -> Call:
        """Returns the call that adds rows: new rows to the sums of every inference that depends on them, others to this
        inference's sums only."""
        is_new = rows == self.overlap.new
        parameters: dict[str, Value] = {
            "depth": self.call.parameters["depth"],
            "units": self._units,
            "row_values": self.overlap.row_bytes,
            "rows": len(rows),
            "first_row": rows.start,
            "windows": self.windows if is_new else 1,
            "stride_rows": self.overlap.stride_rows,
            "least_row": self.overlap.first if is_new else 0,
            "weights": self.call.parameters["weights"],
        }
        return Call("kws_nn_fully_connected_rows", parameters, self.call.inputs, self.call.output)

    def output(self) -> Call:
        """Returns the call that computes this inference's output from its sums, and moves the sums of later ones up."""
        names = ("units", "bias", "requantize")
        parameters: dict[str, Value] = {name: self.call.parameters[name] for name in names}
        parameters |= {"sums": self._units, "windows": self.windows}
        return Call("kws_nn_fully_connected_sums", parameters, self.call.inputs, self.call.output)


def dense_sums_of(call: Call, overlap: RowOverlap) -> DenseSums | None:
    """Returns the partial sums for a call, None if it cannot be split."""
    if call.kernel != FOLDED or call.parameters["rows"] != 1 or overlap.row_bytes % FOLDED_VALUES:
        return None
    return DenseSums(call, overlap)
