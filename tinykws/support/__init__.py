# SPDX-License-Identifier: Apache-2.0
"""What every room needs and no subject owns: errors, files, processes, downloads, progress."""
