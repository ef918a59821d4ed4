# SPDX-License-Identifier: Apache-2.0
"""From generated files to firmware: PlatformIO, generated folders, sizes of programs."""
