# SPDX-License-Identifier: Apache-2.0
"""What a model costs on a board: instructions, time, flash and RAM."""
