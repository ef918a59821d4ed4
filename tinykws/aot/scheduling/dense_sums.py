# SPDX-License-Identifier: Apache-2.0
"""A dense layer over a window, from sums to which each row of the window gives its part as soon as it is there."""

from __future__ import annotations

import dataclasses

from tinykws.aot.lowering.call import Call, Value
from tinykws.aot.lowering.dense import FOLDED, FOLDED_UNITS, FOLDED_VALUES
from tinykws.aot.scheduling.sharing import Sharing


@dataclasses.dataclass(frozen=True, eq=False)
class DenseSums:
    """The calls that a kws_nn_fully_connected_folded over one whole window comes apart into.

    Additions of 32-bit numbers may be taken in any order: the sums, and so the outputs, are the same.
    """

    call: Call
    sharing: Sharing
    """Of its input."""

    @property
    def windows(self) -> int:
        """How many windows, this one and those to come, see a new row."""
        return -(-(self.sharing.last + 1 - self.sharing.first) // self.sharing.stride_rows)

    @property
    def kept_bytes(self) -> int:
        """Of all sums: int32 [windows][units, filled up as the weights are]."""
        return 4 * self.windows * self._units

    @property
    def _units(self) -> int:
        units = self.call.parameters["units"]
        assert isinstance(units, int)
        return -(-units // FOLDED_UNITS) * FOLDED_UNITS

    def of_rows(self, rows: range) -> Call:
        """Returns what adds the part of some rows: of new ones to all windows that will see them, else to this one."""
        is_new = rows == self.sharing.new
        parameters: dict[str, Value] = {
            "depth": self.call.parameters["depth"],
            "units": self._units,
            "row_values": self.sharing.row_bytes,
            "rows": len(rows),
            "first_row": rows.start,
            "windows": self.windows if is_new else 1,
            "stride_rows": self.sharing.stride_rows,
            "least_row": self.sharing.first if is_new else 0,
            "weights": self.call.parameters["weights"],
        }
        return Call("kws_nn_fully_connected_rows", parameters, self.call.inputs, self.call.output)

    def output(self) -> Call:
        """Returns what makes the window's output from its sums, and moves those of the windows to come up."""
        names = ("units", "bias", "requantize")
        parameters: dict[str, Value] = {name: self.call.parameters[name] for name in names}
        parameters |= {"sums": self._units, "windows": self.windows}
        return Call("kws_nn_fully_connected_sums", parameters, self.call.inputs, self.call.output)


def sums_of(call: Call, sharing: Sharing) -> DenseSums | None:
    """Returns how a call comes apart, None where it cannot."""
    if call.kernel != FOLDED or call.parameters["rows"] != 1 or sharing.row_bytes % FOLDED_VALUES:
        return None
    return DenseSums(call, sharing)
