# SPDX-License-Identifier: Apache-2.0
"""boards.yaml: one row a board, and the processor cores that the rows name."""
