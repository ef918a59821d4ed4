# SPDX-License-Identifier: Apache-2.0
"""What this computer lacks for building, flashing and training, and how to fix it."""
