# SPDX-License-Identifier: Apache-2.0
"""tinykws: say which words, get firmware that hears them, with proof that the chip does what the laptop measured."""

__version__ = "0.1.0"
