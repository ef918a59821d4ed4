# SPDX-License-Identifier: Apache-2.0
"""Each op becomes the call of a kernel with constant parameters."""
